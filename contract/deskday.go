// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "time"

// seconds returns a promised time as seconds of running time for a clock that starts
// at an instant.
func (d *desk) seconds(l TimeLimit, start Second) int64 {
	n := int64(l.N)
	switch l.Unit {
	case Minutes:
		return n * 60
	case HoursUnit:
		return n * 3600
	case Weeks:
		n *= d.clocks.week(d.terms.Support.Day)
	}
	switch d.terms.Support.Day {
	case Day24Hours:
		return n * day
	case DayCalendar:
		z := d.terms.Zone
		return int64(z.midnight(z.date(start)+n+1) - start)
	case DayService:
		return d.clocks.untilServiceDay(start, n)
	}
	return d.clocks.fullWindows(start, n)
}

// week returns how many days a week has: seven, or its service days where a day is
// one.
func (c Calendar) week(m DayMeaning) int64 {
	if m == Day24Hours || m == DayCalendar {
		return 7
	}
	var n int64
	for w := time.Sunday; w <= time.Saturday; w++ {
		if c.listed(int64(w) - int64(time.Thursday)) { // 1970-01-01 was a Thursday
			n++
		}
	}
	return n
}

// fullWindows returns the service time of n service days, the first of which is the
// one that the instant lies in, or the next. A service day on which a clock is changed
// counts with the hours that it really had.
func (c Calendar) fullWindows(start Second, n int64) int64 {
	var sum int64
	c.serviceDays(start, func(s []Span) bool {
		if s[len(s)-1].To <= start {
			return true // its service time is over
		}
		sum += Total(s)
		n--
		return n > 0
	})
	return sum
}

// untilServiceDay returns the service time from start to the end of the nth service
// day after the date of start.
func (c Calendar) untilServiceDay(start Second, n int64) int64 {
	first := c.Zone.date(start)
	end := start
	c.serviceDays(start, func(s []Span) bool {
		if c.Zone.date(s[0].From) == first {
			return true
		}
		end = s[len(s)-1].To
		n--
		return n > 0
	})
	return Total(c.Spans(Span{start, end}))
}

// serviceDays calls visit with the service time of each date that has any, from that
// of start on, until visit returns false or two years have passed.
func (c Calendar) serviceDays(start Second, visit func([]Span) bool) {
	first := c.Zone.date(start)
	for n := first; n < first+2*366; n++ {
		s := c.Spans(Span{c.Zone.midnight(n), c.Zone.midnight(n + 1)})
		if len(s) > 0 && !visit(s) {
			return
		}
	}
}
