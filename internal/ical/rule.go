// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package ical

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rule is a RRULE (section 3.3.10), as far as works need it.
type rule struct {
	freq     string
	interval int
	count    int       // 0: no bound
	until    time.Time // zero: no bound; inclusive
	days     []weekday // BYDAY
	dates    []int     // BYMONTHDAY, negative from the end of the month
	months   []int     // BYMONTH
	wkst     time.Weekday
}

// weekday is a day of BYDAY; n counts it within its month, from the end where negative,
// and is 0 for each.
type weekday struct {
	n   int
	day time.Weekday
}

var weekdays = map[string]time.Weekday{"SU": time.Sunday, "MO": time.Monday, "TU": time.Tuesday, "WE": time.Wednesday, "TH": time.Thursday, "FR": time.Friday, "SA": time.Saturday}

// readRule reads a rule of an event that begins at start.
func readRule(s string, start time.Time) (rule, error) {
	r := rule{interval: 1, wkst: time.Monday}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.ToUpper(s), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || seen[name] {
			return r, fmt.Errorf("%w: %.40q", errRule, part)
		}
		seen[name] = true
		var err error
		switch name {
		case "FREQ":
			if r.freq = value; !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) {
				return r, fmt.Errorf("%w: FREQ=%.20s; DAILY, WEEKLY, MONTHLY and YEARLY are", errRule, value)
			}
		case "INTERVAL":
			r.interval, err = number(value, 1, 1000)
		case "COUNT":
			r.count, err = number(value, 1, 100000)
		case "UNTIL":
			if len(value) == 8 {
				value += "T235959"
			}
			r.until, err = instant(value, start.Location())
		case "BYDAY":
			r.days, err = readDays(value)
		case "BYMONTHDAY":
			r.dates, err = numbers(value, 31)
		case "BYMONTH":
			if r.months, err = numbers(value, 12); err == nil && slices.Min(r.months) < 1 {
				err = fmt.Errorf("%w: BYMONTH=%.40s", errRule, value)
			}
		case "WKST":
			if r.wkst, ok = weekdays[value]; !ok {
				err = fmt.Errorf("%w: WKST=%.20s", errRule, value)
			}
		default:
			err = fmt.Errorf("%w: %.20s is not understood, and leaving it out would announce other times than were meant", errRule, name)
		}
		if err != nil {
			return r, err
		}
	}
	return r, r.check()
}

// check refuses what is not understood in combination.
func (r rule) check() error {
	counted := slices.ContainsFunc(r.days, func(d weekday) bool { return d.n != 0 })
	switch {
	case r.freq == "":
		return fmt.Errorf("%w: it has no FREQ", errRule)
	case r.count > 0 && !r.until.IsZero():
		return fmt.Errorf("%w: it has COUNT and UNTIL", errRule)
	case counted && r.freq != "MONTHLY":
		return fmt.Errorf("%w: the n-th weekday is read of a month alone", errRule)
	case r.freq == "WEEKLY" && len(r.dates) > 0:
		return fmt.Errorf("%w: BYMONTHDAY goes with no week", errRule)
	case r.freq == "YEARLY" && (len(r.days) > 0 || len(r.dates) > 0 || len(r.months) > 0):
		return fmt.Errorf("%w: of a yearly rule only the date of its event is read; write it as MONTHLY with BYMONTH", errRule)
	}
	return nil
}

func number(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%w: %.20q is no number from %d to %d", errRule, s, least, most)
	}
	return n, nil
}

// numbers reads numbers from 1 to most and -1 to -most.
func numbers(s string, most int) ([]int, error) {
	var out []int
	for x := range strings.SplitSeq(s, ",") {
		n, err := number(x, -most, most)
		if err != nil || n == 0 || len(out) == 2*most {
			return nil, fmt.Errorf("%w: %.20q", errRule, x)
		}
		out = append(out, n)
	}
	return out, nil
}

func readDays(s string) ([]weekday, error) {
	var out []weekday
	for x := range strings.SplitSeq(s, ",") {
		if len(x) < 2 || len(out) == 70 {
			return nil, fmt.Errorf("%w: BYDAY=%.40s", errRule, s)
		}
		d, ok := weekdays[x[len(x)-2:]]
		w := weekday{day: d}
		if n := x[:len(x)-2]; n != "" {
			var err error
			if w.n, err = number(n, -5, 5); err != nil || w.n == 0 {
				ok = false
			}
		}
		if !ok {
			return nil, fmt.Errorf("%w: BYDAY=%.40s", errRule, s)
		}
		out = append(out, w)
	}
	return out, nil
}

// maxLook bounds the days that a rule is followed for: it is followed from its event on,
// however long ago that was.
const maxLook = 20 * 366

// expand returns the occurrences of an event that begin between two instants. An event
// that stands in for an occurrence of another one is left to [replaced].
func (e event) expand(from, until time.Time) ([]Occurrence, error) {
	if !e.instead.IsZero() {
		return nil, nil
	}
	starts := append([]time.Time{e.start}, e.also...)
	if e.rule != "" {
		r, err := readRule(e.rule, e.start)
		if err != nil {
			return nil, err
		}
		more, err := r.starts(e.start, from, until)
		if err != nil {
			return nil, err
		}
		starts = append(more, e.also...)
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	var out []Occurrence
	for _, s := range starts {
		gone := slices.ContainsFunc(e.except, s.Equal)
		if gone || s.Before(from) || !s.Before(until) {
			continue
		}
		out = append(out, Occurrence{e.uid, s, e.end(s), e.summary, e.cancelled})
	}
	return out, nil
}

// starts follows the rule by the calendar of the event's zone, day by day. DTSTART is
// the first occurrence whether it fits the rule or not; a time that the clock skips is
// none, and is not counted (section 3.3.10).
func (r rule) starts(start, from, until time.Time) ([]time.Time, error) {
	first := wall(start)
	out := []time.Time{start}
	n := 1
	for i := 1; ; i++ {
		day := first.AddDate(0, 0, i)
		at, exists := local(day, start.Location())
		switch {
		case !at.Before(until), r.count > 0 && n >= r.count, !r.until.IsZero() && at.After(r.until):
			return out, nil
		case i > maxLook:
			return nil, fmt.Errorf("%w: it began more than 20 years before the time that is asked for; begin another event", errRule)
		case !exists || !r.fits(first, day):
			continue
		}
		n++
		if at.Before(from) {
			continue
		}
		if len(out) > MaxTimes {
			return nil, fmt.Errorf("it comes to more than %d occurrences: read a shorter time of it", MaxTimes)
		}
		out = append(out, at)
	}
}

// fits reports whether a day after the first is one of the rule.
func (r rule) fits(first, day time.Time) bool {
	if len(r.months) > 0 && !slices.Contains(r.months, int(day.Month())) {
		return false
	}
	switch r.freq {
	case "DAILY":
		return int(day.Sub(first)/(24*time.Hour))%r.interval == 0 && r.onDay(day, first, true) && r.onDate(day, first, true)
	case "WEEKLY":
		begin := first.AddDate(0, 0, -((int(first.Weekday()) - int(r.wkst) + 7) % 7))
		return int(day.Sub(begin)/(7*24*time.Hour))%r.interval == 0 && r.onDay(day, first, false)
	case "MONTHLY":
		months := (day.Year()-first.Year())*12 + int(day.Month()) - int(first.Month())
		if months%r.interval != 0 {
			return false
		}
		return r.onDay(day, first, true) && r.onDate(day, first, len(r.days) > 0)
	}
	return (day.Year()-first.Year())%r.interval == 0 && day.Month() == first.Month() && day.Day() == first.Day()
}

// onDay reports whether BYDAY holds the weekday; without it any does, or that of the
// first.
func (r rule) onDay(day, first time.Time, any bool) bool {
	if len(r.days) == 0 {
		return any || day.Weekday() == first.Weekday()
	}
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return slices.ContainsFunc(r.days, func(d weekday) bool {
		return d.day == day.Weekday() && (d.n == 0 || d.n == (day.Day()+6)/7 || -d.n == (last-day.Day())/7+1)
	})
}

// onDate does the same for BYMONTHDAY.
func (r rule) onDate(day, first time.Time, any bool) bool {
	if len(r.dates) == 0 {
		return any || day.Day() == first.Day()
	}
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return slices.Contains(r.dates, day.Day()) || slices.Contains(r.dates, day.Day()-last-1)
}
