// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// AwaitLate has answer lie in the socket of an exchange with the request id whose
// deadline has passed, as after the process slept, and returns what waiting comes to.
func AwaitLate(peer *net.UDPConn, community string, id uint32, answer []byte) error {
	w, err := dialWire(context.Background(), peer.LocalAddr().(*net.UDPAddr).AddrPort(), netip.Addr{}, wireV2c, community, new(buffers))
	if err != nil {
		return err
	}
	defer w.release(false)
	w.ids[0], w.sentAt[0], w.n = id, time.Now(), 1
	if answer != nil {
		if _, err := peer.WriteToUDP(answer, w.conn.LocalAddr().(*net.UDPAddr)); err != nil {
			return err
		}
	}
	if err := w.conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	_, err = w.await(context.Background())
	return err
}

// ReadLate has answer lie in the socket of an SNMPv3 session that sent the request, and
// whose deadline has passed, and returns what the library gets to read.
func ReadLate(peer *net.UDPConn, request, answer []byte) ([]byte, error) {
	conn, err := dial(peer.LocalAddr().(*net.UDPAddr).AddrPort(), netip.Addr{})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	t := &tap{Conn: conn, count: new(tally)}
	if _, err := t.Write(request); err != nil {
		return nil, err
	}
	if answer != nil {
		if _, err := peer.WriteToUDP(answer, conn.LocalAddr().(*net.UDPAddr)); err != nil {
			return nil, err
		}
	}
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return nil, err
	}
	b := make([]byte, 2<<10)
	n, err := t.Read(b)
	return b[:n], err
}

// ErrSilent says that nothing came.
var ErrSilent = errSilent
