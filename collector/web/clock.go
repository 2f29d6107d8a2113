// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Clock is one of an incident's clocks. It runs in service time; its figures are of
// that, but for Exceeded, which is elapsed time.
type Clock struct {
	Kind      string       `json:"clock"`    // reaction, resolution or repair
	Priority  string       `json:"priority"` // that the promise is for
	Promised  string       `json:"promised"` // in words
	Started   time.Time    `json:"started_at"`
	Deadline  *time.Time   `json:"deadline"`   // null while a suspension without an end stands in the way
	Stopped   *time.Time   `json:"stopped_at"` // null while it runs
	Running   bool         `json:"running"`    // nothing stopped it; it may stand still
	Suspended bool         `json:"suspended"`  // it stands still now
	Target    Seconds      `json:"target_s"`
	Used      Seconds      `json:"used_s"`
	Left      Seconds      `json:"left_s"`
	Exceeded  Seconds      `json:"exceeded_s"`
	Pauses    List[Span]   `json:"suspensions"` // one without an end ends with the drawing
	Why       List[string] `json:"why"`         // what the deadline rests on, in sentences
}

// clockLine is a clock as it is shown.
type clockLine struct {
	Clock
	Name     string // upper case
	State    string // in words: "in time", "60 % used"
	Class    string // late, soon or empty
	Label    string // the picture in words
	Figure   string // what the reader wants first: what is left
	After    string // what the figure is
	By       *stamp
	Due      string
	Rects    []clockRect
	Dead     string // in percent; empty for none
	Now      string
	Used, Of string
	Rest     string
	Still    string // suspended so far, of elapsed time
}

// clockRect is a stretch of a clock.
type clockRect struct {
	bar
	Class string
	Off   bool
}

// soon is the part of a clock, in percent, from which on it is shown as short.
const soon = 80

// line is the clock in words, without its picture.
func (k Clock) line(c clock) clockLine {
	out := clockLine{Clock: k, Name: upper(k.Kind), By: c.opt(k.Deadline), Used: k.Used.Exact(), Of: k.Target.Exact(), Rest: k.Left.Exact(), Due: "none while suspended"}
	if out.By != nil {
		out.Due = out.By.At()
	}
	part := 0
	if k.Target > 0 {
		part = int(100 * int64(k.Used) / int64(k.Target))
	}
	verb := map[string]string{"reaction": "react", "resolution": "resolve", "repair": "repair"}[k.Kind]
	switch {
	case k.Exceeded > 0 && k.Running:
		out.State, out.Class, out.Figure, out.After = "overrun", "late", k.Exceeded.Spoken(), "too late to "+verb
	case k.Exceeded > 0:
		out.State, out.Class, out.Figure, out.After = "overrun by "+k.Exceeded.Spoken(), "late", k.Exceeded.Spoken(), "late"
	case !k.Running:
		out.State, out.Figure, out.After = "in time", k.Used.Spoken(), "used, in time"
	case k.Suspended:
		out.State, out.Figure, out.After = "suspended", k.Left.Spoken(), "left to "+verb+", suspended"
	default:
		out.State, out.Figure, out.After = fmt.Sprintf("%d"+nbsp+"%% used", min(part, 100)), k.Left.Spoken(), "left to "+verb
		if part >= soon {
			out.Class = "soon"
		}
	}
	out.Label = fmt.Sprintf("%s: %s of %s used; %s", out.Name, k.Used.Spoken(), k.Target.Spoken(), out.State)
	if out.By != nil {
		out.Label += "; deadline " + out.By.AtZ()
	}
	var still time.Duration
	for _, p := range k.Pauses {
		if end := minTime(p.To, k.end(c.now)); end.After(p.From) {
			still += end.Sub(p.From)
		}
	}
	out.Still = exact(still)
	return out
}

// end is when the clock stopped, or now.
func (k Clock) end(now time.Time) time.Time {
	if k.Stopped != nil {
		return *k.Stopped
	}
	return now
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// draw adds the picture to lines of clocks: all on one axis, that is service time.
func drawClocks(c clock, lines []clockLine, service []Span) axis {
	if len(lines) == 0 {
		return axis{}
	}
	s := span{lines[0].Started, c.now}
	for _, l := range lines {
		s.from = minTime(s.from, l.Started)
		for _, t := range []*time.Time{l.Deadline, l.Stopped} {
			if t != nil && t.After(s.to) {
				s.to = *t
			}
		}
	}
	s.to = s.to.Add(max(s.to.Sub(s.from)/50, time.Minute)) // the deadline is not the edge
	f := newFold(s, service)
	for n := range lines {
		lines[n].draw(c, f)
	}
	return f.axis(c)
}

func (l *clockLine) draw(c clock, f fold) {
	for _, off := range f.off {
		l.Rects = append(l.Rects, clockRect{f.bar(off), "c-off", true})
	}
	end := l.end(c.now)
	in := func(class string, from, to time.Time, in []Span) {
		for _, s := range in {
			if from, to := maxTime(from, s.From), minTime(to, s.To); to.After(from) {
				l.Rects = append(l.Rects, clockRect{f.bar(span{from, to}), class, false})
			}
		}
	}
	paused := func(s Span, pauses []Span) []Span {
		out := []Span{s}
		for _, p := range pauses {
			var next []Span
			for _, x := range out {
				if p.To.After(x.From) && x.To.After(p.From) {
					next = append(next, Span{x.From, maxTime(x.From, p.From)}, Span{minTime(x.To, p.To), x.To})
				} else {
					next = append(next, x)
				}
			}
			out = next
		}
		return out
	}
	due := end
	if l.Deadline != nil {
		due = *l.Deadline
		l.Dead = pc(f.pos(due))
	}
	for _, s := range f.on {
		runs := paused(s, l.Pauses)
		in("c-ink", l.Started, minTime(end, due), runs)
		if l.Exceeded > 0 {
			in("c-down", due, end, runs)
		}
		if l.Running {
			in("c-left", end, due, runs)
		}
		for _, p := range l.Pauses {
			in("c-susp", maxTime(l.Started, p.From), minTime(p.To, maxTime(end, due)), []Span{s})
		}
	}
	l.Now = pc(f.pos(c.now))
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fold maps time to percent so that what lies outside service hours is a sliver.
type fold struct {
	span
	on     []Span // service time within the span, in order
	off    []span
	cut    []time.Time // edges of the pieces, in order
	at     []float64   // where each edge lies
	sliver float64
}

// Of a drawing: how wide a night is at most, and all of them together.
const (
	maxSliver  = 3.0
	maxSlivers = 30.0
)

func newFold(s span, service []Span) fold {
	f := fold{span: s}
	for _, x := range service {
		if from, to := maxTime(s.from, x.From), minTime(s.to, x.To); to.After(from) {
			f.on = append(f.on, Span{from, to})
		}
	}
	slices.SortFunc(f.on, func(a, b Span) int { return a.From.Compare(b.From) })
	at := s.from
	var total time.Duration
	for _, x := range f.on {
		if x.From.After(at) {
			f.off = append(f.off, span{at, x.From})
		}
		total += x.To.Sub(x.From)
		at = x.To
	}
	if s.to.After(at) {
		f.off = append(f.off, span{at, s.to})
	}
	if total == 0 { // no service time at all: as it elapses
		f.cut, f.at = []time.Time{s.from, s.to}, []float64{0, 100}
		return f
	}
	f.sliver = min(maxSliver, maxSlivers/float64(max(1, len(f.off))))
	scale := (100 - f.sliver*float64(len(f.off))) / float64(total)
	pieces := make([]span, 0, len(f.on)+len(f.off))
	width := map[span]float64{}
	for _, x := range f.on {
		pieces = append(pieces, x.span())
		width[x.span()] = scale * float64(x.To.Sub(x.From))
	}
	for _, x := range f.off {
		pieces = append(pieces, x)
		width[x] = f.sliver
	}
	slices.SortFunc(pieces, func(a, b span) int { return a.from.Compare(b.from) })
	x := 0.0
	for _, p := range pieces {
		f.cut, f.at = append(f.cut, p.from), append(f.at, x)
		x += width[p]
	}
	f.cut, f.at = append(f.cut, s.to), append(f.at, 100)
	return f
}

// pos is where an instant lies, in percent.
func (f fold) pos(t time.Time) float64 {
	n, found := slices.BinarySearchFunc(f.cut, t, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
	switch {
	case found:
		return f.at[n]
	case n == 0:
		return 0
	case n == len(f.cut):
		return 100
	}
	part := float64(t.Sub(f.cut[n-1])) / float64(f.cut[n].Sub(f.cut[n-1]))
	return f.at[n-1] + part*(f.at[n]-f.at[n-1])
}

func (f fold) bar(s span) bar {
	x := f.pos(s.from)
	return bar{pc(x), pc(max(minWidth, f.pos(s.to)-x))}
}

// axis has a tick where service begins, and at round times where there is room.
func (f fold) axis(c clock) axis {
	out := axis{End: f.to.In(c.loc).Format("Mon 15:04")}
	const room, last = 14., 84.
	times := []time.Time{f.from}
	for _, s := range f.on {
		times = append(times, s.From)
	}
	for _, t := range roundTimes(f.from.In(c.loc), f.to, tickStep(f.to.Sub(f.from)/2)) {
		if slices.ContainsFunc(f.on, func(s Span) bool { return !t.Before(s.From) && t.Before(s.To) }) {
			times = append(times, t)
		}
	}
	var at, phone []float64 // where there is a tick, and one that a phone has room for
	for _, t := range times {
		x := f.pos(t)
		if x > last || slices.ContainsFunc(at, func(y float64) bool { return x-y < room && y-x < room }) {
			continue
		}
		at = append(at, x)
		k := tick{X: pc(x), Label: t.In(c.loc).Format("Mon 15:04"), Anchor: "middle"}
		if k.Odd = x > 60 || slices.ContainsFunc(phone, func(y float64) bool { return x-y < 3*room && y-x < 3*room }); !k.Odd {
			phone = append(phone, x)
		}
		if x < 3 {
			k.Anchor = "start"
		}
		out.Ticks = append(out.Ticks, k)
	}
	return out
}
