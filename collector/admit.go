// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// admitter counts the successes of paths that do not vote yet. It counts what batches say,
// because a record rests on them, and forgets its counts with the process: then a path needs
// its successes again.
type admitter struct {
	book *books

	mu    sync.Mutex // guards all below
	count map[pathKey]int
	due   map[pathKey]int // that have their successes, with how many were asked
}

// pathKey is a path of a customer.
type pathKey struct {
	customer vouch.CustomerID
	book.Path
}

func newAdmitter(b *books) *admitter {
	return &admitter{book: b, count: map[pathKey]int{}, due: map[pathKey]int{}}
}

// batch counts what a stored batch said. A stamp that is doubted proves no path.
func (a *admitter) batch(k agentKey, samples []vouch.Sample, doubts []bool) {
	at, _, ok := a.book.speaker(k.customer, k.agent)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, s := range samples {
		if s.Device == "" || s.Outcome != vouch.Up || doubts[i] {
			continue
		}
		p := pathKey{k.customer, book.Path{Location: at, Device: s.Device, Check: s.Check}}
		asked, from := a.book.admission(k.customer, p.Path)
		if asked == 0 || from != book.Endless {
			continue
		}
		if a.count[p]++; a.count[p] >= asked {
			a.due[p] = asked
			delete(a.count, p)
		}
	}
}

// take returns the paths that have their successes, and forgets them.
func (a *admitter) take() map[pathKey]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.due
	a.due = map[pathKey]int{}
	return due
}

// back takes paths in again that could not be recorded.
func (a *admitter) back(due map[pathKey]int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p, n := range due {
		a.due[p] = n
	}
}

// admit records the paths that have their successes. They vote from then on, and nothing of
// the time before changes.
func (w *watch) admit(ctx context.Context) error {
	due := w.admitter.take()
	var drafts []draft
	for p, asked := range due {
		if _, from := w.book.admission(p.customer, p.Path); from == book.Endless {
			drafts = append(drafts, draft{customer: p.customer, kind: evidence.KindAdmitted, author: authorCollector, body: book.AdmittedBodyOf(p.Path, asked)})
		}
	}
	if len(drafts) == 0 {
		return nil
	}
	written, err := w.recorder.write(ctx, drafts...)
	if err != nil {
		w.admitter.back(due)
		return fmt.Errorf("admit %d paths: %w", len(drafts), err)
	}
	for _, rec := range written {
		if err := w.book.take(rec); err != nil {
			return err
		}
	}
	for p := range due {
		w.wake(p.customer)
		w.log.Info("a path is admitted: it votes from now on", "customer", p.customer, "location", p.Location, "device", p.Device, "check", p.Check)
		w.judge.reconsider([]vouch.DeviceID{p.Device}, p.customer)
	}
	return nil
}

// notAdmitted reports whether a location's check of a device does not vote yet. j.mu is held.
func (j *judge) notAdmitted(d *watched, l vouch.LocationID, check string, now time.Time) bool {
	_, from := j.book.admission(d.customer, book.Path{Location: l, Device: d.ID, Check: vouch.CheckName(check)})
	return contract.Floor(now) < from
}
