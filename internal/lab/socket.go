// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenRange opens one socket for a range of addresses. Linux hands all of them only
// to a socket of the unspecified address: where the range lies on loopback, the socket
// is tied to that interface, so that nobody outside reaches it whatever the firewall.
func listenRange(first netip.AddrPort) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
			if failed == nil && first.Addr().IsLoopback() {
				if failed = unix.BindToDevice(int(fd), "lo"); failed != nil {
					failed = fmt.Errorf("keep the socket to this machine (SO_BINDTODEVICE lo): %w; it needs Linux 5.7 or CAP_NET_RAW", failed)
				}
			}
		})
		return errors.Join(err, failed)
	}}
	conn, err := config.ListenPacket(context.Background(), "udp4", netip.AddrPortFrom(netip.IPv4Unspecified(), first.Port()).String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// asked returns the address that a datagram was sent to, from what the socket says
// beside it (ip(7), IP_PKTINFO: interface, local address, address of the header).
func asked(oob []byte) netip.Addr {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo {
			return netip.AddrFrom4([4]byte(m.Data[8:12]))
		}
	}
	return netip.Addr{}
}

// from4 returns what makes a datagram leave from an address of this machine, or from
// another one of the loopback network. An IPv6 address sends from its own.
func from4(a netip.Addr, other bool) []byte {
	if !a.Is4() {
		return nil
	}
	b := a.As4()
	if other {
		last := binary.BigEndian.Uint32(b[:])&0x00ffffff ^ 0x00800000
		binary.BigEndian.PutUint32(b[:], 127<<24|last)
	}
	return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: b})
}
