// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is the height of tiles in C2SP tlog-tiles: 256 hashes each.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// frontier is the complete subtrees that a tree is made of, largest first: one hash
// per bit set in its size.
type frontier []tlog.Hash

// add appends the leaf with index size to a tree of that size and returns the new
// frontier. emit is called for every hash of a tile of level 1 or more that becomes
// known, with its tile level and its index within that level.
func (f frontier) add(size int64, leaf tlog.Hash, emit func(level int, index int64, h tlog.Hash) error) (frontier, error) {
	f = append(f, leaf)
	for level := 1; size&1 == 1; level++ {
		size >>= 1
		last := len(f) - 1
		f[last-1] = tlog.NodeHash(f[last-1], f[last])
		f = f[:last]
		if level%tileHeight == 0 {
			if err := emit(level/tileHeight, size, f[last-1]); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// root returns the Merkle tree hash (RFC 6962 section 2.1).
func (f frontier) root() tlog.Hash {
	if len(f) == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing and cannot fail
		return empty
	}
	h := f[len(f)-1]
	for i := len(f) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f[i], h)
	}
	return h
}

// bytes is how a frontier is stored.
func (f frontier) bytes() []byte {
	b := make([]byte, 0, len(f)*tlog.HashSize)
	for _, h := range f {
		b = append(b, h[:]...)
	}
	return b
}

// parseFrontier reads a stored frontier and holds it against the size and the root
// that were stored with it: a damaged head must not be built upon.
func parseFrontier(data []byte, size int64, root []byte) (frontier, error) {
	if len(data) != bits.OnesCount64(uint64(size))*tlog.HashSize {
		return nil, fmt.Errorf("frontier of %d bytes does not fit a tree of size %d", len(data), size)
	}
	f := frontier(splitHashes(data))
	if h := f.root(); string(h[:]) != string(root) {
		return nil, fmt.Errorf("root %x does not follow from the frontier", root)
	}
	return f, nil
}

// splitHashes cuts data into hashes; a rest shorter than a hash is left out.
func splitHashes(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes
}

// subtree returns the hash of a complete subtree over 1, 2, 4, ... hashes.
func subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}
