// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// testManyWriters: 64 agents of four customers append at once, and every ledger is
// whole.
func testManyWriters(t *testing.T, open Opener) {
	s := open(t)
	const writers, each = 64, 12
	var g errgroup.Group
	for w := range writers {
		g.Go(func() error {
			key := availability(vouch.CustomerID(fmt.Sprintf("c%d", w%4)), fmt.Sprintf("%08x", w))
			entries := chained(key, each)
			for i, sizes := 0, []int{1, 2, 3}; i < each; {
				n := min(sizes[(w+i)%3], each-i)
				results, err := s.Append(t.Context(), entries[i:i+n])
				if err != nil {
					return err
				}
				for j, r := range results {
					want := store.Appended{Status: store.Stored, Leaf: r.Leaf, Expect: headAfter(entries[i+j])}
					if r != want {
						return fmt.Errorf("Append(writer %d, entry %d) = %+v, want %+v", w, i+j, r, want)
					}
				}
				i += n
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for c := range 4 {
		customer := vouch.CustomerID(fmt.Sprintf("c%d", c))
		if head, err := s.Head(t.Context(), customer); err != nil || head.Size != writers/4*each {
			t.Errorf("Head(%s) = %v, %v, want size %d", customer, head, err, writers/4*each)
		}
		checkHead(t, s, customer)
		if damage, err := s.Check(t.Context(), customer); err != nil || len(damage) != 0 {
			t.Errorf("Check(%s) = %q, %v, want nothing", customer, damage, err)
		}
	}
}

// testSameAtOnce: of the same entries appended by many at once each is stored once,
// and all callers hear of the same leaf.
func testSameAtOnce(t *testing.T, open Opener) {
	s := open(t)
	entries := append(chained(availability(acme, key1), 10), record(acme, "r", "contract", ""))
	results := make([][]store.Appended, 16)
	var g errgroup.Group
	for i := range results {
		g.Go(func() (err error) {
			results[i], err = s.Append(t.Context(), entries)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for j := range entries {
		stored := 0
		for _, r := range results {
			if r[j].Status == store.Stored {
				stored++
			} else if r[j].Status != store.Duplicate {
				t.Errorf("entry %d has status %d, want Stored or Duplicate", j, r[j].Status)
			}
			if r[j].Leaf != int64(j) {
				t.Errorf("entry %d is leaf %d, want %d", j, r[j].Leaf, j)
			}
		}
		if stored != 1 {
			t.Errorf("entry %d was stored %d times, want once", j, stored)
		}
	}
	equal(t, "Entries", readAll(t, s, acme), numbered(entries))
}

// testBadAmongGood: an invalid call fails alone, whoever waits with it.
func testBadAmongGood(t *testing.T, open Opener) {
	s := open(t)
	var g errgroup.Group
	for w := range 32 {
		g.Go(func() error {
			entries := chained(availability(acme, fmt.Sprintf("%08x", w)), 4)
			if w%4 == 0 {
				entries[2].Customer = ""
				if _, err := s.Append(t.Context(), entries); err == nil {
					return fmt.Errorf("Append(no customer) = nil, want an error")
				}
				return nil
			}
			for _, e := range entries {
				if _, err := s.Append(t.Context(), []store.Entry{e}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context(), acme); err != nil || head.Size != 24*4 {
		t.Errorf("Head = %v, %v, want size %d", head, err, 24*4)
	}
	checkHead(t, s, acme)
}

// testDeriveAtOnce: derivations and appends at the same time all arrive.
func testDeriveAtOnce(t *testing.T, open Opener) {
	s := open(t)
	var g errgroup.Group
	key := store.ChunkKey{Customer: acme, Subject: "r1", Agent: "agent-1", Hour: 5}
	for w := range 16 {
		g.Go(func() error {
			for i := range 5 {
				d := store.Derivation{
					Progress: []store.Progress{{Reader: fmt.Sprint("reader-", w), Customer: acme, Next: int64(i + 1)}},
					Chunks:   []store.Chunk{{ChunkKey: key, Data: []byte{byte(w), byte(i)}}},
				}
				if err := s.Derive(t.Context(), d); err != nil {
					return err
				}
			}
			return nil
		})
		g.Go(func() error {
			for _, e := range chained(availability(acme, fmt.Sprintf("%08x", w)), 5) {
				if _, err := s.Append(t.Context(), []store.Entry{e}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	chunks, err := s.Chunks(t.Context(), acme, "r1", 0, 10)
	if err != nil || len(chunks) != 1 {
		t.Fatalf("Chunks = %v, %v, want one", chunks, err)
	}
	next := make(map[byte]byte) // each writer's pieces are in its order
	for data := chunks[0].Data; len(data) >= 2; data = data[2:] {
		if data[1] != next[data[0]] {
			t.Fatalf("piece %d of writer %d came when %d was due", data[1], data[0], next[data[0]])
		}
		next[data[0]]++
	}
	for w := range 16 {
		if n, err := s.Next(t.Context(), fmt.Sprint("reader-", w), acme); err != nil || n != 5 || next[byte(w)] != 5 {
			t.Errorf("writer %d: Next = %d, %v, %d pieces, want 5 and 5", w, n, err, next[byte(w)])
		}
	}
	if head, err := s.Head(t.Context(), acme); err != nil || head.Size != 80 {
		t.Errorf("Head = %v, %v, want size 80", head, err)
	}
}
