// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"testing"

	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

// own gives the bakery a retention of its own.
const own = "        all: [router-1, phones]"

func TestRetentionMistakes(t *testing.T) {
	const file, end = "collector.yaml", "log_level: info"
	const units = "allowed are days, weeks, months"
	runBad(t, []badInput{
		{"shorter than a claim may come", file, end, end + "\nretention: {availability: ▸6 months}", "availability 6 months is too short, allowed are at least 7 months: contract gold version 1, statement.objection, and six months to decide (Annex 2, article 4)"},
		{"shorter, in days", file, end, end + "\nretention: {availability: ▸214 days}", "availability 214 days is too short, allowed are at least 7 months: contract gold version 1, statement.objection, and six months to decide (Annex 2, article 4)"},
		{"a number", file, end, end + "\nretention: {availability: ▸18}", "availability is a number, allowed is a number and a unit, as 18 months"},
		{"no unit", file, end, end + "\nretention: {telemetry: ▸18mo}", `telemetry "18mo" is no time limit, allowed is a number and a unit, as 18 months`},
		{"hours", file, end, end + "\nretention: {telemetry: ▸40 hours}", `telemetry "40 hours" has the unit "hours", ` + units},
		{"working days", file, end, end + "\nretention: {telemetry: ▸40 working days}", `telemetry "40 working days" has the unit "working days", ` + units},
		{"none", file, end, end + "\nretention: {telemetry: ▸0 days}", `telemetry "0 days" is out of range, allowed are 1 to 10000 of a unit`},
		{"another stream", file, end, end + "\nretention: {▸traffic: 3 months}", `unknown key "traffic" in retention, allowed are availability, telemetry`},
		{"a customer's", "base.yaml", own, own + "\n    retention: {availability: ▸1 month}", "availability 1 month is too short, allowed are at least 7 months: contract gold version 1, statement.objection, and six months to decide (Annex 2, article 4)"},
		{"a customer's other stream", "base.yaml", own, own + "\n    retention: {▸traffic: 3 months}", `unknown key "traffic" in retention, allowed are availability, telemetry`},
	})
}

// A contract that asks for longer is heard, and the clause is named.
func TestRetentionByContract(t *testing.T) {
	f := example()
	f.edit(t, "contract.yaml", "      #keep_evidence: 18 months", "      keep_evidence: 18 months")
	place := f.edit(t, "collector.yaml", "log_level: info", "log_level: info\nretention: {availability: ▸17 months}")
	_, ps := configs.LoadCollector(f.source(), "collector.yaml")
	if got, want := lines(ps), place+": availability 17 months is too short, allowed are at least 18 months: contract gold version 1, statement.keep_evidence (Annex 2, article 4)"; got != want {
		t.Errorf("problems =\n%s\nwant\n%s", got, want)
	}
}

func TestRetention(t *testing.T) {
	months := func(n int) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: contract.Months} }
	for _, tt := range []struct {
		name, collector, base string
		want                  configs.Retention
	}{
		{"none: everything is kept", "", "", configs.Retention{}},
		{"the default", "\nretention: {availability: 18 months, telemetry: 90 days}", "", configs.Retention{Availability: months(18), Telemetry: contract.TimeLimit{N: 90, Unit: contract.Days}}},
		{"a stream alone", "\nretention: {telemetry: 3 months}", "", configs.Retention{Telemetry: months(3)}},
		{"a customer's own beside it", "\nretention: {availability: 18 months, telemetry: 3 months}", "\n    retention: {availability: 24 months}", configs.Retention{Availability: months(24), Telemetry: months(3)}},
		{"a customer's own alone", "", "\n    retention: {telemetry: 2 months}", configs.Retention{Telemetry: months(2)}},
		{"a customer who keeps longer than a default that is too short for him", "\nretention: {availability: 1 month}", "\n    retention: {availability: 24 months}", configs.Retention{Availability: months(24)}},
	} {
		f := example()
		f.edit(t, "collector.yaml", "log_level: info", "log_level: info"+tt.collector)
		f.edit(t, "base.yaml", own, own+tt.base)
		c, ps := configs.LoadCollector(f.source(), "collector.yaml")
		if got := lines(ps); got != "" || len(c.Base.Customers) != 1 || c.Base.Customers[0].Retention != tt.want {
			t.Errorf("%s: retention = %+v, %s, want %+v", tt.name, c.Base.Customers, got, tt.want)
		}
	}
}
