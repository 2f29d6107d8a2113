// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxPending bounds what a lab does later, as delayed answers; more is dropped.
const maxPending = 16384

// maxDevices bounds a lab: 255 networks of 250 addresses each.
const maxDevices = 255 * perNetwork

// perNetwork is how many devices have their address in one /24: no address ends in 0,
// nor in more than 250.
const perNetwork = 250

// Lab is a set of simulated devices behind one UDP socket. They are told apart by the
// address that was asked, or by the community.
type Lab struct {
	conn        *net.UDPConn
	ranged      bool // the socket says which address was asked
	devices     []*Device
	byAddr      map[netip.Addr]*Device
	byCommunity map[string]*Device
	traps       netip.AddrPort // where notifications go; not valid for nowhere
	user        *usm           // of SNMPv3; nil for none

	mu      sync.Mutex // guards all below
	closed  bool
	pending map[*time.Timer]struct{}
	delayed sync.WaitGroup
}

// Config says what a lab serves.
type Config struct {
	// Listen is the address of the socket; of many devices, that of the first.
	Listen netip.AddrPort
	// Devices is how many devices there are, each with an address of its own: Listen
	// and those that follow, 250 to a /24, IPv4. The recordings take turns. With 0
	// there is one device for each recording, all at Listen, and the community tells
	// them apart: it is the recording's name, as snmpsim has it.
	Devices int
	// Options hold for every device; the community only where Devices is not 0.
	Options Options
	// User is the SNMPv3 user whom devices answer that have an address of their own;
	// nil for none.
	User *User
	// Traps is where coldStart, linkDown and linkUp are sent, as SNMPv2 notifications.
	// Not valid: nowhere.
	Traps netip.AddrPort
}

// Open opens the socket of a lab and its devices. Nothing is answered before
// [Lab.Run]. A loopback address is only ever asked from this machine, and no other
// address is listened to unless Listen names it.
func Open(c Config, recordings []*Recording) (*Lab, error) {
	if err := c.check(len(recordings)); err != nil {
		return nil, err
	}
	var user *usm
	if c.User != nil {
		var err error
		if user, err = newUSM(*c.User); err != nil {
			return nil, err
		}
	}
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	l.traps = c.Traps
	if c.Devices == 0 { // without SNMPv3: one engine cannot be many devices
		for _, r := range recordings {
			opts := c.Options
			opts.Community = r.Name
			l.byCommunity[r.Name] = l.add(r.Name, l.Addr(), r, opts, 0)
		}
		return l, nil
	}
	l.user = user
	for i := range c.Devices {
		r, box := recordings[i%len(recordings)], uint64(i/len(recordings))
		name := r.Name
		if box > 0 {
			name = fmt.Sprintf("%s-%d", r.Name, box+1)
		}
		if c.Options.Still {
			box = 0 // exactly what stands in the file
		}
		addr := netip.AddrPortFrom(nth(c.Listen.Addr(), i), l.Addr().Port())
		l.byAddr[addr.Addr()] = l.add(name, addr, r, c.Options, box)
	}
	return l, nil
}

func (c Config) check(recordings int) error {
	switch {
	case recordings == 0:
		return errors.New("open lab: there are no recordings")
	case c.Devices < 0 || c.Devices > maxDevices:
		return fmt.Errorf("open lab: %d devices: 0 to %d are possible", c.Devices, maxDevices)
	case c.Devices == 0:
		return nil
	case !c.Listen.Addr().Is4() || c.Listen.Addr().IsUnspecified():
		return fmt.Errorf("open lab: %s cannot be the first of %d addresses: it must be an IPv4 address, as 127.1.0.1", c.Listen.Addr(), c.Devices)
	}
	if first, last := c.Listen.Addr(), nth(c.Listen.Addr(), c.Devices-1); !last.IsValid() || first.IsLoopback() != last.IsLoopback() {
		return fmt.Errorf("open lab: there are no %d addresses from %s on", c.Devices, first)
	}
	return nil
}

// nth returns the address of the i-th device.
func nth(first netip.Addr, i int) netip.Addr {
	b := first.As4()
	at := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
	at += uint64(i)/perNetwork<<8 + uint64(i)%perNetwork
	if at > 1<<32-1 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})
}

func (c Config) open() (*Lab, error) {
	if c.Devices == 0 {
		return open(c.Listen)
	}
	conn, err := listenRange(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("open simulated devices at %s and what follows: %w", c.Listen, err)
	}
	l := newLab(conn)
	l.ranged = true
	return l, nil
}

// open opens the socket of a lab at one address.
func open(addr netip.AddrPort) (*Lab, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("open simulated device: %w", err)
	}
	return newLab(conn), nil
}

func newLab(conn *net.UDPConn) *Lab {
	// Every poller of a large installation may ask within the same second. What the
	// system grants is enough where it grants less.
	_ = conn.SetReadBuffer(8 << 20)
	_ = conn.SetWriteBuffer(4 << 20)
	return &Lab{conn: conn, byAddr: map[netip.Addr]*Device{}, byCommunity: map[string]*Device{}, pending: map[*time.Timer]struct{}{}}
}

func (l *Lab) add(name string, addr netip.AddrPort, r *Recording, opts Options, box uint64) *Device {
	if opts.Community == "" {
		opts.Community = "public"
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = 1400
	}
	d := &Device{lab: l, name: name, addr: addr, rec: r, opts: opts, user: l.user, box: box, clock: clock{start: time.Now()}}
	d.dice.Seed(uint64(len(l.devices)), 1)
	l.devices = append(l.devices, d)
	return d
}

// Addr returns the address of the socket.
func (l *Lab) Addr() netip.AddrPort {
	a := l.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Devices returns every device, in the order of the addresses. It must not be changed.
func (l *Lab) Devices() []*Device { return l.devices }

// Close closes the socket of a lab that is not run.
func (l *Lab) Close() error { return l.conn.Close() }

// Run answers requests until ctx is cancelled, then closes the socket, drops delayed
// answers and returns nil. It is called once.
func (l *Lab) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer l.stopPending()
	defer l.conn.Close()
	defer stop()
	readers := 1
	if len(l.devices) > 1 {
		readers = runtime.GOMAXPROCS(0)
	}
	var g errgroup.Group
	for range readers {
		g.Go(func() error { return l.serve(ctx) })
	}
	return g.Wait()
}

// serve answers one request after the other.
func (l *Lab) serve(ctx context.Context) error {
	in, oob := make([]byte, 8<<10), make([]byte, 64)
	a := &agent{value: make([]byte, 0, 64)}
	for {
		n, nOOB, _, from, err := l.conn.ReadMsgUDPAddrPort(in, oob)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("simulated device %s: %w", l.Addr(), err)
		case err != nil:
			continue // an ICMP error of an earlier answer: nobody waits for it any more
		}
		if d := l.pick(in[:n], oob[:nOOB]); d != nil {
			l.handle(a, d, in[:n], from)
		}
	}
}

// pick returns the device that a datagram is for, nil for none.
func (l *Lab) pick(datagram, oob []byte) *Device {
	switch {
	case l.ranged:
		return l.byAddr[asked(oob)]
	case len(l.byCommunity) == 0:
		return l.devices[0]
	}
	_, msg, ok := readVersion(datagram)
	if !ok {
		return nil
	}
	community, _, err := expect(tagOctetString, msg)
	if err != nil {
		return nil
	}
	return l.byCommunity[string(community)]
}

func (l *Lab) handle(a *agent, d *Device, request []byte, from netip.AddrPort) {
	now := time.Now()
	d.asked.Add(1)
	d.mu.Lock()
	b, drop, delay := d.next(from.Addr().Unmap(), now)
	var answer []byte
	if !drop {
		answer = a.answer(request, d, &b, now)
	}
	d.mu.Unlock()
	if answer == nil {
		return
	}
	var oob []byte
	if l.ranged || b.OtherSource {
		oob = from4(d.addr.Addr(), b.OtherSource)
	}
	if delay > 0 {
		answer = append([]byte(nil), answer...)
		l.after(delay, func() { l.send(d, answer, oob, from) })
		return
	}
	l.send(d, answer, oob, from)
}

func (l *Lab) send(d *Device, answer, oob []byte, to netip.AddrPort) {
	// An answer that cannot be sent is an answer that is lost.
	if _, _, err := l.conn.WriteMsgUDPAddrPort(answer, oob, to); err == nil {
		d.answers.Add(1)
	}
}

// after calls f after a while, unless the lab ends before or has too much to do by
// then.
func (l *Lab) after(delay time.Duration, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.pending) >= maxPending {
		return
	}
	l.delayed.Add(1)
	var t *time.Timer
	t = time.AfterFunc(delay, func() {
		defer l.delayed.Done()
		l.mu.Lock()
		delete(l.pending, t)
		l.mu.Unlock()
		f()
	})
	l.pending[t] = struct{}{}
}

func (l *Lab) stopPending() {
	l.mu.Lock()
	l.closed = true
	for t := range l.pending {
		if t.Stop() {
			l.delayed.Done()
			delete(l.pending, t)
		}
	}
	l.mu.Unlock()
	l.delayed.Wait()
}
