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
	now func() time.Time

	mu   sync.Mutex // guards all below
	open map[*flight]struct{}
}

// flight is one attempt, or a round of references, from its beginning until its
// sample is recorded. A flight without a customer concerns all of them.
type flight struct {
	customer vouch.CustomerID
	began    time.Time // the stamp of its sample: UTC, whole milliseconds
}

func newFlights(now func() time.Time) *flights {
	return &flights{now: now, open: map[*flight]struct{}{}}
}

// begin stamps an attempt.
func (f *flights) begin(customer vouch.CustomerID) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := &flight{customer, stamp(f.now())}
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

// through returns, for a customer, the instant before which every attempt that
// began is recorded.
func (f *flights) through() func(vouch.CustomerID) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := stamp(f.now())
	one := map[vouch.CustomerID]time.Time{}
	for fl := range f.open {
		if fl.customer == "" {
			all = earlier(all, fl.began)
		} else if t, ok := one[fl.customer]; !ok || fl.began.Before(t) {
			one[fl.customer] = fl.began
		}
	}
	return func(c vouch.CustomerID) time.Time {
		if t, ok := one[c]; ok {
			return earlier(t, all)
		}
		return all
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
