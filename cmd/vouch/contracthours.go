// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// timetable is one of the hours of a contract; several that are the same share one.
type timetable struct {
	names    []string
	calendar contract.Calendar
}

// timetables returns the hours of availability, clocks, reporting and the office, those
// that are the same as one.
func (e *explainer) timetables() []timetable {
	t := e.terms
	var out []timetable
	add := func(name string, c contract.Calendar) {
		i := slices.IndexFunc(out, func(o timetable) bool {
			return slices.Equal(o.calendar.Windows, c.Windows) && slices.Equal(o.calendar.Holidays, c.Holidays) && slices.Equal(o.calendar.Lists, c.Lists)
		})
		if i >= 0 {
			out[i].names = append(out[i].names, name)
			return
		}
		out = append(out, timetable{[]string{name}, c})
	}
	add(e.pick("availability", "beschikbaarheid"), t.Calendar())
	if len(t.Support.Levels) > 0 {
		add(e.pick("clocks", "klokken"), t.ClockCalendar(""))
		add(e.pick("reporting", "melden"), t.ReportCalendar(""))
	}
	if len(t.Office.Windows) > 0 {
		add(e.pick("working hours", "werkuren"), t.OfficeCalendar())
	}
	return out
}

// hours says in which hours what counts, and which days are holidays.
func (e *explainer) hours() {
	e.section("Hours", "Uren")
	rows := [][]string{{e.pick("Hours of", "Uren van"), e.pick("days and times", "dagen en tijden")}}
	tables := e.timetables()
	for _, t := range tables {
		var lines []string
		for _, w := range t.calendar.Windows {
			lines = append(lines, fmt.Sprintf("%s %s-%s", e.days(w.Days), w.From, w.To))
		}
		holidays := e.pick("holidays too", "ook op feestdagen")
		if len(t.calendar.Holidays)+len(t.calendar.Lists) > 0 {
			holidays = e.pick("not on holidays", "niet op feestdagen")
		}
		rows = append(rows, []string{strings.Join(t.names, ",\n"), strings.Join(append(lines, holidays), "; ")})
	}
	e.table(rows)
	if len(e.terms.Support.Levels) > 0 {
		e.say("Availability is counted in its own hours. Reaction and resolution times run in those of the clocks; a report made outside those of reporting counts from when they next begin.",
			"Beschikbaarheid telt in haar eigen uren. Reactie- en oplostijden lopen in die van de klokken; een melding buiten die van melden telt vanaf wanneer ze weer beginnen.")
	}
	e.holidays()
}

// days writes a set of days: "Mon-Fri", "daily", "Mon, Wed".
func (e *explainer) days(w contract.Weekdays) string {
	list := w.List()
	if w == contract.AllWeek {
		return e.pick("daily", "dagelijks")
	}
	var names []string
	for _, d := range list {
		names = append(names, e.weekday(d, true))
	}
	first, last := (int(list[0])+6)%7, (int(list[len(list)-1])+6)%7
	if len(list) > 2 && last-first == len(list)-1 {
		return names[0] + "-" + names[len(names)-1]
	}
	return strings.Join(names, ", ")
}

// holidays says where the holidays come from.
func (e *explainer) holidays() {
	t := e.terms
	if len(t.HolidayLists)+len(t.Holidays) == 0 {
		e.say("No holidays were agreed.", "Er zijn geen feestdagen afgesproken.")
		return
	}
	for _, l := range t.HolidayLists {
		country := e.pick("Dutch", "Nederlandse")
		var choices []string
		if l.Country == contract.Belgium {
			country = e.pick("Belgian legal", "Belgische wettelijke")
		} else {
			friday := e.pick("without Good Friday", "zonder Goede Vrijdag")
			if l.GoodFriday {
				friday = e.pick("with Good Friday", "met Goede Vrijdag")
			}
			choices = append(choices, friday, map[contract.Liberation]string{
				contract.LiberationEvery: e.pick("with 5 May every year", "met 5 mei elk jaar"),
				contract.LiberationFifth: e.pick("with 5 May every fifth year", "met 5 mei elk vijfde jaar"),
			}[l.Liberation])
			if choices[1] == "" {
				choices[1] = e.pick("without 5 May", "zonder 5 mei")
			}
		}
		if l.Substitute {
			choices = append(choices, e.pick("with a substitute day for one at the weekend", "met een vervangende dag voor een in het weekend"))
		}
		of := ""
		if len(choices) > 0 {
			of = " (" + strings.Join(choices, ", ") + ")"
		}
		e.say("Holidays are the %s ones%s.", "Feestdagen zijn de %s%s.", country, of)
	}
	if n := len(t.Holidays); n > 0 {
		e.say("The contract lists %s by date.", "Het contract noemt %s met datum.", e.count(int64(n), "holiday", "holidays", "feestdag", "feestdagen"))
	}
}

// weeks prints the hours of each day of the next four weeks.
func (e *explainer) weeks() {
	z := e.terms.Zone
	first := max(e.at, e.version.InForce).Time().In(z.Location())
	e.section("The next four weeks", "De komende vier weken")
	e.say("From %s.", "Vanaf %s.", e.date(first))
	heading := []string{e.pick("Day", "Dag")}
	tables := e.timetables()
	for _, t := range tables {
		heading = append(heading, strings.Join(t.names, ",\n"))
	}
	rows := [][]string{append(heading, e.pick("remarks", "bijzonderheden"))}
	for n := range 28 {
		y, m, d := first.Date()
		rows = append(rows, e.weekRow(tables, time.Date(y, m, d+n, 0, 0, 0, 0, time.UTC)))
	}
	e.table(rows)
}

// weekRow is one day: its date, the hours of each timetable, and what is special.
func (e *explainer) weekRow(tables []timetable, day time.Time) []string {
	z := e.terms.Zone
	from, to := dateOf(day), dateOf(day.AddDate(0, 0, 1))
	whole := contract.Span{From: z.Midnight(from), To: z.Midnight(to)}
	row := []string{e.shortDate(day)}
	for _, t := range tables {
		var times []string
		for _, s := range t.calendar.Spans(whole) {
			end := s.To.Time().In(z.Location()).Format("15:04")
			if s.To == whole.To {
				end = "24:00"
			}
			times = append(times, s.From.Time().In(z.Location()).Format("15:04")+"-"+end)
		}
		row = append(row, cmp.Or(strings.Join(times, "\n"), "-"))
	}
	var remarks []string
	for _, h := range e.terms.HolidaysIn(from, to) {
		remarks = append(remarks, cmp.Or(e.pick(h.Name, h.Dutch), e.pick("holiday", "feestdag")))
	}
	if n := whole.Len(); n != 24*3600 {
		remarks = append(remarks, fmt.Sprintf(e.pick("the clock changes: %s hours", "de klok verspringt: %s uur"), e.micro(n*1_000_000/3600)))
	}
	return append(row, strings.Join(remarks, ", "))
}

func dateOf(t time.Time) contract.Date {
	return contract.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}
}
