// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"
	"time"
)

func (c *checking) windows(field string, windows []Window) {
	for i, w := range windows {
		field := fmt.Sprintf("%s[%d]", field, i)
		if w.Days&AllWeek == 0 || w.Days > AllWeek {
			c.wrong(field+".days", "at least one day of the week is needed")
		}
		switch {
		case w.From < 0 || w.From >= 1440 || w.To > 1440:
			c.wrong(field, "%s to %s does not lie within a day", w.From, w.To)
		case w.To <= w.From:
			c.wrong(field+".to", "%s is not after %s; a window over midnight is two windows", w.To, w.From)
		}
	}
}

// oneOf reports a word that is none of those allowed.
func oneOf[T ~string](c *checking, field string, word T, allowed ...T) {
	if !slices.Contains(allowed, word) {
		c.wrong(field, "%q is not allowed; allowed are %q", word, allowed)
	}
}

func (c *checking) hours(t Terms) {
	c.windows("clocks.windows", t.Clocks.Windows)
	c.windows("reporting.windows", t.Reporting.Windows)
	c.windows("office.windows", t.Office.Windows)
	oneOf(c, "period", t.Period, "", PeriodMonth, PeriodQuarter, PeriodYear, PeriodTerm)
	oneOf(c, "shortfall", t.Shortfall, "", NotAssessed, MissingIsDown)
	c.limit("objection", t.Objection)
	c.limit("keep", t.Keep)
	if t.Admission < 0 || t.Admission > 1000 {
		c.wrong("admission", "%d successes are not allowed; allowed are 0 to 1000", t.Admission)
	}
}

func (c *checking) limit(field string, l TimeLimit) {
	if l == (TimeLimit{}) {
		return
	}
	oneOf(c, field+".unit", l.Unit, Minutes, HoursUnit, Days, WorkingDays, Weeks, Months)
	if l.N < 1 || l.N > 10_000 {
		c.wrong(field+".n", "%d is not allowed; allowed are 1 to 10000", l.N)
	}
}

func (c *checking) holidayLists(t Terms) {
	for i, l := range t.HolidayLists {
		field := fmt.Sprintf("holiday_lists[%d]", i)
		oneOf(c, field+".country", l.Country, Netherlands, Belgium)
		oneOf(c, field+".liberation_day", l.Liberation, "", LiberationNever, LiberationFifth, LiberationEvery)
		if l.Country == Belgium && (l.GoodFriday || l.Liberation != "" && l.Liberation != LiberationNever) {
			c.wrong(field, "Good Friday and 5 May are no legal holidays of Belgium; list them as dates where the parties agreed on them")
		}
	}
}

func (c *checking) exclusions(t Terms) {
	for i, r := range t.Exclusions {
		field := fmt.Sprintf("exclusions[%d]", i)
		if !slices.Contains(ExclusionKinds(), r.Kind) {
			c.wrong(field+".kind", "%q is no kind of exclusion; allowed are %v", r.Kind, ExclusionKinds())
		}
		if slices.ContainsFunc(t.Exclusions[:i], func(o ExclusionRule) bool { return o.Kind == r.Kind }) {
			c.wrong(field+".kind", "%q stands here twice", r.Kind)
		}
		c.exclusionRule(field, r)
	}
	if t.ExcludedCap < 0 || t.ExcludedCap > 31*24*time.Hour {
		c.wrong("excluded_cap_ns", "%v is not allowed; allowed are 0 to 744h", t.ExcludedCap)
	}
}

func (c *checking) exclusionRule(field string, r ExclusionRule) {
	oneOf(c, field+".announced", r.Announced, NoticeNone, "none", NoticeBefore, NoticeWithoutDelay)
	oneOf(c, field+".accepted", r.Accepted, AcceptedNone, "none", AcceptedProvider, AcceptedCustomer, AcceptedDeemed)
	oneOf(c, field+".short_notice", r.Short, Ignore, Flag, Refuse)
	oneOf(c, field+".office_hours", r.OfficeHours, Ignore, Flag, Refuse)
	c.limit(field+".ahead", r.Ahead)
	c.limit(field+".deemed", r.Deemed)
	c.limit(field+".within", r.Within)
	if r.Delay < 0 || (r.Announced == NoticeWithoutDelay) != (r.Delay > 0) {
		c.wrong(field+".delay_ns", "a delay above zero belongs to without_delay, and without_delay needs one: without delay is a number of hours that the parties agree on")
	}
	if (r.Accepted == AcceptedDeemed) != r.Deemed.Set() {
		c.wrong(field+".deemed", "a time limit belongs to accepted: deemed, and that needs one")
	}
	if r.Ahead.Set() && r.Announced == NoticeNone {
		c.wrong(field+".ahead", "a notice needs an announcement")
	}
	if r.MonthlyCap < 0 || r.MonthlyCap > 31*24*time.Hour {
		c.wrong(field+".monthly_cap_ns", "%v is not allowed; allowed are 0 to 744h", r.MonthlyCap)
	}
	if r.Announced == NoticeNone && r.Accepted == AcceptedNone && !r.Evidence && !r.FourEyes {
		c.warn(field, "%s counts on the provider's word alone: no announcement, evidence or acceptance is asked", r.Kind)
	}
}

func (c *checking) duties(t Terms) {
	for i, d := range t.Duties {
		field := fmt.Sprintf("duties[%d]", i)
		if d.Name == "" {
			c.wrong(field+".name", "a name is needed")
		}
		if slices.ContainsFunc(t.Duties[:i], func(o Duty) bool { return o.Name == d.Name }) {
			c.wrong(field+".name", "%q stands here twice", d.Name)
		}
		oneOf(c, field+".of", d.Of, "provider", "customer")
		c.limit(field+".within", d.Within)
	}
	c.limit("appointment.cancel", t.Appointment.Cancel)
	c.limit("appointment.charged", t.Appointment.Charged)
}
