// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
)

// Connect opens a connection over TCP to the port of the target's address, within the
// timeout of the check. Where that failed the connection is nil and the result says
// how: a refused connection (RST, or ICMP port unreachable) is Down(refused), and was
// an answer; a host or network that somebody on the way calls unreachable is
// Unknown(filtered), because the kernel does not tell who said so.
func Connect(ctx context.Context, t Target, port uint16) (net.Conn, vouch.Result) {
	dialer := net.Dialer{Timeout: t.Check.Timeout, KeepAlive: -1}
	if t.Source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: t.Source.AsSlice(), Zone: t.Source.Zone()}
	}
	to := netip.AddrPortFrom(t.Check.Addr, port)
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, unconnected(ctx, err, to.Addr())
	}
	return conn, vouch.Result{}
}

func unconnected(ctx context.Context, err error, to netip.Addr) vouch.Result {
	asked := func(r vouch.Result) vouch.Result {
		r.Sent, r.Lost = 1, 1
		return r
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return Unknown(vouch.ReasonStopped, "")
	case errors.Is(err, syscall.ECONNREFUSED):
		r := asked(ReceiveError(err))
		r.Lost = 0
		return r
	case IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return asked(Down(vouch.ReasonTimeout, ""))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		if noRoute := routeError(to); noRoute != nil {
			return SendError(noRoute)
		}
		return asked(ReceiveError(err))
	}
	return SendError(err)
}

// routeError returns why this host has no route to the address, or nil. Connecting
// a datagram socket looks the route up and sends nothing, which tells a missing
// route of our own from an ICMP message that somebody sent.
func routeError(to netip.Addr) error {
	conn, err := net.DialTimeout("udp", netip.AddrPortFrom(to, 9).String(), time.Second)
	if err != nil {
		return err
	}
	_ = conn.Close()
	return nil
}
