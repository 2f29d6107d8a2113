// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import "time"

// Pace is how fast a run goes: what stands in its contract and on its agents.
type Pace struct {
	Length       time.Duration // of the script, quiet time at both ends included
	Interval     time.Duration // of the SNMP check
	Timeout      time.Duration
	Confirm      time.Duration // down time that opens an incident
	Clear        time.Duration // up time that closes it
	CarryForward time.Duration // for how long the live view believes a last word
	Lag          time.Duration // figures end so long ago

	Delay time.Duration // how much later a slow device answers
	Limit time.Duration // agreed round-trip time; more is down
}

// Sealing and heartbeat of the agents, the least that a collector accepts.
const beat = time.Second

// PaceOf returns the pace of a run of this length. The shortest measure twice a second,
// because their outages last for five; else once a second, which leaves a busy machine
// more time.
func PaceOf(length time.Duration) Pace {
	p := Pace{
		Length: length, Interval: time.Second, Confirm: 3 * time.Second, Clear: 2 * time.Second,
		CarryForward: 5 * time.Second, Lag: 5 * time.Second,
	}
	if length < 30*time.Second {
		p.Interval, p.Confirm, p.Clear = 500*time.Millisecond, 2*time.Second, time.Second
		p.CarryForward, p.Lag = 4*time.Second, 4*time.Second
	}
	p.Timeout = p.Interval * 4 / 5
	// A request is repeated after half of the timeout: a slow answer comes before. The
	// limit is as high as that allows, so that no hiccup of the machine reaches it.
	p.Delay = p.Timeout * 19 / 40
	p.Limit = p.Delay * 4 / 5
	return p
}

// Tolerance is how far a measured edge may lie from the one that the script made: two
// intervals, and a second because time is counted in whole ones.
func (p Pace) Tolerance() time.Duration { return 2*p.Interval + time.Second }

// scale returns an instant of the script, which is written for a length of [Shortest],
// at this pace.
func (p Pace) scale(written time.Duration) time.Duration {
	return time.Duration(float64(written) / float64(Shortest) * float64(p.Length)).Round(100 * time.Millisecond)
}
