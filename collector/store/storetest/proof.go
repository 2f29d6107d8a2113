// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"math/bits"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// testProofs: roots, frontiers and proofs within trees of many sizes, held against the
// checks of tlog.
func testProofs(t *testing.T, open Opener) {
	s := open(t)
	empty := evidence.Hash(tree(nil).root(t, 0))
	if root, err := s.RootAt(t.Context(), "nobody", 0); err != nil || root != empty {
		t.Errorf("RootAt(nobody, 0) = %v, %v, want %v", root, err, empty)
	}
	const size = 600 // two full tiles and a part of a third
	tr := appendMany(t, s, size)
	p := proofs{t, s, acme, tr}
	p.check(0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 599, size)
	p.tiles(size)
	for name, ask := range map[string]func(c vouch.CustomerID, part, size int64) error{
		"RootAt":      func(c vouch.CustomerID, _, n int64) error { _, err := s.RootAt(t.Context(), c, n); return err },
		"Frontier":    func(c vouch.CustomerID, _, n int64) error { _, err := s.Frontier(t.Context(), c, n); return err },
		"Prove":       func(c vouch.CustomerID, i, n int64) error { _, err := s.Prove(t.Context(), c, i, n); return err },
		"Consistency": func(c vouch.CustomerID, o, n int64) error { _, err := s.Consistency(t.Context(), c, o, n); return err },
	} {
		for _, c := range []struct {
			customer   vouch.CustomerID
			part, size int64
			parts      bool // only for what speaks of a part
		}{
			{acme, 0, -1, false}, {acme, 0, size + 1, false}, {acme, 0, 1 << 62, false}, {"nobody", 0, 1, false},
			{acme, -1, 5, true}, {acme, 6, 5, true},
		} {
			if c.parts && (name == "RootAt" || name == "Frontier") {
				continue
			}
			if err := ask(c.customer, c.part, c.size); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s(%s, %d, %d) = %v, want %v", name, c.customer, c.part, c.size, err, store.ErrNotFound)
			}
		}
	}
	for _, n := range []int64{0, 5, size} {
		if _, err := s.Prove(t.Context(), acme, n, n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Prove(%d, %d) = %v, want %v: the leaf is not in that tree", n, n, err, store.ErrNotFound)
		}
	}
}

// Proofs holds what a ledger says of its tree against the checks of tlog: roots,
// frontiers and proofs at some sizes, and tiles. The ledger has a leaf for each of
// the hashes. It is for ledgers too large to be made by Append.
func Proofs(t *testing.T, s store.Ledger, customer vouch.CustomerID, leaves []tlog.Hash, sizes ...int64) {
	t.Helper()
	var tr tree
	for i, h := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), h, tr)
		if err != nil {
			t.Fatal(err)
		}
		tr = append(tr, more...)
	}
	p := proofs{t, s, customer, tr}
	p.check(sizes...)
	p.tiles(int64(len(leaves)))
}

// appendMany appends n entries to the ledger of acme and returns their tree.
func appendMany(t *testing.T, s store.Ledger, n int) tree {
	t.Helper()
	entries := chained(availability(acme, key1), n)
	var leaves [][]byte
	for _, e := range entries {
		leaves = append(leaves, e.Leaf)
	}
	mustAppend(t, s, entries...)
	return treeOf(t, leaves)
}

// proofs is a ledger and the tree that it must have.
type proofs struct {
	t        *testing.T
	s        store.Ledger
	customer vouch.CustomerID
	tree     tree
}

// check holds what the ledger says of its first sizes leaves against their tree.
func (p proofs) check(sizes ...int64) {
	t, tr := p.t, p.tree
	t.Helper()
	for _, n := range sizes {
		want := tr.root(t, n)
		if got, err := p.s.RootAt(t.Context(), p.customer, n); err != nil || got != evidence.Hash(want) {
			t.Errorf("RootAt(%d) = %v, %v, want %v", n, got, err, want)
		}
		p.frontier(n)
		for _, leaf := range []int64{0, 1, n / 3, n / 2, n - 256, n - 2, n - 1} {
			if leaf < 0 || leaf >= n {
				continue
			}
			hashes, err := p.s.Prove(t.Context(), p.customer, leaf, n)
			if err != nil {
				t.Fatalf("Prove(%d, %d) = %v", leaf, n, err)
			}
			if err := tlog.CheckRecord(tlogHashes(hashes), n, want, leaf, tr[tlog.StoredHashIndex(0, leaf)]); err != nil {
				t.Errorf("Prove(%d, %d) is no proof: %v", leaf, n, err)
			}
		}
		for _, old := range sizes {
			if old <= n {
				p.consistency(old, n)
			}
		}
	}
}

// frontier computes the root of n leaves from their frontier: from right to left,
// each subtree is the left sibling of what stands to its right (RFC 6962 section 2.1).
func (p proofs) frontier(n int64) {
	t, tr := p.t, p.tree
	t.Helper()
	front, err := p.s.Frontier(t.Context(), p.customer, n)
	if err != nil {
		t.Fatalf("Frontier(%d) = %v", n, err)
	}
	if got, want := len(front), bits.OnesCount64(uint64(n)); got != want {
		t.Fatalf("Frontier(%d) has %d hashes, want %d", n, got, want)
	}
	if n == 0 {
		return
	}
	root := tlog.Hash(front[len(front)-1])
	for _, h := range slices.Backward(front[:len(front)-1]) {
		root = tlog.NodeHash(tlog.Hash(h), root)
	}
	if want := tr.root(t, n); root != want {
		t.Errorf("Frontier(%d) comes to the root %v, want %v", n, root, want)
	}
}

func (p proofs) consistency(old, n int64) {
	t, tr := p.t, p.tree
	t.Helper()
	hashes, err := p.s.Consistency(t.Context(), p.customer, old, n)
	if err != nil {
		t.Fatalf("Consistency(%d, %d) = %v", old, n, err)
	}
	if old == 0 || old == n {
		if len(hashes) != 0 {
			t.Errorf("Consistency(%d, %d) has %d hashes, want none", old, n, len(hashes))
		}
		return
	}
	if err := tlog.CheckTree(tlogHashes(hashes), n, tr.root(t, n), old, tr.root(t, old)); err != nil {
		t.Errorf("Consistency(%d, %d) is no proof: %v", old, n, err)
	}
}

// tiles reads the first and the last tiles of each level of a ledger of n leaves, full
// and partial.
func (p proofs) tiles(n int64) {
	t, tr := p.t, p.tree
	t.Helper()
	for level := 0; level < 5; level++ {
		count := n >> (8 * level)
		last := count / evidence.TileWidth
		for _, tile := range slices.Compact([]int64{0, min(1, last), max(last-1, 0), last}) {
			has := int(min(count-tile*evidence.TileWidth, evidence.TileWidth))
			for _, width := range []int{-1, 0, 1, has - 1, has, has + 1, 256, 257} {
				name := evidence.Tile{Level: level, N: tile, Width: width}
				hashes, err := p.s.Tile(t.Context(), p.customer, name)
				if width < 1 || width > has {
					if !errors.Is(err, store.ErrNotFound) {
						t.Errorf("Tile(%+v) of a tree of %d leaves = %v, want %v", name, n, err, store.ErrNotFound)
					}
					continue
				}
				if err != nil || len(hashes) != width {
					t.Fatalf("Tile(%+v) = %d hashes, %v, want %d", name, len(hashes), err, width)
				}
				for i, h := range hashes {
					if want := tr[tlog.StoredHashIndex(8*level, tile*evidence.TileWidth+int64(i))]; tlog.Hash(h) != want {
						t.Fatalf("Tile(%+v): hash %d = %v, want %v", name, i, h, want)
					}
				}
			}
		}
	}
	for _, name := range []evidence.Tile{
		{Level: -1, Width: 1}, {Level: 6, Width: 1}, {Level: 63, Width: 1}, {N: -1, Width: 1}, {N: 1 << 62, Width: 1}, {Width: 1, Entries: true},
	} {
		if _, err := p.s.Tile(t.Context(), p.customer, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Tile(%+v) = %v, want %v", name, err, store.ErrNotFound)
		}
	}
}

func tlogHashes(hashes []evidence.Hash) []tlog.Hash {
	list := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		list[i] = tlog.Hash(h)
	}
	return list
}
