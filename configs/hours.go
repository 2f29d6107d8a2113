// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch/contract"
)

// windows reads the hours of a contract: those of availability, and those of clocks,
// reporting and the office where they differ.
func windows(v value, t *contract.Terms) {
	m := v.mapping()
	defer m.done()
	a := hours(m.need("availability", "a mapping with hours"))
	t.Windows, t.OnHolidays = a.Windows, a.OnHolidays
	t.Clocks = hours(m.get("clocks"))
	t.Reporting = hours(m.get("reporting"))
	t.Office = hours(m.get("office"))
}

// hours reads one set of windows with what it holds of holidays.
func hours(v value) contract.Hours {
	m := v.mapping()
	defer m.done()
	var out contract.Hours
	list := m.need("hours", "a list of {days, from, to}")
	for _, e := range list.list() {
		if w, ok := window(e); ok {
			out.Windows = append(out.Windows, w)
		}
	}
	if !list.absent() && len(list.list()) == 0 {
		list.wrong("hours has no entry, needed is at least one window")
	}
	out.OnHolidays = !m.get("except_holidays").boolean(true)
	return out
}

func window(v value) (w contract.Window, ok bool) {
	m := v.mapping()
	defer m.done()
	days, from, to := m.need("days", "a list of Mon to Sun"), m.need("from", "HH:MM"), m.need("to", "HH:MM, 24:00 for midnight")
	for _, e := range days.list() {
		s := e.oneOf("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
		if s == "" {
			continue
		}
		day, err := contract.ParseWeekday(s)
		switch {
		case err != nil:
			e.wrong("%v", err)
		case w.Days.Has(day):
			e.wrong("day %s stands twice, allowed is once", s)
		}
		w.Days |= contract.DaysOf(day)
	}
	if !days.absent() && len(days.list()) == 0 {
		days.wrong("days has no entry, needed is at least one of Mon to Sun")
	}
	var fromOK, toOK bool
	w.From, fromOK = from.timeOfDay()
	w.To, toOK = to.timeOfDay()
	if fromOK && toOK && w.From >= w.To {
		to.wrong("to %s is not after from %s, allowed is a later time of the same day: write a window over midnight as two", w.To, w.From)
	}
	return w, fromOK && toOK && w.From < w.To && w.Days != 0
}

// holidays reads dates, and the national lists that stand among them as mappings.
func holidays(v value, t *contract.Terms) {
	for _, e := range v.list() {
		switch e.node.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			l := holidayList(e)
			if l.Country != "" && slices.ContainsFunc(t.HolidayLists, func(o contract.HolidayList) bool { return o.Country == l.Country }) {
				e.wrong("the list of country %s stands twice, allowed is once", l.Country)
			}
			t.HolidayLists = append(t.HolidayLists, l)
			continue
		}
		d, err := contract.ParseDate(e.date())
		if err != nil {
			continue // reported by date
		}
		if slices.Contains(t.Holidays, d) {
			e.wrong("holiday %s stands twice, allowed is once", d)
		}
		t.Holidays = append(t.Holidays, d)
	}
}

// holidayList reads one national list with what the parties chose of it.
func holidayList(v value) contract.HolidayList {
	m := v.mapping()
	defer m.done()
	country, friday, liberation := m.need("country", "NL or BE"), m.get("good_friday"), m.get("liberation_day")
	l := contract.HolidayList{
		Country:    choice(country, "", contract.Netherlands, contract.Belgium),
		GoodFriday: friday.boolean(false),
		Liberation: choice(liberation, contract.LiberationNever, contract.LiberationNever, contract.LiberationFifth, contract.LiberationEvery),
		Substitute: m.get("substitute").boolean(false),
	}
	if l.Country == contract.Belgium {
		l.Liberation = ""
		for _, strange := range []value{friday, liberation} {
			if !strange.absent() {
				strange.wrong("%s is a choice of the Dutch list, allowed with country BE is substitute", strange.key)
			}
		}
	}
	return l
}
