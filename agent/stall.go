// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	stallTick  = 500 * time.Millisecond
	stallLimit = 250 * time.Millisecond // what a tick may be late without being a stall
	keptStalls = 16
	// soonestStallLog is between two log lines on stalls.
	soonestStallLog = time.Minute
)

// stalls notices that this process did not run: another one took the processor, the host was
// suspended, somebody stopped it. An answer that came in meanwhile may have been taken for
// none, because its time was over when we looked again. So a silence during a stall proves
// nothing.
type stalls struct {
	log *slog.Logger

	mu      sync.Mutex // guards all below
	ticked  time.Time  // zero before the first tick
	list    [keptStalls]stall
	next    int
	count   uint64
	longest time.Duration
	logged  time.Time
}

// stall is a stretch of time in which this process did not run, or at least not in time.
type stall struct{ from, to time.Time }

// Run ticks until ctx ends.
func (s *stalls) Run(ctx context.Context) error {
	ticker := time.NewTicker(stallTick)
	defer ticker.Stop()
	for {
		s.tick(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *stalls) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.ticked
	s.ticked = now
	lasted := now.Sub(from) - stallTick
	if from.IsZero() || lasted <= stallLimit {
		return
	}
	s.list[s.next] = stall{from, now}
	s.next = (s.next + 1) % keptStalls
	s.count++
	s.longest = max(s.longest, lasted)
	if s.logged.IsZero() || now.Sub(s.logged) >= soonestStallLog {
		s.logged = now
		s.log.Warn("this agent did not get to run: silences meanwhile are unknown (overload)", "for", lasted.Round(time.Millisecond), "times", s.count)
	}
}

// during reports whether a stall touches a stretch of time that ends now. One that lasts
// until now has not been noticed by a tick yet.
func (s *stalls) during(from, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ticked.IsZero() && now.Sub(s.ticked)-stallTick > stallLimit {
		return true
	}
	for _, x := range s.list {
		if x.to.After(from) && x.from.Before(now) {
			return true
		}
	}
	return false
}

// worst returns how many stalls there were, and how long the longest took.
func (s *stalls) worst() (count uint64, longest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.longest
}
