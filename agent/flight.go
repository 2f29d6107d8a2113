// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
)

// flights knows which attempts have begun and are not recorded yet, because a batch
// that says "all my checks begun before T are here" must not be sealed beyond them.
type flights struct {
	eras *eras

	mu   sync.Mutex // guards all below
	open map[*flight]struct{}
}

// flight is one attempt, or a round of references, from its beginning until its
// sample is recorded. A flight without a customer concerns all of them.
type flight struct {
	customer vouch.CustomerID
	began    time.Time // the stamp of its sample: UTC, whole milliseconds
	era      uint64    // that the stamp belongs to
}

func newFlights(e *eras) *flights {
	return &flights{eras: e, open: map[*flight]struct{}{}}
}

// begin stamps an attempt.
func (f *flights) begin(customer vouch.CustomerID) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, era := f.eras.stamp()
	fl := &flight{customer, at, era}
	f.open[fl] = struct{}{}
	return fl
}

// end says that the sample of fl is recorded. An attempt that was broken off because
// the agent stops never ends: what is sealed then ends before it.
func (f *flights) end(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, fl)
}

// through returns, for a customer and an era (0 for the one that lasts), the instant
// before which every attempt that began in it is recorded, and whether the era is over and
// all of its attempts are.
func (f *flights) through() func(vouch.CustomerID, uint64) (through time.Time, over bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, lasts := f.eras.stamp()
	type part struct {
		customer vouch.CustomerID
		era      uint64
	}
	began := map[part]time.Time{} // of the first open flight
	for fl := range f.open {
		p := part{fl.customer, fl.era}
		if t, ok := began[p]; !ok || fl.began.Before(t) {
			began[p] = fl.began
		}
	}
	return func(c vouch.CustomerID, n uint64) (time.Time, bool) {
		at, over := now, n > 0 && n < lasts
		if over {
			at = f.eras.of(n).end
		} else {
			n = lasts
		}
		for _, p := range []part{{c, n}, {"", n}} {
			if t, ok := began[p]; ok {
				at, over = earlier(at, t), false
			}
		}
		return at, over
	}
}

// stamp cuts t to what is stored: UTC, whole milliseconds, no monotonic reading.
func stamp(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
