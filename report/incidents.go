// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// SchemaIncidents names the form of the JSON of [Incidents].
const SchemaIncidents = "vouch-incidents/1"

// Case is an incident with what follows from it, as it stood at the end of the period
// or, where that has not come, now.
type Case struct {
	ID       string
	Devices  []vouch.DeviceID
	From     contract.Second
	To       contract.Second // meaningless while Open
	Open     bool
	Handling contract.Handling
}

// Input is what the reports about incidents are made of. The statement says whose they
// are and which period, and how much of it was measured.
type Input struct {
	Statement statement.Statement
	Terms     contract.Terms // those in force at the end of the period
	Cases     []Case
}

// Incidents says how incidents were handled over a period. An incident is of the period
// where it lasted, or one of its clocks ran, at some instant of it.
type Incidents struct {
	Schema       string            `json:"schema"`
	Customer     vouch.CustomerID  `json:"customer"`
	CustomerName string            `json:"customer_name"`
	Provider     string            `json:"provider"`
	From         statement.Instant `json:"from"`
	To           statement.Instant `json:"to"`
	AsOf         statement.Instant `json:"as_of"`
	Timezone     string            `json:"timezone"`

	Coverage    contract.Percent `json:"coverage_pct"`
	MinCoverage contract.Target  `json:"min_coverage_pct"`

	Target contract.Target  `json:"share_target_pct"`
	Over   string           `json:"share_over"` // what the agreed share is over: "reported" or "all"
	Agreed contract.Percent `json:"share_pct"`
	Result statement.Result `json:"result"`

	Reported ShareLine  `json:"reported"` // by the customer
	All      ShareLine  `json:"all"`
	Lines    []Priority `json:"priorities"` // P1 to P4, those without one, and all together
	List     []Incident `json:"incidents"`
}

// ShareLine is the share resolved in time over one choice of incidents.
type ShareLine struct {
	Of       int              `json:"of"`
	InTime   int              `json:"in_time"`
	LeftOut  int              `json:"left_out"` // for the contract's grounds, or for want of a promise
	Open     int              `json:"open"`     // not resolved, and not late
	Share    contract.Percent `json:"share_pct"`
	P80      int64            `json:"p80_s"`
	P95      int64            `json:"p95_s"`
	Resolved int              `json:"resolved"`
}

// Priority is one priority with its two clocks.
type Priority struct {
	Priority   string               `json:"priority"` // "P1", "none", "all"
	Incidents  int                  `json:"incidents"`
	Reaction   contract.ClockFigure `json:"reaction"`
	Resolution contract.ClockFigure `json:"resolution"`
}

// Incident is one incident of the period.
type Incident struct {
	ID         string            `json:"id"`
	Priority   string            `json:"priority"`
	From       statement.Instant `json:"from"`
	To         statement.Instant `json:"to,omitempty"` // empty while open
	Devices    []vouch.DeviceID  `json:"devices"`
	Reaction   Clock             `json:"reaction"`
	Resolution Clock             `json:"resolution"`
}

// Clock is a clock of an incident.
type Clock struct {
	State    ClockState `json:"state"`
	Used     int64      `json:"used_s"`     // running time
	Target   int64      `json:"target_s"`   // running time, 0 where nothing is promised
	Exceeded int64      `json:"exceeded_s"` // elapsed time past the deadline
}

// ClockState says how a clock stands.
type ClockState string

const (
	ClockNone    ClockState = "not started"
	ClockUnasked ClockState = "no target"
	ClockInTime  ClockState = "in time"
	ClockLate    ClockState = "late"
	ClockRunning ClockState = "running"
	ClockOverdue ClockState = "running, late"
)

// BuildIncidents computes the report.
func BuildIncidents(in Input) Incidents {
	s := in.Statement
	share := in.Terms.Support.Share
	out := Incidents{
		Schema: SchemaIncidents, Customer: s.Customer, CustomerName: s.CustomerName, Provider: s.Provider, From: s.From, To: s.To, AsOf: s.AsOf,
		Timezone: s.Timezone, Coverage: s.Coverage, MinCoverage: in.Terms.MinCoverage, Target: share.Target, Over: "reported", Lines: []Priority{}, List: []Incident{},
	}
	if share.All {
		out.Over = "all"
	}
	period := contract.Span{From: contract.Floor(s.From.Time()), To: contract.Floor(s.To.Time())}
	cases := slices.DeleteFunc(slices.Clone(in.Cases), func(c Case) bool { return !c.of(period) })
	slices.SortStableFunc(cases, func(a, b Case) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
	var repairs []contract.Repair
	for _, c := range cases {
		out.List = append(out.List, c.line(in.Terms.Zone))
		if t, ok := c.Handling.Timer(contract.ClockResolution); !ok || t.Running || t.Stopped >= period.From {
			repairs = append(repairs, c.Handling.Repair)
		}
	}
	figure := contract.ResolvedInTime(share, repairs)
	out.Reported, out.All, out.Agreed = shareLine(figure.Reported), shareLine(figure.All), figure.Agreed.Share
	switch {
	case !share.Target.Set():
		out.Result = statement.ResultNoTarget
	case in.Terms.MinCoverage.Set() && !s.Coverage.Meets(in.Terms.MinCoverage), !out.Agreed.Valid():
		out.Result = statement.ResultUnclear
	case figure.Met:
		out.Result = statement.ResultMet
	default:
		out.Result = statement.ResultNotMet
	}
	for p := contract.P1; p <= contract.P4; p++ {
		out.Lines = append(out.Lines, priority(p.String(), cases, period, func(c Case) bool { return c.Handling.Priority == p }))
	}
	none := func(c Case) bool { return c.Handling.Priority == contract.NoPriority }
	if slices.ContainsFunc(cases, none) {
		out.Lines = append(out.Lines, priority("none", cases, period, none))
	}
	out.Lines = append(out.Lines, priority("all", cases, period, func(Case) bool { return true }))
	return out
}

// of reports whether the incident belongs to a period.
func (c Case) of(period contract.Span) bool {
	if c.From >= period.To {
		return false
	}
	if c.Open || c.To >= period.From {
		return true
	}
	return slices.ContainsFunc(c.Handling.Timers, func(t contract.Timer) bool { return t.Running || t.Stopped >= period.From })
}

func shareLine(f contract.ShareFigure) ShareLine {
	return ShareLine{f.Of, f.InTime, f.LeftOut, f.Open, f.Share, f.P80, f.P95, f.Resolved}
}

func priority(name string, cases []Case, period contract.Span, has func(Case) bool) Priority {
	var hs []contract.Handling
	for _, c := range cases {
		if has(c) {
			hs = append(hs, c.Handling)
		}
	}
	return Priority{name, len(hs), contract.ClockFigures(contract.ClockReaction, hs, period), contract.ClockFigures(contract.ClockResolution, hs, period)}
}

func (c Case) line(z contract.Zone) Incident {
	out := Incident{ID: c.ID, Priority: cmp.Or(c.Handling.Priority.String(), "none"), From: statement.Instant(z.Format(c.From)), Devices: c.Devices,
		Reaction: clockOf(c.Handling, contract.ClockReaction), Resolution: clockOf(c.Handling, contract.ClockResolution)}
	if !c.Open {
		out.To = statement.Instant(z.Format(c.To))
	}
	if out.Devices == nil {
		out.Devices = []vouch.DeviceID{}
	}
	return out
}

func clockOf(h contract.Handling, k contract.ClockKind) Clock {
	t, ok := h.Timer(k)
	c := Clock{Used: t.Used, Target: t.Target, Exceeded: t.Exceeded}
	switch {
	case !ok:
		c.State = ClockNone
	case !t.Limit.Set():
		c.State = ClockUnasked
	case t.Running && t.Exceeded > 0:
		c.State = ClockOverdue
	case t.Running:
		c.State = ClockRunning
	case t.Exceeded > 0:
		c.State = ClockLate
	default:
		c.State = ClockInTime
	}
	return c
}

// Of implements [Report].
func (r Incidents) Of() vouch.CustomerID { return r.Customer }

// Table implements [Report]: one row for each priority, then one for each incident.
func (r Incidents) Table() [][]string {
	out := [][]string{{"row", "priority", "incident", "from", "to", "devices", "incidents",
		"reaction_of", "reaction_ended", "reaction_in_time", "reaction_of_all_pct", "reaction_of_ended_pct", "reaction_p80_s", "reaction_p95_s", "reaction_state", "reaction_used_s", "reaction_target_s", "reaction_exceeded_s",
		"resolution_of", "resolution_ended", "resolution_in_time", "resolution_of_all_pct", "resolution_of_ended_pct", "resolution_p80_s", "resolution_p95_s", "resolution_state", "resolution_used_s", "resolution_target_s", "resolution_exceeded_s",
		"share_over", "share_pct", "share_target_pct", "coverage_pct", "result"}}
	figure := func(f contract.ClockFigure) []string {
		return []string{num(f.Of), num(f.Ended), num(f.InTime), f.OfAll.String(), f.OfEnded.String(), num(f.P80), num(f.P95), "", "", "", ""}
	}
	clock := func(c Clock) []string {
		return []string{"", "", "", "", "", "", "", string(c.State), num(c.Used), num(c.Target), num(c.Exceeded)}
	}
	for _, p := range r.Lines {
		row := slices.Concat([]string{"priority", p.Priority, "", string(r.From), string(r.To), "", num(p.Incidents)}, figure(p.Reaction), figure(p.Resolution))
		last := make([]string, 5)
		if p.Priority == "all" {
			last = []string{r.Over, r.Agreed.String(), r.Target.String(), r.Coverage.String(), string(r.Result)}
		}
		out = append(out, append(row, last...))
	}
	for _, i := range r.List {
		row := slices.Concat([]string{"incident", i.Priority, i.ID, string(i.From), string(i.To), strings.Join(words(i.Devices), " "), ""}, clock(i.Reaction), clock(i.Resolution))
		out = append(out, append(row, make([]string, 5)...))
	}
	return out
}

func num[N int | int64](n N) string { return fmt.Sprint(n) }

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}
