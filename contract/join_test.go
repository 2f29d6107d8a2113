// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/contract"
)

// drawVerdict draws a verdict of a device over [0, 4000) with its exclusions.
func drawVerdict(rt *rapid.T) (verdict []contract.Segment, decisions []contract.Decision) {
	for at := contract.Second(0); at < 4000; {
		to := min(at+contract.Second(rapid.IntRange(1, 300).Draw(rt, "length")), 4000)
		s := contract.Segment{Span: contract.Span{From: at, To: to}, Version: 1,
			State: rapid.SampledFrom([]contract.State{contract.Up, contract.Up, contract.Down, contract.Unknown, contract.NotMeasured}).Draw(rt, "state")}
		if s.State == contract.Up && rapid.IntRange(0, 4).Draw(rt, "degraded") == 0 {
			s.Degraded = rapid.SampledFrom([]contract.Effect{contract.EffectFigure, contract.EffectIncident}).Draw(rt, "effect")
		}
		if n := len(verdict); n > 0 && verdict[n-1].State == s.State && verdict[n-1].Degraded == s.Degraded {
			verdict[n-1].To = to
		} else {
			verdict = append(verdict, s)
		}
		at = to
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "exclusions") {
		from := contract.Second(rapid.IntRange(0, 4000).Draw(rt, "from"))
		e := contract.Exclusion{ID: fmt.Sprint("M", i), Kind: contract.Maintenance, AnnouncedAt: -1,
			Span: contract.Span{From: from, To: from + contract.Second(rapid.IntRange(1, 600).Draw(rt, "long"))}}
		decisions = append(decisions, contract.Decide(one(alone()), []contract.Exclusion{e})...)
	}
	slices.SortStableFunc(decisions, func(a, b contract.Decision) int { return int(a.From - b.From) })
	return contract.Exclude(verdict, decisions), decisions
}

// TestJoin cuts a period anywhere, assesses the pieces one after the other, and holds
// what they are together against the whole.
func TestJoin(t *testing.T) {
	terms := alone()
	terms.Confirm, terms.Clear = 120e9, 300e9
	terms.Windows = []contract.Window{{Days: contract.AllWeek, From: 5, To: 25}, {Days: contract.AllWeek, From: 30, To: 60}}
	rapid.Check(t, func(rt *rapid.T) {
		verdict, decisions := drawVerdict(rt)
		terms.Shortfall = rapid.SampledFrom([]contract.Shortfall{contract.NotAssessed, contract.MissingIsDown}).Draw(rt, "shortfall")
		versions := one(terms)
		start := contract.Fold{}
		period := contract.Span{From: contract.Second(rapid.IntRange(0, 1000).Draw(rt, "begin")), To: 4000}
		start, _ = start.Advance(versions, contract.Slice(verdict, contract.Span{From: 0, To: period.From}), contract.Span{From: 0, To: period.From})
		assess := func(span contract.Span, start contract.Fold) contract.Account {
			return contract.Assess(contract.Basis{Period: span, Versions: versions, Verdict: contract.Slice(verdict, span), Decisions: decisions, Start: start})
		}
		whole := assess(period, start)
		checkAccount(t, whole)

		cuts := rapid.SliceOfN(rapid.IntRange(int(period.From), 4000), 1, 4).Draw(rt, "cuts")
		slices.Sort(cuts)
		var pieces []contract.Account
		at, fold := period.From, start
		for _, c := range append(cuts, 4000) {
			if to := contract.Second(c); to > at {
				pieces = append(pieces, assess(contract.Span{From: at, To: to}, fold))
				at, fold = to, pieces[len(pieces)-1].End
			}
		}
		got, want := show(t, contract.Join(versions, pieces...)), show(t, whole)
		for i := range max(len(got), len(want)) {
			if g, w := append(got, make([]string, len(want))...)[i], append(want, make([]string, len(got))...)[i]; g != w {
				rt.Errorf("Join of %d pieces at %v: %s, want %s", len(pieces), cuts, g, w)
			}
		}
	})
}

// show prints an account line by line.
func show(t *testing.T, a contract.Account) []string {
	t.Helper()
	out := []string{fmt.Sprintf("%+v", a.Period), fmt.Sprintf("%+v", a.Figures)}
	for _, p := range a.Parts {
		out = append(out, fmt.Sprintf("part %+v", p))
	}
	for _, i := range a.Incidents {
		out = append(out, fmt.Sprintf("incident %+v", i))
	}
	for _, c := range a.Claims {
		out = append(out, fmt.Sprintf("claim %+v", c))
	}
	end, err := json.Marshal(a.End)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, string(end))
}
