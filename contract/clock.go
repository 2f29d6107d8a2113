// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"math/big"
)

// Clock is a target that runs in service time, and what it costs to miss it (rule 9).
type Clock struct {
	Calendar    Calendar
	Started     Second
	Target      int64  // seconds of running time
	Suspensions []Span // stop the clock; they may overlap
	Stopped     Second
	Fee         int64 // monthly, in cents
	Credit      Credit
}

// Credit is what an overrun gives a right to.
type Credit struct {
	PerDay Share // of the monthly fee for each day
	Cap    Share // of the monthly fee at most
	Days   DayCount
}

// Share is a part of a sum in millionths of a percent. Unlike a [Target] it may exceed
// 100 %.
type Share int64

// ParseShare reads a percentage such as "10" or "2.5", with at most six decimals.
func ParseShare(s string) (Share, error) {
	m, err := parseMicro(s)
	return Share(m), err
}

// DayCount says how the days of an overrun are counted.
type DayCount string

const (
	DaysCommenced DayCount = "commenced" // any part of a 24-hour day counts
	DaysCompleted DayCount = "completed" // whole 24-hour days
	DaysWorking   DayCount = "working"   // dates touched that are a service day: listed weekday, no holiday
	DaysCalendar  DayCount = "calendar"  // each date touched
)

// ClockResult is the answer to a [Clock].
type ClockResult struct {
	// Deadline is the instant at which the running time reaches the target. Reached is
	// false where it never does, for want of service time before the year 10000.
	Deadline Second
	Reached  bool
	Exceeded int64 // seconds of elapsed time from the deadline to the stop, 0 when in time
	Days     int64
	Cents    int64 // credit, rounded down
}

// endOfTime is 10000-01-01T00:00:00Z: no clock is followed beyond it.
const endOfTime Second = 253402300800

// Run computes the clock.
func (c Clock) Run() ClockResult {
	var r ClockResult
	r.Deadline, r.Reached = c.deadline()
	if !r.Reached || c.Stopped <= r.Deadline {
		return r
	}
	over := Span{r.Deadline, c.Stopped}
	r.Exceeded = over.Len()
	r.Days = c.days(over)
	r.Cents = c.cents(r.Days)
	return r
}

// deadline looks for the instant chunk by chunk, each twice as long as the one before,
// so that a clock of hours does not lay out a calendar of years.
func (c Clock) deadline() (Second, bool) {
	left := c.Target
	if left <= 0 {
		return c.Started, true
	}
	for from, step := c.Started, Second(14*day); from < endOfTime; step *= 2 {
		chunk := Span{from, min(from+step, endOfTime)}
		for _, s := range Subtract(c.Calendar.Spans(chunk), c.Suspensions) {
			if left <= s.Len() {
				return s.From + Second(left), true
			}
			left -= s.Len()
		}
		from = chunk.To
	}
	return 0, false
}

// days counts the days of an overrun, which is not empty.
func (c Clock) days(over Span) int64 {
	switch c.Credit.Days {
	case DaysCompleted:
		return over.Len() / day
	case DaysCalendar:
		return int64(len(c.dates(over)))
	case DaysWorking:
		var n int64
		closed := c.Calendar.closed(over)
		for d := range c.dates(over) {
			if !closed[d] && c.Calendar.listed(d) {
				n++
			}
		}
		return n
	}
	return (over.Len() + day - 1) / day
}

// dates returns the local dates that the span touches, as days since 1970-01-01. Where
// a clock is put back across midnight a date is touched twice and still is one.
func (c Clock) dates(over Span) map[int64]bool {
	out := map[int64]bool{}
	for s := over; !s.Empty(); {
		stretch, offset := c.Calendar.stretch(s)
		last := floorDiv(int64(stretch.To)-1+offset, day)
		for d := floorDiv(int64(stretch.From)+offset, day); d <= last; d++ {
			out[d] = true
		}
		s.From = stretch.To
	}
	return out
}

// listed reports whether the weekday of a date has a window.
func (c Calendar) listed(d int64) bool {
	for _, w := range c.Windows {
		if w.From < w.To && w.Days.Has(weekday(d)) {
			return true
		}
	}
	return false
}

// cents returns the credit for a number of days. It is exact however large the
// numbers are; a credit beyond the range of int64 cannot occur, because the cap is a
// share of the fee and both are bounded where they are read.
func (c Clock) cents(days int64) int64 {
	share := new(big.Int).Mul(big.NewInt(days), big.NewInt(int64(c.Credit.PerDay)))
	if limit := big.NewInt(int64(c.Credit.Cap)); share.Cmp(limit) > 0 {
		share = limit
	}
	share.Mul(share, big.NewInt(c.Fee))
	return share.Quo(share, big.NewInt(100*percentOne)).Int64()
}
