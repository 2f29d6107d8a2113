// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// leafTile is two readings of a tile of level 0: the hashes in the column, and those
// computed from the leaf records. Where they differ one of them is damaged, and the
// tile above tells which.
type leafTile struct{ stored, derived []tlog.Hash }

// perRead is how many entries are in memory at once, with their notes.
const perRead = 32

// leaves re-reads the count leaves of a tile and reports what is wrong with them.
func (c *checker) leaves(ctx context.Context, n, count int64) (leafTile, error) {
	t := leafTile{make([]tlog.Hash, count), make([]tlog.Hash, count)}
	from := n * tileWidth
	for at := from; at < from+count; at += perRead {
		end := min(at+perRead, from+count)
		seen := make([]bool, end-at)
		read := func(where string, args ...any) error {
			rows, err := c.s.scan(ctx, true, where, args...)
			for i := range rows {
				leaf := leafOf(rows[i].id)
				seen[leaf-at] = true
				t.stored[leaf-from], t.derived[leaf-from] = c.leaf(ctx, &rows[i])
			}
			return err
		}
		err := read("WHERE e.id >= ? AND e.id < ? ORDER BY e.id", rowID(c.id, at), rowID(c.id, end))
		for i, ok := range seen {
			leaf := at + int64(i)
			if ok || ctx.Err() != nil {
				continue
			}
			if err != nil {
				// A page cannot be read. One leaf at a time, what lies beside it can.
				if one := read("WHERE e.id = ?", rowID(c.id, leaf)); one != nil {
					c.report("leaf %d: its entry cannot be read: %v", leaf, one)
					continue
				}
			}
			if !seen[i] {
				c.report("leaf %d: its entry is missing", leaf)
			}
		}
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
	}
	return t, nil
}

// leaf verifies one entry: note, leaf record, and its place in its chain. It returns
// the leaf hash as it is stored and as it follows from the record.
func (c *checker) leaf(ctx context.Context, r *row) (stored, derived tlog.Hash) {
	leaf := leafOf(r.id)
	if leaf != c.due {
		// Leaves are missing, of whichever chains: their numbers cannot be known.
		clear(c.chains)
		c.hole = true
	}
	c.due = leaf + 1
	e, err := r.entry(c.customer)
	if err == nil {
		e.Note, err = c.s.note(ctx, r)
	}
	switch {
	case err != nil:
		c.report("leaf %d: %v", leaf, err)
	case e.Note != nil && evidence.Sum(e.Note) != e.SHA256: // nil: it was erased
		c.report("leaf %d: the note does not have the hash %x that its entry names", leaf, e.SHA256)
	}
	stored, derived = tlog.Hash(hashOf(r.leafHash)), tlog.RecordHash(e.Leaf)
	if stored != derived {
		c.report("leaf %d: its leaf record does not have the leaf hash %x that is stored with it", leaf, stored)
	}
	if e.Key != "" {
		c.follow(leaf, e)
	}
	return stored, derived
}

// follow checks that the numbers of a chain run without a hole.
func (c *checker) follow(leaf int64, e store.Entry) {
	e.Note, e.Leaf = nil, nil
	before, known := c.chains[chainKey(&e)]
	c.chains[chainKey(&e)] = e
	switch {
	case !known && c.hole:
	case e.Epoch == before.Epoch && e.First != before.Seq+1:
		c.report("leaf %d: number %d of epoch %d of key %s, stream %s, comes after number %d", leaf, e.First, e.Epoch, e.Key, e.Stream, before.Seq)
	case e.Epoch < before.Epoch:
		c.report("leaf %d: epoch %d of key %s, stream %s, comes after epoch %d", leaf, e.Epoch, e.Key, e.Stream, before.Epoch)
	case e.Epoch > before.Epoch && e.First != 1:
		c.report("leaf %d: epoch %d of key %s, stream %s, begins with number %d", leaf, e.Epoch, e.Key, e.Stream, e.First)
	}
}
