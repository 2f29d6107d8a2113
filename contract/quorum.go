// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "github.com/vouch-sla/vouch"

// verdict applies the quorum to the voters' cells (rules 3 and 4). The effect is the
// strongest one below [EffectDown] that would have turned an up into a down.
func (q Quorum) verdict(voters []cell) (State, Effect, vouch.Reason) {
	state := q.count(voters, EffectDown)
	switch state {
	case Unknown:
		return Unknown, NoEffect, q.why(voters)
	case Up:
		for _, e := range []Effect{EffectIncident, EffectFigure} {
			if q.count(voters, e) == Down {
				return Up, e, ""
			}
		}
	}
	return state, NoEffect, ""
}

// count applies the quorum with every witness that is degraded by at least the effect
// voting down.
func (q Quorum) count(voters []cell, least Effect) State {
	if len(voters) < q.Q {
		return Unknown
	}
	u, d, k := tally(voters, least)
	switch q.Rule {
	case ReachableFrom:
		switch {
		case u >= q.Q:
			return Up
		case u+k >= q.Q:
			return Unknown
		}
		return Down
	case UnreachableFrom:
		switch {
		case d >= q.Q:
			return Down
		case d+k >= q.Q:
			return Unknown
		}
		return Up
	}
	switch {
	case u >= q.Q:
		return Up
	case d >= q.Q:
		return Down
	}
	return Unknown
}

func tally(voters []cell, least Effect) (up, down, unknown int) {
	for _, c := range voters {
		switch {
		case c.state == Up && c.degraded < least:
			up++
		case c.state == Unknown:
			unknown++
		default:
			down++
		}
	}
	return up, down, unknown
}

// why says why the voters make no verdict: too few of them were named; under a
// two-sided quorum they contradict each other; or too many are unknown, told by the
// reason that those share, if they do.
func (q Quorum) why(voters []cell) vouch.Reason {
	if len(voters) < q.Q {
		return vouch.ReasonWitnesses
	}
	u, d, _ := tally(voters, EffectDown)
	if q.Rule != ReachableFrom && q.Rule != UnreachableFrom && u > 0 && d > 0 {
		return vouch.ReasonDisputed
	}
	var shared vouch.Reason
	for _, c := range voters {
		switch {
		case c.state != Unknown:
		case shared == "":
			shared = c.reason
		case shared != c.reason:
			return vouch.ReasonWitnesses
		}
	}
	if shared == "" {
		return vouch.ReasonDisputed
	}
	return shared
}
