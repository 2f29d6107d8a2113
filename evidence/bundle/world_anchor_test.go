// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// anchorage is the ledger of anchors, with who outside vouches for it.
type anchorage struct {
	tsa     *authority
	witness evidence.Cosigner
	key     string // the witness's
	leaves  []evidence.Hash
	of      []anchored
}

// anchored is one anchor of the customer's ledger.
type anchored struct {
	evidence.Anchored
	bundle.Anchor
	at time.Time
}

func (a *anchorage) init(t testing.TB) {
	t.Helper()
	secret, key, err := evidence.GenerateCosignerKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), "witness.example.org")
	if err == nil {
		a.key = key
		a.witness, err = evidence.NewCosigner(secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.tsa = newAuthority(t)
}

// takeAnchor takes note of how far the ledger has come, and of that of another customer;
// seconds later others vouch for it.
func (w *world) takeAnchor(when time.Time) {
	w.t.Helper()
	a := &w.anchor
	said := evidence.Anchored{Origin: w.ledger.signer.Name(), Size: int64(len(w.log)), Root: rootOf(w.hashes(int64(len(w.log))))}
	if w.lies.anchors != nil && !w.lies.anchors(w, &said) {
		return
	}
	var ours evidence.Record
	var leaf []byte
	for _, x := range []evidence.Anchored{{Origin: origin + "/somebody", Size: 1, Root: evidence.Hash{1}}, said} {
		body, err := evidence.MarshalCanonical(x)
		if err != nil {
			w.t.Fatal(err)
		}
		ours, err = evidence.SealRecord(evidence.RecordHeader{
			Customer: vouch.Anchors, Kind: evidence.KindAnchored, ID: fmt.Sprintf("anchored-%d", len(a.leaves)+1), Recorded: when, Effective: when, Author: "collector", Nonce: w.nonce(),
		}, body, w.own.signer)
		if err != nil {
			w.t.Fatal(err)
		}
		leaf = ours.Leaf(when).Append(nil)
		a.leaves = append(a.leaves, hashLeaf(leaf))
	}
	size := len(a.leaves)
	text := evidence.Checkpoint{Origin: w.anchors.signer.Name(), Size: int64(size), Root: rootOf(a.leaves)}.Text()
	signed, err := note.Sign(&note.Note{Text: string(text)}, w.anchors.signer)
	if err != nil {
		w.t.Fatal(err)
	}
	cosigned, err := note.Sign(&note.Note{Text: string(text)}, w.anchors.signer, a.witness.At(when.Add(5*time.Second)))
	if err != nil {
		w.t.Fatal(err)
	}
	proof := evidence.InclusionProof{Index: int64(size) - 1, Hashes: pathOf(size-1, a.leaves), Checkpoint: cosigned}
	a.of = append(a.of, anchored{said, bundle.Anchor{
		Record: ours.Raw, Leaf: leaf, Proof: proof.Append(nil), Checkpoint: signed, Token: a.tsa.stamp(w.t, signed, when.Add(3*time.Second)),
	}, when})
}

// upTo returns the anchors of a ledger of that size, whose leaves have those hashes.
func (a *anchorage) upTo(size int64, c choice, leaves []evidence.Hash) (out []bundle.Anchor) {
	for _, x := range a.of {
		if x.Size > size {
			continue
		}
		if x.Size < c.first && !c.ungrown {
			x.Grown = grownOf(int(x.Size), leaves, true)
		}
		out = append(out, x.Anchor)
	}
	return out
}

// unzip returns the files of a bundle.
func unzip(t testing.TB, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = raw
	}
	return out
}

// rezip packs files anew. Only large ones are compressed: that takes the time.
func rezip(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name}
		if len(files[name]) > 2<<20 {
			h.Method = zip.Deflate
		}
		f, err := z.CreateHeader(h)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
