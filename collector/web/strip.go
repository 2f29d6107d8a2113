// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// class is the name of a state in the style sheet and of its shape in the sprite.
func (s State) Class() string {
	switch s {
	case StateUp, StateDegraded, StateDown:
		return string(s)
	case StateMaintenance:
		return "maint"
	case StateOutside:
		return "none"
	default:
		return "unknown"
	}
}

// Word is the state as people read it; a state that nobody set is unknown.
func (s State) Word() string {
	if s == "" {
		return string(StateUnknown)
	}
	return string(s)
}

// loudness orders states: what needs attention first is highest.
func (s State) loudness() int {
	switch s {
	case StateDown:
		return 5
	case StateDegraded:
		return 4
	case StateUnknown, "":
		return 3
	case StateMaintenance:
		return 2
	case StateUp:
		return 1
	default:
		return 0
	}
}

// strip is a lane as SVG: x and width in percent, so that it stretches with the page
// while text and hatching do not.
type strip struct {
	Label  string
	Height int // in px; 0 for the style sheet's
	Off    []bar
	Marks  []mark
	Veil   []bar
}

// bar is a horizontal extent in percent.
type bar struct{ X, W string }

// mark is one segment: the worse the state, the taller.
type mark struct {
	bar
	Class, Y, H, Title string
}

// minWidth keeps what is not up from getting lost, in percent of the width.
const minWidth = 0.4

// span is the period that a chart shows.
type span struct{ from, to time.Time }

func (s Span) span() span { return span{s.From, s.To} }

// pos is where t lies in the period, in percent, within [0, 100].
func (s span) pos(t time.Time) float64 {
	total := s.to.Sub(s.from)
	if total <= 0 {
		return 0
	}
	return min(100, max(0, 100*float64(t.Sub(s.from))/float64(total)))
}

func (s span) bar(from, to time.Time, least float64) bar {
	x, end := s.pos(from), s.pos(to)
	if w := end - x; w < least {
		x = min(x, 100-least)
		end = x + least
	}
	return bar{pc(x), pc(end - x)}
}

// overlaps reports whether any of [from, to) lies in the period.
func (s span) overlaps(from, to time.Time) bool { return from.Before(s.to) && to.After(s.from) }

// pc prints a percentage with as many decimals as a wide screen can show.
func pc(f float64) string {
	return strconv.FormatFloat(float64(int64(f*100+.5))/100, 'f', -1, 64)
}

// strip lays segments out. Time outside the windows is shaded; nil windows shade
// nothing. The label says what the strip shows, in words.
func (s span) strip(c clock, name string, segments []Segment, windows []Span) strip {
	out := strip{Label: name + ": " + s.inWords(c, segments)}
	if windows != nil {
		out.Off = s.outside(windows)
		out.Veil = out.Off
	}
	for _, g := range segments {
		if !s.overlaps(g.From, g.To) {
			continue
		}
		m := mark{Class: "c-" + g.State.Class()}
		least := minWidth
		switch g.State {
		case StateUp:
			m.Y, m.H, least = "84", "16", 0
		case StateDegraded:
			m.Y, m.H = "36", "64"
		case StateDown:
			m.Y, m.H = "0", "100"
		case StateMaintenance:
			m.Y, m.H = "14", "72"
		case StateOutside:
			m.Class, m.Y, m.H = "c-nodata", "86", "1"
		default:
			m.Y, m.H = "8", "84"
		}
		m.bar = s.bar(g.From, g.To, least)
		if g.State != StateUp {
			m.Title = s.title(c, g)
		}
		out.Marks = append(out.Marks, m)
	}
	return out
}

// outside is the complement of the windows within the period.
func (s span) outside(windows []Span) []bar {
	var out []bar
	at := s.from
	for _, w := range windows {
		if w.From.After(at) && s.overlaps(at, w.From) {
			out = append(out, s.bar(at, w.From, 0))
		}
		if w.To.After(at) {
			at = w.To
		}
	}
	if at.Before(s.to) {
		out = append(out, s.bar(at, s.to, 0))
	}
	return out
}

// title is what a mark says when it is pointed at.
func (s span) title(c clock, g Segment) string {
	t := fmt.Sprintf("%s %s to %s", g.State.Word(), c.stamp(g.From).At(), s.end(c, g.To))
	if g.Reason != "" {
		t += ": " + reasonWords(g.Reason)
	}
	return t
}

// end is an instant, or "now" where the period ends with it and the period is not over.
func (s span) end(c clock, t time.Time) string {
	if !t.Before(s.to) && !s.to.Before(c.now.Add(-time.Minute)) {
		return "now"
	}
	return c.stamp(t).AtZ()
}

// inWords is the strip for those who cannot see it: everything that is not up, at
// most five of them.
func (s span) inWords(c clock, segments []Segment) string {
	var words []string
	more := 0
	for _, g := range segments {
		switch {
		case g.State == StateUp || !s.overlaps(g.From, g.To):
		case len(words) == 5:
			more++
		default:
			words = append(words, fmt.Sprintf("%s %s to %s", g.State.Word(), c.stamp(g.From).At(), s.end(c, g.To)))
		}
	}
	switch {
	case len(segments) == 0:
		return "nothing measured"
	case len(words) == 0:
		return "up"
	case more > 0:
		return strings.Join(words, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(words, ", ") + "; otherwise up"
}

// calm reports whether segments hold nothing but up.
func calm(segments []Segment) bool {
	for _, g := range segments {
		if g.State != StateUp {
			return false
		}
	}
	return true
}
