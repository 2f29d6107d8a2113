// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
)

// revived is what the spool holds of a chain from before this run.
type revived struct {
	queue    []sealedNote // not acknowledged
	kept     []keptNote
	rows     []row // not sealed
	location vouch.LocationID
	clock    *evidence.Clock // of the rows, the worst of them; nil before the first
	from     time.Time       // where the rows begin
	through  time.Time       // up to there none is missing
	marks    []mark
}

// mark says which rows are sealed: those up to a number, with a stamp before through.
type mark struct {
	rows    uint64
	through time.Time // of this mark and all after it
}

// load reads what the last run left: heads, notes, and samples that were not sealed. It
// changes nothing, and what is damaged costs nothing beside itself.
func (s *spool) load() {
	s.loadHeads()
	for _, stream := range streams {
		s.loadNotes(stream)
	}
	for k, r := range s.revived {
		r.settle(s.idle[k])
	}
	s.loadRows()
	s.settleDisk()
	notes, rows := 0, 0
	for _, r := range s.revived {
		notes, rows = notes+len(r.queue), rows+len(r.rows)
	}
	if notes+rows > 0 {
		s.log.Info("spool is taken up again", "batches", notes, "samples", rows)
	}
}

// loadHeads reads the heads in the spool, or those beside it that an older version or a
// new key has left.
func (s *spool) loadHeads() {
	raw, err := s.disk.heads.Load()
	var heads []headJSON
	switch {
	case err == nil:
		heads, err = s.heads.decode(raw)
	case errors.Is(err, fs.ErrNotExist):
		heads, err = s.heads.read()
	}
	if err != nil {
		s.headLost = true
		s.log.Warn("heads of the chains are lost: a chain of which the spool knows nothing begins a new epoch", "err", err)
	}
	for _, h := range heads {
		s.idle[chainKey{h.Customer, h.Stream}] = h
		s.number = max(s.number, h.Rows)
	}
}

// loadNotes reads the log of a stream.
func (s *spool) loadNotes(stream vouch.Stream) {
	unknown := 0
	found := s.disk.notes[stream].Replay(func(at journal.Pos, kind byte, payload []byte) {
		switch kind {
		case recordNote:
			n, _, err := parseNote(payload, stream)
			if err != nil {
				unknown++
				return
			}
			n.at, n.stored, n.durable = at, true, true
			s.revive(chainKey{n.link.Customer, stream}).take(n)
			s.number = max(s.number, n.rows)
			spans := s.disk.span[stream]
			spans[at.Segment] = spans[at.Segment].with(n.link)
		case recordVoid:
			v, err := parseVoid(payload)
			if err != nil {
				unknown++
				return
			}
			r := s.revive(chainKey{v.Customer, stream})
			r.queue = slices.DeleteFunc(r.queue, func(n sealedNote) bool { return n.link.Epoch < v.Epoch })
		default:
			unknown++
		}
	})
	s.tellDamage(string(stream), found, unknown)
}

// settleDisk makes what was read survive a power cut, or has it written again.
func (s *spool) settleDisk() {
	failed := false
	if _, err := s.disk.rows.Settle(); err != nil {
		s.rowsFailed(err)
		failed = true
	}
	for _, stream := range streams {
		uncertain, err := s.disk.notes[stream].Settle()
		if err == nil {
			continue
		}
		s.diskFails(&s.notesDown, err)
		failed = true
		for k, r := range s.revived {
			for i := range r.queue {
				n := &r.queue[i]
				if k.Stream != stream || !slices.Contains(uncertain, n.at.Segment) {
					continue
				}
				if x, err := s.disk.read(stream, *n); err == nil {
					if x.packed != nil {
						x.raw = nil
					}
					n.raw, n.packed, n.stored, n.durable = x.raw, x.packed, false, false
				}
			}
		}
		s.moved()
	}
	if !failed {
		return
	}
	raw, err := s.heads.encode(s.idle)
	if err == nil {
		err = s.disk.heads.Store(raw)
	}
	s.headsWritten(err)
	if err != nil {
		// The heads may be older than what the last run has sent, and is still being
		// worked on: asked now, the collector might not know it yet.
		s.quiet = time.Now().Add(s.patience)
	}
}

// tellDamage counts what could not be read and logs it once.
func (s *spool) tellDamage(log string, found journal.Found, unknown int) {
	n := found.Damaged + unknown + len(found.Unread)
	if n == 0 {
		return
	}
	s.damaged = true
	s.counts.damaged.Add(uint64(n))
	s.log.Error("spool is damaged: what is lost becomes a signed gap", "log", log, "places", n, "err", errors.Join(found.Unread...))
}

func (s *spool) revive(k chainKey) *revived {
	r := s.revived[k]
	if r == nil {
		r = &revived{}
		s.revived[k] = r
	}
	return r
}

// take adds a note in the order of its chain. One that is there already was written
// twice, around an error of the disk.
func (r *revived) take(n sealedNote) {
	r.marks = append(r.marks, mark{n.rows, n.link.Through})
	if i := len(r.queue); i > 0 {
		l := r.queue[i-1].link
		if !(cursor{l.Epoch, l.Seq}).before(n.link.Epoch, n.link.First) {
			return
		}
	}
	r.queue = append(r.queue, n)
}

// settle parts what is acknowledged from what is not, and makes the marks ready.
func (r *revived) settle(h headJSON) {
	i := 0
	for i < len(r.queue) && !h.Acked.before(r.queue[i].link.Epoch, r.queue[i].link.Seq) {
		n := r.queue[i]
		r.kept = append(r.kept, keptNote{n.link.Epoch, n.link.Seq, n.at})
		i++
	}
	r.queue = slices.Clone(r.queue[i:])
	r.marks = append(r.marks, mark{h.Rows, h.Through})
	sort.Slice(r.marks, func(i, k int) bool { return r.marks[i].rows < r.marks[k].rows })
	for i := len(r.marks) - 2; i >= 0; i-- {
		if r.marks[i].through.Before(r.marks[i+1].through) {
			r.marks[i].through = r.marks[i+1].through
		}
	}
}

// sealed reports whether a row is in a note, or was before its note was lost.
func (r *revived) sealed(x row) bool {
	i := sort.Search(len(r.marks), func(i int) bool { return r.marks[i].rows >= x.number })
	return i < len(r.marks) && x.at.Before(r.marks[i].through)
}

// loadRows reads the journal of samples. What exceeds the bound of memory is counted.
func (s *spool) loadRows() {
	unknown, size := 0, 0
	seen := map[uint64]bool{}
	found := s.disk.rows.Replay(func(at journal.Pos, kind byte, payload []byte) {
		rec, err := parseRows(payload, s.disk.pack)
		if kind != recordRows || err != nil {
			unknown++
			return
		}
		for _, c := range rec.Chains {
			r := s.revive(c.Key)
			if r.marks == nil {
				r.settle(s.idle[c.Key])
			}
			r.location, r.from, r.through = rec.Location, c.From, c.Through
		}
		for _, x := range rec.Rows {
			k := rec.Chains[x.Chain].Key
			r := s.revived[k]
			s.number = max(s.number, x.number)
			s.journal.last[at.Segment] = max(s.journal.last[at.Segment], x.number)
			if r.sealed(x.row) || seen[x.number] {
				continue
			}
			seen[x.number] = true
			if r.clock == nil {
				r.clock = &rec.Clock
			}
			*r.clock = worse(*r.clock, rec.Clock)
			if size += len(x.lines); size > s.limit {
				s.counts.dropped.Add(1)
				continue
			}
			r.rows = append(r.rows, x.row)
		}
	})
	s.tellDamage("samples", found, unknown)
}

// resume gives a chain what the spool holds of it. The caller holds mu.
func (s *spool) resume(c *chain) {
	h := s.idle[c.chainKey]
	delete(s.idle, c.chainKey)
	c.quiet = s.quiet
	c.head, c.saved, c.acked, c.why, c.dropped = h.head, h.head, h.Acked, h.Why, h.Dropped
	r := s.revived[c.chainKey]
	delete(s.revived, c.chainKey)
	if r != nil {
		c.queue, c.kept = r.queue, r.kept
		c.adopt()
	}
	if s.headLost && c.head.Seq == 0 {
		c.begins = evidence.BeginsHeadLost
	}
	for i := range c.queue {
		c.queued += c.queue[i].held()
	}
	if r != nil && len(c.queue) > 0 {
		c.fill(s.author, s.lossReason(c))
	}
	s.queued += c.queued
	if r != nil && len(r.rows) > 0 {
		s.sealRevived(c, r)
	}
}

// lossReason is why items that ought to lie in the spool do not.
func (s *spool) lossReason(c *chain) string {
	switch {
	case c.why != "":
		return c.why
	case s.damaged:
		return evidence.GapDamaged
	}
	return gapRestart
}

// adopt takes a note that lies in the log beyond the head as the head: the log is
// written first.
func (c *chain) adopt() {
	if len(c.queue) == 0 {
		return
	}
	first, last := c.queue[0].link, c.queue[len(c.queue)-1].link
	if !(cursor{c.head.Epoch, c.head.Seq}).before(last.Epoch, last.Seq) {
		return
	}
	if last.Epoch != c.head.Epoch {
		c.head.Begins, c.head.From = evidence.BeginsHeadLost, last.From
		for _, n := range c.queue {
			if n.link.Epoch == last.Epoch {
				c.head.From = n.link.From
				if n.begins != "" {
					c.head.Begins = n.begins
				}
				break
			}
		}
	}
	if c.head.From.IsZero() {
		c.head.From = first.From
	}
	n := c.queue[len(c.queue)-1]
	c.head.Epoch, c.head.Seq, c.head.Hash = last.Epoch, last.Seq, last.Head
	c.head.Through, c.head.Rows = last.Through, max(c.head.Rows, n.rows)
}

// sealRevived seals the samples that an earlier run has left. The caller holds mu.
//
// Up to the journal's word all samples are here. What was recorded after an attempt
// that the end of that run broke off is a batch of its own, which counts one sample as
// dropped: it cannot be said that everything begun in that time is here.
func (s *spool) sealRevived(c *chain, r *revived) {
	here := c.location
	defer func() { c.location, c.clock = here, nil }()
	c.clock = r.clock // not what this run knows of a clock that may have been set since
	if r.location != "" {
		c.location = r.location // where they were measured
	}
	if c.begins == "" && c.head.Epoch == 0 {
		c.begins = evidence.BeginsFirstStart
	}
	for _, x := range r.rows {
		c.add(x)
	}
	s.pending += c.pend.bytes
	first, last := c.pend.rows[0].at, c.pend.rows[len(c.pend.rows)-1].at.Add(time.Millisecond)
	from := r.from
	if from.IsZero() || from.After(first) {
		from = first
	}
	if from.Before(c.head.Through) && !first.Before(c.head.Through) {
		from = c.head.Through
	}
	c.from = from
	err := s.change(c, func() error {
		if r.through.After(first) {
			if err := c.seal(s.author, earlier(r.through, last)); err != nil {
				return err
			}
		}
		if len(c.pend.rows) > 0 {
			c.from = c.pend.rows[0].at
			c.dropped++
			return c.seal(s.author, last)
		}
		return nil
	})
	if err != nil {
		s.log.Error("samples of the last run cannot be sealed", "customer", string(c.Customer), "stream", string(c.Stream), "err", err)
	}
	c.from, c.spoken = time.Time{}, false // nothing is said of the time until now
	poke(s.wake)
}
