// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// selfCheck looks whether agents' samples of their own references bear out what they say
// of themselves. An agent whose gateway, or everything beyond it, is silent says unknown
// instead of down, and that is taken at its word; but it asks those references in rounds,
// and what they answered stands in the same batches.
type selfCheck struct {
	done  contract.Milli // samples before it were looked at
	said  map[unborne]*times
	total int
}

// unborne is an unknown that is not borne out: who said it, of what, and why.
type unborne struct {
	agent  vouch.AgentID
	device vouch.DeviceID
	check  vouch.CheckName
	reason vouch.Reason
	mute   bool // no reference was asked around it
}

// times counts samples from one instant to another.
type times struct {
	n        int
	from, to contract.Milli
}

// look looks at the samples of the period up to an instant up to which all were read, but
// for the newest: the references that were asked after those may stand in a later batch.
func (s *selfCheck) look(c *computation, until contract.Second) {
	edge := contract.Milli(c.period.To) * 1000
	if until <= c.period.To {
		edge = contract.Milli(until-c.v.book.Lookback()/2) * 1000
	}
	from := max(s.done, contract.Milli(c.period.From)*1000)
	if edge <= from {
		return
	}
	span := contract.Span{From: from.Floor(), To: contract.Second((edge + 999) / 1000)}
	for d, agents := range c.found {
		for a, h := range agents {
			var refs []contract.Reference
			for _, k := range h.Checks(span) {
				for _, x := range k.Samples {
					if x.Start < from || x.Start >= edge || x.Outcome != vouch.Unknown || x.Reason != vouch.ReasonLocation && x.Reason != vouch.ReasonNetwork {
						continue
					}
					if refs == nil {
						refs = c.selves[a].References(contract.Span{From: 0, To: c.period.To + c.v.book.Lookback()})
					}
					s.total++
					if borne, mute := bears(refs, x); !borne {
						s.add(unborne{a, d, k.Name, x.Reason, mute}, x.Start)
					}
				}
			}
		}
	}
	s.done = edge
}

func (s *selfCheck) add(k unborne, at contract.Milli) {
	t := s.said[k]
	if t == nil {
		t = &times{from: at, to: at}
		s.said[k] = t
	}
	t.n, t.from, t.to = t.n+1, min(t.from, at), max(t.to, at)
}

// bears reports whether the references bear a sample out that is unknown for want of
// them: the gateways for a location, those beyond for the provider's network, and those
// beyond for a location without a gateway (contract-rules.md section 3). One that
// answered both the last time before and the first time after, each while that sample
// still speaks, contradicts it. mute says that none was asked around it.
func bears(refs []contract.Reference, x contract.Sample) (borne, mute bool) {
	gateways := slices.ContainsFunc(refs, func(r contract.Reference) bool { return r.Gateway })
	mute = true
	for _, r := range refs {
		if r.Gateway != (x.Reason == vouch.ReasonLocation && gateways) {
			continue
		}
		i, _ := slices.BinarySearchFunc(r.Samples, x.Start+1, func(s contract.Sample, at contract.Milli) int { return cmp.Compare(s.Start, at) })
		near := func(n int) bool {
			if n < 0 || n >= len(r.Samples) {
				return false
			}
			s := r.Samples[n]
			holds := contract.Milli((2*s.Interval + s.Timeout) / time.Millisecond)
			return x.Start-s.Start <= holds && s.Start-x.Start <= holds
		}
		if near(i-1) || near(i) {
			mute = false
		}
		answered := func(n int) bool { return near(n) && contract.Answers(r.Samples[n].Outcome, r.Samples[n].Reason) }
		if answered(i-1) && answered(i) {
			return false, false
		}
	}
	return !mute, mute
}

// report lists what is not borne out.
func (s *selfCheck) report(rep *Report) {
	for _, k := range slices.SortedFunc(maps.Keys(s.said), func(a, b unborne) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.device, b.device), cmp.Compare(a.check, b.check), cmp.Compare(a.reason, b.reason), compareBool(a.mute, b.mute))
	}) {
		t, why := s.said[k], "while its own references answered before and after"
		if k.mute {
			why = "and no reference of its own is in the ledger around that"
		}
		rep.open(TopicSelf, "agent "+string(k.agent), "that it could not ask: %d times from %s to %s it said unknown (%s) of check %s of device %s, %s; each was taken at its word, and is not down",
			t.n, utcMilli(int64(t.from)), utcMilli(int64(t.to)), k.reason, k.check, k.device, why)
	}
	if s.total > 0 && len(s.said) == 0 {
		rep.proven(TopicSelf, "", "%d samples are unknown because agents could not ask; each time their own references did not answer", s.total)
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
