// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

const nbsp = "\u00a0"

// clock writes instants: in one zone, as seen at one instant.
type clock struct {
	now time.Time
	loc *time.Location
}

func (a AsOf) clock() clock { return clock{a.Now.In(a.Zone.Loc()), a.Zone.Loc()} }

// stamp is an instant on its way to a page.
type stamp struct {
	t time.Time
	c clock
}

func (c clock) stamp(t time.Time) stamp { return stamp{t.In(c.loc), c} }

// opt is stamp for an instant that may not exist.
func (c clock) opt(t *time.Time) *stamp {
	if t == nil || t.IsZero() {
		return nil
	}
	s := c.stamp(*t)
	return &s
}

// ISO is the machine-readable form.
func (s stamp) ISO() string { return s.t.Format(time.RFC3339) }

// At is the time of day, with as much of the date as tells it from today.
func (s stamp) At() string { return s.short() + s.t.Format("15:04:05") }

// Minute is At without seconds.
func (s stamp) Minute() string { return s.short() + s.t.Format("15:04") }

// AtZ is At with the zone.
func (s stamp) AtZ() string { return s.At() + nbsp + s.Zone() }

// MinuteZ is Minute with the zone.
func (s stamp) MinuteZ() string { return s.Minute() + nbsp + s.Zone() }

// Long is the whole instant: "Tue 9 Jun 2026 10:42:18 CEST".
func (s stamp) Long() string { return s.t.Format("Mon 2 Jan 2006 15:04:05") + nbsp + s.Zone() }

// Day is the date, with the year where it is another one.
func (s stamp) Day() string {
	if s.t.Year() != s.c.now.Year() {
		return s.t.Format("2" + nbsp + "Jan 2006")
	}
	return s.t.Format("2" + nbsp + "January")
}

// Ago is how long ago it was, in words. Clocks differ by a little: what lies in the
// future by that is now.
func (s stamp) Ago() string { return spoken(max(0, s.c.now.Sub(s.t))) }

// Zone is the zone's abbreviation at that instant; a zone that has none gets its
// offset.
func (s stamp) Zone() string {
	name := s.t.Format("MST")
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// short is the part of the date that is needed beside the time of day.
func (s stamp) short() string {
	days := int(dayOf(s.c.now).Sub(dayOf(s.t)) / (24 * time.Hour))
	switch {
	case days == 0:
		return ""
	case -7 < days && days < 7:
		return s.t.Format("Mon ")
	default:
		return s.Day() + " "
	}
}

// dayOf is the local date of t as an instant of UTC, in which every day has 24 hours.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// spoken is a duration as one says it: "48 s", "13 min 05 s", "3 h 27 min", "2 d 20 h".
func spoken(d time.Duration) string {
	s := int64(d / time.Second)
	pair := func(big int64, bigUnit string, small int64, smallUnit string) string {
		return fmt.Sprintf("%d%s%s%s%02d%s%s", big, nbsp, bigUnit, nbsp, small, nbsp, smallUnit)
	}
	switch {
	case s < 0:
		return "-" + spoken(-d)
	case s < 60:
		return fmt.Sprintf("%d%ss", s, nbsp)
	case s < 3600:
		return pair(s/60, "min", s%60, "s")
	case s < 86400:
		return pair(s/3600, "h", s/60%60, "min")
	default:
		return pair(s/86400, "d", s/3600%24, "h")
	}
}

// exact is a duration to the second: "5:52:00", with as many hours as there are.
func exact(d time.Duration) string {
	if d < 0 {
		return "-" + exact(-d)
	}
	s := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Exact and Spoken let templates print a duration.
func (s Seconds) Exact() string  { return exact(time.Duration(s)) }
func (s Seconds) Spoken() string { return spoken(time.Duration(s)) }

// term is a duration that somebody agreed: whole minutes and hours without a rest.
func term(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d%sh", d/time.Hour, nbsp)
	case d >= 10*time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d%smin", d/time.Minute, nbsp)
	case d%time.Second != 0 || d < time.Second:
		return d.String()
	}
	return fmt.Sprintf("%d%ss", d/time.Second, nbsp)
}

// Term prints a duration as a contract names it: "120 s".
func (s Seconds) Term() string { return term(time.Duration(s)) }

// MS is a duration in milliseconds with one decimal, or two below one millisecond.
func (m Micros) MS() string {
	ms := float64(time.Duration(m)) / float64(time.Millisecond)
	if -1 < ms && ms < 1 {
		return fmt.Sprintf("%.2f", ms)
	}
	return fmt.Sprintf("%.1f", ms)
}

// Signed is the duration in whole milliseconds with its sign.
func (m Micros) Signed() string {
	ms := time.Duration(m).Milliseconds()
	if ms == 0 {
		return "0" + nbsp + "ms"
	}
	return fmt.Sprintf("%+d%sms", ms, nbsp)
}

// Percent is the figure with its sign, or words where there is none.
func (p Pct) Percent() string {
	if p == "" {
		return "no figure: nothing was measured"
	}
	return string(p) + nbsp + "%"
}

// mbit is a rate in Mbit/s.
func mbit(bps *uint64) string {
	if bps == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(*bps)/1e6)
}

// speed is the nominal rate of an interface.
func speed(bps uint64) string {
	switch {
	case bps == 0:
		return "-"
	case bps >= 1e9:
		return trimZero(float64(bps)/1e9) + nbsp + "Gbit/s"
	case bps >= 1e6:
		return trimZero(float64(bps)/1e6) + nbsp + "Mbit/s"
	default:
		return trimZero(float64(bps)/1e3) + nbsp + "kbit/s"
	}
}

func trimZero(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// list joins words as one says them: "AMS, BRU and RTM".
func list(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// reasonWords says a reason as people say it; most say themselves.
func reasonWords(r string) string {
	if r == string(vouch.ReasonIdentity) {
		return "another unit than recorded"
	}
	return r
}
