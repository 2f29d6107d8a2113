// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// bundleChoice says how much a bundle carries.
type bundleChoice struct {
	telemetry bool          // all streams
	around    contract.Span // samples of these whole days of UTC alone; empty for all
}

// packer puts one bundle together.
type packer struct {
	c     *Collector
	cu    vouch.CustomerID
	issue book.Issue
	size  int64 // leaves of the bundle's checkpoint: up to the record that issued the statement
	index int64 // of that record
	book  *book.Book
	days  map[int64][]int64 // leaves by day
	tele  map[int64][]int64
}

// bundle writes all that an issued statement rests on.
func (c *Collector) bundle(ctx context.Context, w io.Writer, cu vouch.CustomerID, i book.Issue, choice bundleChoice) error {
	p := &packer{c: c, cu: cu, issue: i, book: book.New(), days: map[int64][]int64{}, tele: map[int64][]int64{}}
	e, err := p.evidence(ctx, choice)
	if err == nil {
		err = bundle.Write(w, e)
	}
	if err != nil {
		return fmt.Errorf("bundle of statement %s version %d of %s: %w", i.Number, i.Version, cu, err)
	}
	return nil
}

func (p *packer) evidence(ctx context.Context, choice bundleChoice) (e bundle.Evidence, err error) {
	c := p.c
	records, err := c.store.Records(ctx, p.cu)
	if err != nil {
		return e, err
	}
	n := slices.IndexFunc(records, func(r store.Entry) bool { return r.RecordID == p.issue.Record })
	if n < 0 {
		return e, fmt.Errorf("record %s: %w", p.issue.Record, store.ErrNotFound)
	}
	records = records[:n+1]
	p.index, p.size = records[n].Index, records[n].Index+1
	if err := p.readBook(records); err != nil {
		return e, err
	}
	if e.JSON, err = p.issue.Unpack(); err != nil {
		return e, err
	}
	if e.Statement, err = p.issue.Open(); err != nil {
		return e, err
	}
	root, err := c.store.RootAt(ctx, p.cu, p.size)
	if err != nil {
		return e, err
	}
	if e.Checkpoint, err = c.own.seal(evidence.Checkpoint{Origin: p.issue.Origin, Size: p.size, Root: root}); err != nil {
		return e, err
	}
	if err := p.choose(ctx, &e, choice); err != nil {
		return e, err
	}
	if e.Frontier, err = c.store.Frontier(ctx, p.cu, e.First); err != nil {
		return e, err
	}
	if e.Proofs, err = p.proofs(ctx, records, e.First); err != nil {
		return e, err
	}
	e.Leaves = func(yield func([]byte) error) error {
		return c.eachLeaf(ctx, p.cu, e.First, p.size, func(l store.Entry) error { return yield(l.Leaf) })
	}
	e.Records = func(yield func([]byte) error) error {
		for _, r := range records {
			if err := yield(r.Note); err != nil {
				return err
			}
		}
		return nil
	}
	if e.Anchors, err = p.anchors(ctx, records, e.First); err != nil {
		return e, err
	}
	e.Keys = p.keys()
	e.Days, e.Telemetry = p.notes(ctx, p.days), p.notes(ctx, p.tele)
	return e, nil
}

// readBook reads the records as they stood when the statement was computed.
func (p *packer) readBook(records []store.Entry) error {
	for _, r := range records {
		if r.Index >= p.issue.Size {
			break
		}
		rec, err := p.c.recorder.open(r)
		if err == nil {
			err = p.book.Take(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// choose finds the leaves and the items that are carried, and makes the manifest.
func (p *packer) choose(ctx context.Context, e *bundle.Evidence, choice bundleChoice) error {
	period, now := p.issue.Period(), contract.Floor(p.issue.AsOf)
	root, err := evidence.ParseHash(p.issue.Root)
	if err != nil {
		return err
	}
	m, err := p.c.manifest(ctx, p.cu, basis{size: p.issue.Size, root: root, reach: bundle.Reach(p.book, period, now)}, period)
	if err != nil {
		return err
	}
	if m.Sum() != p.issue.Manifest {
		return fmt.Errorf("what it rests on is not what was named when it was issued; run `vouch ledger check`")
	}
	e.Manifest = m.Text()
	carried := m.Reach
	if !choice.around.Empty() {
		days := contract.Span{From: choice.around.From, To: min(choice.around.To, max(p.book.Until(now), choice.around.From+1))}
		carried = p.book.Back(days)
		if e.Excerpt, err = p.excerpt(ctx, days, now); err != nil {
			return err
		}
	}
	first, s, err := p.c.selection(ctx, p.cu, m.Reach, p.issue.Size)
	if err != nil {
		return err
	}
	e.First = first
	if !choice.around.Empty() {
		s = bundle.NewSelection(carried)
		if err := p.c.eachLeaf(ctx, p.cu, first, p.issue.Size, func(l store.Entry) error {
			if i, ok := itemOf(l); ok {
				s.See(i)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return p.c.eachLeaf(ctx, p.cu, first, p.issue.Size, func(l store.Entry) error {
		day := int64(contract.Floor(l.From) / book.SecondsADay)
		if i, ok := itemOf(l); ok && s.Wants(i) {
			p.days[day] = append(p.days[day], l.Index)
		}
		if choice.telemetry && l.Stream == vouch.Telemetry && !l.Through.Before(carried.From.Time()) && l.From.Before(carried.To.Time()) {
			p.tele[day] = append(p.tele[day], l.Index)
		}
		return nil
	})
}

// excerpt is the verdict on some days, as it was when the statement was computed.
func (p *packer) excerpt(ctx context.Context, days contract.Span, now contract.Second) ([]byte, error) {
	verdicts := map[vouch.DeviceID][]contract.Segment{}
	var ids []vouch.DeviceID
	for _, s := range p.book.Customer(p.cu).Sites {
		for _, d := range s.Devices {
			v, err := p.c.figures.verdict(ctx, p.c.base.Load().devices[deviceKey{p.cu, d.ID}], days, now)
			if err != nil {
				return nil, err
			}
			ids = append(ids, d.ID)
			verdicts[d.ID] = contract.Exclude(v, p.book.Decide(d.ID, now))
		}
	}
	return bundle.NewExcerpt(days, ids, verdicts).JSON(), nil
}

// proofs places the records whose leaves are not carried.
func (p *packer) proofs(ctx context.Context, records []store.Entry, first int64) (out []bundle.RecordProof, err error) {
	for _, r := range records {
		if r.Index >= first {
			break
		}
		path, err := p.c.store.Prove(ctx, p.cu, r.Index, p.size)
		if err != nil {
			return nil, err
		}
		out = append(out, bundle.RecordProof{Index: r.Index, Leaf: r.Leaf, Path: path})
	}
	return out, nil
}

// keys returns the collector's key and those of every agent that ever spoke.
func (p *packer) keys() []string {
	out := []string{p.c.own.public}
	for _, k := range p.book.Keys() {
		if !slices.Contains(out, k.Key) {
			out = append(out, k.Key)
		}
	}
	return out
}

// notes returns what reads the notes of days.
func (p *packer) notes(ctx context.Context, days map[int64][]int64) []bundle.Day {
	var out []bundle.Day
	for _, d := range slices.SortedFunc(maps.Keys(days), cmp.Compare[int64]) {
		leaves := days[d]
		out = append(out, bundle.Day{Day: time.Unix(d*int64(book.SecondsADay), 0).UTC(), Notes: func(yield func([]byte) error) error {
			return p.read(ctx, leaves, yield)
		}})
	}
	return out
}

// read yields the notes of leaves, which are in rising order. Neighbours are read
// together, with what lies between them.
func (p *packer) read(ctx context.Context, leaves []int64, yield func([]byte) error) error {
	const together = 256
	for len(leaves) > 0 {
		n := 1
		for n < len(leaves) && leaves[n] < leaves[0]+together {
			n++
		}
		entries, err := p.c.store.Entries(ctx, p.cu, leaves[0], int(leaves[n-1]-leaves[0])+1)
		if err != nil {
			return err
		}
		for _, at := range leaves[:n] {
			i := int(at - leaves[0])
			if i >= len(entries) || entries[i].Index != at {
				return fmt.Errorf("leaf %d of %s is missing; run `vouch ledger check`", at, p.cu)
			}
			if entries[i].Note == nil {
				return fmt.Errorf("the note of leaf %d of %s was erased under the agreed retention: the bundle can no longer be made", at, p.cu)
			}
			if err := yield(entries[i].Note); err != nil {
				return err
			}
		}
		leaves = leaves[n:]
	}
	return nil
}
