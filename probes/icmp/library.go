// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

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

// minSize is what the library needs: a time stamp and an identifier in the payload.
const minSize = 24

// byLibrary makes one attempt by a run of pro-bing with a socket of its own.
func (p *Prober) byLibrary(ctx context.Context, t probes.Target, a probes.Attempt) vouch.Result {
	r := newRound(t, p.mode)
	err := r.pinger.RunWithContext(ctx)
	return r.result(ctx, err, a.Elapsed())
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
	addr := c.Addr
	p := probing.New(addr.String())
	p.SetIPAddr(&net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	p.SetPrivileged(mode == RawSocket)
	p.Count = c.Count
	p.Interval = c.Spacing
	p.Size = max(c.Size, minSize)
	p.Timeout = c.Timeout
	p.RecordRtts, p.RecordTTLs = false, false
	if t.Source.IsValid() {
		p.Source = t.Source.String()
	}
	r := &round{pinger: p, began: time.Now()}
	p.SetLogger(&guard{round: r})
	p.OnSend = r.onSend
	p.OnRecv = r.onReply
	p.OnSendError = r.onSendError
	return r
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
