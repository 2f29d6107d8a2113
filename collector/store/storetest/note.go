// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// start is when everything in these tests happens.
var start = time.Date(2026, 3, 29, 0, 59, 30, 125e6, time.UTC)

const (
	acme  = vouch.CustomerID("acme")
	zebra = vouch.CustomerID("zebra")
	key1  = "agent-1+0000002a"
	key2  = "agent-1+ffffffff"
)

// batch returns number seq of a chain whose note before has the hash prev. Notes with
// different texts are different notes.
func batch(key store.ChainKey, epoch, seq uint64, prev evidence.Hash, text string) store.Entry {
	at := start.Add(time.Duration(seq) * time.Minute)
	e := store.Entry{
		Customer: key.Customer, Kind: store.KindBatch, Agent: "agent-1", Key: key.Key, Stream: key.Stream,
		Epoch: epoch, First: seq, Seq: seq, Prev: prev,
		Received: at.Add(time.Second), From: at.Add(-time.Minute), Through: at,
	}
	return sealed(e, fmt.Sprintf("%s %s %d %d %s", key.Key, key.Stream, epoch, seq, text))
}

// gap returns a gap over first to seq whose last lost note has the hash last.
func gap(key store.ChainKey, epoch, first, seq uint64, prev, last evidence.Hash, text string) store.Entry {
	e := batch(key, epoch, seq, prev, text)
	e.Kind, e.First = store.KindGap, first
	e = sealed(e, fmt.Sprintf("%s gap from %d", e.Note, first)) // as in a real note: two gaps with other beginnings have other hashes
	e.Last = last
	return e
}

// rejected turns a batch into one that cannot be used.
func rejected(e store.Entry) store.Entry {
	e.Kind, e.Reason = store.KindRejected, "a line names another customer"
	e.From, e.Through = time.Time{}, time.Time{}
	return sealed(e, string(e.Note)+" rejected")
}

// record returns a record entry.
func record(customer vouch.CustomerID, id, kind, text string) store.Entry {
	return sealed(store.Entry{Customer: customer, Kind: store.KindRecord, RecordID: id, RecordKind: kind, Received: start},
		fmt.Sprintf("%s %s %s", id, kind, text))
}

// sealed sets note, hashes and leaf.
func sealed(e store.Entry, note string) store.Entry {
	e.Note = []byte(note)
	e.SHA256 = evidence.Sum(e.Note)
	e.Last = e.SHA256
	e.Leaf = evidence.Leaf{
		Kind: evidence.LeafKind(e.Kind), Customer: e.Customer, Agent: e.Agent, Stream: e.Stream, Epoch: e.Epoch, Seq: e.First,
		Record: e.RecordID, KeyHash: 42, Note: e.SHA256, Received: e.Received, Reason: e.Reason,
	}.Append(nil)
	return e
}

// chained returns n batches of a new chain.
func chained(key store.ChainKey, n int) []store.Entry {
	entries := make([]store.Entry, n)
	var prev evidence.Hash
	for i := range entries {
		entries[i] = batch(key, 7, uint64(i+1), prev, "")
		prev = entries[i].SHA256
	}
	return entries
}

func availability(customer vouch.CustomerID, key string) store.ChainKey {
	return store.ChainKey{Customer: customer, Key: key, Stream: vouch.Availability}
}

// headAfter is the head of a chain whose last note is e.
func headAfter(e store.Entry) store.ChainHead {
	return store.ChainHead{
		ChainKey: store.ChainKey{Customer: e.Customer, Key: e.Key, Stream: e.Stream},
		Epoch:    e.Epoch, Seq: e.Seq, Hash: e.Last, Through: e.Through,
	}
}

// fataler is what a test and a step of a property have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// numbered gives entries the indexes that they have when nothing stands before them.
func numbered(entries []store.Entry) []store.Entry {
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Index = int64(i)
	}
	return entries
}

// withoutNotes is what Leaves makes of entries.
func withoutNotes(entries []store.Entry) []store.Entry {
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Note = nil
	}
	return entries
}

// tree is the nodes of a Merkle tree in the order of tlog, computed with tlog alone.
type tree []tlog.Hash

// ReadHashes implements [tlog.HashReader].
func (tr tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = tr[index]
	}
	return hashes, nil
}

// treeOf returns the tree over leaf records.
func treeOf(t fataler, leaves [][]byte) (tr tree) {
	t.Helper()
	for i, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(i), leaf, tr)
		if err != nil {
			t.Fatal(err)
		}
		tr = append(tr, more...)
	}
	return tr
}

// root returns the root over the first n leaves.
func (tr tree) root(t fataler, n int64) tlog.Hash {
	t.Helper()
	root, err := tlog.TreeHash(n, tr)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// rootOf returns the root of the tree over leaf records.
func rootOf(t fataler, leaves [][]byte) evidence.Hash {
	t.Helper()
	return evidence.Hash(treeOf(t, leaves).root(t, int64(len(leaves))))
}

// readAll reads a customer's ledger in pages of an odd size.
func readAll(t *testing.T, s store.Ledger, customer vouch.CustomerID) []store.Entry {
	t.Helper()
	var all []store.Entry
	for {
		page, err := s.Entries(t.Context(), customer, int64(len(all)), 37)
		if err != nil {
			t.Fatalf("Entries(%s, %d) = %v", customer, len(all), err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// checkHead compares the tree head with what its entries come to.
func checkHead(t *testing.T, s store.Ledger, customer vouch.CustomerID) {
	t.Helper()
	var leaves [][]byte
	for _, e := range readAll(t, s, customer) {
		leaves = append(leaves, e.Leaf)
	}
	want := store.TreeHead{Size: int64(len(leaves)), Root: rootOf(t, leaves)}
	if got, err := s.Head(t.Context(), customer); err != nil || got != want {
		t.Errorf("Head(%s) = %v, %v, want %v, computed from the leaves", customer, got, err, want)
	}
}

// mustAppend appends entries and fails unless all of them are stored.
func mustAppend(t *testing.T, s store.Ledger, entries ...store.Entry) []store.Appended {
	t.Helper()
	results, err := s.Append(t.Context(), entries)
	if err != nil {
		t.Fatalf("Append(%d entries) = %v", len(entries), err)
	}
	for i, r := range results {
		if r.Status != store.Stored {
			t.Fatalf("Append: entry %d has status %d, want %d", i, r.Status, store.Stored)
		}
	}
	return results
}

// equal compares deeply; nil and empty lists are one.
func equal[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: element %d =\n%+v, want\n%+v", what, i, got[i], want[i])
		}
	}
}

// brief names entries in messages.
func brief(entries []store.Entry) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = fmt.Sprintf("%s %s %q", e.Customer, e.Kind, e.Note)
	}
	return names
}
