// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Readers of the ledger, by the names of their cursors.
const (
	readerOutcomes = "outcomes" // fills the outcome table, the judge and the last telemetry
	readerMessages = "messages" // makes an intent to notify of each incident event and channel
)

// readSlice bounds how many entries are read in one go: what is taken from the ledger
// and derived in one transaction.
const readSlice = 64

// bell tells a reader which ledgers have grown. Ringing never waits.
type bell struct {
	mu    sync.Mutex
	grown map[vouch.CustomerID]bool
	rung  chan struct{} // holds one ring at most: more would say the same
}

func newBell() *bell {
	return &bell{grown: map[vouch.CustomerID]bool{}, rung: make(chan struct{}, 1)}
}

func (b *bell) ring(cs ...vouch.CustomerID) {
	b.mu.Lock()
	for _, c := range cs {
		b.grown[c] = true
	}
	b.mu.Unlock()
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// take returns the ledgers that have grown since the last call, in order.
func (b *bell) take() []vouch.CustomerID {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.Sorted(maps.Keys(b.grown))
	clear(b.grown)
	return out
}

// reader derives from the ledger what the judge and the pages live on.
type reader struct {
	store      store.Store
	judge      *judge
	figures    *figures
	telemetry  *telemetry
	admitter   *admitter
	units      *units
	channels   []notify.Channel                              // that events go to
	service    func(vouch.CustomerID, int) contract.Calendar // service hours of a version of the customer's contract
	book       *books
	page       func(vouch.CustomerID, incident.ID) string // address of an incident's page, or empty
	devicePage func(vouch.CustomerID, vouch.DeviceID) string
	own        note.Verifiers // the collector's key, which signed the records
	bell       *bell
	messages   func() // tells whoever delivers
	changed    func() // tells the loop that looks at verdicts
	log        *slog.Logger
	caught     chan struct{} // closed when every ledger has been read to its end once

	mu sync.Mutex // held while entries are derived: a rebuild and the loop take turns
}

// run reads until ctx ends. Whatever fails is tried again: the cursor has not moved.
func (r *reader) run(ctx context.Context) error {
	customers, err := r.store.Customers(ctx)
	if err != nil {
		return fmt.Errorf("list the ledgers: %w", err)
	}
	for _, c := range customers {
		if err := r.catchUp(ctx, c); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err // what is there cannot be read: better not begin than judge by half
		}
	}
	close(r.caught)
	tick := time.NewTicker(10 * time.Second) // after a failure, or a ring that came too early
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.bell.rung:
		case <-tick.C:
			if !failing {
				continue
			}
		}
		for _, c := range r.bell.take() {
			if err := r.catchUp(ctx, c); err != nil && ctx.Err() == nil {
				r.bell.ring(c)
				if !failing {
					r.log.Error("could not derive from the ledger; trying again", "customer", c, "err", err)
				}
				failing = true
				continue
			}
			failing = false
		}
	}
}

// rebuild forgets the outcome table and what was computed from it, and derives it anew
// from the ledgers. Messages are not sent again: their cursor stays.
func (r *reader) rebuild(ctx context.Context) error {
	r.mu.Lock()
	err := r.store.Reset(ctx, readerOutcomes)
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("forget what is derived: %w", err)
	}
	customers, err := r.store.Customers(ctx)
	if err != nil {
		return fmt.Errorf("list the ledgers: %w", err)
	}
	for _, c := range customers {
		if err := r.catchUp(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// catchUp reads one ledger to its end.
func (r *reader) catchUp(ctx context.Context, c vouch.CustomerID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.catchUpNow(ctx, c)
}

// still reads one ledger to its end and calls f with the number of leaves that were
// read, while nothing more is derived.
func (r *reader) still(ctx context.Context, c vouch.CustomerID, f func(size int64) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.catchUpNow(ctx, c); err != nil {
		return err
	}
	size, err := r.store.Next(ctx, readerOutcomes, c)
	if err != nil {
		return err
	}
	return f(size)
}

// catchUpNow is catchUp for who holds r.mu.
func (r *reader) catchUpNow(ctx context.Context, c vouch.CustomerID) error {
	for _, name := range []string{readerOutcomes, readerMessages} {
		next, err := r.store.Next(ctx, name, c)
		if err != nil {
			return err
		}
		for {
			entries, err := r.store.Entries(ctx, c, next, readSlice)
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				break
			}
			next += int64(len(entries))
			if err := r.derive(ctx, name, c, next, entries); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) derive(ctx context.Context, name string, c vouch.CustomerID, next int64, entries []store.Entry) error {
	d := store.Derivation{Progress: []store.Progress{{Reader: name, Customer: c, Next: next}}}
	var after []func()
	var days []dayKey // that are over and that samples came for
	for _, e := range entries {
		switch {
		case name == readerMessages && e.Kind == store.KindRecord:
			intents, err := r.intents(e)
			if err != nil {
				return err
			}
			d.Intents = append(d.Intents, intents...)
		case name == readerOutcomes && e.Kind == store.KindBatch && !e.Erased:
			f, over, err := r.batch(e, &d)
			if err != nil {
				return err
			}
			after, days = append(after, f), append(days, over...)
		}
	}
	slices.SortFunc(days, dayKey.compare)
	if err := r.figures.deriving(ctx, d, slices.Compact(days)); err != nil {
		return fmt.Errorf("derive %s of %s: %w", name, c, err)
	}
	for _, f := range after {
		f()
	}
	if len(d.Intents) > 0 {
		r.messages()
	}
	if len(after) > 0 {
		r.changed()
	}
	return nil
}

// batch adds to d what a batch says, and returns what is to be done once d is stored,
// and the days that are over and that it bears on.
// The batch was read when it was taken in, so that an error here is our own damage.
func (r *reader) batch(e store.Entry, d *store.Derivation) (func(), []dayKey, error) {
	b, err := evidence.ReadBatch(e.Note)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s %d of %s by %s: %w", e.Stream, e.Seq, e.Customer, e.Agent, err)
	}
	k := agentKey{e.Customer, e.Agent}
	if e.Stream == vouch.Telemetry {
		return func() { r.telemetry.take(k, b) }, nil, nil
	}
	var samples []vouch.Sample
	for line, err := range evidence.DecodeLines(e.Stream, b.Lines) {
		if err != nil {
			return nil, nil, fmt.Errorf("read %s %d of %s by %s: %w", e.Stream, e.Seq, e.Customer, e.Agent, err)
		}
		samples = append(samples, line.Sample)
	}
	doubts := doubtful(samples, b.Clock, e.Received)
	d.Chunks = append(d.Chunks, chunksOf(k, samples, doubts)...)
	return func() {
		r.judge.batch(k, samples, doubts, b.BatchHeader, e.Received)
		r.admitter.batch(k, samples, doubts)
		r.units.batch(k, samples, doubts)
	}, r.figures.touched(k.customer, samples), nil
}

// chunksOf sorts samples into the chunks of the outcome table.
func chunksOf(k agentKey, samples []vouch.Sample, doubts []bool) []store.Chunk {
	sorted := map[store.ChunkKey][]found{}
	var order []store.ChunkKey
	for i, s := range samples {
		key := store.ChunkKey{Customer: k.customer, Subject: string(s.Device), Agent: k.agent, Hour: int64(contract.Floor(s.Start)) / 3600}
		if s.Device == "" {
			key.Subject = selfSubject
		}
		if _, ok := sorted[key]; !ok {
			order = append(order, key)
		}
		sorted[key] = append(sorted[key], foundOf(s, doubts[i]))
	}
	out := make([]store.Chunk, 0, len(order))
	for _, key := range order {
		out = append(out, store.Chunk{ChunkKey: key, Data: appendSegment(nil, sorted[key])})
	}
	return out
}

// intents returns the messages that a record asks for: one for each channel of an
// incident event, or of one about a unit. Their keys make each go out once, however
// often this is read.
func (r *reader) intents(e store.Entry) ([]store.Intent, error) {
	switch {
	case len(r.channels) == 0:
		return nil, nil
	case e.RecordKind == string(evidence.KindUnitSeen):
		return r.unitIntents(e)
	case e.RecordKind != string(evidence.KindIncidentEvent):
		return nil, nil
	}
	rec, err := evidence.OpenRecord(e.Note, r.own)
	if err != nil {
		return nil, fmt.Errorf("read record %s of %s: %w", e.RecordID, e.Customer, err)
	}
	var ev incident.Event
	if err := json.Unmarshal(rec.Body, &ev); err != nil {
		return nil, fmt.Errorf("read record %s of %s: %w", e.RecordID, e.Customer, err)
	}
	if ev.Kind == incident.Noted {
		return nil, nil // a note changes nothing that a receiver acts on
	}
	// The name of a transition holds its record, so that it is the same whenever the
	// ledger is read.
	m := notify.NewEvent(fmt.Sprintf("%s/%s/%s", e.Customer, ev.Incident.ID, e.RecordID), ev, r.page(e.Customer, ev.Incident.ID))
	var out []store.Intent
	hours, mutes := r.service(e.Customer, ev.Incident.Contract), of(r.book, e.Customer, (*book.Book).Mutes)
	var begun time.Time // when its first event was recorded
	for _, k := range of(r.book, e.Customer, (*book.Book).Incidents) {
		if k.ID == string(ev.Incident.ID) {
			begun = k.Recorded
		}
	}
	for _, ch := range r.channels {
		if !ch.Wants(m, hours) {
			continue
		}
		i, err := m.ForChannel(ch.Name, e.Received)
		if err != nil {
			return nil, err
		}
		silence(mutes, &i, m, begun)
		out = append(out, i)
	}
	return out, nil
}
