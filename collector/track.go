// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// track is what one agent found by one check, or about one reference, lately. A
// sample that only a heartbeat told of is tentative until a batch confirms it.
type track struct {
	name      string
	kind      vouch.Kind
	gateway   bool
	samples   []contract.Sample // by Start, no two alike
	tentative []bool            // same length as samples
	last      found             // the newest
}

// add enters one sample. It returns false when it contradicts what a heartbeat, or a
// batch, said of the same instant before; the later word is kept if it is a batch's.
func (t *track) add(f found, tentative bool) bool {
	s := sampleOf(f)
	// One that was stamped by a clock that ran ahead is the newest only until the clock is right.
	if f.Start >= t.last.Start || t.last.Doubt && !f.Doubt {
		t.last, t.kind, t.gateway = f, f.Kind, f.Gateway
	}
	i, have := slices.BinarySearchFunc(t.samples, s.Start, func(x contract.Sample, at contract.Milli) int { return cmp.Compare(x.Start, at) })
	if !have {
		t.samples = slices.Insert(t.samples, i, s)
		t.tentative = slices.Insert(t.tentative, i, tentative)
		return true
	}
	agrees := t.samples[i].Outcome == s.Outcome
	if !tentative {
		t.samples[i], t.tentative[i] = s, false
	}
	return agrees
}

// confirm removes the tentative samples before through, now that batches reach it. It
// returns how many of them lie in the range that the batch vouches for, [from,
// through): those it should have held. One from before was lost in the agent with
// what it had not sealed, and contradicts nothing.
func (t *track) confirm(from, through contract.Milli) (contradicted int) {
	kept := 0
	for i := range t.samples {
		if at := t.samples[i].Start; t.tentative[i] && at < through {
			if at >= from {
				contradicted++
			}
			continue
		}
		t.samples[kept], t.tentative[kept] = t.samples[i], t.tentative[i]
		kept++
	}
	t.samples, t.tentative = t.samples[:kept], t.tentative[:kept]
	return contradicted
}

// forget drops the samples before an instant.
func (t *track) forget(before contract.Second) {
	at := contract.Milli(before) * 1000
	i, _ := slices.BinarySearchFunc(t.samples, at, func(x contract.Sample, at contract.Milli) int { return cmp.Compare(x.Start, at) })
	if i > 64 || i > len(t.samples)/2 { // moving a few samples at every look costs more than keeping them
		t.samples = slices.Clone(t.samples[i:])
		t.tentative = slices.Clone(t.tentative[i:])
	}
}

// sampleOf keeps of a found sample what a verdict or a threshold can rest on.
func sampleOf(f found) contract.Sample {
	return contract.Sample{
		Start: contract.Milli(f.Start), Interval: f.Interval, Timeout: f.Timeout,
		RTT: f.RTT.Avg, Jitter: f.RTT.Jitter, Reason: f.Reason,
		Sent: book.Count(f.Sent), Lost: book.Count(f.Lost), Outcome: f.Outcome, ClockDoubt: f.Doubt, Values: f.Values,
	}
}

// heard is what one agent found lately about one subject: a device, or for the
// subject "@" the agent's own references.
type heard map[string]*track

func (h heard) track(f found) *track {
	t := h[f.Source]
	if t == nil {
		t = &track{name: f.Source, kind: f.Kind, gateway: f.Gateway}
		h[f.Source] = t
	}
	return t
}

// checks and references return the tracks in the form that a verdict is made of,
// in the order of their names.
func (h heard) checks() []contract.Check {
	out := make([]contract.Check, 0, len(h))
	for _, t := range h.sorted() {
		out = append(out, contract.Check{Name: vouch.CheckName(t.name), Kind: t.kind, Samples: t.samples})
	}
	return out
}

func (h heard) references() []contract.Reference {
	out := make([]contract.Reference, 0, len(h))
	for _, t := range h.sorted() {
		out = append(out, contract.Reference{Name: t.name, Gateway: t.gateway, Samples: t.samples})
	}
	return out
}

func (h heard) sorted() []*track {
	out := make([]*track, 0, len(h))
	for _, t := range h {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *track) int { return cmp.Compare(a.name, b.name) })
	return out
}

// word is what the collector last heard of an agent for one customer.
type word struct {
	heartbeat time.Time      // when the latest heartbeat was made, by the agent's clock
	received  time.Time      // when it came
	through   contract.Milli // batches of the availability stream reach so far
	batchAt   time.Time      // when the latest of them came
	clock     evidence.Clock
	dropped   int64
}
