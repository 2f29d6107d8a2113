// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
)

// Types and codes of ICMP errors (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443).
const (
	unreachable4, exceeded4 = 3, 11
	unreachable6, exceeded6 = 1, 3

	host4                                          = 1
	netProhibited4, hostProhibited4, filtered4     = 9, 10, 13
	prohibited6, address6, sourcePolicy6, rejected = 1, 3, 5, 6
)

// notice is an ICMP error about a request: who says that it did not arrive, and why.
type notice struct {
	from       netip.Addr
	kind, code uint8
	known      bool
}

// notice returns the i-th message of the last receive from the queue of errors: the
// request, as far as the error quotes it, and what is said of it.
func (s *socket) notice(i int) (p packet, n notice, ok bool) {
	p.from = address(&s.in.names[i])
	for kind, data := range s.in.control(i) {
		isError := kind == [2]int32{unix.SOL_IP, unix.IP_RECVERR} || kind == [2]int32{unix.SOL_IPV6, unix.IPV6_RECVERR}
		const size = int(unsafe.Sizeof(unix.SockExtendedErr{}))
		if !isError || len(data) < size {
			continue
		}
		origin := data[4]
		if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
			continue
		}
		n = notice{kind: data[5], code: data[6], known: true}
		var offender unix.RawSockaddrInet6 // follows the structure (ip(7), IP_RECVERR)
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&offender)), unix.SizeofSockaddrInet6), data[size:])
		n.from = address(&offender)
	}
	b := s.in.text(i) // the request that the error quotes, without header
	ok = n.known && p.read(b) && binary.BigEndian.Uint16(b[4:]) == s.ident
	return p, n, ok
}

// verdict says what a round without any reply proves, where this is all that was
// heard. Only the device itself, and the last router, which found nobody at its
// address, can say that the device is not there (RFC 1812 section 5.2.7.1: code 1;
// RFC 4443 section 3.1: code 3); what somebody else on the way says or prohibits is
// of the way. A packet that went in circles until it was dropped is silence.
func (n notice) verdict(asked netip.Addr) (vouch.Outcome, vouch.Reason, string) {
	unreachable, exceeded, prohibited, noHost := n.kind == unreachable4, n.kind == exceeded4, false, n.code == host4
	if asked.Is6() {
		unreachable, exceeded, noHost = n.kind == unreachable6, n.kind == exceeded6, n.code == address6
		prohibited = n.code == prohibited6 || n.code == sourcePolicy6 || n.code == rejected
	} else {
		prohibited = n.code == netProhibited4 || n.code == hostProhibited4 || n.code == filtered4
	}
	switch {
	case !n.known:
		return vouch.Down, vouch.ReasonTimeout, ""
	case exceeded:
		return vouch.Down, vouch.ReasonTimeout, fmt.Sprintf("%s says: time exceeded (type %d, code %d)", n.from, n.kind, n.code)
	case !unreachable:
		return vouch.Down, vouch.ReasonTimeout, ""
	}
	detail := fmt.Sprintf("%s says: destination unreachable (type %d, code %d)", n.from, n.kind, n.code)
	own, near := false, false
	if n.from.IsValid() { // no emulator says it for IPv6
		own, near = ours(n.from, asked)
	}
	switch {
	case prohibited:
		return vouch.Unknown, vouch.ReasonFiltered, detail
	case n.from == asked.WithZone(""):
		return vouch.Down, vouch.ReasonUnreachable, detail
	case own && !near:
		return vouch.Unknown, vouch.ReasonLocation, fmt.Sprintf("the next hop of this host does not answer: %s", detail)
	case noHost:
		return vouch.Down, vouch.ReasonUnreachable, detail
	}
	return vouch.Unknown, vouch.ReasonFiltered, detail
}

// ours reports whether an address is one of this host, and if so, whether it reaches
// another without a router in between. It asks the kernel by a UDP socket that sends
// nothing: one that must not use routers (socket(7), SO_DONTROUTE), which IPv6 does
// not know; there a neighbour is who shares the first 64 bits. The service may not
// ask by netlink.
func ours(from, asked netip.Addr) (own, near bool) {
	d := net.Dialer{LocalAddr: &net.UDPAddr{IP: from.AsSlice()}, Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DONTROUTE, 1) })
	}}
	conn, err := d.Dial("udp", netip.AddrPortFrom(asked, 9).String())
	if err != nil {
		return !errors.Is(err, syscall.EADDRNOTAVAIL), false
	}
	_ = conn.Close()
	if asked.Is4() {
		return true, true
	}
	network, err := from.Prefix(64)
	return true, err == nil && network.Contains(asked.WithZone(""))
}
