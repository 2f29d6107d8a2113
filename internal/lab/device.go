// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a device is like for good; see [Behaviour] for what may change.
type Options struct {
	Community string // empty means "public"
	Still     bool   // counters and uptime stand still, for tests that compare values
	MaxSize   int    // largest answer in bytes; 0 means 1,400
}

// maxPending bounds the delayed answers of a device; more are dropped.
const maxPending = 1024

// Device is one simulated device on a UDP socket of its own.
type Device struct {
	conn    *net.UDPConn
	agent   agent
	asked   atomic.Int64
	answers atomic.Int64
	reboot  atomic.Bool // taken up by Run, which owns the agent

	mu        sync.Mutex
	behaviour Behaviour
	requests  int // since the behaviour was set
	pending   map[*time.Timer]struct{}
	delayed   sync.WaitGroup
}

// Listen opens the socket of a device at addr (port 0 takes a free one) that answers
// from walk. The walk is not changed and may be shared. Nothing is answered before
// [Device.Run]; requests that come earlier wait in the socket.
func Listen(addr netip.AddrPort, walk Walk, opts Options) (*Device, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("open simulated device: %w", err)
	}
	if opts.Community == "" {
		opts.Community = "public"
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = 1400
	}
	d := &Device{conn: conn, pending: make(map[*time.Timer]struct{})}
	d.agent = newAgent(walk, opts, time.Now())
	return d, nil
}

// Addr returns the address that the device answers at.
func (d *Device) Addr() netip.AddrPort {
	a := d.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Set replaces the behaviour, from the next request on.
func (d *Device) Set(b Behaviour) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behaviour, d.requests = b, 0
}

// Reboot sets uptime and counters back to zero and raises snmpEngineBoots.
func (d *Device) Reboot() { d.reboot.Store(true) }

// Asked returns how many requests came, answered or not.
func (d *Device) Asked() int { return int(d.asked.Load()) }

// Answered returns how many answers were sent.
func (d *Device) Answered() int { return int(d.answers.Load()) }

// Run answers requests until ctx is cancelled, then closes the socket, drops delayed
// answers and returns nil. It is called once.
func (d *Device) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = d.conn.Close() })
	defer d.stopPending()
	defer d.conn.Close()
	defer stop()
	in := make([]byte, 8<<10)
	for {
		n, from, err := d.conn.ReadFromUDPAddrPort(in)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("simulated device %s: %w", d.Addr(), err)
		case err != nil:
			continue // an ICMP error of an earlier answer: nobody waits for it any more
		}
		d.asked.Add(1)
		d.handle(in[:n], from)
	}
}

// Close closes the socket of a device that is not run.
func (d *Device) Close() error { return d.conn.Close() }

func (d *Device) handle(request []byte, from netip.AddrPort) {
	b, drop := d.next(from.Addr().Unmap())
	if drop {
		return
	}
	if d.reboot.Swap(false) {
		d.agent.reboot(time.Now())
	}
	answer := d.agent.answer(request, &b, time.Now())
	if answer == nil {
		return
	}
	if delay := b.delay(from.Addr().Unmap()); delay > 0 {
		d.later(delay, append([]byte(nil), answer...), from)
		return
	}
	d.send(answer, from)
}

// next returns the behaviour for a request and whether it is to be left unanswered.
func (d *Device) next(from netip.Addr) (Behaviour, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.behaviour
	if b.ignores(from) {
		return b, true
	}
	d.requests++
	lost := d.requests <= b.LoseFirst ||
		b.LoseEvery > 0 && d.requests%b.LoseEvery == 0 ||
		b.MuteAfter > 0 && d.requests > b.MuteAfter
	return b, lost
}

func (d *Device) send(answer []byte, to netip.AddrPort) {
	// An answer that cannot be sent is an answer that is lost.
	if _, err := d.conn.WriteToUDPAddrPort(answer, to); err == nil {
		d.answers.Add(1)
	}
}

func (d *Device) later(delay time.Duration, answer []byte, to netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) >= maxPending {
		return
	}
	d.delayed.Add(1)
	var t *time.Timer
	t = time.AfterFunc(delay, func() {
		defer d.delayed.Done()
		d.mu.Lock()
		delete(d.pending, t)
		d.mu.Unlock()
		d.send(answer, to)
	})
	d.pending[t] = struct{}{}
}

func (d *Device) stopPending() {
	d.mu.Lock()
	for t := range d.pending {
		if t.Stop() {
			d.delayed.Done()
			delete(d.pending, t)
		}
	}
	d.mu.Unlock()
	d.delayed.Wait()
}
