// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// FuzzVerify puts anything in the place of one file: nothing brings the verification
// down, and what differs is caught, or is a file on which nothing rests.
func FuzzVerify(f *testing.F) {
	w := newWorld(f, hourStory("acme"), lies{})
	files := plain(unzip(f, w.bundle(choice{anchors: true, telemetry: true})))
	long := newWorld(f, dayStory("acme"), lies{})
	more := plain(unzip(f, long.bundle(choice{first: 20})))
	excerpt := plain(unzip(f, long.bundle(choice{around: span(day(3), day(4))})))
	for name, b := range files {
		f.Add(uint8(0), name, b)
	}
	f.Add(uint8(1), "proofs.txt", more["proofs.txt"])
	f.Add(uint8(1), "frontier.txt", more["frontier.txt"])
	f.Add(uint8(2), "excerpt.json", excerpt["excerpt.json"])
	f.Fuzz(func(t *testing.T, which uint8, name string, content []byte) {
		base, owner := files, w
		switch which % 3 {
		case 1:
			base, owner = more, long
		case 2:
			base, owner = excerpt, long
		}
		if len(name) > 1000 || strings.HasSuffix(name, "/") {
			return
		}
		changed := maps.Clone(base)
		changed[name] = content
		b := store(t, changed).b
		r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), owner.pinned())
		if err != nil || r.Verdict == bundle.Disproved || bytes.Equal(content, base[name]) {
			return
		}
		if _, why := meaningless(name, base[name], 0); why == "" && len(base[name]) > 0 && name != "anchors/000001/proof.txt" {
			t.Errorf("%s is other than it was, and nothing is disproved:\n%s", name, text(r))
		}
	})
}

// FuzzZip reads anything as a bundle.
func FuzzZip(f *testing.F) {
	w := newWorld(f, hourStory("acme"), lies{})
	files := plain(unzip(f, w.bundle(choice{})))
	good := store(f, files).b
	f.Add(good)
	f.Add(rezip(f, nil))
	f.Add(rezip(f, map[string][]byte{"checkpoint.txt": nil, "x": []byte("hello")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), w.pinned())
		if err == nil && r.Verdict != bundle.Disproved && r.Number != "ST-0001" {
			t.Errorf("a bundle of nothing is %s", text(r))
		}
		var lines bytes.Buffer
		_ = bundle.Lines(bytes.NewReader(b), int64(len(b)), &lines) // what it finds is of no matter
	})
}

// FuzzRecord has the provider sign any body of a record: the verification of what he
// makes of it ends, whatever it says.
func FuzzRecord(f *testing.F) {
	kinds := []evidence.RecordKind{
		evidence.KindContract, evidence.KindInstallation, evidence.KindLease, evidence.KindLocation, evidence.KindAssignment, evidence.KindMaintenanceAnnounced,
		evidence.KindMaintenanceCancelled, evidence.KindExclusionClaimed, evidence.KindExclusionApproved, evidence.KindExclusionRejected, evidence.KindAcceptance,
		evidence.KindIncidentEvent, evidence.KindKeyAdded, evidence.KindKeyRevoked, evidence.KindStatementIssued, evidence.KindLostHere, evidence.KindEquivocation,
	}
	w := newWorld(f, dayStory("acme"), lies{})
	for n, k := range kinds {
		for _, e := range w.log {
			if e.rec.Kind == k {
				f.Add(uint8(n), e.rec.Body)
			}
		}
	}
	honest := newWorld(f, hourStory("acme"), lies{})
	base := honest.evidence(honest.issued[0], choice{})
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		body, err := evidence.Canonical(body)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := bundle.Write(&b, honest.with(t, base, kinds[int(kind)%len(kinds)], body)); err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.Verify(bytes.NewReader(b.Bytes()), int64(b.Len()), honest.pinned()); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever value the provider puts in the place of any one in a record that he signs, the
// verification ends.
func TestNastyValues(t *testing.T) {
	w := newWorld(t, dayStory("acme"), lies{})
	honest := newWorld(t, hourStory("acme"), lies{})
	base := honest.evidence(honest.issued[0], choice{})
	nasty := []any{nil, true, -1, 0, 1 << 52, -(1 << 52), "", "x\x1b[2J\n", strings.Repeat("9", 3000), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", []any{}, map[string]any{}}
	seen, n := map[evidence.RecordKind]int{}, 0
	for _, e := range w.log {
		if e.leaf.Kind != evidence.LeafRecord || seen[e.rec.Kind] > 1 {
			continue
		}
		seen[e.rec.Kind]++
		var body any
		if err := json.Unmarshal(e.rec.Body, &body); err != nil {
			t.Fatal(err)
		}
		everyValue(body, func(set func(any), was any) {
			for _, x := range nasty {
				if n++; n%211 != 0 && !soak {
					continue
				}
				set(x)
				raw, err := json.Marshal(body)
				if err == nil {
					raw, err = evidence.Canonical(raw)
				}
				set(was)
				if err != nil {
					continue // a number with an exponent
				}
				var b bytes.Buffer
				if err := bundle.Write(&b, honest.with(t, base, e.rec.Kind, raw)); err != nil {
					t.Fatal(err)
				}
				r := verify(t, b.Bytes(), honest.pinned())
				if out := text(r); strings.ContainsRune(out, 0x1b) || len(out) > 1<<20 {
					t.Errorf("%s: %.2000q", e.rec.Kind, out)
				}
			}
		})
	}
}

// everyValue calls f for every value in a JSON value with what sets another in its place.
func everyValue(v any, f func(set func(any), was any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			f(func(x any) { v[k] = x }, v[k])
			everyValue(v[k], f)
		}
	case []any:
		for i := range v {
			f(func(x any) { v[i] = x }, v[i])
			everyValue(v[i], f)
		}
	}
}

// with returns the evidence of a ledger that has one record more, before the statement's
// checkpoint. The manifest follows it; what the statement says does not.
func (w *world) with(t testing.TB, e bundle.Evidence, kind evidence.RecordKind, body []byte) bundle.Evidence {
	t.Helper()
	i := w.issued[0]
	x := &world{t: t, customer: w.customer, own: w.own, ledger: w.ledger, numbers: map[evidence.RecordKind]int{}}
	add := func(h evidence.RecordHeader, body []byte) {
		x.numbers[h.Kind]++
		h.ID = fmt.Sprintf("%s-%d", h.Kind, x.numbers[h.Kind])
		rec, err := evidence.SealRecord(h, body, w.own.signer)
		if err != nil {
			t.Fatal(err)
		}
		leaf := rec.Leaf(h.Recorded)
		x.log = append(x.log, entry{leaf: leaf, text: leaf.Append(nil), note: rec.Raw, rec: rec})
	}
	for _, old := range w.log[:i.Size] {
		x.numbers[old.rec.Kind]++
		x.log = append(x.log, old)
	}
	add(evidence.RecordHeader{Customer: w.customer, Kind: kind, Recorded: at(1, "00:50"), Effective: at(0, "23:40"), Author: "uid:1"}, body)
	said := i.IssueBody
	said.Size++
	said.Root = rootOf(x.hashes(said.Size)).String()
	b := book.New()
	for _, old := range x.log {
		if old.leaf.Kind == evidence.LeafRecord {
			_ = b.Take(old.rec) // what cannot be read is what is tried here
		}
	}
	m := x.manifest(b, said)
	e.Manifest, said.Manifest = m.Text(), m.Sum()
	raw, err := evidence.MarshalCanonical(said)
	if err != nil {
		t.Fatal(err)
	}
	add(w.log[i.index].rec.RecordHeader, raw)
	all := x.hashes(int64(len(x.log)))
	e.Checkpoint, err = evidence.SealCheckpoint(evidence.Checkpoint{Origin: w.ledger.signer.Name(), Size: int64(len(all)), Root: rootOf(all)}, w.ledger.signer)
	if err != nil {
		t.Fatal(err)
	}
	e.Keys = e.Keys[:1:1]
	for _, k := range b.Keys() {
		if !slices.Contains(e.Keys, k.Key) && !strings.Contains(k.Key, "\n") {
			e.Keys = append(e.Keys, k.Key)
		}
	}
	var texts, records [][]byte
	for _, n := range x.log {
		texts = append(texts, n.text)
		if n.leaf.Kind == evidence.LeafRecord {
			records = append(records, n.note)
		}
	}
	e.Leaves, e.Records = each(texts), each(records)
	return e
}
