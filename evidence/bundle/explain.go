// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"maps"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// explain keeps what each location said of a device at the instant that was asked about,
// if it lies in the span that was judged last.
func (c *computation) explain(d vouch.DeviceID, span contract.Span) {
	if c.v.opts.Explain.IsZero() {
		return
	}
	at := contract.Floor(c.v.opts.Explain)
	if !span.Contains(at) || !c.spans[d].Contains(at) {
		return
	}
	seg, ok := findSegment(contract.Exclude(c.verdicts[d], c.v.book.Decide(d, c.now)), at)
	if !ok {
		return
	}
	out := DeviceExplanation{
		Device: cleaned(d), State: seg.State.String(), Reason: clean(string(seg.Reason)), From: seg.From.Time(), To: seg.To.Time(), Witnesses: []Witnessed{},
	}
	for _, id := range seg.Excluded {
		out.Excluded = append(out.Excluded, clean(id))
	}
	back := contract.Span{From: c.v.book.Back(span).From, To: at + 1}
	for _, w := range seg.Witnesses {
		out.Witnesses = append(out.Witnesses, Witnessed{
			Location: cleaned(w.Location), Custody: cleaned(w.Custody), Votes: w.Votes, State: w.State.String(), Reason: clean(string(w.Reason)), Last: c.last(d, w.Location, back),
		})
	}
	c.v.rep.Explain.Devices = append(c.v.rep.Explain.Devices, out)
}

// last returns the last samples of the agents at a location within a span: of each check
// of the device, and of each reference by which they prove their own health.
func (c *computation) last(d vouch.DeviceID, at vouch.LocationID, back contract.Span) []LastSample {
	out := []LastSample{}
	agents := map[vouch.AgentID]bool{}
	for a := range c.found[d] {
		agents[a] = true
	}
	for _, a := range slices.Sorted(maps.Keys(agents)) {
		if l, _, ok := c.v.book.Speaker(a); !ok || l != at {
			continue
		}
		for _, k := range c.found[d][a].Checks(back) {
			out = append(out, lastOf(a, string(k.Name), k.Samples))
		}
		for _, r := range c.selves[a].References(back) {
			out = append(out, lastOf(a, "reference "+r.Name, r.Samples))
		}
	}
	return out
}

func lastOf(a vouch.AgentID, name string, samples []contract.Sample) LastSample {
	s := samples[len(samples)-1]
	return LastSample{
		Agent: a, Check: vouch.CheckName(clean(name)), At: s.Start.Floor().Time(), Outcome: s.Outcome.String(), Reason: clean(string(s.Reason)), RTTus: s.RTT.Microseconds(),
	}
}

func cleaned[T ~string](s T) T { return T(clean(string(s))) }
