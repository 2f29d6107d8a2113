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
	AcceptedBy  Acceptance // who did: [AcceptedProvider] or [AcceptedCustomer]; empty means the provider
	ToldAt      Second     // when it was put to the customer, whose silence may accept it; zero: never
	ObjectedAt  Second     // when the customer objected; zero: never
	RejectedAt  Second     // when the provider himself turned it down; zero: never
	CorrectedAt Second     // when another was entered in its place; zero: never
	Author      string     // who entered it
	Approver    string     // who approved it
	Evidence    []string   // what proves it, by name or hash
	Reason      string     // in the words of who entered it
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
