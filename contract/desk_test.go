// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/contract"
)

// slaTypes returns the first contract's terms with its five SLA types (art. 35.3,
// 39.1.1 and 39.1.2), legal holidays excepted from the clocks.
func slaTypes(t testing.TB) contract.Terms {
	x := willux(t)
	hours := func(n int) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: contract.HoursUnit} }
	days := func(n int) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: contract.Days} }
	x.Support.Matrix = []contract.Rating{
		{Impact: "some", Urgency: "light", Priority: contract.P4}, {Impact: "all", Urgency: "light", Priority: contract.P3},
		{Impact: "some", Urgency: "blocking", Priority: contract.P2}, {Impact: "all", Urgency: "blocking", Priority: contract.P1},
	}
	for i, w := range [][2]contract.TimeOfDay{{525, 1020}, {525, 1020}, {360, 1080}, {360, 1440}, {360, 1440}} {
		first := hours(2)
		if i == 0 {
			first = hours(4)
		}
		l := contract.Level{Name: fmt.Sprint(i + 1), Clocks: contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: w[0], To: w[1]}}},
			Targets: []contract.ResponseTarget{{Priority: contract.P1, Reaction: first}, {Priority: contract.P2, Reaction: days(1)},
				{Priority: contract.P3, Reaction: days(2)}, {Priority: contract.P4, Reaction: days(3)}}}
		if i >= 3 {
			for j, n := range []int{1, 2, 3, 5} {
				l.Targets[j].Resolution = days(n)
			}
		}
		x.Support.Levels = append(x.Support.Levels, l)
	}
	x.Support.Escalation = contract.Escalation{By: contract.EscalateCustomer, Tiers: 3, Insufficient: true}
	x.Support.Credit = contract.CreditRule{PerDay: 10_000_000, Base: contract.MonthBefore, Paid: true, Cap: 100_000_000, CapBase: contract.MonthBefore,
		Days: contract.DaysCommenced, Reaction: true, Resolution: true, Attributed: true,
		Claim: contract.TimeLimit{N: 7, Unit: contract.Days}, Form: "registered letter",
		YearCaps: []contract.YearCap{{Name: "20 % of twelve months", Share: 20_000_000}, {Name: "5,000 EUR a year", Cents: 500_000}}}
	return x
}

// events reads "reported 2026-03-27T15:00:00+01:00; told ...". A word after the time
// is the cause, party, form or rating.
func events(t testing.TB, text string) []contract.Event {
	t.Helper()
	var out []contract.Event
	for item := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		kind, rest, _ := strings.Cut(strings.TrimSpace(item), "@")
		at, word, _ := strings.Cut(strings.TrimSpace(rest), " ")
		e := contract.Event{Kind: contract.EventKind(strings.TrimSpace(kind)), At: sec(at), Contact: true}
		switch e.Kind {
		case contract.EventRated:
			p, err := contract.ParsePriority(word)
			if err != nil {
				t.Fatal(err)
			}
			e.Priority = p
		case contract.EventAttributed:
			e.To = word
		case contract.EventClaimed:
			e.Form = word
		case contract.EventReported:
			e.Channel = word
		default:
			e.Cause = word
		}
		out = append(out, e)
	}
	return out
}

// TestClocksOfFiveTypes is worked by hand. In 2026 the clocks change on Sunday
// 29 March and Sunday 25 October; Easter Monday is 6 April, Ascension Day 14 May,
// 21 July a Tuesday.
func TestClocksOfFiveTypes(t *testing.T) {
	tests := []struct {
		name, level, events  string
		reaction, resolution string // deadlines; empty: none
	}{
		{"type 1, P1, over the weekend of the change to summer time: 2 h on Friday, 2 h on Monday", "1",
			"reported@2026-03-27T15:00:00+01:00; rated@2026-03-27T15:00:00+01:00 P1", "2026-03-30T10:45:00+02:00", ""},
		{"type 1, P2: one full window is 8:15 h, 2 h of it on Friday", "1",
			"reported@2026-03-27T15:00:00+01:00; rated@2026-03-27T15:00:00+01:00 P2", "2026-03-30T15:00:00+02:00", ""},
		{"type 1, P4: three windows, National Day between", "1",
			"reported@2026-07-20T09:45:00+02:00; rated@2026-07-20T09:45:00+02:00 P4", "2026-07-24T09:45:00+02:00", ""},
		{"type 2, P1: Easter Monday between", "2",
			"reported@2026-04-03T16:30:00+02:00; rated@2026-04-03T16:30:00+02:00 P1", "2026-04-07T10:15:00+02:00", ""},
		{"type 2, P3: reported on a Sunday, two windows from Monday", "2",
			"reported@2026-06-07T12:00:00+02:00; rated@2026-06-07T12:00:00+02:00 P3", "2026-06-09T17:00:00+02:00", ""},
		{"type 3, P1: over the weekend of the change to winter time", "3",
			"reported@2026-10-23T17:30:00+02:00; rated@2026-10-23T17:30:00+02:00 P1", "2026-10-26T07:30:00+01:00", ""},
		{"type 3, P3: Christmas and a weekend between", "3",
			"reported@2026-12-24T12:00:00+01:00; rated@2026-12-24T12:00:00+01:00 P3", "2026-12-29T12:00:00+01:00", ""},
		{"type 4, P1: told in time, the resolution runs from there", "4",
			"reported@2026-10-23T23:00:00+02:00; rated@2026-10-23T23:00:00+02:00 P1; told@2026-10-23T23:30:00+02:00", "2026-10-26T07:00:00+01:00", "2026-10-26T23:30:00+01:00"},
		{"type 4, P3: two windows of 18 h over the change to summer time", "4",
			"reported@2026-03-27T22:00:00+01:00; rated@2026-03-27T22:00:00+01:00 P3", "2026-03-31T22:00:00+02:00", "2026-04-03T22:00:00+02:00"},
		{"type 5, P2: never told, the resolution runs from the reaction's deadline; Ascension Day between", "5",
			"reported@2026-05-13T20:00:00+02:00; rated@2026-05-13T20:00:00+02:00 P2", "2026-05-15T20:00:00+02:00", "2026-05-19T20:00:00+02:00"},
		{"type 5, P4: told late, the resolution ran from the reaction's deadline", "5",
			"reported@2026-06-01T06:00:00+02:00; rated@2026-06-01T06:00:00+02:00 P4; told@2026-06-05T12:00:00+02:00", "2026-06-04T00:00:00+02:00", "2026-06-11T00:00:00+02:00"},
		{"type 5, P1: detected before it was reported", "5",
			"detected@2026-06-01T08:00:00+02:00; reported@2026-06-01T09:30:00+02:00; rated@2026-06-01T09:30:00+02:00 P1; told@2026-06-01T09:40:00+02:00", "2026-06-01T10:00:00+02:00", "2026-06-02T09:40:00+02:00"},
		{"type 4, P1: a supplier, until Saturday: it counts to the end of Monday, All Saints' being a Sunday", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; suspended@2026-10-26T12:00:00+01:00 supplier; resumed@2026-10-31T15:00:00+01:00 supplier",
			"2026-10-26T12:00:00+01:00", "2026-11-03T22:00:00+01:00"},
		{"type 4, P1: a supplier, until Wednesday: to the end of that day", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; suspended@2026-10-26T12:00:00+01:00 supplier; resumed@2026-10-28T15:00:00+01:00 supplier",
			"2026-10-26T12:00:00+01:00", "2026-10-29T22:00:00+01:00"},
		{"type 4, P1: a cause that the contract does not know stops nothing", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; suspended@2026-10-26T12:00:00+01:00 holiday",
			"2026-10-26T12:00:00+01:00", "2026-10-27T10:00:00+01:00"},
		{"type 4, P1: a supplier that has not done yet: no deadline", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; suspended@2026-10-26T12:00:00+01:00 supplier",
			"2026-10-26T12:00:00+01:00", ""},
		{"type 4, P1: a visit on site, agreed before the deadline", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; visit agreed@2026-10-27T09:00:00+01:00",
			"2026-10-26T12:00:00+01:00", "2026-10-29T00:00:00+01:00"},
		{"type 4, P1: a visit agreed after the deadline extends nothing", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; visit agreed@2026-10-27T10:00:01+01:00",
			"2026-10-26T12:00:00+01:00", "2026-10-27T10:00:00+01:00"},
		{"type 4, P1: not operational after all, for an hour in between", "4",
			"reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T10:00:00+01:00; operational@2026-10-26T12:00:00+01:00; reopened@2026-10-26T13:00:00+01:00",
			"2026-10-26T12:00:00+01:00", "2026-10-27T11:00:00+01:00"},
	}
	x := slaTypes(t)
	for _, f := range x.Check() {
		if !f.Warning {
			t.Errorf("Check = %v, want nothing wrong", f)
		}
	}
	for _, tt := range tests {
		h := contract.CaseFile{Versions: one(x), Level: tt.level, Events: events(t, tt.events), Now: sec("2026-12-31T00:00:00+01:00")}.Handle()
		for kind, want := range map[contract.ClockKind]string{contract.ClockReaction: tt.reaction, contract.ClockResolution: tt.resolution} {
			got := ""
			if c, ok := h.Timer(kind); ok && c.Reached {
				got = x.Zone.Format(c.Deadline)
			}
			if got != want {
				t.Errorf("%s: deadline of the %s = %q, want %q", tt.name, kind, got, want)
			}
		}
	}
}

// TestSuspensionOnTheDayOfTheChange has the supplier done at noon on a Sunday of 25
// and of 23 hours, with clocks that run around the clock: 8 hours are left of 10.
func TestSuspensionOnTheDayOfTheChange(t *testing.T) {
	x := slaTypes(t)
	x.Support.Suspends[0].Until = contract.UntilEndOfDay
	x.Support.Levels[3].Clocks.Windows = []contract.Window{{Days: contract.AllWeek, To: 1440}}
	x.Support.Levels[3].Targets[0].Resolution = contract.TimeLimit{N: 10, Unit: contract.HoursUnit}
	for _, tt := range []struct{ begin, from, to, want string }{
		{"2026-10-24T20:00:00+02:00", "2026-10-24T22:00:00+02:00", "2026-10-25T12:00:00+01:00", "2026-10-26T08:00:00+01:00"},
		{"2026-03-28T20:00:00+01:00", "2026-03-28T22:00:00+01:00", "2026-03-29T12:00:00+02:00", "2026-03-30T08:00:00+02:00"},
	} {
		text := "reported@" + tt.begin + "; rated@" + tt.begin + " P1; told@" + tt.begin + "; suspended@" + tt.from + " supplier; resumed@" + tt.to
		h := contract.CaseFile{Versions: one(x), Level: "4", Events: events(t, text), Now: sec("2026-12-31T00:00:00+01:00")}.Handle()
		if r, _ := h.Timer(contract.ClockResolution); x.Zone.Format(r.Deadline) != tt.want {
			t.Errorf("suspended from %s to the end of %s: deadline %s, want %s", tt.from, tt.to, x.Zone.Format(r.Deadline), tt.want)
		}
	}
}

// TestDayMeanings starts 1 and 2 days, and a week, at 15:00 on Friday 23 October 2026
// with a window of Mon-Thu 08:00-18:00 and Fri 08:00-17:00.
func TestDayMeanings(t *testing.T) {
	x := willux(t)
	x.Clocks.Windows = []contract.Window{{Days: contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday), From: 480, To: 1080},
		{Days: contract.DaysOf(time.Friday), From: 480, To: 1020}}
	for _, tt := range []struct {
		day            contract.DayMeaning
		one, two, week string
	}{
		{contract.Day24Hours, "2026-10-28T10:00:00+01:00", "2026-10-30T14:00:00+01:00", "2026-11-18T17:00:00+01:00"}, // 24, 48 and 168 h of running time, 11 November between
		{contract.DayWindow, "2026-10-26T15:00:00+01:00", "2026-10-27T15:00:00+01:00", "2026-10-30T15:00:00+01:00"},  // 9, 19 and 49 h
		{contract.DayService, "2026-10-26T18:00:00+01:00", "2026-10-27T18:00:00+01:00", "2026-10-30T17:00:00+01:00"},
		{contract.DayCalendar, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-31T00:00:00+01:00"},
	} {
		for _, c := range []struct {
			limit contract.TimeLimit
			want  string
		}{{contract.TimeLimit{N: 1, Unit: contract.Days}, tt.one}, {contract.TimeLimit{N: 2, Unit: contract.Days}, tt.two}, {contract.TimeLimit{N: 1, Unit: contract.Weeks}, tt.week}} {
			x.Support.Day = tt.day
			x.Support.Level, x.Support.Levels = "x", []contract.Level{{Name: "x", Targets: []contract.ResponseTarget{{Priority: contract.P1, Reaction: c.limit}}}}
			h := contract.CaseFile{Versions: one(x), Now: sec("2026-10-23T15:00:00+02:00"),
				Events: events(t, "reported@2026-10-23T15:00:00+02:00; rated@2026-10-23T15:00:00+02:00 P1")}.Handle()
			r, _ := h.Timer(contract.ClockReaction)
			if got := x.Zone.Format(r.Deadline); got != c.want {
				t.Errorf("%v of meaning %s end at %s, want %s", c.limit, tt.day, got, c.want)
			}
		}
	}
}

// TestWindowAfterHours starts one full window when that of Friday, of 9 hours, is over:
// it is that of Monday, of 10.
func TestWindowAfterHours(t *testing.T) {
	x := willux(t)
	x.Clocks.Windows = []contract.Window{{Days: contract.DaysOf(time.Monday), From: 480, To: 1080}, {Days: contract.DaysOf(time.Friday), From: 480, To: 1020}}
	x.Support.Level, x.Support.Levels = "x", []contract.Level{{Name: "x", Targets: []contract.ResponseTarget{{Priority: contract.P1, Reaction: contract.TimeLimit{N: 1, Unit: contract.Days}}}}}
	for start, want := range map[string]string{
		"2026-06-05T16:59:59+02:00": "2026-06-08T16:59:59+02:00",
		"2026-06-05T17:00:00+02:00": "2026-06-08T18:00:00+02:00",
		"2026-06-06T12:00:00+02:00": "2026-06-08T18:00:00+02:00",
	} {
		h := contract.CaseFile{Versions: one(x), Now: sec(start), Events: events(t, "detected@"+start+"; rated@"+start+" P1")}.Handle()
		if r, _ := h.Timer(contract.ClockReaction); x.Zone.Format(r.Deadline) != want {
			t.Errorf("one window from %s ends at %s, want %s", start, x.Zone.Format(r.Deadline), want)
		}
	}
}

// late is an incident of type 4 whose reaction and resolution times were overrun:
// reaction due at 12:00 on Monday, told at 13:00; resolution due at 12:00 on Tuesday,
// operational at 13:00 on Thursday.
const late = "reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T13:00:00+01:00; operational@2026-10-29T13:00:00+01:00"

func TestCredit(t *testing.T) {
	september := contract.Invoice{Month: contract.Date{Year: 2026, Month: 9, Day: 1}, Invoiced: 20_005, Paid: 15_005}
	year := []contract.Invoice{september}
	for m := time.January; m <= time.August; m++ {
		year = append(year, contract.Invoice{Month: contract.Date{Year: 2026, Month: m, Day: 1}, Invoiced: 20_000, Paid: 20_000})
	}
	ours := "; attributed@2026-10-29T14:00:00+01:00 provider"
	letter := "; claimed@2026-11-02T23:59:59+01:00 registered letter"
	tests := []struct {
		name     string
		events   string
		invoices []contract.Invoice
		granted  []contract.Grant
		change   func(*contract.CreditRule)
		cents    int64
		due      bool
		why      string
	}{
		// reaction 1 h: 1 day, 1500.5; resolution 49 h: 3 days, 4501.5; each rounded down
		{"claimed in time", late + ours + letter, year, nil, nil, 6001, true, ""},
		{"nobody is to blame yet", late + letter, year, nil, nil, 6001, false, "not yet attributed"},
		{"not solely the provider", late + ours + "; attributed@2026-10-30T14:00:00+01:00 supplier" + letter, year, nil, nil, 6001, false, "not solely the provider's doing"},
		{"not claimed", late + ours, year, nil, nil, 6001, false, "not claimed in time: forfeited"},
		{"claimed a second late", late + ours + "; claimed@2026-11-03T00:00:00+01:00 registered letter", year, nil, nil, 6001, false, "claimed too late: forfeited"},
		{"claimed by mail", late + ours + "; claimed@2026-11-02T12:00:00+01:00 mail", year, nil, nil, 6001, false, "not claimed by registered letter"},
		{"no claim needed", late + ours, year, nil, func(r *contract.CreditRule) { r.Claim = contract.TimeLimit{} }, 6001, true, ""},
		{"nothing paid, nothing due", late + ours + letter, []contract.Invoice{{Month: september.Month, Invoiced: 20_000}}, nil, nil, 0, true, ""},
		{"what was invoiced", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.Paid = false }, 8001, true, ""},
		{"the month of the overrun, without an invoice", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.Base = contract.MonthOverrun }, 0, true, ""},
		{"resolution only", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.Reaction = false }, 4501, true, ""},
		{"whole days", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.Days = contract.DaysCompleted }, 3001, true, ""},
		{"capped for one overrun", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.Cap = 20_000_000 }, 1500 + 3001, true, "the resolution overrun is capped at 3001 cents"},
		{"twelve months' cap", late + ours + letter, year, []contract.Grant{{At: sec("2026-02-01T00:00:00+01:00"), Cents: 36_000}}, nil, 1, true, "20 % of twelve months: 1 cents of 36001 are left"},
		{"a grant of more than a year ago", late + ours + letter, year, []contract.Grant{{At: sec("2025-10-26T12:00:00+01:00"), Cents: 36_000}}, nil, 6001, true, ""},
		{"a fixed sum a year", late + ours + letter, year, []contract.Grant{{At: sec("2026-02-01T00:00:00+01:00"), Cents: 1_000}},
			func(r *contract.CreditRule) { r.YearCaps = []contract.YearCap{{Name: "fixed", Cents: 5_000}} }, 4000, true, "fixed: 4000 cents of 5000 are left"},
		{"no credit agreed", late + ours + letter, year, nil, func(r *contract.CreditRule) { r.PerDay = 0 }, 0, false, ""},
	}
	for _, tt := range tests {
		x := slaTypes(t)
		if tt.change != nil {
			tt.change(&x.Support.Credit)
		}
		c := contract.CaseFile{Versions: one(x), Level: "4", Events: events(t, tt.events), Now: sec("2026-12-31T00:00:00+01:00"), Invoices: tt.invoices, Granted: tt.granted}
		p := c.Handle().Credit
		if p.Cents != tt.cents || p.Due != tt.due || strings.Join(p.Why, "; ") != tt.why {
			t.Errorf("%s: credit = %d, due %v, %q, want %d, %v, %q", tt.name, p.Cents, p.Due, p.Why, tt.cents, tt.due, tt.why)
		}
	}
}

func TestEscalation(t *testing.T) {
	x := slaTypes(t)
	tier := func(text string, by contract.EscalationBy) (int, []contract.Overrun) {
		x.Support.Escalation.By = by
		h := contract.CaseFile{Versions: one(x), Level: "4", Events: events(t, text), Now: sec("2026-12-31T00:00:00+01:00")}.Handle()
		return h.Tier, h.Overruns
	}
	onTime := "reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T11:00:00+01:00; operational@2026-10-26T12:00:00+01:00"
	for _, tt := range []struct {
		name, events string
		by           contract.EscalationBy
		tier, over   int
	}{
		{"in time", onTime, contract.EscalateAutomatic, 1, 0},
		{"at the deadlines, to the second", "reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T12:00:00+01:00; operational@2026-10-27T12:00:00+01:00", contract.EscalateAutomatic, 1, 0},
		{"a second after them", "reported@2026-10-26T10:00:00+01:00; rated@2026-10-26T10:00:00+01:00 P1; told@2026-10-26T12:00:01+01:00; operational@2026-10-27T12:00:01+01:00", contract.EscalateAutomatic, 3, 2},
		{"two overruns", late, contract.EscalateAutomatic, 3, 2},
		{"two overruns and a fix that is not enough: no tier above the third", late + "; insufficient@2026-10-30T10:00:00+01:00", contract.EscalateAutomatic, 3, 2},
		{"a fix that is not enough", onTime + "; insufficient@2026-10-30T10:00:00+01:00", contract.EscalateAutomatic, 2, 0},
		{"the customer did not ask", late, contract.EscalateCustomer, 1, 2},
		{"the customer asked once", late + "; escalated@2026-10-28T10:00:00+01:00", contract.EscalateCustomer, 2, 2},
		{"the customer asked without a ground", onTime + "; escalated@2026-10-28T10:00:00+01:00", contract.EscalateCustomer, 1, 0},
	} {
		if got, over := tier(tt.events, tt.by); got != tt.tier || len(over) != tt.over {
			t.Errorf("%s: tier %d, %d overruns, want %d, %d", tt.name, got, len(over), tt.tier, tt.over)
		}
	}
}

func TestReports(t *testing.T) {
	base := slaTypes(t)
	base.Support.Contacts = true
	base.Support.Reports = []contract.ReportRule{
		{Priority: contract.P1, Channels: []string{"telephone", "mail"}, Confirm: []string{"telephone"}},
		{Priority: contract.P3, Channels: []string{"mail"}},
	}
	const at = "2026-06-10T10:00:00+02:00"
	for _, tt := range []struct {
		name, events string
		change       func(*contract.Terms)
		contact      bool
		started      string
		flag         string
	}{
		{"by mail", "reported@" + at + " mail; rated@" + at + " P1", nil, true, at, ""},
		{"by telephone, not confirmed", "reported@" + at + " telephone; rated@" + at + " P1", nil, true, at, "the report by telephone was not confirmed in writing"},
		{"by telephone, confirmed", "reported@" + at + " telephone; confirmed@2026-06-10T11:00:00+02:00; rated@" + at + " P1", nil, true, at, ""},
		{"P3 by telephone", "reported@" + at + " telephone; rated@" + at + " P3", nil, true, "", "a report by telephone starts no clock for P3"},
		{"not a contact person", "reported@" + at + " mail; rated@" + at + " P1", nil, false, "", "a report that did not come from a contact person starts no clock"},
		{"on a Sunday", "reported@2026-06-07T10:00:00+02:00 mail; rated@" + at + " P1", nil, true, "2026-06-08T06:00:00+02:00", "reported outside the hours of reporting: it counts from 2026-06-08T06:00:00+02:00"},
		{"detection only", "reported@" + at + " mail; rated@" + at + " P1", func(t *contract.Terms) { t.Support.Reaction.Starts = contract.StartDetection }, true, "", ""},
		{"report only", "detected@2026-06-10T09:00:00+02:00; reported@" + at + " mail; rated@" + at + " P1", func(t *contract.Terms) { t.Support.Reaction.Starts = contract.StartReport }, true, at, ""},
		{"rated anew", "reported@" + at + " mail; rated@" + at + " P2; rated@2026-06-10T11:00:00+02:00 P1", nil, true, at, "the priority was changed from P2 to P1 at 2026-06-10T11:00:00+02:00"},
	} {
		x := base
		if tt.change != nil {
			tt.change(&x)
		}
		list := events(t, tt.events)
		for i := range list {
			list[i].Contact = tt.contact
		}
		h := contract.CaseFile{Versions: one(x), Level: "4", Events: list, Now: sec("2026-06-10T11:00:00+02:00")}.Handle()
		got := ""
		if r, ok := h.Timer(contract.ClockReaction); ok {
			got = x.Zone.Format(r.Started)
		}
		if got != tt.started || strings.Join(h.Flags, "; ") != tt.flag {
			t.Errorf("%s: started %q, flags %q, want %q, %q", tt.name, got, h.Flags, tt.started, tt.flag)
		}
	}
	p, ok := base.Support.Rate("all", "blocking")
	if _, none := base.Support.Rate("all", "vague"); p != contract.P1 || !ok || none {
		t.Errorf("Rate(all, blocking) = %v, %v, want P1; of an unknown pair %v, want false", p, ok, none)
	}
}

// TestWorkAround stops the resolution and starts the repair with priority P3: three
// windows of 18 hours.
func TestWorkAround(t *testing.T) {
	x := slaTypes(t)
	text := "reported@2026-06-01T10:00:00+02:00; rated@2026-06-01T10:00:00+02:00 P1; told@2026-06-01T10:00:00+02:00; work-around@2026-06-01T12:00:00+02:00"
	h := contract.CaseFile{Versions: one(x), Level: "4", Events: events(t, text), Now: sec("2026-06-01T13:00:00+02:00")}.Handle()
	resolution, _ := h.Timer(contract.ClockResolution)
	repair, ok := h.Timer(contract.ClockRepair)
	if resolution.Running || resolution.Used != 7200 || !ok || !repair.Running || repair.Priority != contract.P3 || x.Zone.Format(repair.Deadline) != "2026-06-04T12:00:00+02:00" || repair.Left != 53*3600 {
		t.Errorf("resolution, repair = %+v, %+v, want stopped after 2 h, and P3 until Thursday noon", resolution, repair)
	}
	x.Support.WorkAround = contract.NoPriority
	h = contract.CaseFile{Versions: one(x), Level: "4", Events: events(t, text), Now: sec("2026-06-01T13:00:00+02:00")}.Handle()
	if _, ok := h.Timer(contract.ClockRepair); ok {
		t.Error("a contract without a priority after a work-around has no clock of repair, want none")
	}
}

// TestReceipt looks at an automatic receipt, which does not tell the customer unless
// the contract says so.
func TestReceipt(t *testing.T) {
	x := slaTypes(t)
	list := events(t, "reported@2026-06-01T10:00:00+02:00; rated@2026-06-01T10:00:00+02:00 P1; told@2026-06-01T10:00:05+02:00")
	list[2].Automatic = true
	for _, counts := range []bool{false, true} {
		x.Support.Reaction.Receipt = counts
		h := contract.CaseFile{Versions: one(x), Level: "4", Events: list, Now: sec("2026-06-01T11:00:00+02:00")}.Handle()
		if r, _ := h.Timer(contract.ClockReaction); r.Running == counts {
			t.Errorf("with receipt %v the reaction time runs: %v, want %v", counts, r.Running, !counts)
		}
	}
}

// TestDeskAgainstNaive counts the running time of the resolution second by second.
func TestDeskAgainstNaive(t *testing.T) {
	base := slaTypes(t)
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	holiday := func(d string) bool { return slices.Contains([]string{"2026-11-01", "2026-11-11"}, d) }
	rapid.Check(t, func(rt *rapid.T) {
		x := base
		at := utc("2026-10-22T00:00:00Z").Add(time.Duration(rapid.IntRange(0, 5*96).Draw(rt, "begin")) * 15 * time.Minute)
		until := rapid.SampledFrom([]contract.SuspendUntil{contract.UntilInstant, contract.UntilEndOfDay, contract.UntilWorkingDay}).Draw(rt, "until")
		x.Support.Suspends = []contract.SuspendRule{{Cause: "supplier", Resolution: true, Until: until}}
		x.Support.Levels = slices.Clone(base.Support.Levels)
		hours := rapid.IntRange(1, 40).Draw(rt, "hours")
		aroundTheClock := rapid.Bool().Draw(rt, "around the clock") // the clocks change on Sundays
		if aroundTheClock {
			x.Support.Levels[3].Clocks = contract.Hours{Windows: []contract.Window{{Days: contract.AllWeek, To: 1440}}}
		}
		x.Support.Levels[3].Targets = []contract.ResponseTarget{{Priority: contract.P1, Resolution: contract.TimeLimit{N: hours, Unit: contract.HoursUnit}}}
		list := []contract.Event{{Kind: contract.EventDetected, At: contract.Floor(at)}, {Kind: contract.EventRated, At: contract.Floor(at), Priority: contract.P1}, {Kind: contract.EventTold, At: contract.Floor(at)}}
		var stopped [][2]time.Time
		if rapid.Bool().Draw(rt, "suspended") {
			from := at.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "after")) * 10 * time.Minute)
			to := from.Add(time.Duration(rapid.IntRange(0, 500).Draw(rt, "for")) * 10 * time.Minute)
			list = append(list, contract.Event{Kind: contract.EventSuspended, At: contract.Floor(from), Cause: "supplier"}, contract.Event{Kind: contract.EventResumed, At: contract.Floor(to)})
			stopped = append(stopped, [2]time.Time{from, to})
		}
		horizon := at.Add(21 * 24 * time.Hour)
		r, _ := contract.CaseFile{Versions: one(x), Level: "4", Events: list, Now: contract.Floor(horizon)}.Handle().Timer(contract.ClockResolution)

		works := func(day time.Time) bool {
			return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !holiday(day.Format("2006-01-02"))
		}
		still := func(now time.Time) bool {
			for _, s := range stopped {
				last := s[1].In(loc) // the day up to whose end it stands still
				for until == contract.UntilWorkingDay && !works(last) {
					last = last.AddDate(0, 0, 1)
				}
				whole := until != contract.UntilInstant && now.In(loc).Format("2006-01-02") <= last.Format("2006-01-02")
				if !now.Before(s[0]) && (now.Before(s[1]) || whole) {
					return true
				}
			}
			return false
		}
		running, want := 0, ""
		for now := at; now.Before(horizon); now = now.Add(time.Minute) { // every edge lies on a minute
			if running == hours*60 {
				want = base.Zone.Format(contract.Floor(now))
				break
			}
			local := now.In(loc)
			if aroundTheClock && !holiday(local.Format("2006-01-02")) && !still(now) || !aroundTheClock && works(local) && local.Hour() >= 6 && !still(now) {
				running++
			}
		}
		if got := base.Zone.Format(r.Deadline); got != want && want != "" {
			rt.Errorf("deadline of %d hours from %v with %v = %s, want %s", hours, at.In(loc), stopped, got, want)
		}
	})
}
