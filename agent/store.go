// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"maps"
	"os"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/journal"
)

// memoryBytes is how much of what lies on disk is kept in memory as well, on its way.
const memoryBytes = 1 << 20

// moved says that what is written with the heads has changed. The caller holds mu.
func (s *spool) moved() {
	s.unsaved = true
	s.moves++
}

// outstanding is what save writes.
type outstanding struct {
	moves uint64
	heads map[chainKey]headJSON
	notes map[vouch.Stream][]sealedNote
	voids map[vouch.Stream][]void
}

// save writes notes and heads down where there are new ones, and lets go what lies on
// disk. It returns false when not everything could be written.
func (s *spool) save() bool {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	if !s.unsaved {
		s.mu.Unlock()
		return true
	}
	out := s.outstanding()
	s.mu.Unlock()

	var failed error
	for stream := range out.notes {
		s.pack(out.notes[stream])
	}
	places, newest := map[vouch.Stream][]journal.Pos{}, map[vouch.Stream]uint64{}
	for _, stream := range streams {
		if list := s.disk.notes[stream].Segments(); len(list) > 0 {
			newest[stream] = list[len(list)-1]
		}
	}
	free := func() bool { return s.freeAcked(newest) }
	for _, stream := range streams {
		if len(out.notes[stream])+len(out.voids[stream]) == 0 {
			continue
		}
		list, err := s.disk.append(stream, out.notes[stream], out.voids[stream], free)
		if err != nil {
			failed = err
			continue
		}
		places[stream] = list
	}
	raw, err := s.heads.encode(out.heads)
	if err == nil {
		err = s.disk.heads.Store(raw)
	}
	s.headsWritten(err)
	if err == nil && !s.takenOver {
		// From here on the heads in the spool are newer: those beside it would mislead.
		s.takenOver = os.Remove(s.heads.path) == nil || !exists(s.heads.path)
	}
	s.settleSaved(out, places, err == nil)
	if failed != nil {
		s.diskFails(&s.notesDown, failed)
		return false
	}
	if err == nil {
		s.diskWorks(&s.notesDown)
	}
	s.prune()
	return err == nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// outstanding gathers what is to be written. The caller holds mu.
func (s *spool) outstanding() outstanding {
	out := outstanding{
		moves: s.moves, heads: make(map[chainKey]headJSON, len(s.chains)+len(s.idle)),
		notes: map[vouch.Stream][]sealedNote{}, voids: maps.Clone(s.voids),
	}
	for k, h := range s.idle {
		out.heads[k] = h
	}
	for k, c := range s.chains {
		if c.head.Seq > 0 {
			out.heads[k] = c.standing()
		}
		out.notes[k.Stream] = append(out.notes[k.Stream], c.unstored()...)
	}
	return out
}

// standing is what is written of a chain.
func (c *chain) standing() headJSON {
	return headJSON{c.Customer, c.Stream, c.head, c.acked, c.why, c.dropped}
}

// unstored returns the notes that do not lie on disk. A gap can be made again from what
// lies there; it is not written.
func (c *chain) unstored() []sealedNote {
	var list []sealedNote
	for i := range c.queue {
		if n := &c.queue[i]; !n.stored && !n.link.Gap {
			list = append(list, *n)
		}
	}
	return list
}

// settleSaved takes note of what lies on disk now.
func (s *spool) settleSaved(out outstanding, places map[vouch.Stream][]journal.Pos, headsToo bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := headsToo
	for stream, notes := range out.notes {
		list, ok := places[stream]
		if !ok && len(notes)+len(out.voids[stream]) > 0 {
			whole = false
			for i := range notes {
				s.take(&notes[i])
			}
			continue
		}
		for i, n := range notes {
			s.stowed(n, list[i])
		}
		if ok {
			s.voids[stream] = s.voids[stream][len(out.voids[stream]):]
		}
	}
	s.unsaved = s.moves != out.moves || !whole
	if headsToo {
		for k, h := range out.heads {
			if c := s.chains[k]; c != nil {
				c.saved = h.head
				for i := range c.queue {
					l := &c.queue[i].link
					if l.Epoch < h.Epoch || l.Epoch == h.Epoch && l.Seq <= h.Seq {
						c.queue[i].durable = true
					}
				}
			}
		}
	}
	s.queued = 0
	for _, c := range s.chains {
		s.queued += c.queued
	}
	if s.queued > min(memoryBytes, s.limit/4) {
		s.release()
	}
	poke(s.ready)
}

// stowed takes note that a note lies on disk. The caller holds mu.
func (s *spool) stowed(n sealedNote, at journal.Pos) {
	spans := s.disk.span[n.link.Stream]
	spans[at.Segment] = spans[at.Segment].with(n.link)
	if q := s.take(&n); q != nil {
		q.stored, q.durable, q.at = true, true, at
		return
	}
	// It was acknowledged in the meantime.
	c := s.chains[chainKey{n.link.Customer, n.link.Stream}]
	if c != nil && c.acked == (cursor{n.link.Epoch, n.link.Seq}) {
		c.kept = append(c.kept, keptNote{n.link.Epoch, n.link.Seq, at})
		s.ackedSince(c, len(c.kept)-1)
	}
}

// pack compresses the texts of notes.
func (s *spool) pack(notes []sealedNote) {
	for i := range notes {
		if n := &notes[i]; n.packed == nil {
			n.raw, n.packed = nil, s.disk.pack.note(n.raw)
		}
	}
}

// take puts the packed text of a note in the place of its text in the queue, where it
// returns it, or nil when it is not there any more. The caller holds mu, and sees to the
// sum over all chains.
func (s *spool) take(n *sealedNote) *sealedNote {
	c := s.chains[chainKey{n.link.Customer, n.link.Stream}]
	if c == nil {
		return nil
	}
	for i := len(c.queue) - 1; i >= 0; i-- {
		q := &c.queue[i]
		if q.link.Hash != n.link.Hash {
			continue
		}
		c.queued -= q.held()
		q.raw, q.packed = n.raw, n.packed
		c.queued += q.held()
		return q
	}
	return nil
}

// release lets go of the text of notes that lie on disk. The caller holds mu.
func (s *spool) release() {
	for _, c := range s.chains {
		for i := range c.queue {
			if n := &c.queue[i]; n.stored {
				c.queued -= n.held()
				s.queued -= n.held()
				n.letGo()
			}
		}
	}
}

// stow brings the notes of a chain to disk at once, so that sealing much again takes
// little memory. The caller holds mu, which nobody else gets until the disk is done.
func (s *spool) stow(c *chain) {
	if c.queued < memoryBytes {
		return
	}
	notes := c.unstored()
	s.pack(notes)
	list, err := s.disk.append(c.Stream, notes, nil, func() bool { return false })
	if err != nil {
		return // they stay in memory
	}
	for i, n := range notes {
		s.stowed(n, list[i])
	}
	for i := range c.queue {
		if n := &c.queue[i]; n.stored {
			c.queued -= n.held()
			n.letGo()
		}
	}
}

// saveAll writes the heads once more, with what was acknowledged since.
func (s *spool) saveAll() {
	s.mu.Lock()
	s.moved()
	s.mu.Unlock()
	s.save()
}

// void says that no note of a chain in an epoch before epoch will be sent. The caller
// holds mu.
func (s *spool) void(k chainKey, epoch uint64) {
	s.voids[k.Stream] = append(s.voids[k.Stream], void{k.Customer, epoch})
	s.moved()
}

// backlog returns how many notes wait for the collector, and for how long the oldest.
func (s *spool) backlog(now time.Time) (notes int, age time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.chains {
		if len(c.queue) > 0 {
			age = max(age, now.Sub(c.queue[0].link.From))
		}
		notes += len(c.queue)
	}
	return notes, age
}
