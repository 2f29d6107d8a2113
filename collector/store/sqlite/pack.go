// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Pack implements [store.Ledger]. Notes are moved 60 at a time, each time in a short
// transaction of its own; fewer than 60 of a stream stay as they are.
func (s *Store) Pack(ctx context.Context, before time.Time) (int, error) {
	n, err := s.pack(ctx, before, func(context.Context, time.Duration) {})
	return n, explain("pack notes", s.dir, err)
}

func (s *Store) pack(ctx context.Context, before time.Time, rest func(context.Context, time.Duration)) (packed int, err error) {
	ledgers, err := query(ctx, s.reader, "SELECT id, size FROM ledger ORDER BY id", nil, func(scan scanner) (l [2]int64, err error) {
		return l, scan(&l[0], &l[1])
	})
	if err != nil {
		return 0, err
	}
	p := packer{s: s, before: before.UnixMilli(), frames: framer{codec: s.bodies}, rest: rest}
	for _, l := range ledgers {
		n, err := p.ledger(ctx, l[0], l[1])
		if packed += n; err != nil {
			return packed, err
		}
	}
	return packed, p.unread
}

// packer is one run of pack.
type packer struct {
	s      *Store
	before int64 // Unix milliseconds
	frames framer
	unread error // why the notes of a ledger cannot be read: the others still can
	rest   func(ctx context.Context, took time.Duration)
}

// ledger packs what it can of one ledger, which had that size a moment ago.
func (p *packer) ledger(ctx context.Context, id, size int64) (packed int, err error) {
	if p.s.idle.skip(id, size) {
		return 0, nil
	}
	most := 0 // notes of a stream that wait
	for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
		for {
			begin := time.Now()
			c, err := p.step(ctx, id, stream)
			if err != nil {
				return packed, err
			}
			if !c.due() {
				if most = max(most, len(c.notes)); c.full {
					most = frameNotes // of which some are too young: look again soon
				}
				break
			}
			packed += len(c.notes)
			p.rest(ctx, time.Since(begin))
		}
	}
	p.s.idle.until(id, size+int64(frameNotes-most))
	return packed, nil
}

// step makes one frame of a stream, if there are notes enough.
func (p *packer) step(ctx context.Context, ledger int64, stream vouch.Stream) (candidate, error) {
	if err := p.s.upkeep.take(ctx); err != nil {
		return candidate{}, err
	}
	defer p.s.upkeep.end()
	c, err := p.collect(ctx, ledger, stream)
	switch {
	case ctx.Err() != nil:
		return candidate{}, ctx.Err()
	case err != nil:
		p.unread = err
		return candidate{}, nil
	case c.due():
		err = p.replace(ctx, c)
	}
	return c, err
}

// candidate is the notes that may become the next frame of a stream.
type candidate struct {
	stream vouch.Stream
	full   bool // there are enough of them
	young  bool // some of them came too late
	notes  []noted
}

func (c candidate) due() bool { return c.full && !c.young }

// collect reads the notes of a stream that stand behind its last frame, until there are
// enough for another. A note that cannot be read, or is not the one that its entry
// names, stays where it is, for Check to name.
func (p *packer) collect(ctx context.Context, ledger int64, stream vouch.Stream) (candidate, error) {
	c := candidate{stream: stream}
	// CROSS JOIN keeps SQLite from beginning with any table but body, which is short.
	rows, err := p.s.reader.QueryContext(ctx, `SELECT b.id, e.chain, `+erasedBy+`, e.received, e.sha256, b.data
		FROM body b CROSS JOIN entry e ON e.id = b.id CROSS JOIN chain c ON c.id = e.chain
		WHERE b.id > COALESCE((SELECT last FROM frame WHERE stream = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT 1), ?2 - 1)
			AND b.id < ?3 AND c.stream = ?1
		ORDER BY b.id`, stream, rowID(ledger, 0), rowID(ledger+1, 0))
	if err != nil {
		return c, err
	}
	defer rows.Close()
	total := 0
	for !c.full && rows.Next() {
		var n noted
		var received *int64
		var sha, data []byte
		if err := rows.Scan(&n.id, &n.chain, &n.at, &received, &sha, &data); err != nil {
			return c, err
		}
		if len(data) > 0 {
			n.text, err = p.s.bodies.unpack(data)
			if err != nil || evidence.Sum(n.text) != hashOf(sha) {
				continue
			}
		}
		if total += len(n.text); total > frameBytes {
			c.full = true // with those before
			break
		}
		c.young = c.young || received != nil && *received >= p.before
		c.notes = append(c.notes, n)
		c.full = len(c.notes) == frameNotes
	}
	return c, rows.Err()
}

// replace puts a frame in the place of its notes, in one transaction. Notes of one
// chain stand together in it: they resemble each other most.
func (p *packer) replace(ctx context.Context, c candidate) error {
	f := &frame{id: c.notes[0].id, last: c.notes[len(c.notes)-1].id, stream: string(c.stream)}
	slices.SortStableFunc(c.notes, func(a, b noted) int { return cmp.Compare(a.chain, b.chain) })
	if err := p.frames.pack(f, c.notes); err != nil {
		return err
	}
	list := f.listColumn()
	return p.s.writer.do(ctx, p.s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		for _, n := range f.list {
			if err := t.one(ctx, "DELETE FROM body WHERE id = ?", n.id); err != nil {
				return fmt.Errorf("move the note of leaf %d: %w", leafOf(n.id), err)
			}
		}
		return t.exec(ctx, "INSERT INTO frame (id, last, stream, oldest, notes, data) VALUES (?, ?, ?, ?, ?, ?)",
			f.id, f.last, f.stream, f.oldest, list, f.data)
	})
}
