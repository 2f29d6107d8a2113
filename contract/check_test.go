// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// sound returns terms that have nothing wrong with them.
func sound(t testing.TB) contract.Terms {
	x := contract.DefaultTerms()
	x.Zone = zone(t, "Europe/Brussels")
	x.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	x.Voters = []contract.Voter{{Location: "AMS", Custody: "provider"}, {Location: "BRU", Custody: "neutral"}, {Location: "RTM", Custody: "provider"}}
	return x
}

func TestCheck(t *testing.T) {
	if got := sound(t).Check(); len(got) != 0 {
		t.Fatalf("Check of sound terms = %v, want nothing", got)
	}
	threshold := contract.Threshold{Name: "l", Kind: vouch.KindICMP, Metric: contract.MetricLoss, Window: time.Hour, Lost: 6, Of: 100}
	with := func(change func(*contract.Threshold)) func(*contract.Terms) {
		return func(t *contract.Terms) {
			th := threshold
			change(&th)
			t.Thresholds = append(t.Thresholds, th)
		}
	}
	tests := []struct {
		name    string
		change  func(*contract.Terms)
		field   string
		text    string
		warning bool
	}{
		{"no zone", func(t *contract.Terms) { t.Zone = contract.Zone{} }, "zone", "needed", false},
		{"no window", func(t *contract.Terms) { t.Windows = nil }, "windows", "needed", false},
		{"window without days", func(t *contract.Terms) { t.Windows[0].Days = 0 }, "windows[0].days", "day", false},
		{"window over midnight", func(t *contract.Terms) { t.Windows[0].From, t.Windows[0].To = 1320, 360 }, "windows[0].to", "two windows", false},
		{"empty window", func(t *contract.Terms) { t.Windows[0].From, t.Windows[0].To = 360, 360 }, "windows[0].to", "not after", false},
		{"no such date", func(t *contract.Terms) { t.Holidays = []contract.Date{{Year: 2026, Month: 2, Day: 30}} }, "holidays[0]", "calendar date", false},
		{"holiday twice", func(t *contract.Terms) {
			t.Holidays = []contract.Date{{Year: 2026, Month: 2, Day: 3}, {Year: 2026, Month: 2, Day: 3}}
		}, "holidays[1]", "twice", false},
		{"no rule", func(t *contract.Terms) { t.Quorum.Rule = "majority" }, "quorum.rule", "allowed", false},
		{"q of none", func(t *contract.Terms) { t.Quorum.Q = 0 }, "quorum.q", "at least 1", false},
		{"q of one", func(t *contract.Terms) { t.Quorum.Q = 1 }, "quorum.q", "one witness", true},
		{"nobody votes", func(t *contract.Terms) { t.Voters = nil }, "voters", "nobody", false},
		{"fewer than q", func(t *contract.Terms) { t.Quorum.Q = 4 }, "voters", "unknown", false},
		{"two voters", func(t *contract.Terms) { t.Voters = t.Voters[:2] }, "voters", "veto", true},
		{"three of whom one is the customer's", func(t *contract.Terms) {
			t.LeaveOutCustomer = true
			t.Voters[2].Custody = vouch.CustodyCustomer
		}, "voters", "veto", true},
		{"voter twice", func(t *contract.Terms) { t.Voters[1].Location = "AMS" }, "voters[1].location", "one witness", false},
		{"bad voter", func(t *contract.Terms) { t.Voters[1].Location = "a b" }, "voters[1].location", "allowed", false},
		{"bad custody", func(t *contract.Terms) { t.Voters[1].Custody = "ours" }, "voters[1].custody", "allowed", false},
		{"no effect", func(t *contract.Terms) { t.Degraded = contract.NoEffect }, "degraded", "allowed", false},
		{"unknown policy", func(t *contract.Terms) { t.Unknown = "" }, "unknown", "allowed", false},
		{"network policy", func(t *contract.Terms) { t.ProviderNetwork = "up" }, "provider_network", "allowed", false},
		{"kind", func(t *contract.Terms) { t.ReachableBy = []vouch.Kind{"smtp"} }, "reachable_by[0]", "allowed", false},
		{"exclusion twice", func(t *contract.Terms) { t.Exclusions = append(t.Exclusions, t.Exclusions[0]) }, "exclusions[8].kind", "twice", false},
		{"confirm", func(t *contract.Terms) { t.Confirm = 0 }, "confirm_ns", "allowed", false},
		{"confirm below three intervals", func(t *contract.Terms) { t.Confirm = 80 * time.Second }, "confirm_ns", "three intervals", true},
		{"timeout", func(t *contract.Terms) { t.Timeout = t.Interval }, "timeout_ns", "below the interval", false},
		{"metric", with(func(th *contract.Threshold) { th.Metric = "mood" }), "thresholds[0].metric", "allowed", false},
		{"limit", with(func(th *contract.Threshold) { th.Metric = contract.MetricRTT }), "thresholds[0].limit_ns", "above zero", false},
		{"window", with(func(th *contract.Threshold) { th.Window = 0 }), "thresholds[0].window_ns", "allowed", false},
		{"lost", with(func(th *contract.Threshold) { th.Lost = 0 }), "thresholds[0].lost", "at least 1", false},
		{"more lost than sent", with(func(th *contract.Threshold) { th.Lost = 101 }), "thresholds[0].of", "between", false},
		{"value without a name", with(func(th *contract.Threshold) { th.Metric, th.Compare = contract.MetricValue, contract.Above }), "thresholds[0].value", "name", false},
		{"comparison", with(func(th *contract.Threshold) { th.Metric, th.Value = contract.MetricValue, "cpu" }), "thresholds[0].compare", "allowed", false},
		{"not in nothing", with(func(th *contract.Threshold) {
			th.Metric, th.Value, th.Compare = contract.MetricValue, "cpu", contract.NotIn
		}), "thresholds[0].set", "needs one", false},
		{"cleared while beyond", with(func(th *contract.Threshold) {
			clear := contract.MicroOne
			th.Metric, th.Value, th.Compare, th.ClearAt = contract.MetricValue, "cpu", contract.Above, &clear
		}), "thresholds[0].clear_at", "beyond", false},
		{"severity", with(func(th *contract.Threshold) { th.Severity = "bad" }), "thresholds[0].severity", "allowed", false},
		{"clocks' window", func(t *contract.Terms) {
			t.Clocks.Windows = []contract.Window{{Days: contract.AllWeek, From: 9, To: 8}}
		}, "clocks.windows[0].to", "two windows", false},
		{"period", func(t *contract.Terms) { t.Period = "week" }, "period", "allowed", false},
		{"list of holidays", func(t *contract.Terms) { t.HolidayLists = []contract.HolidayList{{Country: "LU"}} }, "holiday_lists[0].country", "allowed", false},
		{"Good Friday in Belgium", func(t *contract.Terms) {
			t.HolidayLists = []contract.HolidayList{{Country: contract.Belgium, GoodFriday: true}}
		}, "holiday_lists[0]", "no legal holidays", false},
		{"without delay", func(t *contract.Terms) { t.Exclusions[1].Announced = contract.NoticeWithoutDelay }, "exclusions[1].delay_ns", "agree on", false},
		{"deemed after nothing", func(t *contract.Terms) { t.Exclusions[1].Accepted = contract.AcceptedDeemed }, "exclusions[1].deemed", "time limit", false},
		{"unit", func(t *contract.Terms) { t.Objection.Unit = "moons" }, "objection.unit", "allowed", false},
		{"word alone", func(t *contract.Terms) { t.Exclusions[1] = contract.ExclusionRule{Kind: contract.Intervention} }, "exclusions[1]", "word alone", true},
		{"level", func(t *contract.Terms) { t.Support.Level = "gold" }, "support.level", "gold", false},
		{"target in months", func(t *contract.Terms) {
			t.Support.Levels = []contract.Level{{Name: "x", Targets: []contract.ResponseTarget{{Priority: contract.P1, Reaction: contract.TimeLimit{N: 1, Unit: contract.Months}}}}}
		}, "support.levels[0].targets[0].reaction.unit", "allowed", false},
		{"priority twice", func(t *contract.Terms) {
			t.Support.Levels = []contract.Level{{Name: "x", Targets: []contract.ResponseTarget{{Priority: contract.P1}, {Priority: contract.P1}}}}
		}, "support.levels[0].targets[1].priority", "at most once", false},
		{"cause without a name", func(t *contract.Terms) { t.Support.Suspends = []contract.SuspendRule{{Until: contract.UntilInstant}} }, "support.suspends[0].cause", "name", false},
		{"credit without a cap", func(t *contract.Terms) { t.Support.Credit.PerDay = 10_000_000 }, "support.credit.cap", "without bounds", true},
		{"5 of 100 breaches by chance", with(func(th *contract.Threshold) { th.Lost = 5 }), "thresholds[0].lost", "1 %", true},
		{"1000 of 100000 breaches by chance", with(func(th *contract.Threshold) { th.Lost, th.Of = 1000, 100_000 }), "thresholds[0].lost", "1 %", true},
	}
	for _, tt := range tests {
		x := sound(t)
		tt.change(&x)
		found := false
		for _, f := range x.Check() {
			found = found || f.Field == tt.field && f.Warning == tt.warning && strings.Contains(f.Text, tt.text)
		}
		if !found {
			t.Errorf("%s: Check = %v, want a finding at %s about %q, warning %v", tt.name, x.Check(), tt.field, tt.text, tt.warning)
		}
	}
	for _, of := range []contract.Threshold{{Lost: 6, Of: 100}, {Lost: 1200, Of: 100_000}} {
		x := sound(t)
		with(func(th *contract.Threshold) { th.Lost, th.Of = of.Lost, of.Of })(&x)
		if got := x.Check(); len(got) != 0 {
			t.Errorf("Check with %d lost of %d = %v, want nothing", of.Lost, of.Of, got)
		}
	}
}

// TestTermsEncode passes terms through JSON, as a contract record keeps them.
func TestTermsEncode(t *testing.T) {
	x := sound(t)
	if _, err := json.Marshal(x); err == nil {
		t.Error("Marshal of a zone without its bytes = nil, want an error")
	}
	// Zone of one offset: the smallest TZif file (RFC 8536) that has a name in it.
	tzif := []byte("TZif\x00" + strings.Repeat("\x00", 15) + strings.Repeat("\x00\x00\x00\x00", 4) + "\x00\x00\x00\x01" + "\x00\x00\x00\x04" + "\x00\x00\x0e\x10\x00\x00CET\x00")
	z, err := contract.NewZone("Test/One", tzif)
	if err != nil {
		t.Fatal(err)
	}
	x.Zone = z
	target, _ := contract.ParseTarget("99.95")
	x.Targets = []contract.ServiceTarget{{Service: "s", Target: target}}
	x.Holidays = []contract.Date{{Year: 2026, Month: 12, Day: 25}}
	a, err := json.Marshal(contract.Version{Number: 3, InForce: 5, Terms: x})
	if err != nil {
		t.Fatal(err)
	}
	var v contract.Version
	if err := json.Unmarshal(a, &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil || string(a) != string(b) {
		t.Errorf("terms read back = %s, %v, want %s", b, err, a)
	}
	if got := v.Terms.Zone.Format(0); got != "1970-01-01T01:00:00+01:00" {
		t.Errorf("zone read back prints %s, want one hour east", got)
	}
	if _, err := contract.NewZone("Test/Bad", []byte("TZif")); err == nil {
		t.Error("NewZone(four bytes) = nil, want an error")
	}
}
