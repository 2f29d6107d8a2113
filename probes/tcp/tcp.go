// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package tcp tells whether a TCP port accepts connections. It sends nothing over
// the connection and closes it at once; it is not a test of the service behind it.
package tcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Prober connects to a TCP port. The zero value is ready for use.
type Prober struct{}

// Probe implements [probes.Prober]. Up means that the handshake completed within
// the timeout of the check; the round-trip time is that of the handshake. A refused
// connection (RST, or ICMP port unreachable) is Down(refused); for a reference it
// still proves the path, see [probes.ReferenceAnswers]. A host or network that
// somebody on the way calls unreachable is Unknown(filtered), because the kernel
// does not tell who said so.
func (Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	if problem := probes.Problem(t); problem != "" {
		return a.End(probes.Unknown(vouch.ReasonSocket, problem))
	}
	if t.Check.Port == 0 {
		return a.End(probes.Unknown(vouch.ReasonSocket, "the check has no port"))
	}
	dialer := net.Dialer{Timeout: t.Check.Timeout, KeepAlive: -1, LocalAddr: local(t.Source)}
	to := netip.AddrPortFrom(t.Check.Addr, t.Check.Port)
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	took := a.Elapsed()
	if err != nil {
		r := failure(ctx, err, to.Addr())
		r.Duration = took
		return a.End(r)
	}
	// Nothing was written, so a failing close loses nothing.
	_ = conn.Close()
	return a.End(vouch.Result{
		Duration: took,
		Outcome:  vouch.Up,
		Sent:     1,
		RTT:      vouch.RTT{Min: took, Avg: took, Max: took},
	})
}

func local(source netip.Addr) net.Addr {
	if !source.IsValid() {
		return nil
	}
	return &net.TCPAddr{IP: source.AsSlice(), Zone: source.Zone()}
}

func failure(ctx context.Context, err error, to netip.Addr) vouch.Result {
	asked := func(r vouch.Result) vouch.Result {
		r.Sent, r.Lost = 1, 1
		return r
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return probes.Unknown(vouch.ReasonStopped, "")
	case errors.Is(err, syscall.ECONNREFUSED):
		r := asked(probes.ReceiveError(err))
		r.Lost = 0
		return r
	case probes.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return asked(probes.Down(vouch.ReasonTimeout, ""))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		if noRoute := routeError(to); noRoute != nil {
			return probes.SendError(noRoute)
		}
		return asked(probes.ReceiveError(err))
	}
	return probes.SendError(err)
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
