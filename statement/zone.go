// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// Offset is an offset of the contract's zone from UTC, which From is written with. It
// holds from From until the next one's.
type Offset struct {
	From Instant `json:"from"`
	Name string  `json:"name"` // such as CEST; empty where the zone has none for it
}

// maxOffsets bounds how often a zone may change within a statement.
const maxOffsets = 64

// offsets returns those of a zone from a year before the period, for what was announced
// then, until the last instant that a statement speaks of.
func offsets(z contract.Zone, from, to contract.Second) []Offset {
	out := []Offset{}
	for at := (from - 366*86400).Time().In(z.Location()); len(out) < maxOffsets; {
		name, _ := at.Zone()
		if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
			name = ""
		}
		out = append(out, Offset{Instant(z.Format(contract.Floor(at))), name})
		_, next := at.ZoneBounds()
		if next.IsZero() || contract.Floor(next) > to {
			break
		}
		at = next
	}
	return out
}

// zone prints instants by the offsets that a statement names: the same on every
// machine, whatever that knows of the world's zones.
type zone []reign

// reign is an offset while it holds.
type reign struct {
	from contract.Second
	loc  *time.Location
}

func zoneOf(list []Offset) zone {
	z := zone{}
	for _, o := range list {
		t := o.From.Time()
		_, seconds := t.Zone()
		z = append(z, reign{contract.Floor(t), time.FixedZone(o.Name, seconds)})
	}
	if len(z) == 0 {
		return zone{{0, time.UTC}}
	}
	return z
}

// at returns the offset that holds at an instant: before all of them the first.
func (z zone) at(s contract.Second) *time.Location {
	loc := z[0].loc
	for _, r := range z {
		if r.from <= s {
			loc = r.loc
		}
	}
	return loc
}

// local is an instant by the clock on the wall.
func (z zone) local(s contract.Second) time.Time { return s.Time().In(z.at(s)) }

// read is an instant as it was written, with the name of its offset where it is one of
// the zone's.
func (z zone) read(i Instant) time.Time {
	t := i.Time()
	_, seconds := t.Zone()
	near := t.In(z.at(contract.Floor(t)))
	if _, s := near.Zone(); s == seconds {
		return near
	}
	for _, r := range z {
		if far := t.In(r.loc); far.Format("-07:00") == t.Format("-07:00") {
			return far
		}
	}
	return t
}

// instant is when the clock on the wall showed a time: the first of two, and for a time
// that was skipped the instant of the skip and as much later as it lies beyond.
func (z zone) instant(year int, month time.Month, day, hour int) contract.Second {
	wall := func(loc *time.Location) contract.Second {
		return contract.Floor(time.Date(year, month, day, hour, 0, 0, 0, loc))
	}
	for _, r := range z {
		if s := wall(r.loc); z.at(s) == r.loc {
			return s
		}
	}
	best := wall(z[0].loc)
	for i := 1; i < len(z); i++ {
		if s := wall(z[i-1].loc); s >= z[i].from {
			best = s
		}
	}
	return best
}
