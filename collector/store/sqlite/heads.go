// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// maxHeads bounds the cached heads. Beyond it all are forgotten and read again.
const maxHeads = 100_000

// maxForks is how many refused notes of one customer are kept; further ones are
// only counted, so that an agent gone mad cannot fill the disk.
const maxForks = 1000

// heads is what the writer knows of ledgers and chains without asking. It is right
// because nobody else writes, and is dropped as a whole when a transaction fails.
type heads struct {
	ledgers map[vouch.CustomerID]*ledgerHead
	chains  map[store.ChainKey]*chainHead
	changed []*ledgerHead // to be written before the commit
}

func newHeads() *heads {
	return &heads{
		ledgers: make(map[vouch.CustomerID]*ledgerHead),
		chains:  make(map[store.ChainKey]*chainHead),
	}
}

// ledgerHead is the head of one customer's tree.
type ledgerHead struct {
	customer vouch.CustomerID
	id       int64 // 0 before the first entry
	size     int64
	frontier frontier
	forks    int64 // refused notes that are kept
	changed  bool
}

// chainHead is the head of one chain.
type chainHead struct {
	id    int64            // 0 before the first entry
	agent vouch.AgentID    // of the first entry
	head  *store.ChainHead // nil before the first entry
}

// expect is the head as Append reports it.
func (c *chainHead) expect() store.ChainHead {
	if c.head == nil {
		return store.ChainHead{}
	}
	return *c.head
}

// advance makes the head what it is after e. A rejected note may not say which time
// it speaks of; the chain then covers what it covered before.
func (c *chainHead) advance(e *store.Entry) {
	through := e.Through
	if through.IsZero() && c.head != nil {
		through = c.head.Through
	}
	c.head = &store.ChainHead{ChainKey: chainKey(e), Epoch: e.Epoch, Seq: e.Seq, Hash: e.Last, Through: through}
}

func chainKey(e *store.Entry) store.ChainKey {
	return store.ChainKey{Customer: e.Customer, Key: e.Key, Stream: e.Stream}
}

// ledger returns the head of a customer's tree.
func (t *tx) ledger(ctx context.Context, customer vouch.CustomerID) (*ledgerHead, error) {
	h := t.w.heads
	if l := h.ledgers[customer]; l != nil {
		return l, nil
	}
	l := &ledgerHead{customer: customer}
	var root, front []byte
	found, err := t.row(ctx, `SELECT id, size, root, frontier, (SELECT count(*) FROM fork WHERE ledger = ledger.id)
		FROM ledger WHERE customer = ?`, []any{customer}, &l.id, &l.size, &root, &front, &l.forks)
	if err != nil {
		return nil, err
	}
	if found {
		if l.frontier, err = parseFrontier(front, l.size, root); err != nil {
			return nil, fmt.Errorf("tree head of customer %s is damaged: %v: restore the database from a back-up", customer, err)
		}
	}
	h.ledgers[customer] = l
	return l, nil
}

// create gives the ledger a row before its first entry is written.
func (t *tx) create(ctx context.Context, l *ledgerHead) error {
	if l.id != 0 {
		return nil
	}
	root := l.frontier.root()
	res, err := t.run(ctx, "INSERT INTO ledger (customer, size, root, frontier) VALUES (?, 0, ?, x'')", l.customer, root[:])
	if err != nil {
		return err
	}
	l.id, err = res.LastInsertId()
	return err
}

// grow adds a leaf to the tree and returns its index. Root and frontier are written
// once a transaction, by flush.
func (t *tx) grow(ctx context.Context, l *ledgerHead, leaf tlog.Hash) error {
	f, err := l.frontier.add(l.size, leaf, func(level int, index int64, h tlog.Hash) error {
		return t.exec(ctx, `INSERT INTO tile (ledger, level, n, data) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET data = CAST(data || excluded.data AS BLOB)`,
			l.id, level, index/tileWidth, h[:])
	})
	if err != nil {
		return err
	}
	l.frontier, l.size = f, l.size+1
	if !l.changed {
		l.changed = true
		t.w.heads.changed = append(t.w.heads.changed, l)
	}
	return nil
}

// flush writes the tree heads that the transaction has moved.
func (t *tx) flush(ctx context.Context) error {
	h := t.w.heads
	for _, l := range h.changed {
		root := l.frontier.root()
		if err := t.exec(ctx, "UPDATE ledger SET size = ?, root = ?, frontier = ? WHERE id = ?",
			l.size, root[:], l.frontier.bytes(), l.id); err != nil {
			return err
		}
		l.changed = false
	}
	h.changed = slices.Delete(h.changed, 0, len(h.changed))
	if len(h.ledgers)+len(h.chains) > maxHeads {
		t.w.heads = newHeads()
	}
	return nil
}

// lastOfChain selects the id of the last entry of the chain c; lastThrough the end of
// the time that it covers.
const (
	lastOfChain = `(SELECT id FROM entry WHERE chain = c.id ORDER BY epoch DESC, seq DESC LIMIT 1)`
	lastThrough = `(SELECT t1 FROM entry WHERE chain = c.id AND t1 IS NOT NULL ORDER BY epoch DESC, seq DESC LIMIT 1)`
)

// chain returns the head of the chain that an entry belongs to.
func (t *tx) chain(ctx context.Context, l *ledgerHead, key store.ChainKey) (*chainHead, error) {
	h := t.w.heads
	if c := h.chains[key]; c != nil {
		return c, nil
	}
	c := &chainHead{}
	head := store.ChainHead{ChainKey: key}
	var hash []byte
	var through *int64
	found, err := t.row(ctx, `SELECT c.id, c.agent, e.epoch, e.seq, COALESCE(e.last, e.sha256), `+lastThrough+`
		FROM chain c JOIN entry e ON e.id = `+lastOfChain+`
		WHERE c.ledger = ? AND c.key = ? AND c.stream = ?`,
		[]any{l.id, key.Key, key.Stream}, &c.id, &c.agent, &head.Epoch, &head.Seq, &hash, &through)
	if err != nil {
		return nil, err
	}
	if found {
		copy(head.Hash[:], hash)
		head.Through = timeOf(through)
		c.head = &head
	}
	h.chains[key] = c
	return c, nil
}

// occupant is the entry that has a number of a chain.
type occupant struct {
	leaf int64
	sha  evidence.Hash
	gap  bool
}

// find returns the entry of a chain that has the number seq in epoch, or nil. A gap has
// all numbers that it covers.
func (t *tx) find(ctx context.Context, c *chainHead, epoch, seq uint64) (*occupant, error) {
	var id int64
	var first, last uint64
	var kind int
	var hash []byte
	found, err := t.row(ctx, `SELECT id, COALESCE(first, seq), seq, kind, sha256 FROM entry
		WHERE chain = ? AND epoch = ? AND seq >= ? ORDER BY seq LIMIT 1`,
		[]any{c.id, int64(epoch), int64(seq)}, &id, &first, &last, &kind, &hash)
	if err != nil || !found || first > seq {
		return nil, err
	}
	o := &occupant{leaf: leafOf(id), gap: kind == kindNumber(store.KindGap) || first < last}
	copy(o.sha[:], hash)
	return o, nil
}
