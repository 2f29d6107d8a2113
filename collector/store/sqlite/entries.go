// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// Entries implements [store.Ledger]. All n of them are in memory at once.
func (s *Store) Entries(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]store.Entry, error) {
	return s.page(ctx, customer, from, n, true)
}

// Leaves implements [store.Ledger].
func (s *Store) Leaves(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]store.Entry, error) {
	return s.page(ctx, customer, from, n, false)
}

func (s *Store) page(ctx context.Context, customer vouch.CustomerID, from int64, n int, notes bool) ([]store.Entry, error) {
	id, _, err := s.ledger(ctx, customer)
	if err != nil || id == 0 || n <= 0 {
		return nil, explain("read entries", s.dir, err)
	}
	if from < 0 {
		return nil, fmt.Errorf("read entries of customer %s from leaf %d: leaves begin with 0", customer, from)
	}
	if from >= 1<<leafBits {
		return nil, nil // beyond what a row id can number: the rows of another customer
	}
	entries, err := s.entries(ctx, customer, notes, "WHERE e.id >= ? AND e.id < ? ORDER BY e.id LIMIT ?",
		rowID(id, from), rowID(id+1, 0), n)
	return entries, explain("read entries", s.dir, err)
}

// Record implements [store.Ledger].
func (s *Store) Record(ctx context.Context, customer vouch.CustomerID, id string) (store.Entry, error) {
	entries, err := s.entries(ctx, customer, true, `WHERE e.id = (SELECT max(r.id) FROM record r JOIN ledger l ON l.id = r.ledger
		WHERE l.customer = ? AND r.record = ?)`, customer, id)
	if err != nil {
		return store.Entry{}, explain("read record", s.dir, err)
	}
	if len(entries) == 0 {
		return store.Entry{}, fmt.Errorf("record %q of customer %s: %w", id, customer, store.ErrNotFound)
	}
	return entries[0], nil
}

// Records implements [store.Ledger].
func (s *Store) Records(ctx context.Context, customer vouch.CustomerID, kinds ...string) ([]store.Entry, error) {
	where := "WHERE r.ledger = (SELECT id FROM ledger WHERE customer = ?)"
	args := []any{customer}
	if len(kinds) > 0 {
		where += " AND r.kind IN (?" + strings.Repeat(", ?", len(kinds)-1) + ")"
		for _, k := range kinds {
			args = append(args, k)
		}
	}
	entries, err := s.entries(ctx, customer, true, where+" ORDER BY r.id", args...)
	return entries, explain("read records", s.dir, err)
}

// ledger returns the row of a customer, zero where there is none.
func (s *Store) ledger(ctx context.Context, customer vouch.CustomerID) (id int64, head store.TreeHead, err error) {
	var root []byte
	err = s.reader.QueryRowContext(ctx, "SELECT id, size, root FROM ledger WHERE customer = ?", customer).
		Scan(&id, &head.Size, &root)
	if errors.Is(err, sql.ErrNoRows) {
		root := frontier(nil).root()
		return 0, store.TreeHead{Root: evidence.Hash(root)}, nil
	}
	head.Root = hashOf(root)
	return id, head, err
}

// entries returns the entries of a customer that a WHERE clause selects, with their
// notes or without.
func (s *Store) entries(ctx context.Context, customer vouch.CustomerID, notes bool, where string, args ...any) ([]store.Entry, error) {
	rows, err := s.scan(ctx, notes, where, args...)
	if err != nil {
		return nil, err
	}
	var entries []store.Entry
	for i := range rows {
		e, err := rows[i].entry(customer)
		if err == nil && notes {
			e.Note, err = s.note(ctx, &rows[i])
			e.Erased = err == nil && e.Note == nil
		}
		if err != nil {
			return nil, fmt.Errorf("leaf %d of customer %s: %w", leafOf(rows[i].id), customer, err)
		}
		entries = append(entries, e)
		rows[i].body = nil // so that a long page is not in memory twice
	}
	return entries, nil
}

// row is an entry as it is stored, with what belongs to it.
type row struct {
	id, kind                  int64
	key, stream, agent        sql.NullString
	epoch, first, seq         sql.NullInt64
	sha256, last, prev        []byte
	leafHash, leaf, body      []byte
	hasBody                   bool // its note is in a row of its own
	received, from, through   *int64
	reason, record, recordTag sql.NullString
}

// scan returns the entries that a WHERE clause over e (entry) and r (record) selects,
// with their packed notes or without. With an error it returns those before it.
func (s *Store) scan(ctx context.Context, notes bool, where string, args ...any) ([]row, error) {
	note, join := "NULL, 0", ""
	if notes {
		note, join = "b.data, b.id IS NOT NULL", "LEFT JOIN body b ON b.id = e.id "
	}
	return query(ctx, s.reader, `SELECT e.id, e.kind, c.key, c.stream, COALESCE(e.agent, c.agent),
			e.epoch, e.first, e.seq, e.sha256, e.last,
			(SELECT COALESCE(p.last, p.sha256) FROM entry p
				WHERE p.chain = e.chain AND p.epoch = e.epoch AND p.seq = COALESCE(e.first, e.seq) - 1),
			e.leafhash, e.leaf, `+note+`, e.received, e.t0, e.t1, e.reason, r.record, r.kind
		FROM entry e
		LEFT JOIN chain c ON c.id = e.chain
		LEFT JOIN record r ON r.id = e.id
		`+join+where, args, func(scan scanner) (r row, err error) {
		err = scan(&r.id, &r.kind, &r.key, &r.stream, &r.agent,
			&r.epoch, &r.first, &r.seq, &r.sha256, &r.last, &r.prev,
			&r.leafHash, &r.leaf, &r.body, &r.hasBody, &r.received, &r.from, &r.through, &r.reason, &r.record, &r.recordTag)
		return r, err
	})
}

// entry builds the entry from its row, without its note. It verifies no hash: that is
// Check's task.
func (r *row) entry(customer vouch.CustomerID) (store.Entry, error) {
	kinds := kinds()
	if r.kind < 0 || int(r.kind) >= len(kinds) {
		return store.Entry{}, fmt.Errorf("kind %d is not known", r.kind)
	}
	e := store.Entry{
		Index: leafOf(r.id), Customer: customer, Kind: kinds[r.kind],
		Agent: vouch.AgentID(r.agent.String), Key: r.key.String, Stream: vouch.Stream(r.stream.String),
		Epoch: uint64(r.epoch.Int64), First: uint64(r.first.Int64), Seq: uint64(r.seq.Int64),
		Prev: hashOf(r.prev), Last: hashOf(r.last), SHA256: hashOf(r.sha256),
		RecordID: r.record.String, RecordKind: r.recordTag.String, Reason: r.reason.String,
		Received: timeOf(r.received), From: timeOf(r.from), Through: timeOf(r.through),
		Leaf: r.leaf,
	}
	if !r.first.Valid {
		e.First = e.Seq
	}
	if r.last == nil {
		e.Last = e.SHA256
	}
	if e.Leaf == nil {
		e.Leaf = canonicalLeaf(&e)
	}
	return e, nil
}
