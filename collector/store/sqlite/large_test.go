// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/collector/store/storetest"
)

// large opens a store with a ledger of size leaves for the customer "large" that Append
// would take long to make. Rows of entries, without notes, and tiles are written
// straight into the tables: leaves that stand for nothing and are in no chain, in a tree
// that is right. Rows are as wide as those of batches.
func large(t testing.TB, dir string, size int64) (*sqlite.Store, []tlog.Hash) {
	t.Helper()
	s := openDir(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db")+"?_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	hash := func(i int64) (h tlog.Hash) {
		copy(h[:], fmt.Sprintf("%032d", i))
		return h
	}
	run(`INSERT INTO ledger (id, customer, size, root, frontier) VALUES (1, 'large', 0, x'', x'')`)
	run(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
		INSERT INTO entry (id, kind, epoch, seq, sha256, leafhash, received, t0, t1)
		SELECT (1 << 40) | i, 0, 1793491200000, i + 1, CAST(printf('%032x', i) AS BLOB), CAST(printf('%032d', i) AS BLOB),
			1793491200000 + i, 1793491200000 + i, 1793491260000 + i FROM n`, size)
	leaves := make([]tlog.Hash, size)
	for i := range leaves {
		leaves[i] = hash(int64(i))
	}
	run("BEGIN")
	var edge []tlog.Hash // of the subtrees that the tree is made of, smallest first
	for level, hashes := 0, leaves; len(hashes) > 0; level++ {
		if level > 0 {
			for n := 0; n*256 < len(hashes); n++ {
				var data []byte
				for _, h := range hashes[n*256 : min((n+1)*256, len(hashes))] {
					data = append(data, h[:]...)
				}
				run("INSERT INTO tile (ledger, level, n, data) VALUES (1, ?, ?, ?)", level, n, data)
			}
		}
		for range 8 {
			if len(hashes)%2 == 1 {
				edge = append(edge, hashes[len(hashes)-1])
			}
			above := make([]tlog.Hash, len(hashes)/2)
			for i := range above {
				above[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
			}
			hashes = above
		}
	}
	root := edge[0]
	frontier := bytes.Clone(root[:])
	for _, h := range edge[1:] {
		root, frontier = tlog.NodeHash(h, root), append(h[:], frontier...)
	}
	run("UPDATE ledger SET size = ?, root = ?, frontier = ? WHERE id = 1", size, root[:], frontier)
	run("COMMIT")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return openDir(t, dir), leaves
}

// TestLargeProofs: where a tile of level 1 is full and one of level 2 begins.
func TestLargeProofs(t *testing.T) {
	s, leaves := large(t, t.TempDir(), 65537)
	head, err := s.Head(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	if root, err := s.RootAt(t.Context(), "large", 65537); err != nil || root != head.Root {
		t.Errorf("RootAt = %v, %v, want that of the head, %v", root, err, head.Root)
	}
	storetest.Proofs(t, s, "large", leaves, 1, 255, 256, 257, 65279, 65280, 65281, 65535, 65536, 65537)
}
