// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// SampleOf keeps of a sample what a verdict or a threshold can rest on. Doubt says that
// the clock contradicts the stamp (rule 0). Interval and timeout are cut off to
// milliseconds, round trips are whole microseconds already.
func SampleOf(s vouch.Sample, doubt bool) contract.Sample {
	return contract.Sample{
		Start: contract.Milli(s.Start.UnixMilli()), Interval: s.Interval.Truncate(time.Millisecond), Timeout: s.Timeout.Truncate(time.Millisecond),
		RTT: s.RTT.Avg, Jitter: s.RTT.Jitter, Reason: s.Reason,
		Sent: Count(s.Sent), Lost: Count(s.Lost), Outcome: s.Outcome, ClockDoubt: doubt, Values: ValuesOf(s.Values),
	}
}

// Count keeps a number of requests as a verdict does.
func Count(n int) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }

// ValuesOf returns named values in millionths, as thresholds compare them.
func ValuesOf(fields []vouch.Field) []contract.Value {
	if len(fields) == 0 {
		return nil
	}
	out := make([]contract.Value, len(fields))
	for i, f := range fields {
		out[i] = contract.Value{Name: f.Name, Micro: microOf(f.Value)}
	}
	return out
}

// microOf returns a number in millionths, rounded, within what a threshold works with.
func microOf(v vouch.Value) contract.Micro {
	const whole = int64(contract.MaxMicro / contract.MicroOne)
	switch v.Kind() {
	case vouch.ValueInt:
		return contract.Micro(max(-whole, min(v.Int(), whole))) * contract.MicroOne
	case vouch.ValueUint:
		return contract.Micro(min(v.Uint(), uint64(whole))) * contract.MicroOne
	}
	most := float64(contract.MaxMicro)
	return contract.Micro(math.Round(max(-most, min(v.Float()*float64(contract.MicroOne), most))))
}

// Doubtful reports whether the stamp of a sample cannot be relied on (rule 0). An agent
// that knows nothing of its clock proves nothing about time.
func Doubtful(s vouch.Sample, clock evidence.Clock, received time.Time) bool {
	return !clock.Known || contract.ClockDoubt(clock.Offset, clock.Bound, s.Interval, s.Start, received)
}

// Heard is what one agent found about one subject: a device, or its own references.
// The zero value has heard nothing.
type Heard struct {
	tracks []*track // in the order in which they were first heard of
}

// track is what one check, or one reference, found. One that was assigned anew under
// its name with another kind is another.
type track struct {
	name     string
	kind     vouch.Kind
	gateway  bool
	unsorted bool
	samples  []contract.Sample
}

// Add enters a sample of a check or reference. Of two of one instant the later word
// counts.
func (h *Heard) Add(name string, kind vouch.Kind, gateway bool, s contract.Sample) {
	i := slices.IndexFunc(h.tracks, func(t *track) bool { return t.name == name && t.kind == kind && t.gateway == gateway })
	if i < 0 {
		h.tracks = append(h.tracks, &track{name: name, kind: kind, gateway: gateway})
		i = len(h.tracks) - 1
	}
	t := h.tracks[i]
	if n := len(t.samples); n > 0 && s.Start <= t.samples[n-1].Start {
		t.unsorted = true
	}
	t.samples = append(t.samples, s)
}

// Clone returns a copy to which other samples can be added.
func (h *Heard) Clone() *Heard {
	out := &Heard{tracks: make([]*track, len(h.tracks))}
	for i, t := range h.tracks {
		c := *t
		c.samples = slices.Clone(t.samples)
		out.tracks[i] = &c
	}
	return out
}

// Forget drops the samples before an instant.
func (h *Heard) Forget(before contract.Second) {
	at := contract.Milli(before) * 1000
	for _, t := range h.tracks {
		t.sort()
		i, _ := slices.BinarySearchFunc(t.samples, at, byStart)
		t.samples = append(t.samples[:0], t.samples[i:]...)
	}
}

func byStart(s contract.Sample, at contract.Milli) int { return cmp.Compare(s.Start, at) }

// sort brings the samples into the order of their stamps, the last of each.
func (t *track) sort() {
	if !t.unsorted {
		return
	}
	slices.SortStableFunc(t.samples, func(a, b contract.Sample) int { return cmp.Compare(a.Start, b.Start) })
	kept := 0
	for i, s := range t.samples {
		if i+1 == len(t.samples) || t.samples[i+1].Start != s.Start {
			t.samples[kept] = s
			kept++
		}
	}
	t.samples, t.unsorted = t.samples[:kept], false
}

// within returns the samples of [from, to).
func (t *track) within(span contract.Span) []contract.Sample {
	t.sort()
	i, _ := slices.BinarySearchFunc(t.samples, contract.Milli(span.From)*1000, byStart)
	j, _ := slices.BinarySearchFunc(t.samples, contract.Milli(span.To)*1000, byStart)
	return t.samples[i:max(i, j):max(i, j)]
}

// Checks returns the checks with their samples in a span, in the order of their names.
func (h *Heard) Checks(span contract.Span) []contract.Check {
	var out []contract.Check
	for _, t := range h.sorted() {
		if s := t.within(span); len(s) > 0 {
			out = append(out, contract.Check{Name: vouch.CheckName(t.name), Kind: t.kind, Samples: s})
		}
	}
	return out
}

// References is the same of an agent's references.
func (h *Heard) References(span contract.Span) []contract.Reference {
	var out []contract.Reference
	for _, t := range h.sorted() {
		if s := t.within(span); len(s) > 0 {
			out = append(out, contract.Reference{Name: t.name, Gateway: t.gateway, Samples: s})
		}
	}
	return out
}

func (h *Heard) sorted() []*track {
	if h == nil {
		return nil
	}
	return slices.SortedFunc(slices.Values(h.tracks), func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.kind, b.kind))
	})
}
