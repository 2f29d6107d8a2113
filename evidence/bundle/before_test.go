// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// ahead is a story in which maintenance on the third day was announced on the first, by
// terms that ask for three days' notice.
func ahead(why string) func(s *story) {
	return func(s *story) {
		t := terms()
		for i, r := range t.Exclusions {
			if r.Kind == contract.Maintenance {
				t.Exclusions = slices.Clone(t.Exclusions)
				t.Exclusions[i].Ahead, t.Exclusions[i].Short = contract.TimeLimit{N: 3, Unit: contract.Days}, contract.Refuse
			}
		}
		r := s.recordOf(evidence.KindContract, 1).record
		r.body = contractBody(1, r.effective, t)
		s.write(at(0, "06:00"), evidence.KindMaintenanceAnnounced, "uid:1", book.MaintenanceBody{ID: "M-0", Device: "rt1", From: at(3, "08:00"), To: at(3, "08:30"), Reason: why})
	}
}

// Maintenance that was announced before the first leaf that is carried is proven to be in
// time by an anchor from before it, with a proof that the ledger grew from there.
func TestAnchoredBefore(t *testing.T) {
	w := newWorld(t, dayStory("acme"), lies{plot: ahead("power")})
	first := int64(slices.IndexFunc(w.log, func(e entry) bool { return !e.leaf.Received.Before(at(0, "20:30")) }))
	c := choice{anchors: true, first: first}
	files := unzip(t, w.bundle(c))
	grown := slices.Collect(func(yield func(string) bool) {
		for name := range files {
			if strings.HasSuffix(name, "/grown.txt") && !yield(name) {
				return
			}
		}
	})
	slices.Sort(grown)
	if len(grown) < 2 {
		t.Fatalf("%d anchors before leaf %d", len(grown), first)
	}
	proven := f(bundle.TopicTime, "maintenance M-0", "announced at 2026-02-27T06:00:00Z, and in the ledger before it began at 2026-03-02T08:00:00Z")
	late := f(bundle.TopicTime, "maintenance M-0", "with the notice that was agreed: it begins at 2026-03-02T08:00:00Z, and somebody outside vouches for it only from 2026-02-27T18:00:04Z on")
	if r := verify(t, rezip(t, files), w.pinned()); !has(r.Proven, proven) || r.Verdict != bundle.Proven {
		t.Errorf("with the proofs of growth: %s", text(r))
	}
	c.ungrown = true
	if r := verify(t, w.bundle(c), w.pinned()); !has(r.Unproven, late) || !has(r.Unproven, f(bundle.TopicTime, "anchors/", "of sizes of the ledger that are not carried")) {
		t.Errorf("without: %s", text(r))
	}
	last := grown[len(grown)-1]
	for name, change := range map[string]func(map[string][]byte){
		"another's proof":      func(f map[string][]byte) { f[last] = f[grown[0]] },
		"a hash is changed":    func(f map[string][]byte) { f[last] = flipBase64(f[last]) },
		"a hash is left out":   func(f map[string][]byte) { f[last] = f[last][45:] },
		"a hash more":          func(f map[string][]byte) { f[last] = append(f[last], f[last][:45]...) },
		"no hash":              func(f map[string][]byte) { f[last] = []byte{} },
		"no newline":           func(f map[string][]byte) { f[last] = bytes.TrimSuffix(f[last], []byte("\n")) },
		"too many":             func(f map[string][]byte) { f[last] = bytes.Repeat(f[last][:45], 200) },
		"of a carried size":    func(f map[string][]byte) { f["anchors/000013/grown.txt"] = f[last] },
		"words where hashes":   func(f map[string][]byte) { f[last] = []byte("it grew\n") },
		"one of another story": func(f map[string][]byte) { f[last] = unzip(t, other(t).bundle(c1(first)))[last] },
	} {
		changed := unzip(t, rezip(t, files))
		change(changed)
		if r := verify(t, rezip(t, changed), w.pinned()); r.Verdict != bundle.Disproved || !slices.ContainsFunc(r.Disproved, func(x bundle.Finding) bool { return strings.HasPrefix(x.Where, "anchors/") }) {
			t.Errorf("%s: %s %q", name, r.Verdict, r.Disproved)
		}
	}
}

// other is a ledger of the same length in which something else was measured.
func other(t *testing.T) *world {
	return newWorld(t, dayStory("acme"), lies{plot: ahead("cooling")})
}

func c1(first int64) choice { return choice{anchors: true, first: first} }

// flipBase64 changes the first character of a hash.
func flipBase64(b []byte) []byte {
	out := bytes.Clone(b)
	if out[0] != 'A' {
		out[0] = 'A'
	} else {
		out[0] = 'B'
	}
	return out
}
