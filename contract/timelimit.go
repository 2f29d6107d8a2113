// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"time"
)

// Unit is what a [TimeLimit] is counted in.
type Unit string

const (
	Minutes     Unit = "minutes"
	HoursUnit   Unit = "hours"
	Days        Unit = "days"
	WorkingDays Unit = "working_days" // days that have office hours
	Weeks       Unit = "weeks"
	Months      Unit = "months"
)

// TimeLimit is a length of time as a clause puts it, such as 15 working days. The zero
// value is "none agreed".
type TimeLimit struct {
	N    int  `json:"n"`
	Unit Unit `json:"unit"`
}

// Set reports whether a limit was agreed.
func (l TimeLimit) Set() bool { return l.N > 0 }

// String returns the limit in words, such as "15 working days" or "1 hour".
func (l TimeLimit) String() string {
	word, ok := map[Unit]string{Minutes: "minute", HoursUnit: "hour", Days: "day", WorkingDays: "working day", Weeks: "week", Months: "month"}[l.Unit]
	switch {
	case !l.Set():
		return "none"
	case !ok:
		word = string(l.Unit)
	}
	if l.N != 1 && ok {
		word += "s"
	}
	return fmt.Sprintf("%d %s", l.N, word)
}

// Expires returns when a limit that begins with an event at an instant is over.
// Minutes and hours are elapsed time. Of the others the date of the event does not
// count and the last one counts whole: 7 days from Monday noon are over as the next
// Tuesday begins. A month is over with the date of the same number in the month that
// follows, or with the last of it. Working days are those that have office hours.
func (l TimeLimit) Expires(at Second, office Calendar) Second {
	n := office.Zone.date(at)
	switch l.Unit {
	case Minutes:
		return at + Second(l.N)*60
	case HoursUnit:
		return at + Second(l.N)*3600
	case WorkingDays:
		for left := l.N; left > 0 && n < int64(endOfTime/day); {
			n++
			if office.works(n) {
				left--
			}
		}
	case Weeks:
		n += 7 * int64(l.N)
	case Months:
		n = addMonths(n, l.N)
	default:
		n += int64(l.N)
	}
	return office.Zone.midnight(n + 1)
}

// Latest returns the last instant that lies the whole limit before another. Minutes
// and hours are elapsed time; of the others it is the same wall-clock time so many
// dates earlier: 14 days before 8 April, 10:00 are 25 March, 10:00, whether or not a
// clock was changed in between.
func (l TimeLimit) Latest(before Second, office Calendar) Second {
	n := office.Zone.date(before)
	switch l.Unit {
	case Minutes:
		return before - Second(l.N)*60
	case HoursUnit:
		return before - Second(l.N)*3600
	case WorkingDays:
		for left := l.N; left > 0 && n > 0; {
			n--
			if office.works(n) {
				left--
			}
		}
	case Weeks:
		n -= 7 * int64(l.N)
	case Months:
		n = addMonths(n, -l.N)
	default:
		n -= int64(l.N)
	}
	return office.Zone.wall(n, before)
}

// wall returns the instant of a date at the wall-clock time that another instant has.
// A time that was skipped is that of the change; of one that comes twice the first is
// meant.
func (z Zone) wall(n int64, like Second) Second {
	_, offset := like.Time().In(z.Location()).Zone()
	clock := floorMod(int64(like)+int64(offset), day)
	span := Span{z.midnight(n), z.midnight(n + 1)}
	for s := span; !s.Empty(); {
		stretch, offset := (Calendar{Zone: z}).stretch(s)
		if at := max(stretch.From, Second(n*day+clock-offset)); at < stretch.To {
			return at
		}
		s.From = stretch.To
	}
	return span.To
}

// date returns the local date of an instant as days since 1970-01-01.
func (z Zone) date(at Second) int64 {
	_, offset := at.Time().In(z.Location()).Zone()
	return floorDiv(int64(at)+int64(offset), day)
}

// midnight returns the first instant whose local date is n days after 1970-01-01, or
// later.
func (z Zone) midnight(n int64) Second { return z.Midnight(dateOf(n)) }

// works reports whether a date is a working day: its weekday has a window, and it is
// no holiday.
func (c Calendar) works(n int64) bool {
	return c.listed(n) && !c.closed(Span{Second(n * day), Second((n + 1) * day)})[n]
}

// addMonths returns the date of the same number so many months later, or the last of
// that month where it is shorter.
func addMonths(n int64, months int) int64 {
	d := dateOf(n)
	first := time.Date(d.Year, d.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}.number()
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
