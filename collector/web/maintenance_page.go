// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// workLine is a work as a row.
type workLine struct {
	Work
	Start, End           stamp
	Date, Times          string
	Announced            *stamp
	Notice               string
	StateClass, Word     string
	Glyph                string
	Off, Open            []bar
	Bar                  bar
	Label                string
	Hour                 string // of the beginning
	FeedTime, FeedDetail string
}

func (w Work) line(c clock) workLine {
	out := workLine{Work: w, Start: c.stamp(w.From), End: c.stamp(w.To), Announced: c.opt(&w.AnnouncedAt)}
	out.Date = out.Start.t.Format("Mon 2 January")
	if out.Start.t.Year() != c.now.Year() {
		out.Date = out.Start.t.Format("Mon 2 Jan 2006")
	}
	out.Times = out.Start.t.Format("15:04") + " to " + out.End.t.Format("15:04")
	if !dayOf(out.Start.t).Equal(dayOf(out.End.t)) {
		out.Times = out.Start.t.Format("15:04") + " to " + out.End.t.Format("Mon 15:04")
	}
	// Whether it was announced before it began decides; a stamp may be shown in the
	// same minute, so the difference is taken of the instants.
	if before := w.From.Sub(w.AnnouncedAt); before > 0 {
		out.Notice = spoken(before)
	} else {
		out.Notice = "none"
	}
	out.StateClass, out.Glyph, out.Word = w.state()
	y, m, d := out.Start.t.Date()
	day := span{time.Date(y, m, d, 0, 0, 0, 0, c.loc), time.Date(y, m, d+1, 0, 0, 0, 0, c.loc)}
	out.Off = day.outside(w.Window)
	var hours []string
	for _, s := range w.Window {
		out.Open = append(out.Open, day.bar(s.From, s.To, 0))
		hours = append(hours, c.stamp(s.From).t.Format("15:04")+" to "+edge(c, day, s.To).Label)
	}
	out.Bar = day.bar(w.From, w.To, 1)
	out.Label = out.Times
	if len(hours) > 0 {
		out.Label += "; service hours " + strings.Join(hours, ", ")
	} else {
		out.Label += "; no service hours that day"
	}
	out.Hour = out.Start.t.Format("15:04")
	out.FeedTime = out.Start.t.Format("15:04")
	if !dayOf(out.Start.t).Equal(dayOf(c.now)) {
		out.FeedTime = out.Start.t.Format("2 Jan")
	}
	out.FeedDetail = w.detail(out, c)
	return out
}

// Anchor is the id of a work's row: numbers of works are those of one customer.
func (w Work) Anchor() string { return "work-" + string(w.Customer) + "-" + w.ID }

// Ahead reports whether there is still something to cancel.
func (w Work) Ahead() bool { return w.State == WorkPlanned || w.State == WorkRunning }

// state is a work's state as class, glyph and word.
func (w Work) state() (class, glyph, word string) {
	switch {
	case w.State == WorkCancelled:
		return "m", "none", "cancelled"
	case !w.Counts:
		word = "does not count"
		if w.Flag != "" {
			word += ": " + w.Flag
		}
		return "t-down", "down", word
	case w.State == WorkRunning:
		return "t-maint", "maint", "running"
	case w.Flag != "":
		return "t-degraded", "degraded", w.Flag
	case w.State == WorkEnded:
		return "m", "tick", "ended"
	}
	return "", "tick", "planned"
}

func (w Work) detail(l workLine, c clock) string {
	say := fmt.Sprintf("announced %s, %s before", c.stamp(w.AnnouncedAt).Minute(), l.Notice)
	if l.Notice == "none" {
		say = "announced " + c.stamp(w.AnnouncedAt).Minute() + ", after it began"
	}
	switch {
	case w.State == WorkCancelled:
		return say + ": cancelled"
	case !w.Counts:
		return say + ": counts as down time"
	case w.Flag != "":
		return say + ": " + w.Flag
	}
	return say + ": not counted"
}

// maintenanceModel is what the template of the list reads.
type maintenanceModel struct {
	Headline, Abbr string
	Lines          []workLine
	Title          string
	May            bool // the viewer may announce and cancel
	Weeks          [][]calendarDay
}

// calendarDay is one cell of the calendar.
type calendarDay struct {
	Label                string
	Today, Past, Weekend bool
	Works                []workLine
	More                 int
}

func (s *server) maintenancePage(r *http.Request, v Viewer) (sheet, error) {
	view, err := s.reader.Maintenance(r.Context(), v)
	if err != nil {
		return sheet{}, err
	}
	c := view.clock()
	m := maintenanceModel{Abbr: c.stamp(view.Now).Zone(), May: s.opts.Desk != nil && v.Can(ActMaintenance)}
	running, planned, look := 0, 0, 0
	for _, w := range view.Works {
		m.Lines = append(m.Lines, w.line(c))
		switch w.State {
		case WorkRunning:
			running++
		case WorkPlanned:
			planned++
		default:
			continue
		}
		if w.Flag != "" || !w.Counts {
			look++
		}
	}
	m.Headline = worksHeadline(running, planned, look)
	m.calendar(c)
	return sheet{view: view, name: "maintenance", title: "Maintenance", nav: "/maintenance", asOf: view.AsOf, model: m}, nil
}

func worksHeadline(running, planned, look int) string {
	if running+planned == 0 {
		return "No maintenance planned"
	}
	var parts []string
	if running > 0 {
		parts = append(parts, count(running, "work running", "works running"))
	}
	if planned > 0 {
		parts = append(parts, count(planned, "work planned", "works planned"))
	}
	if look > 0 {
		parts = append(parts, fmt.Sprintf("%d %s a look", look, plural(look, "needs", "need")))
	}
	return strings.Join(parts, ", ")
}

// calendar is three weeks from the Monday of this week on.
func (m *maintenanceModel) calendar(c clock) {
	const weeks, perDay = 3, 4
	y, mo, d := c.now.Date()
	monday := d - (int(c.now.Weekday())+6)%7
	for w := range weeks {
		var week []calendarDay
		for i := range 7 {
			from := time.Date(y, mo, monday+7*w+i, 0, 0, 0, 0, c.loc)
			to := time.Date(y, mo, monday+7*w+i+1, 0, 0, 0, 0, c.loc)
			day := calendarDay{Label: from.Format("2"), Weekend: i > 4, Past: !to.After(c.now)}
			if from.Day() == 1 || w == 0 && i == 0 {
				day.Label = from.Format("2 January")
			}
			if day.Today = !day.Past && !from.After(c.now); day.Today {
				day.Label += ", today"
			}
			for _, l := range m.Lines {
				if l.State == WorkCancelled || !l.From.Before(to) || !l.To.After(from) {
					continue
				}
				if len(day.Works) == perDay {
					day.More++
					continue
				}
				day.Works = append(day.Works, l)
			}
			week = append(week, day)
		}
		m.Weeks = append(m.Weeks, week)
	}
	first := time.Date(y, mo, monday, 0, 0, 0, 0, c.loc)
	last := time.Date(y, mo, monday+7*weeks-1, 0, 0, 0, 0, c.loc)
	m.Title = first.Format("2 January") + " to " + last.Format("2 January 2006")
}
