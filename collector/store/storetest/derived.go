// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// derive writes a derivation and fails the test where it cannot.
func derive(t *testing.T, s store.Derived, d store.Derivation) {
	t.Helper()
	if err := s.Derive(t.Context(), d); err != nil {
		t.Fatalf("Derive(%+v) = %v", d, err)
	}
}

// testDerive: cursors move with what is derived, each reader and customer apart.
func testDerive(t *testing.T, open Opener) {
	s := open(t)
	derive(t, s, store.Derivation{})
	derive(t, s, store.Derivation{Progress: []store.Progress{
		{Reader: "verdicts", Customer: acme, Next: 3}, {Reader: "verdicts", Customer: zebra, Next: 8}, {Reader: "sink", Customer: acme, Next: 1},
	}})
	derive(t, s, store.Derivation{Progress: []store.Progress{{Reader: "verdicts", Customer: acme, Next: 5}}})
	for _, c := range []struct {
		reader   string
		customer vouch.CustomerID
		want     int64
	}{{"nobody", acme, 0}, {"sink", zebra, 0}, {"verdicts", acme, 5}, {"verdicts", zebra, 8}, {"sink", acme, 1}} {
		if got, err := s.Next(t.Context(), c.reader, c.customer); err != nil || got != c.want {
			t.Errorf("Next(%s, %s) = %d, %v, want %d", c.reader, c.customer, got, err, c.want)
		}
	}
}

// testDeriveAtomic: a derivation of which one part is refused leaves no other part.
func testDeriveAtomic(t *testing.T, open Opener) {
	whole := func() store.Derivation {
		return store.Derivation{
			Progress: []store.Progress{{Reader: "r", Customer: acme, Next: 3}},
			Chunks:   []store.Chunk{{ChunkKey: store.ChunkKey{Customer: acme, Subject: "d", Agent: "a", Hour: 1}, Data: []byte("x")}},
			Items:    []store.Item{{Customer: acme, Kind: "incident", ID: "1", Data: []byte("x")}},
			Intents:  []store.Intent{{Key: "k", Channel: "noc", Created: start}},
		}
	}
	s := open(t)
	for _, c := range []struct {
		name  string
		spoil func(*store.Derivation)
	}{
		{"reader without name", func(d *store.Derivation) { d.Progress[0].Reader = "" }},
		{"cursor before the first leaf", func(d *store.Derivation) { d.Progress[0].Next = -1 }},
		{"chunk without subject", func(d *store.Derivation) { d.Chunks[0].Subject = "" }},
		{"item without id", func(d *store.Derivation) { d.Items[0].ID = "" }},
		{"intent without key", func(d *store.Derivation) { d.Intents[0].Key = "" }},
	} {
		d := whole()
		c.spoil(&d)
		if err := s.Derive(t.Context(), d); err == nil {
			t.Errorf("Derive(%s) = nil, want an error", c.name)
		}
	}
	count := func() string {
		next, err1 := s.Next(t.Context(), "r", acme)
		chunks, err2 := s.Chunks(t.Context(), acme, "d", 0, 9)
		items, err3 := s.Items(t.Context(), "", "incident")
		intents, err4 := s.History(t.Context(), "", 9)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(next, len(chunks), len(items), len(intents))
	}
	if got := count(); got != "0 0 0 0" {
		t.Errorf("cursor, chunks, items, intents after refused derivations = %s, want 0 0 0 0", got)
	}
	derive(t, s, whole())
	if got := count(); got != "3 1 1 1" {
		t.Errorf("cursor, chunks, items, intents = %s, want 3 1 1 1", got)
	}
}

// testChunks: chunks of one key are concatenated, and found by subject and hours.
func testChunks(t *testing.T, open Opener) {
	s := open(t)
	key := func(c vouch.CustomerID, subject string, a vouch.AgentID, hour int64) store.ChunkKey {
		return store.ChunkKey{Customer: c, Subject: subject, Agent: a, Hour: hour}
	}
	derive(t, s, store.Derivation{Chunks: []store.Chunk{
		{ChunkKey: key(acme, "r1", "b", 11), Data: []byte("b11")},
		{ChunkKey: key(acme, "r1", "a", 12), Data: []byte("a12")},
		{ChunkKey: key(acme, "r1", "a", 11), Data: []byte("\x00\xff\x80 a")},
		{ChunkKey: key(acme, "r1", "a", 11), Data: []byte("\x00 b")},
		{ChunkKey: key(acme, "r1", "a", 10)},
		{ChunkKey: key(acme, "@", "a", 11), Data: []byte("self")},
		{ChunkKey: key(zebra, "r1", "a", 11), Data: []byte("zebra")},
		{ChunkKey: key(acme, "r1", "a", -3), Data: []byte("before 1970")},
	}})
	derive(t, s, store.Derivation{Chunks: []store.Chunk{{ChunkKey: key(acme, "r1", "a", 11), Data: []byte("\xfe\x00")}}})
	a11 := store.Chunk{ChunkKey: key(acme, "r1", "a", 11), Data: []byte("\x00\xff\x80 a\x00 b\xfe\x00")}
	a12 := store.Chunk{ChunkKey: key(acme, "r1", "a", 12), Data: []byte("a12")}
	b11 := store.Chunk{ChunkKey: key(acme, "r1", "b", 11), Data: []byte("b11")}
	for _, c := range []struct {
		customer vouch.CustomerID
		subject  string
		from, to int64
		want     []store.Chunk
	}{
		{acme, "r2", 0, 99, nil},
		{"nobody", "r1", 0, 99, nil},
		{acme, "r1", 11, 11, nil},
		{acme, "r1", 13, 99, nil},
		{acme, "r1", 11, 12, []store.Chunk{a11, b11}},
		{acme, "r1", 11, 13, []store.Chunk{a11, a12, b11}},
		{acme, "r1", 12, 13, []store.Chunk{a12}},
		{acme, "r1", -4, 0, []store.Chunk{{ChunkKey: key(acme, "r1", "a", -3), Data: []byte("before 1970")}}},
		{acme, "@", 0, 99, []store.Chunk{{ChunkKey: key(acme, "@", "a", 11), Data: []byte("self")}}},
	} {
		got, err := s.Chunks(t.Context(), c.customer, c.subject, c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("Chunks(%s, %s, %d, %d)", c.customer, c.subject, c.from, c.to), got, c.want)
	}
}

// testItems: items are put, replaced, deleted and listed in order.
func testItems(t *testing.T, open Opener) {
	s := open(t)
	item := func(c vouch.CustomerID, kind, id, data string) store.Item {
		return store.Item{Customer: c, Kind: kind, ID: id, Data: []byte(data)}
	}
	derive(t, s, store.Derivation{Items: []store.Item{
		item(zebra, "incident", "1", "z1"), item(acme, "incident", "2", "old"), item(acme, "incident", "1", ""),
		item(acme, "last", "1", "\x00\xff"), item(acme, "incident", "3", "gone"), item(acme, "incident", "2", "new"),
		{Customer: acme, Kind: "incident", ID: "3"}, {Customer: acme, Kind: "incident", ID: "never was"},
	}})
	for _, c := range []struct {
		customer vouch.CustomerID
		kind     string
		want     []store.Item
	}{
		{acme, "nothing", nil},
		{"nobody", "incident", nil},
		{acme, "incident", []store.Item{item(acme, "incident", "1", ""), item(acme, "incident", "2", "new")}},
		{"", "incident", []store.Item{item(acme, "incident", "1", ""), item(acme, "incident", "2", "new"), item(zebra, "incident", "1", "z1")}},
		{acme, "last", []store.Item{item(acme, "last", "1", "\x00\xff")}},
	} {
		got, err := s.Items(t.Context(), c.customer, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("Items(%s, %s)", c.customer, c.kind), got, c.want)
		for _, want := range c.want {
			one, err := s.Item(t.Context(), want.Customer, want.Kind, want.ID)
			if err != nil {
				t.Errorf("Item(%s, %s, %s) = %v", want.Customer, want.Kind, want.ID, err)
			}
			equal(t, "Item", []store.Item{one}, []store.Item{want})
		}
	}
	for _, i := range []store.Item{item(acme, "incident", "3", ""), item(zebra, "incident", "2", ""), item(zebra, "last", "1", "")} {
		if _, err := s.Item(t.Context(), i.Customer, i.Kind, i.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Item(%s, %s, %s) = %v, want %v", i.Customer, i.Kind, i.ID, err, store.ErrNotFound)
		}
	}
}

// testReset: what is derived goes; the ledger, other readers, intents and tokens stay.
func testReset(t *testing.T, open Opener) {
	s := open(t)
	mustAppend(t, s, chained(availability(acme, key1), 1)...)
	derive(t, s, store.Derivation{
		Progress: []store.Progress{{Reader: "a", Customer: acme, Next: 1}, {Reader: "b", Customer: acme, Next: 1}, {Reader: "sink", Customer: acme, Next: 1}},
		Chunks:   []store.Chunk{{ChunkKey: store.ChunkKey{Customer: acme, Subject: "d", Agent: "a", Hour: 1}, Data: []byte("x")}},
		Items:    []store.Item{{Customer: acme, Kind: "incident", ID: "1", Data: []byte("x")}},
		Intents:  []store.Intent{{Key: "k", Channel: "noc", Created: start}},
	})
	if err := s.Reset(t.Context(), "a", "b", "never was"); err != nil {
		t.Fatal(err)
	}
	for reader, want := range map[string]int64{"a": 0, "b": 0, "sink": 1} {
		if got, err := s.Next(t.Context(), reader, acme); err != nil || got != want {
			t.Errorf("Next(%s) after Reset = %d, %v, want %d", reader, got, err, want)
		}
	}
	if chunks, err := s.Chunks(t.Context(), acme, "d", 0, 9); err != nil || len(chunks) != 0 {
		t.Errorf("Chunks after Reset = %v, %v, want none", chunks, err)
	}
	if items, err := s.Items(t.Context(), "", "incident"); err != nil || len(items) != 0 {
		t.Errorf("Items after Reset = %v, %v, want none", items, err)
	}
	if due, err := s.Due(t.Context(), start.Add(time.Hour), 9); err != nil || len(due) != 1 {
		t.Errorf("Due after Reset = %v, %v, want the one intent", due, err)
	}
	if head, err := s.Head(t.Context(), acme); err != nil || head.Size != 1 {
		t.Errorf("Head after Reset = %v, %v, want size 1", head, err)
	}
}
