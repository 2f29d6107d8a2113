// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "slices"

// Missing returns everything that keeps an exclusion from counting in full, in the
// order in which it is found: [Scope.Decide] names the first thing only, and whoever
// enters a claim wants to know all of them. It looks at the exclusion alone, so that
// caps are not among them.
func (s Scope) Missing(e Exclusion) []Why {
	var out []Why
	for {
		d := s.Decide([]Exclusion{e})[0]
		found := []Why{d.Why}
		for _, r := range d.Refused {
			found = append(found, r.Why)
		}
		more := false
		for _, why := range found {
			if why == "" || slices.Contains(out, why) {
				continue
			}
			out, more = append(out, why), true
			e.mend(why)
		}
		if !more {
			return out
		}
	}
}

// mend makes an exclusion fulfil a condition, where anything can.
func (e *Exclusion) mend(why Why) {
	switch why {
	case WhyLate, WhyNotAnnounced, WhyDelay, WhyShortNotice:
		e.AnnouncedAt = min(e.From-horizon, -1) // zero would be never
	case WhyNotAccepted:
		e.Accepted = true
	case WhyNotCustomer, WhyNotTold, WhyObjected, WhyPending:
		e.Accepted, e.AcceptedBy = true, AcceptedCustomer
	case WhyNoEvidence:
		e.Evidence = []string{"some"}
	case WhyFourEyes:
		e.Author, e.Approver = "one", "another"
	case WhyClaimedLate:
		e.RecordedAt = max(e.From, 1) // zero would be never
	}
}

// FourEyes reports whether a version that an exclusion falls under asks for a second
// person.
func (s Scope) FourEyes(e Exclusion) bool {
	return slices.ContainsFunc(inForce(s.Versions, e.Span), func(r reign) bool { return r.version.Terms.exclusion(e.Kind).FourEyes })
}

// Silence returns when the silence of a customer who was told accepts an exclusion
// under every version that it falls under; false where silence accepts nothing.
func (s Scope) Silence(e Exclusion) (end Second, ok bool) {
	for _, r := range inForce(s.Versions, e.Span) {
		if rule := r.version.Terms.exclusion(e.Kind); rule.Accepted == AcceptedDeemed && e.ToldAt != 0 {
			end, ok = max(end, rule.Deemed.Expires(e.ToldAt, r.version.Terms.OfficeCalendar())), true
		}
	}
	return end, ok
}
