// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package ical

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// instants reads the times of a property: UTC, with TZID, or floating.
func instants(p *property, floating *time.Location) ([]time.Time, error) {
	if v := p.params["VALUE"]; v != "" && !strings.EqualFold(v, "DATE-TIME") {
		return nil, fmt.Errorf("a value of the kind %.20s is not read: write dates with times", v)
	}
	loc := floating
	if id := p.params["TZID"]; id != "" {
		var err error
		if loc, err = zone(id); err != nil {
			return nil, err
		}
	}
	var out []time.Time
	for s := range strings.SplitSeq(p.value, ",") {
		if len(out) == maxDates {
			return nil, fmt.Errorf("more than %d dates", maxDates)
		}
		t, err := instant(s, loc)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// instant reads "20261130T220000", with a Z of UTC. A time that a clock skips is read
// with the offset of before (section 3.3.5); of one that it shows twice, the first.
func instant(s string, loc *time.Location) (time.Time, error) {
	if utc, ok := strings.CutSuffix(s, "Z"); ok {
		s, loc = utc, time.UTC
	}
	t, err := time.Parse("20060102T150405", s)
	if err != nil || t.Year() < 1970 || t.Year() > 2261 {
		return time.Time{}, fmt.Errorf("%.40q is no time: one such as 20261130T220000 is needed, between 1970 and 2261", s)
	}
	at, _ := local(t, loc)
	return at, nil
}

// local is when a clock in a zone shows what t says in UTC. It reports false where the
// clock skips that time.
func local(t time.Time, loc *time.Location) (time.Time, bool) {
	_, before := t.Add(-26 * time.Hour).In(loc).Zone()
	_, after := t.Add(26 * time.Hour).In(loc).Zone()
	first := t.Add(-time.Duration(before) * time.Second).In(loc)
	if shows(first, t) {
		return first, true
	}
	if second := t.Add(-time.Duration(after) * time.Second).In(loc); shows(second, t) {
		return second, true
	}
	return first, false
}

// shows reports whether a clock shows the same as t does in UTC.
func shows(at, t time.Time) bool {
	_, offset := at.Zone()
	return at.Add(time.Duration(offset) * time.Second).Equal(t)
}

// wall is what a clock shows at an instant, as if it stood in UTC.
func wall(at time.Time) time.Time {
	_, offset := at.Zone()
	return at.Add(time.Duration(offset) * time.Second).UTC()
}

// zone finds a zone by its name. Outlook names the zones of Windows.
func zone(id string) (*time.Location, error) {
	name := strings.TrimPrefix(id, "/")
	switch name {
	case "W. Europe Standard Time":
		name = "Europe/Amsterdam"
	case "Romance Standard Time":
		name = "Europe/Brussels"
	case "GMT Standard Time":
		name = "Europe/London"
	}
	if name == "" || strings.EqualFold(name, "local") || len(name) > 60 {
		return nil, fmt.Errorf("TZID %.60q names no zone", id)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("the zone %.60q is not known: write the times in UTC, or with a zone such as Europe/Brussels", id)
	}
	return loc, nil
}

// maxDuration bounds how long an event may last, in days.
const maxDuration = 400

// duration reads "PT2H", "P1DT12H", "P2W" (section 3.3.6): days by the calendar, and
// the rest exactly.
func duration(s string) (days int, exact time.Duration, err error) {
	bad := func() (int, time.Duration, error) {
		return 0, 0, fmt.Errorf("%.40q is no duration of at most %d days: one such as PT2H is needed", s, maxDuration)
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(s, "+"), "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return bad()
	}
	clock := false
	for rest != "" {
		if !clock && rest[0] == 'T' {
			clock, rest = true, rest[1:]
			continue
		}
		i := strings.IndexAny(rest, "WDHMS")
		if i < 1 || i > 6 {
			return bad()
		}
		n, err := strconv.ParseUint(rest[:i], 10, 32)
		if err != nil {
			return bad()
		}
		switch unit := rest[i]; {
		case unit == 'W' && !clock:
			days += 7 * int(n)
		case unit == 'D' && !clock:
			days += int(n)
		case unit == 'H' && clock:
			exact += time.Duration(n) * time.Hour
		case unit == 'M' && clock:
			exact += time.Duration(n) * time.Minute
		case unit == 'S' && clock:
			exact += time.Duration(n) * time.Second
		default:
			return bad()
		}
		rest = rest[i+1:]
		if days > maxDuration || exact > maxDuration*24*time.Hour {
			return bad()
		}
	}
	return days, exact, nil
}

var errRule = errors.New("the rule cannot be read")
