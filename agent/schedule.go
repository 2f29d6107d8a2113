// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"container/heap"
	"context"
	"hash/fnv"
	"io"
	"math"
	"math/bits"
	"reflect"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
)

// jobKey identifies a check for as long as it is assigned.
type jobKey struct {
	Customer vouch.CustomerID
	Device   vouch.DeviceID
	Check    vouch.CheckName
}

// job is one check of one device as it stands in the assignment. Two jobs that are
// equal keep one schedule.
type job struct {
	Customer vouch.CustomerID
	Device   vouch.DeviceID
	Check    vouch.Check
	Profile  *vouch.Profile // what is read over SNMP; the same pointer while it stays the same

	values []vouch.ValueRef // what the names in Check.Values mean, one for each
	turn   int              // the agent's place among those that measure the device
}

// same reports whether two jobs are equal.
func (j job) same(o job) bool {
	return j.key() == o.key() && j.Profile == o.Profile && j.turn == o.turn && reflect.DeepEqual(j.Check, o.Check)
}

func (j job) key() jobKey { return jobKey{j.Customer, j.Device, j.Check.Name} }

// schedule decides when each check is attempted and never lets two attempts of one
// check overlap. Every check has slots at phase + k*interval; every slot yields one
// attempt, or a call of overload when the attempt could not begin within half an
// interval of its slot. It does not know what an attempt is.
//
// One goroutine keeps the time of all checks; each running attempt has one of its
// own, at most as many as there are slots for, and a few of these stay for the next.
// The number of slots follows from the checks, so that devices which all use their
// whole timeout still delay nobody.
type schedule struct {
	agent    vouch.AgentID
	limit    int                              // attempts at once, whatever is assigned
	attempt  func(ctx context.Context, j job) // returns when the slot may be given away
	overload func(j job)                      // the attempt due now is not made
	late     func(time.Duration)              // told how late each attempt begins

	wake chan struct{} // capacity 1: something changed, look again

	mu      sync.Mutex // guards all below
	entries map[jobKey]*entry
	due     entryHeap // idle, by the time of their slot
	ready   entryHeap // due and waiting for room, by the time at which they are given up
	wanted  []*entry  // out of turn, in the order in which they were wanted (extra.go)
	running int
	extras  int // running out of turn
	room    int // attempts at once, from what is assigned
}

// entry is one check in the schedule: in due, in ready, or running.
type entry struct {
	job
	slot    time.Time // the slot it waits for, or that it is running for
	key     time.Time // what the heap that it lies in sorts by
	index   int       // place in that heap
	ready   bool      // lies in ready
	running bool
	changed bool // assigned anew while running: find a slot of the new phase afterwards
	gone    bool // no longer assigned: forget it when it has ended

	began  time.Time // of the latest attempt; before the first, of the assignment
	wanted bool      // out of turn, unless its slot comes first
	extra  bool      // runs out of turn
}

func newSchedule(agent vouch.AgentID, limit int) *schedule {
	return &schedule{
		agent:   agent,
		limit:   limit,
		late:    func(time.Duration) {},
		wake:    make(chan struct{}, 1),
		entries: map[jobKey]*entry{},
	}
}

// assign makes jobs the whole of what is scheduled; those that are new or changed
// begin at from. Checks that stand in jobs as they stood before keep their slots, and
// a check that runs is not disturbed. It returns the room that the jobs need when no
// device answers, which may be more than the limit.
func (s *schedule) assign(jobs []job, from time.Time) (need int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stay := make(map[jobKey]bool, len(jobs))
	for _, j := range jobs {
		k := j.key()
		stay[k] = true
		e := s.entries[k]
		switch {
		case e == nil:
			e = &entry{job: j, began: from}
			s.entries[k] = e
			s.wait(e, s.firstSlot(j, from))
		case e.job.same(j):
			e.gone = false
		case e.running:
			e.job, e.changed, e.gone = j, true, false
		default:
			s.unqueue(e)
			e.job = j
			s.wait(e, s.firstSlot(j, from))
		}
	}
	for k, e := range s.entries {
		switch {
		case stay[k]:
		case e.running:
			e.gone = true
		default:
			s.unqueue(e)
			delete(s.entries, k)
		}
	}
	need = room(jobs)
	s.room = min(need, s.limit)
	poke(s.wake)
	return need
}

// room is how many attempts must be able to run at once so that no device that
// uses its whole timeout ever makes another wait: the mean number of running
// attempts when every device is silent, or of those that begin together where that is
// more, plus four standard deviations for phases that fall together, plus one.
func room(jobs []job) int {
	var mean float64
	for _, j := range jobs {
		mean += float64(max(j.Check.Timeout, grid(j.Check.Interval))) / float64(j.Check.Interval)
	}
	return min(len(jobs), int(math.Ceil(mean+4*math.Sqrt(mean)))+1)
}

// grid is what the slots of an interval lie on. What falls on one instant begins
// together, because for a process that is idle in between, waking up costs several
// times what an attempt does.
func grid(interval time.Duration) time.Duration {
	switch {
	case interval < 2*time.Second:
		return 1
	case interval < 10*time.Second:
		return 100 * time.Millisecond
	}
	return 200 * time.Millisecond
}

// firstSlot is the first slot of j at or after from. Slots are anchored to the wall
// clock, so that a restart keeps the phase. A hash of the check spreads the checks of an
// agent, and the agent's turn the agents that measure one device: each begins in a part of
// the interval of its own. A reference has no turns; the agent is in its hash.
func (s *schedule) firstSlot(j job, from time.Time) time.Time {
	h := fnv.New64a()
	parts := []string{string(j.Customer), string(j.Device), string(j.Check.Name)}
	if j.Device == "" {
		parts = append(parts, string(s.agent))
	}
	for _, part := range parts {
		io.WriteString(h, part+"\x00") // a hash never fails
	}
	n := j.Check.Interval.Nanoseconds()
	phase := (int64(h.Sum64()%uint64(n)) + int64(turnPart(j.turn)*float64(n))) % n
	phase -= phase % grid(j.Check.Interval).Nanoseconds()
	wait := (phase - from.UnixNano()) % n
	if wait < 0 {
		wait += n
	}
	return from.Add(time.Duration(wait)) // with its monotonic reading
}

// turnPart is which part of an interval is over when a turn begins: 0, 1/2, 1/4, 3/4, 1/8
// and so on (van der Corput), so that one turn more moves none of the others.
func turnPart(turn int) float64 {
	return float64(bits.Reverse32(uint32(turn))) / (1 << 32)
}

// maxParked bounds the goroutines that wait for another attempt. A new one costs more
// than waking one that waits, above all because its stack has to grow again.
const maxParked = 16

// start is an attempt that is to begin.
type start struct {
	entry *entry
	job   job // as it stood then: the entry may be assigned anew meanwhile
	extra bool
}

// Run attempts checks until ctx ends, and returns when the last attempt has.
func (s *schedule) Run(ctx context.Context) error {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	work, parked := make(chan start), make(chan struct{}, maxParked)
	defer close(work)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		now := time.Now()
		begin, missed, next := s.advance(now)
		for _, j := range missed {
			s.overload(j)
		}
		for _, b := range begin {
			if !b.extra {
				s.late(now.Sub(b.entry.slot))
			}
			select {
			case work <- b: // somebody is parked
			default:
				attempts.Go(func() { s.work(ctx, b, work, parked) })
			}
		}
		timer.Reset(next.Sub(now))
	}
}

// work makes the attempt b and then, while few others are parked, those that it is
// handed until more is closed.
func (s *schedule) work(ctx context.Context, b start, more <-chan start, parked chan struct{}) {
	for ok := true; ok; {
		s.attempt(ctx, b.job)
		s.ended(b.entry, time.Now())
		select {
		case parked <- struct{}{}:
		default:
			return
		}
		b, ok = <-more
		<-parked
	}
}

// advance moves the schedule to now. It returns the attempts that begin, the jobs of
// those that are given up, and when to look again at the latest.
func (s *schedule) advance(now time.Time) (begin []start, missed []job, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.due) > 0 && !s.due[0].key.After(now) {
		e := heap.Pop(&s.due).(*entry)
		e.key, e.ready = e.slot.Add(e.Check.Interval/2), true
		heap.Push(&s.ready, e)
	}
	for len(s.ready) > 0 {
		e := s.ready[0]
		if now.After(e.key) {
			heap.Pop(&s.ready)
			missed = append(missed, e.job)
			s.wait(e, slotAfter(e.slot, e.Check.Interval, now))
			continue
		}
		if s.running >= s.room {
			break
		}
		heap.Pop(&s.ready)
		e.ready, e.running, e.began, e.wanted = false, true, now, false
		s.running++
		begin = append(begin, start{entry: e, job: e.job})
	}
	begin = s.outOfTurn(begin, now)
	next = now.Add(time.Hour) // nothing to do: a change wakes the loop
	if len(s.due) > 0 {
		next = s.due[0].key
	}
	if len(s.ready) > 0 && s.ready[0].key.Before(next) {
		next = s.ready[0].key.Add(1) // one past, or it would not be given up yet
	}
	return begin, missed, next
}

// ended takes note that the attempt of e is over.
func (s *schedule) ended(e *entry, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.extra {
		s.extras--
	} else {
		s.running--
	}
	next := e.slot.Add(e.Check.Interval)
	if e.extra {
		next = e.slot // its turn is still to come
	}
	e.running, e.extra = false, false
	switch {
	case e.gone:
		delete(s.entries, e.job.key())
	case e.changed:
		e.changed = false
		s.wait(e, s.firstSlot(e.job, now))
	default:
		s.wait(e, next)
	}
	if e.wanted && !e.gone {
		s.wanted = append(s.wanted, e)
	}
	// Run knows of every slot but this one, so that it is woken only where this one
	// comes first, or where there is room now for what waits.
	if len(s.ready) > 0 || len(s.wanted) > 0 || len(s.due) > 0 && s.due[0] == e {
		poke(s.wake)
	}
}

// slotAfter is the first slot after now in the row that slot belongs to.
func slotAfter(slot time.Time, interval time.Duration, now time.Time) time.Time {
	return slot.Add(interval * (1 + max(0, now.Sub(slot)/interval)))
}

// wait puts e among those that wait for their slot. The caller holds mu.
func (s *schedule) wait(e *entry, slot time.Time) {
	e.slot, e.key, e.ready = slot, slot, false
	heap.Push(&s.due, e)
}

// unqueue takes e, which does not run, out of its heap. The caller holds mu.
func (s *schedule) unqueue(e *entry) {
	if e.ready {
		heap.Remove(&s.ready, e.index)
	} else {
		heap.Remove(&s.due, e.index)
	}
}

// entryHeap is a heap of entries by key, earliest first.
type entryHeap []*entry

func (h entryHeap) Len() int           { return len(h) }
func (h entryHeap) Less(i, j int) bool { return h[i].key.Before(h[j].key) }
func (h entryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *entryHeap) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *entryHeap) Pop() any {
	old := *h
	n := len(old) - 1
	e := old[n]
	old[n] = nil
	*h = old[:n]
	return e
}
