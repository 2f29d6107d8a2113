// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"container/heap"
	"time"

	"github.com/vouch-sla/vouch"
)

// deviceKey is a device of a customer.
type deviceKey struct {
	Customer vouch.CustomerID
	Device   vouch.DeviceID
}

// maxExtras bounds the attempts out of turn at once. They have room of their own, so that
// no check waits for one.
const maxExtras = 16

// extra has each check of a device attempted once out of turn, unless an attempt began
// after since. Slots stay as they are: an attempt that is due before the extra one could
// have ended takes its place, and one that runs is followed by it.
func (s *schedule) extra(d deviceKey, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.Customer != d.Customer || e.Device != d.Device || e.wanted || e.gone || !e.began.Before(since) {
			continue
		}
		e.wanted = true
		if !e.running { // or else ended does it
			s.wanted = append(s.wanted, e)
		}
	}
	poke(s.wake)
}

// outOfTurn adds the attempts out of turn that begin now. The caller holds mu.
func (s *schedule) outOfTurn(begin []start, now time.Time) []start {
	stay := s.wanted[:0]
	for _, e := range s.wanted {
		switch {
		case s.entries[e.job.key()] != e, !e.wanted, e.running:
			// Not assigned any more, or its slot came first.
		case e.ready, e.slot.Sub(now) < e.Check.Timeout:
			e.wanted = false // its own attempt comes at once
		case s.extras >= maxExtras:
			stay = append(stay, e)
		default:
			heap.Remove(&s.due, e.index)
			e.running, e.extra, e.began, e.wanted = true, true, now, false
			s.extras++
			begin = append(begin, start{e, e.job, true})
		}
	}
	clear(s.wanted[len(stay):])
	s.wanted = stay
	return begin
}
