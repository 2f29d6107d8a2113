// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// TimeOfDay is a wall-clock time in minutes since midnight, 0 to 1440. 1440, written
// "24:00", is the next local midnight and only ever ends a window.
type TimeOfDay int

// ParseTimeOfDay reads "HH:MM", 00:00 to 24:00.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if len(s) == 5 && s[2] == ':' && digits(s[:2]) && digits(s[3:]) {
		h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
		if m < 60 && h*60+m <= 1440 {
			return TimeOfDay(h*60 + m), nil
		}
	}
	return 0, fmt.Errorf("time of day %q: HH:MM from 00:00 to 24:00 is needed", s)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String returns "HH:MM".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t/60, t%60) }

// MarshalText implements [encoding.TextMarshaler].
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *TimeOfDay) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTimeOfDay(string(b))
	return err
}

// Weekdays is a set of days of the week.
type Weekdays uint8

// AllWeek is every day of the week.
const AllWeek Weekdays = 1<<7 - 1

// DaysOf returns the set of the given days.
func DaysOf(days ...time.Weekday) Weekdays {
	var w Weekdays
	for _, d := range days {
		w |= 1 << d
	}
	return w
}

// ParseWeekday reads "Mon" to "Sun".
func ParseWeekday(s string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if d.String()[:3] == s {
			return d, nil
		}
	}
	return 0, fmt.Errorf("weekday %q: allowed are Mon, Tue, Wed, Thu, Fri, Sat and Sun", s)
}

// Has reports whether d is in the set.
func (w Weekdays) Has(d time.Weekday) bool { return w&(1<<d) != 0 }

// List returns the days from Monday to Sunday.
func (w Weekdays) List() []time.Weekday {
	var out []time.Weekday
	for i := 1; i <= 7; i++ {
		if d := time.Weekday(i % 7); w.Has(d) {
			out = append(out, d)
		}
	}
	return out
}

// MarshalJSON writes a list such as ["Mon","Tue"].
func (w Weekdays) MarshalJSON() ([]byte, error) {
	names := []string{}
	for _, d := range w.List() {
		names = append(names, `"`+d.String()[:3]+`"`)
	}
	return []byte("[" + strings.Join(names, ",") + "]"), nil
}

// UnmarshalJSON reads what [Weekdays.MarshalJSON] writes.
func (w *Weekdays) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	*w = 0
	for _, n := range names {
		d, err := ParseWeekday(n)
		if err != nil {
			return err
		}
		*w |= DaysOf(d)
	}
	return nil
}

// Window is one service window: the wall-clock times [From, To) of the listed days.
type Window struct {
	Days Weekdays  `json:"days"`
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// Calendar says which instants are service time: the windows of a zone without its
// holidays.
type Calendar struct {
	Zone     Zone
	Windows  []Window
	Holidays []Date
	Lists    []HolidayList
}

// Spans returns the service time inside within (rule 2): an instant belongs to it
// exactly when its local date is no holiday and, for one of the windows, its weekday
// is listed and its wall-clock time lies in [From, To).
//
// It walks the stretches between two changes of the zone's clock. Inside one the
// offset is constant, so local time is plain arithmetic; a wall-clock time that is
// skipped has no instant and one that is repeated has two, by construction.
func (c Calendar) Spans(within Span) []Span {
	if within.Empty() || len(c.Windows) == 0 {
		return nil
	}
	closed := c.closed(within)
	var out []Span
	for s := within; !s.Empty(); {
		stretch, offset := c.stretch(s)
		for d := floorDiv(int64(stretch.From)+offset, day); d*day-offset < int64(stretch.To); d++ {
			if closed[d] {
				continue
			}
			for _, w := range c.Windows {
				if !w.Days.Has(weekday(d)) {
					continue
				}
				midnight := Second(d*day - offset)
				piece := Span{midnight + Second(w.From)*60, midnight + Second(w.To)*60}.Clip(stretch)
				if !piece.Empty() {
					out = append(out, piece)
				}
			}
		}
		s.From = stretch.To
	}
	return Union(out)
}

// closed returns the holidays as days since 1970-01-01: at least those in the span.
func (c Calendar) closed(within Span) map[int64]bool {
	out := make(map[int64]bool, len(c.Holidays))
	for _, h := range c.Holidays {
		out[h.number()] = true
	}
	for _, l := range c.Lists {
		// A local date may be one off the date in UTC, and so in the year beside it.
		for _, h := range l.all(dateOf(floorDiv(int64(within.From), day)-1).Year, dateOf(floorDiv(int64(within.To), day)+1).Year) {
			out[h.Date.number()] = true
		}
	}
	return out
}

// stretch returns the beginning of s up to the next change of the zone's clock, and
// the offset from UTC in seconds that holds in it.
func (c Calendar) stretch(s Span) (Span, int64) {
	t := time.Unix(int64(s.From), 0).In(c.Zone.Location())
	_, offset := t.Zone()
	end := Second(math.MaxInt64)
	if _, e := t.ZoneBounds(); !e.IsZero() {
		end = Floor(e)
	}
	if end <= s.From {
		// Past the table of a zone, package time ends a stretch after 365 days of the
		// year, so that on 31 December of a leap year it lies in the past. No rule
		// changes a clock on that day: it is a stretch of its own.
		end = Second((floorDiv(int64(s.From), day) + 1) * day)
	}
	return Span{s.From, min(s.To, end)}, int64(offset)
}

// weekday returns the day of the week of the date that lies d days after 1970-01-01,
// which was a Thursday.
func weekday(d int64) time.Weekday {
	return time.Weekday(((d+int64(time.Thursday))%7 + 7) % 7)
}
