// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"
)

func (c *checking) support(t Terms) {
	s := t.Support
	c.levels(s)
	for i, r := range s.Matrix {
		field := fmt.Sprintf("support.matrix[%d]", i)
		if r.Priority == NoPriority || r.Priority > P4 {
			c.wrong(field+".priority", "allowed are P1 to P4")
		}
		if slices.ContainsFunc(s.Matrix[:i], func(o Rating) bool { return o.Impact == r.Impact && o.Urgency == r.Urgency }) {
			c.wrong(field, "%s with %s stands here twice", r.Impact, r.Urgency)
		}
	}
	for i, d := range s.Detected {
		field := fmt.Sprintf("support.detected[%d]", i)
		if _, ok := s.Rate(d.Impact, d.Urgency); !ok {
			c.wrong(field, "the matrix has no %s with %s", d.Impact, d.Urgency)
		}
		if slices.ContainsFunc(s.Detected[:i], func(o Detection) bool { return o.Class == d.Class }) {
			c.wrong(field+".class", "each class stands here once")
		}
	}
	c.limit("support.relapse", s.Relapse)
	for i, r := range s.Reports {
		if slices.ContainsFunc(s.Reports[:i], func(o ReportRule) bool { return o.Priority == r.Priority }) {
			c.wrong(fmt.Sprintf("support.reports[%d].priority", i), "%s stands here twice", r.Priority)
		}
		for _, channel := range r.Confirm {
			if !slices.Contains(r.Channels, channel) {
				c.wrong(fmt.Sprintf("support.reports[%d].confirm", i), "%q is none of the channels", channel)
			}
		}
	}
	for i, r := range s.Suspends {
		field := fmt.Sprintf("support.suspends[%d]", i)
		oneOf(c, field+".until", r.Until, UntilInstant, UntilEndOfDay, UntilWorkingDay)
		if r.Cause == "" || slices.ContainsFunc(s.Suspends[:i], func(o SuspendRule) bool { return o.Cause == r.Cause }) {
			c.wrong(field+".cause", "each cause has a name of its own, and stands here once")
		}
	}
	oneOf(c, "support.day", s.Day, "", Day24Hours, DayWindow, DayService, DayCalendar)
	oneOf(c, "support.reaction.starts", s.Reaction.Starts, "", StartEarlier, StartReport, StartDetection)
	oneOf(c, "support.escalation.by", s.Escalation.By, "", EscalateAutomatic, EscalateCustomer)
	if s.WorkAround > P4 {
		c.wrong("support.work_around", "allowed are P1 to P4")
	}
	c.creditRule(s.Credit)
	for i, g := range s.Share.LeaveOut {
		oneOf(c, fmt.Sprintf("support.share.leave_out[%d]", i), g, Grounds()...)
	}
}

func (c *checking) levels(s Support) {
	known := s.Level == ""
	for i, l := range s.Levels {
		field := fmt.Sprintf("support.levels[%d]", i)
		known = known || l.Name == s.Level
		if l.Name == "" || slices.ContainsFunc(s.Levels[:i], func(o Level) bool { return o.Name == l.Name }) {
			c.wrong(field+".name", "each level has a name of its own, and stands here once")
		}
		c.windows(field+".clocks.windows", l.Clocks.Windows)
		c.windows(field+".reporting.windows", l.Reporting.Windows)
		for j, t := range l.Targets {
			field := fmt.Sprintf("%s.targets[%d]", field, j)
			if t.Priority == NoPriority || t.Priority > P4 || slices.ContainsFunc(l.Targets[:j], func(o ResponseTarget) bool { return o.Priority == t.Priority }) {
				c.wrong(field+".priority", "each of P1 to P4 stands here at most once")
			}
			c.target(field+".reaction", t.Reaction)
			c.target(field+".resolution", t.Resolution)
		}
	}
	if !known {
		c.wrong("support.level", "no level is called %q", s.Level)
	}
}

// target checks a promised time: it runs in a window, so that working days and months
// mean nothing of their own.
func (c *checking) target(field string, l TimeLimit) {
	if l == (TimeLimit{}) {
		return
	}
	oneOf(c, field+".unit", l.Unit, Minutes, HoursUnit, Days, Weeks)
	if most := map[Unit]int{Minutes: 100_000, HoursUnit: 10_000, Days: 366, Weeks: 52}[l.Unit]; l.N < 1 || l.N > most {
		c.wrong(field+".n", "%d %s are not allowed; allowed are 1 to %d", l.N, l.Unit, most)
	}
}

func (c *checking) creditRule(r CreditRule) {
	oneOf(c, "support.credit.base", r.Base, "", MonthBefore, MonthOverrun)
	oneOf(c, "support.credit.cap_base", r.CapBase, "", MonthBefore, MonthOverrun)
	oneOf(c, "support.credit.days", r.Days, "", DaysCommenced, DaysCompleted, DaysWorking, DaysCalendar)
	c.limit("support.credit.claim", r.Claim)
	for _, s := range []Share{r.PerDay, r.Cap} {
		if s < 0 || s > 1000*percentOne {
			c.wrong("support.credit", "a share from 0 to 1000 %% is needed")
		}
	}
	if r.PerDay > 0 && r.Cap == 0 && len(r.YearCaps) == 0 {
		c.warn("support.credit.cap", "the credit has no cap: an overrun that nobody ends costs without bounds")
	}
	for i, y := range r.YearCaps {
		if y.Share < 0 || y.Cents < 0 || (y.Share == 0) == (y.Cents == 0) {
			c.wrong(fmt.Sprintf("support.credit.year_caps[%d]", i), "either a share or a fixed sum is needed")
		}
	}
}
