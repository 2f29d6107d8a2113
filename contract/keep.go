// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"time"
)

// keptAfter is for how many months evidence is kept once nobody can come back to it
// any more: what was claimed on the last day must still be decided.
const keptAfter = 6

// LeastKept returns for how many months what figures rest on must be kept at least:
// for as long as was agreed, and for six months more than anybody may come back to
// it. The key is that of the contract file that says so; empty where none does.
func (t Terms) LeastKept() (months int, key string) {
	months = keptAfter
	claim := func(k string, l TimeLimit) {
		if n := l.months(t) + keptAfter; l.Set() && n > months {
			months, key = n, k
		}
	}
	claim("statement.objection", t.Objection)
	claim("credit.claim_within", t.Support.Credit.Claim)
	for _, r := range t.Exclusions {
		claim(fmt.Sprintf("exclusions.%s.claimed_within", r.Kind), r.Within)
	}
	if n := t.Keep.months(t); n > months {
		months, key = n, "statement.keep_evidence"
	}
	return months, key
}

// months returns a limit in months, a part of one counting as a whole.
func (l TimeLimit) months(t Terms) int {
	const shortest = 28
	var days int
	switch l.Unit {
	case Months:
		return l.N
	case Minutes:
		days = (l.N + 24*60 - 1) / (24 * 60)
	case HoursUnit:
		days = (l.N + 23) / 24
	case Weeks:
		days = 7 * l.N
	case WorkingDays:
		var week Weekdays
		for _, w := range t.OfficeCalendar().Windows {
			week |= w.Days
		}
		n := max(len(week.List()), 1)
		days = (7*l.N + n - 1) / n // holidays are what a month has beyond 28 days
	default:
		days = l.N
	}
	return (days + shortest - 1) / shortest
}

// Covers reports whether a limit in days, weeks or months is at least so many months,
// wherever in the calendar they begin.
func (l TimeLimit) Covers(months int) bool {
	switch l.Unit {
	case Months:
		return l.N >= months
	case Weeks:
		return 7*l.N >= longestDays(months)
	}
	return l.N >= longestDays(months)
}

// longestDays returns the most days that so many months can have.
func longestDays(months int) int {
	most := 0
	for start := range 48 { // the calendar repeats every four years, but for those that end a century
		from := time.Date(2024, time.Month(1+start), 1, 0, 0, 0, 0, time.UTC)
		most = max(most, int(from.AddDate(0, months, 0).Sub(from)/(24*time.Hour)))
	}
	return most
}
