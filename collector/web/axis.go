// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import "time"

// axis is a time axis: ticks at round local times and the end of the period.
type axis struct {
	Ticks []tick
	End   string
	Now   bool // the end is now
}

// tick is one line of an axis. Every other one, and what stands near the end, is
// left out on a phone.
type tick struct {
	X, Label, Anchor string
	Odd              bool
}

// axis places at most about eight ticks. A tick whose label would touch that of the
// end is left out.
func (s span) axis(c clock) axis {
	out := axis{End: s.to.In(c.loc).Format("15:04"), Now: !s.to.Before(c.now.Add(-time.Minute))}
	if s.to.Sub(s.from) > 48*time.Hour {
		out.End = s.to.In(c.loc).Format("Mon 15:04")
	}
	last, lastPhone := 94., 84.
	if s.to.Sub(s.from) > 48*time.Hour || s.to.Sub(s.from) < 5*time.Minute { // longer labels
		last, lastPhone = 89, 74
	}
	for _, t := range roundTimes(s.from.In(c.loc), s.to, tickStep(s.to.Sub(s.from))) {
		x := s.pos(t)
		if x > last {
			continue
		}
		k := tick{X: pc(x), Label: t.Format("15:04"), Anchor: "middle", Odd: len(out.Ticks)%2 == 1 || x > lastPhone}
		switch {
		case s.to.Sub(s.from) < 5*time.Minute:
			k.Label = t.Format("15:04:05")
		case t.Hour() == 0 && t.Minute() == 0:
			k.Label = t.Format("Mon 2")
		}
		if x < 3 {
			k.Anchor = "start"
		}
		out.Ticks = append(out.Ticks, k)
	}
	return out
}

// tickStep is the distance of ticks for a period of length d.
func tickStep(d time.Duration) time.Duration {
	for _, step := range []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	} {
		if d <= 8*step {
			return step
		}
	}
	return 7 * 24 * time.Hour
}

// roundTimes are the instants in [from, to) whose local time is a multiple of step,
// also on days of 23 and 25 hours.
func roundTimes(from, to time.Time, step time.Duration) []time.Time {
	y, m, d := from.Date()
	at := func(i int) time.Time {
		if step >= 24*time.Hour {
			return time.Date(y, m, d+i*int(step/(24*time.Hour)), 0, 0, 0, 0, from.Location())
		}
		return time.Date(y, m, d, 0, 0, i*int(step/time.Second), 0, from.Location())
	}
	first := 0
	if step < 24*time.Hour {
		h, mi, s := from.Clock()
		first = (h*3600 + mi*60 + s) / int(step/time.Second)
	}
	var out []time.Time
	for i := first; len(out) < 64; i++ {
		t := at(i)
		if !t.Before(to) {
			break
		}
		if !t.Before(from) && (len(out) == 0 || t.After(out[len(out)-1])) {
			out = append(out, t)
		}
	}
	return out
}
