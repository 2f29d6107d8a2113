// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package sip asks a device for its options (RFC 3261 section 11) over UDP, TCP or
// TLS. One attempt is one transaction; any final answer that the check accepts is Up.
//
// It registers nothing, calls nobody and follows no redirection, holds no credential,
// and looks at nothing in an answer but what tells whose it is, how it ends and what
// software made it. It is its own little client, because a library of the whole
// protocol costs an edge binary 0.66 MB.
package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Measurement is the name of the one line of telemetry that each final answer gives:
// status (signed: 200 to 699), rtt_us (signed), resent (signed: requests that were sent
// again over UDP) and, where the answer has it, server (text: its Server or User-Agent).
const Measurement = "sip"

// Ports that a check without one asks (RFC 3261 section 19.1.2).
const (
	defaultPort    = 5060
	defaultPortTLS = 5061
)

// Port returns the port that a check asks.
func Port(c vouch.Check) uint16 {
	switch {
	case c.Port != 0:
		return c.Port
	case c.SIP.Transport == vouch.SIPOverTLS:
		return defaultPortTLS
	}
	return defaultPort
}

// Prober asks for options. The zero value is ready for use.
type Prober struct{ buffers sync.Pool }

// Probe implements [probes.Prober]. A final answer is Up where the check accepts it
// ([vouch.SIP.Accepts]) and Down(rejected) where it does not, with its code in the
// detail and in the telemetry; so is a connection that the device closes instead of
// answering. No final answer within the timeout is Down(timeout), also after
// provisional ones, ICMP port unreachable and RST are Down(refused). An answer that
// cannot be read, a TLS handshake that fails and a certificate that is not the one
// asked for are Unknown(protocol).
//
// Sent and Lost count transactions: over UDP a request is sent again while no answer
// came (RFC 3261 section 17.1.2), and the round trip is that from the first one.
func (p *Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	if problem := probes.Problem(t); problem != "" {
		return a.End(probes.Unknown(vouch.ReasonSocket, problem))
	}
	if err := t.Check.SIP.Valid(); err != nil {
		return a.End(probes.Unknown(vouch.ReasonSocket, err.Error()))
	}
	t.Check.Addr, t.Source = t.Check.Addr.Unmap(), t.Source.Unmap()
	deadline := time.Now().Add(t.Check.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	buffer, _ := p.buffers.Get().(*[maxMessage]byte)
	if buffer == nil {
		buffer = new([maxMessage]byte)
	}
	defer p.buffers.Put(buffer)
	if t.Check.SIP.Transport == vouch.SIPOverTCP || t.Check.SIP.Transport == vouch.SIPOverTLS {
		return a.End(byStream(ctx, t, deadline, buffer[:]))
	}
	return a.End(byDatagram(ctx, t, deadline, buffer[:]))
}

func byDatagram(ctx context.Context, t probes.Target, deadline time.Time, in []byte) vouch.Result {
	var local *net.UDPAddr
	if t.Source.IsValid() {
		local = net.UDPAddrFromAddrPort(netip.AddrPortFrom(t.Source, 0))
	}
	// Connected, so that the kernel drops what comes from any other address or port.
	conn, err := net.DialUDP("udp", local, net.UDPAddrFromAddrPort(netip.AddrPortFrom(t.Check.Addr, Port(t.Check))))
	if err != nil {
		return probes.SendError(err)
	}
	// Before the hook, which must have the last word.
	err = conn.SetDeadline(deadline)
	defer closing(ctx, conn)()
	if err != nil {
		return probes.SendError(err)
	}
	return newTransaction(t.Check, localOf(conn)).overDatagrams(ctx, conn, deadline, in)
}

func byStream(ctx context.Context, t probes.Target, deadline time.Time, in []byte) vouch.Result {
	conn, r := probes.Connect(ctx, t, Port(t.Check))
	if conn == nil {
		return r
	}
	err := conn.SetDeadline(deadline)
	defer closing(ctx, conn)()
	if err != nil {
		return probes.SendError(err)
	}
	x := newTransaction(t.Check, localOf(conn))
	if t.Check.SIP.Transport == vouch.SIPOverTLS {
		secured, r := handshake(ctx, conn, t.Check)
		if secured == nil {
			return r
		}
		conn = secured
	}
	r = x.overStream(ctx, conn, in)
	if t.Check.SIP.TLSInsecure && r.Detail == "" {
		r.Detail = "any certificate was taken (insecure)"
	}
	return r
}

// closing makes a cancelled ctx end what waits on the connection, by a deadline in the
// past; who sets a deadline after this looks at ctx after that, so that neither order
// loses the cancellation. The function it returns closes the connection.
func closing(ctx context.Context, conn net.Conn) func() {
	unhook := func() bool { return true }
	if ctx.Done() != nil {
		unhook = context.AfterFunc(ctx, func() {
			if stopped(ctx) {
				_ = conn.SetDeadline(time.Unix(1, 0))
			}
		})
	}
	return func() {
		unhook()
		_ = conn.Close()
	}
}

// stopped reports whether the caller broke the attempt off; a deadline that passed is
// a timeout.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func localOf(conn net.Conn) netip.AddrPort {
	// Addresses of our own sockets always parse; one that does not is 0.0.0.0:0.
	a, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// ended is the result of a final answer.
func (x *transaction) ended(a answer, rtt time.Duration, resent int) vouch.Result {
	r := vouch.Result{
		Outcome: vouch.Up, Sent: 1, RTT: vouch.RTT{Min: rtt, Avg: rtt, Max: rtt},
		Points: []vouch.Point{{Measurement: Measurement, Fields: []vouch.Field{
			{Name: "status", Value: vouch.Int(int64(a.status))},
			{Name: "rtt_us", Value: vouch.Int(rtt.Microseconds())},
			{Name: "resent", Value: vouch.Int(int64(resent))},
		}}},
	}
	if a.server != "" {
		r.Points[0].Fields = append(r.Points[0].Fields, vouch.Field{Name: "server", Value: vouch.Text(a.server)})
	}
	if !x.accept.Accepts(a.status) {
		r.Outcome, r.Reason, r.Detail = vouch.Down, vouch.ReasonRejected, fmt.Sprintf("it answered %d %s, which the check does not accept", a.status, a.phrase)
	}
	return r
}

// silent is the result when the time is over without a final answer.
func (x *transaction) silent() vouch.Result {
	r := probes.Down(vouch.ReasonTimeout, "")
	switch {
	case x.unreadable != nil:
		r = unreadable(x.unreadable)
	case x.provisional != 0:
		r.Detail = fmt.Sprintf("it answered %d, which is provisional, and nothing final", x.provisional)
	case x.foreign > 0:
		r.Detail = fmt.Sprintf("what came answers another request (%d times)", x.foreign)
	}
	return lost(r)
}

// unreadable is the result of an answer that is none.
func unreadable(err error) vouch.Result {
	return probes.Unknown(vouch.ReasonProtocol, "answer: "+err.Error())
}

// lost counts the request of a result as one without an answer.
func lost(r vouch.Result) vouch.Result {
	r.Sent, r.Lost = 1, 1
	return r
}
