// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vouch-sla/vouch/contract"
)

// deviceRow is a device, or a service, with its strip.
type deviceRow struct {
	Subject
	Label string // the strip in words
	Hours string // id of its service time
	Marks []mark
}

// calmRow are devices that were up throughout and have the same figures.
type calmRow struct {
	Body
	Names []string
}

// hours is service time that several strips share.
type hours struct {
	ID    string
	Slots []slot
}

// draw makes the pictures of the period.
func (m *sheet) draw() {
	drawn, _ := first(m.Services, maxDrawn)
	if len(drawn) == 0 {
		drawn = []Subject{{Name: m.voice.whole(), Body: m.Body}}
	}
	c := m.canvas
	m.Axis = c.axis()
	if m.Months = c.months(drawn); m.Months == nil {
		for _, s := range drawn {
			m.Strips = append(m.Strips, m.strip(c, s))
		}
	}
}

// strip draws a subject over the whole period. Service time is drawn once for all
// that have the same.
func (m *sheet) strip(c canvas, s Subject) deviceRow {
	p := c.picture(s.Body)
	slots := c.slots(p)
	i := slices.IndexFunc(m.Served, func(h hours) bool { return slices.Equal(h.Slots, slots) })
	if i < 0 {
		i = len(m.Served)
		m.Served = append(m.Served, hours{fmt.Sprintf("vh-%d", i), slots})
	}
	return deviceRow{s, c.said(s.Name, p), m.Served[i].ID, c.marks(p, leastStrip)}
}

// calm reports whether a subject was up throughout its service time, and outside it
// not known to be down.
func calm(b Body) bool { return b.Down+b.Unknown+b.Excluded == 0 && len(b.Outages) == 0 }

// rows sorts the devices: those that were ever not up, the longest down first, each
// with its strip, and the others by their figures.
func (m *sheet) rows() {
	var troubled []Subject
	type key struct {
		Figures
		headline contract.Percent
		short    Short
	}
	groups := map[key]int{}
	for _, d := range m.Devices {
		if !calm(d.Body) {
			troubled = append(troubled, d)
			continue
		}
		k := key{d.Figures, d.Headline, d.Short}
		i, known := groups[k]
		if !known {
			i = len(m.Calm)
			groups[k] = i
			m.Calm = append(m.Calm, calmRow{Body: d.Body})
		}
		m.Calm[i].Names = append(m.Calm[i].Names, d.Name)
	}
	slices.SortStableFunc(troubled, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(b.Down, a.Down), cmp.Compare(b.Unknown, a.Unknown))
	})
	for i, d := range troubled {
		row := m.strip(m.canvas, d)
		if i < openRows {
			m.Troubled = append(m.Troubled, row)
		} else {
			m.MoreRows = append(m.MoreRows, row)
		}
	}
}

// outageRow and unknownRow are stretches with the subject that they are of.
type outageRow struct {
	Name string
	Outage
}

type unknownRow struct {
	Name string
	Unknown
}

// End is the end of a stretch that has one.
func (r outageRow) End() *Instant  { return &r.To }
func (r unknownRow) End() *Instant { return &r.To }

// lists puts the stretches of all subjects in the order of their beginning, and cuts
// what is too long for a page.
func (m *sheet) lists() {
	var outages []outageRow
	var unknowns []unknownRow
	for _, s := range m.voice.subjects() {
		for _, o := range s.Outages {
			outages = append(outages, outageRow{s.Name, o})
		}
		for _, u := range s.Unknowns {
			unknowns = append(unknowns, unknownRow{s.Name, u})
		}
	}
	slices.SortStableFunc(outages, func(a, b outageRow) int { return a.From.Time().Compare(b.From.Time()) })
	slices.SortStableFunc(unknowns, func(a, b unknownRow) int { return a.From.Time().Compare(b.From.Time()) })
	m.Outages, m.MoreOutages = first(outages, maxLines)
	m.Unknowns, m.MoreUnknowns = first(unknowns, maxLines)
	exclusions, more := first(m.Exclusions, maxLines)
	for _, e := range exclusions {
		if e.Counted {
			m.Granted = append(m.Granted, e)
		} else {
			m.NotGranted = append(m.NotGranted, e)
		}
	}
	m.MoreExclusions = more
	m.Listed, m.MoreListed = first(m.Incidents, maxLines)
}

// nameList are names in a cell, folded where there are many.
type nameList struct {
	Count int
	Open  string // few enough to stand open
	Fold  string
}

func fold[T ~string](list []T) nameList {
	if len(list) <= openNames {
		return nameList{Count: len(list), Open: joined(list)}
	}
	return nameList{Count: len(list), Fold: joined(list)}
}
