// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// testPack: packing changes nothing that a caller sees, whenever it happens.
func testPack(t *testing.T, open Opener) {
	s := open(t)
	var all []store.Entry
	prev := map[store.ChainKey]evidence.Hash{}
	for i := range 150 {
		seq := uint64(i + 1)
		for _, key := range []store.ChainKey{availability(acme, key1), availability(acme, key2), {Customer: acme, Key: key1, Stream: vouch.Telemetry}} {
			e := batch(key, 7, seq, prev[key], strings.Repeat("x", i))
			switch i % 50 {
			case 20:
				e = gap(key, 7, seq, seq, prev[key], evidence.Sum([]byte("lost")), "")
			case 30:
				e = rejected(e)
			}
			prev[key] = e.Last
			all = append(all, e)
		}
		if i%30 == 3 {
			all = append(all, record(acme, fmt.Sprint("r-", i), "contract", ""))
		}
	}
	all = numbered(all)
	mustAppend(t, s, chained(availability(zebra, key1), 100)...)
	if n, err := s.Pack(t.Context(), start); err != nil || n != 0 {
		t.Errorf("Pack(before all) = %d, %v, want 0", n, err)
	}
	packed := 0
	for from := 0; from < len(all); {
		n := min(from+125, len(all))
		mustAppend(t, s, all[from:n]...)
		from = n
		n, err := s.Pack(t.Context(), start.Add(24*time.Hour))
		if err != nil {
			t.Fatalf("Pack = %v", err)
		}
		packed += n
		equal(t, fmt.Sprintf("Entries of %d, after %d notes were packed", from, packed), readAll(t, s, acme), all[:from])
	}
	for _, customer := range []vouch.CustomerID{acme, zebra} {
		checkHead(t, s, customer)
		if damage, err := s.Check(t.Context(), customer); err != nil || len(damage) != 0 {
			t.Errorf("Check(%s) = %q, %v, want nothing", customer, damage, err)
		}
	}
	for i := 0; i < len(all); i += 7 {
		one, err := s.Entries(t.Context(), acme, int64(i), 1)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("Entries(%d, 1)", i), one, all[i:i+1])
	}
	if r, err := s.Append(t.Context(), all); err != nil || slices.ContainsFunc(r, func(a store.Appended) bool { return a.Status != store.Duplicate }) {
		t.Errorf("Append(all again) = %v, want duplicates only", err)
	}
	if r, err := s.Records(t.Context(), acme); err != nil || len(r) != 5 || r[4].RecordID != "r-123" || len(r[4].Note) == 0 {
		t.Errorf("Records = %v, %v, want 5", brief(r), err)
	}
}

// erasing makes a ledger of two streams with records, gaps and rejected notes: number n
// of each chain speaks of the minute that ends n minutes after start.
func erasing(rounds int) []store.Entry {
	var all []store.Entry
	prev := map[store.ChainKey]evidence.Hash{}
	for i := range rounds {
		for _, key := range []store.ChainKey{availability(acme, key1), {Customer: acme, Key: key1, Stream: vouch.Telemetry}, {Customer: acme, Key: key2, Stream: vouch.Telemetry}} {
			seq := uint64(i + 1)
			e := batch(key, 7, seq, prev[key], "")
			switch i % 10 {
			case 3:
				e = gap(key, 7, seq, seq, prev[key], evidence.Sum([]byte("lost")), "")
			case 7:
				e = rejected(e) // says nothing of time: Received counts
			}
			prev[key] = e.Last
			all = append(all, e)
		}
		if i%10 == 5 {
			all = append(all, record(acme, fmt.Sprint("r-", i), "contract", ""))
		}
	}
	return numbered(all)
}

// erasedOf says what must become of entries: those of a stream before an instant lose
// their notes.
func erasedOf(all []store.Entry, stream vouch.Stream, before time.Time, keepFrom int64) (after []store.Entry, e store.Erased) {
	for _, x := range all {
		at := x.Through
		if at.IsZero() {
			at = x.Received
		}
		if x.Stream == stream && at.Before(before) && x.Index < keepFrom && !x.Erased {
			x.Note, x.Erased = nil, true
			if e.Count++; e.Count == 1 {
				e.First = x.Index
			}
			e.Last = x.Index
		}
		after = append(after, x)
	}
	return after, e
}

// testErase: what is erased is gone for every reader, and everything else is as it was.
func testErase(t *testing.T, open Opener) {
	s := open(t)
	all := erasing(70)
	mustAppend(t, s, all...)
	mustAppend(t, s, chained(store.ChainKey{Customer: zebra, Key: key1, Stream: vouch.Telemetry}, 3)...)
	head, err := s.Head(t.Context(), acme)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Erase(t.Context(), acme, "", start.Add(time.Hour), head.Size); err == nil || e.Count != 0 {
		t.Errorf("Erase(no stream) = %v, %v, want an error", e, err)
	}
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	total := map[vouch.Stream]store.Erased{}
	for _, c := range []struct {
		stream   vouch.Stream
		before   time.Time
		keepFrom int64
	}{
		{vouch.Telemetry, minute(0), head.Size},                   // before all
		{vouch.Telemetry, minute(40), 0},                          // none may be
		{vouch.Telemetry, minute(40), -5},                         // likewise
		{vouch.Telemetry, minute(40), 31},                         // some
		{vouch.Telemetry, minute(40), head.Size},                  // the rest of those
		{vouch.Telemetry, minute(40), head.Size},                  // none are left
		{vouch.Telemetry, minute(40).Add(time.Millisecond), 1000}, // the one whose Through was that instant
		{vouch.Telemetry, minute(48).Add(2 * time.Second), 1000},  // the last by Received
		{vouch.Availability, minute(60), head.Size},               // the other stream
		{vouch.Telemetry, minute(1000), 1 << 50},                  // all that can be
	} {
		want, sum := erasedOf(all, c.stream, c.before, c.keepFrom)
		got, err := s.Erase(t.Context(), acme, c.stream, c.before, c.keepFrom)
		if err != nil || got != sum {
			t.Errorf("Erase(%s, %s, %d) = %+v, %v, want %+v", c.stream, c.before.Format(time.TimeOnly), c.keepFrom, got, err, sum)
		}
		all = want
		equal(t, "Entries", readAll(t, s, acme), all)
		if sum.Count > 0 {
			x := total[c.stream]
			if x.Count += sum.Count; x.Count == sum.Count {
				x.First = sum.First
			}
			x.First, x.Last = min(x.First, sum.First), max(x.Last, sum.Last)
			total[c.stream] = x
		}
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			if got, err := s.Erased(t.Context(), acme, stream); err != nil || got != total[stream] {
				t.Errorf("Erased(%s) = %+v, %v, want %+v", stream, got, err, total[stream])
			}
		}
		if _, err := s.Pack(t.Context(), minute(2000)); err != nil {
			t.Fatalf("Pack = %v", err)
		}
		checkErased(t, s, all)
	}
	if got, err := s.Head(t.Context(), acme); err != nil || got != head {
		t.Errorf("Head = %v, %v, want it to be as before, %v", got, err, head)
	}
	if r, err := s.Append(t.Context(), erasing(70)); err != nil || slices.ContainsFunc(r, func(a store.Appended) bool { return a.Status != store.Duplicate }) {
		t.Errorf("Append(what was erased) = %v, want duplicates only", err)
	}
	checkErased(t, s, all)
	for _, c := range []vouch.CustomerID{zebra, "nobody"} {
		if got, err := s.Erased(t.Context(), c, vouch.Telemetry); err != nil || got.Count != 0 {
			t.Errorf("Erased(%s) = %+v, %v, want nothing", c, got, err)
		}
	}
	if got, err := s.Erase(t.Context(), "nobody", vouch.Telemetry, minute(1000), 1); err != nil || got.Count != 0 {
		t.Errorf("Erase(nobody) = %+v, %v, want nothing", got, err)
	}
}

// checkErased reads a ledger in every way that returns notes.
func checkErased(t *testing.T, s store.Ledger, want []store.Entry) {
	t.Helper()
	equal(t, "Entries", readAll(t, s, acme), want)
	records, err := s.Records(t.Context(), acme)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Records", records, slices.DeleteFunc(slices.Clone(want), func(e store.Entry) bool { return e.Kind != store.KindRecord }))
	if damage, err := s.Check(t.Context(), acme); err != nil || len(damage) != 0 {
		t.Errorf("Check = %q, %v, want nothing", damage, err)
	}
}

// testErasePacking: notes are erased once, wherever they are moved meanwhile.
func testErasePacking(t *testing.T, open Opener) {
	s := open(t)
	all := erasing(150)
	mustAppend(t, s, all...)
	var g errgroup.Group
	g.Go(func() error {
		_, err := s.Pack(t.Context(), start.Add(1000*time.Hour))
		return err
	})
	counts := make([]int64, 2)
	for i := range counts {
		g.Go(func() error {
			e, err := s.Erase(t.Context(), acme, vouch.Telemetry, start.Add(100*time.Minute), 1000)
			counts[i] = e.Count
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	want, sum := erasedOf(all, vouch.Telemetry, start.Add(100*time.Minute), 1000)
	if counts[0]+counts[1] != sum.Count {
		t.Errorf("two calls of Erase at once erased %d and %d notes, want %d together", counts[0], counts[1], sum.Count)
	}
	if got, err := s.Erased(t.Context(), acme, vouch.Telemetry); err != nil || got != sum {
		t.Errorf("Erased = %+v, %v, want %+v", got, err, sum)
	}
	checkErased(t, s, want)
}
