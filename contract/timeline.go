// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"

	"github.com/vouch-sla/vouch"
)

// cell is what is held of one device by one check, agent or location at an instant.
type cell struct {
	state    State
	degraded Effect
	reason   vouch.Reason
}

// unsampled is what is held where nothing was sampled.
var unsampled = cell{reason: vouch.ReasonNoSample}

// run is a cell that holds from an instant until the next run of its timeline.
type run struct {
	from Second
	cell
}

// timeline is a state over all of time as sorted runs, no two neighbours alike.
// Before the first run nothing was sampled; the last one holds for ever.
type timeline []run

// set returns the timeline with c holding from an instant on that is not before its
// last run.
func (tl timeline) set(from Second, c cell) timeline {
	if n := len(tl); n > 0 {
		switch last := &tl[n-1]; {
		case last.from == from:
			tl = tl[:n-1]
		case c.state == Up && last.state == Up && c.degraded == last.degraded:
			return tl // the common case, without comparing reasons: an up has none
		}
	}
	before := unsampled
	if n := len(tl); n > 0 {
		before = tl[n-1].cell
	}
	if before == c {
		return tl
	}
	return append(tl, run{from, c})
}

// sweep calls visit for each stretch of span over which none of the timelines
// changes, in order, with what each of them holds in it. The cells are reused between
// calls.
func sweep(span Span, tls []timeline, visit func(Span, []cell)) {
	cells := make([]cell, len(tls))
	next := make([]int, len(tls))
	for i, tl := range tls {
		n, found := slices.BinarySearchFunc(tl, span.From, func(r run, s Second) int { return cmp.Compare(r.from, s) })
		if found {
			n++
		}
		cells[i], next[i] = unsampled, n
		if n > 0 {
			cells[i] = tl[n-1].cell
		}
	}
	for from := span.From; from < span.To; {
		to := span.To
		for i, tl := range tls {
			if next[i] < len(tl) {
				to = min(to, tl[next[i]].from)
			}
		}
		visit(Span{from, to}, cells)
		for i, tl := range tls {
			if next[i] < len(tl) && tl[next[i]].from == to {
				cells[i] = tl[next[i]].cell
				next[i]++
			}
		}
		from = to
	}
}

// merge combines timelines over span into one.
func merge(span Span, tls []timeline, combine func([]cell) cell) timeline {
	var out timeline
	sweep(span, tls, func(s Span, cells []cell) { out = out.set(s.From, combine(cells)) })
	return out.set(span.To, unsampled)
}

// counted calls visit for each sample that counts, in order of time: of several in
// one second the last. end is where the sample stops speaking: at the next one, or
// when its hold is over, which leaves a hole after it. next is the sample that follows, nil for the last. begin is
// called first, and again where the samples turn out not to be in order, so that what
// was visited by then is thrown away: samples mostly come in order, and looking
// through a month of them takes as long as evaluating it.
func counted(samples []Sample, begin func(), visit func(at, end Second, hole bool, s, next *Sample)) {
	begin()
	if !walk(samples, visit) {
		begin()
		walk(ordered(samples), visit)
	}
}

// walk visits the samples as [counted] does. It stops and reports false where they are
// out of order.
func walk(samples []Sample, visit func(at, end Second, hole bool, s, next *Sample)) bool {
	if len(samples) == 0 {
		return true
	}
	s := &samples[0]
	at := s.Start.Floor()
	for i := 1; i < len(samples); i++ {
		next := &samples[i]
		if next.Start < s.Start || next.Start == s.Start && compareSamples(s, next) > 0 {
			return false
		}
		following := next.Start.Floor()
		if following != at {
			end := at + s.hold()
			visit(at, min(following, end), end < following, s, next)
		}
		s, at = next, following
	}
	visit(at, at+s.hold(), true, s, nil)
	return true
}

// ordered returns the samples by time. Of two with the same stamp the one that counts
// comes last: any reply in a round is up.
func ordered(samples []Sample) []Sample {
	out := slices.Clone(samples)
	slices.SortFunc(out, func(a, b Sample) int { return compareSamples(&a, &b) })
	return out
}

func compareSamples(a, b *Sample) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(weight(a), weight(b)),
		cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.RTT, b.RTT), cmp.Compare(a.Lost, b.Lost), cmp.Compare(a.Interval, b.Interval),
		slices.CompareFunc(a.Values, b.Values, func(x, y Value) int {
			return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Micro, y.Micro))
		}))
}

// weight orders samples of the same stamp: unknown, then down, then up.
func weight(s *Sample) int {
	switch {
	case s.ClockDoubt:
		return 0
	case s.Outcome == vouch.Up:
		return 3
	case s.Outcome == vouch.Down:
		return 2
	}
	return 1
}

// evaluate returns what the check's samples say (rule 0), and where each of the
// thresholds degrades the witness (rule 10), in one walk over the samples.
func (c *Check) evaluate(thresholds []watch) (said timeline, degraded []timeline) {
	counted(c.Samples, func() {
		said = nil
		for i := range thresholds {
			thresholds[i].begin()
		}
	}, func(at, end Second, hole bool, s, _ *Sample) {
		said = said.set(at, c.cell(at, s))
		if hole {
			said = said.set(end, unsampled)
		}
		for i := range thresholds {
			thresholds[i].visit(at, s)
		}
	})
	for i := range thresholds {
		degraded = append(degraded, thresholds[i].degraded)
	}
	return said, degraded
}

func (c *Check) cell(at Second, s *Sample) cell {
	switch {
	case s.ClockDoubt:
		return cell{reason: vouch.ReasonClock}
	case c.AdmittedAt != 0 && at < c.AdmittedAt:
		return cell{reason: vouch.ReasonNotAdmitted}
	case s.Outcome == vouch.Up:
		return cell{state: Up}
	case s.Outcome == vouch.Down:
		return cell{state: Down}
	}
	return cell{reason: s.Reason}
}

// blame returns the reason of an unknown that is made of several: the one they share,
// else the first that is not merely the want of a sample. Up and down cells are
// passed over.
func blame(cells []cell) vouch.Reason {
	r := vouch.ReasonNoSample
	for _, c := range cells {
		if c.state == Unknown && c.reason != vouch.ReasonNoSample {
			r = c.reason
			break
		}
	}
	return r
}
