// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"

	"github.com/vouch-sla/vouch"
)

// State is what is held of a device or service at an instant.
type State uint8

const (
	Unknown     State = iota // not established; a reason says why
	Up                       // available
	Down                     // not available
	NotMeasured              // outside the lease: there is nothing to hold
)

// String returns "unknown", "up", "down" or "not measured".
func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	case NotMeasured:
		return "not measured"
	}
	return "unknown"
}

// MarshalText implements [encoding.TextMarshaler].
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns "", "figure", "incident" or "down".
func (e Effect) String() string {
	switch e {
	case EffectFigure:
		return "figure"
	case EffectIncident:
		return "incident"
	case EffectDown:
		return "down"
	}
	return ""
}

// ParseEffect is the inverse of [Effect.String].
func ParseEffect(s string) (Effect, error) {
	for _, e := range []Effect{NoEffect, EffectFigure, EffectIncident, EffectDown} {
		if e.String() == s {
			return e, nil
		}
	}
	return NoEffect, fmt.Errorf("effect %q: allowed are figure, incident and down", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (e *Effect) UnmarshalText(b []byte) (err error) {
	*e, err = ParseEffect(string(b))
	return err
}

// Witness is what one location said.
type Witness struct {
	Location vouch.LocationID
	Custody  vouch.Custody
	Votes    bool // false: heard, but not part of the quorum
	State    State
	Degraded Effect       // of a witness that is up
	Reason   vouch.Reason // of one that is unknown, or cut off by the provider's network
}

// Segment is a stretch of time over which the verdict and all that it rests on stay
// the same. The segments that [Judge] and [Tree.Verdict] return tile their span.
type Segment struct {
	Span
	State State
	// Degraded is the strongest effect whose witnesses, had they voted down, would
	// have made the verdict down. It is set only where State is Up.
	Degraded Effect
	Reason   vouch.Reason // why State is Unknown
	Version  int          // number of the contract version that judged it; 0 for none in force

	Witnesses []Witness        // of a device: voters in the order of the terms, then the others by name
	Causes    []vouch.DeviceID // of a tree: the devices that are not up, sorted

	Excluded []string // the exclusions that take this time out of the count, sorted; see [Exclude]
}

// same reports whether two segments differ in nothing but their span.
func (s *Segment) same(o *Segment) bool {
	return s.State == o.State && s.Degraded == o.Degraded && s.Reason == o.Reason && s.Version == o.Version &&
		slices.Equal(s.Witnesses, o.Witnesses) && slices.Equal(s.Causes, o.Causes) && slices.Equal(s.Excluded, o.Excluded)
}

// push appends s, joining it to the last segment where the two touch and are the
// same.
func push(segs []Segment, s Segment) []Segment {
	if s.Empty() {
		return segs
	}
	if n := len(segs); n > 0 && segs[n-1].To == s.From && segs[n-1].same(&s) {
		segs[n-1].To = s.To
		return segs
	}
	return append(segs, s)
}
