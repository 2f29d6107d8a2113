// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Retention says for how long the notes of a customer are kept, by stream; not set, for
// ever. That it is long enough for his contract, configuration checks.
type Retention struct {
	Availability contract.TimeLimit
	Telemetry    contract.TimeLimit
}

// How often the eraser looks.
const (
	eraseEvery = 24 * time.Hour
	eraseAgain = time.Hour // after a failure
)

// eraser erases the notes that retention lets go, once a day. Leaves and hashes stay,
// and so does what was derived; every run says in the ledger what it erased.
type eraser struct {
	mu       sync.Mutex
	customer vouch.CustomerID // whose notes are being erased; empty for nobody's
	stop     context.CancelFunc
	stopped  chan struct{}
}

// erase erases until ctx ends. It waits for the readers of the ledger: they must have
// seen what goes.
func (c *Collector) erase(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.reader.caught:
	}
	for {
		wait := eraseEvery
		if err := c.eraseAll(ctx); err != nil && ctx.Err() == nil {
			wait = eraseAgain
			c.log.Error("could not erase what retention lets go; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (c *Collector) eraseAll(ctx context.Context) error {
	var all error
	for _, cu := range c.base.Load().Customers {
		kept := c.base.Load().Retention[cu.ID]
		for _, s := range []struct {
			stream vouch.Stream
			limit  contract.TimeLimit
		}{{vouch.Availability, kept.Availability}, {vouch.Telemetry, kept.Telemetry}} {
			if s.limit.Set() {
				all = errors.Join(all, c.eraseStream(ctx, cu.ID, s.stream, s.limit))
			}
		}
	}
	return all
}

// eraseStream erases the notes of one stream that speak of nothing younger than a limit.
func (c *Collector) eraseStream(ctx context.Context, cu vouch.CustomerID, stream vouch.Stream, limit contract.TimeLimit) error {
	now := contract.Floor(c.now())
	before := limit.Latest(now, contract.TermsAt(c.book.contracts(cu), now).OfficeCalendar()).Time()
	seen, err := c.seenByAll(ctx, cu)
	if err != nil {
		return err
	}
	run, begun := c.eraser.begin(ctx, cu, func() bool { return of(c.book, cu, (*book.Book).Held) })
	if !begun {
		c.log.Debug("a legal hold keeps what retention lets go", "customer", cu, "stream", stream)
		return nil
	}
	got, failed := c.store.Erase(run, cu, stream, before, seen)
	c.eraser.end()
	if errors.Is(failed, context.Canceled) && ctx.Err() == nil {
		failed = nil // a legal hold came in between
	}
	return errors.Join(failed, c.sayErased(context.WithoutCancel(ctx), cu, got, book.ErasedBody{
		Stream: stream, Before: before, Why: fmt.Sprintf("retention of %s: %s", stream, limit),
	}))
}

// seenByAll returns the first leaf that some reader of a ledger has not seen yet.
func (c *Collector) seenByAll(ctx context.Context, cu vouch.CustomerID) (int64, error) {
	readers := []string{readerOutcomes, readerMessages}
	if c.sink != nil {
		readers = append(readers, c.sink.Status().Name)
	}
	head, err := c.store.Head(ctx, cu)
	if err != nil {
		return 0, err
	}
	seen := head.Size
	for _, r := range readers {
		next, err := c.store.Next(ctx, r, cu)
		if err != nil {
			return 0, err
		}
		seen = min(seen, next)
	}
	return seen, nil
}

// sayErased records what was erased of a stream and no record tells yet: by this run,
// and by one that ended before it could say so.
func (c *Collector) sayErased(ctx context.Context, cu vouch.CustomerID, got store.Erased, body book.ErasedBody) error {
	all, err := c.store.Erased(ctx, cu, body.Stream)
	if err != nil {
		return err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	told := of(c.book, cu, func(l *book.Book) int64 { return l.Erased(body.Stream) })
	if body.Count = all.Count - told; body.Count <= 0 {
		return nil
	}
	if got.Count != body.Count {
		got = all
	}
	body.First, body.Last = got.First, got.Last
	if _, err := c.put(ctx, draft{customer: cu, kind: evidence.KindDataErased, author: authorCollector, body: body}); err != nil {
		return err
	}
	c.grew(cu)
	c.log.Info("erased what retention lets go", "customer", cu, "stream", body.Stream, "notes", body.Count, "before", body.Before)
	return nil
}

// begin begins a run over a customer's notes, unless a legal hold stands. Nobody else
// begins one before end.
func (e *eraser) begin(ctx context.Context, cu vouch.CustomerID, held func() bool) (context.Context, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if held() {
		return nil, false
	}
	run, stop := context.WithCancel(ctx)
	e.customer, e.stop, e.stopped = cu, stop, make(chan struct{})
	return run, true
}

func (e *eraser) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stop()
	close(e.stopped)
	e.customer = ""
}

// halt ends a run over a customer's notes and waits for its end. A legal hold that was
// recorded before it is called lets no other begin.
func (e *eraser) halt(cu vouch.CustomerID) {
	e.mu.Lock()
	running, stop, stopped := e.customer == cu, e.stop, e.stopped
	e.mu.Unlock()
	if running {
		stop()
		<-stopped
	}
}
