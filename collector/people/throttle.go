// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"sync"
	"time"
)

// limit says how many attempts in a row may fail, and how long the waits after that grow.
type limit struct {
	free int           // failures without a wait
	most time.Duration // the longest wait; each is twice the one before, from 1 s on
}

// The limits. One account can be guessed at 288 times a day, and is kept from its owner
// for five minutes at most; many accounts from one address 96 times.
var (
	perAccount = limit{free: 5, most: 5 * time.Minute}
	perAddress = limit{free: 20, most: 15 * time.Minute}
)

const (
	markKept = time.Hour // a failure is forgotten after so long without another
	maxMarks = 10_000    // of each kind that are kept
)

// throttle counts attempts that failed, by what they were made for or where they came
// from. An attempt counts as failed from its beginning until it has succeeded, so that
// many at once get no further than one after the other.
type throttle struct {
	limit limit

	mu    sync.Mutex
	marks map[string]mark
}

type mark struct {
	failed      int
	last, until time.Time
}

func newThrottle(l limit) *throttle { return &throttle{limit: l, marks: map[string]mark{}} }

// begin counts an attempt. It returns how long to wait where the attempt comes too
// early, which counts nothing, and whether this is the last one that did not have to.
func (t *throttle) begin(key string, now time.Time) (wait time.Duration, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, have := t.marks[key]
	if wait := m.until.Sub(now); have && wait > 0 {
		return wait, false
	}
	if !have && len(t.marks) >= maxMarks {
		t.tidy(now)
	}
	if now.Sub(m.last) >= markKept {
		m.failed = 0
	}
	m.failed++
	m.last = now
	if over := m.failed - t.limit.free; over >= 0 {
		m.until = now.Add(min(t.limit.most, time.Second<<min(over, 20)))
	}
	t.marks[key] = m
	return 0, m.failed == t.limit.free
}

// succeeded takes back the attempt that was begun, and with all those before it.
func (t *throttle) succeeded(key string, all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, have := t.marks[key]
	if m.failed--; all || !have || m.failed <= 0 {
		delete(t.marks, key)
		return
	}
	m.until = time.Time{}
	t.marks[key] = m
}

// tidy makes room: for what is long past, or for the one that is quiet longest.
func (t *throttle) tidy(now time.Time) {
	var oldest string
	for k, m := range t.marks {
		if now.Sub(m.last) >= markKept {
			delete(t.marks, k)
		} else if oldest == "" || m.last.Before(t.marks[oldest].last) {
			oldest = k
		}
	}
	if len(t.marks) >= maxMarks {
		delete(t.marks, oldest)
	}
}
