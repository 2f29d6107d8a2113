// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// This file is how samples get into chains, and what becomes of them when the clock is set
// (see era).

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

// add takes the encoded lines of a sample into its chain. The caller holds mu.
func (s *spool) add(c *chain, x fresh) {
	now := time.Now()
	if c.steppedBack(x.at) {
		s.log.Warn("clock was set back: a new epoch begins", "customer", string(c.Customer), "stream", string(c.Stream), "step", c.from.Sub(x.at))
		if err := s.change(c, func() error { return c.stepBack(s.author, x.at) }); err != nil {
			s.log.Error("batch cannot be sealed", "customer", string(c.Customer), "err", err)
		}
	}
	s.number++
	r := row{s.number, x.at, x.lines}
	c.add(r)
	if s.toWriteBytes < s.limit/4 { // or else the disk is far behind
		s.toWrite, s.toWriteBytes = append(s.toWrite, freshRow{c.chainKey, r}), s.toWriteBytes+len(x.lines)
	}
	poke(s.fresh)
	e := x.event
	if e.urgent {
		c.urgent = x.at
	}
	if e.hot > 0 {
		if now.After(c.hotUntil) || e.hot < c.hotEvery {
			c.hotEvery = e.hot
		}
		c.hotUntil = now.Add(hotTime)
	}
	if e.urgent || e.hot > 0 || c.pend.bytes >= earlyBytes {
		poke(s.wake)
	}
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
