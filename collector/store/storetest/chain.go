// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// step appends one note. Notes have names; a name that no step gives is a note that
// nobody sent.
type step struct {
	name       string
	kind       store.Kind // empty for a batch
	epoch      uint64
	first, seq uint64
	prev       string // name of the note before; "-" for none
	last       string // of a gap: name of the last lost note

	want store.AppendStatus
	head string // name of the step whose note is the head afterwards; "-" for no head
	leaf int64  // where it is Stored or Duplicate
}

const (
	stored    = store.Stored
	duplicate = store.Duplicate
	forked    = store.Forked
	ahead     = store.Ahead
	broken    = store.Broken
	covered   = store.Covered
	overlaps  = store.Overlaps
	ended     = store.Ended
)

var chainCases = []struct {
	name  string
	steps []step
	forks int
}{
	{"chain begins with number 2", []step{
		{name: "b", epoch: 1, seq: 2, prev: "a", want: ahead, head: "-"},
	}, 0},
	{"chain begins with number 2 and names nothing before", []step{
		{name: "b", epoch: 1, seq: 2, prev: "-", want: ahead, head: "-"},
	}, 0},
	{"chain begins with number 1 and names a note before", []step{
		{name: "a", epoch: 1, seq: 1, prev: "x", want: ahead, head: "-"},
	}, 0},
	{"number taken by another note", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "a'", epoch: 1, seq: 1, prev: "-", want: forked, head: "a"},
		{name: "b", epoch: 1, seq: 2, prev: "a", want: stored, head: "b", leaf: 1},
		{name: "a'", epoch: 1, seq: 1, prev: "-", want: forked, head: "b"},
		{name: "b'", epoch: 1, seq: 2, prev: "a", want: forked, head: "b"},
		{name: "c", epoch: 1, seq: 3, prev: "b", want: stored, head: "c", leaf: 2},
	}, 2},
	{"number fits, note before does not", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "b", epoch: 1, seq: 2, prev: "x", want: broken, head: "a"},
		{name: "b'", epoch: 1, seq: 2, prev: "-", want: broken, head: "a"},
		{name: "b''", epoch: 1, seq: 2, prev: "a", want: stored, head: "b''", leaf: 1},
		{name: "b", epoch: 1, seq: 2, prev: "x", want: forked, head: "b''"},
	}, 2},
	{"number is missing", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "c", epoch: 1, seq: 3, prev: "b", want: ahead, head: "a"},
		{name: "c'", epoch: 1, seq: 3, prev: "a", want: ahead, head: "a"},
		{name: "b", epoch: 1, seq: 2, prev: "a", want: stored, head: "b", leaf: 1},
		{name: "c", epoch: 1, seq: 3, prev: "b", want: stored, head: "c", leaf: 2},
	}, 0},
	{"sent again", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "a", epoch: 1, seq: 1, prev: "-", want: duplicate, head: "a"},
		{name: "b", epoch: 1, seq: 2, prev: "a", want: stored, head: "b", leaf: 1},
		{name: "a", epoch: 1, seq: 1, prev: "-", want: duplicate, head: "b"},
		{name: "b", epoch: 1, seq: 2, prev: "a", want: duplicate, head: "b", leaf: 1},
	}, 0},
	{"new epoch begins wrongly", []step{
		{name: "a", epoch: 5, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "n", epoch: 6, seq: 2, prev: "a", want: ahead, head: "a"},
		{name: "m", epoch: 6, seq: 1, prev: "a", want: ahead, head: "a"},
		{name: "o", epoch: 6, seq: 2, prev: "-", want: ahead, head: "a"},
	}, 0},
	{"new epoch", []step{
		{name: "a", epoch: 5, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "b", epoch: 5, seq: 2, prev: "a", want: stored, head: "b", leaf: 1},
		{name: "n", epoch: 9, seq: 1, prev: "-", want: stored, head: "n", leaf: 2},
		{name: "o", epoch: 9, seq: 2, prev: "n", want: stored, head: "o", leaf: 3},
	}, 0},
	{"old epoch", []step{
		{name: "a", epoch: 5, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "n", epoch: 9, seq: 1, prev: "-", want: stored, head: "n", leaf: 1},
		{name: "a", epoch: 5, seq: 1, prev: "-", want: duplicate, head: "n"},
		{name: "a'", epoch: 5, seq: 1, prev: "-", want: forked, head: "n"},
		{name: "b", epoch: 5, seq: 2, prev: "a", want: ended, head: "n"},
		{name: "z", epoch: 7, seq: 1, prev: "-", want: ended, head: "n"},
	}, 1},
	{"epoch 0 is an epoch", []step{
		{name: "a", epoch: 0, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "b", epoch: 0, seq: 2, prev: "a", want: stored, head: "b", leaf: 1},
	}, 0},
	{"gap", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "g", kind: store.KindGap, epoch: 1, first: 2, seq: 5, prev: "a", last: "e", want: stored, head: "g", leaf: 1},
		{name: "f'", epoch: 1, seq: 6, prev: "g", want: broken, head: "g"},
		{name: "f", epoch: 1, seq: 6, prev: "e", want: stored, head: "f", leaf: 2},
		{name: "g", kind: store.KindGap, epoch: 1, first: 2, seq: 5, prev: "a", last: "e", want: duplicate, head: "f", leaf: 1},
		{name: "c", epoch: 1, seq: 3, prev: "b", want: covered, head: "f"},
		{name: "e", epoch: 1, seq: 5, prev: "d", want: covered, head: "f"},
		{name: "h", kind: store.KindGap, epoch: 1, first: 3, seq: 4, prev: "b", last: "d", want: covered, head: "f"},
		{name: "i", kind: store.KindGap, epoch: 1, first: 6, seq: 6, prev: "e", last: "f", want: overlaps, head: "f"},
	}, 1},
	{"gap at the beginning", []step{
		{name: "g", kind: store.KindGap, epoch: 1, first: 1, seq: 3, prev: "-", last: "c", want: stored, head: "g"},
		{name: "d", epoch: 1, seq: 4, prev: "c", want: stored, head: "d", leaf: 1},
	}, 0},
	{"gap that does not fit", []step{
		{name: "a", epoch: 1, seq: 1, prev: "-", want: stored, head: "a"},
		{name: "g", kind: store.KindGap, epoch: 1, first: 3, seq: 5, prev: "b", last: "e", want: ahead, head: "a"},
		{name: "h", kind: store.KindGap, epoch: 1, first: 2, seq: 5, prev: "x", last: "e", want: broken, head: "a"},
		{name: "i", kind: store.KindGap, epoch: 1, first: 1, seq: 5, prev: "-", last: "e", want: overlaps, head: "a"},
		{name: "j", kind: store.KindGap, epoch: 1, first: 1, seq: 1, prev: "-", last: "e", want: overlaps, head: "a"},
	}, 1},
	{"rejected notes take their number", []step{
		{name: "r", kind: store.KindRejected, epoch: 1, seq: 1, prev: "-", want: stored, head: "r"},
		{name: "r", kind: store.KindRejected, epoch: 1, seq: 1, prev: "-", want: duplicate, head: "r"},
		{name: "s", kind: store.KindRejected, epoch: 1, seq: 2, prev: "x", want: broken, head: "r"},
		{name: "t", kind: store.KindRejected, epoch: 1, seq: 4, prev: "x", want: ahead, head: "r"},
		{name: "b", epoch: 1, seq: 2, prev: "r", want: stored, head: "b", leaf: 1},
		{name: "u", kind: store.KindRejected, epoch: 1, seq: 2, prev: "r", want: forked, head: "b"},
		{name: "v", kind: store.KindRejected, epoch: 1, seq: 3, prev: "b", want: stored, head: "v", leaf: 2},
		{name: "d", epoch: 1, seq: 4, prev: "v", want: stored, head: "d", leaf: 3},
	}, 2},
}

// testChainRules appends each case a note a call, and all of its notes in one call.
func testChainRules(t *testing.T, open Opener) {
	for _, c := range chainCases {
		t.Run(c.name, func(t *testing.T) {
			notes := build(c.steps)
			t.Run("one by one", func(t *testing.T) {
				s := open(t)
				var results []store.Appended
				for _, st := range c.steps {
					r, err := s.Append(t.Context(), []store.Entry{notes[st.name]})
					if err != nil || len(r) != 1 {
						t.Fatalf("Append(%s) = %v, %v, want one result", st.name, r, err)
					}
					results = append(results, r...)
				}
				checkSteps(t, s, c.steps, notes, results, c.forks)
			})
			t.Run("in one call", func(t *testing.T) {
				s := open(t)
				var entries []store.Entry
				for _, st := range c.steps {
					entries = append(entries, notes[st.name])
				}
				results, err := s.Append(t.Context(), entries)
				if err != nil || len(results) != len(entries) {
					t.Fatalf("Append = %d results, %v, want %d", len(results), err, len(entries))
				}
				checkSteps(t, s, c.steps, notes, results, c.forks)
			})
		})
	}
}

// build makes the notes of steps. Times differ so that heads can be told apart.
func build(steps []step) map[string]store.Entry {
	key := availability(acme, key1)
	notes := make(map[string]store.Entry)
	hash := func(name string) evidence.Hash {
		if name == "-" {
			return evidence.Hash{}
		}
		if e, ok := notes[name]; ok {
			return e.SHA256
		}
		return evidence.Sum([]byte("never sent " + name))
	}
	for _, st := range steps {
		e := batch(key, st.epoch, st.seq, hash(st.prev), st.name)
		switch st.kind {
		case store.KindGap:
			e = gap(key, st.epoch, st.first, st.seq, hash(st.prev), evidence.Sum([]byte("never sent "+st.last)), st.name)
		case store.KindRejected:
			e = rejected(e)
		}
		notes[st.name] = e
	}
	return notes
}

func checkSteps(t *testing.T, s store.Store, steps []step, notes map[string]store.Entry, results []store.Appended, forks int) {
	t.Helper()
	var head store.ChainHead
	var kept []store.Entry
	for i, st := range steps {
		e := notes[st.name]
		if st.head != "-" {
			through := head.Through
			head = headAfter(notes[st.head])
			if head.Through.IsZero() { // a rejected note says nothing of time
				head.Through = through
			}
		}
		want := store.Appended{Status: st.want, Leaf: st.leaf, Expect: head}
		if results[i] != want {
			t.Errorf("Append(%s) as step %d = %+v, want %+v", st.name, i, results[i], want)
		}
		if st.want == store.Stored {
			kept = append(kept, e)
		}
	}
	equal(t, "Entries", readAll(t, s, acme), numbered(kept))
	checkHead(t, s, acme)
	heads, err := s.Chains(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	var want []store.ChainHead
	if len(kept) > 0 {
		want = []store.ChainHead{head}
	}
	equal(t, "Chains", heads, want)
	if n, err := s.Forks(t.Context(), acme); err != nil || n != forks {
		t.Errorf("Forks = %d, %v, want %d", n, err, forks)
	}
}

// testChainsApart: customer, key and stream each make a chain of their own.
func testChainsApart(t *testing.T, open Opener) {
	s := open(t)
	keys := []store.ChainKey{
		availability(acme, key1),
		{Customer: acme, Key: key1, Stream: vouch.Telemetry},
		availability(acme, key2),
		availability(zebra, key1),
	}
	var entries []store.Entry
	for _, k := range keys {
		entries = append(entries, chained(k, 2)...)
	}
	mustAppend(t, s, entries...)
	for _, c := range []struct {
		customer vouch.CustomerID
		key      string
		want     []int
	}{
		{"nobody", "", nil},
		{"", "nokey", nil},
		{"", "", []int{0, 1, 2, 3}},
		{acme, "", []int{0, 1, 2}},
		{"", key1, []int{0, 1, 3}},
		{acme, key1, []int{0, 1}},
		{zebra, key2, nil},
	} {
		got, err := s.Chains(t.Context(), c.customer, c.key)
		if err != nil {
			t.Fatal(err)
		}
		var want []store.ChainHead
		for _, i := range c.want {
			want = append(want, headAfter(entries[2*i+1]))
		}
		equal(t, "Chains("+string(c.customer)+", "+c.key+")", got, want)
	}
}
