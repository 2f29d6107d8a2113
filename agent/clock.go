// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// clockMemory is how many measurements of the offset are kept of one source.
const clockMemory = 16

// drift is how fast a clock moves at worst away from what it was found to be: RFC 5905
// section 10 counts with 15 ppm for a disciplined clock; a bare quartz in a warm
// cabinet is off by up to 100.
const drift = 100e-6

// Sources of the time that no server may be named as.
const (
	sourceCollector = "collector"
	sourceDisputed  = "disputed" // the sources contradict each other
)

// clockOffset estimates how far this host's clock is from true time, by what the
// collector and the NTP servers say. Each answer gives one measurement with a bound of its
// error, which grows from then on; of one source the measurement with the least error now
// is believed. So a source that is away for hours does not make the clock unknown: the
// bound says what its last answer is still worth, and the contract decides (rule 0).
type clockOffset struct {
	now func() time.Time // what stamps are made of; nil means time.Now

	mu      sync.Mutex // guards all below
	sources []*clockSource
}

// clockSource is the last measurements by one source.
type clockSource struct {
	name string
	last [clockMemory]offsetMeasure
	next int
}

type offsetMeasure struct {
	at     reading // the zero value for none
	offset time.Duration
	bound  time.Duration
}

// reading is what both clocks showed at one instant: the one that stamps are made of,
// and the one that is never set.
type reading struct{ wall, mono time.Time }

// since returns how long it is since b, and by how much the wall clock was set meanwhile.
// A host that slept looks as if its clock had been set.
func (a reading) since(b reading) (elapsed, set time.Duration) {
	elapsed = a.mono.Sub(b.mono)
	return elapsed, a.wall.Sub(b.wall) - elapsed
}

// reading returns what the clocks showed when time.Now returned t.
func (c *clockOffset) reading(t time.Time) reading {
	if c.now == nil {
		return reading{t.Round(0), t}
	}
	return reading{t.Add(time.Until(c.now())).Round(0), t}
}

// observe takes in that the collector's clock showed server, known to resolution,
// between the instants sent and received of ours. The offset is this clock minus the
// collector's, as batches state it.
func (c *clockOffset) observe(sent, received, server time.Time, resolution time.Duration) {
	trip := received.Sub(sent)
	if trip < 0 || server.IsZero() {
		return
	}
	at := c.reading(received)
	// server was cut to the resolution: its middle is the best guess.
	c.take(sourceCollector, offsetMeasure{
		at:     at,
		offset: at.wall.Add(-trip / 2).Sub(server.Add(resolution / 2)),
		bound:  trip/2 + resolution/2,
	})
}

// take takes a measurement in. Those that cannot be right if it is are forgotten: the
// clock was slewed since, or the source's was.
func (c *clockOffset) take(source string, m offsetMeasure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.sources, func(s *clockSource) bool { return s.name == source })
	if i < 0 {
		i = len(c.sources)
		c.sources = append(c.sources, &clockSource{name: source})
	}
	s := c.sources[i]
	for j, o := range s.last {
		if !o.at.mono.IsZero() && (o.offset-m.offset).Abs() > o.bound+o.aged(m.at)+m.bound {
			s.last[j] = offsetMeasure{}
		}
	}
	s.last[s.next] = m
	s.next = (s.next + 1) % clockMemory
}

// best returns the measurement of a source that has the least error at an instant.
func (s *clockSource) best(at reading) (best offsetMeasure) {
	for _, m := range s.last {
		if m.at.mono.IsZero() {
			continue
		}
		m.bound += m.aged(at)
		if best.at.mono.IsZero() || m.bound < best.bound {
			best = m
		}
	}
	return best
}

// aged returns by how much a measurement may have become wrong: what the clock
// drifts, and what it was set by.
func (m offsetMeasure) aged(at reading) time.Duration {
	elapsed, set := at.since(m.at)
	return time.Duration(float64(elapsed.Abs())*drift) + set.Abs()
}

// estimate returns the offset and the bound of its error now, and false where nothing
// was ever measured.
func (c *clockOffset) estimate(now time.Time) (offset, bound time.Duration, known bool) {
	e := c.told(c.reading(now))
	return e.Offset, e.Bound, e.Known
}

// told is the offset as batches state it: what most of the sources agree on, from the
// one that knows it best (the selection of RFC 5905 section 11.2.1, by intervals). Where
// no majority agrees, the bound is so wide that each of them may be right.
func (c *clockOffset) told(at reading) evidence.Clock {
	return agreed(c.standing(at))
}

// opinion is what one source says at an instant.
type opinion struct {
	name          string
	offset, bound time.Duration
	at            reading // when it was heard
}

func (t opinion) low() time.Duration  { return t.offset - t.bound }
func (t opinion) high() time.Duration { return t.offset + t.bound }

// holds reports whether the offset may be d by that source's word.
func (t opinion) holds(d time.Duration) bool { return t.low() <= d && d <= t.high() }

// standing returns what each source says at an instant.
func (c *clockOffset) standing(at reading) (list []opinion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sources {
		if m := s.best(at); !m.at.mono.IsZero() {
			list = append(list, opinion{s.name, m.offset, m.bound, m.at})
		}
	}
	return list
}

// majority returns those of list that may be right together, if they are more than half,
// or nil. Of several such groups it is the largest.
func majority(list []opinion) (most []opinion) {
	for _, edge := range list { // an intersection begins where one of its intervals does
		var group []opinion
		for _, t := range list {
			if t.holds(edge.low()) {
				group = append(group, t)
			}
		}
		if len(group) > len(most) {
			most = group
		}
	}
	if 2*len(most) <= len(list) {
		return nil
	}
	return most
}

// agreed makes one statement of what the sources say.
func agreed(list []opinion) evidence.Clock {
	if len(list) == 0 {
		return evidence.Clock{}
	}
	best := opinion{name: sourceDisputed}
	if group := majority(list); group != nil {
		best = slices.MinFunc(group, func(a, b opinion) int { return cmp.Compare(a.bound, b.bound) })
	} else {
		low := slices.MinFunc(list, func(a, b opinion) int { return cmp.Compare(a.low(), b.low()) }).low()
		high := slices.MaxFunc(list, func(a, b opinion) int { return cmp.Compare(a.high(), b.high()) }).high()
		best.offset, best.bound = low+(high-low)/2, (high-low)/2+1
	}
	return evidence.Clock{Known: true, Offset: best.offset, Bound: best.bound, Source: best.name}
}

// signed cuts an estimate to what a header can say: whole microseconds, the bound not
// narrower than it is.
func signed(c evidence.Clock) evidence.Clock {
	if c.Known {
		c.Offset, c.Bound = c.Offset.Truncate(time.Microsecond), c.Bound.Truncate(time.Microsecond)+time.Microsecond
	}
	return c
}

// worse returns the one of two clocks of whose stamps less is known.
func worse(a, b evidence.Clock) evidence.Clock {
	if !a.Known || b.Known && a.Offset.Abs()+a.Bound >= b.Offset.Abs()+b.Bound {
		return a
	}
	return b
}

// sourceName is what batches call the i-th time server (from 0): its own name where that is
// an identifier and no other source's.
func sourceName(host string, i int) string {
	if vouch.ValidID(host) != nil || host == sourceCollector || host == sourceDisputed {
		return fmt.Sprintf("ntp-%d", i+1)
	}
	return host
}
