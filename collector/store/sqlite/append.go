// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/collector/store"
)

// prepared is an entry with all that can be computed before its turn comes.
type prepared struct {
	store.Entry
	body     []byte
	leafHash tlog.Hash
	leaf     []byte // nil where it follows from the other fields
}

// Append implements [store.Ledger]. Times are kept in whole milliseconds. Hashing
// and compressing happen here, on the caller's processor, before the entries wait.
func (s *Store) Append(ctx context.Context, entries []store.Entry) ([]store.Appended, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	ps := make([]prepared, len(entries))
	for i := range entries {
		if err := checkEntry(&entries[i]); err != nil {
			return nil, fmt.Errorf("append entry %d of %d of customer %q: %v", i+1, len(entries), entries[i].Customer, err)
		}
		ps[i] = s.prepare(entries[i])
	}
	results := make([]store.Appended, len(ps))
	err := s.writer.do(ctx, s.writer.appends, len(ps), func(ctx context.Context, t *tx) (err error) {
		for i := range ps {
			if results[i], err = t.append(ctx, &ps[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, explain("append", s.dir, err)
	}
	return results, nil
}

func (s *Store) prepare(e store.Entry) prepared {
	e.Received = e.Received.UTC().Truncate(time.Millisecond)
	e.From = e.From.UTC().Truncate(time.Millisecond)
	e.Through = e.Through.UTC().Truncate(time.Millisecond)
	p := prepared{Entry: e, body: s.bodies.pack(e.Note), leafHash: tlog.RecordHash(e.Leaf)}
	if !bytes.Equal(e.Leaf, canonicalLeaf(&e)) {
		p.leaf = e.Leaf
	}
	return p
}

// append decides about one entry and carries the decision out.
func (t *tx) append(ctx context.Context, p *prepared) (store.Appended, error) {
	l, err := t.ledger(ctx, p.Customer)
	if err != nil {
		return store.Appended{}, err
	}
	if p.Kind == store.KindRecord {
		return t.appendRecord(ctx, l, p)
	}
	c, err := t.chain(ctx, l, chainKey(&p.Entry))
	if err != nil {
		return store.Appended{}, err
	}
	switch placeOf(c.head, &p.Entry) {
	case next:
		leaf, err := t.appendChained(ctx, l, c, p)
		return store.Appended{Status: store.Stored, Leaf: leaf, Expect: c.expect()}, err
	case early:
		return store.Appended{Status: store.Ahead, Expect: c.expect()}, nil
	case unchained:
		return store.Appended{Status: store.Broken, Expect: c.expect()}, t.refuse(ctx, l, c, p, true)
	}
	o, err := t.find(ctx, c, p.Epoch, p.First)
	if err != nil {
		return store.Appended{}, err
	}
	a := store.Appended{Status: repeat(c.head, &p.Entry, o), Expect: c.expect()}
	switch a.Status {
	case store.Duplicate:
		a.Leaf = o.leaf
	case store.Forked:
		err = t.refuse(ctx, l, c, p, false)
	}
	return a, err
}

// appendRecord stores a record unless the very same one is there.
func (t *tx) appendRecord(ctx context.Context, l *ledgerHead, p *prepared) (store.Appended, error) {
	var id int64
	found, err := t.row(ctx, "SELECT id FROM record WHERE ledger = ? AND record = ? AND sha256 = ?",
		[]any{l.id, p.RecordID, p.SHA256[:]}, &id)
	if err != nil {
		return store.Appended{}, err
	}
	if found {
		return store.Appended{Status: store.Duplicate, Leaf: leafOf(id)}, nil
	}
	leaf, err := t.appendLeaf(ctx, l, nil, p)
	if err != nil {
		return store.Appended{}, err
	}
	err = t.exec(ctx, "INSERT INTO record (id, ledger, record, kind, sha256) VALUES (?, ?, ?, ?, ?)",
		rowID(l.id, leaf), l.id, p.RecordID, p.RecordKind, p.SHA256[:])
	return store.Appended{Status: store.Stored, Leaf: leaf}, err
}

// appendChained stores the note that is due and moves the head of its chain.
func (t *tx) appendChained(ctx context.Context, l *ledgerHead, c *chainHead, p *prepared) (int64, error) {
	if c.id == 0 {
		if err := t.create(ctx, l); err != nil {
			return 0, err
		}
		res, err := t.run(ctx, "INSERT INTO chain (ledger, key, stream, agent) VALUES (?, ?, ?, ?)",
			l.id, p.Key, p.Stream, p.Agent)
		if err != nil {
			return 0, err
		}
		if c.id, err = res.LastInsertId(); err != nil {
			return 0, err
		}
		c.agent = p.Agent
	}
	leaf, err := t.appendLeaf(ctx, l, c, p)
	if err == nil {
		c.advance(&p.Entry)
	}
	return leaf, err
}

// appendLeaf writes entry, body and tiles; c is nil for a record. It returns the
// index of the leaf.
func (t *tx) appendLeaf(ctx context.Context, l *ledgerHead, c *chainHead, p *prepared) (int64, error) {
	if err := t.create(ctx, l); err != nil {
		return 0, err
	}
	var chain, epoch, first, seq, agent any
	if c != nil {
		chain, epoch, seq = c.id, int64(p.Epoch), int64(p.Seq)
		first, agent = unless(p.First == p.Seq, int64(p.First)), unless(p.Agent == c.agent, p.Agent)
	}
	lastFollows := p.Last == p.SHA256 || p.Kind == store.KindRecord
	leaf := l.size
	err := t.exec(ctx, `INSERT INTO entry
		(id, kind, chain, epoch, first, seq, agent, sha256, last, leafhash, received, t0, t1, reason, leaf)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		rowID(l.id, leaf), kindNumber(p.Kind), chain, epoch, first, seq, agent,
		p.SHA256[:], unless(lastFollows, p.Last[:]), p.leafHash[:],
		millis(p.Received), millis(p.From), millis(p.Through),
		unless(p.Reason == "", p.Reason), unless(p.leaf == nil, p.leaf))
	if err != nil {
		return 0, err
	}
	if err := t.exec(ctx, "INSERT INTO body (id, data) VALUES (?, ?)", rowID(l.id, leaf), p.body); err != nil {
		return 0, err
	}
	return leaf, t.grow(ctx, l, p.leafHash)
}

// refuse keeps a note as evidence of equivocation, once, while there is room.
func (t *tx) refuse(ctx context.Context, l *ledgerHead, c *chainHead, p *prepared, broken bool) error {
	var known int
	found, err := t.row(ctx, "SELECT 1 FROM fork WHERE ledger = ? AND sha256 = ?", []any{l.id, p.SHA256[:]}, &known)
	if err != nil || found {
		return err
	}
	if l.forks >= maxForks {
		return t.exec(ctx, "UPDATE ledger SET forks_dropped = forks_dropped + 1 WHERE id = ?", l.id)
	}
	l.forks++
	return t.exec(ctx, `INSERT INTO fork
		(ledger, chain, broken, kind, agent, epoch, first, seq, prev, sha256, received, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		l.id, c.id, broken, kindNumber(p.Kind), p.Agent, int64(p.Epoch), int64(p.First), int64(p.Seq),
		p.Prev[:], p.SHA256[:], millis(p.Received), p.body)
}

// kinds lists the kinds of entry; the index of each is how it is stored.
func kinds() [4]store.Kind {
	return [...]store.Kind{store.KindBatch, store.KindGap, store.KindRecord, store.KindRejected}
}

// kindNumber is how a kind is stored.
func kindNumber(k store.Kind) int {
	for i, kind := range kinds() {
		if k == kind {
			return i
		}
	}
	panic("sqlite: entry of kind " + string(k) + " passed checkEntry")
}
