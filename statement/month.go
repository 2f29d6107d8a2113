// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"slices"
)

// A period of some days is drawn with one row a day and its hours across.

const (
	monthRow = 13 // px from one day to the next
	monthTop = 16 // px above the first day
)

// maxMonthDays is the longest period that is drawn day by day, and dayHours the length
// up to which one strip says more.
const (
	maxMonthDays = 62
	dayHours     = 36 * 3600
)

// monthChart are up to three subjects side by side over the same days.
type monthChart struct {
	Height int
	Days   []monthDay
	Charts []monthFigure
}

// monthDay is the label of a row.
type monthDay struct {
	Y     int
	Label string
	Ink   bool // there is service time on it
}

// monthFigure is one subject.
type monthFigure struct {
	Name, Label string
	Empty       []int // y of the days without service time
	Slots       []daySlot
	Marks       []dayMark
}

type daySlot struct {
	slot
	Y, Base int
}

type dayMark struct {
	mark
	Y int
}

// months draws subjects three to a chart; nothing where the period is too short or too
// long for it.
func (c canvas) months(subjects []Subject) []monthChart {
	days := c.days()
	if len(days) > maxMonthDays || c.to-c.from <= dayHours {
		return nil
	}
	var out []monthChart
	for group := range slices.Chunk(subjects, 3) {
		m := monthChart{Height: monthTop + monthRow*len(days)}
		served := make([]bool, len(days))
		for _, s := range group {
			m.Charts = append(m.Charts, c.month(days, s, served))
		}
		for i, d := range days {
			at := c.zone.local(d.from)
			m.Days = append(m.Days, monthDay{monthTop + monthRow*i + 10, fmt.Sprintf("%s %d", c.l.day(at.Weekday()), at.Day()), served[i]})
		}
		out = append(out, m)
	}
	return out
}

// days cuts the period into local days, and stops when there are too many.
func (c canvas) days() []canvas {
	y, m, d := c.zone.local(c.from).Date()
	var out []canvas
	for i := 0; len(out) <= maxMonthDays; i++ {
		day := c
		day.from, day.to = c.zone.instant(y, m, d+i, 0), c.zone.instant(y, m, d+i+1, 0)
		if day.from >= c.to {
			break
		}
		out = append(out, day)
	}
	return out
}

// month draws a subject and notes on which days it has service time.
func (c canvas) month(days []canvas, s Subject, served []bool) monthFigure {
	p := c.picture(s.Body)
	out := monthFigure{Name: s.Name, Label: c.said(s.Name, p) + ". " + c.pick("One row a day.", "Een rij per dag.")}
	for i, day := range days {
		y := monthTop + monthRow*i
		slots := day.slots(p)
		for _, b := range slots {
			out.Slots = append(out.Slots, daySlot{b, y + 1, y + 10})
		}
		for _, m := range day.marks(p, leastDay) {
			out.Marks = append(out.Marks, dayMark{m, y})
		}
		if len(slots) == 0 {
			out.Empty = append(out.Empty, y+11)
		} else {
			served[i] = true
		}
	}
	return out
}
