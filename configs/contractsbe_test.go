// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

const (
	site     = "      - {location: bru1, custody: neutral}\n"
	withSite = site + "      - {location: site, custody: customer}\n"
)

func slaType(n int) []string { return []string{"sla_type: 3 ", fmt.Sprintf("sla_type: %d ", n)} }

func TestWilluxClauses(t *testing.T) {
	reporting := func(k asked) string {
		c := k.Terms.ReportCalendar("")
		return k.hours(c, "2026-06-01") + ", " + k.hours(c, "2026-06-06") + ", " + k.hours(c, "2026-07-21")
	}
	rate := func(impact, urgency string) func(asked) string {
		return func(k asked) string { p, _ := k.Terms.Support.Rate(impact, urgency); return p.String() }
	}
	runClauses(t, []clause{
		{"willux", "III 38.3", "two separate locations reach it", nil, func(k asked) string { return k.verdict("ams1 up, ams2 up, bru1 down") }, "up"},
		{"willux", "III 38.3", "one location alone does not", nil, func(k asked) string { return k.verdict("ams1 up, ams2 down, bru1 down") }, "down"},
		{"willux", "III 38.3", "missing data is neither", nil, func(k asked) string { return k.verdict("ams1 up, ams2 down, bru1 unknown") }, "unknown"},
		{"willux", "III 38.3, 1.10", "the customer's infrastructure does not help", []string{site, withSite}, func(k asked) string { return k.verdict("ams1 up, ams2 down, bru1 down, site up") }, "down"},
		{"willux", "III 38.3, 1.10", "nor harm", []string{site, withSite}, func(k asked) string { return k.verdict("ams1 up, ams2 up, bru1 down, site down") }, "up"},
		{"willux", "III 38.3", "reached while thresholds are not met", nil, func(k asked) string { return k.verdict("ams1 slow, ams2 slow, bru1 up") }, "down"},
		{"willux", "III 34.2, 35.1", "no target", nil, func(k asked) string { return k.Terms.TargetOf("").String() }, ""},

		{"willux", "III 35.3", "hours of type 1 on a Monday, a Saturday, a holiday", slaType(1), reporting, "08:45-17:00, , 08:45-17:00"},
		{"willux", "III 35.3", "hours of type 2", slaType(2), reporting, "08:45-17:00, , 08:45-17:00"},
		{"willux", "III 35.3", "hours of type 3", nil, reporting, "06:00-18:00, , 06:00-18:00"},
		{"willux", "III 35.3", "hours of type 4", slaType(4), reporting, "06:00-24:00, , 06:00-24:00"},
		{"willux", "III 35.3", "hours of type 5", slaType(5), reporting, "06:00-24:00, , 06:00-24:00"},
		{"willux", "III 35.3", "legal time, summer time included", nil, func(k asked) string {
			c := k.Terms.ReportCalendar("")
			return k.hours(c, "2026-03-27") + " " + k.hours(c, "2026-03-30")
		}, "06:00-18:00 06:00-18:00"},
		{"willux", "1.18", "working hours except legal holidays", nil, func(k asked) string {
			c := k.Terms.OfficeCalendar()
			return k.hours(c, "2026-06-01") + ", " + k.hours(c, "2026-07-21")
		}, "08:45-17:00, "},
		{"willux", "III 39.1.1", "one or several, light", nil, rate("one or several staff", "light, not blocking"), "P4"},
		{"willux", "III 39.1.1", "one or several, blocking", nil, rate("one or several staff", "blocking"), "P2"},
		{"willux", "III 39.1.1", "all, light", nil, rate("all staff", "light, not blocking"), "P3"},
		{"willux", "III 39.1.1", "all, blocking", nil, rate("all staff", "blocking"), "P1"},

		{"willux", "III 38.3, 34.4", "maintenance announced too late", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 11:00") }, "left out"},
		{"willux", "III 38.3, 34.4", "an intervention never announced", nil, func(k asked) string {
			e := k.claim(contract.Intervention)
			e.Accepted, e.Approver, e.Evidence = false, "", nil
			return k.decide(e)
		}, "left out"},
		{"willux", "15.1.3", "force majeure told after an hour", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "2026-06-03 11:00") }, "left out"},
		{"willux", "15.1.3", "force majeure told after two days", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "2026-06-05 11:00") }, string(contract.WhyDelay)},
		{"willux", "15.1.3", "force majeure never told", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "") }, string(contract.WhyNotAnnounced)},
		{"willux", "III 38.3", "failure caused by the customer", nil, func(k asked) string { return k.announced(contract.CustomerAct, "") }, "left out"},
		{"willux", "III 38.3", "infrastructure of others", nil, func(k asked) string { return k.announced(contract.ThirdParty, "") }, "left out"},
		{"willux", "II 24.6", "cybercrime", nil, func(k asked) string { return k.announced(contract.Cybercrime, "") }, "left out"},
		{"willux", "17", "suspension after fifteen days' notice", nil, func(k asked) string { return k.announced(contract.Suspension, "2026-05-19 09:00") }, "left out"},
		{"willux", "17", "suspension after fourteen days' notice", nil, func(k asked) string { return k.announced(contract.Suspension, "2026-05-20 11:00") }, string(contract.WhyShortNotice)},
		{"willux", "III 38.3", "nothing else", nil, func(k asked) string { return k.announced(contract.OutsideControl, "2026-06-01 10:00") }, string(contract.WhyNotAgreed)},
	})
}

func TestWilluxClocks(t *testing.T) {
	const reported, told = "reported @ 2026-06-04 10:00", "told @ 2026-06-04 10:00" // a Thursday
	pause := func(k asked, h contract.Handling, kind contract.ClockKind) string {
		timer, _ := h.Timer(kind)
		if len(timer.Pauses) == 0 {
			return "none"
		}
		return k.clock(timer.Pauses[0].From) + " to " + k.clock(timer.Pauses[0].To)
	}
	runClauses(t, []clause{
		{"willux", "III 33.9", "reaction from the report", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-04 18:00", contract.P1, "detected @ 2026-06-04 08:00", reported), contract.ClockReaction)
		}, "2026-06-04 12:00"},
		{"willux", "III 33.9", "an automatic receipt tells nobody", nil, func(k asked) string {
			timer, _ := k.handle("2026-06-04 11:00", contract.P1, reported, "told:automatic @ 2026-06-04 10:01").Timer(contract.ClockReaction)
			return fmt.Sprint(timer.Running)
		}, "true"},
		{"willux", "III 33.10, 39.3.1", "resolution from the telling until operational", slaType(4), func(k asked) string {
			timer, _ := k.handle("2026-06-05 18:00", contract.P1, reported, "told @ 2026-06-04 11:00", "operational @ 2026-06-04 15:00").Timer(contract.ClockResolution)
			return k.clock(timer.Started) + " to " + k.clock(timer.Stopped)
		}, "2026-06-04 11:00 to 2026-06-04 15:00"},
		{"willux", "III 35.2", "a report by anybody starts no clock", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-04 18:00", contract.P1, "reported:anybody @ 2026-06-04 10:00"), contract.ClockReaction)
		}, "none"},
		{"willux", "III 39.2.2", "P1 by telephone", nil, func(k asked) string {
			h := k.handle("2026-06-04 11:00", contract.P1, "reported:telephone @ 2026-06-04 10:00")
			return k.deadline(h, contract.ClockReaction) + fmt.Sprint(h.Flags)
		}, "2026-06-04 12:00[the report by telephone was not confirmed in writing]"},
		{"willux", "III 39.2.2", "P3 by telephone", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-04 11:00", contract.P3, "reported:telephone @ 2026-06-04 10:00"), contract.ClockReaction)
		}, "none"},
		{"willux", "III 39.2.1", "reported at night counts from the morning", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-04 05:00", contract.P1, "reported @ 2026-06-04 04:00"), contract.ClockReaction)
		}, "2026-06-04 08:00"},

		{"willux", "III 39.1.3", "supplier done on a Saturday", slaType(4), func(k asked) string {
			h := k.handle("2026-06-10 12:00", contract.P1, reported, told, "suspended:supplier @ 2026-06-04 12:00", "resumed:supplier @ 2026-06-06 11:00")
			return pause(k, h, contract.ClockResolution) + ", " + k.deadline(h, contract.ClockResolution)
		}, "2026-06-04 12:00 to 2026-06-09 00:00, 2026-06-09 22:00"},
		{"willux", "III 39.1.3", "supplier done on a legal holiday", slaType(4), func(k asked) string {
			h := k.handle("2026-07-30 12:00", contract.P1, "reported @ 2026-07-20 10:00", "told @ 2026-07-20 10:00", "suspended:supplier @ 2026-07-20 12:00", "resumed:supplier @ 2026-07-21 11:00")
			return pause(k, h, contract.ClockResolution)
		}, "2026-07-20 12:00 to 2026-07-23 00:00"},
		{"willux", "III 39.1.3", "supplier done on a working day", slaType(4), func(k asked) string {
			h := k.handle("2026-06-10 12:00", contract.P1, reported, told, "suspended:supplier @ 2026-06-04 12:00", "resumed:supplier @ 2026-06-05 11:00")
			return pause(k, h, contract.ClockResolution)
		}, "2026-06-04 12:00 to 2026-06-06 00:00"},
		{"willux", "III 39.1.3", "a supplier stops no reaction", nil, func(k asked) string {
			h := k.handle("2026-06-10 12:00", contract.P1, reported, "suspended:supplier @ 2026-06-04 10:30", "resumed:supplier @ 2026-06-05 11:00")
			return pause(k, h, contract.ClockReaction)
		}, "none"},
		{"willux", "III 39.1.3, 39.3.4", "a visit agreed on Thursday", slaType(4), func(k asked) string {
			return k.deadline(k.handle("2026-06-10 12:00", contract.P1, reported, told, "visit agreed @ 2026-06-04 15:00"), contract.ClockResolution)
		}, "2026-06-06 00:00"},
		{"willux", "III 39.3.1", "P3 after a work-around", slaType(4), func(k asked) string {
			timer, _ := k.handle("2026-06-04 18:00", contract.P1, reported, told, "work-around @ 2026-06-04 12:00").Timer(contract.ClockRepair)
			return timer.Priority.String() + " " + timer.Limit.String()
		}, "P3 3 days"},

		{"willux", "III 39.4.1", "tier 2 at the first overrun, by the customer", slaType(4), func(k asked) string {
			h := k.handle("2026-06-04 14:00", contract.P1, reported, "escalated @ 2026-06-04 13:00")
			return fmt.Sprint(h.Tier)
		}, "2"},
		{"willux", "III 39.4.1", "tier 1 while the customer does not escalate", slaType(4), func(k asked) string {
			return fmt.Sprint(k.handle("2026-06-04 14:00", contract.P1, reported).Tier)
		}, "1"},
		{"willux", "III 39.4.1", "tier 3 at the second overrun", slaType(4), func(k asked) string {
			return fmt.Sprint(k.handle("2026-06-08 14:00", contract.P1, reported, "escalated @ 2026-06-04 13:00", "escalated @ 2026-06-08 13:00").Tier)
		}, "3"},
		{"willux", "III 39.4.1", "a fix found insufficient", slaType(4), func(k asked) string {
			return fmt.Sprint(k.handle("2026-06-04 12:00", contract.P1, reported, told, "operational @ 2026-06-04 11:00", "insufficient @ 2026-06-04 11:30", "escalated @ 2026-06-04 11:40").Tier)
		}, "2"},
		{"willux", "III 39.4.2", "consultation", nil, func(k asked) string { return due(k, "consultation", "2026-06-01 10:00") }, "2026-06-17 00:00"},
		{"willux", "16.1", "complaints within fifteen working days", nil, func(k asked) string { return due(k, "complaint", "2026-06-01 10:00") }, "2026-06-23 00:00"},
		{"willux", "16.7", "evidence for six months and six", nil, func(k asked) string { return k.Terms.Keep.String() }, "12 months"},
	})
}

// due writes when a duty is over, or "as soon as possible".
func due(k asked, name, event string) string {
	i := slices.IndexFunc(k.Terms.Duties, func(d contract.Duty) bool { return d.Name == name })
	if i < 0 {
		return "no such duty"
	}
	at, ok := k.Terms.Duties[i].Due(k.at(event), k.Terms.OfficeCalendar())
	if !ok {
		return "as soon as possible"
	}
	return k.clock(at)
}

// credit proposes what a P1 is due that was reported on Monday 1 June, 10:00 and told at
// a time. A year of 1,000.00 a month was invoiced; of May's, 400.00 were paid.
func (k asked) credit(told string, granted int64, events ...string) contract.Proposal {
	f := k.file("2026-07-31 12:00", contract.P1, append([]string{"reported @ 2026-06-01 10:00", "told @ " + told}, events...)...)
	for m := range 12 {
		month := time.Date(2025, time.Month(6+m), 1, 0, 0, 0, 0, time.UTC)
		f.Invoices = append(f.Invoices, contract.Invoice{Month: contract.Date{Year: month.Year(), Month: month.Month(), Day: 1}, Invoiced: 100_000, Paid: 100_000})
	}
	f.Invoices[11].Paid = 40_000
	f.Granted = []contract.Grant{{At: k.at("2026-01-15 10:00"), Cents: granted}}
	return f.Handle().Credit
}

func TestWilluxCredit(t *testing.T) {
	const ours, letter = "attributed:provider @ 2026-06-02 10:00", "claimed:registered letter @ 2026-06-08 12:00"
	proposed := func(told string, granted int64, events ...string) func(asked) string {
		return func(k asked) string {
			p := k.credit(told, granted, events...)
			return fmt.Sprint(p.Cents, " ", p.Due)
		}
	}
	runClauses(t, []clause{
		{"willux", "III 40.3", "10 % of what was paid, per day overrun", nil, proposed("2026-06-03 13:00", 0, ours, letter), "12000 true"},
		{"willux", "III 40.3", "at most 100 % of the month before", nil, proposed("2026-06-30 13:00", 0, ours, letter), "40000 true"},
		{"willux", "III 40.3", "nothing in time", nil, proposed("2026-06-01 12:00", 0, ours, letter), "0 false"},
		{"willux", "III 40.3", "not for another's doing", nil, proposed("2026-06-03 13:00", 0, "attributed:customer @ 2026-06-02 10:00", letter), "12000 false"},
		{"willux", "III 40.3", "not solely the provider's doing", nil, proposed("2026-06-03 13:00", 0, ours, "attributed:supplier @ 2026-06-02 11:00", letter), "12000 false"},
		{"willux", "III 40.4", "claimed on the eighth day", nil, proposed("2026-06-03 13:00", 0, ours, "claimed:registered letter @ 2026-06-09 09:00"), "12000 false"},
		{"willux", "III 40.4", "claimed by mail", nil, proposed("2026-06-03 13:00", 0, ours, "claimed:mail @ 2026-06-08 12:00"), "12000 false"},
		{"willux", "III 40.4", "seven days from the first overrun", nil, func(k asked) string { return k.clock(k.credit("2026-06-30 13:00", 0).ClaimBy) }, "2026-06-09 00:00"},
		{"willux", "16.2-16.4", "20 % of twelve months' invoices", nil, proposed("2026-06-30 13:00", 235_000, ours, letter), "5000 true"},
		{"willux", "16.2-16.4", "5,000 euros a year", []string{"percent: 20}", "percent: 100}"}, proposed("2026-06-30 13:00", 490_000, ours, letter), "10000 true"},
		{"willux", "III 40.3", "never for the availability percentage", nil, func(k asked) string {
			return fmt.Sprint(k.handle("2026-07-31 12:00", contract.P1, "detected @ 2026-06-01 10:00").Credit.Cents)
		}, "0"},
	})
}
