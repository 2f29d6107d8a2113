// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/statement"
)

// issued is a statement that was issued.
type issued struct {
	book.Issue
	manifest bundle.Manifest
	index    int64 // of its record
}

// issue computes a statement from the ledger as it stands and records it, as
// collector/issue.go does.
func (w *world) issue(period contract.Span, when time.Time, reason string) {
	w.t.Helper()
	size, now := int64(len(w.log)), contract.Floor(when)
	b := w.bookAt(size)
	body := book.IssueBody{
		Number: "ST-0001", Version: len(b.Issues()) + 1, From: period.From.Time(), To: period.To.Time(), AsOf: now.Time(), State: string(statement.StateIssued),
		Origin: w.ledger.signer.Name(), Size: size, Customer: "Acme", Provider: "Provider", Reason: reason,
	}
	if period.To > b.Until(now) {
		body.State = string(statement.StateProvisional)
	}
	if w.lies.issue != nil {
		w.lies.issue(w, &body)
		size = body.Size
		b = w.bookAt(size)
	}
	if body.Root == "" {
		body.Root = rootOf(w.hashes(size)).String()
	}
	m := w.manifest(b, body)
	if w.lies.named != nil {
		w.lies.named(w, &m)
	}
	body.Manifest = m.Sum()
	in := b.Input(w.customer, body.Period(), contract.Floor(body.AsOf), w.verdicts(b, body, size))
	var i book.Issue
	w.write(&record{kind: evidence.KindStatementIssued, author: "uid:1", body: func(id string) any {
		i = book.Issue{IssueBody: body, Record: id, Author: "uid:1"}
		before, err := bundle.Before(b, i)
		if err != nil {
			w.t.Log(err)
		}
		bundle.Dress(&in, i, before)
		s := statement.Build(in)
		if w.lies.said != nil {
			w.lies.said(w, &s)
		}
		if err := i.Pack(s.JSON()); err != nil {
			w.t.Fatal(err)
		}
		if w.lies.sealed != nil {
			w.lies.sealed(w, &i.IssueBody)
		}
		return i.IssueBody
	}}, when.Add(2*time.Second))
	w.issued = append(w.issued, issued{i, m, int64(len(w.log)) - 1})
}

// bookAt reads the records of the first leaves.
func (w *world) bookAt(size int64) *book.Book {
	w.t.Helper()
	b := book.New()
	for _, e := range w.log[:size] {
		if e.leaf.Kind == evidence.LeafRecord {
			if err := b.Take(e.rec); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return b
}

// verdicts judges every device from the samples of all batches, taken at once.
func (w *world) verdicts(b *book.Book, body book.IssueBody, size int64) map[vouch.DeviceID][]contract.Segment {
	w.t.Helper()
	if w.lies.judged != nil {
		return maps.Clone(w.lies.judged)
	}
	found := map[vouch.DeviceID]map[vouch.AgentID]*book.Heard{"": {}}
	for i, e := range w.log[:size] {
		if e.leaf.Kind != evidence.LeafBatch || e.leaf.Stream != vouch.Availability || w.lies.used != nil && !w.lies.used(w, int64(i), e) {
			continue
		}
		for _, s := range e.said {
			if found[s.Device] == nil {
				found[s.Device] = map[vouch.AgentID]*book.Heard{}
			}
			h := found[s.Device][s.Agent]
			if h == nil {
				h = &book.Heard{}
				found[s.Device][s.Agent] = h
			}
			h.Add(string(s.Check)+s.Reference, s.Kind, s.Gateway, book.SampleOf(s, book.Doubtful(s, e.batch.Clock, e.leaf.Received)))
		}
	}
	now := contract.Floor(body.AsOf)
	out := map[vouch.DeviceID][]contract.Segment{}
	for _, s := range b.Customer(w.customer).Sites {
		for _, d := range s.Devices {
			span := b.VerdictSpan(d.ID, body.Period(), now)
			for day := range book.Days(span, now) {
				out[d.ID] = append(out[d.ID], b.Judge(d.ID, day.Span, found[d.ID], found[""])...)
			}
			out[d.ID] = contract.Slice(out[d.ID], span)
		}
	}
	return out
}

// manifest names what a statement rests on, chain by chain.
func (w *world) manifest(b *book.Book, body book.IssueBody) bundle.Manifest {
	root, err := evidence.ParseHash(body.Root)
	if err != nil {
		w.t.Fatal(err)
	}
	m := bundle.Manifest{Origin: body.Origin, Size: body.Size, Root: root, Period: body.Period(), Reach: w.reach(b, body)}
	var notes []byte
	for _, e := range w.log[:body.Size] {
		if e.leaf.Kind == evidence.LeafRecord {
			m.Records++
			notes = append(notes, e.rec.Hash[:]...)
		}
	}
	m.RecordHash = sha256.Sum256(notes)
	for _, c := range w.selected(m.Reach, body.Size) {
		r := bundle.ChainRange{Agent: c[0].leaf.Agent, Key: c[0].leaf.KeyHash, Epoch: c[0].leaf.Epoch, First: c[0].leaf.Seq, Last: c[len(c)-1].leaf.Seq, Items: int64(len(c))}
		var notes []byte
		for _, e := range c {
			notes = append(notes, e.leaf.Note[:]...)
		}
		r.Hash = sha256.Sum256(notes)
		m.Chains = append(m.Chains, r)
	}
	return m
}

// reach is the time whose samples bear on a statement: whole days from where a verdict
// begins, and what is looked back before that.
func (w *world) reach(b *book.Book, body book.IssueBody) (out contract.Span) {
	for _, s := range b.Customer(w.customer).Sites {
		for _, d := range s.Devices {
			span := b.VerdictSpan(d.ID, body.Period(), contract.Floor(body.AsOf))
			from, to := span.From/86400*86400-b.Lookback(), (span.To+86399)/86400*86400
			if contract.Floor(body.AsOf) < to+7200 {
				to = min(to, span.To)
			}
			if out.Empty() {
				out = contract.Span{From: from, To: to}
			}
			out = contract.Span{From: min(out.From, from), To: max(out.To, to)}
		}
	}
	return out
}

// selected returns, by agent, key and epoch, the items that speak of a time: from the
// last that ends before it to the first that begins after it. A rejected item speaks of
// nothing, so that it is not one of those.
func (w *world) selected(reach contract.Span, size int64) [][]entry {
	chains := map[string][]entry{}
	for _, e := range w.log[w.lies.first:size] {
		if e.isItem(vouch.Availability) {
			k := fmt.Sprintf("%s %08x %020d", e.leaf.Agent, e.leaf.KeyHash, e.leaf.Epoch)
			chains[k] = append(chains[k], e)
		}
	}
	var out [][]entry
	for _, k := range slices.Sorted(maps.Keys(chains)) {
		c := chains[k]
		first, last := 0, len(c)-1
		for i, e := range c {
			if e.leaf.Kind != evidence.LeafRejected && e.link.Through.Before(reach.From.Time()) {
				first = i
			}
		}
		for i, e := range slices.Backward(c) {
			if e.leaf.Kind != evidence.LeafRejected && !e.link.From.Before(reach.To.Time()) {
				last = i
			}
		}
		out = append(out, c[first:last+1])
	}
	return out
}

// choice says how much a bundle carries.
type choice struct {
	version   int           // of the statement, from 1; 0 for the newest
	first     int64         // leaf that is carried first
	around    contract.Span // samples of these whole days of UTC alone
	telemetry bool
	anchors   bool
	ungrown   bool // no proofs that the ledger grew from sizes before the first
}

// bundle writes a bundle, as collector/bundle.go does.
func (w *world) bundle(c choice) []byte {
	w.t.Helper()
	if c.version == 0 {
		c.version = len(w.issued)
	}
	i := w.issued[c.version-1]
	e := w.evidence(i, c)
	if w.lies.packed != nil {
		w.lies.packed(w, &e)
	}
	var b bytes.Buffer
	if err := bundle.Write(&b, e); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) evidence(i issued, c choice) bundle.Evidence {
	w.t.Helper()
	size := i.index + 1
	i.Size = min(i.Size, size)
	b, all := w.bookAt(i.Size), w.hashes(size)
	e := bundle.Evidence{Manifest: i.manifest.Text(), First: c.first, Keys: []string{w.own.key}, Frontier: edgeOf(all[:c.first])}
	var err error
	e.JSON, _ = i.Unpack()                   // likewise
	e.Statement, _ = statement.Parse(e.JSON) // what cannot be read is a lie that is told
	if e.Checkpoint, err = evidence.SealCheckpoint(evidence.Checkpoint{Origin: w.ledger.signer.Name(), Size: size, Root: rootOf(all)}, w.ledger.signer); err != nil {
		w.t.Fatal(err)
	}
	for _, k := range b.Keys() {
		if !slices.Contains(e.Keys, k.Key) {
			e.Keys = append(e.Keys, k.Key)
		}
	}
	var leaves, records [][]byte
	for n, x := range w.log[:size] {
		if int64(n) >= c.first {
			leaves = append(leaves, x.text)
		}
		if x.leaf.Kind != evidence.LeafRecord {
			continue
		}
		records = append(records, x.note)
		if int64(n) < c.first {
			e.Proofs = append(e.Proofs, bundle.RecordProof{Index: int64(n), Leaf: x.text, Path: pathOf(n, all)})
		}
	}
	e.Leaves, e.Records = each(leaves), each(records)
	reach := w.carried(i, c)
	if !c.around.Empty() {
		verdicts := w.verdicts(b, i.IssueBody, i.Size)
		var ids []vouch.DeviceID
		for _, s := range b.Customer(w.customer).Sites {
			for _, d := range s.Devices {
				ids = append(ids, d.ID)
				verdicts[d.ID] = contract.Exclude(verdicts[d.ID], b.Decide(d.ID, contract.Floor(i.AsOf)))
			}
		}
		e.Excerpt = bundle.NewExcerpt(c.around, ids, verdicts).JSON()
	}
	var items []entry
	for _, chain := range w.selected(reach, i.Size) {
		items = append(items, chain...)
	}
	e.Days = w.days(items, i.Size)
	if c.telemetry {
		var tele []entry
		for _, x := range w.log[:i.Size] {
			if x.isItem(vouch.Telemetry) {
				tele = append(tele, x)
			}
		}
		e.Telemetry = w.days(tele, i.Size)
	}
	if c.anchors {
		e.Anchors = w.anchor.upTo(size, c, all)
	}
	return e
}

// carried is the time of which items are carried.
func (w *world) carried(i issued, c choice) contract.Span {
	if c.around.Empty() {
		return i.manifest.Reach
	}
	return contract.Span{From: c.around.From - w.bookAt(i.Size).Lookback(), To: c.around.To}
}

// wantedOn returns the hashes of the items that are carried and begin on a day.
func (w *world) wantedOn(i issued, c choice, day time.Time) (out []evidence.Hash) {
	for _, chain := range w.selected(w.carried(i, c), i.Size) {
		for _, e := range chain {
			if e.link.From.Format(time.DateOnly) == day.Format(time.DateOnly) {
				out = append(out, e.leaf.Note)
			}
		}
	}
	return out
}

// days sorts items into days, each in the order of the ledger.
func (w *world) days(items []entry, size int64) []bundle.Day {
	wanted := map[evidence.Hash]bool{}
	for _, e := range items {
		wanted[e.leaf.Note] = true
	}
	sorted := map[string][][]byte{}
	for i, e := range w.log[:size] {
		if wanted[e.leaf.Note] && (w.lies.chosen == nil || w.lies.chosen(w, int64(i), e)) {
			d := e.link.From.Format(time.DateOnly)
			sorted[d] = append(sorted[d], e.note)
		}
	}
	var out []bundle.Day
	for _, d := range slices.Sorted(maps.Keys(sorted)) {
		t, err := time.Parse(time.DateOnly, d)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, bundle.Day{Day: t, Notes: each(sorted[d])})
	}
	return out
}

func each(list [][]byte) bundle.Each {
	return func(yield func([]byte) error) error {
		for _, x := range list {
			if err := yield(x); err != nil {
				return err
			}
		}
		return nil
	}
}
