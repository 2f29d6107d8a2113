// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// near is how far apart clocks are that count the same: they start one after the other.
const near = 2 * time.Minute

// Running returns how long the device has been running, by the first of the clocks
// that it tells; the host's and then sysUpTime where none are given. The host's clock
// is better than the agent's, which starts again with the SNMP agent. Where the
// engine's clock is ahead by whole turns of theirs, it tells what they forgot; by
// itself it is believed only where it is among the clocks, because some devices count
// something else there.
func (c Clocks) Running(clocks []vouch.Clock) (up time.Duration, by vouch.Clock, ok bool) {
	if len(clocks) == 0 {
		clocks = []vouch.Clock{vouch.ClockHost, vouch.ClockSys}
	}
	engine := time.Duration(min(c.Engine.N, 1<<31)) * time.Second
	for _, clock := range clocks {
		n, unit := c.Sys, hundredth
		switch clock {
		case vouch.ClockEngine:
			n, unit = c.Engine, time.Second
		case vouch.ClockHost:
			n = c.Host
		}
		if !n.Known || n.N == 0 || n.N > ticksTurn {
			continue
		}
		up := time.Duration(n.N) * unit
		if clock == vouch.ClockEngine {
			return up, clock, true
		}
		const turn = ticksTurn * hundredth
		if turns := (engine - up + near) / turn; turns > 0 && (engine-up-turns*turn).Abs() <= near {
			up += turns * turn
		}
		return up, clock, true
	}
	return 0, "", false
}
