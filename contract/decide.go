// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"slices"
	"time"
)

// Why says why an exclusion does not count. The empty string means that it does.
type Why string

const (
	WhyLate         Why = "announced after it began"
	WhyNotAnnounced Why = "never announced"
	WhyDelay        Why = "not announced without delay"
	WhyShortNotice  Why = "announced with less notice than agreed"
	WhyOfficeHours  Why = "inside office hours"
	WhyNotAccepted  Why = "not accepted"
	WhyNotCustomer  Why = "not accepted by the customer"
	WhyObjected     Why = "the customer objected"
	WhyPending      Why = "the customer can still object"
	WhyNotTold      Why = "the customer was not told"
	WhyNoEvidence   Why = "no evidence"
	WhyFourEyes     Why = "not approved by a second person"
	WhyClaimedLate  Why = "claimed too late"
	WhyBeyondCap    Why = "beyond the excluded hours of a month"
	WhyCancelled    Why = "cancelled before it began"
	WhyNotAgreed    Why = "the contract does not exclude this"
	WhyNoContract   Why = "no contract in force"
	WhyNotInBase    Why = "not in the installed base"
	WhyOutsideLease Why = "outside the lease"
	WhyRejected     Why = "rejected"
	WhyCorrected    Why = "corrected by another claim"
	WhyEmpty        Why = "it covers no time"
)

// Note is something that a statement says of an exclusion whether it counts or not.
type Note string

const (
	NoteShortNotice Note = "announced with less notice than agreed"
	NoteOfficeHours Note = "inside office hours"
	NoteDeemed      Note = "accepted by silence"
	NoteRetroactive Note = "recorded after it began"
)

// Refusal is time that an exclusion claims and does not take out.
type Refusal struct {
	Span
	Why Why
}

// Decision is what became of an exclusion.
type Decision struct {
	Exclusion
	Counts  []Span    // the time that it takes out of the count, around the clock
	Why     Why       // why it does not count, or not all of it: the first of Refused
	Refused []Refusal // the time that it does not take out, in order
	Notes   []Note
}

// Scope is what exclusions are decided by for one subject.
type Scope struct {
	Versions []Version
	Leases   []Span // of the subject; nil for no bounds
	Absent   bool   // the subject is not in the installed base
	// Now is the instant as of which silence is read. At zero nothing is accepted by
	// silence yet.
	Now Second
}

// Decide judges exclusions by the versions that they fall under (rules 6 and 12). The
// decisions stand in the order of their beginning, then of their ID. Acceptance by
// silence is not among what it can know; see [Scope.Decide].
func Decide(versions []Version, exclusions []Exclusion) []Decision {
	return Scope{Versions: versions}.Decide(exclusions)
}

// Decide judges the exclusions that concern a subject: each by the version in force
// over each part of it, then all together by the monthly caps. A cap is used up in
// order of time, by service time; what lies beyond it counts.
func (s Scope) Decide(exclusions []Exclusion) []Decision {
	out := make([]Decision, 0, len(exclusions))
	for _, e := range exclusions {
		out = append(out, s.decide(e))
	}
	slices.SortStableFunc(out, func(a, b Decision) int {
		if a.From != b.From {
			return cmpSecond(a.From, b.From)
		}
		return cmpString(a.ID, b.ID)
	})
	for _, k := range ExclusionKinds() {
		s.cap(out, []ExclusionKind{k}, func(t *Terms) time.Duration { return t.exclusion(k).MonthlyCap })
	}
	s.cap(out, ExclusionKinds(), func(t *Terms) time.Duration { return t.ExcludedCap })
	for i := range out {
		out[i].conclude()
	}
	return out
}

// horizon bounds an exclusion without an end: nothing is followed for longer.
const horizon = 20 * 366 * day

func (s Scope) decide(e Exclusion) Decision {
	d := Decision{Exclusion: e}
	span := Span{e.From, min(e.To, e.From+horizon)}
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
	case e.CorrectedAt != 0:
		d.Counts = []Span{span}
		d.refuse(d.Counts, WhyCorrected)
		return d
	case e.RejectedAt != 0:
		d.Counts = []Span{span}
		d.refuse(d.Counts, WhyRejected)
		return d
	case s.Absent:
		d.Counts = []Span{span}
		d.refuse(d.Counts, WhyNotInBase)
		return d
	}
	reigns := inForce(s.Versions, span)
	d.Counts = []Span{span}
	d.refuse(Subtract(d.Counts, spansOf(reigns)), WhyNoContract)
	for _, r := range reigns {
		d.weigh(&r.version.Terms, r.Span, s.Now)
	}
	if s.Leases != nil {
		d.refuse(Subtract(d.Counts, s.Leases), WhyOutsideLease)
	}
	if e.RecordedAt > e.From {
		d.Notes = append(d.Notes, NoteRetroactive)
	}
	return d
}

func spansOf(reigns []reign) []Span {
	var out []Span
	for _, r := range reigns {
		out = append(out, r.Span)
	}
	return out
}

// weigh applies the rule that the terms have for the kind to the part of the
// exclusion that lies in span.
func (d *Decision) weigh(t *Terms, span Span, now Second) {
	if !slices.ContainsFunc(t.Exclusions, func(r ExclusionRule) bool { return r.Kind == d.Kind }) {
		d.refuse([]Span{span}, WhyNotAgreed)
		return
	}
	r, office := t.exclusion(d.Kind), t.OfficeCalendar()
	why := r.announced(&d.Exclusion)
	if why == "" && r.Ahead.Set() && d.AnnouncedAt > r.Ahead.Latest(d.From, office) {
		switch r.Short {
		case Refuse:
			why = WhyShortNotice
		case Flag:
			d.note(NoteShortNotice)
		}
	}
	if why == "" {
		why = r.accepted(&d.Exclusion, office, now)
	}
	switch {
	case why != "":
	case r.Evidence && len(d.Evidence) == 0:
		why = WhyNoEvidence
	case r.FourEyes && (d.Author == "" || d.Approver == "" || d.Author == d.Approver):
		why = WhyFourEyes
	case r.Within.Set() && (d.RecordedAt == 0 || d.RecordedAt > r.Within.Expires(d.To, office)):
		why = WhyClaimedLate
	}
	if why != "" {
		d.refuse([]Span{span}, why)
		return
	}
	if r.Accepted == AcceptedDeemed && !d.byCustomer() {
		d.note(NoteDeemed)
	}
	if len(t.Office.Windows) > 0 && r.OfficeHours != Ignore {
		d.office(r.OfficeHours, office.Spans(span))
	}
}

// office treats time inside office hours. It is asked only of terms that name some:
// hours that stand in for others would flag every work there is.
func (d *Decision) office(r Response, hours []Span) {
	switch {
	case len(Intersect(d.Counts, hours)) == 0:
	case r == Refuse:
		d.refuse(hours, WhyOfficeHours)
	default:
		d.note(NoteOfficeHours)
	}
}

func (r ExclusionRule) announced(e *Exclusion) Why {
	switch {
	case r.Announced != NoticeBefore && r.Announced != NoticeWithoutDelay:
		return ""
	case e.AnnouncedAt == 0:
		return WhyNotAnnounced
	case r.Announced == NoticeBefore && e.AnnouncedAt > e.From:
		return WhyLate
	case r.Announced == NoticeWithoutDelay && e.AnnouncedAt > e.From+ceilSeconds(r.Delay):
		return WhyDelay
	}
	return ""
}

func (e *Exclusion) byCustomer() bool { return e.Accepted && e.AcceptedBy == AcceptedCustomer }

// accepted returns why the exclusion is not accepted. What the customer accepts needs
// nobody else; an objection after the time for it has passed is too late.
func (r ExclusionRule) accepted(e *Exclusion, office Calendar, now Second) Why {
	switch r.Accepted {
	case AcceptedProvider:
		if !e.Accepted {
			return WhyNotAccepted
		}
	case AcceptedCustomer:
		if !e.byCustomer() {
			return WhyNotCustomer
		}
	case AcceptedDeemed:
		if e.byCustomer() {
			return ""
		}
		if e.ToldAt == 0 {
			return WhyNotTold
		}
		end := r.Deemed.Expires(e.ToldAt, office)
		switch {
		case e.ObjectedAt != 0 && e.ObjectedAt < end:
			return WhyObjected
		case now < end:
			return WhyPending
		}
	}
	return ""
}

func (d *Decision) note(n Note) {
	if !slices.Contains(d.Notes, n) {
		d.Notes = append(d.Notes, n)
	}
}

// refuse takes time out of what counts, for a reason.
func (d *Decision) refuse(spans []Span, why Why) {
	for _, s := range Intersect(d.Counts, spans) {
		d.Refused = append(d.Refused, Refusal{s, why})
	}
	d.Counts = Subtract(d.Counts, spans)
}

// conclude orders what was refused.
func (d *Decision) conclude() {
	slices.SortStableFunc(d.Refused, func(a, b Refusal) int { return cmpSecond(a.From, b.From) })
	if d.Why == "" && len(d.Refused) > 0 {
		d.Why = d.Refused[0].Why
	}
}

// exclusion returns the rule for a kind; the zero rule where there is none.
func (t *Terms) exclusion(k ExclusionKind) ExclusionRule {
	for _, r := range t.Exclusions {
		if r.Kind == k {
			return r
		}
	}
	return ExclusionRule{}
}

// cap lets the decisions of some kinds take no more service time out of a calendar
// month than the terms allow. Hours used under one version count under the next.
func (s Scope) cap(decisions []Decision, kinds []ExclusionKind, limit func(*Terms) time.Duration) {
	if !slices.ContainsFunc(s.Versions, func(v Version) bool { return limit(&v.Terms) > 0 }) {
		return
	}
	var all []Span
	for _, d := range decisions {
		if slices.Contains(kinds, d.Kind) {
			all = append(all, d.Counts...)
		}
	}
	if all = Union(all); len(all) == 0 {
		return
	}
	used := map[Date]int64{}
	for _, r := range inForce(s.Versions, Span{all[0].From, all[len(all)-1].To}) {
		t := &r.version.Terms
		calendar, most := t.Calendar(), int64(limit(t)/time.Second)
		for at := r.From; at < r.To; {
			y, m, _ := at.Time().In(t.Zone.Location()).Date()
			month := t.Zone.Month(y, m).Clip(r.Span)
			taken := Intersect(all, []Span{month})
			if len(taken) > 0 {
				taken = Intersect(taken, calendar.Spans(Span{taken[0].From, taken[len(taken)-1].To}))
			}
			key := Date{y, m, 1}
			cut, over := month.To, false
			for _, piece := range taken {
				if n := used[key] + piece.Len(); most > 0 && n > most && !over {
					cut, over = piece.From+Second(max(most-used[key], 0)), true
				}
				used[key] += piece.Len()
			}
			if over {
				used[key] = most // what is beyond counts, and uses nothing up
				refuseAll(decisions, kinds, Span{cut, month.To})
			}
			at = month.To
		}
	}
}

func refuseAll(decisions []Decision, kinds []ExclusionKind, span Span) {
	for i := range decisions {
		if slices.Contains(kinds, decisions[i].Kind) {
			decisions[i].refuse([]Span{span}, WhyBeyondCap)
		}
	}
}
