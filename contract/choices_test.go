// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

// choices are the rows of the table in the rules page, "What a contract file must be
// able to choose", each with the fields of the terms that hold the choice and, where
// the table names a default, its JSON.
func choices() map[string]map[string]string {
	return map[string]map[string]string{
		"what the quorum asks": {"quorum.rule": `"two_sided"`, "quorum.q": "2", "voters": "null"},
		"degraded":             {"degraded": `"figure"`, "thresholds": "null"},
		"unknown in the headline": {"unknown": `"neutral"`, "provider_network": `"unknown"`, "min_coverage": `"99"`,
			"shortfall": `"not_assessed"`},
		"windows": {"windows": "null", "on_holidays": "false", "clocks.windows": "null", "clocks.on_holidays": "false",
			"reporting.windows": "null", "reporting.on_holidays": "false", "period": `"month"`, "ends": "0", "targets": "null"},
		"exclusions, per kind (maintenance, any intervention, force majeure, customer act, suspension for non-payment, cybercrime, third party)": {
			"exclusions.kind": `"maintenance"`, "exclusions.announced": `"before"`, "exclusions.delay_ns": "0", "exclusions.evidence": "false",
			"exclusions.accepted": `""`, "exclusions.deemed.n": "0", "exclusions.within.n": "0", "exclusions.four_eyes": "false",
			"exclusions.monthly_cap_ns": "0", "excluded_cap_ns": "0"},
		"short notice, or work inside office hours": {"exclusions.ahead.n": "0", "exclusions.short_notice": `"flag"`, "exclusions.office_hours": `"flag"`, "office.windows": "null"},
		"reaction":      {"support.reaction.starts": `"earlier"`, "support.reaction.receipt": "false", "support.levels": "null"},
		"resolution":    {"support.work_around": `"P3"`, "support.matrix": "null"},
		`a "day"`:       {"support.day": `"window"`},
		"suspension":    {"support.suspends.cause": `"supplier"`, "support.suspends.reaction": "false", "support.suspends.resolution": "true", "support.suspends.until": `"end_of_working_day"`},
		"visit on site": {"support.visit": "true"},
		"escalation":    {"support.escalation.by": `"automatic"`, "support.escalation.tiers": "3"},
		"credit": {"support.credit.per_day": "0", "support.credit.base": `"month_before"`, "support.credit.paid": "true", "support.credit.cap": "0",
			"support.credit.year_caps": "null", "support.credit.attributed": "true", "support.credit.claim.n": "0", "support.credit.form": `""`, "support.credit.days": `"commenced"`},
		"share resolved in time": {"support.share.all": "false", "support.share.leave_out": "null", "support.share.target": `""`},
		"finality":               {"objection": `{"n":15,"unit":"working_days"}`, "favour_accepted": "true"},
		"holidays":               {"holidays": "null", "holiday_lists": "null"},
		"measurement":            {"interval_ns": "30000000000", "timeout_ns": "5000000000", "admission": "0", "measured": `""`, "confirm_ns": "120000000000", "clear_ns": "300000000000"},
	}
}

// field returns the value of a path of JSON names. Of a list it is in the first entry.
func field(v reflect.Value, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		if v.Kind() == reflect.Slice {
			if v.Len() == 0 {
				return nil, false
			}
			v = v.Index(0)
		}
		found := false
		for i := range v.NumField() {
			if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); tag == name {
				v, found = v.Field(i), true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return v.Interface(), true
}

// TestChoices finds every choice as a named parameter with its default.
func TestChoices(t *testing.T) {
	terms := reflect.ValueOf(contract.DefaultTerms())
	for question, fields := range choices() {
		for path, want := range fields {
			v, ok := field(terms, path)
			if !ok {
				t.Errorf("%s: the terms have no field %s", question, path)
				continue
			}
			if got, err := json.Marshal(v); err != nil || string(got) != want {
				t.Errorf("%s: default of %s = %s, %v, want %s", question, path, got, err, want)
			}
		}
	}
	// The rest with evidence and a second person.
	for _, r := range contract.DefaultTerms().Exclusions[1:] {
		if !r.Evidence || !r.FourEyes || r.Accepted != contract.AcceptedProvider {
			t.Errorf("default rule of %s = %+v, want evidence and a second person", r.Kind, r)
		}
	}
	if got, want := len(contract.DefaultTerms().Exclusions), len(contract.ExclusionKinds()); got != want {
		t.Errorf("default rules = %d, want one for each of %d kinds", got, want)
	}
}

// TestChoicesOfTheRules holds the list above against the page, row by row.
func TestChoicesOfTheRules(t *testing.T) {
	page, err := os.ReadFile("../../shared/availability/rules.md")
	if err != nil {
		t.Skipf("the rules page is not here: %v", err)
	}
	_, table, ok := strings.Cut(string(page), "## What a contract file must be able to choose")
	if !ok {
		t.Fatal("the rules page has no table of choices")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	rows := map[string]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.Contains(cells[1], "question") || strings.Contains(cells[1], "---") {
			continue
		}
		question := strings.TrimSpace(cells[1])
		rows[question] = true
		if _, ok := choices()[question]; !ok {
			t.Errorf("no parameter answers %q", question)
		}
	}
	for question := range choices() {
		if !rows[question] {
			t.Errorf("the page has no row %q any more", question)
		}
	}
}
