// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence/bundle"
)

// tampering is one thing that is done to a bundle, and what must be said of it.
type tampering struct {
	name  string
	day   bool // of the story of a day, else of an hour
	c     choice
	files func(x *outsider, f map[string][]byte)
	zip   func(x *outsider, b []byte) []byte
	keys  func(x *outsider, w *world) []string // that are pinned; nil: the contract's annex

	wrong  bundle.Finding // that is disproved; without a topic nothing is
	listed bundle.Finding // that is listed as not proven; without a topic nothing more is
	err    string         // it cannot be read at all
}

// outsider is somebody who holds no key, and some bundles.
type outsider struct {
	t     *testing.T
	w     *world
	day   *world
	other *world // another customer's, with the same agents
	foe   *world // of the same ledger, with keys of the outsider's own

	made map[string]made // of w and day
}

// made is a bundle before it is tampered with, and what is said of it.
type made struct {
	bytes  []byte
	report *bundle.Report
}

const (
	day0 = "availability/2026-02-27.columns"
	day1 = "availability/2026-02-28.columns"
)

func f(t bundle.Topic, where, what string) bundle.Finding {
	return bundle.Finding{Topic: t, Where: where, What: what}
}

// notesOf changes the notes of a file.
func notesOf(name string, change func([][]byte) [][]byte) func(*outsider, map[string][]byte) {
	return func(_ *outsider, f map[string][]byte) {
		f[name] = packed(name, joinNotes(change(splitNotes(opened(name, f[name])))))
	}
}

// blocksOf is the same of leaves and proofs.
func blocksOf(name string, change func([]string) []string) func(*outsider, map[string][]byte) {
	return func(_ *outsider, f map[string][]byte) { f[name] = joinBlocks(change(splitBlocks(f[name]))) }
}

// swapped puts old in the place of new, once.
func swapped(name, old, new string) func(*outsider, map[string][]byte) {
	return func(_ *outsider, f map[string][]byte) {
		f[name] = packed(name, replace(opened(name, f[name]), old, new))
	}
}

func TestOutsider(t *testing.T) {
	x := &outsider{t, newWorld(t, hourStory("acme"), lies{}), newWorld(t, dayStory("acme"), lies{}), newWorld(t, hourStory("globex"), lies{}), nil, map[string]made{}}
	x.foe = newWorld(t, hourStory("acme"), lies{keys: 100})
	rows := slices.Concat(itemRows(), ledgerRows(), paperRows(), sideRows(), zipRows())
	names := map[string]bool{}
	for _, tt := range rows {
		if names[tt.name] {
			t.Errorf("two rows are called %q", tt.name)
		}
		names[tt.name] = true
		t.Run(tt.name, func(t *testing.T) { x.try(t, tt) })
	}
}

func (x *outsider) try(t *testing.T, tt tampering) {
	w := x.w
	if tt.day {
		w = x.day
	}
	kind := fmt.Sprint(tt.day, tt.c)
	m, ok := x.made[kind]
	if !ok {
		m.bytes = w.bundle(tt.c)
		m.report = verify(t, m.bytes, w.pinned())
		x.made[kind] = m
	}
	b, o, before := bytes.Clone(m.bytes), w.pinned(), m.report
	if before.Verdict != bundle.Proven {
		t.Fatalf("control: %s", text(before))
	}
	if tt.files != nil {
		files := unzip(t, b)
		tt.files(x, files)
		b = rezip(t, files)
	}
	if tt.zip != nil {
		b = tt.zip(x, b)
	}
	if tt.keys != nil {
		o.Keys = tt.keys(x, w)
	}
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
	switch {
	case tt.err != "":
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("error %v, want one with %q", err, tt.err)
		}
		return
	case err != nil:
		t.Fatal(err)
	case tt.wrong.Topic != "" && !has(r.Disproved, tt.wrong):
		t.Errorf("disproved: %q, want %q", r.Disproved, tt.wrong)
	case tt.wrong.Topic == "" && len(r.Disproved) > 0:
		t.Errorf("%swant nothing disproved", text(r))
	case tt.listed.Topic != "" && (!has(r.Unproven, tt.listed) || has(before.Unproven, tt.listed)):
		t.Errorf("%swant it listed, and not before: %+v", text(r), tt.listed)
	case tt.wrong.Topic == "" && tt.listed.Topic == "" && len(r.Unproven) > len(before.Unproven):
		t.Errorf("%swant nothing more listed than\n%s", text(r), text(before))
	}
}

// itemRows are about what agents signed.
func itemRows() []tampering {
	return []tampering{
		{name: "nothing", files: func(*outsider, map[string][]byte) {}},
		{name: "a sample is changed", files: swapped(day1, `outcome="up"`, `outcome="uq"`), wrong: f(bundle.TopicChain, day1+", note 0", "wrong signature of key ams-a")},
		{name: "a clock is changed", files: swapped(day1, "offset_us=2000", "offset_us=2001"), wrong: f(bundle.TopicChain, day1, "wrong signature")},
		{name: "a gap is changed", files: swapped(day0, "reason: queue full", "reason: queue fulk"), wrong: f(bundle.TopicChain, day0, "wrong signature")},
		{name: "a note ends early", files: notesOf(day1, func(n [][]byte) [][]byte { n[0] = n[0][:bytes.LastIndex(n[0], []byte("\n\n"))+2]; return n }), wrong: f(bundle.TopicChain, day1+", note 0", "malformed note")},
		{name: "a note gets a second signature", files: notesOf(day1, func(n [][]byte) [][]byte {
			n[0] = append(n[0], n[0][bytes.LastIndex(n[0], []byte("\n\n"))+2:]...)
			return n
		}), wrong: f(bundle.TopicChain, day1, "more than one signature")},
		{name: "a batch is left out", files: notesOf(day0, func(n [][]byte) [][]byte { return n[1:] }), wrong: f(bundle.TopicComplete, "agent ams-a", "number 1, leaf 12, is left out")},
		{name: "a batch is left out in the middle", files: notesOf(day1, func(n [][]byte) [][]byte { return n[2:] }), wrong: f(bundle.TopicComplete, "agent ams-a", "is left out")},
		{name: "a gap is left out", files: notesOf(day0, func(n [][]byte) [][]byte { return n[:len(n)-1] }), wrong: f(bundle.TopicComplete, "agent fra-a", "is left out")},
		{name: "a rejected batch is left out", files: notesOf(day1, func(n [][]byte) [][]byte { return n[1:] }), wrong: f(bundle.TopicComplete, "agent ams-a", "is left out")},
		{name: "an agent is left out", files: func(_ *outsider, f map[string][]byte) {
			for _, d := range []string{day0, day1} {
				f[d] = dayFile(slices.DeleteFunc(dayNotes(f[d]), func(n []byte) bool { return bytes.Contains(n, []byte("agent: fra-a\n")) }))
			}
		}, wrong: f(bundle.TopicComplete, "agent fra-a", "none of its 4 items is carried")},
		{name: "a day is left out", files: func(_ *outsider, f map[string][]byte) { delete(f, day1) }, wrong: f(bundle.TopicComplete, "agent ams-a", "is left out, and may speak of the period")},
		{name: "all batches are left out", files: func(_ *outsider, f map[string][]byte) { delete(f, day0); delete(f, day1) }, wrong: f(bundle.TopicComplete, "agent ams-a", "none of its 4 items")},
		{name: "a batch stands twice", files: notesOf(day0, func(n [][]byte) [][]byte { return append(n, n[0]) }), wrong: f(bundle.TopicChain, day0, "batch 1 of agent ams-a is carried twice")},
		{name: "two batches change places", files: notesOf(day0, func(n [][]byte) [][]byte { n[0], n[1] = n[1], n[0]; return n }), wrong: f(bundle.TopicFile, day0+", note 1", "leaf 12 stands after leaf 13")},
		{name: "a batch stands in another day", files: func(_ *outsider, f map[string][]byte) {
			a, b := dayNotes(f[day0]), dayNotes(f[day1])
			f[day0], f[day1] = dayFile(a[1:]), dayFile(append(a[:1:1], b...))
		}, wrong: f(bundle.TopicFile, day1+", note 0", "stands in the file of another day")},
		{name: "another customer's batch is added", files: func(x *outsider, f map[string][]byte) {
			f[day0] = dayFile(append(dayNotes(f[day0]), dayNotes(unzip(x.t, x.other.bundle(choice{}))[day0])[0]))
		}, wrong: f(bundle.TopicChain, day0, "is not among the leaves of the ledger")},
		{name: "another customer's day takes its place", files: func(x *outsider, f map[string][]byte) { f[day1] = unzip(x.t, x.other.bundle(choice{}))[day1] },
			wrong: f(bundle.TopicChain, day1, "is not among the leaves of the ledger")},
		{name: "a batch is signed with another key", files: func(x *outsider, f map[string][]byte) {
			n := dayNotes(f[day0])
			n[0] = dayNotes(unzip(x.t, x.foe.bundle(choice{}))[day0])[0]
			f[day0] = dayFile(n)
		}, wrong: f(bundle.TopicChain, day0, "signed by an unknown key")},
		{name: "a record stands among the batches", files: func(_ *outsider, f map[string][]byte) {
			f[day0] = dayFile(append(dayNotes(f[day0]), splitNotes(f["records.notes"])[0]))
		}, wrong: f(bundle.TopicChain, day0, "is neither a batch nor a gap")},
		{name: "telemetry stands among the batches", c: choice{telemetry: true}, files: func(_ *outsider, f map[string][]byte) {
			f[day0] = dayFile(append(dayNotes(f[day0]), dayNotes(f["telemetry/2026-02-27.columns"])[0]))
		}, wrong: f(bundle.TopicChain, day0, "is of the stream telemetry")},
		{name: "telemetry is changed", c: choice{telemetry: true}, files: func(_ *outsider, f map[string][]byte) {
			f["telemetry/2026-02-27.columns"] = packed("telemetry/2026-02-27.columns", flip(opened("telemetry/2026-02-27.columns", f["telemetry/2026-02-27.columns"]), "ifHCInOctets"))
		}, wrong: f(bundle.TopicChain, "telemetry/2026-02-27.columns", "wrong signature")},
		{name: "telemetry that is not in the ledger", c: choice{telemetry: true}, files: func(x *outsider, f map[string][]byte) {
			f["telemetry/2026-02-27.columns"] = unzip(x.t, x.other.bundle(choice{telemetry: true}))["telemetry/2026-02-27.columns"]
		}, wrong: f(bundle.TopicChain, "telemetry/2026-02-27.columns", "not among the leaves")},
		{name: "the file ends within a block", files: func(_ *outsider, f map[string][]byte) { f[day0] = f[day0][:len(f[day0])-10] }, wrong: f(bundle.TopicFile, day0, "block 0: unexpected EOF")},
		{name: "the file ends within a count", files: func(_ *outsider, f map[string][]byte) { f[day0] = append(f[day0], 0x80) }, wrong: f(bundle.TopicFile, day0, "block 1: unexpected EOF")},
		{name: "a count without end", files: func(_ *outsider, f map[string][]byte) { f[day0] = bytes.Repeat([]byte{0xff}, 20) }, wrong: f(bundle.TopicFile, day0, "block 0: binary: varint overflows")},
		{name: "more steps than any block", files: func(_ *outsider, f map[string][]byte) { f[day0] = append(f[day0], 0xff, 0xff, 0xff, 0x7f) }, wrong: f(bundle.TopicFile, day0, "block 1: it claims 268435455 steps")},
		{name: "a block of nothing", files: func(_ *outsider, f map[string][]byte) { f[day0] = append(f[day0], 0, 0, 0) }, wrong: f(bundle.TopicFile, day0, "block 1: its last note does not end")},
		{name: "a note of nothing", files: func(_ *outsider, f map[string][]byte) { f[day0] = append([]byte{1, 0, 0, 0}, f[day0]...) }, wrong: f(bundle.TopicFile, day0, "block 0: a note is empty")},
		{name: "a million notes of one byte", files: func(_ *outsider, f map[string][]byte) {
			f[day0] = append(f[day0], dayFile(slices.Repeat([][]byte{[]byte("\n")}, 1_000_000))...)
		},
			wrong: f(bundle.TopicChain, day0, "is neither a batch nor a gap")},
	}
}

// ledgerRows are about records, leaves, the checkpoint and proofs.
func ledgerRows() []tampering {
	const records, leaves = "records.notes", "leaves.txt"
	return []tampering{
		{name: "the terms are changed", files: swapped(records, `"q":2`, `"q":1`), wrong: f(bundle.TopicSigner, records+", note 0", "wrong signature")},
		{name: "an announcement is dated back", files: swapped(records, "kind: maintenance-announced\nid: maintenance-announced-1\nrecorded: 2026-02-27T23:40", "kind: maintenance-announced\nid: maintenance-announced-1\nrecorded: 2026-02-27T13:40"),
			wrong: f(bundle.TopicSigner, records, "wrong signature")},
		{name: "a record is left out", files: notesOf(records, func(n [][]byte) [][]byte { return slices.Delete(n, len(n)-2, len(n)-1) }), wrong: f(bundle.TopicComplete, records, "record maintenance-announced-1, leaf 11, is left out")},
		{name: "two records change places", files: notesOf(records, func(n [][]byte) [][]byte { n[1], n[2] = n[2], n[1]; return n }), wrong: f(bundle.TopicLedger, records, "not in the order of the ledger")},
		{name: "a record stands twice", files: notesOf(records, func(n [][]byte) [][]byte { return slices.Insert(n, 1, n[0]) }), wrong: f(bundle.TopicLedger, records, "not in the order of the ledger")},
		{name: "the issue is left out", files: notesOf(records, func(n [][]byte) [][]byte { return n[:len(n)-1] }), wrong: f(bundle.TopicStatement, records, "the last record does not say that a statement was issued")},
		{name: "no records", files: func(_ *outsider, f map[string][]byte) { f[records] = nil }, wrong: f(bundle.TopicStatement, records, "the last record does not say")},
		{name: "another customer's records", files: func(x *outsider, f map[string][]byte) { f[records] = unzip(x.t, x.other.bundle(choice{}))[records] }, wrong: f(bundle.TopicSigner, records, "is customer globex's")},
		{name: "records signed with another key", files: func(x *outsider, f map[string][]byte) { f[records] = unzip(x.t, x.foe.bundle(choice{}))[records] }, wrong: f(bundle.TopicSigner, records, "signed by an unknown key")},
		{name: "a batch stands among the records", files: func(_ *outsider, f map[string][]byte) {
			f[records] = append(joinNotes(dayNotes(f[day0])[:1]), f[records]...)
		},
			wrong: f(bundle.TopicSigner, records, "signed by an unknown key")},

		{name: "a leaf is changed", files: swapped(leaves, "received: 2026-02-27T23:45", "received: 2026-02-27T23:46"), wrong: f(bundle.TopicLedger, leaves, "do not make the root of the checkpoint")},
		{name: "a rejection is taken back", files: func(_ *outsider, f map[string][]byte) {
			f[leaves] = replace(replace(f[leaves], "kind: rejected", "kind: batch"), "reason: check other of device rt1 is not assigned to the agent\n", "")
		}, wrong: f(bundle.TopicLedger, leaves, "do not make the root")},
		{name: "a rejection without a reason", files: swapped(leaves, "reason: check other of device rt1 is not assigned to the agent\n", ""), wrong: f(bundle.TopicLedger, leaves+", leaf", `"reason"`)},
		{name: "a leaf is left out", files: blocksOf(leaves, func(b []string) []string { return slices.Delete(b, 5, 6) }), wrong: f(bundle.TopicLedger, leaves, "do not make the root")},
		{name: "the last leaf is left out", files: blocksOf(leaves, func(b []string) []string { return b[:len(b)-1] }), wrong: f(bundle.TopicLedger, leaves, "do not make the root")},
		{name: "two leaves change places", files: blocksOf(leaves, func(b []string) []string { b[0], b[1] = b[1], b[0]; return b }), wrong: f(bundle.TopicLedger, leaves, "do not make the root")},
		{name: "a leaf stands twice", files: blocksOf(leaves, func(b []string) []string { return slices.Insert(b, 1, b[0]) }), wrong: f(bundle.TopicLedger, leaves, "its note is that of leaf 0 too")},
		{name: "a leaf too many", files: blocksOf(leaves, func(b []string) []string { return append(b, strings.Replace(b[len(b)-1], "note: ", "note: A", 1)) }), wrong: f(bundle.TopicLedger, leaves, "more leaves than the 22")},
		{name: "another customer's leaves", files: func(x *outsider, f map[string][]byte) { f[leaves] = unzip(x.t, x.other.bundle(choice{}))[leaves] }, wrong: f(bundle.TopicLedger, leaves, "it is of customer globex's ledger")},
		{name: "no leaves", files: func(_ *outsider, f map[string][]byte) { f[leaves] = nil }, wrong: f(bundle.TopicLedger, leaves, "the 0 leaves do not make the root")},
		{name: "the file of leaves ends within one", files: func(_ *outsider, f map[string][]byte) { f[leaves] = f[leaves][:len(f[leaves])-1] }, wrong: f(bundle.TopicLedger, leaves, "the file ends within it")},
		{name: "a leaf without an end", files: func(_ *outsider, f map[string][]byte) {
			f[leaves] = append(f[leaves], bytes.Repeat([]byte("vouch/leaf v1\n"), 100_000)...)
		},
			wrong: f(bundle.TopicLedger, leaves, "longer than 2048 bytes")},
		{name: "a line without an end", files: func(_ *outsider, f map[string][]byte) {
			f[leaves] = append(f[leaves], bytes.Repeat([]byte("x"), 1_000_000)...)
		},
			wrong: f(bundle.TopicLedger, leaves, "longer than 2048 bytes")},
		{name: "a leaf of nothing", files: func(_ *outsider, f map[string][]byte) { f[leaves] = append([]byte("\n"), f[leaves]...) }, wrong: f(bundle.TopicLedger, leaves+", leaf 0", "leaf")},

		{name: "the checkpoint is of fewer leaves", files: swapped("checkpoint.txt", "\n22\n", "\n21\n"), wrong: f(bundle.TopicSigner, "checkpoint.txt", "wrong signature")},
		{name: "the checkpoint is another customer's", files: func(x *outsider, f map[string][]byte) {
			f["checkpoint.txt"] = unzip(x.t, x.other.bundle(choice{}))["checkpoint.txt"]
		},
			wrong: f(bundle.TopicSigner, records, "is customer acme's")},
		{name: "the checkpoint is signed by somebody else", files: func(x *outsider, f map[string][]byte) {
			f["checkpoint.txt"] = unzip(x.t, x.foe.bundle(choice{}))["checkpoint.txt"]
		},
			wrong: f(bundle.TopicSigner, "checkpoint.txt", "signed by an unknown key")},
		{name: "the checkpoint has two signatures", files: func(x *outsider, f map[string][]byte) {
			c := unzip(x.t, x.foe.bundle(choice{}))["checkpoint.txt"]
			f["checkpoint.txt"] = append(f["checkpoint.txt"], c[bytes.Index(c, []byte("\n\n"))+2:]...)
		}, wrong: f(bundle.TopicSigner, "checkpoint.txt", "exactly one signature")},
		{name: "the checkpoint is of no ledger", files: func(_ *outsider, f map[string][]byte) { f["checkpoint.txt"] = []byte("hello\n") }, wrong: f(bundle.TopicLedger, "checkpoint.txt", "origin of a ledger")},

		{name: "the frontier begins later", files: swapped("frontier.txt", "0\n", "1\n"), wrong: f(bundle.TopicLedger, "frontier.txt", "0 hashes are not the edge of a tree of 1 leaves")},
		{name: "the frontier is spelled otherwise", files: swapped("frontier.txt", "0\n", "00\n"), wrong: f(bundle.TopicLedger, "frontier.txt", "does not begin with the number")},
		{name: "the frontier is cut off", files: func(_ *outsider, f map[string][]byte) { f["frontier.txt"] = nil }, wrong: f(bundle.TopicLedger, "frontier.txt", "does not begin with the number")},
		{name: "the frontier has other hashes", day: true, c: choice{first: 7}, files: func(_ *outsider, f map[string][]byte) {
			l := strings.SplitAfter(string(f["frontier.txt"]), "\n")
			l[1], l[2] = l[2], l[1]
			f["frontier.txt"] = []byte(strings.Join(l, ""))
		}, wrong: f(bundle.TopicLedger, "leaves.txt", "do not make the root")},
	}
}
