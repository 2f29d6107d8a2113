// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// explanation is where the totals of a case come from: stretches of time that tile the
// period, and what became of every exclusion. --json prints it beside the answer.
type explanation struct {
	contract.CaseAnswer
	Segments   []explainedSegment `json:"segments"`
	Exclusions []explainedClaim   `json:"exclusions"`
}

// explainedSegment is one stretch [From, To) of the period.
type explainedSegment struct {
	From    string         `json:"from"` // in the case's zone, with its offset
	To      string         `json:"to"`
	Seconds int64          `json:"seconds"`
	Class   contract.Class `json:"class"` // the total that its seconds are part of
	Verdict contract.State `json:"verdict"`
	Why     string         `json:"why"`
}

// explainedClaim is one exclusion; one that does not count has a reason.
type explainedClaim struct {
	ID      string                 `json:"id"`
	Kind    contract.ExclusionKind `json:"kind"`
	From    string                 `json:"from"`
	To      string                 `json:"to"`
	Counts  bool                   `json:"counts"`     // it takes time out
	Seconds int64                  `json:"excluded_s"` // that it takes out of the service time of the period
	Why     string                 `json:"why"`
}

// explain computes a case with every second explained.
func explain(c *contract.Case) explanation {
	a := c.Account()
	e := explanation{CaseAnswer: c.Answer(), Segments: []explainedSegment{}, Exclusions: []explainedClaim{}}
	for _, p := range atHolidays(c.Terms, a.Parts) {
		e.Segments = append(e.Segments, explainedSegment{
			From: c.Terms.Zone.Format(p.From), To: c.Terms.Zone.Format(p.To), Seconds: p.Len(),
			Class: p.Class, Verdict: p.State, Why: whyPart(c, p),
		})
	}
	decisions := contract.Decide([]contract.Version{{Number: 1, InForce: math.MinInt64, Terms: c.Terms}}, c.Exclusions)
	for _, d := range decisions {
		e.Exclusions = append(e.Exclusions, explainClaim(c, d, a.Claims))
	}
	return e
}

func explainClaim(c *contract.Case, d contract.Decision, claims []contract.Claim) explainedClaim {
	out := explainedClaim{ID: d.ID, Kind: d.Kind, From: c.Terms.Zone.Format(d.From), To: c.Terms.Zone.Format(d.To)}
	i := slices.IndexFunc(claims, func(o contract.Claim) bool { return o.ID == d.ID && o.Kind == d.Kind })
	if i >= 0 {
		out.Seconds = claims[i].Seconds
	}
	out.Counts = out.Seconds > 0
	switch {
	case d.Why != "":
		out.Why = string(d.Why)
	case i < 0:
		out.Why = "it lies outside the period"
	case out.Seconds == 0 && claims[i].Touched == 0:
		out.Why = "it touches no service time"
	case out.Seconds == 0:
		out.Why = "it covers too little of the service to take time out"
	}
	if d.Kind == contract.Maintenance && d.AnnouncedAt > 0 {
		out.Why = clause(out.Why, "announced "+c.Terms.Zone.Format(d.AnnouncedAt))
	}
	if d.Reason != "" {
		out.Why = clause(out.Why, "claimed for: "+d.Reason)
	}
	return out
}

// clause joins two halves of a sentence, either of which may be missing.
func clause(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// whyPart says in words why a stretch of time is in its class.
func whyPart(c *contract.Case, p contract.Part) string {
	why := ""
	switch p.Class {
	case contract.ClassOutside:
		why = "outside the service window"
		if h, ok := holidayAt(c.Terms, p.From); ok {
			why = h.String() + " is a holiday"
		}
	case contract.ClassExcluded:
		why = "taken out by " + strings.Join(p.Excluded, ", ")
	case contract.ClassUnknown:
		why = "unknown: " + string(p.Reason)
	}
	said := testimonyOf(p.Witnesses)
	if c.Devices != nil {
		said = causesOf(p)
	}
	return clause(why, said)
}

// testimonyOf says what each location said.
func testimonyOf(witnesses []contract.Witness) string {
	said := make([]string, len(witnesses))
	for i, w := range witnesses {
		s := string(w.Location) + " " + w.State.String()
		switch {
		case w.State == contract.Unknown && w.Reason != "":
			s += " (" + string(w.Reason) + ")"
		case w.Degraded != contract.NoEffect:
			s = string(w.Location) + " degraded"
		}
		if !w.Votes {
			s += " (no vote)"
		}
		said[i] = s
	}
	return strings.Join(said, ", ")
}

// causesOf says which devices of a service are to blame.
func causesOf(p contract.Part) string {
	if len(p.Causes) == 0 {
		return ""
	}
	return p.State.String() + " at " + strings.Join(asStrings(p.Causes), ", ")
}

func asStrings(ids []vouch.DeviceID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// atHolidays cuts the time outside the service windows at the edges of holidays, so
// that each stretch has one reason.
func atHolidays(t contract.Terms, parts []contract.Part) []contract.Part {
	var edges []contract.Second
	for _, h := range t.Holidays {
		next := time.Date(h.Year, h.Month, h.Day+1, 0, 0, 0, 0, time.UTC)
		edges = append(edges, t.Zone.Midnight(h), t.Zone.Midnight(dateOf(next)))
	}
	slices.Sort(edges)
	var out []contract.Part
	for _, p := range parts {
		for _, at := range edges {
			if p.Class == contract.ClassOutside && p.From < at && at < p.To {
				before := p
				before.To, p.From = at, at
				out = append(out, before)
			}
		}
		out = append(out, p)
	}
	return out
}

// holidayAt returns the holiday that an instant lies on in the terms' zone.
func holidayAt(t contract.Terms, at contract.Second) (contract.Date, bool) {
	y, m, d := at.Time().In(t.Zone.Location()).Date()
	date := contract.Date{Year: y, Month: m, Day: d}
	return date, slices.Contains(t.Holidays, date)
}

// printExplanation prints the segments, their sums and the exclusions for a person.
func printExplanation(out io.Writer, c *contract.Case, e explanation) {
	z := c.Terms.Zone
	fmt.Fprintf(out, "  period %s to %s, %s\n", z.Format(c.Period.From), z.Format(c.Period.To), z.Name())
	fmt.Fprintf(out, "  rule %s %d\n\n", c.Terms.Quorum.Rule, c.Terms.Quorum.Q)
	fmt.Fprintf(out, "  where the seconds come from:\n")
	var order []contract.Class
	sums := map[contract.Class]int64{}
	for _, s := range e.Segments {
		if !slices.Contains(order, s.Class) {
			order = append(order, s.Class)
		}
		sums[s.Class] += s.Seconds
		why := s.Why
		if v := s.Verdict.String(); v != s.Class.String() && s.Class != contract.ClassNotMeasured {
			why = clause("verdict "+v, why) // else the class tells it
		}
		fmt.Fprintf(out, "  %s to %s %8s %s\n", s.From, s.To, hms(s.Seconds), s.Class)
		for _, line := range wrap(why, 72) {
			fmt.Fprintf(out, "      %s\n", line)
		}
	}
	slices.Sort(order)
	var parts []string
	for _, class := range order {
		parts = append(parts, fmt.Sprintf("%s %d", class, sums[class]))
	}
	fmt.Fprintf(out, "  sums in seconds: %s\n", strings.Join(parts, ", "))
	printClaims(out, e.Exclusions, true, "exclusions that counted:")
	printClaims(out, e.Exclusions, false, "exclusions that did not count:")
	fmt.Fprintln(out)
}

func printClaims(out io.Writer, claims []explainedClaim, counts bool, title string) {
	for _, x := range claims {
		if x.Counts != counts {
			continue
		}
		if title != "" {
			fmt.Fprintf(out, "\n  %s\n", title)
			title = ""
		}
		fmt.Fprintf(out, "  %s to %s %8s %s %s\n", x.From, x.To, hms(x.Seconds), x.Kind, x.ID)
		for _, line := range wrap(x.Why, 72) {
			fmt.Fprintf(out, "      %s\n", line)
		}
	}
}
