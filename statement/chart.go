// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// The drawings of a statement are SVG whose x and width are percentages, so that they
// stretch with the page while text and hatching do not. The worse a state, the taller
// its mark: a strip reads without colour.

// leastStrip and leastDay are the least widths of a mark in percent, so that nothing
// that was not up gets lost. Marks of a kind that would touch are drawn as one, which
// bounds how many there can be.
const (
	leastStrip = 0.4
	leastDay   = 0.9
)

// mark is a stretch that was not up.
type mark struct{ Class, X, W, Y, H, Title string }

// slot is a stretch of service time.
type slot struct{ X, W string }

// tick is a time on an axis.
type tick struct {
	X, Anchor, Label string
	Odd              bool // left out where there is little room
}

// canvas lays time out from left to right.
type canvas struct {
	voice
	from, to contract.Second
}

// pos is where an instant lies, in percent, within [0, 100].
func (c canvas) pos(s contract.Second) float64 {
	if c.to <= c.from {
		return 0
	}
	return min(100, max(0, 100*float64(s-c.from)/float64(c.to-c.from)))
}

// percentage prints an x or a width with as many decimals as a screen can show.
func percentage(f float64) string {
	return strconv.FormatFloat(float64(int64(f*100+.5))/100, 'f', -1, 64)
}

func (c canvas) at(s contract.Second) time.Time {
	return time.Unix(int64(s), 0).In(c.zone.Location())
}

// agreed reports whether a part is service time.
func agreed(p contract.Part) bool {
	return p.Class != contract.ClassOutside && p.Class != contract.ClassNotMeasured
}

// kinds are the marks in the order in which they are drawn: down lies over everything.
func kinds() []mark {
	return []mark{{Class: "kx", Y: "14", H: "72"}, {Class: "kp", Y: "0", H: "100"}, {Class: "ku", Y: "8", H: "84"}, {Class: "kd", Y: "0", H: "100"}}
}

// kindOf returns the class of a mark; empty for what was up or is nobody's concern.
func kindOf(p contract.Part) string {
	switch {
	case p.Class == contract.ClassDown:
		return "kd"
	case p.Class == contract.ClassUnknown:
		return "ku"
	case p.Class == contract.ClassExcluded:
		return "kx"
	case p.Class == contract.ClassOutside && p.State == contract.Down:
		return "kp"
	}
	return ""
}

// word names a kind of mark.
func (v voice) word(class string) string {
	switch class {
	case "kd":
		return v.pick("down", "neer")
	case "ku":
		return v.pick("unknown", "onbekend")
	case "kx":
		return v.pick("excluded", "uitgesloten")
	}
	return v.pick("down outside service hours", "neer buiten diensttijd")
}

// stretches returns the parts of a kind within the canvas, those that touch as one.
func (c canvas) stretches(parts []contract.Part, class string) []contract.Span {
	var out []contract.Span
	for _, p := range parts {
		s := p.Span.Clip(contract.Span{From: c.from, To: c.to})
		if s.Empty() || kindOf(p) != class {
			continue
		}
		if n := len(out); n > 0 && out[n-1].To == s.From {
			out[n-1].To = s.To
		} else {
			out = append(out, s)
		}
	}
	return out
}

// interval prints a stretch as the lists do.
func (c canvas) interval(s contract.Span) string {
	end := Instant(c.zone.Format(s.To))
	return c.stretch(Instant(c.zone.Format(s.From)), &end)
}

// marks draws what was not up.
func (c canvas) marks(parts []contract.Part, least float64) []mark {
	var out []mark
	for _, kind := range kinds() {
		var start, end float64
		var whole contract.Span
		n := 0
		flush := func() {
			if n == 0 {
				return
			}
			m := kind
			m.X, m.W = percentage(start), percentage(end-start)
			m.Title = c.word(m.Class) + " " + c.interval(whole)
			if n > 1 {
				m.Title = c.sprintf("%d times %s", "%d keer %s", n, m.Title)
			}
			out = append(out, m)
		}
		for _, s := range c.stretches(parts, kind.Class) {
			x := min(c.pos(s.From), 100-least)
			to := max(c.pos(s.To), x+least)
			if n > 0 && x <= end {
				end, whole.To = max(end, to), s.To
				n++
				continue
			}
			flush()
			start, end, whole, n = x, to, s, 1
		}
		flush()
	}
	return out
}

// slots draws the service time.
func (c canvas) slots(parts []contract.Part) []slot {
	var out []slot
	for _, s := range c.served(parts) {
		x, to := c.pos(s.From), c.pos(s.To)
		out = append(out, slot{percentage(x), percentage(to - x)})
	}
	return out
}

// served returns the service time within the canvas.
func (c canvas) served(parts []contract.Part) []contract.Span {
	var out []contract.Span
	for _, p := range parts {
		s := p.Span.Clip(contract.Span{From: c.from, To: c.to})
		if s.Empty() || !agreed(p) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].To == s.From {
			out[n-1].To = s.To
		} else {
			out = append(out, s)
		}
	}
	return out
}

// maxSaid bounds the stretches that a drawing says in words.
const maxSaid = 5

// said is a drawing in words, for who cannot see it.
func (c canvas) said(name string, parts []contract.Part) string {
	type stretch struct {
		span contract.Span
		text string
	}
	var all []stretch
	for _, kind := range kinds() {
		for _, s := range c.stretches(parts, kind.Class) {
			all = append(all, stretch{s, c.word(kind.Class)})
		}
	}
	slices.SortStableFunc(all, func(a, b stretch) int { return int(a.span.From - b.span.From) })
	var words []string
	for i, s := range all {
		if i == maxSaid {
			words = append(words, c.sprintf("and %d more", "en nog %d", len(all)-i))
			break
		}
		words = append(words, s.text+" "+c.interval(s.span))
	}
	if len(words) == 0 {
		return name + ": " + c.pick("never down or unknown", "nooit neer of onbekend")
	}
	return name + ": " + strings.Join(words, ", ")
}

// maxTicks bounds the labels of an axis.
const maxTicks = 11

// axis labels hours, dates or months, whichever are few enough.
func (c canvas) axis() []tick {
	from, to := c.at(c.from), c.at(c.to)
	y, m, d := from.Date()
	loc := from.Location()
	type step struct {
		next  func(i int) time.Time
		label func(time.Time) string
	}
	hours := func(n int) step {
		return step{func(i int) time.Time { return time.Date(y, m, d, i*n, 0, 0, 0, loc) }, func(t time.Time) string { return t.Format("15:04") }}
	}
	days := func(n int) step {
		return step{func(i int) time.Time { return time.Date(y, m, d+i*n, 0, 0, 0, 0, loc) }, func(t time.Time) string { return fmt.Sprint(t.Day()) + " " + c.l.month(t.Month())[:3] }}
	}
	months := func(n int) step {
		return step{func(i int) time.Time { return time.Date(y, m+time.Month(i*n), 1, 0, 0, 0, 0, loc) }, func(t time.Time) string { return c.l.month(t.Month())[:3] + t.Format(" 2006") }}
	}
	for _, s := range []step{hours(1), hours(2), hours(4), hours(6), days(1), days(2), days(4), days(7), days(14), months(1), months(3), months(12)} {
		var out []tick
		for i := 0; i <= 2*maxTicks && len(out) <= maxTicks; i++ {
			t := s.next(i)
			if !t.Before(to) {
				break
			}
			if t.Before(from) {
				continue
			}
			x := c.pos(contract.Floor(t))
			anchor := "middle"
			if x < 4 {
				anchor = "start"
			} else if x > 96 {
				anchor = "end"
			}
			out = append(out, tick{percentage(x), anchor, s.label(t), len(out)%2 == 1})
		}
		if len(out) > 0 && len(out) <= maxTicks && !s.next(2*maxTicks).Before(to) {
			return out
		}
	}
	return nil
}
