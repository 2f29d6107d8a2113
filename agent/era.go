// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"log/slog"
	"sync"
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// An era is a stretch of time in which nobody set this host's clock. What is known of the
// offset in one says nothing of stamps from another, so a batch never holds samples of two:
// a clock that was a day slow, and is put right a moment before its samples are sealed, must
// not make them look as if they had been stamped right.
type era struct {
	n     uint64 // from 1
	begin time.Time
	end   time.Time      // after its last stamp; zero while it lasts
	clock evidence.Clock // what was known of the offset when it ended
	step  time.Duration  // by which the clock was set when it began
}

const (
	// leastStep is what the clock may move against the monotonic one within an era. Both run
	// at the rate that NTP gives them, so that they only part when somebody sets the clock, or
	// when the host slept. It is far below what makes a stamp doubtful.
	leastStep = 100 * time.Millisecond
	// keptEras is of how many eras samples may still be waiting to be sealed.
	keptEras = 16
	// soonestStepLog is between two log lines on steps: something sets the clock all the time.
	soonestStepLog = time.Minute
)

// eras makes the stamps, and notices when the clock is set.
type eras struct {
	wall, mono func() time.Time
	offset     *clockOffset // nil: nothing is known of it
	log        *slog.Logger
	stepped    chan struct{} // capacity 1: the clock was set

	mu     sync.Mutex // guards all below
	list   []era      // the last is the one that lasts
	base   reading    // when it began
	last   reading    // of its last stamp
	steps  uint64
	at     time.Time // of the last step, by the monotonic clock; zero for none
	logged time.Time
}

func newEras(wall, mono func() time.Time, offset *clockOffset, log *slog.Logger) *eras {
	return &eras{wall: wall, mono: mono, offset: offset, log: log, stepped: make(chan struct{}, 1)}
}

// stamp returns what the clock shows, UTC in whole milliseconds, and the era that it
// belongs to. Within one, stamps never go back.
func (e *eras) stamp() (time.Time, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	mono := e.mono()
	now := reading{e.wall().Round(0), mono}
	at := stamp(now.wall)
	if len(e.list) == 0 {
		e.list, e.base, e.last = []era{{n: 1, begin: at}}, now, now
		return at, 1
	}
	_, set := now.since(e.base)
	if set.Abs() > leastStep || at.Before(stamp(e.last.wall)) {
		e.begin(now, at, set)
	}
	e.last = now
	return at, e.list[len(e.list)-1].n
}

// begin begins an era. The caller holds mu.
func (e *eras) begin(now reading, at time.Time, step time.Duration) {
	old := &e.list[len(e.list)-1]
	old.end = stamp(e.last.wall).Add(time.Millisecond)
	if e.offset != nil {
		old.clock = signed(e.offset.told(e.last))
	}
	if len(e.list) == keptEras {
		e.list = e.list[1:]
	}
	e.list = append(e.list, era{n: old.n + 1, begin: at, step: step})
	e.base = now
	e.steps++
	e.at = now.mono
	poke(e.stepped)
	if e.logged.IsZero() || now.mono.Sub(e.logged) >= soonestStepLog {
		e.logged = now.mono
		e.log.Warn("clock was set, or the host slept: stamps before and after are told apart", "by", step.Round(time.Millisecond), "from", old.end, "to", at)
	}
}

// of returns an era, or the oldest that is known where it is too old. The number 0 stands for
// the one that lasts.
func (e *eras) of(n uint64) era {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.list {
		if x.n >= n && n > 0 {
			return x
		}
	}
	if len(e.list) == 0 {
		return era{}
	}
	return e.list[len(e.list)-1]
}

// clock is what is known of the clock in an era.
func (e *eras) clock(n uint64) evidence.Clock {
	x := e.of(n)
	switch {
	case n > 0 && x.n != n:
		return evidence.Clock{} // forgotten
	case !x.end.IsZero():
		return x.clock
	case e.offset == nil:
		return evidence.Clock{}
	}
	return signed(e.offset.told(reading{e.wall().Round(0), e.mono()}))
}

// lastStep returns how often the clock was set, how long ago the last time, and by how much.
func (e *eras) lastStep() (count uint64, ago, by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.steps == 0 {
		return 0, 0, 0
	}
	return e.steps, e.mono().Sub(e.at), e.list[len(e.list)-1].step
}
