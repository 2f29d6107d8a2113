// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package icmp asks a device for echo replies (RFC 792, RFC 4443) by pro-bing. One
// attempt is a round of several requests; any reply in the round is Up.
//
// It is not a path tracer and hears no ICMP errors: pro-bing reads echo replies
// only, so a host that a router calls unreachable or prohibited ends as a timeout.
package icmp

import (
	"context"
	"errors"
	"net"
	"time"

	probing "github.com/prometheus-community/pro-bing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// What a check gets that leaves a number at zero, and what the library needs at least.
const (
	defaultCount   = 3
	defaultSpacing = 100 * time.Millisecond
	defaultSize    = 56
	minSize        = 24 // pro-bing writes a time stamp and an identifier into the payload
)

// Prober sends rounds of echo requests.
type Prober struct{ mode Mode }

// New returns a prober that uses sockets of the kind, which [Access] finds out. With
// [None] every result is Unknown(own socket).
func New(mode Mode) *Prober { return &Prober{mode: mode} }

// Probe implements [probes.Prober]. It waits for replies until the timeout of the
// check, counted from the first request, and returns at most a tenth of a second
// later: the library looks only that often whether it should end.
func (p *Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	if problem := probes.Problem(t); problem != "" {
		return a.End(probes.Unknown(vouch.ReasonSocket, problem))
	}
	if p.mode == None {
		return a.End(probes.Unknown(vouch.ReasonSocket, "no right to send ICMP: "+cure))
	}
	r := newRound(t, p.mode)
	err := r.pinger.RunWithContext(ctx)
	return a.End(r.result(ctx, err, a.Elapsed()))
}

// round is one run of the library. Its hooks run in one goroutine of the library,
// which has ended when the run returns.
type round struct {
	pinger   *probing.Pinger
	began    time.Time
	sent     []time.Time     // by sequence number
	rtt      []time.Duration // by sequence number; negative where no reply came
	replies  int
	lastSeen time.Duration // from began to the last reply
	sendErr  error
}

func newRound(t probes.Target, mode Mode) *round {
	c := t.Check
	addr := c.Addr.Unmap()
	p := probing.New(addr.String())
	p.SetIPAddr(&net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	p.SetPrivileged(mode == RawSocket)
	p.Count = orDefault(c.Count, defaultCount)
	p.Interval = orDefault(c.Spacing, defaultSpacing)
	p.Size = max(orDefault(c.Size, defaultSize), minSize)
	p.Timeout = c.Timeout
	p.RecordRtts, p.RecordTTLs = false, false
	if t.Source.IsValid() {
		p.Source = t.Source.Unmap().String()
	}
	r := &round{pinger: p, began: time.Now()}
	p.SetLogger(&guard{round: r})
	p.OnSend = r.onSend
	p.OnRecv = r.onReply
	p.OnSendError = r.onSendError
	return r
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

func (r *round) onSend(*probing.Packet) {
	r.sent = append(r.sent, time.Now())
	r.rtt = append(r.rtt, -1)
}

// onReply notes one round-trip time. The library reckons by the wall clock, from the
// stamp in the payload; where that clock was stepped in between, the step is the
// difference between the two clocks' views of the same interval and is taken out.
func (r *round) onReply(p *probing.Packet) {
	if p.Seq < 0 || p.Seq >= len(r.sent) || r.rtt[p.Seq] >= 0 {
		return
	}
	sent, now := r.sent[p.Seq], time.Now()
	elapsed := now.Sub(sent)
	step := now.Round(0).Sub(sent.Round(0)) - elapsed
	rtt := p.Rtt - step
	if rtt < 0 {
		rtt = elapsed
	}
	r.rtt[p.Seq] = rtt
	r.replies++
	r.lastSeen = now.Sub(r.began)
}

func (r *round) result(ctx context.Context, err error, elapsed time.Duration) vouch.Result {
	res := vouch.Result{Duration: elapsed, Sent: len(r.sent), Lost: len(r.sent) - r.replies}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		res.Reason = vouch.ReasonStopped
	case r.replies > 0:
		res.Outcome = vouch.Up
		res.RTT = summary(r.rtt)
		if res.Lost == 0 {
			// The library ends up to a tenth of a second after the last reply.
			res.Duration = r.lastSeen
		}
	case r.sendErr != nil:
		res = probes.SendError(r.sendErr)
		res.Sent, res.Lost = len(r.sent), len(r.sent)
	case err != nil && len(r.sent) == 0:
		res = probes.SendError(err)
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		res = probes.ReceiveError(err)
		res.Sent, res.Lost = len(r.sent), len(r.sent)
	default:
		res.Outcome, res.Reason = vouch.Down, vouch.ReasonTimeout
	}
	return res
}

// summary sums up the round-trip times of the replies, in order of sending; a
// negative time stands for a lost request. Jitter is the mean difference between
// consecutive replies (RFC 3393 applied to round trips), in whole microseconds.
func summary(rtts []time.Duration) vouch.RTT {
	var s vouch.RTT
	var sum, diffs time.Duration
	n, prev := 0, time.Duration(0)
	for _, d := range rtts {
		if d < 0 {
			continue
		}
		if n == 0 || d < s.Min {
			s.Min = d
		}
		s.Max = max(s.Max, d)
		if n > 0 {
			diffs += (d - prev).Abs()
		}
		sum += d
		prev = d
		n++
	}
	if n > 0 {
		s.Avg = sum / time.Duration(n)
	}
	if n > 1 {
		s.Jitter = (diffs / time.Duration(n-1)).Truncate(time.Microsecond)
	}
	return s
}
