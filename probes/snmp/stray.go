// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// stray takes what comes to the port of a session from any other address than the
// device's. A device with several addresses may answer from the wrong one: that is no
// answer, because anybody can send it, but who set the device up must be told.
//
// It is a second socket at the same port, opened once a device has been silent; the
// kernel gives a datagram to the connected socket where that one matches its sender.
type stray struct{ conn *net.UDPConn }

// maxStrays is how many datagrams of others are looked at.
const maxStrays = 8

// listenStray returns nil where no such socket can be had: then a silence stays one.
func listenStray(session net.Conn) *stray {
	s, ok := session.(*net.UDPConn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil || share(raw) != nil {
		return nil
	}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return share(c) }}
	conn, err := lc.ListenPacket(context.Background(), "udp", s.LocalAddr().String())
	if err != nil {
		return nil
	}
	return &stray{conn.(*net.UDPConn)}
}

// share lets a second socket have the port.
func share(c syscall.RawConn) error {
	var err error
	if ctl := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}); ctl != nil {
		return ctl
	}
	return err
}

// sender returns who sent a datagram that answers what was asked. It takes only what
// has come already.
func (s *stray) sender(buf []byte, answers func([]byte) bool) (netip.AddrPort, bool) {
	if s == nil || s.conn.SetReadDeadline(time.Now().Add(lastLook)) != nil {
		return netip.AddrPort{}, false
	}
	for range maxStrays {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			break
		}
		if answers(buf[:n]) {
			return netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), true
		}
	}
	return netip.AddrPort{}, false
}

func (s *stray) close() {
	if s != nil {
		_ = s.conn.Close()
	}
}

// strayResult is the result of a device that answers from elsewhere. It lives, but who
// sent the answer is not known.
func strayResult(from netip.AddrPort, asked net.Addr) vouch.Result {
	return probes.Unknown(vouch.ReasonProtocol, fmt.Sprintf(
		"the answer came from %s, not from %s, and was refused: have the device answer from the address that it is asked at, or ask it at that one", from, asked))
}
