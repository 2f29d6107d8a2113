// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch/probes"
)

// This file is where traps and informs come in. What is sent is read in trap_message.go,
// SNMPv3 in trap_v3.go.

// Bounds of what is heard.
const (
	maxTrap       = 8 << 10 // bytes of a datagram; what is longer is malformed
	maxTrapValues = 256     // variable bindings of one
	maxSenders    = 8192    // that something is remembered of
	trapRate      = 10      // a second and sender
	trapBurst     = 60      // at once, as when a switch with 48 ports loses its power
)

// TrapListener hears traps and informs of SNMPv1, v2c and v3. It is not a trap receiver
// in the usual sense: of a datagram it keeps who sent it and which trap it is.
type TrapListener struct {
	conns []*net.UDPConn

	mu      sync.Mutex // guards all below
	keys    keyring
	senders map[netip.Addr]*sender
	own     engine // ours, to which informs are sent
	stats   [2]uint32
}

// sender is what is remembered of an address at which a device is measured.
type sender struct {
	tokens  float64
	at      time.Time // when tokens were counted
	engines map[string]*engine
}

// ListenTraps opens a UDP socket for each address, HOST:PORT where HOST may be empty.
// Answers to informs leave from the address that is given, or from the one that the host
// chooses.
func ListenTraps(addrs ...string) (*TrapListener, error) {
	l := &TrapListener{senders: map[netip.Addr]*sender{}}
	for _, addr := range addrs {
		at, err := net.ResolveUDPAddr("udp", addr)
		var conn *net.UDPConn
		if err == nil {
			conn, err = net.ListenUDP("udp", at)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for traps on %s: %w%s", addr, err, listenCure(err)), l.Close())
		}
		l.conns = append(l.conns, conn)
	}
	return l, nil
}

func listenCure(err error) string {
	switch {
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return " (ports below 1024 need CAP_NET_BIND_SERVICE: see \"Traps\" in the handbook, or listen on a port such as 1162 and send traps there)"
	case errors.Is(err, syscall.EADDRINUSE):
		return " (another program, as snmptrapd, has the port: stop it, or choose another)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (the address is not one of this host)"
	}
	return ""
}

// Addrs returns the addresses that are listened on.
func (l *TrapListener) Addrs() []netip.AddrPort {
	list := make([]netip.AddrPort, len(l.conns))
	for i, c := range l.conns {
		list[i] = c.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return list
}

// Close closes the sockets.
func (l *TrapListener) Close() error {
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Run hears until ctx ends, with one goroutine for each socket, and returns nil. The
// sockets stay open: it may be called again, not twice at once.
func (l *TrapListener) Run(ctx context.Context, h probes.TrapHost) error {
	l.mu.Lock()
	l.own = engine{id: h.EngineID}
	l.mu.Unlock()
	var sockets sync.WaitGroup
	for _, c := range l.conns {
		_ = c.SetReadDeadline(time.Time{})
		stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) })
		sockets.Go(func() {
			defer stop()
			l.hear(ctx, c, &h)
		})
	}
	sockets.Wait()
	return nil
}

// hear reads one socket until ctx ends.
func (l *TrapListener) hear(ctx context.Context, c *net.UDPConn, h *probes.TrapHost) {
	buf := make([]byte, maxTrap+1)
	for ctx.Err() == nil {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // ctx ended
		case err != nil: // none is known that stays; without a pause it would be a tight circle
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		addr := from.Addr().Unmap()
		reply, trap, outcome := l.handle(buf[:n], addr, h, time.Now())
		h.Count(outcome, addr)
		if outcome == probes.TrapAccepted {
			h.Accept(trap)
		}
		if reply != nil {
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = c.WriteToUDPAddrPort(reply, from) // lost like any datagram: who wants it asks again
		}
	}
}

// handle says what becomes of a datagram, and what is sent back; nil for nothing. A
// panic costs the datagram.
func (l *TrapListener) handle(datagram []byte, from netip.Addr, h *probes.TrapHost, now time.Time) (reply []byte, trap probes.Trap, outcome probes.TrapOutcome) {
	defer func() {
		if recover() != nil {
			reply, trap, outcome = nil, probes.Trap{}, probes.TrapMalformed
		}
	}()
	return l.read(datagram, from, h, now)
}

func (l *TrapListener) read(datagram []byte, from netip.Addr, h *probes.TrapHost, now time.Time) (reply []byte, trap probes.Trap, outcome probes.TrapOutcome) {
	if !h.Known(from) {
		return nil, trap, probes.TrapUnknownSender
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sender(from, now)
	if !s.take(now) {
		return nil, trap, probes.TrapRateLimited
	}
	if len(datagram) > maxTrap {
		return nil, trap, probes.TrapMalformed
	}
	version, body, ok := messageVersion(datagram)
	if !ok {
		return nil, trap, probes.TrapMalformed
	}
	var users []probes.Credential
	for _, c := range h.Credentials() {
		if name := versionName(version); name != "" && c.Validate(name) == nil {
			users = append(users, c)
		}
	}
	if len(users) == 0 {
		return nil, trap, probes.TrapBadVersion
	}
	var name oid
	if version == wireV3 {
		reply, name, outcome = l.userBased(datagram, body, s, users, h, now)
	} else {
		reply, name, outcome = communityBased(datagram, body, version, users)
	}
	if outcome == probes.TrapAccepted {
		trap = probes.Trap{From: from, OID: name.String(), Inform: reply != nil}
	}
	return reply, trap, outcome
}

// sender returns what is remembered of an address. The caller holds mu.
func (l *TrapListener) sender(from netip.Addr, now time.Time) *sender {
	s := l.senders[from]
	if s != nil {
		return s
	}
	for a := range l.senders { // any one
		if len(l.senders) < maxSenders {
			break
		}
		delete(l.senders, a)
	}
	s = &sender{tokens: trapBurst, at: now}
	l.senders[from] = s
	return s
}

// take takes one datagram of what a sender may send.
func (s *sender) take(now time.Time) bool {
	s.tokens = min(trapBurst, s.tokens+trapRate*max(0, now.Sub(s.at).Seconds()))
	s.at = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}
