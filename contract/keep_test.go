// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

// Evidence is kept for as long as anybody may come back to it, and six months more.
func TestLeastKept(t *testing.T) {
	limit := func(n int, u contract.Unit) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: u} }
	for _, tt := range []struct {
		name   string
		change func(*contract.Terms)
		months int
		key    string
	}{
		{"nothing agreed", func(*contract.Terms) {}, 6, ""},
		{"objection", func(x *contract.Terms) { x.Objection = limit(15, contract.WorkingDays) }, 7, "statement.objection"},
		{"a month of objection", func(x *contract.Terms) { x.Objection = limit(1, contract.Months) }, 7, "statement.objection"},
		{"a credit", func(x *contract.Terms) { x.Support.Credit.Claim = limit(40, contract.Days) }, 8, "credit.claim_within"},
		{"a claim of the provider's", func(x *contract.Terms) {
			x.Objection = limit(15, contract.WorkingDays)
			x.Exclusions = []contract.ExclusionRule{{Kind: contract.Cybercrime, Within: limit(10, contract.Weeks)}}
		}, 9, "exclusions.cybercrime.claimed_within"},
		{"hours", func(x *contract.Terms) { x.Support.Credit.Claim = limit(49, contract.HoursUnit) }, 7, "credit.claim_within"},
		{"agreed, and longer", func(x *contract.Terms) { x.Keep, x.Objection = limit(18, contract.Months), limit(1, contract.Months) }, 18, "statement.keep_evidence"},
		{"agreed, and too short", func(x *contract.Terms) { x.Keep, x.Objection = limit(2, contract.Months), limit(1, contract.Months) }, 7, "statement.objection"},
		{"agreed in days", func(x *contract.Terms) { x.Keep = limit(366, contract.Days) }, 14, "statement.keep_evidence"},
	} {
		x := alone()
		x.Objection = contract.TimeLimit{}
		tt.change(&x)
		if months, key := x.LeastKept(); months != tt.months || key != tt.key {
			t.Errorf("%s: LeastKept = %d, %q, want %d, %q", tt.name, months, key, tt.months, tt.key)
		}
	}
	for _, tt := range []struct {
		limit  contract.TimeLimit
		months int
		want   bool
	}{
		{limit(18, contract.Months), 18, true}, {limit(17, contract.Months), 18, false},
		{limit(366, contract.Days), 12, true}, {limit(365, contract.Days), 12, false},
		{limit(184, contract.Days), 6, true}, {limit(183, contract.Days), 6, false},
		{limit(53, contract.Weeks), 12, true}, {limit(52, contract.Weeks), 12, false},
		{contract.TimeLimit{}, 1, false}, {limit(1, contract.Days), 0, true},
	} {
		if got := tt.limit.Covers(tt.months); got != tt.want {
			t.Errorf("%v covers %d months = %v, want %v", tt.limit, tt.months, got, tt.want)
		}
	}
}
