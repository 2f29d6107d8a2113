// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// selfCheck looks what rests on agents' word on themselves: that they could not ask, what
// their clocks are worth, and how often they asked. All of it is taken as they say; what
// nothing else bears out is listed.
//
// An agent whose gateway, or everything beyond it, is silent says unknown instead of
// down. It asks those references in rounds, and what they answered stands in the same
// batches.
type selfCheck struct {
	done  contract.Milli // samples before it were looked at
	told  map[book.Assigned]time.Duration
	said  map[word]*times
	borne int // unknowns that the references bear out
}

// word is something that an agent says of itself, of one check.
type word struct {
	agent  vouch.AgentID
	device vouch.DeviceID
	check  vouch.CheckName
	what   saying
	reason vouch.Reason // of an unknown
}

type saying int

const (
	answered saying = iota // it could not ask, while its references answered
	mute                   // it could not ask, and asked no reference
	own                    // unknown for another reason of its own
	doubted                // at a time that its clock contradicts
	slow                   // less often than it was told
)

// times counts samples from one instant to another.
type times struct {
	n        int
	from, to contract.Milli
	every    time.Duration // the longest interval
}

func newSelfCheck(v *verifier) selfCheck {
	s := selfCheck{told: map[book.Assigned]time.Duration{}, said: map[word]*times{}}
	for n, rec := range v.records {
		var b book.AssignmentBody
		if rec.Kind != evidence.KindAssignment || v.indexes[n] >= v.issue.Size || json.Unmarshal(rec.Body, &b) != nil {
			continue
		}
		for _, c := range b.Checks {
			k := book.Assigned{Agent: b.Agent, Device: c.Device, Name: string(c.Check)}
			s.told[k] = max(s.told[k], time.Duration(c.Interval)*time.Millisecond)
		}
	}
	return s
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
	s.done = edge
	span := contract.Span{From: from.Floor(), To: contract.Second((edge + 999) / 1000)}
	for d, agents := range c.found {
		for a, h := range agents {
			refs := func() []contract.Reference {
				return c.selves[a].References(contract.Span{From: 0, To: c.period.To + c.v.book.Lookback()})
			}
			for _, k := range h.Checks(span) {
				told := s.told[book.Assigned{Agent: a, Device: d, Name: string(k.Name)}]
				for i := range k.Samples {
					if x := &k.Samples[i]; x.Start >= from && x.Start < edge {
						s.sample(word{agent: a, device: d, check: k.Name}, x, told, refs)
					}
				}
			}
		}
	}
}

// sample looks at one sample.
func (s *selfCheck) sample(w word, x *contract.Sample, told time.Duration, refs func() []contract.Reference) {
	if x.Interval > told {
		s.add(word{w.agent, w.device, w.check, slow, ""}, x)
	}
	switch {
	case x.ClockDoubt:
		s.add(word{w.agent, w.device, w.check, doubted, ""}, x)
	case x.Outcome != vouch.Unknown:
	case x.Reason != vouch.ReasonLocation && x.Reason != vouch.ReasonNetwork:
		s.add(word{w.agent, w.device, w.check, own, x.Reason}, x)
	default:
		switch what, borne := bears(refs(), x); {
		case borne:
			s.borne++
		default:
			s.add(word{w.agent, w.device, w.check, what, x.Reason}, x)
		}
	}
}

func (s *selfCheck) add(w word, x *contract.Sample) {
	t := s.said[w]
	if t == nil {
		t = &times{from: x.Start, to: x.Start}
		s.said[w] = t
	}
	t.n, t.from, t.to, t.every = t.n+1, min(t.from, x.Start), max(t.to, x.Start), max(t.every, x.Interval)
}

// bears reports whether the references bear a sample out that is unknown for want of
// them: the gateways for a location, those beyond for the provider's network, and those
// beyond for a location without a gateway (contract-rules.md section 3). One that
// answered both the last time before and the first time after, each while that sample
// still speaks, contradicts it.
func bears(refs []contract.Reference, x *contract.Sample) (saying, bool) {
	gateways := slices.ContainsFunc(refs, func(r contract.Reference) bool { return r.Gateway })
	asked := false
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
		answers := func(n int) bool { return near(n) && contract.Answers(r.Samples[n].Outcome, r.Samples[n].Reason) }
		asked = asked || near(i-1) || near(i)
		if answers(i-1) && answers(i) {
			return answered, false
		}
	}
	return mute, asked
}

// report lists what is not borne out.
func (s *selfCheck) report(rep *Report) {
	for _, w := range slices.SortedFunc(maps.Keys(s.said), func(a, b word) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.what, b.what), cmp.Compare(a.device, b.device), cmp.Compare(a.check, b.check), cmp.Compare(a.reason, b.reason))
	}) {
		t := s.said[w]
		when := fmt.Sprintf("%d times from %s to %s", t.n, utcMilli(int64(t.from)), utcMilli(int64(t.to)))
		what := fmt.Sprintf("check %s of device %s", w.check, w.device)
		list := func(topic Topic, format string, args ...any) {
			rep.open(topic, "agent "+string(w.agent), format, args...)
		}
		switch w.what {
		case answered:
			list(TopicSelf, "that it could not ask: %s it said unknown (%s) of %s, while its own references answered before and after; each was taken at its word, and is not down", when, w.reason, what)
		case mute:
			list(TopicSelf, "that it could not ask: %s it said unknown (%s) of %s, and no reference of its own is in the ledger around that; each was taken at its word, and is not down", when, w.reason, what)
		case own:
			list(TopicSelf, "why it could not tell: %s it said unknown (%s) of %s, and nothing else bears that out", when, w.reason, what)
		case doubted:
			list(TopicSelf, "when it asked: %s what it found of %s is unknown because its clock, as it says itself, cannot be relied on", when, what)
		case slow:
			list(TopicComplete, "that it asked as often as it was told: %s it said that %s ran every %v, and it was told every %v; what is found holds for twice as long", when, what, t.every, s.told[book.Assigned{Agent: w.agent, Device: w.device, Name: string(w.check)}])
		}
	}
	if s.borne > 0 && len(s.said) == 0 {
		rep.proven(TopicSelf, "", "%d samples are unknown because agents could not ask; each time their own references did not answer", s.borne)
	}
}
