// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"math"
	"slices"

	"github.com/vouch-sla/vouch"
)

// CaseAnswer is what a case comes to, encoded under exactly these names.
type CaseAnswer struct {
	Agreed        int64            `json:"agreed_s"`
	Excluded      int64            `json:"excluded_s"`
	Up            int64            `json:"up_s"`
	Down          int64            `json:"down_s"`
	Unknown       int64            `json:"unknown_s"`
	Eligible      int64            `json:"eligible_s"`
	Availability  Percent          `json:"availability_pct"`
	IfUnknownDown Percent          `json:"availability_if_unknown_down_pct"`
	IfUnknownUp   Percent          `json:"availability_if_unknown_up_pct"`
	Coverage      Percent          `json:"coverage_pct"`
	Incidents     []IncidentAnswer `json:"incidents"`
}

// IncidentAnswer is one incident of a case, in the case's zone.
type IncidentAnswer struct {
	From        string  `json:"from"`
	To          *string `json:"to"` // null while open at the end of the period
	CountedDown int64   `json:"counted_down_s"`
}

// ClockAnswer is what a clock comes to, encoded under exactly these names.
type ClockAnswer struct {
	Deadline *string `json:"deadline"` // in the case's zone; null where it is never reached
	Exceeded int64   `json:"exceeded_s"`
	Days     int64   `json:"days"`
	Cents    int64   `json:"credit_cents"`
}

// Answer computes the example; the result is a [CaseAnswer] or a [ClockAnswer].
func (e Example) Answer() any {
	if e.Clock != nil {
		return e.Clock.Answer()
	}
	return e.Case.Answer()
}

// Answer computes the clock.
func (c ClockCase) Answer() ClockAnswer {
	r := c.Clock.Run()
	a := ClockAnswer{Exceeded: r.Exceeded, Days: r.Days, Cents: r.Cents}
	if r.Reached {
		s := c.Clock.Calendar.Zone.Format(r.Deadline)
		a.Deadline = &s
	}
	return a
}

// Answer computes the case.
func (c Case) Answer() CaseAnswer {
	a := c.Account()
	out := CaseAnswer{
		Agreed: a.Agreed, Excluded: a.Excluded, Up: a.Up, Down: a.Down, Unknown: a.Unknown, Eligible: a.Eligible,
		Availability: a.Availability, IfUnknownDown: a.IfUnknownDown, IfUnknownUp: a.IfUnknownUp, Coverage: a.Coverage,
		Incidents: []IncidentAnswer{},
	}
	for _, i := range a.Incidents {
		ia := IncidentAnswer{From: c.Terms.Zone.Format(i.From), CountedDown: i.CountedDown}
		if !i.Open {
			to := c.Terms.Zone.Format(i.To)
			ia.To = &to
		}
		out.Incidents = append(out.Incidents, ia)
	}
	return out
}

// Account computes the case with every second explained. Its verdict begins and ends
// with the period: a case knows no other time.
func (c Case) Account() Account {
	versions := []Version{{Number: 1, InForce: math.MinInt64, Terms: c.Terms}}
	decisions := Decide(versions, c.Exclusions)
	basis := Basis{Period: c.Period, Versions: versions, Decisions: decisions}
	if c.Devices == nil {
		basis.Verdict = Exclude(c.judge(c.Agents), decisions)
		return Assess(basis)
	}
	devices := map[vouch.DeviceID][]Segment{}
	for id, agents := range c.Devices {
		devices[id] = Exclude(c.judge(agents), decisions)
	}
	basis.Verdict = Combine(c.Service, devices, c.Period)
	return Assess(basis)
}

// judge returns a device's verdict: its voters are the locations of its agents.
func (c Case) judge(agents []CaseAgent) []Segment {
	agents = slices.Clone(agents)
	slices.SortStableFunc(agents, func(a, b CaseAgent) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.ID, b.ID))
	})
	v := Version{Number: 1, Terms: c.Terms}
	var at [][]timeline // by voter
	for i, a := range agents {
		if i == 0 || agents[i-1].Location != a.Location {
			v.Terms.Voters = append(v.Terms.Voters, Voter{a.Location, a.Custody})
			at = append(at, nil)
		}
		at[len(at)-1] = append(at[len(at)-1], a.timeline(c.Period))
	}
	tls := make([]timeline, len(at))
	for i := range at {
		tls[i] = merge(c.Period, at[i], gather)
	}
	return hear(nil, reign{c.Period, &v}, seatsOf(&v.Terms, nil), tls, []Span{c.Period})
}
