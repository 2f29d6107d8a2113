// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/evidence"
)

// tree is a Merkle tree that is grown leaf by leaf (RFC 6962 section 2.1). It keeps the
// complete subtrees alone, largest first.
type tree struct {
	size  int64
	edges []evidence.Hash
}

// newTree begins with a tree of so many leaves and its complete subtrees.
func newTree(size int64, edges []evidence.Hash) (*tree, error) {
	if size < 0 || len(edges) != bits.OnesCount64(uint64(size)) {
		return nil, fmt.Errorf("%d hashes are not the edge of a tree of %d leaves", len(edges), size)
	}
	return &tree{size, append([]evidence.Hash(nil), edges...)}, nil
}

// add appends a leaf by its hash.
func (t *tree) add(leaf evidence.Hash) {
	t.edges = append(t.edges, leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edges) - 1
		t.edges[last-1] = node(t.edges[last-1], t.edges[last])
		t.edges = t.edges[:last]
	}
	t.size++
}

// root returns the hash of the tree.
func (t *tree) root() evidence.Hash {
	if len(t.edges) == 0 {
		h, _ := tlog.TreeHash(0, nil) // reads nothing
		return evidence.Hash(h)
	}
	h := t.edges[len(t.edges)-1]
	for i := len(t.edges) - 2; i >= 0; i-- {
		h = node(t.edges[i], h)
	}
	return h
}

func node(a, b evidence.Hash) evidence.Hash {
	return evidence.Hash(tlog.NodeHash(tlog.Hash(a), tlog.Hash(b)))
}
