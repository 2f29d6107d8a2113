// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Milli is an instant in whole milliseconds since 1970-01-01T00:00:00Z, the precision
// to which samples are stamped.
type Milli int64

// Floor returns the second that the instant lies in.
func (m Milli) Floor() Second {
	if m >= 0 {
		return Second(uint64(m) / 1000)
	}
	return Second(floorDiv(int64(m), 1000))
}

// Sample is the part of a [vouch.Sample] that a verdict or a threshold can rest on.
type Sample struct {
	Start    Milli
	Interval time.Duration // of its check, at the time
	Timeout  time.Duration
	RTT      time.Duration // mean round trip; used only where an answer came
	Jitter   time.Duration // round-trip delay variation; used only from two answers on
	Reason   vouch.Reason  // of an outcome that is unknown
	Sent     uint16
	Lost     uint16
	Outcome  vouch.Outcome
	// ClockDoubt says that the stamp cannot be relied on: the function [ClockDoubt]
	// said so when the sample was taken in. The sample counts as unknown(clock).
	ClockDoubt bool
	Values     []Value // that the device reported and a threshold names; mostly none
}

// Value is one named value that a device reported.
type Value struct {
	Name  string
	Micro Micro
}

// Check is all that one agent sampled of one check of one device.
type Check struct {
	Name    vouch.CheckName
	Kind    vouch.Kind
	Samples []Sample // in any order
	// AdmittedAt is when the (location, device, check) was admitted; before it the
	// samples are unknown(not admitted). Zero where no admission is asked.
	AdmittedAt Second
}

// Reference is all that one agent sampled of its gateway or of a host beyond it.
type Reference struct {
	Name    string
	Gateway bool
	Samples []Sample // in any order
}

// Agent is what one agent knows of one device. Every check and reference that is
// assigned to the agent is listed, with no samples where there are none.
type Agent struct {
	ID         vouch.AgentID
	Location   vouch.LocationID
	Custody    vouch.Custody // of the location, where the terms do not name it
	Checks     []Check
	References []Reference
}

// ClockDoubt reports whether a sample's stamp contradicts what is known of time (rule
// 0): the agent's clock offset plus its error bound exceeds half the interval of the
// check, or the stamp lies more than 5 s after the collector received it. Stamps are
// used as signed; they are believed or not, never shifted.
func ClockDoubt(offset, bound, interval time.Duration, start, received time.Time) bool {
	return offset.Abs()+bound > interval/2 || start.Sub(received) > 5*time.Second
}

// hold returns how long the sample speaks, in whole seconds from its floored start
// and if no other follows: twice the interval plus the timeout. A fraction of a
// second counts as a whole one, so that sub-second checks leave no holes.
func (s *Sample) hold() Second { return ceilSeconds(2*s.Interval + s.Timeout) }
