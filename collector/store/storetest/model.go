// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// model is a ledger as simple as it can be: lists that are searched from the
// beginning. It says the chain rules in other words than an implementation would.
type model struct {
	customers []vouch.CustomerID
	leaves    map[vouch.CustomerID][]store.Entry
	forks     map[vouch.CustomerID]map[evidence.Hash]bool
	sent      []store.Entry // every entry that was ever handed to Append
}

// head returns the last entry of a chain.
func (m *model) head(key store.ChainKey) (store.ChainHead, bool) {
	var head store.ChainHead
	found := false
	for _, e := range m.leaves[key.Customer] {
		if e.Kind != store.KindRecord && e.Key == key.Key && e.Stream == key.Stream {
			through := head.Through
			if head, found = headAfter(e), true; head.Through.IsZero() {
				head.Through = through
			}
		}
	}
	return head, found
}

// append says what must become of an entry.
func (m *model) append(e store.Entry) store.Appended {
	m.sent = append(m.sent, e)
	leaves := m.leaves[e.Customer]
	key := store.ChainKey{Customer: e.Customer, Key: e.Key, Stream: e.Stream}
	head, exists := m.head(key)
	very := slices.IndexFunc(leaves, func(l store.Entry) bool {
		return l.SHA256 == e.SHA256 && l.Key == e.Key && l.Stream == e.Stream && l.RecordID == e.RecordID
	})
	status := store.Stored
	switch isFirst := e.First == 1 && e.Prev.IsZero(); {
	case very >= 0:
		return store.Appended{Status: store.Duplicate, Leaf: int64(very), Expect: head}
	case e.Kind == store.KindRecord:
	case !exists || e.Epoch > head.Epoch:
		if !isFirst {
			status = store.Ahead
		}
	case e.Epoch < head.Epoch, e.First <= head.Seq:
		status = m.repeated(e, head)
	case e.First > head.Seq+1:
		status = store.Ahead
	case e.Prev != head.Hash:
		status = store.Broken
	}
	result := store.Appended{Status: status, Expect: head}
	switch status {
	case store.Stored:
		e.Index = int64(len(leaves))
		m.leaves[e.Customer] = append(leaves, e)
		result.Leaf = int64(len(leaves))
		result.Expect, _ = m.head(key)
	case store.Forked, store.Broken:
		if m.forks[e.Customer] == nil {
			m.forks[e.Customer] = make(map[evidence.Hash]bool)
		}
		m.forks[e.Customer][e.SHA256] = true
	}
	return result
}

// repeated says what a note is whose number was given before.
func (m *model) repeated(e store.Entry, head store.ChainHead) store.AppendStatus {
	gap := func(e store.Entry) bool { return e.Kind == store.KindGap || e.First < e.Seq }
	if gap(e) && e.Epoch == head.Epoch && e.Seq > head.Seq {
		return store.Overlaps
	}
	for _, l := range m.leaves[e.Customer] {
		if l.Kind == store.KindRecord || l.Key != e.Key || l.Stream != e.Stream || l.Epoch != e.Epoch || e.First < l.First || e.First > l.Seq {
			continue
		}
		switch {
		case gap(l):
			return store.Covered
		case gap(e):
			return store.Overlaps
		}
		return store.Forked
	}
	return store.Ended
}

// draw makes an entry that is often the one that is due, and often nearly.
func (m *model) draw(t *rapid.T) store.Entry {
	customer := rapid.SampledFrom(m.customers).Draw(t, "customer")
	key := store.ChainKey{
		Customer: customer,
		Key:      rapid.SampledFrom([]string{key1, key2}).Draw(t, "key"),
		Stream:   rapid.SampledFrom([]vouch.Stream{vouch.Availability, vouch.Telemetry}).Draw(t, "stream"),
	}
	head, exists := m.head(key)
	shape := rapid.SampledFrom([]string{"due", "due", "due", "again", "near", "near", "epoch", "record"}).Draw(t, "shape")
	epoch, first, prev := head.Epoch, head.Seq+1, head.Hash
	switch {
	case shape == "record":
		text := rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "text")
		return record(customer, rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "record"), "contract", text)
	case shape == "again" && len(m.sent) > 0:
		return rapid.SampledFrom(m.sent).Draw(t, "sent")
	case shape == "epoch" || !exists:
		epoch, first, prev = head.Epoch+1, 1, evidence.Hash{}
	case shape == "near":
		epoch = rapid.Uint64Range(max(head.Epoch, 1)-1, head.Epoch+1).Draw(t, "epoch")
		first = rapid.Uint64Range(1, head.Seq+3).Draw(t, "first")
		prev = rapid.SampledFrom([]evidence.Hash{{}, head.Hash, evidence.Sum([]byte("other"))}).Draw(t, "prev")
	}
	text := fmt.Sprintf("%x %s", prev[:4], rapid.SampledFrom([]string{"x", "y"}).Draw(t, "text"))
	switch rapid.SampledFrom([]string{"batch", "batch", "batch", "gap", "rejected"}).Draw(t, "kind") {
	case "gap":
		last := first + rapid.Uint64Range(0, 3).Draw(t, "lost")
		return gap(key, epoch, first, last, prev, evidence.Sum([]byte(text)), text)
	case "rejected":
		return rejected(batch(key, epoch, first, prev, text))
	}
	return batch(key, epoch, first, prev, text)
}

// testModel compares the store with the model over random histories, each of them
// of two customers of its own.
func testModel(t *testing.T, open Opener) {
	s := open(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		m := &model{
			customers: []vouch.CustomerID{vouch.CustomerID(fmt.Sprint("a", round)), vouch.CustomerID(fmt.Sprint("b", round))},
			leaves:    make(map[vouch.CustomerID][]store.Entry),
			forks:     make(map[vouch.CustomerID]map[evidence.Hash]bool),
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				var entries []store.Entry
				var want []store.Appended
				for range rapid.IntRange(1, 6).Draw(rt, "entries") {
					e := m.draw(rt)
					entries = append(entries, e)
					want = append(want, m.append(e))
				}
				got, err := s.Append(t.Context(), entries)
				if err != nil || !reflect.DeepEqual(got, want) {
					rt.Fatalf("Append(%v) = %+v, %v, want %+v", brief(entries), got, err, want)
				}
			},
		})
		m.compare(rt, t, s)
		for _, customer := range m.customers {
			got, err := s.Entries(t.Context(), customer, 0, 1<<20)
			want := m.leaves[customer]
			if err != nil || len(got) != len(want) {
				rt.Fatalf("Entries(%s) = %v, %v, want %v", customer, brief(got), err, brief(want))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i], want[i]) {
					rt.Fatalf("Entries(%s)[%d] = %+v, want %+v", customer, i, got[i], want[i])
				}
			}
			if damage, err := s.Check(t.Context(), customer); err != nil || len(damage) != 0 {
				rt.Fatalf("Check(%s) = %q, %v, want nothing", customer, damage, err)
			}
		}
	})
}

// compare holds heads and counts against the model.
func (m *model) compare(rt *rapid.T, t *testing.T, s store.Store) {
	for _, customer := range m.customers {
		var leaves [][]byte
		for _, e := range m.leaves[customer] {
			leaves = append(leaves, e.Leaf)
		}
		want := store.TreeHead{Size: int64(len(leaves)), Root: rootOf(rt, leaves)}
		if got, err := s.Head(t.Context(), customer); err != nil || got != want {
			rt.Fatalf("Head(%s) = %v, %v, want %v", customer, got, err, want)
		}
		if got, err := s.Forks(t.Context(), customer); err != nil || got != len(m.forks[customer]) {
			rt.Fatalf("Forks(%s) = %d, %v, want %d", customer, got, err, len(m.forks[customer]))
		}
	}
	for _, customer := range m.customers {
		m.compareChains(rt, t, s, customer)
	}
}

func (m *model) compareChains(rt *rapid.T, t *testing.T, s store.Store, customer vouch.CustomerID) {
	heads, err := s.Chains(t.Context(), customer, "")
	if err != nil {
		rt.Fatal(err)
	}
	chains := make(map[store.ChainKey]bool)
	for _, e := range m.leaves[customer] {
		if e.Kind != store.KindRecord {
			chains[store.ChainKey{Customer: customer, Key: e.Key, Stream: e.Stream}] = true
		}
	}
	for _, got := range heads {
		if want, _ := m.head(got.ChainKey); got != want {
			rt.Fatalf("Chains(%s) has %+v, want %+v", customer, got, want)
		}
	}
	if len(heads) != len(chains) {
		rt.Fatalf("Chains(%s) has %d heads, want %d", customer, len(heads), len(chains))
	}
}
