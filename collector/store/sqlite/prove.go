// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// RootAt implements [store.Ledger].
func (s *Store) RootAt(ctx context.Context, customer vouch.CustomerID, size int64) (evidence.Hash, error) {
	f, err := s.frontier(ctx, "read root", customer, size)
	if err != nil {
		return evidence.Hash{}, err
	}
	return evidence.Hash(f.root()), nil
}

// Frontier implements [store.Ledger].
func (s *Store) Frontier(ctx context.Context, customer vouch.CustomerID, size int64) ([]evidence.Hash, error) {
	f, err := s.frontier(ctx, "read frontier", customer, size)
	return evidenceHashes(f), err
}

func (s *Store) frontier(ctx context.Context, op string, customer vouch.CustomerID, size int64) (f frontier, err error) {
	err = s.prove(ctx, op, customer, size, size >= 0, func(tiles tlog.HashReader) error {
		var nodes []int64
		for level := 62; level >= 0; level-- {
			if n := size >> level; n&1 == 1 {
				nodes = append(nodes, tlog.StoredHashIndex(level, n-1))
			}
		}
		f, err = tiles.ReadHashes(nodes)
		return err
	})
	return f, err
}

// Tile implements [store.Ledger].
func (s *Store) Tile(ctx context.Context, customer vouch.CustomerID, t evidence.Tile) ([]evidence.Hash, error) {
	op := fmt.Sprintf("read tile %d of level %d of customer %s", t.N, t.Level, customer)
	id, head, err := s.ledger(ctx, customer)
	if err != nil {
		return nil, explain(op, s.dir, err)
	}
	has := int64(0) // hashes of that tile
	if t.Level >= 0 && t.Level*tileHeight < leafBits && t.N >= 0 && t.N <= head.Size>>tileHeight {
		has = head.Size>>(t.Level*tileHeight) - t.N*tileWidth
	}
	if t.Entries || t.Width < 1 || t.Width > tileWidth || int64(t.Width) > has {
		return nil, fmt.Errorf("%s: the ledger has %d entries, the tile no %d hashes: %w", op, head.Size, t.Width, store.ErrNotFound)
	}
	hashes, err := s.tile(ctx, id, tileID{t.Level, t.N})
	switch {
	case err != nil:
		return nil, explain(op, s.dir, err)
	case len(hashes) < t.Width:
		return nil, fmt.Errorf("%s: it is damaged: it has %d hashes, want %d", op, len(hashes), t.Width)
	}
	return evidenceHashes(hashes[:t.Width]), nil
}

// Prove implements [store.Ledger].
func (s *Store) Prove(ctx context.Context, customer vouch.CustomerID, leaf, size int64) ([]evidence.Hash, error) {
	var proof tlog.RecordProof
	op := fmt.Sprintf("prove leaf %d", leaf)
	err := s.prove(ctx, op, customer, size, 0 <= leaf && leaf < size, func(tiles tlog.HashReader) (err error) {
		proof, err = tlog.ProveRecord(size, leaf, tiles)
		return err
	})
	return evidenceHashes(proof), err
}

// Consistency implements [store.Ledger].
func (s *Store) Consistency(ctx context.Context, customer vouch.CustomerID, old, size int64) ([]evidence.Hash, error) {
	var proof tlog.TreeProof
	op := fmt.Sprintf("prove consistency with size %d", old)
	err := s.prove(ctx, op, customer, size, 0 <= old && old <= size, func(tiles tlog.HashReader) (err error) {
		if old > 0 {
			proof, err = tlog.ProveTree(size, old, tiles)
		}
		return err
	})
	return evidenceHashes(proof), err
}

// prove calls f with the tree of a customer, if what is asked lies within the tree of
// that size and the ledger has reached it.
func (s *Store) prove(ctx context.Context, op string, customer vouch.CustomerID, size int64, within bool, f func(tlog.HashReader) error) error {
	id, head, err := s.ledger(ctx, customer)
	if err != nil {
		return explain(op, s.dir, err)
	}
	op = fmt.Sprintf("%s of customer %s in a tree of size %d", op, customer, size)
	if !within || size > head.Size {
		return fmt.Errorf("%s: the ledger has %d entries: %w", op, head.Size, store.ErrNotFound)
	}
	return explain(op, s.dir, f(s.tiles(ctx, id)))
}

func evidenceHashes(list []tlog.Hash) []evidence.Hash {
	hashes := make([]evidence.Hash, len(list))
	for i, h := range list {
		hashes[i] = evidence.Hash(h)
	}
	return hashes
}
