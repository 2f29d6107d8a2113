// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// erasedBy is the time of the entry e by which its note may be erased.
const erasedBy = "COALESCE(e.t1, e.received)"

// perErase is how many notes that are in no frame are erased in one transaction.
const perErase = 256

// Erase implements [store.Ledger]. It works in short transactions, each of up to 256
// notes or one frame. What is erased is overwritten with zeros in the database. The
// write-ahead log holds it until it has been written over, after some 4 MB of other
// data or when the store is closed; back-ups hold it for as long as they are kept.
func (s *Store) Erase(ctx context.Context, customer vouch.CustomerID, stream vouch.Stream, before time.Time, keepFrom int64) (store.Erased, error) {
	op := fmt.Sprintf("erase %s notes of customer %s", stream, customer)
	if stream != vouch.Availability && stream != vouch.Telemetry {
		return store.Erased{}, fmt.Errorf("%s: allowed are the streams availability and telemetry", op)
	}
	id, head, err := s.ledger(ctx, customer)
	if err != nil || id == 0 {
		return store.Erased{}, explain(op, s.dir, err)
	}
	e := eraser{s: s, stream: stream, before: before.UnixMilli(), from: rowID(id, 0), to: rowID(id, min(max(keepFrom, 0), head.Size)), packer: framer{codec: s.bodies}}
	defer s.shelf.clear()
	// Notes that are packed meanwhile move from where the first pass looks to where the
	// second does.
	err = e.bodies(ctx)
	if err == nil {
		err = e.frames(ctx)
	}
	return e.erased, explain(op, s.dir, err)
}

// Erased implements [store.Ledger].
func (s *Store) Erased(ctx context.Context, customer vouch.CustomerID, stream vouch.Stream) (store.Erased, error) {
	op := fmt.Sprintf("list erased %s notes of customer %s", stream, customer)
	id, _, err := s.ledger(ctx, customer)
	if err != nil || id == 0 {
		return store.Erased{}, explain(op, s.dir, err)
	}
	var sum store.Erased
	frames, err := query(ctx, s.reader, "SELECT id, last, stream, notes, NULL FROM frame WHERE stream = ? AND id >= ? AND id < ?",
		[]any{stream, rowID(id, 0), rowID(id+1, 0)}, readFrame)
	if err != nil {
		return store.Erased{}, explain(op, s.dir, err)
	}
	for _, f := range frames {
		if f.damage != nil {
			return store.Erased{}, explain(op, s.dir, frameError{f})
		}
		for _, n := range f.list {
			if n.length == 0 {
				count(&sum, n.id)
			}
		}
	}
	bodies, err := query(ctx, s.reader, `SELECT b.id FROM body b CROSS JOIN entry e ON e.id = b.id CROSS JOIN chain c ON c.id = e.chain
		WHERE b.id >= ? AND b.id < ? AND c.stream = ? AND length(b.data) = 0`, []any{rowID(id, 0), rowID(id+1, 0), stream}, readID)
	for _, id := range bodies {
		count(&sum, id)
	}
	return sum, explain(op, s.dir, err)
}

// count adds the note of an entry to those that were erased.
func count(sum *store.Erased, id int64) {
	leaf := leafOf(id)
	if sum.Count++; sum.Count == 1 {
		sum.First, sum.Last = leaf, leaf
	}
	sum.First, sum.Last = min(sum.First, leaf), max(sum.Last, leaf)
}

func readID(scan scanner) (id int64, err error) { return id, scan(&id) }

// eraser is one run of Erase over the rows from (inclusive) to to (exclusive).
type eraser struct {
	s        *Store
	stream   vouch.Stream
	before   int64 // Unix milliseconds
	from, to int64
	packer   framer
	erased   store.Erased
}

// bodies erases notes that are in no frame.
func (e *eraser) bodies(ctx context.Context) error {
	for from := e.from; ; {
		ids, err := e.someBodies(ctx, from)
		if err != nil || len(ids) == 0 {
			return err
		}
		from = ids[len(ids)-1] + 1
	}
}

// someBodies erases the first notes from a row on, and returns which.
func (e *eraser) someBodies(ctx context.Context, from int64) ([]int64, error) {
	if err := e.s.upkeep.take(ctx); err != nil {
		return nil, err
	}
	defer e.s.upkeep.end()
	ids, err := query(ctx, e.s.reader, `SELECT b.id FROM body b CROSS JOIN entry e ON e.id = b.id CROSS JOIN chain c ON c.id = e.chain
		WHERE b.id >= ? AND b.id < ? AND c.stream = ? AND `+erasedBy+` < ? AND length(b.data) > 0 ORDER BY b.id LIMIT ?`,
		[]any{from, e.to, e.stream, e.before, perErase}, readID)
	if err != nil {
		return nil, err
	}
	return ids, e.write(ctx, ids, func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			if err := t.one(ctx, "UPDATE body SET data = x'' WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// write carries out what erases the notes of some entries, in one transaction.
func (e *eraser) write(ctx context.Context, ids []int64, run func(context.Context, *tx) error) error {
	if len(ids) == 0 {
		return nil
	}
	if err := e.s.writer.do(ctx, e.s.writer.jobs, 1, run); err != nil {
		return err
	}
	for _, id := range ids {
		count(&e.erased, id)
	}
	return nil
}

// frames erases notes that are in frames. One that is damaged keeps no other from
// being erased.
func (e *eraser) frames(ctx context.Context) (damaged error) {
	for from := e.from; ; {
		id, err := e.nextFrame(ctx, from)
		var bad frameError
		switch {
		case errors.As(err, &bad):
			damaged = err
		case err != nil:
			return err
		case id == 0:
			return damaged
		}
		from = id + 1
	}
}

// nextFrame erases what is to be erased in the first frame from a row on, and returns
// its id, or 0 when there is none.
func (e *eraser) nextFrame(ctx context.Context, from int64) (int64, error) {
	if err := e.s.upkeep.take(ctx); err != nil {
		return 0, err
	}
	defer e.s.upkeep.end()
	frames, err := query(ctx, e.s.reader, "SELECT "+frameColumns+" FROM frame WHERE stream = ? AND id >= ? AND id < ? AND oldest < ? ORDER BY id LIMIT 1",
		[]any{e.stream, from, e.to, e.before}, readFrame)
	if err != nil || len(frames) == 0 {
		return 0, err
	}
	f := frames[0]
	notes, gone, err := e.sort(ctx, f)
	if err != nil || len(gone) == 0 {
		return f.id, err
	}
	if err := e.packer.pack(f, notes); err != nil {
		return f.id, err
	}
	list := f.listColumn()
	return f.id, e.write(ctx, gone, func(ctx context.Context, t *tx) error {
		return t.one(ctx, "UPDATE frame SET oldest = ?, notes = ?, data = ? WHERE id = ?", f.oldest, list, f.data, f.id)
	})
}

// sort returns what a frame is to hold, with empty notes for what is erased, and the
// ids of what was not erased before.
func (e *eraser) sort(ctx context.Context, f *frame) (notes []noted, gone []int64, err error) {
	if f.damage != nil {
		return nil, nil, frameError{f}
	}
	ids := make([]any, len(f.list))
	for i, n := range f.list {
		ids[i] = n.id
	}
	times, err := query(ctx, e.s.reader, "SELECT e.id, "+erasedBy+" FROM entry e WHERE e.id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids,
		func(scan scanner) (n noted, err error) { return n, scan(&n.id, &n.at) })
	if err != nil {
		return nil, nil, err
	}
	at := make(map[int64]*int64, len(times))
	for _, n := range times {
		at[n.id] = n.at
	}
	stays := false
	for _, x := range f.list {
		n := noted{id: x.id, at: at[x.id]}
		switch {
		case x.length == 0:
		case x.id < e.to && n.at != nil && *n.at < e.before:
			gone = append(gone, x.id)
		default:
			stays = true
		}
		notes = append(notes, n)
	}
	if !stays || len(gone) == 0 {
		return notes, gone, nil
	}
	texts, err := f.unpack(e.s.bodies)
	if err != nil {
		return nil, nil, err
	}
	for i := range notes {
		if !slices.Contains(gone, notes[i].id) {
			notes[i].text = texts[i]
		}
	}
	return notes, gone, nil
}
