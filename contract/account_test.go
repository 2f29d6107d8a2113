// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// halfDay returns terms whose window is the first half of every day in UTC: 00:00
// to 12:00.
func halfDay() contract.Terms {
	t := alone()
	t.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 720}}
	t.Confirm, t.Clear = 100*time.Second, 200*time.Second
	return t
}

// verdictOf makes a verdict of "down" in some spans of a whole and "up" elsewhere.
func verdictOf(whole contract.Span, downs ...contract.Span) []contract.Segment {
	var out []contract.Segment
	at := whole.From
	for _, d := range append(downs, contract.Span{From: whole.To, To: whole.To}) {
		if at < d.From {
			out = append(out, contract.Segment{Span: contract.Span{From: at, To: d.From}, State: contract.Up, Version: 1})
		}
		if !d.Empty() {
			out = append(out, contract.Segment{Span: d, State: contract.Down, Version: 1})
		}
		at = d.To
	}
	return out
}

func TestAssess(t *testing.T) {
	const d = 86400
	span := func(a, b contract.Second) contract.Span { return contract.Span{From: a, To: b} }
	noon := contract.Second(d / 2)
	half, full := halfDay(), alone()
	type want struct {
		agreed, up, down, unknown, outside, none int64
		incidents, short                         int
		counted                                  int64 // of the first incident
	}
	tests := []struct {
		name  string
		basis contract.Basis
		want  want
	}{
		{"an empty period", contract.Basis{Period: span(d, d), Versions: one(half), Verdict: verdictOf(span(0, 2*d))}, want{}},
		{"no contract at all", contract.Basis{Period: span(0, d), Verdict: verdictOf(span(0, d))}, want{outside: d}},
		{"nothing judged is unknown", contract.Basis{Period: span(0, d), Versions: one(half)}, want{agreed: d / 2, unknown: d / 2, outside: d / 2}},
		{"judged in part", contract.Basis{Period: span(0, d), Versions: one(half), Verdict: verdictOf(span(1000, 2000))}, want{agreed: d / 2, up: 1000, unknown: d/2 - 1000, outside: d / 2}},
		{"an incident over the end of the window", contract.Basis{Period: span(0, d), Versions: one(half), Verdict: verdictOf(span(0, d), span(noon-150, noon+150))},
			want{agreed: d / 2, up: d/2 - 150, down: 150, outside: d / 2, incidents: 1, counted: 150}},
		{"an incident that began before the period counts in it what lies in it",
			contract.Basis{Period: span(d, 2*d), Versions: one(half), Verdict: verdictOf(span(0, 2*d), span(d-500, d+30))},
			want{agreed: d / 2, up: d/2 - 30, down: 30, outside: d / 2, incidents: 1, counted: 30}},
		{"an incident that ended before the period is not of it",
			contract.Basis{Period: span(d, 2*d), Versions: one(half), Verdict: verdictOf(span(0, 2*d), span(d-500, d-300))},
			want{agreed: d / 2, up: d / 2, outside: d / 2}},
		{"confirmed only after the period, and of it", contract.Basis{Period: span(0, noon), Versions: one(half), Verdict: verdictOf(span(0, d), span(noon-10, noon+500))},
			want{agreed: d / 2, up: d/2 - 10, down: 10, incidents: 1, counted: 10}},
		{"short", contract.Basis{Period: span(0, d), Versions: one(half), Verdict: verdictOf(span(0, d), span(50, 60), span(1000, 1099))},
			want{agreed: d / 2, up: d/2 - 109, down: 109, outside: d / 2, short: 2}},
		{"an unfinished period ends where it is told", contract.Basis{Period: span(0, d), Until: 1000, Versions: one(half), Verdict: verdictOf(span(0, d), span(900, 2000))},
			want{agreed: 1000, up: 900, down: 100, incidents: 1, counted: 100}},
		{"a period that has not begun", contract.Basis{Period: span(d, 2*d), Until: 1000, Versions: one(half)}, want{}},
		{"two versions", contract.Basis{Period: span(0, 2*d), Verdict: verdictOf(span(0, 2*d)),
			Versions: []contract.Version{{Number: 1, InForce: -d, Terms: half}, {Number: 2, InForce: d, Terms: full}}}, want{agreed: d/2 + d, up: d/2 + d, outside: d / 2}},
		{"before the first version nothing judged is not measured", contract.Basis{Period: span(0, 2*d), Versions: []contract.Version{{Number: 1, InForce: d, Terms: full}}},
			want{agreed: d, unknown: d, none: d}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := contract.Assess(tt.basis)
			checkAccount(t, a)
			got := want{a.Agreed, a.Up, a.Down, a.Unknown, a.OutsideWindow, a.NotMeasured, len(a.Incidents), a.ShortInterruptions, 0}
			if len(a.Incidents) > 0 {
				got.counted = a.Incidents[0].CountedDown
			}
			if got != tt.want {
				t.Errorf("Assess = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestAssessGoesOnFromAFold cuts the timeline before the period and hands over the
// state of rule 8 instead.
func TestAssessGoesOnFromAFold(t *testing.T) {
	versions := one(halfDay())
	verdict := verdictOf(contract.Span{From: 0, To: 172800}, contract.Span{From: 86000, To: 86450})
	period := contract.Span{From: 86400, To: 172800}
	whole := contract.Assess(contract.Basis{Period: period, Versions: versions, Verdict: verdict})
	before, _ := contract.Fold{}.Advance(versions, contract.Slice(verdict, contract.Span{From: 0, To: 86400}), contract.Span{From: 0, To: 86400})
	resumed := contract.Assess(contract.Basis{Period: period, Versions: versions, Verdict: contract.Slice(verdict, period), Start: before})
	a, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(resumed)
	if string(a) != string(b) || len(whole.Incidents) != 1 || whole.Incidents[0].CountedDown != 50 {
		t.Errorf("Assess from a fold = %s, want %s", b, a)
	}
}

func TestPolicies(t *testing.T) {
	verdict := []contract.Segment{
		{Span: contract.Span{From: 0, To: 80}, State: contract.Up},
		{Span: contract.Span{From: 80, To: 90}, State: contract.Down},
		{Span: contract.Span{From: 90, To: 100}, Reason: "no sample"},
	}
	target := func(s string) contract.Target {
		x, err := contract.ParseTarget(s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	tests := []struct {
		policy   contract.UnknownPolicy
		floor    contract.Target
		headline string
		assess   bool
	}{
		{contract.UnknownNeutral, target("90"), "88.888888", true},
		{contract.UnknownAsDown, target("90.000001"), "80.000000", false},
		{contract.UnknownAsUp, contract.Target{}, "90.000000", true},
	}
	for _, tt := range tests {
		terms := alone()
		terms.Unknown, terms.MinCoverage = tt.policy, tt.floor
		a := contract.Assess(contract.Basis{Period: contract.Span{From: 0, To: 100}, Versions: one(terms), Verdict: verdict})
		if a.Headline.String() != tt.headline || a.Assessable != tt.assess || a.Availability.String() != "88.888888" {
			t.Errorf("Assess(unknown %s, floor %v) = %v, assessable %v, want %s, %v", tt.policy, tt.floor, a.Headline, a.Assessable, tt.headline, tt.assess)
		}
	}
	a := contract.Assess(contract.Basis{Period: contract.Span{From: 0, To: 90}, Versions: one(alone()), Verdict: verdict})
	if !a.Availability.Meets(target("88.888888")) || a.Availability.Meets(target("88.888889")) || (contract.Percent{}).Meets(target("0")) {
		t.Errorf("%v meets the wrong targets", a.Availability)
	}
}

// A figure that was written is read back as it was, in one spelling only.
func TestPercentReadBack(t *testing.T) {
	for _, f := range []contract.Figures{{}, {Up: 2, Down: 1, Eligible: 3}, {Up: 7, Eligible: 7}, {Down: 5, Eligible: 5}, {Up: 1, Unknown: 8_999_999, Eligible: 9_000_000}} {
		for _, p := range []func() contract.Percent{
			func() contract.Percent { p, _, _, _ := f.Ratios(); return p },
			func() contract.Percent { _, p, _, _ := f.Ratios(); return p },
			func() contract.Percent { _, _, p, _ := f.Ratios(); return p },
			func() contract.Percent { _, _, _, p := f.Ratios(); return p },
		} {
			raw, err := json.Marshal(p())
			if err != nil {
				t.Fatal(err)
			}
			var back contract.Percent
			if err := json.Unmarshal(raw, &back); err != nil || back != p() {
				t.Errorf("%s is read back as %v, %v", raw, back, err)
			}
		}
	}
	for _, raw := range []string{`"99.9"`, `"099.900000"`, `"100.000001"`, `"-1.000000"`, `"+1.000000"`, `"1.0000000"`, `1.000000`, `""`, `"\u0031.000000"`, `"99,900000"`, `{}`} {
		p := contract.Percent{}
		if err := json.Unmarshal([]byte(raw), &p); err == nil {
			t.Errorf("%s is read as %v, want an error", raw, p)
		}
	}
}

func TestUnderMaintenance(t *testing.T) {
	versions := one(halfDay())
	decisions := contract.Decide(versions, []contract.Exclusion{
		{ID: "M1", Kind: contract.Maintenance, Span: contract.Span{From: 1000, To: 2000}, AnnouncedAt: 10},
		{ID: "M2", Kind: contract.Maintenance, Span: contract.Span{From: 1500, To: 3000}, AnnouncedAt: 2000},
		{ID: "X", Kind: contract.ThirdParty, Span: contract.Span{From: 1900, To: 2100}, Accepted: true, Author: "a", Approver: "b", Evidence: []string{"log"}},
	})
	whole := contract.Span{From: 0, To: 86400}
	verdict := contract.Exclude(verdictOf(whole, contract.Span{From: 1800, To: 2300}), decisions)
	a := contract.Assess(contract.Basis{Period: whole, Versions: versions, Verdict: verdict, Decisions: decisions})
	checkAccount(t, a)
	if a.Excluded != 1100 || a.ExcludedMaintenance != 1000 || a.DownUnderMaintenance != 200 || a.Announced != 2000 || a.Down != 200 {
		t.Errorf("excluded, by maintenance, down under it, announced, down = %d, %d, %d, %d, %d, want 1100, 1000, 200, 2000, 200",
			a.Excluded, a.ExcludedMaintenance, a.DownUnderMaintenance, a.Announced, a.Down)
	}
	for i, want := range []struct{ seconds, touched, down int64 }{{1000, 1000, 200}, {0, 1500, 500}, {200, 200, 200}} {
		if c := a.Claims[i]; c.Seconds != want.seconds || c.Touched != want.touched || c.Down != want.down {
			t.Errorf("claim %s = %d, %d, %d, want %+v", c.ID, c.Seconds, c.Touched, c.Down, want)
		}
	}
}
