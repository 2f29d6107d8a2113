// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

// checked verifies a proof as a customer does, with what he pinned, and returns when
// the authority and the witnesses say that it was.
func checked(t *testing.T, w *world, p anchor.Proof, trust stamp.Trust, houses ...*house) (stamped time.Time, cosigned []time.Time) {
	t.Helper()
	rec, err := evidence.OpenRecord(p.Record, w.own)
	if err != nil || rec.Kind != evidence.KindAnchored || rec.Customer != vouch.Anchors {
		t.Fatalf("record %+v, %v, want an anchor", rec.RecordHeader, err)
	}
	leaf, err := evidence.ParseLeaf(p.Leaf)
	if err != nil || leaf.Note != rec.Hash {
		t.Errorf("leaf %+v, %v, want that of the record", leaf, err)
	}
	again, err := evidence.ParseInclusionProof(p.Inclusion.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	c, err := again.Open(leaf.Hash(), origin+"/anchors", w.own)
	if err != nil {
		t.Errorf("the proof does not hold: %v", err)
	}
	if p.Token != nil {
		s, err := stamp.Verify(p.Token, p.Stamped, 0, trust)
		if err != nil {
			t.Errorf("stamp: %v", err)
		}
		stamped = s.Time
		if own, err := evidence.OpenCheckpoint(p.Stamped, origin+"/anchors", w.own); err != nil || own != c {
			t.Errorf("stamped checkpoint %+v, %v, want that of the proof %+v", own, err, c)
		}
	}
	for _, h := range houses {
		key, err := evidence.NewCosignerVerifier(h.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, at, err := evidence.OpenCosigned(again.Checkpoint, origin+"/anchors", key); err == nil {
			cosigned = append(cosigned, at)
		}
	}
	if all := bytes.Join([][]byte{p.Record, p.Leaf, p.Inclusion.Append(nil), p.Stamped}, nil); bytes.Contains(all, []byte("other")) {
		t.Errorf("the proof tells of another customer:\n%s", all)
	}
	return stamped, cosigned
}

// What a customer is given shows, without the collector, when his ledger had how many
// leaves, and nothing of others.
func TestProofs(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t)
	one, two := newHouse(t, "one.example", w.anchorKey()), newHouse(t, "two.example", w.anchorKey())
	w.opts.Authorities = []anchor.Authority{authority(t, "test", tsa)}
	w.opts.Witnesses = []anchor.Witness{one.witness(), two.witness()}
	w.start()
	trust := stamp.Trust{Roots: w.opts.Authorities[0].Roots}
	begun := time.Now().Add(-time.Second)
	for range 4 {
		w.decide("other", evidence.KindContract)
		w.decide("acme", evidence.KindContract)
		w.anchored("other")
		w.anchored("acme")
	}
	proofs, err := w.anchors.Proofs(t.Context(), "acme", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[int64]int{}
	for _, p := range proofs {
		head, err := w.store.RootAt(t.Context(), "acme", p.Anchored.Size)
		if err != nil || p.Anchored.Root != head || p.Anchored.Origin != origin+"/acme" {
			t.Errorf("anchored %+v, %v, want root %s of acme", p.Anchored, err, head)
		}
		sizes[p.Anchored.Size]++
		stamped, cosigned := checked(t, w, p, trust, one, two)
		// All are asked for one checkpoint, so that one proof carries all their words.
		if stamped.Before(begun) || stamped.After(time.Now().Add(time.Second)) || len(cosigned) != 2 {
			t.Errorf("anchor of %d leaves: stamped %v, cosigned %v; want now, by all three", p.Anchored.Size, stamped, cosigned)
		}
	}
	if len(sizes) != 4 || len(proofs) != 4 {
		t.Errorf("%d proofs of sizes %v, want one of each size 1 to 4", len(proofs), sizes)
	}
	for _, c := range []struct {
		customer      vouch.CustomerID
		from, through int64
		want          int
	}{{"acme", 2, 3, 2}, {"acme", 4, 4, 1}, {"acme", 5, 100, 0}, {"acme", 0, 0, 0}, {"stranger", 0, 100, 0}} {
		if got, err := w.anchors.Proofs(t.Context(), c.customer, c.from, c.through); err != nil || len(got) != c.want {
			t.Errorf("Proofs of %s from %d through %d = %d, %v, want %d", c.customer, c.from, c.through, len(got), err, c.want)
		}
	}
}

// Who was away vouches later, and an anchor is proven by the earliest word of each.
func TestProofsOfLateWords(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t)
	h := newHouse(t, "one.example", w.anchorKey())
	w.opts.Authorities = []anchor.Authority{authority(t, "test", tsa)}
	w.opts.Witnesses = []anchor.Witness{h.witness()}
	trust := stamp.Trust{Roots: w.opts.Authorities[0].Roots}
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	tsa.Down(true)
	before := w.party("one.example").Size
	w.decide("acme", evidence.KindContract)
	w.wait("the witness alone vouches", func() bool { return w.party("one.example").Size > before && w.party("test").Failures > 0 })
	h.stop()
	w.decide("acme", evidence.KindContract)
	w.wait("nobody vouches", func() bool { return w.party("one.example").Error != "" })

	proofs, err := w.anchors.Proofs(t.Context(), "acme", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64][2]bool{}
	for _, p := range proofs {
		stamped, cosigned := checked(t, w, p, trust, h)
		got[p.Anchored.Size] = [2]bool{!stamped.IsZero(), len(cosigned) > 0}
	}
	if want := map[int64][2]bool{1: {true, true}, 2: {false, true}}; len(got) != 2 || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("vouched for by authority and witness: %v, want %v and nothing of 3", got, want)
	}

	tsa.Down(false)
	h.start()
	w.anchored("acme")
	if proofs, err = w.anchors.Proofs(t.Context(), "acme", 0, 100); err != nil {
		t.Fatal(err)
	}
	words := map[int64][2]int{}
	for _, p := range proofs {
		stamped, cosigned := checked(t, w, p, trust, h)
		n := words[p.Anchored.Size]
		if !stamped.IsZero() {
			n[0]++
		}
		n[1] += len(cosigned)
		words[p.Anchored.Size] = n
	}
	for size := int64(1); size <= 3; size++ {
		if n := words[size]; n[0] < 1 || n[1] < 1 {
			t.Errorf("anchor of %d leaves has %d stamps and %d cosignatures, want both", size, n[0], n[1])
		}
	}
}

// A record in the ledger of anchors that is not the collector's proves nothing.
func TestProofsOfStrangers(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) { o.Authorities = []anchor.Authority{authority(t, "test", tsa)} })
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	w.stop()
	var nobody note.Verifier = rejecting{w.opts.Records}
	w.opts.Records = nobody
	a, err := anchor.New(w.store, w, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Proofs(t.Context(), "acme", 0, 100); err != nil || len(got) != 0 {
		t.Errorf("Proofs = %d, %v, want none", len(got), err)
	}
}
