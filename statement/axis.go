// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// tick is a time on an axis.
type tick struct {
	X, Anchor, Label string
	Odd              bool // left out where there is little room
}

// maxTicks bounds the labels of an axis.
const maxTicks = 11

// step is a distance between ticks: when the one with a number is, and what it says.
type step struct {
	at    func(i int) contract.Second
	label func(time.Time) string
}

// steps are the distances that may be chosen, the shortest first.
func (c canvas) steps() []step {
	y, m, d := c.zone.local(c.from).Date()
	hours := func(n int) step {
		return step{func(i int) contract.Second { return c.zone.instant(y, m, d, i*n) }, func(t time.Time) string { return t.Format("15:04") }}
	}
	days := func(n int) step {
		return step{func(i int) contract.Second { return c.zone.instant(y, m, d+i*n, 0) }, func(t time.Time) string { return fmt.Sprint(t.Day()) + " " + c.l.month(t.Month())[:3] }}
	}
	months := func(n int) step {
		return step{func(i int) contract.Second { return c.zone.instant(y, m+time.Month(i*n), 1, 0) }, func(t time.Time) string { return c.l.month(t.Month())[:3] + t.Format(" 2006") }}
	}
	return []step{hours(1), hours(2), hours(4), hours(6), days(1), days(2), days(4), days(7), days(14), months(1), months(3), months(12)}
}

// axis labels hours, dates or months, whichever are few enough.
func (c canvas) axis() []tick {
	for _, s := range c.steps() {
		var out []tick
		if s.at(2*maxTicks) < c.to {
			continue
		}
		for i := 0; s.at(i) < c.to && i < 2*maxTicks; i++ {
			at := s.at(i)
			if at < c.from {
				continue
			}
			x := c.pos(at)
			anchor := "middle"
			if x < 4 {
				anchor = "start"
			} else if x > 96 {
				anchor = "end"
			}
			out = append(out, tick{percentage(x), anchor, s.label(c.zone.local(at)), len(out)%2 == 1})
		}
		if len(out) > 0 && len(out) <= maxTicks {
			return out
		}
	}
	return nil
}
