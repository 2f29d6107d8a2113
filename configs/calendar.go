// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// Bounds of instants: what lies outside is a slip of the finger, and nanoseconds
// since 1970 still fit into 64 bits.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// instant returns an instant in UTC, whole seconds, or the zero time.
func (v value) instant() time.Time {
	s, ok := v.rawText()
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		v.wrong("%s %s is no instant, allowed is RFC 3339 with its offset, as 2026-01-31T00:00:00+01:00", v.key, show(s))
	case t.Before(earliest) || !t.Before(latest):
		v.wrong("%s %s is out of range, allowed are the years 2000 to 2099", v.key, show(s))
	case t.Nanosecond() != 0:
		v.wrong("%s %s has a fraction of a second, allowed are whole seconds", v.key, show(s))
	default:
		return t.UTC()
	}
	return time.Time{}
}

// date returns a calendar date as "2026-01-31", or "".
func (v value) date() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	t, err := time.Parse(time.DateOnly, s)
	switch {
	case err != nil:
		v.wrong("%s %s is no date, allowed is YEAR-MONTH-DAY as 2026-01-31", v.key, show(s))
	case t.Before(earliest) || !t.Before(latest):
		v.wrong("%s %s is out of range, allowed are the years 2000 to 2099", v.key, show(s))
	default:
		return s
	}
	return ""
}

// timeOfDay returns a wall-clock time; ok is false for a mistake.
func (v value) timeOfDay() (t contract.TimeOfDay, ok bool) {
	s, ok := v.rawText()
	if !ok {
		return 0, false
	}
	t, err := contract.ParseTimeOfDay(s)
	if err != nil {
		v.wrong("%s %s is no time of day, allowed is HH:MM from 00:00 to 24:00", v.key, show(s))
		return 0, false
	}
	return t, true
}
