// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
)

// The view types are what a [Reader] returns, what /api/v1/ sends and what the pages
// show. In JSON, instants are RFC 3339, names are snake_case, durations are integers
// in the unit that the name ends in, and what does not exist is null.

// AsOf says how fresh a view is. Every view begins with it.
type AsOf struct {
	Now            time.Time  `json:"now"`             // when the view was made
	Zone           Zone       `json:"zone"`            // the zone that its times are shown in: the contract's
	HeartbeatAt    *time.Time `json:"heartbeat_at"`    // the newest heartbeat of any agent: what the live state rests on
	FiguresThrough *time.Time `json:"figures_through"` // the figures cover everything before this instant, from batches
}

// Zone is a time zone, in JSON its name. The zero value is UTC.
type Zone struct{ *time.Location }

// Loc returns the location, never nil.
func (z Zone) Loc() *time.Location {
	if z.Location == nil {
		return time.UTC
	}
	return z.Location
}

// MarshalText implements [encoding.TextMarshaler].
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.Loc().String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It knows the zones of the
// machine that it runs on.
func (z *Zone) UnmarshalText(b []byte) (err error) {
	z.Location, err = time.LoadLocation(string(b))
	return err
}

// Seconds is a duration that is printed in whole seconds.
type Seconds time.Duration

// MarshalJSON writes an integer number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(time.Duration(s)/time.Second), 10), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	*s = Seconds(time.Duration(n) * time.Second)
	return err
}

// Micros is a duration that is printed in whole microseconds.
type Micros time.Duration

// MarshalJSON writes an integer number of microseconds.
func (m Micros) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(m).Microseconds(), 10), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Micros) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	*m = Micros(time.Duration(n) * time.Microsecond)
	return err
}

// Pct is a percentage as it is printed, without the sign: "99.373726". Empty means
// that there is nothing to divide by; JSON then has null.
type Pct string

// MarshalJSON writes a string, or null.
func (p Pct) MarshalJSON() ([]byte, error) {
	if p == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(p))
}

// List is a slice whose JSON is never null.
type List[T any] []T

// MarshalJSON writes an array, also for a nil slice.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// State is what a device or a witness is shown as.
type State string

const (
	StateUp          State = "up"
	StateDegraded    State = "degraded"    // reachable, and an agreed threshold is not met
	StateDown        State = "down"        // asked properly, no answer
	StateUnknown     State = "unknown"     // nobody could ask; always with a reason
	StateMaintenance State = "maintenance" // announced before it began: taken out of the count
	StateOutside     State = "outside lease"
)

// Span is [From, To).
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Segment is a state over [From, To). Segments of one lane are in order and do not
// overlap; what lies between two was not measured.
type Segment struct {
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// Seen is what one location sees of a device, now or at the end of a period.
type Seen struct {
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
	Votes    bool             `json:"votes"`
	State    State            `json:"state"`
	Reason   string           `json:"reason,omitempty"`
	Since    *time.Time       `json:"since"`
}

// Lane is what one location saw over a period. In the lane of the verdict Location
// is empty.
type Lane struct {
	Location vouch.LocationID `json:"location,omitempty"`
	Custody  vouch.Custody    `json:"custody,omitempty"`
	Votes    bool             `json:"votes"`
	Segments List[Segment]    `json:"segments"`
}

// Figures are the seconds of a period and the percentages made of them, by the rules
// of availability: agreed = excluded + up + down + unknown.
type Figures struct {
	Agreed        Seconds `json:"agreed_s"`
	Excluded      Seconds `json:"excluded_s"`
	Up            Seconds `json:"up_s"`
	Down          Seconds `json:"down_s"`
	Unknown       Seconds `json:"unknown_s"`
	Eligible      Seconds `json:"eligible_s"`
	Availability  Pct     `json:"availability_pct"`
	Coverage      Pct     `json:"coverage_pct"`
	IfUnknownDown Pct     `json:"availability_if_unknown_down_pct"`
	IfUnknownUp   Pct     `json:"availability_if_unknown_up_pct"`
}
