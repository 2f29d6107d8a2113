// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

// A claim is told everything that it lacks at once, and what nothing can mend.
func TestMissing(t *testing.T) {
	terms := alone()
	terms.Exclusions = []contract.ExclusionRule{
		{Kind: contract.ForceMajeure, Evidence: true, Accepted: contract.AcceptedProvider, FourEyes: true},
		{Kind: contract.CustomerAct, Accepted: contract.AcceptedCustomer},
		{Kind: contract.ThirdParty, Accepted: contract.AcceptedDeemed, Deemed: contract.TimeLimit{N: 2, Unit: contract.Days}},
		{Kind: contract.Cybercrime, Evidence: true, Within: contract.TimeLimit{N: 1, Unit: contract.Days}},
		{Kind: contract.Suspension, Announced: contract.NoticeBefore, Ahead: contract.TimeLimit{N: 15, Unit: contract.Days}, Short: contract.Refuse, Evidence: true},
	}
	const day = 86_400
	claim := func(k contract.ExclusionKind) contract.Exclusion {
		return contract.Exclusion{ID: "E", Kind: k, Span: contract.Span{From: 100 * day, To: 101 * day}, RecordedAt: 102 * day, Author: "a"}
	}
	with := func(e contract.Exclusion, change func(*contract.Exclusion)) contract.Exclusion { change(&e); return e }
	for _, tt := range []struct {
		name string
		e    contract.Exclusion
		now  contract.Second
		want []contract.Why
	}{
		{"everything", claim(contract.ForceMajeure), 0, []contract.Why{contract.WhyNotAccepted, contract.WhyNoEvidence, contract.WhyFourEyes}},
		{"approved by its author", with(claim(contract.ForceMajeure), func(e *contract.Exclusion) {
			e.Accepted, e.Approver, e.Evidence = true, "a", []string{"x"}
		}), 0, []contract.Why{contract.WhyFourEyes}},
		{"nothing", with(claim(contract.ForceMajeure), func(e *contract.Exclusion) {
			e.Accepted, e.Approver, e.Evidence = true, "b", []string{"x"}
		}), 0, nil},
		{"the customer's word", claim(contract.CustomerAct), 0, []contract.Why{contract.WhyNotCustomer}},
		{"untold", claim(contract.ThirdParty), 0, []contract.Why{contract.WhyNotTold}},
		{"told", with(claim(contract.ThirdParty), func(e *contract.Exclusion) { e.ToldAt = 102 * day }), 103 * day, []contract.Why{contract.WhyPending}},
		{"late, and without evidence", with(claim(contract.Cybercrime), func(e *contract.Exclusion) { e.RecordedAt = 110 * day }), 0,
			[]contract.Why{contract.WhyNoEvidence, contract.WhyClaimedLate}},
		{"announced late, and without evidence", with(claim(contract.Suspension), func(e *contract.Exclusion) { e.AnnouncedAt = 102 * day }), 0,
			[]contract.Why{contract.WhyLate, contract.WhyNoEvidence}},
		{"announced at short notice", with(claim(contract.Suspension), func(e *contract.Exclusion) { e.AnnouncedAt = 99 * day }), 0,
			[]contract.Why{contract.WhyShortNotice, contract.WhyNoEvidence}},
		{"not agreed", claim(contract.OutsideControl), 0, []contract.Why{contract.WhyNotAgreed}},
		{"rejected", with(claim(contract.ForceMajeure), func(e *contract.Exclusion) { e.RejectedAt = 1 }), 0, []contract.Why{contract.WhyRejected}},
		{"corrected", with(claim(contract.ForceMajeure), func(e *contract.Exclusion) { e.CorrectedAt, e.RejectedAt = 1, 1 }), 0, []contract.Why{contract.WhyCorrected}},
	} {
		s := contract.Scope{Versions: one(terms), Now: tt.now}
		if got := s.Missing(tt.e); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: Missing = %q, want %q", tt.name, got, tt.want)
		}
	}
	partly := contract.Scope{Versions: one(terms), Leases: []contract.Span{{From: 0, To: 100*day + 9}}}
	if got, want := partly.Missing(claim(contract.CustomerAct)), []contract.Why{contract.WhyNotCustomer, contract.WhyOutsideLease}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("beyond the lease: Missing = %q, want %q", got, want)
	}
}

// What a claim falls under is told by each version over its span.
func TestScopeAsks(t *testing.T) {
	first, second := alone(), alone()
	first.Exclusions = []contract.ExclusionRule{{Kind: contract.ThirdParty, Accepted: contract.AcceptedDeemed, Deemed: contract.TimeLimit{N: 60, Unit: contract.Minutes}}}
	second.Exclusions = []contract.ExclusionRule{{Kind: contract.ThirdParty, FourEyes: true}}
	s := contract.Scope{Versions: []contract.Version{{Number: 1, Terms: first}, {Number: 2, InForce: 500, Terms: second}}}
	for _, tt := range []struct {
		from, to contract.Second
		four     bool
		silence  contract.Second
	}{
		{100, 200, false, 3700}, {100, 600, true, 3700}, {500, 600, true, 0}, {-20, -10, false, 0},
	} {
		e := contract.Exclusion{Kind: contract.ThirdParty, Span: contract.Span{From: tt.from, To: tt.to}, ToldAt: 100}
		silence, ok := s.Silence(e)
		if got := s.FourEyes(e); got != tt.four || silence != tt.silence || ok != (tt.silence != 0) {
			t.Errorf("[%d, %d): FourEyes = %v, Silence = %d, %v, want %v, %d", tt.from, tt.to, got, silence, ok, tt.four, tt.silence)
		}
	}
	if _, ok := s.Silence(contract.Exclusion{Kind: contract.ThirdParty, Span: contract.Span{From: 100, To: 200}}); ok {
		t.Error("silence of a customer who was not told accepts something")
	}
}
