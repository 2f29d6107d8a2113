// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package icmp asks a device for echo replies (RFC 792, RFC 4443). One attempt is a
// round of several requests; any reply in the round is Up.
//
// A prober that has only one address to ask leaves the round to pro-bing. From the
// second address on all rounds share one socket of our own for each family: it costs
// a fifth, takes round trips from the kernel's time stamps, and hears ICMP errors.
// The number is that low because what a sample means must not depend on how many
// other devices an agent has: pro-bing hears no ICMP errors, so that there a host
// that a router calls prohibited ends as a timeout.
//
// It is not a path tracer and not a judge: who is silent, who is said to be
// unreachable and who is said to be prohibited is told apart, and no more.
package icmp

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// What a check gets that leaves a number at zero, and what is allowed at most. The
// spacing is a second because control planes limit their echo replies: faster ones
// are taken for loss.
const (
	defaultCount   = 3
	defaultSpacing = time.Second
	defaultSize    = 56
	maxCount       = 20
	leastSize      = 8 // the token
	maxSize        = 1400
)

// few is how many different addresses a prober leaves to pro-bing.
const few = 1

// Prober sends rounds of echo requests.
type Prober struct {
	mode Mode

	mu     sync.Mutex // guards all below
	seen   map[netip.Addr]struct{}
	many   bool // more than few addresses were asked
	v4, v6 *shared
	closed bool
}

// New returns a prober that uses sockets of the kind, which [Access] finds out. With
// [None] every result is Unknown(own socket). Close it when it is not needed any more.
func New(mode Mode) *Prober {
	return &Prober{mode: mode, seen: map[netip.Addr]struct{}{}}
}

// Close closes the shared sockets. Rounds that run must have ended.
func (p *Prober) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range []*shared{p.v4, p.v6} {
		if s != nil {
			s.close()
		}
	}
	p.v4, p.v6 = nil, nil
}

// Probe implements [probes.Prober]. It waits for replies until the timeout of the
// check, counted from the first request. Over a shared socket, what reached this
// host in that time counts, however late it is read; over pro-bing it returns up to a
// tenth of a second later, because the library looks only that often whether to end.
func (p *Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	if problem := probes.Problem(t); problem != "" {
		return a.End(probes.Unknown(vouch.ReasonSocket, problem))
	}
	if p.mode == None {
		return a.End(probes.Unknown(vouch.ReasonSocket, "no right to send ICMP: "+cure))
	}
	t.Check.Addr, t.Source = t.Check.Addr.Unmap(), t.Source.Unmap()
	c := &t.Check
	c.Count = min(orDefault(c.Count, defaultCount), maxCount)
	c.Spacing = orDefault(c.Spacing, defaultSpacing)
	c.Size = min(max(orDefault(c.Size, defaultSize), leastSize), maxSize)
	if s := p.carrier(c.Addr); s != nil {
		return a.End(s.probe(ctx, t))
	}
	return a.End(p.byLibrary(ctx, t, a))
}

// carrier returns the shared socket for an address, or nil where pro-bing is to do it:
// the addresses are few, or there is no such socket here. Its error is not lost:
// pro-bing meets it as well.
func (p *Prober) carrier(addr netip.Addr) *shared {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.many {
		p.seen[addr] = struct{}{}
		if len(p.seen) <= few {
			return nil
		}
		p.many, p.seen = true, nil
	}
	s := &p.v4
	if addr.Is6() {
		s = &p.v6
	}
	if *s == nil && !p.closed {
		*s, _ = openShared(p.mode, addr.Is6())
	}
	return *s
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
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
