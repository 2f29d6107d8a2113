// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package sink carries the samples in the ledgers to a time-series store. A sink is
// a reader with one cursor per customer: it sends the line-protocol lines of the
// batches, in ledger order within a customer, and moves the cursor after the store
// has acknowledged them. A crash in between sends the same points again; they
// overwrite themselves, so the store holds every sample exactly once.
//
// A sink only reads. Ingest never waits for it, an outage of the store loses nothing
// and shows as lag, and what the sink has written can be written anew from the
// ledger at any time. It judges nothing, and it never alters a value except where a
// store cannot hold its type: see [Unsigned].
package sink

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/retry"
)

// Ledger is what a sink reads, as [store.Ledger] describes it.
type Ledger interface {
	Entries(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]store.Entry, error)
	Head(ctx context.Context, customer vouch.CustomerID) (store.TreeHead, error)
	Customers(ctx context.Context) ([]vouch.CustomerID, error)
}

// Cursors keeps how far a sink has come, as [store.Derived] describes it.
type Cursors interface {
	Next(ctx context.Context, reader string, customer vouch.CustomerID) (int64, error)
	Derive(ctx context.Context, d store.Derivation) error
	Item(ctx context.Context, customer vouch.CustomerID, kind, id string) (store.Item, error)
}

// Writer is a time-series store.
type Writer interface {
	// Write stores lines of line protocol with time stamps in milliseconds. On a nil
	// error every line is stored. An [*Error] says what to do next; any other error
	// counts as temporary. Writing a line twice must be as good as writing it once.
	Write(ctx context.Context, lines []byte) error
}

// Options of a sink. The zero value of each field means its default.
type Options struct {
	Name       string        // names the cursor and the sink in status and logs; "influxdb"
	Batches    int           // batches in a request at most; 40
	Bytes      int           // bytes in a request at most, unless one batch is larger; 4 MiB
	Gather     time.Duration // wait after a commit for more to come, so that a request holds several batches; 500 ms
	Tick       time.Duration // look at all ledgers this often, whatever was notified; 15 s
	RetryMin   time.Duration // first wait after a temporary error; 1 s
	RetryMax   time.Duration // longest wait after temporary errors, unless the store names one; 1 min
	RetrySlow  time.Duration // wait after an error that only the operator can mend; 1 min
	RetryAfter time.Duration // longest wait that the store may ask for; 15 min
	Log        *slog.Logger  // state changes; nil means none
}

func (o Options) defaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if o.Name == "" {
		o.Name = "influxdb"
	}
	if o.Batches <= 0 {
		o.Batches = 40 // the knee of requests a second against points a second
	}
	if o.Bytes <= 0 {
		o.Bytes = 4 << 20 // InfluxDB 1.8 takes 25 MB, 2.x 50 MB, proxies often less
	}
	def(&o.Gather, 500*time.Millisecond)
	def(&o.Tick, 15*time.Second)
	def(&o.RetryMin, time.Second)
	def(&o.RetryMax, time.Minute)
	def(&o.RetrySlow, time.Minute)
	def(&o.RetryAfter, 15*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Sink is one time-series store with its cursors. Make it with [New].
type Sink struct {
	ledger Ledger
	cur    Cursors
	writer Writer
	opts   Options
	wake   chan struct{} // capacity 1: a second wake-up before the first is seen adds nothing

	// Owned by the Run loop.
	ring     []vouch.CustomerID          // customers that may have unsent entries, next first
	inRing   map[vouch.CustomerID]bool   // the same as a set
	oldest   map[vouch.CustomerID]unsent // when the entry at each lagging cursor came
	surveyed time.Time

	mu       sync.Mutex // guards what follows
	notified map[vouch.CustomerID]bool
	status   Status
	oldestAt time.Time // when the oldest unsent entry came; zero for none
	refusing bool      // the last request had lines that the store refused
}

// New makes a sink. Nothing happens before [Sink.Run].
func New(ledger Ledger, cursors Cursors, writer Writer, opts Options) *Sink {
	opts = opts.defaults()
	return &Sink{
		ledger: ledger, cur: cursors, writer: writer, opts: opts,
		wake:     make(chan struct{}, 1),
		inRing:   map[vouch.CustomerID]bool{},
		oldest:   map[vouch.CustomerID]unsent{},
		notified: map[vouch.CustomerID]bool{},
		status:   Status{Name: opts.Name, State: StateStarting, Since: time.Now().UTC()},
	}
}

// Notify tells the sink that a customer's ledger grew. It never blocks and may be
// called from any goroutine, after the commit. A notice that is lost costs no more
// than the wait for the next tick.
func (s *Sink) Notify(customer vouch.CustomerID) {
	s.mu.Lock()
	s.notified[customer] = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends what the ledgers hold and will hold, until ctx ends; then it returns
// nil. Errors of the store and of the time-series store are waited out and shown by
// [Sink.Status]; none ends it. Only one Run of a name may be active.
func (s *Sink) Run(ctx context.Context) error {
	tick := time.NewTicker(s.opts.Tick)
	defer tick.Stop()
	s.restore(ctx)
	for ctx.Err() == nil {
		s.own(ctx, "look at the ledgers", s.survey)
		s.drain(ctx)
		for wait := true; wait && ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-tick.C:
				wait = false
			case <-s.wake:
				retry.Pause(ctx, s.opts.Gather)
				s.admit()
				s.drain(ctx)
			}
		}
	}
	return nil
}

// drain sends requests until no customer is behind.
func (s *Sink) drain(ctx context.Context) {
	for len(s.ring) > 0 && ctx.Err() == nil {
		var req request
		s.own(ctx, "read the ledger", func(ctx context.Context) (err error) {
			req, err = s.gather(ctx)
			return err
		})
		skipped, err := s.send(ctx, req.parts)
		if err != nil {
			return // only because ctx ended: nothing is committed, all of it is sent again
		}
		s.own(ctx, "move the cursor", func(ctx context.Context) error { return s.commit(ctx, req, skipped) })
		s.admit()
		if time.Since(s.surveyed) >= s.opts.Tick { // a long backlog must not hide the lag
			s.own(ctx, "measure the lag", s.survey)
		}
	}
	if ctx.Err() == nil {
		s.caughtUp()
	}
}

// own carries out a step against our own store, again and again with back-off until
// it succeeds or ctx ends: a full disk must not end the sink.
func (s *Sink) own(ctx context.Context, what string, step func(context.Context) error) {
	before := s.Status()
	for wait := s.opts.RetryMin; ctx.Err() == nil; wait = min(2*wait, s.opts.RetryMax) {
		err := step(ctx)
		switch {
		case err == nil && s.Status().State == StateStore:
			s.state(before.State, before.LastError)
			return
		case err == nil, ctx.Err() != nil:
			return
		}
		s.state(StateStore, what+": "+err.Error())
		retry.Pause(ctx, jitter(wait))
	}
}
