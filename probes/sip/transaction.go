// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Timers of RFC 3261 section 17.1.1.1: T1 is an estimate of the round trip, T2 the
// longest time between two requests of one transaction.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

const (
	// maxReads bounds what one attempt looks at, so that a flood costs one device one
	// attempt.
	maxReads = 1000
	// lastLook is how long a read waits that only takes what has come already.
	lastLook = time.Millisecond
)

// transaction is one client transaction (RFC 3261 section 17.1.2).
type transaction struct {
	request []byte
	branch  string // of our Via
	callID  string
	cseq    uint32
	accept  vouch.SIP

	unreadable  error // of the last message that could not be read
	foreign     int   // messages that answer something else
	provisional int   // the last 1xx
}

// newTransaction makes the request. Branch, Call-ID and CSeq are random, so that an
// answer is hard to forge from elsewhere; rport (RFC 3581) brings it back through NAT.
func newTransaction(c vouch.Check, local netip.AddrPort) *transaction {
	x := &transaction{
		branch: fmt.Sprintf("z9hG4bK%016x", rand.Uint64()), // the cookie of section 8.1.1.7
		callID: fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()),
		cseq:   1 + rand.Uint32N(1<<31-1), // section 8.1.1.5
		accept: c.SIP,
	}
	host := c.SIP.Host
	if host == "" {
		host = hostOf(c.Addr)
	}
	uri := "sip:" + host
	if c.SIP.User != "" {
		uri = "sip:" + c.SIP.User + "@" + host
	}
	to := uri
	if c.Port != 0 && c.Port != defaultPort {
		uri += fmt.Sprintf(":%d", c.Port)
	}
	transport := "UDP"
	switch c.SIP.Transport {
	case vouch.SIPOverTCP, vouch.SIPOverTLS:
		transport = strings.ToUpper(c.SIP.Transport)
		uri += ";transport=" + c.SIP.Transport
	}
	us := hostOf(local.Addr())
	x.request = fmt.Appendf(nil, "OPTIONS %s SIP/2.0\r\n"+
		"Via: SIP/2.0/%s %s:%d;branch=%s;rport\r\n"+
		"Max-Forwards: 70\r\n"+
		"From: <sip:vouch@%s>;tag=%08x\r\n"+
		"To: <%s>\r\n"+
		"Call-ID: %s\r\n"+
		"CSeq: %d OPTIONS\r\n"+
		"Contact: <sip:vouch@%s:%d>\r\n"+
		"Accept: application/sdp\r\n"+
		"User-Agent: vouch\r\n"+
		"Content-Length: 0\r\n\r\n",
		uri, transport, us, local.Port(), x.branch, us, rand.Uint32(), to, x.callID, x.cseq, us, local.Port())
	return x
}

// hostOf writes an address as it stands in a URI.
func hostOf(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.String()
}

// take looks at one message and reports whether it is the final answer.
func (x *transaction) take(a answer) bool {
	switch {
	case a.request || a.vias != 1 || a.branch != x.branch || a.callID != x.callID || a.cseq != x.cseq || a.method != "OPTIONS":
		x.foreign++
	case a.status < 200:
		x.provisional = a.status
	default:
		return true
	}
	return false
}

// overDatagrams asks over a connected socket, again and again while nothing comes.
func (x *transaction) overDatagrams(ctx context.Context, conn net.Conn, deadline time.Time, in []byte) vouch.Result {
	first := time.Now()
	next, wait, sent, late := first, t1, 0, false
	for range maxReads {
		now := time.Now()
		if !now.Before(next) && now.Before(deadline) {
			if _, err := conn.Write(x.request); err != nil {
				return x.failed(ctx, err, sent)
			}
			sent++
			next = now.Add(wait)
			wait = min(2*wait, t2)
		}
		until := deadline
		switch {
		case late:
			until = now.Add(lastLook)
		case next.Before(deadline):
			until = next
		}
		if err := conn.SetReadDeadline(until); err != nil {
			return probes.ReceiveError(err)
		}
		if stopped(ctx) {
			return probes.Unknown(vouch.ReasonStopped, "")
		}
		n, err := conn.Read(in)
		switch {
		case err == nil:
			if a, final := x.takeDatagram(in[:n]); final {
				return x.ended(a, max(time.Since(first), 1), sent-1)
			}
			if x.provisional != 0 {
				wait = t2 // section 17.1.2.2, state "Proceeding"
			}
		case stopped(ctx):
			return probes.Unknown(vouch.ReasonStopped, "")
		case !probes.IsTimeout(err):
			return x.failed(ctx, err, sent)
		case late && sent == 0:
			return probes.Unknown(vouch.ReasonOverload, "it was not sent in time")
		case late:
			return x.silent()
		case !time.Now().Before(deadline):
			// Perhaps it was we who slept: what lies in the socket came in time.
			late = true
		}
	}
	return lost(unreadable(errFlood))
}

// takeDatagram looks at one datagram, which holds one message. One whose body is cut
// off is discarded (RFC 3261 section 18.3), and remembered as unreadable.
func (x *transaction) takeDatagram(b []byte) (answer, bool) {
	a, n, err := parse(b)
	if err == nil && a.length > len(b)-n {
		err = errShort
	}
	if err != nil {
		x.unreadable = err
		return answer{}, false
	}
	return a, x.take(a)
}

// overStream asks over a connection whose deadline is that of the attempt.
func (x *transaction) overStream(ctx context.Context, conn net.Conn, in []byte) vouch.Result {
	first := time.Now()
	if _, err := conn.Write(x.request); err != nil {
		return x.failed(ctx, err, 0)
	}
	fill := 0
	for range maxReads {
		n, err := conn.Read(in[fill:])
		fill += n
		for {
			a, used, bad := parse(in[:fill])
			if bad == nil && a.length > fill-used {
				bad = errShort
				if used+a.length > len(in) {
					bad = errLong
				}
			}
			if errors.Is(bad, errShort) && fill < len(in) {
				break
			}
			if bad != nil {
				return lost(unreadable(bad))
			}
			if x.take(a) {
				return x.ended(a, max(time.Since(first), 1), 0)
			}
			fill = copy(in, in[used+a.length:fill])
		}
		if err == nil {
			continue
		}
		// Blank lines between messages are nothing (section 7.5).
		if begun := len(bytes.Trim(in[:fill], "\r\n")) > 0; begun && !stopped(ctx) {
			return lost(unreadable(errShort))
		}
		return x.failed(ctx, err, 1)
	}
	return lost(unreadable(errFlood))
}

// failed is the result when the connection failed after some requests were sent.
func (x *transaction) failed(ctx context.Context, err error, sent int) vouch.Result {
	switch {
	case stopped(ctx):
		return probes.Unknown(vouch.ReasonStopped, "")
	case errors.Is(err, syscall.ECONNREFUSED):
		r := lost(probes.ReceiveError(err))
		r.Lost = 0
		return r
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return lost(probes.Down(vouch.ReasonRejected, "it closed the connection without a final answer"))
	case sent == 0:
		return probes.SendError(err)
	case probes.IsTimeout(err):
		return x.silent()
	case x.accept.Transport == vouch.SIPOverTLS && !errors.As(err, new(syscall.Errno)):
		return lost(probes.Unknown(vouch.ReasonProtocol, "TLS: "+err.Error()))
	}
	return lost(probes.ReceiveError(err))
}
