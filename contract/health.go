// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"github.com/vouch-sla/vouch"
)

// proof is which of an agent's gateway and references beyond it were configured, and
// which of them are proven to answer at an instant.
type proof struct {
	gateways, beyond            bool // configured
	gatewayProven, beyondProven bool
}

// silence returns what a device's silence at an agent means, given what the agent
// proves of its own health. A down stands only where the agent could have been heard.
func (p proof) silence(required bool) cell {
	down, location := cell{state: Down}, cell{reason: vouch.ReasonLocation}
	switch {
	case required && !(p.gateways && p.beyond):
		return location // the contract asks for a proof that the agent cannot give
	case p.gateways && !p.gatewayProven:
		return location
	case p.beyond && !p.beyondProven && p.gateways:
		return cell{reason: vouch.ReasonNetwork}
	case p.beyond && !p.beyondProven:
		return location // without a gateway to ask, the nearer explanation
	}
	return down
}

// proven returns where the reference is proven to answer, as up. Between two samples
// it is only where both are up: one that fails may have failed at any instant since
// the one before, and a silence in between proves nothing about the device. After the
// last sample the proof lasts as long as that sample speaks.
func (r *Reference) proven() timeline {
	var tl timeline
	counted(r.Samples, func() { tl = nil }, func(at, end Second, _ bool, s, next *Sample) {
		c := unsampled
		if s.answered() && (next == nil || next.answered()) {
			c = cell{state: Up}
		}
		tl = tl.set(at, c).set(end, unsampled)
	})
	return tl
}

func (s *Sample) answered() bool { return Answers(s.Outcome, s.Reason) && !s.ClockDoubt }

// Answers reports whether the outcome of asking a reference proves the path to it: a
// refusal, of the connection or of what it was asked with, is an answer, too. The
// question is whether packets get there and back.
func Answers(o vouch.Outcome, r vouch.Reason) bool {
	return o == vouch.Up || o == vouch.Down && r == vouch.ReasonRefused || o == vouch.Unknown && r == vouch.ReasonCredentials
}
