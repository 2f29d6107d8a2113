// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// This file is what chains do when the clock is set (see era).

// fresh is a sample as it was handed to a chain.
type fresh struct {
	at    time.Time
	lines []byte
	event event
}

// await puts a sample of a later era aside, until what was begun in the present one is
// recorded and sealed. It reports whether it did.
func (c *chain) await(x fresh) bool {
	if c.era == 0 {
		c.era = x.event.era
	}
	if x.event.era <= c.era {
		return false
	}
	c.waiting = append(c.waiting, x)
	return true
}

// clockOf is what is known of the clock that stamped what is pending.
func (c *chain) clockOf(a author) evidence.Clock {
	if c.clock != nil {
		return *c.clock
	}
	return a.clock(c.era)
}

// turn leads a chain into the next era. The one before is over, and what could be sealed of
// it is: only where nobody knows where the chain stands, or the queue is full, samples of both
// get into one batch, of whose stamps nothing is known then. The caller holds mu.
func (s *spool) turn(c *chain) {
	if len(c.pend.rows) > 0 {
		c.clock = &evidence.Clock{}
	}
	next := s.flights.eras.of(0)
	if len(c.waiting) > 0 {
		next = s.flights.eras.of(c.waiting[0].event.era)
	}
	c.era = next.n
	if !c.from.IsZero() && (c.clock == nil || next.begin.Before(c.from)) {
		// After a step forward this is a hole: nobody measured in the time that was skipped.
		// After one back it begins an epoch, which the next batch says.
		c.from = next.begin
	}
	list := c.waiting
	c.waiting = nil
	for _, x := range list {
		if x.event.era > c.era {
			c.waiting = append(c.waiting, x)
		} else {
			s.add(c, x)
		}
	}
}
