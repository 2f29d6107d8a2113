// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

// here is where further keys go into the example.
const here = "    statement:\n"

func with(keys string) string { return "    " + keys + "\n" + here }

func TestAgreementMistakes(t *testing.T) {
	const file = "contract.yaml"
	const limits = "- {name: lossy,"
	runBad(t, []badInput{
		{"acceptance without its time", file, here, with("accepted: ▸{by: account-17}"), "accepted lacks the key at, needed is an instant, as 2026-01-01T00:00:00+01:00"},
		{"acceptance by nobody", file, here, with("accepted: ▸{at: 2025-12-15T10:00:00+01:00}"), "accepted lacks the key by, needed is who accepted it for the customer"},
		{"document of a version", file, here, with("document: ▸sha256:12"), `document "sha256:12" is no hash, allowed is sha256: and 64 digits of lower-case hexadecimal, as sha256sum prints`},
		{"unknown period", file, here, with("period: ▸monthly"), `period "monthly" is unknown, did you mean month? allowed are month, quarter, year, term`},
		{"ends before it begins", file, here, with("ends: ▸2026-01-01T00:00:00+01:00"), "ends is not after in_force, allowed is a later instant: the agreement ends there"},
		{"clocks without hours", file, "    holidays: [2026", "      clocks: ▸{except_holidays: true}\n    holidays: [2026", "clocks lacks the key hours, needed is a list of {days, from, to}"},
		{"office without a window", file, "    holidays: [2026", "      office: {hours: ▸[]}\n    holidays: [2026", "hours has no entry, needed is at least one window"},
		{"unknown windows", file, "    holidays: [2026", "      ▸reports: {}\n    holidays: [2026", `unknown key "reports" in windows, allowed are availability, clocks, office, reporting`},
		{"list of no country", file, "holidays: [2026-01-01,", "holidays: [{country: ▸FR}, 2026-01-01,", `country "FR" is unknown, allowed are NL, BE`},
		{"list without a country", file, "holidays: [2026-01-01,", "holidays: [▸{good_friday: true}, 2026-01-01,", "holidays[0] lacks the key country, needed is NL or BE"},
		{"list twice", file, "holidays: [2026-01-01,", "holidays: [{country: BE}, ▸{country: BE, substitute: true}, 2026-01-01,", "the list of country BE stands twice, allowed is once"},
		{"Dutch choice in Belgium", file, "holidays: [2026-01-01,", "holidays: [{country: BE, liberation_day: ▸every}, 2026-01-01,", "liberation_day is a choice of the Dutch list, allowed with country BE is substitute"},
		{"unknown choice of a list", file, "holidays: [2026-01-01,", "holidays: [{country: NL, liberation_day: ▸often}, 2026-01-01,", `liberation_day "often" is unknown, allowed are never, fifth, every`},
		{"custody that is none", file, "voters: [ams1,", "voters: [{location: ams1, custody: ▸mine},", `custody "mine" is unknown, allowed are provider, neutral, customer`},
		{"voter without custody", file, "voters: [ams1,", "voters: [▸{location: ams1},", "voters[0] lacks the key custody, needed is in whose hands the place is"},
		{"custody unlike the base", file, "voters: [ams1,", "voters: [▸{location: ams1, custody: neutral},", "voter ams1 is in neutral custody here and in provider custody in the installed base, allowed is the same in both"},
		{"voter as a number", file, "voters: [ams1,", "voters: [▸7, ams1,", "voters[0] is a number, allowed is a text: put it in quotes"},
		{"admission below none", file, "    admission: 3", "    admission: ▸-1", "admission -1 is out of range, allowed are 0 to 100"},
		{"unknown shortfall", file, "below_min_coverage: not_assessed", "below_min_coverage: ▸up", `below_min_coverage "up" is unknown, allowed are not_assessed, down`},
		{"objection in hours", file, "objection: 15 working days", "objection: ▸15 hours", `objection "15 hours" has the unit "hours", allowed are days, working days, weeks, months`},
		{"weight that is none", file, "full_evidence: false", "full_evidence: ▸full", "full_evidence is a text, allowed is true or false"},
		{"value without a limit", file, limits, "- ▸{name: hot, kind: snmp, metric: value, value: cpu, window: 5m}\n      " + limits, "thresholds[0] is about a value and lacks the key at, needed is the limit, as 90"},
		{"value without a name", file, limits, "- ▸{name: hot, kind: snmp, metric: value, at: 90, window: 5m}\n      " + limits, "thresholds[0] lacks the key value, needed is the name of a value, as temperature or interface.ifOperStatus{ifName=wan1}"},
		{"name that is none", file, limits, "- {name: hot, kind: snmp, metric: value, value: ▸CPU load, at: 90, window: 5m}\n      " + limits, `value "CPU load": identifier "CPU load" holds ' ': allowed are letters, digits, and after the first character '.', '_' and '-', allowed are FIELD, MEASUREMENT.FIELD and MEASUREMENT.FIELD{TAG=VALUE,...}, as interface.ifOperStatus{ifName=wan1}`},
		{"value of a ping", file, limits, "- {name: hot, kind: ▸icmp, metric: value, value: cpu, at: 90, window: 5m}\n      " + limits, "a check of the kind icmp reports no values, allowed is snmp"},
		{"value that is no number", file, limits, "- {name: hot, kind: snmp, metric: value, value: cpu, at: ▸high, window: 5m}\n      " + limits, "at is a text, allowed is a number, as 90 or 71.5"},
		{"value too exact", file, limits, "- {name: hot, kind: snmp, metric: value, value: cpu, at: ▸0.1234567, window: 5m}\n      " + limits, `at "0.1234567" is no such number, allowed are at most 100000000, either way, with at most six decimals`},
		{"cleared beyond the limit", file, limits, "- {name: hot, kind: snmp, metric: value, value: cpu, at: 90, clear_at: ▸95, window: 5m}\n      " + limits, "clear_at lies beyond the limit, allowed with above is at most at, with below at least at, with equals none"},
		{"not_in nothing", file, limits, "- ▸{name: wan, kind: snmp, metric: value, value: if.wan.oper, compare: not_in, window: 5m}\n      " + limits, "thresholds[0] compares not_in and lacks the key set, needed is the list of what is in order"},
		{"set without not_in", file, limits, "- {name: wan, kind: snmp, metric: value, value: if.wan.oper, at: 1, set: ▸[1], window: 5m}\n      " + limits, "set belongs to compare: not_in, allowed is at"},
		{"loss with a value", file, "lost: 6,", "lost: 6, at: ▸5,", "at does not belong to the metric loss, allowed is limit with rtt and jitter, lost and of with loss, value and at with value"},
		{"unknown severity", file, "lost: 6,", "lost: 6, severity: ▸grave,", `severity "grave" is unknown, allowed are info, warning, major, critical`},
	})
}

func TestExclusionMistakes(t *testing.T) {
	const file, rule = "contract.yaml", "customer-act: {accepted: provider}"
	runBad(t, []badInput{
		{"unknown notice", file, rule, "customer-act: {announced: ▸after}", `announced "after" is unknown, allowed are none, before, without_delay`},
		{"without delay, of what length", file, rule, "customer-act: {announced: ▸without_delay}", "announced without_delay says not how long it may take, add the key delay, as delay: 4h"},
		{"delay of what", file, rule, "customer-act: {delay: ▸4h}", "delay belongs to announced: without_delay, allowed is it only there"},
		{"ahead of nothing", file, rule, "customer-act: {ahead: ▸14 days}", "ahead says how early it is announced and announced is none, allowed is it with before and without_delay"},
		{"no time limit", file, rule, "customer-act: {claimed_within: ▸14d}", `claimed_within "14d" is no time limit, allowed is a number and a unit, as 15 working days`},
		{"time limit as a number", file, rule, "customer-act: {claimed_within: ▸14}", "claimed_within is a number, allowed is a number and a unit, as 15 working days"},
		{"time limit of none", file, rule, "customer-act: {claimed_within: ▸0 days}", `claimed_within "0 days" is out of range, allowed are 1 to 10000 of a unit`},
		{"misspelt unit", file, rule, "customer-act: {claimed_within: ▸14 workdays}", `claimed_within "14 workdays" has the unit "workdays", allowed are minutes, hours, days, working days, weeks, months`},
		{"nearly a unit", file, rule, "customer-act: {claimed_within: ▸2 weks}", `claimed_within "2 weks" has the unit "weks", did you mean weeks? allowed are minutes, hours, days, working days, weeks, months`},
		{"unknown response", file, rule, "customer-act: {office_hours: ▸count}", `office_hours "count" is unknown, allowed are ignore, flag, refuse`},
		{"unknown acceptance", file, rule, "customer-act: {accepted: ▸both}", `accepted "both" is unknown, allowed are none, provider, customer, deemed`},
		{"deemed after when", file, rule, "customer-act: {accepted: ▸deemed}", "accepted deemed says not after how long, add the key deemed_after, as deemed_after: 5 working days"},
		{"deemed after without deemed", file, rule, "customer-act: {deemed_after: ▸5 days}", "deemed_after belongs to accepted: deemed, allowed is it only there"},
		{"cap of more than a month", file, rule, "customer-act: {monthly_cap: ▸800h}", "monthly_cap 800h is out of range, allowed are 1m to 744h"},
		{"cap of all", file, here, with("monthly_excluded_cap: ▸1s"), "monthly_excluded_cap 1s is out of range, allowed are 1m to 744h"},
		{"unknown key", file, rule, "customer-act: {▸acepted: true}", `unknown key "acepted" in customer-act, did you mean accepted? allowed are accepted, ahead, announced, claimed_within, deemed_after, delay, evidence, monthly_cap, office_hours, second_person, short_notice`},
		{"on the provider's word", file, rule, "customer-act: ▸{accepted: false, evidence: false, second_person: false}", "warning: customer-act counts on the provider's word alone: no announcement, evidence or acceptance is asked"},
	})
}

func TestSupportMistakes(t *testing.T) {
	const file = "contract.yaml"
	type1 := func(targets string) string {
		return with("sla_types: [{name: gold, targets: " + targets + "}]")
	}
	runBad(t, []badInput{
		{"type without types", file, here, with("sla_type: ▸gold"), `sla_type "gold" is chosen and the key sla_types is missing, needed is the list that it is chosen from`},
		{"no type chosen", file, here, with("sla_types: ▸[{name: 1, targets: {}}, {name: 2, targets: {}}]"), "sla_types lists 2 types and the key sla_type is missing, needed is the one that was agreed"},
		{"type that is not", file, here, with("sla_types: [{name: gold, targets: {}}, {name: silver, targets: {}}]\n    sla_type: ▸slver"), `there is no SLA type "slver", did you mean silver? allowed are gold, silver`},
		{"type twice", file, here, with("sla_types: [{name: 1, targets: {}}, {name: ▸1, targets: {}}]"), `SLA type "1" is defined twice, allowed is once`},
		{"no types at all", file, here, with("sla_types: ▸[]"), "sla_types has no entry, leave the key out where no times were agreed"},
		{"type without targets", file, here, with("sla_types: [▸{name: gold}]"), "sla_types[0] lacks the key targets, needed is a mapping of P1 to P4"},
		{"priority that is not", file, here, type1("{▸P5: {reaction: 1 day}}"), `unknown key "P5" in targets, allowed are P1, P2, P3, P4, all`},
		{"target in working days", file, here, type1("{P1: {reaction: ▸1 working day}}"), `reaction "1 working day" has the unit "working day", allowed are minutes, hours, days, weeks`},
		{"target as a duration", file, here, type1("{all: {resolution: ▸4h}}"), `resolution "4h" is no time limit, allowed is a number and a unit, as 4 hours`},
		{"unknown priority in the matrix", file, here, with("priority_matrix: {all: {blocking: ▸P0}}"), `blocking "P0" is unknown, allowed are P1, P2, P3, P4`},
		{"unknown day", file, here, with("clocks: {day: ▸working}"), `day "working" is unknown, allowed are 24h, window, service_day, calendar`},
		{"unknown start", file, here, with("clocks: {reaction: {starts: ▸later}}"), `starts "later" is unknown, allowed are earlier, report, detection`},
		{"report without channels", file, here, with("clocks: {reports: {P1: ▸{confirm_in_writing: []}}}"), "P1 lacks the key channels, needed is a list, as [telephone, mail]"},
		{"confirmed by no channel", file, here, with("clocks: {reports: {P1: {channels: [mail], confirm_in_writing: [▸telephone]}}}"), `confirm_in_writing[0] "telephone" is unknown, allowed are mail`},
		{"channel twice", file, here, with("clocks: {reports: {P1: {channels: [mail, ▸mail]}}}"), `"mail" stands twice, allowed is once`},
		{"unknown priority after a work-around", file, here, with("clocks: {after_workaround: ▸P9}"), `after_workaround "P9" is unknown, allowed are none, P1, P2, P3, P4`},
		{"suspends no clock", file, here, with("clocks: {suspended_by: {supplier: {clocks: ▸[]}}}"), "clocks is empty, needed is reaction, resolution or both"},
		{"suspends an unknown clock", file, here, with("clocks: {suspended_by: {supplier: {clocks: [▸response]}}}"), `clocks[0] "response" is unknown, allowed are reaction, resolution`},
		{"suspended until", file, here, with("clocks: {suspended_by: {supplier: {until: ▸end_of_week}}}"), `until "end_of_week" is unknown, allowed are instant, end_of_day, end_of_working_day`},
		{"escalated by", file, here, with("escalation: {by: ▸provider}"), `by "provider" is unknown, allowed are automatic, customer`},
		{"no tiers", file, here, with("escalation: {tiers: ▸0}"), "tiers 0 is out of range, allowed are 1 to 9"},
		{"credit of what", file, here, with("credit: ▸{cap_percent: 100}"), "credit lacks the key percent_per_day, needed is the share for each day, as 10"},
		{"credit beyond reason", file, here, with("credit: {percent_per_day: ▸1001, cap_percent: 100}"), `percent_per_day "1001" is no such percentage, allowed are 0 to 1000 with at most six decimals`},
		{"credit without a cap", file, here, with("credit: ▸{percent_per_day: 10}"), "warning: the credit has no cap: an overrun that nobody ends costs without bounds, add cap_percent or yearly_caps"},
		{"unknown month", file, here, with("credit: {percent_per_day: 10, cap_percent: 100, base: ▸month}"), `base "month" is unknown, allowed are month_before, month_of_overrun`},
		{"unknown days", file, here, with("credit: {percent_per_day: 10, cap_percent: 100, days: ▸comenced}"), `days "comenced" is unknown, did you mean commenced? allowed are commenced, completed, working, calendar`},
		{"overruns of nothing", file, here, with("credit: {percent_per_day: 10, cap_percent: 100, overruns: ▸[]}"), "overruns is empty, needed is reaction, resolution or both"},
		{"cap of two kinds", file, here, with("credit: {percent_per_day: 10, yearly_caps: [▸{percent: 20, euros: 5000}]}"), "yearly_caps[0] needs exactly one of the keys percent and euros"},
		{"share of what", file, here, with("resolved_in_time: {percent: 80, of: ▸some}"), `of "some" is unknown, allowed are reported, all`},
		{"unknown ground", file, here, with("resolved_in_time: {percent: 80, leave_out: [▸software]}"), `leave_out[0] "software" is unknown, allowed are outside-window, self-healed, not-hardware, outside-equipment, not-in-base, no-target`},
		{"duty twice", file, here, with("duties: [{name: notice, after: it begins}, {name: ▸notice, after: it ends}]"), "duty notice is defined twice, allowed is once"},
		{"duty after what", file, here, with("duties: [▸{name: notice}]"), "duties[0] lacks the key after, needed is the event, in plain words"},
		{"duty of whom", file, here, with("duties: [{name: notice, after: it begins, of: ▸both}]"), `of "both" is unknown, allowed are provider, customer`},
		{"appointment", file, here, with("appointment: {cancel: ▸2 days ahead}"), `cancel "2 days ahead" has the unit "days ahead", allowed are minutes, hours, days, working days, weeks, months`},
	})
}

// TestAgreementMistakesAtOnce has one in each part of the file.
func TestAgreementMistakesAtOnce(t *testing.T) {
	f := example()
	f.edit(t, "contract.yaml", here, with("period: day\n    sla_types: [{name: gold, targets: {P1: {reaction: soon}}}]\n    credit: {percent_per_day: much}\n    duties: [{}]"))
	_, ps := configs.LoadContract(f.source(), "contract.yaml")
	if n := len(ps.Mistakes()); n != 5 {
		t.Errorf("problems =\n%s\nwant five mistakes", lines(ps))
	}
}

// TestAgreementDefaults leaves out all the further keys: nothing is promised.
func TestAgreementDefaults(t *testing.T) {
	f := files{"contract.yaml": "id: gold\nversions:\n  - number: 1\n    in_force: 2026-01-01T00:00:00Z\n    timezone: UTC\n" +
		"    windows: {availability: {hours: [{days: [Mon], from: 00:00, to: 24:00}]}}\n    voters: [a, b, c]\n    measure: {icmp: {}}\n    exclusions: {maintenance: {}, force-majeure: {}}\n"}
	c, ps := configs.LoadContract(f.source(), "contract.yaml")
	if ps != nil {
		t.Fatal(lines(ps))
	}
	got, want := c.Versions[0].Terms, contract.DefaultTerms()
	if s := got.Support; len(s.Levels) != 0 || s.Credit.PerDay != 0 || s.Day != want.Support.Day || s.WorkAround != contract.P3 || !s.Visit || len(s.Suspends) != 1 || s.Escalation != want.Support.Escalation {
		t.Errorf("support = %+v, want the defaults %+v", s, want.Support)
	}
	if got.Period != contract.PeriodMonth || got.Objection != (contract.TimeLimit{N: 15, Unit: contract.WorkingDays}) || !got.FavourAccepted || got.FullEvidence || got.Shortfall != contract.NotAssessed {
		t.Errorf("terms = %+v, want the defaults", got)
	}
	if got.Voters[0] != (contract.Voter{Location: "a"}) {
		t.Errorf("voter = %+v, want a without custody: only a base tells it", got.Voters[0])
	}
	for _, r := range got.Exclusions {
		for _, d := range want.Exclusions {
			if r.Kind == d.Kind && r != d {
				t.Errorf("exclusion %s = %+v, want the default %+v", r.Kind, r, d)
			}
		}
	}
}

// TestAgreementValues looks at what settings become.
func TestAgreementValues(t *testing.T) {
	f := example()
	f.edit(t, "contract.yaml", "- {name: lossy,", "- {name: cold, kind: snmp, metric: value, value: temperature, compare: below, at: -5.5, clear_at: -2, window: 5m, severity: major}\n      - {name: lossy,")
	f.edit(t, "contract.yaml", "voters: [ams1,", "voters: [{location: ams1, custody: provider},")
	f.edit(t, "contract.yaml", "holidays: [2026", "holidays: [{country: NL, liberation_day: fifth}, 2026")
	f.edit(t, "contract.yaml", "    # A document of its own", "    document: sha256:"+strings.Repeat("cd", 32)+"\n    accepted: {by: account-17, at: 2025-12-15T10:00:00+01:00}\n    # A document of its own")
	f.edit(t, "contract.yaml", "force-majeure: {announced: without_delay, delay: 24h, accepted: provider}", "force-majeure: {announced: without_delay, delay: 24h, accepted: deemed, deemed_after: 5 working days, monthly_cap: 8h}")
	c, ps := configs.LoadContract(f.source(), "contract.yaml")
	if ps.Err() != nil {
		t.Fatal(lines(ps))
	}
	v := c.Versions[0]
	if v.Document != strings.Repeat("cd", 32) || v.AcceptedBy != "account-17" || !v.AcceptedAt.Time().Equal(time.Date(2025, 12, 15, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("document, accepted = %s, %s, %v", v.Document, v.AcceptedBy, v.AcceptedAt.Time())
	}
	th := v.Terms.Thresholds[0]
	if th.Value != "temperature" || th.Compare != contract.Below || th.At != -5_500_000 || th.ClearAt == nil || *th.ClearAt != -2_000_000 || th.Severity != contract.SeverityMajor {
		t.Errorf("threshold = %+v, want temperature below -5.5, in order at -2", th)
	}
	if v.Terms.Voters[0] != (contract.Voter{Location: "ams1", Custody: vouch.CustodyProvider}) {
		t.Errorf("voter = %+v, want ams1 in the provider's custody", v.Terms.Voters[0])
	}
	if l := v.Terms.HolidayLists; len(l) != 1 || l[0] != (contract.HolidayList{Country: contract.Netherlands, Liberation: contract.LiberationFifth}) || len(v.Terms.Holidays) != 10 {
		t.Errorf("holidays = %v, %v, want the Dutch list and ten dates", l, v.Terms.Holidays)
	}
	want := contract.ExclusionRule{Kind: contract.ForceMajeure, Announced: contract.NoticeWithoutDelay, Delay: 24 * time.Hour, Evidence: true,
		Accepted: contract.AcceptedDeemed, Deemed: contract.TimeLimit{N: 5, Unit: contract.WorkingDays}, FourEyes: true, MonthlyCap: 8 * time.Hour}
	for _, r := range v.Terms.Exclusions {
		if r.Kind == contract.ForceMajeure && r != want {
			t.Errorf("force majeure = %+v, want %+v", r, want)
		}
	}
}

// With fewer than two references an agent hardly knows whose silence it hears.
func TestFewReferences(t *testing.T) {
	const both = "      - {name: resolver, kind: icmp, address: 203.0.113.53}\n      - {name: exchange, kind: tcp, address: 198.51.100.80, port: 443}\n"
	for n, left := range []string{"    references: []\n", "    references:\n      - {name: resolver, kind: icmp, address: 203.0.113.53}\n"} {
		f := example()
		f.edit(t, "contract.yaml", "    references:\n"+both, left)
		want := fmt.Sprintf("contract.yaml:15:5: warning: version 1 names fewer than two references (%d): agents tell by them whether a silence is the device's or their own network's", n)
		if got := lines(f.load("contract.yaml")); got != want {
			t.Errorf("problems =\n%s\nwant\n%s", got, want)
		}
	}
}
