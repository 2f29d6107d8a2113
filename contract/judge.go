// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"

	"github.com/vouch-sla/vouch"
)

// Matter is what is to be judged: one device over a span.
type Matter struct {
	Span     Span
	Versions []Version
	Leases   []Span  // where the device is measured at all; outside them it is not
	Agents   []Agent // in any order; several may stand at one location
}

// Judge returns the device's verdict over the span as segments that tile it: for each
// version in force the samples of each agent become a state, the agents of a location
// one witness, and the voters a verdict by the quorum. Time outside the leases, or
// before the first version, is [NotMeasured].
//
// Samples from before the span are used where they still speak; give them from at
// least the longest hold and threshold window before it.
func Judge(m Matter) []Segment {
	agents := slices.Clone(m.Agents)
	slices.SortStableFunc(agents, func(a, b Agent) int { return cmp.Compare(a.ID, b.ID) })
	leases := Union(m.Leases)

	var out []Segment
	at := m.Span.From
	for _, r := range inForce(m.Versions, m.Span) {
		out = push(out, Segment{Span: Span{at, r.From}, State: NotMeasured})
		seats := seatsOf(&r.version.Terms, agents)
		tls := make([]timeline, len(seats))
		for i := range seats {
			tls[i] = seats[i].timeline(&r.version.Terms, r.Span)
		}
		out = hear(out, r, seats, tls, leases)
		at = r.To
	}
	return push(out, Segment{Span: Span{at, m.Span.To}, State: NotMeasured})
}

// seat is a location at the table, with its agents.
type seat struct {
	Witness
	agents []*Agent
}

// seatsOf returns the locations that the terms name, in their order, then the other
// locations that agents stand at, by name.
func seatsOf(t *Terms, agents []Agent) []seat {
	var seats []seat
	for _, v := range t.Voters {
		seats = append(seats, seat{Witness: Witness{Location: v.Location, Custody: v.Custody, Votes: t.votes(v)}})
	}
	named := len(seats)
	for i := range agents {
		a := &agents[i]
		n := slices.IndexFunc(seats, func(s seat) bool { return s.Location == a.Location })
		if n < 0 {
			n = len(seats)
			seats = append(seats, seat{Witness: Witness{Location: a.Location, Custody: a.Custody}})
		}
		seats[n].agents = append(seats[n].agents, a)
	}
	slices.SortStableFunc(seats[named:], func(a, b seat) int { return cmp.Compare(a.Location, b.Location) })
	return seats
}

func (s *seat) timeline(t *Terms, span Span) timeline {
	tls := make([]timeline, len(s.agents))
	for i, a := range s.agents {
		tls[i] = a.timeline(t, span)
	}
	if len(tls) == 1 {
		return tls[0]
	}
	return merge(span, tls, gather)
}

// hear appends the verdict over the reign of one version.
func hear(out []Segment, r reign, seats []seat, tls []timeline, leases []Span) []Segment {
	voters := make([]cell, 0, len(seats))
	at := r.From
	for _, lease := range Intersect([]Span{r.Span}, leases) {
		out = push(out, Segment{Span: Span{at, lease.From}, State: NotMeasured, Version: r.version.Number})
		sweep(lease, tls, func(span Span, cells []cell) {
			voters = voters[:0]
			for i, c := range cells {
				if seats[i].Votes {
					voters = append(voters, c)
				}
			}
			seg := Segment{Span: span, Version: r.version.Number}
			seg.State, seg.Degraded, seg.Reason = r.version.Terms.Quorum.verdict(voters)
			seg.Witnesses = testimony(seats, cells)
			out = push(out, seg)
		})
		at = lease.To
	}
	return push(out, Segment{Span: Span{at, r.To}, State: NotMeasured, Version: r.version.Number})
}

// testimony returns what each location said.
func testimony(seats []seat, cells []cell) []Witness {
	out := make([]Witness, len(seats))
	for i, c := range cells {
		w := seats[i].Witness
		w.State, w.Degraded, w.Reason = c.state, c.degraded, c.reason
		out[i] = w
	}
	return out
}

// locations returns the sorted locations of the voters that were down, degraded ones
// that vote down included.
func (s *Segment) locations(least Effect) []vouch.LocationID {
	var out []vouch.LocationID
	for _, w := range s.Witnesses {
		if w.Votes && (w.State == Down || w.State == Up && w.Degraded >= least) {
			out = append(out, w.Location)
		}
	}
	slices.Sort(out)
	return out
}
