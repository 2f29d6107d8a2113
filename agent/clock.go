// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"
	"time"
)

// clockMemory is how many measurements of the offset are kept.
const clockMemory = 16

// drift is how fast a clock moves at worst away from what it was found to be: RFC 5905
// section 10 counts with 15 ppm for a disciplined clock; a bare quartz in a warm
// cabinet is off by up to 100.
const drift = 100e-6

// clockOffset estimates how far this host's clock is from the collector's. Each
// answer of the collector gives one measurement whose error is at most half its
// round trip, and grows from then on; the one with the least error now is believed.
// So a collector that is away for hours does not make every clock unknown: the bound
// says what the last answer is still worth, and the contract decides (rule 0).
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

// estimate returns the offset and the bound of its error now, and false where nothing
// was ever measured.
func (c *clockOffset) estimate(now time.Time) (offset, bound time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.last {
		if m.at.IsZero() {
			continue
		}
		if b := m.bound + m.aged(now); !known || b < bound {
			offset, bound, known = m.offset, b, true
		}
	}
	return offset, bound, known
}

// aged returns by how much a measurement may have become wrong since: what the clock
// drifts, and what it was set by, which shows as the difference between it and the
// monotonic one.
func (m offsetMeasure) aged(now time.Time) time.Duration {
	elapsed := now.Sub(m.at).Abs()
	set := now.Round(0).Sub(m.at.Round(0)) - now.Sub(m.at)
	return time.Duration(float64(elapsed)*drift) + set.Abs()
}
