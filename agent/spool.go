// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"hash/fnv"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

const (
	earlyBytes  = 512 << 10              // a chain with this much pending is sealed early
	soonestSeal = time.Second            // between two batches of a chain because of events
	scanPause   = 50 * time.Millisecond  // between two looks at the chains
	mostEarly   = 5 * time.Second        // chains that are due so soon are sealed with one that is
	retrySave   = 5 * time.Second        // after heads could not be written
	waitFlight  = 100 * time.Millisecond // to look again whether an urgent sample can be sealed
)

// spool holds every chain of the agent: it takes samples in, journals them, seals them
// into batches, and keeps what is sealed on disk until the collector has acknowledged
// it, and longer where there is room. On disk it is bounded in bytes and age: the oldest
// batches give way, and become signed gaps where nobody has acknowledged them.
//
// While the disk takes nothing everything waits in memory, which is bounded as well.
// When that is full nothing more is sealed, and then the oldest samples are dropped
// before they are sealed, counted, and told in the next batch: what is dropped so is no
// gap in a chain.
type spool struct {
	author  author
	flights *flights
	heads   headsFile
	disk    *spoolDisk
	limit   int // bytes of memory, pending and queued together
	counts  *counters
	log     *slog.Logger

	wake  chan struct{} // capacity 1: look at the chains now
	ready chan struct{} // capacity 1: there is something to upload
	fresh chan struct{} // capacity 1: there are rows to write

	rowsDown, notesDown, headsDown atomic.Bool // could not be written
	trouble                        atomic.Pointer[diskTrouble]
	full                           atomic.Bool // notes were dropped since the collector acknowledged any

	journal rowsJournal

	saving    sync.Mutex // held while notes and heads are written, before mu
	takenOver bool       // the heads beside the spool are gone

	mu           sync.Mutex // guards all below
	encoder      evidence.Encoder
	scratch      []byte
	location     vouch.LocationID
	sealing      time.Duration
	assigned     map[vouch.CustomerID]bool
	chains       map[chainKey]*chain
	idle         map[chainKey]headJSON // heads of chains that are not in use
	revived      map[chainKey]*revived // what the last run left of chains that are not in use yet
	headLost     bool                  // the heads were missing or damaged
	began        time.Time             // of this run
	anchored     time.Time             // what was acknowledged before is covered by an anchor; zero: not known
	headsFailed  time.Time             // since when the disk takes no heads, while it does not
	patience     time.Duration         // for so long nothing leaves then
	quiet        time.Time             // until then no chain is spoken of: the heads may be older ones
	damaged      bool                  // the spool was when it was read
	unsaved      bool                  // a head has moved since it was written
	moves        uint64                // counts how often one has
	voids        map[vouch.Stream][]void
	pending      int    // bytes
	queued       int    // bytes
	number       uint64 // of the latest row
	toWrite      []freshRow
	toWriteBytes int
}

// newSpool returns a spool that goes on where the last run ended, as far as fs holds it.
func newSpool(by author, f *flights, heads headsFile, d *spoolDisk, limit int, patience time.Duration, counts *counters, log *slog.Logger) *spool {
	s := &spool{
		flights: f, heads: heads, disk: d, limit: limit, counts: counts, log: log, sealing: time.Minute,
		wake: make(chan struct{}, 1), ready: make(chan struct{}, 1), fresh: make(chan struct{}, 1),
		assigned: map[vouch.CustomerID]bool{}, chains: map[chainKey]*chain{}, idle: map[chainKey]headJSON{},
		revived: map[chainKey]*revived{}, voids: map[vouch.Stream][]void{},
		journal: rowsJournal{last: map[uint64]uint64{}}, patience: patience, began: time.Now(),
	}
	by.rows = func() uint64 { return s.number }
	by.load, by.text = d.load, d.text
	s.author = by
	s.load()
	return s
}

// assign tells for which customers there are chains, where the agent stands, and how
// often a chain is sealed.
func (s *spool) assign(location vouch.LocationID, customers []vouch.CustomerID, sealing time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.location, s.sealing = location, sealing
	s.assigned = map[vouch.CustomerID]bool{vouch.Provider: true}
	for _, c := range customers {
		s.assigned[c] = true
	}
	for c := range s.assigned {
		if c != vouch.Provider {
			s.open(chainKey{c, vouch.Availability}, now)
		}
		s.open(chainKey{c, vouch.Telemetry}, now)
	}
	for k, r := range s.revived { // of customers who are not assigned any more
		if len(r.queue)+len(r.rows) > 0 {
			s.open(k, now)
		}
	}
	for _, c := range s.chains {
		c.due = earlier(c.due, s.nextDue(c, now))
	}
	poke(s.ready) // a new chain wants to know where it stands at the collector
	poke(s.wake)
}

// open returns a chain, which begins where it stood. The caller holds mu.
func (s *spool) open(k chainKey, now time.Time) *chain {
	c := s.chains[k]
	if c == nil {
		c = &chain{chainKey: k, location: s.location}
		h := fnv.New64a()
		io.WriteString(h, string(s.author.agent)+"\x00"+string(k.Customer)+"\x00"+string(k.Stream)) // a hash never fails
		c.phase = h.Sum64()
		c.due = s.nextDue(c, now)
		s.chains[k] = c
		s.resume(c)
	}
	return c
}

// nextDue is when a chain is sealed next, events apart. Each has a phase of its own,
// whatever it was sealed for before: chains that are sealed together need room in the
// queue together, and so do those of many agents at the collector.
func (s *spool) nextDue(c *chain, after time.Time) time.Time {
	n := s.sealing.Nanoseconds()
	wait := (int64(c.phase%uint64(n)) - after.UnixNano()) % n
	if wait <= 0 {
		wait += n
	}
	return after.Add(time.Duration(wait))
}

// event says why a sample should be sealed sooner than at the next interval.
type event struct {
	urgent bool          // an outcome changed or a watch limit was crossed
	hot    time.Duration // a change to not-up: seal this often for a while; zero for none
	era    uint64        // of the stamp; 0 where nobody asked
}

// hotTime is how long a chain is sealed once per check interval after a change to
// not-up.
const hotTime = 15 * time.Minute

// record takes a sample in and returns its line of the availability stream. A
// sample that cannot be encoded is an error of a prober: it is counted and logged.
func (s *spool) record(m vouch.Sample, e event) (line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Start = stamp(m.Start)
	m.Agent, m.Location = s.author.agent, s.location
	if m.Check != "" || m.Reference != "" { // or else it is points alone
		line = s.append(vouch.Availability, m, e)
	}
	if len(m.Points) > 0 {
		s.append(vouch.Telemetry, m, event{era: e.era})
	}
	s.makeRoom()
	return line
}

// append encodes one stream of a sample into its chain. The caller holds mu.
func (s *spool) append(stream vouch.Stream, m vouch.Sample, e event) []byte {
	lines, err := s.encoder.AppendSample(s.scratch[:0], m, stream)
	if err != nil {
		s.counts.unencodable.Add(1)
		s.log.Error("sample cannot be encoded", "device", string(m.Device), "check", string(m.Check), "err", err)
		return nil
	}
	s.scratch = lines[:0]
	c := s.open(chainKey{m.Customer, stream}, time.Now())
	lines = append([]byte(nil), lines...)
	s.pending += len(lines)
	if x := (fresh{m.Start, lines, e}); c.await(x) {
		poke(s.wake)
	} else {
		s.add(c, x)
	}
	return lines
}

// change does something to a chain that may seal, and keeps the sums right. The
// caller holds mu.
func (s *spool) change(c *chain, do func() error) error {
	pending, queued, notes, at, lost := c.pend.bytes, c.queued, len(c.queue), c.head, c.lost
	err := do()
	s.pending += c.pend.bytes - pending
	s.queued += c.queued - queued
	s.counts.sealed.Add(uint64(max(0, len(c.queue)-notes)))
	s.counts.dropped.Add(c.lost - lost)
	if c.head != at {
		s.moved()
	}
	return err
}

// makeRoom drops the oldest samples of the chain that holds most, telemetry first,
// until the spool is within its bound. The caller holds mu.
func (s *spool) makeRoom() {
	if s.pending+s.queued <= s.limit {
		return
	}
	var most *chain
	for _, c := range s.chains {
		switch {
		case c.pend.bytes == 0:
		case most == nil,
			c.Stream == vouch.Telemetry && most.Stream == vouch.Availability,
			c.Stream == most.Stream && c.pend.bytes > most.pend.bytes:
			most = c
		}
	}
	// A little more than needed, so that not every sample has to look for room.
	for most != nil && len(most.pend.rows) > 0 && s.pending+s.queued > s.limit-s.limit/64 {
		s.pending -= len(most.pend.dropOldest().lines)
		most.dropped++
		s.moved()
		s.counts.dropped.Add(1)
	}
}

// Run seals what is due until ctx ends.
func (s *spool) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		wait := s.sealDue(false)
		if !s.save() {
			wait = min(wait, retrySave)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(scanPause):
		}
		timer.Reset(wait)
	}
}

// sealDue seals every chain that is due, or all that can be, and returns how long
// nothing is due then.
func (s *spool) sealDue(all bool) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	through := s.flights.through()
	now := time.Now()
	next := now.Add(time.Hour)
	// The heads of all that is sealed now are written at once, and leave together.
	along := now
	for k, c := range s.chains {
		if t, over := through(k.Customer, c.era); all || over || !c.when(t).After(now) {
			along = now.Add(s.early())
			break
		}
	}
	for k, c := range s.chains {
		t, over := through(k.Customer, c.era)
		if all || over || !c.when(t).After(now) || !c.due.After(along) && !c.last.After(now.Add(-soonestSeal)) {
			s.seal(c, t, now)
		}
		if over || all && len(c.waiting) > 0 {
			s.turn(c)
			if t, more := through(k.Customer, c.era); all && over && !more {
				s.seal(c, t, now)
			}
		}
		if len(c.waiting) > 0 {
			next = earlier(next, now.Add(waitFlight))
		}
		next = earlier(next, c.when(t))
		if !s.assigned[k.Customer] && len(c.pend.rows)+len(c.waiting)+len(c.queue) == 0 {
			delete(s.chains, k)
			if c.head.Seq > 0 {
				s.idle[k] = c.standing()
			}
		}
	}
	return max(0, next.Sub(now))
}

// when is when the chain wants to be sealed, given how far it can be.
func (c *chain) when(through time.Time) time.Time {
	at := c.due
	if !c.known && !c.settled() {
		return at
	}
	soon := c.last.Add(soonestSeal)
	if !c.urgent.IsZero() {
		if through.After(c.urgent) {
			at = earlier(at, soon)
		} else { // an attempt that began before it is still running
			at = earlier(at, time.Now().Add(waitFlight))
		}
	}
	if c.last.Before(c.hotUntil) {
		at = earlier(at, c.last.Add(max(soonestSeal, c.hotEvery)))
	}
	if c.pend.bytes >= earlyBytes {
		at = earlier(at, soon)
	}
	return at
}

// settled reports whether the next number of the chain is clear without the collector.
func (c *chain) settled() bool { return c.head.Seq > 0 || c.begins != "" }

// early is how long before it is due a chain may be sealed along with others.
func (s *spool) early() time.Duration { return min(mostEarly, s.sealing/10) }

// seal seals what a chain has before through, as far as there is room for it. The
// caller holds mu.
func (s *spool) seal(c *chain, through, now time.Time) {
	if until := now.Add(s.early()); !c.due.After(until) {
		c.due = s.nextDue(c, until)
	}
	if through.After(c.urgent) {
		c.urgent = time.Time{}
	}
	if !c.known && !c.settled() {
		return
	}
	c.last = now
	if !s.hasRoom(c) {
		return
	}
	if err := s.change(c, func() error { return c.seal(s.author, through) }); err != nil {
		s.log.Error("batch cannot be sealed", "customer", string(c.Customer), "stream", string(c.Stream), "err", err)
	}
}

// hasRoom reports whether a chain may put more in the queue. Telemetry may fill
// half of it, so that it never keeps evidence out, and a chain that the
// collector refuses an eighth, so that no customer's trouble becomes another's.
func (s *spool) hasRoom(c *chain) bool {
	switch {
	case c.refusals > 0 && c.queued > s.limit/8:
		return false
	case c.Stream == vouch.Telemetry:
		return s.queued < s.limit/2
	}
	return s.queued < s.limit
}

// poke wakes whoever listens on c. It never blocks.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
