// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"math"
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
	if n := len(tl); n > 0 && tl[n-1].from == from {
		tl = tl[:n-1]
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
// when its hold is over. next is the sample that follows, nil for the last.
func counted(samples []Sample, visit func(at, end Second, s, next *Sample)) {
	samples = ordered(samples)
	following := Second(math.MinInt64)
	if len(samples) > 0 {
		following = samples[0].Start.Floor()
	}
	var prev *Sample
	var prevAt Second
	for i := range samples {
		at := following
		if i+1 < len(samples) {
			if following = samples[i+1].Start.Floor(); following == at {
				continue
			}
		}
		s := &samples[i]
		if prev != nil {
			visit(prevAt, min(at, prevAt+prev.hold()), prev, s)
		}
		prev, prevAt = s, at
	}
	if prev != nil {
		visit(prevAt, prevAt+prev.hold(), prev, nil)
	}
}

// ordered returns the samples by time. Of two with the same stamp the one that counts
// comes last: any reply in a round is up.
func ordered(samples []Sample) []Sample {
	sorted := true
	for i := 1; i < len(samples); i++ {
		if samples[i-1].Start >= samples[i].Start {
			sorted = false
			break
		}
	}
	if sorted {
		return samples
	}
	out := slices.Clone(samples)
	slices.SortFunc(out, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(weight(a), weight(b)),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.RTT, b.RTT), cmp.Compare(a.Lost, b.Lost), cmp.Compare(a.Interval, b.Interval))
	})
	return out
}

// weight orders samples of the same stamp: unknown, then down, then up.
func weight(s Sample) int {
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

// timeline returns what the check's samples say (rule 0).
func (c *Check) timeline() timeline {
	var tl timeline
	counted(c.Samples, func(at, end Second, s, _ *Sample) {
		tl = tl.set(at, c.cell(at, s)).set(end, unsampled)
	})
	return tl
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
