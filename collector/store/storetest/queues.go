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
	"github.com/vouch-sla/vouch/evidence"
)

// keysOf lists the keys of intents.
func keysOf(intents []store.Intent) []string {
	var keys []string
	for _, i := range intents {
		keys = append(keys, i.Key)
	}
	return keys
}

// testIntents: an intent is added once, changed by its key, and counted.
func testIntents(t *testing.T, open Opener) {
	s := open(t)
	first := store.Intent{Key: "INC-1/opened/noc", Customer: acme, Channel: "noc", Payload: []byte("\x00{}"), Created: start.Add(7 * time.Nanosecond)}
	derive(t, s, store.Derivation{Intents: []store.Intent{first}})
	again := first
	again.Payload, again.Channel = []byte("other"), "mail"
	derive(t, s, store.Derivation{Intents: []store.Intent{again, {Key: "INC-2/opened/noc", Customer: zebra, Channel: "noc", Payload: []byte{}, Created: start.Add(time.Second)}}})
	due, err := s.Due(t.Context(), start, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Due after it was added twice", due, []store.Intent{first})

	first.Attempts, first.NotUntil, first.LastErr, first.Unclear, first.Answer = 3, start.Add(time.Minute), "connection refused", 1, "202 Accepted"
	changed := first
	changed.Payload, changed.Channel = []byte("not stored"), "not stored"
	if err := s.Update(t.Context(), changed); err != nil {
		t.Fatalf("Update = %v", err)
	}
	if due, err = s.Due(t.Context(), start.Add(time.Minute), 1); err != nil {
		t.Fatal(err)
	}
	equal(t, "Due after Update", due, []store.Intent{first})
	if err := s.Update(t.Context(), store.Intent{Key: "never was"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Update(never was) = %v, want %v", err, store.ErrNotFound)
	}
	count := func(wantPending, wantFailed int) {
		t.Helper()
		if pending, failed, err := s.Pending(t.Context()); err != nil || pending != wantPending || failed != wantFailed {
			t.Errorf("Pending = %d, %d, %v, want %d, %d", pending, failed, err, wantPending, wantFailed)
		}
	}
	count(2, 0)
	first.Done = start.Add(2 * time.Minute)
	if err := s.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	count(1, 0)
	if err := s.Update(t.Context(), store.Intent{Key: "INC-2/opened/noc", Failed: true, LastErr: "gone"}); err != nil {
		t.Fatal(err)
	}
	count(0, 1)
	if due, err := s.Due(t.Context(), start.Add(time.Hour), 9); err != nil || len(due) != 0 {
		t.Errorf("Due when all are done or failed = %v, %v, want none", keysOf(due), err)
	}
	history, err := s.History(t.Context(), acme, 9)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "History(acme)", history, []store.Intent{first})

	derive(t, s, store.Derivation{Intents: []store.Intent{
		{Key: "INC-3/opened/noc", Channel: "noc", Created: start, Done: start.Add(time.Hour), Answer: "muted"},
		{Key: "INC-3/opened/mail", Channel: "mail", Created: start},
	}})
	delivered, err := s.Delivered(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Delivered", delivered, []store.Delivery{{Channel: "mail", Pending: 1}, {Channel: "noc", Last: first.Done, Failed: 1}})
}

// testIntentOrder: due ones oldest first, history newest first, both bounded.
func testIntentOrder(t *testing.T, open Opener) {
	s := open(t)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	derive(t, s, store.Derivation{Intents: []store.Intent{
		{Key: "c", Customer: acme, Channel: "noc", Created: at(3)},
		{Key: "a", Customer: zebra, Channel: "noc", Created: at(1), NotUntil: at(10)},
		{Key: "b", Customer: acme, Channel: "noc", Created: at(2)},
		{Key: "b2", Customer: acme, Channel: "noc", Created: at(2)},
		{Key: "z", Customer: acme, Channel: "noc", Created: at(0), Done: at(1)},
		{Key: "y", Customer: acme, Channel: "noc", Created: at(0), Failed: true},
	}})
	for _, c := range []struct {
		now  time.Time
		n    int
		want []string
	}{
		{at(9), 0, nil},
		{at(9), -1, nil},
		{at(10).Add(-1), 9, []string{"b", "b2", "c"}},
		{at(10), 9, []string{"a", "b", "b2", "c"}},
		{at(10), 2, []string{"a", "b"}},
	} {
		got, err := s.Due(t.Context(), c.now, c.n)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("Due(%s, %d)", c.now.Format(time.TimeOnly), c.n), keysOf(got), c.want)
	}
	for _, c := range []struct {
		customer vouch.CustomerID
		n        int
		want     []string
	}{
		{"nobody", 9, nil},
		{"", 0, nil},
		{"", 2, []string{"c", "b2"}},
		{"", 9, []string{"c", "b2", "b", "a", "y", "z"}},
		{zebra, 9, []string{"a"}},
		{acme, 3, []string{"c", "b2", "b"}},
	} {
		got, err := s.History(t.Context(), c.customer, c.n)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("History(%s, %d)", c.customer, c.n), keysOf(got), c.want)
	}
}

// testTokens: tokens are found by the hash of their secret alone.
func testTokens(t *testing.T, open Opener) {
	s := open(t)
	hash := func(secret string) evidence.Hash { return evidence.Sum([]byte(secret)) }
	noc := store.Token{ID: "noc-1", SHA256: hash("one"), Role: "noc", Author: "root", Created: start}
	customer := store.Token{ID: "acme-1", SHA256: hash("two"), Role: "customer", Customer: acme, Author: "root", Created: start.Add(time.Second), Expires: start.Add(time.Hour)}
	for _, bad := range []struct {
		name  string
		token store.Token
	}{
		{"no ID", store.Token{SHA256: hash("x"), Role: "noc"}},
		{"no hash", store.Token{ID: "x", Role: "noc"}},
		{"no role", store.Token{ID: "x", SHA256: hash("x")}},
		{"role customer without a customer", store.Token{ID: "x", SHA256: hash("x"), Role: "customer"}},
		{"role noc with a customer", store.Token{ID: "x", SHA256: hash("x"), Role: "noc", Customer: acme}},
	} {
		if err := s.AddToken(t.Context(), bad.token); err == nil {
			t.Errorf("AddToken(%s) = nil, want an error", bad.name)
		}
	}
	for _, k := range []store.Token{noc, customer} {
		if err := s.AddToken(t.Context(), k); err != nil {
			t.Fatalf("AddToken(%s) = %v", k.ID, err)
		}
	}
	for _, k := range []store.Token{
		{ID: "noc-1", SHA256: hash("three"), Role: "noc"},
		{ID: "noc-2", SHA256: hash("one"), Role: "noc"},
	} {
		if err := s.AddToken(t.Context(), k); err == nil {
			t.Errorf("AddToken(%s) with an ID or a hash that is taken = nil, want an error", k.ID)
		}
	}
	if _, err := s.Token(t.Context(), hash("nothing")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Token(unknown) = %v, want %v", err, store.ErrNotFound)
	}
	for _, k := range []store.Token{noc, customer} {
		got, err := s.Token(t.Context(), k.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "Token", []store.Token{got}, []store.Token{k})
	}
	if err := s.DeleteToken(t.Context(), "never was"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("DeleteToken(never was) = %v, want %v", err, store.ErrNotFound)
	}
	if err := s.DeleteToken(t.Context(), "noc-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context(), noc.SHA256); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Token(deleted) = %v, want %v", err, store.ErrNotFound)
	}
	got, err := s.ListTokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "ListTokens", got, []store.Token{customer})
}
