// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// authorCollector is the author of what the collector decides by itself.
const authorCollector = "collector"

// recorder writes records. It numbers them per customer and kind, so it is the only
// writer of records; calls are taken one at a time.
type recorder struct {
	ledger   store.Ledger
	signer   note.Signer
	verifier note.Verifier
	now      func() time.Time
	written  func([]evidence.Record) // told of what was written; must not wait

	mu   sync.Mutex
	next map[recordSeries]int // number of the next record of a series; loaded on first use
}

type recordSeries struct {
	customer vouch.CustomerID
	kind     evidence.RecordKind
}

// draft is a record about to be written.
type draft struct {
	customer  vouch.CustomerID
	kind      evidence.RecordKind
	effective time.Time // zero for "when it is recorded"
	author    string
	corrects  string // id of the record that this one corrects; empty for none
	body      any    // encoded as canonical JSON; a function gets the id of the record and returns it
}

// write records drafts of one or several customers in one call: all or none. It
// returns them as they stand in the ledger.
func (r *recorder) write(ctx context.Context, drafts ...draft) ([]evidence.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writeNow(ctx, drafts...)
}

// still calls f while nobody else writes a record.
func (r *recorder) still(f func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f()
}

// writeNow is write for who holds r.mu.
func (r *recorder) writeNow(ctx context.Context, drafts ...draft) ([]evidence.Record, error) {
	now := milli(r.now())
	var records []evidence.Record
	var entries []store.Entry
	taken := map[recordSeries]int{}
	for _, d := range drafts {
		series := recordSeries{d.customer, d.kind}
		n, err := r.number(ctx, series)
		if err != nil {
			return nil, err
		}
		rec, err := r.seal(d, recordID(d.kind, n+taken[series]), now)
		if err != nil {
			return nil, err
		}
		taken[series]++
		records = append(records, rec)
		entries = append(entries, recordEntry(rec, now))
	}
	if _, err := r.ledger.Append(ctx, entries); err != nil {
		clear(r.next) // what the ledger holds now is not known: count again
		return nil, fmt.Errorf("write %d records: %w", len(entries), err)
	}
	for s, n := range taken {
		r.next[s] += n
	}
	r.written(records)
	return records, nil
}

// recordID is the id of the n-th record of a kind, from 1. That they have no hole shows
// whoever verifies that none was left out.
func recordID(k evidence.RecordKind, n int) string { return fmt.Sprintf("%s-%d", k, n) }

// number returns the number of the next record of a series, and loads it when it is
// not known. r.mu is held.
func (r *recorder) number(ctx context.Context, s recordSeries) (int, error) {
	if s.customer == vouch.Anchors {
		// There are too many to count. Its leaves tell them apart as well: no other
		// notes stand in that ledger.
		head, err := r.ledger.Head(ctx, s.customer)
		if err != nil {
			return 0, fmt.Errorf("count the records of %s: %w", s.customer, err)
		}
		return int(head.Size) + 1, nil
	}
	if n, ok := r.next[s]; ok {
		return n, nil
	}
	have, err := r.ledger.Records(ctx, s.customer, string(s.kind))
	if err != nil {
		return 0, fmt.Errorf("count the %s records of %s: %w", s.kind, s.customer, err)
	}
	r.next[s] = len(have) + 1
	return r.next[s], nil
}

func (r *recorder) seal(d draft, id string, now time.Time) (evidence.Record, error) {
	if named, ok := d.body.(func(id string) (any, error)); ok {
		var err error
		if d.body, err = named(id); err != nil {
			return evidence.Record{}, err
		}
	}
	body, err := evidence.MarshalCanonical(d.body)
	if err != nil {
		return evidence.Record{}, fmt.Errorf("encode %s record of %s: %w", d.kind, d.customer, err)
	}
	nonce, err := evidence.NewNonce(rand.Reader)
	if err != nil {
		return evidence.Record{}, err
	}
	effective := d.effective
	if effective.IsZero() {
		effective = now
	}
	return evidence.SealRecord(evidence.RecordHeader{
		Customer: d.customer, Kind: d.kind, ID: id, Recorded: now, Effective: milli(effective), Author: d.author, Corrects: d.corrects, Nonce: nonce,
	}, body, r.signer)
}

// recordEntry returns the ledger entry of a record.
func recordEntry(r evidence.Record, received time.Time) store.Entry {
	return store.Entry{
		Customer: r.Customer, Kind: store.KindRecord, RecordID: r.ID, RecordKind: string(r.Kind), SHA256: r.Hash,
		Received: received, From: r.Recorded, Through: r.Recorded, Leaf: r.Leaf(received).Append(nil), Note: r.Raw,
	}
}

// records opens the records of a customer of some kinds, in the order of the ledger.
// A record that does not open is our own damage and stops the caller.
func (r *recorder) records(ctx context.Context, c vouch.CustomerID, kinds ...evidence.RecordKind) ([]evidence.Record, error) {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	entries, err := r.ledger.Records(ctx, c, names...)
	if err != nil {
		return nil, fmt.Errorf("read the records of %s: %w", c, err)
	}
	out := make([]evidence.Record, 0, len(entries))
	for _, e := range entries {
		rec, err := r.open(e)
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}

// open opens the record of an entry.
func (r *recorder) open(e store.Entry) (evidence.Record, error) {
	rec, err := evidence.OpenRecord(e.Note, note.VerifierList(r.verifier))
	if err != nil {
		return rec, fmt.Errorf("read record %s of %s: %w; run `vouch ledger check`", e.RecordID, e.Customer, err)
	}
	return rec, nil
}

// sync makes the ledger of a customer say what is configured: for every subject
// whose newest record of the kind has another body, a new record is written. It
// returns those.
func (r *recorder) sync(ctx context.Context, c vouch.CustomerID, kind evidence.RecordKind, author string, want map[string]any) ([]evidence.Record, error) {
	have, err := r.records(ctx, c, kind)
	if err != nil {
		return nil, err
	}
	newest := map[string]evidence.Record{}
	for _, rec := range have {
		newest[book.SubjectOf(rec.Body)] = rec
	}
	var drafts []draft
	for _, subject := range slices.Sorted(maps.Keys(want)) {
		body, err := evidence.MarshalCanonical(want[subject])
		if err != nil {
			return nil, fmt.Errorf("encode %s record of %s: %w", kind, c, err)
		}
		was := newest[subject]
		if bytes.Equal(body, was.Body) {
			continue
		}
		drafts = append(drafts, draft{customer: c, kind: kind, author: author, corrects: restates(was, want[subject]), body: want[subject]})
	}
	if len(drafts) == 0 {
		return nil, nil
	}
	return r.write(ctx, drafts...)
}
