// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/statement"
)

const origin = "vouch.example.net"

// day is so many days after the beginning of the world, at is a time of such a day.
func day(n int) time.Time { return time.Date(2026, 2, 27+n, 0, 0, 0, 0, time.UTC) }

func at(n int, hhmm string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", day(n).Format(time.DateOnly)+" "+hhmm)
	if err != nil {
		panic(err)
	}
	return t
}

// party is somebody with a key, made of a repeated byte.
type party struct {
	key    string
	signer note.Signer
}

func newParty(t testing.TB, name string, seed byte) party {
	t.Helper()
	secret, key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return party{key, s}
}

// world is one customer's ledger in memory, kept by somebody who holds every key in it
// and tells whatever lies he likes.
type world struct {
	t        testing.TB
	customer vouch.CustomerID
	own      party // the collector
	ledger   party // the same key under the ledger's name
	anchors  party // the same key under the name of the ledger of anchors
	agents   map[vouch.AgentID]party
	his      party // the customer's
	lies     lies

	log     []entry
	heads   map[string]evidence.Hash // by chain and epoch: what the next item names
	numbers map[evidence.RecordKind]int
	nonces  uint64
	issued  []issued
	anchor  anchorage
}

// lies are told where the provider can tell them.
type lies struct {
	keys    byte                                      // other keys, where it is not 0
	first   int64                                     // leaf from which on the manifest looks at items
	judged  map[vouch.DeviceID][]contract.Segment     // verdicts that are known; nil: from the samples
	plot    func(*story)                              // what happened
	leaf    func(w *world, l *evidence.Leaf)          // what the ledger says of a note
	used    func(w *world, i int64, e entry) bool     // false: the statement takes no notice of it
	said    func(w *world, s *statement.Statement)    // what the statement says
	issue   func(w *world, i *book.IssueBody)         // what the record says that issues it
	sealed  func(w *world, i *book.IssueBody)         // the same, once the statement is in it
	named   func(w *world, m *bundle.Manifest)        // what it is said to rest on
	chosen  func(w *world, i int64, e entry) bool     // which items are carried, of those that are named
	packed  func(w *world, e *bundle.Evidence)        // what is carried
	record  func(w *world, h *evidence.RecordHeader)  // before it is sealed
	anchors func(w *world, a *evidence.Anchored) bool // false: it is not anchored
}

// entry is one leaf of the ledger with its note.
type entry struct {
	leaf  evidence.Leaf
	text  []byte
	note  []byte
	link  evidence.Link   // of a batch or a gap
	batch evidence.Batch  // of a batch
	said  []vouch.Sample  // in it
	rec   evidence.Record // of a record
}

func (e entry) isItem(s vouch.Stream) bool {
	return e.leaf.Kind != evidence.LeafRecord && e.leaf.Stream == s
}

// newWorld plays a story.
func newWorld(t testing.TB, s *story, l lies) *world {
	t.Helper()
	w := &world{
		t: t, customer: s.customer, lies: l, agents: map[vouch.AgentID]party{}, heads: map[string]evidence.Hash{}, numbers: map[evidence.RecordKind]int{},
		own: newParty(t, origin, 2+l.keys), ledger: newParty(t, origin+"/"+string(s.customer), 2+l.keys), anchors: newParty(t, origin+"/anchors", 2+l.keys), his: newParty(t, "acme", 9),
	}
	for i, a := range s.agents {
		w.agents[a.id] = newParty(t, string(a.id), byte(20+i)+l.keys)
	}
	w.anchor.init(t)
	s.w = w
	s.finish()
	if l.plot != nil {
		l.plot(s)
	}
	slices.SortStableFunc(s.steps, func(a, b *step) int { return a.at.Compare(b.at) })
	for _, st := range s.steps {
		switch {
		case st.item != nil:
			w.take(st.item, st.at)
		case st.record != nil:
			w.write(st.record, st.at)
		case st.anchor:
			w.takeAnchor(st.at)
		case st.issue:
			w.issue(s.period, st.at, st.reason)
		default:
			w.t.Fatal("a step of nothing")
		}
	}
	return w
}

func (w *world) nonce() (n evidence.Nonce) {
	w.nonces++
	binary.BigEndian.PutUint64(n[:], w.nonces)
	return n
}

// take seals an item and appends it.
func (w *world) take(i *item, received time.Time) {
	w.t.Helper()
	p := w.agents[i.agent]
	if i.signer != nil {
		p = *i.signer
	}
	id := evidence.Identity{Agent: i.agent, Location: i.location, Customer: w.customer}
	chain := fmt.Sprint(p.key, i.stream, i.epoch)
	prev := w.heads[chain]
	if i.prev != nil {
		prev = *i.prev
	}
	if i.seq == 1 {
		prev = evidence.Hash{}
	}
	var e entry
	if i.lost > 0 {
		g, err := evidence.SealGap(evidence.GapHeader{
			Identity: id, Stream: i.stream, Epoch: i.epoch, First: i.seq, Seq: i.seq + i.lost - 1, Prev: prev, Begins: i.begins, Last: evidence.Sum([]byte(chain)),
			Nonce: w.nonce(), Boot: "boot-1", From: i.from, Through: i.through, Reason: evidence.GapQueueFull, Sealed: i.through,
		}, p.signer)
		if err != nil {
			w.t.Fatal(err)
		}
		e.link, e.note = g.Link(), g.Raw
	} else {
		lines := i.raw
		var enc evidence.Encoder
		for _, s := range i.samples {
			var err error
			if lines, err = enc.AppendSample(lines, s, i.stream); err != nil {
				w.t.Fatal(err)
			}
		}
		b, err := evidence.SealBatch(evidence.BatchHeader{
			Identity: id, Stream: i.stream, Epoch: i.epoch, Seq: i.seq, Prev: prev, Begins: i.begins, Nonce: w.nonce(), Boot: "boot-1",
			From: i.from, Through: i.through, Sealed: i.through.Add(20 * time.Millisecond), Clock: i.clock, Dropped: i.dropped,
		}, lines, p.signer)
		if err != nil {
			w.t.Fatal(err)
		}
		e.link, e.note, e.batch, e.said = b.Link(), b.Raw, b, i.samples
	}
	w.heads[chain] = e.link.Head
	e.leaf = e.link.Leaf(received, i.rejected)
	if !i.received.IsZero() {
		e.leaf.Received = i.received
	}
	w.append(e)
}

// seal returns the entry of a batch of a minute.
func (w *world) seal(a agent, seq uint64, from time.Time, lines []byte) entry {
	h := evidence.BatchHeader{
		Identity: evidence.Identity{Agent: a.id, Location: a.at, Customer: w.customer}, Stream: vouch.Availability, Epoch: uint64(day(0).UnixMilli()), Seq: seq,
		Prev: w.heads[string(a.id)], Nonce: w.nonce(), Boot: "boot-1", From: from, Through: from.Add(time.Minute), Sealed: from.Add(time.Minute + 20*time.Millisecond),
		Clock: evidence.Clock{Known: true, Offset: time.Duration(seq%977) * time.Microsecond, Bound: 5 * time.Millisecond, Source: "collector"},
	}
	if seq == 1 {
		h.Begins = evidence.BeginsFirstStart
	}
	b, err := evidence.SealBatch(h, lines, w.agents[a.id].signer)
	if err != nil {
		w.t.Fatal(err)
	}
	w.heads[string(a.id)] = b.Hash
	l := b.Link()
	leaf := l.Leaf(from.Add(time.Minute+time.Duration(150+seq%100)*time.Millisecond), "")
	return entry{leaf: leaf, text: leaf.Append(nil), note: b.Raw, link: l}
}

// append appends an entry, with what is to be said of it.
func (w *world) append(e entry) {
	if w.lies.leaf != nil {
		w.lies.leaf(w, &e.leaf)
	}
	e.text = e.leaf.Append(nil)
	w.log = append(w.log, e)
}

// write seals a record and appends it.
func (w *world) write(r *record, received time.Time) evidence.Record {
	w.t.Helper()
	w.numbers[r.kind]++
	h := evidence.RecordHeader{
		Customer: w.customer, Kind: r.kind, ID: fmt.Sprintf("%s-%d", r.kind, w.numbers[r.kind]), Recorded: received, Effective: received,
		Author: r.author, Corrects: r.corrects, Nonce: w.nonce(),
	}
	if !r.recorded.IsZero() {
		h.Recorded = r.recorded
	}
	if !r.effective.IsZero() {
		h.Effective = r.effective
	}
	if w.lies.record != nil {
		w.lies.record(w, &h)
	}
	body := r.body
	if f, ok := body.(func(id string) any); ok {
		body = f(h.ID)
	}
	raw, err := evidence.MarshalCanonical(body)
	if err != nil {
		w.t.Fatal(err)
	}
	rec, err := evidence.SealRecord(h, raw, w.own.signer)
	if err != nil {
		w.t.Fatal(err)
	}
	if !r.received.IsZero() {
		received = r.received
	}
	w.append(entry{leaf: rec.Leaf(received), note: rec.Raw, rec: rec})
	return rec
}

// recordOf returns the record with that id.
func (w *world) recordOf(id string) evidence.Record {
	w.t.Helper()
	for _, e := range w.log {
		if e.rec.ID == id {
			return e.rec
		}
	}
	w.t.Fatalf("there is no record %s", id)
	return evidence.Record{}
}

// annex is the keys that the contract names: all that can be pinned.
func (w *world) annex() []string {
	out := []string{w.own.key, w.his.key, w.anchor.key}
	for _, p := range w.agents {
		out = append(out, p.key)
	}
	slices.Sort(out)
	return out
}

// pinned is what a customer says who has read his contract.
func (w *world) pinned() bundle.Options {
	return bundle.Options{Keys: w.annex(), Roots: w.anchor.tsa.roots}
}

// hashes returns the hashes of the first leaves.
func (w *world) hashes(n int64) []evidence.Hash {
	out := make([]evidence.Hash, n)
	for i := range out {
		out[i] = hashLeaf(w.log[i].text)
	}
	return out
}

// The tree of RFC 6962 section 2.1, as it is written there.

func hashLeaf(text []byte) evidence.Hash { return sha256.Sum256(append([]byte{0}, text...)) }

func hashNode(a, b evidence.Hash) evidence.Hash {
	return sha256.Sum256(append(append([]byte{1}, a[:]...), b[:]...))
}

func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

func rootOf(leaves []evidence.Hash) evidence.Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return hashNode(rootOf(leaves[:k]), rootOf(leaves[k:]))
}

func pathOf(m int, leaves []evidence.Hash) []evidence.Hash {
	if len(leaves) == 1 {
		return nil
	}
	if k := split(len(leaves)); m < k {
		return append(pathOf(m, leaves[:k]), rootOf(leaves[k:]))
	} else {
		return append(pathOf(m-k, leaves[k:]), rootOf(leaves[:k]))
	}
}

// grownOf proves that the leaves begin with the first m of them (RFC 6962 section 2.1.2).
func grownOf(m int, leaves []evidence.Hash, whole bool) []evidence.Hash {
	switch {
	case m == len(leaves) && whole:
		return []evidence.Hash{}
	case m == len(leaves):
		return []evidence.Hash{rootOf(leaves)}
	}
	if k := split(len(leaves)); m <= k {
		return append(grownOf(m, leaves[:k], whole), rootOf(leaves[k:]))
	} else {
		return append(grownOf(m-k, leaves[k:], false), rootOf(leaves[:k]))
	}
}

// edgeOf returns the roots of the complete subtrees, largest first.
func edgeOf(leaves []evidence.Hash) (out []evidence.Hash) {
	for len(leaves) > 0 {
		k := 1
		for k*2 <= len(leaves) {
			k *= 2
		}
		out = append(out, rootOf(leaves[:k]))
		leaves = leaves[k:]
	}
	return out
}
