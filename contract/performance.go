// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "slices"

// ClockFigure says how the clocks of one kind did over a period, of incidents for which
// a time was promised. A clock is of the period where it ran at some instant of it.
// Open, Overdue and Ended together are Of.
type ClockFigure struct {
	Of      int     `json:"of"`
	Ended   int     `json:"ended"`     // stopped within the period
	InTime  int     `json:"in_time"`   // of those that ended
	Overdue int     `json:"overdue"`   // still running at its end, and late
	Open    int     `json:"open"`      // still running, and not late
	OfAll   Percent `json:"of_all"`    // InTime of Of
	OfEnded Percent `json:"of_ended"`  // InTime of Ended
	P80     int64   `json:"p80_s"`     // running time within which 80 of a hundred that ended were: the nearest rank; 0 of none
	P95     int64   `json:"p95_s"`     //
	Unasked int     `json:"no_target"` // clocks for which nothing was promised, left out of all others
}

// ClockFigures computes the figure of a kind of clock over a period, from handlings as
// they stood at its end or, where that has not come, now.
func ClockFigures(kind ClockKind, handlings []Handling, period Span) ClockFigure {
	var f ClockFigure
	var used []int64
	for _, h := range handlings {
		t, ok := h.Timer(kind)
		switch {
		case ok && !t.Limit.Set():
			f.Unasked++
		case !ok || t.Started >= period.To:
		case t.Running && t.Exceeded > 0:
			f.Overdue++
		case t.Running:
			f.Open++
		case t.Stopped >= period.From && t.Stopped < period.To:
			f.Ended++
			used = append(used, t.Used)
			if t.Exceeded == 0 {
				f.InTime++
			}
		}
	}
	f.Of = f.Open + f.Overdue + f.Ended
	f.OfAll, f.OfEnded = ratio(int64(f.InTime), int64(f.Of)), ratio(int64(f.InTime), int64(f.Ended))
	slices.Sort(used)
	f.P80, f.P95 = nearestRank(used, 80), nearestRank(used, 95)
	return f
}
