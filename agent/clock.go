// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"
	"time"
)

// clockMemory is how many measurements of the offset are kept, and for how long
// one may stand: a quartz that is off by 50 ppm moves 15 ms in that time.
const (
	clockMemory = 16
	clockAge    = 5 * time.Minute
)

// clockOffset estimates how far this host's clock is from the collector's. Each
// answer of the collector gives one measurement whose error is at most half its
// round trip; the one with the least error is believed.
type clockOffset struct {
	mu   sync.Mutex // guards all below
	last [clockMemory]offsetMeasure
	next int
}

type offsetMeasure struct {
	at     time.Time // zero for none
	offset time.Duration
	bound  time.Duration
}

// observe takes in that the collector's clock showed server, known to resolution,
// between the instants sent and received of ours. The offset is this clock minus the
// collector's, as batches state it.
func (c *clockOffset) observe(sent, received, server time.Time, resolution time.Duration) {
	trip := received.Sub(sent)
	if trip < 0 || server.IsZero() {
		return
	}
	// server was cut to the resolution: its middle is the best guess.
	m := offsetMeasure{
		at:     received,
		offset: sent.Add(trip / 2).Sub(server.Add(resolution / 2)),
		bound:  trip/2 + resolution/2,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[c.next] = m
	c.next = (c.next + 1) % clockMemory
}

// estimate returns the offset and the bound of its error, and false where nothing
// was measured in the last minutes.
func (c *clockOffset) estimate(now time.Time) (offset, bound time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.last {
		if m.at.IsZero() || now.Sub(m.at) > clockAge {
			continue
		}
		if !known || m.bound < bound {
			offset, bound, known = m.offset, m.bound, true
		}
	}
	return offset, bound, known
}
