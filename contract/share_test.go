// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

// TestRepair sums up single cases for the share resolved in time.
func TestRepair(t *testing.T) {
	x := slaTypes(t)
	x.Support.Replaced, x.Support.BaseOnly = true, true
	const begin = "reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; "
	for _, tt := range []struct {
		name, level, events string
		change              func(*contract.CaseFile)
		want                string
	}{
		{"in time, to the second", "4", begin + "operational@2026-10-27T10:00:00+01:00", nil, "{true true true false 64800 []}"},
		{"a second late", "4", begin + "operational@2026-10-27T10:00:01+01:00", nil, "{true true false false 64801 []}"},
		{"open and late", "4", begin, nil, "{true false false true 71999 []}"},
		{"nothing promised", "1", begin + "operational@2026-10-27T10:00:00+01:00", nil, "{true true true false 29700 [no-target]}"},
		{"detected, healed before anybody acted", "4", "detected@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; operational@2026-10-26T10:10:00+01:00", nil, "{false true true false 0 [self-healed]}"},
		{"by night", "4", "detected@2026-10-26T01:00:00+01:00; rated@2026-10-26T02:00:00+01:00 P1; told@2026-10-26T02:00:00+01:00; operational@2026-10-26T05:00:00+01:00", nil, "{false true true false 0 [outside-window]}"},
		{"replaced, and the fault persists", "4", begin + "replaced@2026-10-27T09:00:00+01:00; persists@2026-10-27T09:30:00+01:00; operational@2026-10-27T11:00:00+01:00", nil, "{true true true false 68400 [no-target outside-equipment]}"},
		{"persisted, then replaced", "4", begin + "persists@2026-10-27T08:30:00+01:00; replaced@2026-10-27T09:00:00+01:00; operational@2026-10-27T11:00:00+01:00", nil, "{true true false false 68400 []}"},
		{"not in the installed base", "4", begin + "operational@2026-10-27T11:00:00+01:00", func(c *contract.CaseFile) { c.NotInBase = true }, "{true true true false 68400 [no-target not-in-base]}"},
		{"software", "4", begin + "operational@2026-10-27T11:00:00+01:00", func(c *contract.CaseFile) { c.NotHardware = true }, "{true true false false 68400 [not-hardware]}"},
	} {
		c := contract.CaseFile{Versions: one(x), Level: tt.level, Events: events(t, tt.events), Now: sec("2026-10-27T11:59:59+01:00")}
		if tt.change != nil {
			tt.change(&c)
		}
		if got := fmt.Sprint(c.Handle().Repair); got != tt.want {
			t.Errorf("%s: Repair = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestResolvedInTime(t *testing.T) {
	goal, err := contract.ParseTarget("80")
	if err != nil {
		t.Fatal(err)
	}
	done := func(reported, inTime bool, seconds int64, grounds ...contract.Ground) contract.Repair {
		return contract.Repair{Reported: reported, Done: true, InTime: inTime, Seconds: seconds, Grounds: grounds}
	}
	repairs := []contract.Repair{
		done(true, true, 10), done(true, true, 20), done(true, true, 30), done(true, true, 40), done(true, false, 500),
		done(false, false, 600), done(true, false, 9999, contract.GroundNotHardware), done(true, true, 5, contract.GroundNoTarget),
		{Reported: true, Overdue: true}, {Reported: true},
	}
	got := contract.ResolvedInTime(contract.ShareRule{Target: goal, LeaveOut: []contract.Ground{contract.GroundNotHardware}}, repairs)
	if r := got.Reported; r.Of != 6 || r.InTime != 4 || r.LeftOut != 2 || r.Open != 1 || r.Share.String() != "66.666666" || r.P80 != 40 || r.P95 != 500 || r.Resolved != 5 {
		t.Errorf("reported = %+v, want 4 of 6, 80th of 5 repair times 40, 95th 500", r)
	}
	if a := got.All; a.Of != 7 || a.InTime != 4 || a.Share.String() != "57.142857" || a.P80 != 500 || a.P95 != 600 {
		t.Errorf("all = %+v, want 4 of 7, percentiles 500 and 600", a)
	}
	if got.Met || got.Agreed != got.Reported {
		t.Errorf("agreed = %+v, met %v, want the reported ones, not met", got.Agreed, got.Met)
	}
	exactly := contract.ResolvedInTime(contract.ShareRule{Target: goal, All: true}, repairs[:5])
	if !exactly.Met || exactly.Agreed.Share.String() != "80.000000" {
		t.Errorf("4 of 5 = %+v, want 80 %% met", exactly)
	}
	if none := contract.ResolvedInTime(contract.ShareRule{Target: goal}, nil); none.Met || none.Reported.Share.Valid() {
		t.Errorf("of none = %+v, want no figure and nothing met", none)
	}
}
