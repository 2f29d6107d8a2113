// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Zone is the time zone of a contract. It is built from the bytes of a TZif file
// (RFC 8536) that the caller hands over, so that a contract carries its own zone
// and is computed alike on every machine.
type Zone struct {
	name string
	tzif []byte
	loc  *time.Location
}

// NewZone builds the zone called name (an IANA name such as "Europe/Brussels") from
// the bytes of its TZif file.
func NewZone(name string, tzif []byte) (Zone, error) {
	if name == "" || name == "Local" {
		return Zone{}, fmt.Errorf("time zone %q: an IANA name is needed, such as Europe/Brussels", name)
	}
	loc, err := time.LoadLocationFromTZData(name, tzif)
	if err != nil {
		return Zone{}, fmt.Errorf("time zone %q: read its TZif bytes: %v", name, err)
	}
	return Zone{name: name, tzif: tzif, loc: loc}, nil
}

// ZoneOf wraps a location that is already loaded. Such a zone computes like any
// other but cannot be encoded, for want of its bytes.
func ZoneOf(loc *time.Location) Zone { return Zone{name: loc.String(), loc: loc} }

// Name returns the IANA name; empty for the zero value.
func (z Zone) Name() string { return z.name }

// Location returns the zone for printing; UTC for the zero value.
func (z Zone) Location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// Format prints s as RFC 3339 in the zone, always with a numeric offset.
func (z Zone) Format(s Second) string {
	return time.Unix(int64(s), 0).In(z.Location()).Format("2006-01-02T15:04:05-07:00")
}

type zoneJSON struct {
	Name string `json:"name"`
	TZif []byte `json:"tzif"`
}

// MarshalJSON writes {"name", "tzif"}, the bytes in base64.
func (z Zone) MarshalJSON() ([]byte, error) {
	if z.tzif == nil && z.loc != nil {
		return nil, errors.New("encode time zone " + z.name + ": its TZif bytes are not known")
	}
	return json.Marshal(zoneJSON{z.name, z.tzif})
}

// UnmarshalJSON reads what [Zone.MarshalJSON] writes.
func (z *Zone) UnmarshalJSON(b []byte) error {
	var w zoneJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if w.Name == "" && len(w.TZif) == 0 {
		*z = Zone{}
		return nil
	}
	n, err := NewZone(w.Name, w.TZif)
	if err == nil {
		*z = n
	}
	return err
}

// Date is a calendar date. It belongs to no zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads "2006-01-02".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: a calendar date such as 2026-12-25 is needed", s)
	}
	y, m, d := t.Date()
	return Date{y, m, d}, nil
}

// String returns the date as "2006-01-02".
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// number returns the days from 1970-01-01 to d.
func (d Date) number() int64 {
	return floorDiv(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix(), day)
}

// day is the length of a day without a change of clock, in seconds. It is used only
// inside a stretch of time whose offset from UTC is constant.
const day = 86400

// floorDiv divides towards minus infinity, so that instants before 1970 fall on the
// right date.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
