// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// A month is drawn with one row a day and 24 hours across. An event that is shorter
// than a pixel is drawn wider, so that it is never lost.

const (
	monthRow   = 13  // px from one day to the next
	monthTop   = 16  // px above the first day
	monthLeast = 0.9 // least width of an event, in percent
)

// maxMonthDays is the longest period that is drawn day by day.
const maxMonthDays = 62

// monthChart are up to three subjects side by side over the same days.
type monthChart struct {
	Height int
	Days   []monthDay
	Charts []monthFigure
}

// monthDay is the label of one row.
type monthDay struct {
	Y     int
	Label string
	Ink   bool // there is service time on it
}

// monthFigure is one subject.
type monthFigure struct {
	Name   string
	Label  string
	Empty  []int // y of days without service time
	Window []cellBar
	Events []monthEvent
}

// cellBar is a part of a day.
type cellBar struct {
	bar
	Y, Base int
}

// monthEvent is a stretch that was not up.
type monthEvent struct {
	bar
	Y            int
	Class, Title string
}

// months draws subjects three to a chart.
func (s span) months(c clock, t tongue, subjects []subjectLine) []monthChart {
	days := s.days(c)
	if len(days) > maxMonthDays {
		return nil
	}
	var out []monthChart
	for group := range slices.Chunk(subjects, 3) {
		m := monthChart{Height: monthTop + monthRow*len(days)}
		served := map[int]bool{}
		for _, sub := range group {
			m.Charts = append(m.Charts, figure(c, t, days, sub, served))
		}
		for i, d := range days {
			m.Days = append(m.Days, monthDay{Y: monthTop + monthRow*i + 10, Label: t.weekday(d.from.Weekday()) + " " + strconv.Itoa(d.from.Day()), Ink: served[i]})
		}
		out = append(out, m)
	}
	return out
}

// days cuts the period into local days.
func (s span) days(c clock) []span {
	y, m, d := s.from.In(c.loc).Date()
	var out []span
	for i := 0; len(out) <= maxMonthDays; i++ {
		day := span{time.Date(y, m, d+i, 0, 0, 0, 0, c.loc), time.Date(y, m, d+i+1, 0, 0, 0, 0, c.loc)}
		if !day.from.Before(s.to) {
			break
		}
		out = append(out, day)
	}
	return out
}

func figure(c clock, t tongue, days []span, sub subjectLine, served map[int]bool) monthFigure {
	out := monthFigure{Name: sub.Name, Label: sub.Name + ": " + t.T("one row a day; every outage is listed below")}
	next := 0 // first part that can lie on the day
	for i, day := range days {
		y := monthTop + monthRow*i
		var window span // grows over parts that touch, so that few marks are needed
		flush := func() {
			if window.from.Before(window.to) {
				out.Window = append(out.Window, cellBar{day.bar(window.from, window.to, 0), y + 1, y + 10})
				served[i] = true
			}
			window = span{}
		}
		before := len(out.Window)
		for ; next < len(sub.parts) && !sub.parts[next].To.Time().After(day.from); next++ {
		}
		for _, p := range sub.parts[next:] {
			from, to := p.From.Time(), p.To.Time()
			if !from.Before(day.to) {
				break
			}
			if agreed(p) {
				if !window.to.Equal(from) {
					flush()
					window.from = from
				}
				window.to = to
			}
			if class := markOf(p); class != "" {
				out.Events = append(out.Events, monthEvent{day.bar(from, to, monthLeast), y, class,
					c.stamp(from).t.Format("15:04:05") + " - " + c.stamp(to).t.Format("15:04:05")})
			}
		}
		flush()
		if len(out.Window) == before {
			out.Empty = append(out.Empty, y+11)
		}
	}
	slices.SortStableFunc(out.Events, func(a, b monthEvent) int { return rankMark(a.Class) - rankMark(b.Class) })
	return out
}

// agreed reports whether a part is service time.
func agreed(p contract.Part) bool {
	return p.Class != contract.ClassOutside && p.Class != contract.ClassNotMeasured
}

// rankMark paints down over everything else.
func rankMark(class string) int {
	switch class {
	case "c-down":
		return 2
	case "c-unknown":
		return 1
	}
	return 0
}

// markOf is the class of an event; empty for what is not one.
func markOf(p contract.Part) string {
	switch p.Class {
	case contract.ClassDown:
		return "c-down"
	case contract.ClassUnknown:
		return "c-unknown"
	case contract.ClassExcluded:
		return "c-maint"
	case contract.ClassOutside:
		if p.State == contract.Down {
			return "c-down pale"
		}
	}
	return ""
}

// lane is a subject as a lane, for a period too short for days.
func (s span) lane(c clock, sub subjectLine) laneLine {
	var segments []Segment
	windows := []Span{}
	for _, p := range sub.parts {
		g := Segment{Reason: string(p.Reason), From: p.From.Time(), To: p.To.Time()}
		switch {
		case p.Class == contract.ClassExcluded:
			g.State = StateMaintenance
		case p.Class == contract.ClassNotMeasured:
			g.State = StateOutside
		case p.State == contract.Up:
			g.State = StateUp
		case p.State == contract.Down:
			g.State = StateDown
		default:
			g.State = StateUnknown
		}
		segments = append(segments, g)
		if agreed(p) {
			windows = append(windows, Span{g.From, g.To})
		}
	}
	line := laneLine{Name: sub.Name, Strip: s.strip(c, sub.Name, segments, windows)}
	line.Strip.Height = 22
	return line
}
