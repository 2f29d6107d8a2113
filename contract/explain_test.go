// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// TestLines explains 500 seconds, line by line.
func TestLines(t *testing.T) {
	x := alone()
	x.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 5}} // up to second 300
	x.Voters = append(x.Voters, contract.Voter{Location: "K", Custody: vouch.CustodyCustomer})
	x.LeaveOutCustomer = true
	versions := []contract.Version{{Number: 1, InForce: 0, Terms: x}}
	checks := func(text string) []contract.Check {
		return []contract.Check{{Name: "icmp", Kind: vouch.KindICMP, Samples: samples(t, 100e9, 1e9, text)}}
	}
	m := contract.Matter{Span: contract.Span{From: -50, To: 500}, Versions: versions, Leases: []contract.Span{{From: 0, To: 400}},
		Agents: []contract.Agent{
			{ID: "a", Location: "X", Checks: checks("0 up, 100 down, 200 unknown:overload, 300 up")},
			{ID: "k", Location: "K", Checks: checks("0 up, 100 up, 200 up, 300 up")}}}
	decisions := contract.Scope{Versions: versions, Leases: m.Leases}.Decide([]contract.Exclusion{
		{ID: "M1", Kind: contract.Maintenance, Span: contract.Span{From: 100, To: 150}, AnnouncedAt: 90},
		{ID: "M2", Kind: contract.Maintenance, Span: contract.Span{From: 160, To: 170}, AnnouncedAt: 165},
		{ID: "M3", Kind: contract.Maintenance, Span: contract.Span{From: 390, To: 450}, AnnouncedAt: 90}})
	a := contract.Assess(contract.Basis{Period: m.Span, Versions: versions, Verdict: contract.Exclude(contract.Judge(m), decisions), Decisions: decisions})
	checkAccount(t, a)
	var got []string
	for _, l := range a.Lines(x.Zone) {
		got = append(got, strings.ReplaceAll(strings.ReplaceAll(l, "1970-01-01T00:", ""), "+00:00", ""))
	}
	want := []string{
		"not measured   1969-12-31T23:59:10  00:00  50 s  not measured; no contract in force",
		"up             00:00  01:40  100 s  up: X up, K up [no vote: customer custody]",
		"excluded       01:40  02:30  50 s  down: X down, K up [no vote: customer custody]; excluded by M1",
		"down           02:30  03:20  50 s  down: X down, K up [no vote: customer custody]",
		"unknown        03:20  05:00  100 s  unknown (overload): X unknown (overload), K up [no vote: customer custody]",
		"outside window 05:00  06:30  90 s  up: X up, K up [no vote: customer custody]; outside the service window",
		"outside window 06:30  06:40  10 s  up: X up, K up [no vote: customer custody]; excluded by M3; outside the service window",
		"not measured   06:40  08:20  100 s  not measured; outside the lease",
		"agreed 300 s = excluded 50 + up 100 + down 50 + unknown 100; outside the window 100, not measured 150",
		"M2 maintenance 02:40  02:50: does not count: announced after it began",
		"M3 maintenance 06:30  07:30: counts in part; not 06:40  07:30: outside the lease",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("Lines =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestShortfall measures half of an hour.
func TestShortfall(t *testing.T) {
	for _, tt := range []struct {
		policy     contract.Shortfall
		min        string
		headline   string
		missing    int64
		assessable bool
	}{
		{contract.NotAssessed, "99", "100.000000", 0, false},
		{"", "99", "100.000000", 0, false},
		{contract.MissingIsDown, "99", "50.000000", 1800, true},
		{contract.MissingIsDown, "50", "100.000000", 0, true},
		{contract.MissingIsDown, "", "100.000000", 0, true},
	} {
		x := alone()
		x.Shortfall = tt.policy
		if err := x.MinCoverage.UnmarshalText([]byte(tt.min)); err != nil {
			t.Fatal(err)
		}
		a := contract.Assess(contract.Basis{Period: contract.Span{From: 0, To: 3600}, Versions: one(x),
			Verdict: []contract.Segment{{Span: contract.Span{From: 0, To: 1800}, State: contract.Up}}})
		if a.Headline.String() != tt.headline || a.Missing != tt.missing || a.Assessable != tt.assessable {
			t.Errorf("%q below %s %%: headline %s, missing %d, assessable %v, want %s, %d, %v", tt.policy, tt.min, a.Headline, a.Missing, a.Assessable, tt.headline, tt.missing, tt.assessable)
		}
	}
}
