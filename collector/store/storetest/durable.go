// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// RunDurable tests that what was written is there after the store has been closed
// and opened again. open opens the same store each time; the suite closes it.
func RunDurable(t *testing.T, open func(t *testing.T) store.Store) {
	first := chained(availability(acme, key1), 300)
	fork := batch(availability(acme, key1), 7, 3, evidence.Hash{}, "fork")
	doc := record(acme, "r", "contract", "")
	intent := store.Intent{Key: "k", Customer: acme, Channel: "noc", Payload: []byte("p"), Created: start}
	token := store.Token{ID: "noc-1", SHA256: evidence.Sum([]byte("secret")), Role: "noc", Created: start}

	s := open(t)
	mustAppend(t, s, first[:200]...)
	mustAppend(t, s, doc)
	if r, err := s.Append(t.Context(), []store.Entry{fork}); err != nil || r[0].Status != store.Forked {
		t.Fatalf("Append(fork) = %v, %v, want status %d", r, err, store.Forked)
	}
	derive(t, s, store.Derivation{
		Progress: []store.Progress{{Reader: "a", Customer: acme, Next: 12}},
		Chunks:   []store.Chunk{{ChunkKey: store.ChunkKey{Customer: acme, Subject: "d", Agent: "a", Hour: 1}, Data: []byte("x")}},
		Items:    []store.Item{{Customer: acme, Kind: "incident", ID: "1", Data: []byte("x")}},
		Intents:  []store.Intent{intent},
	})
	if err := s.AddToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, s)
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}

	s = open(t)
	if after := snapshot(t, s); after != before {
		t.Errorf("after opening again:\n%s\nwant\n%s", after, before)
	}
	results, err := s.Append(t.Context(), first[199:]) // the chain goes on where it was
	if err != nil || results[0].Status != store.Duplicate || results[100].Status != store.Stored {
		t.Fatalf("Append after opening again = %v, %v, want a duplicate and 100 stored", results, err)
	}
	checkHead(t, s, acme)
	if damage, err := s.Check(t.Context(), acme); err != nil || len(damage) != 0 {
		t.Errorf("Check = %q, %v, want nothing", damage, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// snapshot reads everything that a store holds of acme into a text.
func snapshot(t *testing.T, s store.Store) string {
	t.Helper()
	ctx := t.Context()
	text := ""
	add := func(v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%+v\n", v)
	}
	for _, e := range readAll(t, s, acme) {
		add(e, nil)
	}
	head, err := s.Head(ctx, acme)
	add(head, err)
	customers, err := s.Customers(ctx)
	add(customers, err)
	chains, err := s.Chains(ctx, "", "")
	add(chains, err)
	forks, err := s.Forks(ctx, acme)
	add(forks, err)
	records, err := s.Records(ctx, acme)
	add(records, err)
	next, err := s.Next(ctx, "a", acme)
	add(next, err)
	chunks, err := s.Chunks(ctx, acme, "d", 0, 9)
	add(chunks, err)
	items, err := s.Items(ctx, "", "incident")
	add(items, err)
	due, err := s.Due(ctx, start.Add(time.Hour), 9)
	add(due, err)
	tokens, err := s.ListTokens(ctx)
	add(tokens, err)
	return text
}
