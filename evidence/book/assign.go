// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Assigned names one check, or one reference, of one agent. For a reference the device
// is empty.
type Assigned struct {
	Agent  vouch.AgentID
	Device vouch.DeviceID
	Name   string
}

func (a Assigned) compare(o Assigned) int {
	return cmp.Or(cmp.Compare(a.Agent, o.Agent), cmp.Compare(a.Device, o.Device), cmp.Compare(a.Name, o.Name))
}

// takeAssignment ends what the agent had at the site and begins what it has now. A
// check that goes on keeps its span.
func (b *Book) takeAssignment(rec evidence.Record) error {
	a, err := body[AssignmentBody](rec)
	if err != nil {
		return err
	}
	at := contract.Floor(rec.Effective)
	want := map[Assigned]bool{}
	b.assignings++
	for _, c := range a.Checks {
		k := Assigned{a.Agent, c.Device, string(c.Check)}
		want[k] = true
		if _, ok := b.asked[k]; !ok {
			b.asked[k] = asked{b.assignings, a.Admission}
			b.asking = b.asking || a.Admission > 0
		}
	}
	for _, r := range a.References {
		want[Assigned{a.Agent, "", r.Reference}] = true
	}
	for k := range b.subjects[a.Subject] {
		spans := b.assigned[k]
		// A reference may serve another site of the customer, so it does not end here.
		if k.Device != "" && !want[k] && spans[len(spans)-1].To == Endless {
			spans[len(spans)-1].To = at
		}
	}
	b.subjects[a.Subject] = want
	for k := range want {
		spans := b.assigned[k]
		if n := len(spans); n == 0 || spans[n-1].To != Endless {
			b.assigned[k] = append(spans, contract.Span{From: at, To: Endless})
		}
		if since, ok := b.since[k.Device]; !ok || at < since {
			b.since[k.Device] = at
		}
	}
	return nil
}

// assignmentGrace is how far a sample's stamp may lie outside the time in which its
// check was assigned: an agent hears of a change within a heartbeat or when it can
// reach the collector again, and its clock may be off. What a stamp is worth is
// decided by rule 0; here only an invented check is to be told from a real one.
const assignmentGrace contract.Second = 15 * 60

// MayMeasure reports whether an agent had this check, or reference, at that time.
func (b *Book) MayMeasure(s vouch.Sample) bool {
	k := Assigned{s.Agent, s.Device, string(s.Check)}
	if s.Device == "" {
		k.Name = s.Reference
	}
	at := contract.Floor(s.Start)
	return slices.ContainsFunc(b.assigned[k], func(x contract.Span) bool {
		return x.From-assignmentGrace <= at && (x.To == Endless || at < x.To+assignmentGrace)
	})
}

// MeasuredSince returns the first second of which a device can have a sample: when a
// check of it was first assigned. It is now for a device that nobody was told to
// measure.
func (b *Book) MeasuredSince(d vouch.DeviceID, now contract.Second) contract.Second {
	if since, ok := b.since[d]; ok {
		return min(since, now)
	}
	return now
}

// Measuring returns the agents that a check of a device was assigned to in a span, in
// no order.
func (b *Book) Measuring(d vouch.DeviceID, span contract.Span) []vouch.AgentID {
	var out []vouch.AgentID
	for k, spans := range b.assigned {
		if k.Device == d && !slices.Contains(out, k.Agent) && slices.ContainsFunc(spans, span.Overlaps) {
			out = append(out, k.Agent)
		}
	}
	return out
}

// AssignedIn returns the checks and references that were assigned in a span, in order.
func (b *Book) AssignedIn(span contract.Span) []Assigned {
	out := slices.SortedFunc(maps.Keys(b.assigned), Assigned.compare)
	return slices.DeleteFunc(out, func(k Assigned) bool { return !slices.ContainsFunc(b.assigned[k], span.Overlaps) })
}

// least is the least that is looked back from an instant for what bears on it.
const least contract.Second = 300

// Lookback is how far before an instant samples can still bear on the verdict of a
// device: the longest hold of a sample, and three times what a threshold needs to
// degrade a witness and to clear it again. It follows from the contract alone, so
// that a verdict does not depend on when it was computed.
func (b *Book) Lookback() contract.Second {
	out := least
	for _, v := range b.versions {
		out = max(out, 2*seconds(2*v.Terms.Interval+v.Terms.Timeout))
		for _, th := range v.Terms.Thresholds {
			out = max(out, seconds(3*(th.Window+th.For+th.ClearFor)+2*v.Terms.Interval+v.Terms.Timeout))
		}
	}
	return out
}

// Told returns the time in which each agent had a check of the customer's to run.
func (b *Book) Told() map[vouch.AgentID][]contract.Span {
	out := map[vouch.AgentID][]contract.Span{}
	for k, spans := range b.assigned {
		if k.Device != "" {
			out[k.Agent] = append(out[k.Agent], spans...)
		}
	}
	for a := range out {
		out[a] = contract.Union(out[a])
	}
	return out
}
