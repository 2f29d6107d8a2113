// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// testInvalid: what nobody could append fails its call as a whole.
func testInvalid(t *testing.T, open Opener) {
	s := open(t)
	good := chained(availability(acme, key1), 1)[0]
	goodRecord := record(acme, "r-1", "contract", "")
	for _, c := range []struct {
		name  string
		base  store.Entry
		spoil func(*store.Entry)
	}{
		{"no customer", good, func(e *store.Entry) { e.Customer = "" }},
		{"customer is no identifier", good, func(e *store.Entry) { e.Customer = "a/b" }},
		{"no kind", good, func(e *store.Entry) { e.Kind = "" }},
		{"kind unknown", good, func(e *store.Entry) { e.Kind = "rumour" }},
		{"no note", good, func(e *store.Entry) { e.Note = nil }},
		{"note too large", good, func(e *store.Entry) {
			e.Note = make([]byte, evidence.MaxNote+1)
			e.SHA256 = evidence.Sum(e.Note)
		}},
		{"hash of another note", good, func(e *store.Entry) { e.SHA256[0]++ }},
		{"no leaf record", good, func(e *store.Entry) { e.Leaf = nil }},
		{"no agent", good, func(e *store.Entry) { e.Agent = "" }},
		{"no key", good, func(e *store.Entry) { e.Key = "" }},
		{"key with NUL", good, func(e *store.Entry) { e.Key = "a\x00b" }},
		{"no stream", good, func(e *store.Entry) { e.Stream = "" }},
		{"number 0", good, func(e *store.Entry) { e.First, e.Seq = 0, 0 }},
		{"number of 64 bits", good, func(e *store.Entry) { e.First, e.Seq = 1<<63, 1<<63 }},
		{"numbers run backwards", good, func(e *store.Entry) { e.Kind, e.First, e.Seq = store.KindGap, 3, 2 }},
		{"batch over two numbers", good, func(e *store.Entry) { e.Seq = 2 }},
		{"batch with the record's fields", good, func(e *store.Entry) { e.RecordID = "r" }},
		{"batch with a reason", good, func(e *store.Entry) { e.Reason = "because" }},
		{"rejected without a reason", good, func(e *store.Entry) { e.Kind = store.KindRejected }},
		{"last is empty", good, func(e *store.Entry) { e.Kind, e.Last = store.KindGap, evidence.Hash{} }},
		{"record without id", goodRecord, func(e *store.Entry) { e.RecordID = "" }},
		{"record without kind", goodRecord, func(e *store.Entry) { e.RecordKind = "" }},
		{"record in a chain", goodRecord, func(e *store.Entry) { e.Key = key1 }},
		{"record id is not UTF-8", goodRecord, func(e *store.Entry) { e.RecordID = "\xff" }},
		{"record id too long", goodRecord, func(e *store.Entry) { e.RecordID = strings.Repeat("r", 5000) }},
	} {
		bad := c.base
		c.spoil(&bad)
		if r, err := s.Append(t.Context(), []store.Entry{good, goodRecord, bad}); err == nil || r != nil {
			t.Errorf("Append(%s) = %v, %v, want an error", c.name, r, err)
		}
	}
	if got, err := s.Head(t.Context(), acme); err != nil || got.Size != 0 {
		t.Errorf("Head = %v, %v, want size 0: a good entry of a bad call was appended", got, err)
	}
	if r, err := s.Append(t.Context(), nil); err != nil || len(r) != 0 {
		t.Errorf("Append(nothing) = %v, %v, want nothing", r, err)
	}
	mustAppend(t, s, good, goodRecord)
}

// testCancelled: a call that ends with an error has appended nothing.
func testCancelled(t *testing.T, open Opener) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, chained(availability(acme, key1), 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Append(cancelled) = %v, want %v", err, context.Canceled)
	}
	if got, err := s.Head(t.Context(), acme); err != nil || got.Size != 0 {
		t.Errorf("Head = %v, %v, want size 0", got, err)
	}
}

// testRecords: records are unique by customer, id and hash; the newest of an id wins.
func testRecords(t *testing.T, open Opener) {
	s := open(t)
	contract := record(acme, "c-1", "contract", "v1")
	lease := record(acme, "l-1", "lease", "")
	corrected := record(acme, "c-1", "contract", "v2")
	other := record(zebra, "c-1", "contract", "v1")
	first := chained(availability(acme, key1), 1)[0]
	for i, c := range []struct {
		e    store.Entry
		want store.Appended
	}{
		{contract, store.Appended{Status: stored, Leaf: 0}},
		{contract, store.Appended{Status: duplicate, Leaf: 0}},
		{first, store.Appended{Status: stored, Leaf: 1, Expect: headAfter(first)}},
		{lease, store.Appended{Status: stored, Leaf: 2}},
		{corrected, store.Appended{Status: stored, Leaf: 3}},
		{contract, store.Appended{Status: duplicate, Leaf: 0}},
		{corrected, store.Appended{Status: duplicate, Leaf: 3}},
		{other, store.Appended{Status: stored, Leaf: 0}},
	} {
		if r, err := s.Append(t.Context(), []store.Entry{c.e}); err != nil || len(r) != 1 || r[0] != c.want {
			t.Errorf("Append(record) as step %d = %+v, %v, want %+v", i, r, err, c.want)
		}
	}
	lease.Index, corrected.Index = 2, 3
	for _, c := range []struct {
		customer vouch.CustomerID
		kinds    []string
		want     []store.Entry
	}{
		{"nobody", nil, nil},
		{acme, []string{"maintenance-announced"}, nil},
		{acme, nil, []store.Entry{contract, lease, corrected}},
		{acme, []string{"contract"}, []store.Entry{contract, corrected}},
		{acme, []string{"lease", "contract"}, []store.Entry{contract, lease, corrected}},
		{zebra, []string{"contract"}, []store.Entry{other}},
	} {
		got, err := s.Records(t.Context(), c.customer, c.kinds...)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("Records(%s, %v)", c.customer, c.kinds), got, c.want)
	}
	for _, c := range []struct {
		customer vouch.CustomerID
		id       string
	}{{acme, "x"}, {"nobody", "c-1"}, {zebra, "l-1"}, {acme, ""}} {
		if _, err := s.Record(t.Context(), c.customer, c.id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Record(%s, %q) = %v, want %v", c.customer, c.id, err, store.ErrNotFound)
		}
	}
	got, err := s.Record(t.Context(), acme, "c-1")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Record(acme, c-1)", []store.Entry{got}, []store.Entry{corrected})
	checkHead(t, s, acme)
}

// testEntries: pages of the ledger, with every field as it was given, with notes and
// without.
func testEntries(t *testing.T, open Opener) {
	s := open(t)
	key := availability(acme, key2) // the leaf record does not follow from this key
	all := chained(key, 5)
	all[1].Agent = "agent-2" // not the one that the chain began with
	all[2].Leaf = []byte("a leaf record of some other form\x00\xff")
	all = append(all, gap(key, 7, 6, 9, all[4].SHA256, evidence.Sum([]byte("nine")), ""))
	all = append(all, rejected(batch(key, 7, 10, all[5].Last, "")), record(acme, "r", "contract", ""))
	all[3].Index = 99 // Append does not look at it
	mustAppend(t, s, chained(availability("aaa", key2), 3)...)
	mustAppend(t, s, all...)
	all = numbered(all)
	mustAppend(t, s, chained(availability(zebra, key2), 3)...)
	for _, c := range []struct {
		from   int64
		n      int
		lo, hi int
	}{
		{0, 0, 0, 0}, {0, -1, 0, 0}, {8, 5, 0, 0}, {1000, 5, 0, 0}, {1 << 41, 5, 0, 0},
		{0, 1, 0, 1}, {0, 100, 0, 8}, {2, 3, 2, 5}, {5, 3, 5, 8}, {7, 10, 7, 8},
	} {
		got, err := s.Entries(t.Context(), acme, c.from, c.n)
		if err != nil {
			t.Fatalf("Entries(%d, %d) = %v", c.from, c.n, err)
		}
		equal(t, fmt.Sprintf("Entries(%d, %d)", c.from, c.n), got, all[c.lo:c.hi])
		if got, err = s.Leaves(t.Context(), acme, c.from, c.n); err != nil {
			t.Fatalf("Leaves(%d, %d) = %v", c.from, c.n, err)
		}
		equal(t, fmt.Sprintf("Leaves(%d, %d)", c.from, c.n), got, withoutNotes(all[c.lo:c.hi]))
	}
	for name, read := range map[string]func(context.Context, vouch.CustomerID, int64, int) ([]store.Entry, error){
		"Entries": s.Entries, "Leaves": s.Leaves,
	} {
		if _, err := read(t.Context(), acme, -1, 1); err == nil {
			t.Errorf("%s(-1, 1) = nil, want an error", name)
		}
		if got, err := read(t.Context(), "nobody", 0, 1); err != nil || len(got) != 0 {
			t.Errorf("%s(nobody) = %v, %v, want none", name, got, err)
		}
	}
}

// testHeads: size and root after each entry, and who has a ledger.
func testHeads(t *testing.T, open Opener) {
	s := open(t)
	empty := store.TreeHead{Root: rootOf(t, nil)}
	if got, err := s.Head(t.Context(), acme); err != nil || got != empty {
		t.Errorf("Head(empty) = %v, %v, want %v", got, err, empty)
	}
	ahead := chained(availability("absent", key1), 2)[1:]
	if r, err := s.Append(t.Context(), ahead); err != nil || r[0].Status != store.Ahead {
		t.Fatalf("Append(number 2) = %v, %v, want status %d", r, err, store.Ahead)
	}
	var leaves [][]byte
	for i, e := range chained(availability(zebra, key1), 20) {
		mustAppend(t, s, e)
		leaves = append(leaves, e.Leaf)
		want := store.TreeHead{Size: int64(i + 1), Root: rootOf(t, leaves)}
		if got, err := s.Head(t.Context(), zebra); err != nil || got != want {
			t.Errorf("Head after %d entries = %v, %v, want %v", i+1, got, err, want)
		}
	}
	mustAppend(t, s, chained(availability(acme, key1), 1)...)
	got, err := s.Customers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Customers", got, []vouch.CustomerID{acme, zebra})
}

// testBoundedForks: 1,000 refused notes are kept, further ones are counted.
func testBoundedForks(t *testing.T, open Opener) {
	s := open(t)
	key := availability(acme, key1)
	entries := chained(key, 1)
	for i := range 1010 {
		entries = append(entries, batch(key, 7, 1, evidence.Hash{}, fmt.Sprint("fork ", i)))
	}
	if _, err := s.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Forks(t.Context(), acme); err != nil || n != 1010 {
		t.Errorf("Forks = %d, %v, want 1010", n, err)
	}
	if r, err := s.Append(t.Context(), entries[1:11]); err != nil || r[0].Status != store.Forked {
		t.Fatalf("Append(forks again) = %v, %v, want status %d", r, err, store.Forked)
	}
	if n, err := s.Forks(t.Context(), acme); err != nil || n != 1010 {
		t.Errorf("Forks after some came again = %d, %v, want 1010", n, err)
	}
	if n, err := s.Forks(t.Context(), zebra); err != nil || n != 0 {
		t.Errorf("Forks(zebra) = %d, %v, want 0", n, err)
	}
}

// testCheckSound: a sound ledger is found sound. Damage is the implementation's to
// make, and its tests'.
func testCheckSound(t *testing.T, open Opener) {
	s := open(t)
	mustAppend(t, s, chained(availability(acme, key1), 515)...)
	mustAppend(t, s, record(acme, "r", "contract", ""))
	mustAppend(t, s, chained(availability(zebra, key2), 256)...)
	for _, customer := range []vouch.CustomerID{acme, zebra, "nobody"} {
		if damage, err := s.Check(t.Context(), customer); err != nil || len(damage) != 0 {
			t.Errorf("Check(%s) = %q, %v, want nothing", customer, damage, err)
		}
	}
}

// testClosed: a closed store refuses everything and may be closed again.
func testClosed(t *testing.T, open Opener) {
	s := open(t)
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again = %v", err)
	}
	if _, err := s.Append(t.Context(), chained(availability(acme, key1), 1)); err == nil {
		t.Error("Append on a closed store = nil, want an error")
	}
	if _, err := s.Head(t.Context(), acme); err == nil {
		t.Error("Head on a closed store = nil, want an error")
	}
	if err := s.Derive(t.Context(), store.Derivation{}); err == nil {
		t.Error("Derive on a closed store = nil, want an error")
	}
}
