// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"slices"
)

// ExclusionKind is the ground on which time is claimed not to count.
type ExclusionKind string

const (
	Maintenance    ExclusionKind = "maintenance"     // planned work of the provider
	Intervention   ExclusionKind = "intervention"    // any other work of the provider
	OutsideControl ExclusionKind = "outside-control" // a circumstance outside the provider's control, not specified further
	ForceMajeure   ExclusionKind = "force-majeure"
	CustomerAct    ExclusionKind = "customer-act"
	Suspension     ExclusionKind = "suspension" // for non-payment, after notice
	Cybercrime     ExclusionKind = "cybercrime"
	ThirdParty     ExclusionKind = "third-party"
)

// ExclusionKinds lists every kind.
func ExclusionKinds() []ExclusionKind {
	return []ExclusionKind{Maintenance, Intervention, OutsideControl, ForceMajeure, CustomerAct, Suspension, Cybercrime, ThirdParty}
}

// Exclusion is a claim that some time does not count. It concerns the devices that
// the caller hands it to [Exclude] for: who is in scope is the caller's knowledge.
//
// Instants that records hold to a fraction of a second are rounded up ([Ceil]), so
// that an announcement made within the second after the beginning came too late.
type Exclusion struct {
	ID   string
	Kind ExclusionKind
	Span
	AnnouncedAt Second // zero: never
	RecordedAt  Second
	CancelledAt Second // zero: never; time passed under it by then stays as it was
	Accepted    bool
	Reason      string // in the words of who entered it
}

// Why says why an exclusion does not count. The empty string means that it does.
type Why string

const (
	WhyLate         Why = "announced after it began"
	WhyNotAnnounced Why = "never announced"
	WhyNotAccepted  Why = "not accepted"
	WhyCancelled    Why = "cancelled before it began"
	WhyNotAgreed    Why = "the contract does not exclude this"
	WhyNoContract   Why = "no contract in force"
	WhyEmpty        Why = "it covers no time"
)

// Decision is what became of an exclusion.
type Decision struct {
	Exclusion
	Counts []Span // the time that it takes out of the count, around the clock
	Why    Why    // why it does not count, or not under every version that it spans
}

// Decide judges exclusions by the versions that they fall under (rules 6 and 12). The
// decisions stand in the order of their beginning, then of their ID.
func Decide(versions []Version, exclusions []Exclusion) []Decision {
	out := make([]Decision, 0, len(exclusions))
	for _, e := range exclusions {
		out = append(out, decide(versions, e))
	}
	slices.SortStableFunc(out, func(a, b Decision) int {
		if a.From != b.From {
			return cmpSecond(a.From, b.From)
		}
		return cmpString(a.ID, b.ID)
	})
	return out
}

func decide(versions []Version, e Exclusion) Decision {
	d := Decision{Exclusion: e, Why: WhyNoContract}
	span := e.Span
	if e.CancelledAt != 0 {
		span.To = min(span.To, e.CancelledAt)
	}
	switch {
	case e.Empty():
		d.Why = WhyEmpty
		return d
	case span.Empty():
		d.Why = WhyCancelled
		return d
	}
	first := true
	for _, p := range inForce(versions, span) {
		why := e.weigh(p.version.Terms)
		if why == "" {
			d.Counts = append(d.Counts, p.Span)
		}
		if first || d.Why == "" {
			d.Why = why
		}
		first = false
	}
	d.Counts = Union(d.Counts)
	return d
}

// weigh returns why e does not count under the terms, empty when it does.
func (e Exclusion) weigh(t Terms) Why {
	i := slices.IndexFunc(t.Exclusions, func(r ExclusionRule) bool { return r.Kind == e.Kind })
	if i < 0 {
		return WhyNotAgreed
	}
	r := t.Exclusions[i]
	switch {
	case r.Announced && e.AnnouncedAt == 0:
		return WhyNotAnnounced
	case r.Announced && e.AnnouncedAt > e.From:
		return WhyLate
	case r.Accepted && !e.Accepted:
		return WhyNotAccepted
	}
	return ""
}

// Exclude marks the segments of a device's verdict with the exclusions that take them
// out of the count, splitting segments at their edges.
func Exclude(verdict []Segment, decisions []Decision) []Segment {
	out := make([]Segment, 0, len(verdict)+2*len(decisions))
	edges := make([]Second, 0, 2*len(decisions))
	for _, d := range decisions {
		for _, s := range d.Counts {
			edges = append(edges, s.From, s.To)
		}
	}
	slices.Sort(edges)
	for _, s := range verdict {
		i, _ := slices.BinarySearch(edges, s.From+1)
		for from := s.From; from < s.To; i++ {
			to := s.To
			if i < len(edges) {
				to = min(to, edges[i])
			}
			piece := s
			piece.Span = Span{from, to}
			piece.Excluded = takers(decisions, from)
			out = push(out, piece)
			from = to
		}
	}
	return out
}

// takers returns the sorted IDs of the decisions that take the second at t out.
func takers(decisions []Decision, t Second) []string {
	var ids []string
	for _, d := range decisions {
		if slices.ContainsFunc(d.Counts, func(s Span) bool { return s.Contains(t) }) {
			ids = append(ids, d.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
