// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

func TestDecide(t *testing.T) {
	terms := alone()
	later := alone()
	later.Exclusions = []contract.ExclusionRule{{Kind: contract.Maintenance}, {Kind: contract.Intervention}}
	versions := []contract.Version{{Number: 1, InForce: 0, Terms: terms}, {Number: 2, InForce: 500, Terms: later}}
	ex := func(kind contract.ExclusionKind, from, to, announced contract.Second) contract.Exclusion {
		return contract.Exclusion{ID: "E", Kind: kind, Span: contract.Span{From: from, To: to}, AnnouncedAt: announced}
	}
	cancelled := ex(contract.Maintenance, 100, 200, 50)
	cancelled.CancelledAt = 130
	before := cancelled
	before.CancelledAt = 100
	accepted := ex(contract.ForceMajeure, 100, 200, 0)
	accepted.Accepted, accepted.Author, accepted.Approver, accepted.Evidence = true, "a", "b", []string{"log"}
	tests := []struct {
		name string
		e    contract.Exclusion
		want string
		why  contract.Why
	}{
		{"announced before", ex(contract.Maintenance, 100, 200, 99), "[{100 200}]", ""},
		{"announced as it began", ex(contract.Maintenance, 100, 200, 100), "[{100 200}]", ""},
		{"announced a second late", ex(contract.Maintenance, 100, 200, 101), "[]", contract.WhyLate},
		{"never announced", ex(contract.Maintenance, 100, 200, 0), "[]", contract.WhyNotAnnounced},
		{"cancelled while it ran: time passed stays", cancelled, "[{100 130}]", ""},
		{"cancelled before it began", before, "[]", contract.WhyCancelled},
		{"not accepted", ex(contract.ForceMajeure, 100, 200, 0), "[]", contract.WhyNotAccepted},
		{"accepted", accepted, "[{100 200}]", ""},
		{"no time", ex(contract.Maintenance, 100, 100, 50), "[]", contract.WhyEmpty},
		{"before any contract", ex(contract.Maintenance, -100, -50, -200), "[]", contract.WhyNoContract},
		{"two versions, the second asks for no announcement", ex(contract.Maintenance, 400, 600, 450), "[{500 600}]", contract.WhyLate},
		{"two versions, the second does not know the kind", ex(contract.ThirdParty, 600, 700, 0), "[]", contract.WhyNotAgreed},
	}
	for _, tt := range tests {
		d := contract.Decide(versions, []contract.Exclusion{tt.e})[0]
		if got := fmt.Sprint(d.Counts); got != tt.want || d.Why != tt.why {
			t.Errorf("%s: Decide = %s, %q, want %s, %q", tt.name, got, d.Why, tt.want, tt.why)
		}
	}
}

func TestExclude(t *testing.T) {
	verdict := []contract.Segment{
		{Span: contract.Span{From: 0, To: 50}, State: contract.Up},
		{Span: contract.Span{From: 50, To: 60}, State: contract.Down},
	}
	mark := func(id string, from, to contract.Second) contract.Decision {
		return contract.Decision{Exclusion: contract.Exclusion{ID: id}, Counts: []contract.Span{{From: from, To: to}}}
	}
	tests := []struct {
		name      string
		decisions []contract.Decision
		want      string
	}{
		{"none", nil, "0-50 up, 50-60 down"},
		{"touching an edge", []contract.Decision{mark("A", 40, 50)}, "0-40 up, 40-50 up[A], 50-60 down"},
		{"over an edge and beyond the end", []contract.Decision{mark("A", 40, 99)}, "0-40 up, 40-50 up[A], 50-60 down[A]"},
		{"two that overlap", []contract.Decision{mark("B", 10, 30), mark("A", 20, 40)}, "0-10 up, 10-20 up[B], 20-30 up[A B], 30-40 up[A], 40-50 up, 50-60 down"},
		{"two that touch", []contract.Decision{mark("A", 10, 20), mark("A", 20, 30)}, "0-10 up, 10-30 up[A], 30-50 up, 50-60 down"},
	}
	for _, tt := range tests {
		if got := told(contract.Exclude(verdict, tt.decisions)); got != tt.want {
			t.Errorf("%s: Exclude = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestCombine(t *testing.T) {
	seg := func(state contract.State, excluded ...string) []contract.Segment {
		return []contract.Segment{{Span: contract.Span{From: 0, To: 10}, State: state, Excluded: excluded}}
	}
	const up, down, unknown, none = contract.Up, contract.Down, contract.Unknown, contract.NotMeasured
	leaf := func(id vouch.DeviceID) vouch.Node { return vouch.Node{Device: id} }
	all := vouch.Node{All: []vouch.Node{leaf("a"), leaf("b")}}
	either := vouch.Node{Any: []vouch.Node{leaf("a"), leaf("b")}}
	tests := []struct {
		name     string
		tree     vouch.Node
		a, b     []contract.Segment
		want     string
		excluded bool
	}{
		{"all up", all, seg(up), seg(up), "up", false},
		{"all with one unknown", all, seg(up), seg(unknown), "unknown", false},
		{"all with one down", all, seg(unknown), seg(down), "down", false},
		{"any with one up", either, seg(up), seg(down), "up", false},
		{"any with one unknown", either, seg(unknown), seg(down), "unknown", false},
		{"any down", either, seg(down), seg(down), "down", false},
		{"one that is not measured does not exist", all, seg(none), seg(up), "up", false},
		{"nor in any", either, seg(none), seg(down), "down", false},
		{"none measured", all, seg(none), seg(none), "not measured", false},
		{"all excluded whatever they were", all, seg(down, "E"), seg(up, "E"), "down", true},
		{"an outage under maintenance", all, seg(down, "E"), seg(up), "down", true},
		{"maintenance does not hide the other's outage", all, seg(up, "E"), seg(down), "down", false},
		{"nor that the other is unknown", all, seg(up, "E"), seg(unknown), "unknown", false},
		{"the other carries the service through maintenance", either, seg(down, "E"), seg(up), "up", false},
		{"nothing carries it", either, seg(down, "E"), seg(down), "down", true},
		{"a device never judged", all, seg(up), nil, "unknown(no sample)", false},
	}
	for _, tt := range tests {
		want := "0-10 " + tt.want
		if tt.excluded {
			want += "[E]"
		}
		got := contract.Combine(tt.tree, map[vouch.DeviceID][]contract.Segment{"a": tt.a, "b": tt.b}, contract.Span{From: 0, To: 10})
		if told(got) != want {
			t.Errorf("%s: Combine = %s, want %s", tt.name, told(got), want)
		}
	}
}

func TestCombineDegraded(t *testing.T) {
	both := vouch.Node{All: []vouch.Node{{Device: "a"}, {Any: []vouch.Node{{Device: "b"}, {Device: "c"}}}}}
	up := func(e contract.Effect) []contract.Segment {
		return []contract.Segment{{Span: contract.Span{From: 0, To: 10}, State: contract.Up, Degraded: e}}
	}
	tests := []struct {
		a, b, c contract.Effect
		want    string
	}{
		{contract.NoEffect, contract.NoEffect, contract.NoEffect, "0-10 up"},
		{contract.EffectFigure, contract.NoEffect, contract.NoEffect, "0-10 up[figure]"},
		{contract.NoEffect, contract.EffectIncident, contract.NoEffect, "0-10 up"},
		{contract.NoEffect, contract.EffectIncident, contract.EffectFigure, "0-10 up[figure]"},
		{contract.EffectFigure, contract.EffectIncident, contract.EffectIncident, "0-10 up[incident]"},
	}
	for _, tt := range tests {
		got := contract.Combine(both, map[vouch.DeviceID][]contract.Segment{"a": up(tt.a), "b": up(tt.b), "c": up(tt.c)}, contract.Span{From: 0, To: 10})
		if told(got) != tt.want {
			t.Errorf("Combine(%v, %v, %v) = %s, want %s", tt.a, tt.b, tt.c, told(got), tt.want)
		}
	}
}
