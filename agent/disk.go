// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
)

// Bounds of the spool on disk.
const (
	defaultSpoolBytes = 64 << 20            // four days of ten routers with 113 values a minute each, or weeks of their availability
	minSpoolBytes     = 4 << 20             // a segment of each log and the heads
	defaultSpoolAge   = 30 * 24 * time.Hour // longer than anybody waits for figures
	minSpoolAge       = time.Hour
	headsRoom         = 32 << 10 // of each of the two files, for a hundred chains
)

// spoolDisk is where the spool lies on disk: three logs and the heads. What is in memory is
// the spool's; this only knows where things lie.
//
//	samples-N        samples that are not sealed yet
//	availability-N   batches and gaps of the stream
//	telemetry-N      the same of the other
//	heads.0 heads.1  where the chains stand, and what is acknowledged
//
// The streams have a log each, so that telemetry, of which there is ten times as much,
// never pushes evidence out.
type spoolDisk struct {
	limit int64
	age   time.Duration
	pack  *packer
	heads *journal.Cell
	rows  *journal.Log
	notes map[vouch.Stream]*journal.Log
	span  map[vouch.Stream]map[uint64]span // by segment; the spool's mu guards it
}

// span is the time that the notes in a segment cover, and when the latest of them was
// acknowledged in this run; zero for none.
type span struct{ from, through, acked time.Time }

func (s span) with(l evidence.Link) span {
	if s.from.IsZero() {
		s.from = l.From
	}
	s.from, s.through = earlier(s.from, l.From), later(s.through, l.Through)
	return s
}

// openDisk opens what is there. It writes nothing.
func openDisk(fs journal.FS, limit int64, age time.Duration, pack *packer) (*spoolDisk, error) {
	size := min(max(limit/64, 64<<10), 1<<20)
	d := &spoolDisk{
		limit: limit, age: age, pack: pack, heads: journal.NewCell(fs, "heads", headsRoom),
		notes: map[vouch.Stream]*journal.Log{}, span: map[vouch.Stream]map[uint64]span{},
	}
	var err error
	if d.rows, err = journal.Open(fs, "samples", size); err != nil {
		return nil, err
	}
	for _, s := range streams {
		if d.notes[s], err = journal.Open(fs, string(s), size); err != nil {
			return nil, err
		}
		d.span[s] = map[uint64]span{}
	}
	return d, nil
}

var streams = [...]vouch.Stream{vouch.Availability, vouch.Telemetry}

// bytes returns what the spool takes on disk.
func (d *spoolDisk) bytes() int64 {
	n := d.rows.Bytes() + 2*headsRoom
	for _, l := range d.notes {
		n += l.Bytes()
	}
	return n
}

func (d *spoolDisk) close() {
	d.heads.Close()
	d.rows.Close()
	for _, l := range d.notes {
		l.Close()
	}
}

// load returns a note without its text.
func (d *spoolDisk) load(s vouch.Stream, at journal.Pos) (sealedNote, error) {
	kind, payload, err := d.notes[s].Read(at)
	if err != nil {
		return sealedNote{}, err
	}
	if kind != recordNote {
		return sealedNote{}, errRecord
	}
	n, _, err := parseNote(payload, s)
	n.durable, n.stored, n.at = true, true, at
	return n, err
}

// text returns the text of a note.
func (d *spoolDisk) text(s vouch.Stream, n sealedNote) ([]byte, error) {
	switch {
	case n.raw != nil:
		return n.raw, nil
	case n.packed != nil:
		return d.pack.unpack(n.packed)
	}
	n, err := d.read(s, n)
	return n.raw, err
}

// read returns a note that lies on disk with its text, packed as well where it is there.
func (d *spoolDisk) read(s vouch.Stream, n sealedNote) (sealedNote, error) {
	_, payload, err := d.notes[s].Read(n.at)
	if err != nil {
		return n, err
	}
	n.raw, n.packed, err = textOf(payload, s, d.pack)
	return n, err
}

// append writes notes of a stream at the end of their log and syncs it. It returns where
// they lie. Room is made by free when the disk is full, as long as that returns true.
func (d *spoolDisk) append(s vouch.Stream, notes []sealedNote, voids []void, free func() bool) ([]journal.Pos, error) {
	log := d.notes[s]
	write := func(kind byte, payload []byte) (journal.Pos, error) {
		for {
			at, err := log.Append(kind, payload)
			if errors.Is(err, syscall.ENOSPC) && free() {
				continue
			}
			return at, err
		}
	}
	list := make([]journal.Pos, len(notes))
	var err error
	for i, n := range notes {
		if list[i], err = write(recordNote, appendNote(n)); err != nil {
			return nil, err
		}
	}
	for _, v := range voids {
		if _, err = write(recordVoid, appendVoid(v)); err != nil {
			return nil, err
		}
	}
	if err := log.Sync(); err != nil {
		return nil, err
	}
	return list, nil
}

// segmentsInUse returns the segments of a stream with notes that the collector has not
// acknowledged. The caller holds mu.
func (s *spool) segmentsInUse(stream vouch.Stream) map[uint64]bool {
	used := map[uint64]bool{}
	for _, c := range s.chains {
		for i := range c.queue {
			if n := &c.queue[i]; c.Stream == stream && n.stored {
				used[n.at.Segment] = true
			}
		}
	}
	for k, r := range s.revived {
		for _, n := range r.queue {
			if k.Stream == stream {
				used[n.at.Segment] = true
			}
		}
	}
	return used
}

// ended returns the segments of a stream that can be removed, the oldest first: the
// latest is written to.
func (d *spoolDisk) ended(stream vouch.Stream) []uint64 {
	list := d.notes[stream].Segments()
	return list[:max(0, len(list)-1)]
}

// anchor says that all that was acknowledged before at is covered by an anchored
// checkpoint: what the collector has cannot be undone unnoticed any more.
func (s *spool) anchor(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anchored = later(s.anchored, at)
}

// ackedSince takes note that the notes of a chain that are kept from the n-th on have
// just been acknowledged. The caller holds mu.
func (s *spool) ackedSince(c *chain, n int) {
	now := time.Now()
	spans := s.disk.span[c.Stream]
	for _, k := range c.kept[min(n, len(c.kept)):] {
		x := spans[k.at.Segment]
		x.acked = now
		spans[k.at.Segment] = x
	}
}

// freeAcked removes the oldest segment in which everything is acknowledged: first of what
// is covered by an anchor, and each time of telemetry before evidence. It reports whether
// there was one.
//
// While notes are written, only segments before newest are looked at: what is in the
// later ones is not taken note of yet.
func (s *spool) freeAcked(newest map[vouch.Stream]uint64) bool {
	for _, anchored := range []bool{true, false} {
		for _, stream := range []vouch.Stream{vouch.Telemetry, vouch.Availability} {
			s.mu.Lock()
			used := s.segmentsInUse(stream)
			for n, x := range s.disk.span[stream] {
				// What was acknowledged before this run counts from its beginning.
				used[n] = used[n] || anchored && !later(x.acked, s.began).Before(s.anchored)
			}
			s.mu.Unlock()
			for _, n := range s.disk.ended(stream) {
				if !used[n] && (newest == nil || n < newest[stream]) {
					return s.forget(stream, n, "") == nil
				}
			}
		}
	}
	return false
}

// prune keeps the spool within its bounds: what is too old leaves, and what does not fit,
// acknowledged notes first. Of what is not acknowledged a gap is made.
func (s *spool) prune() {
	now := s.author.now()
	for _, stream := range streams {
		for _, n := range s.disk.ended(stream) {
			s.mu.Lock()
			late := s.disk.span[stream][n].through
			s.mu.Unlock()
			if !late.IsZero() && now.Sub(late) > s.disk.age && s.forget(stream, n, evidence.GapTooOld) != nil {
				break
			}
		}
		s.rotate(stream, now)
	}
	for s.disk.bytes() > s.disk.limit && (s.freeAcked(nil) || s.freeOldest()) {
	}
}

// rotate ends the segment that is written to when what it holds is an eighth of the age
// at which it would have to leave: one that is never full would never do.
func (s *spool) rotate(stream vouch.Stream, now time.Time) {
	log := s.disk.notes[stream]
	list := log.Segments()
	if len(list) == 0 {
		return
	}
	s.mu.Lock()
	from := s.disk.span[stream][list[len(list)-1]].from
	s.mu.Unlock()
	if !from.IsZero() && now.Sub(from) > s.disk.age/8 {
		if err := log.Rotate(); err != nil {
			s.diskFails(&s.notesDown, err)
		}
	}
}

// freeOldest removes the oldest segment, of telemetry while that takes half of the room.
func (s *spool) freeOldest() bool {
	stream := vouch.Availability
	if t := s.disk.notes[vouch.Telemetry].Bytes(); t > s.disk.limit/2 || len(s.disk.ended(stream)) == 0 {
		stream = vouch.Telemetry
	}
	list := s.disk.ended(stream)
	return len(list) > 0 && s.forget(stream, list[0], evidence.GapQueueFull) == nil
}

// forget removes a segment. What lay in it and is not acknowledged becomes a gap for the
// reason when the collector is spoken with next.
func (s *spool) forget(stream vouch.Stream, segment uint64, why string) error {
	if err := s.disk.notes[stream].Remove(segment); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.disk.span[stream], segment)
	lost := 0
	for k, r := range s.revived {
		if k.Stream == stream {
			r.kept = slices.DeleteFunc(r.kept, func(n keptNote) bool { return n.at.Segment == segment })
			before := len(r.queue)
			r.queue = slices.DeleteFunc(r.queue, func(n sealedNote) bool { return n.at.Segment == segment })
			lost += before - len(r.queue)
		}
	}
	for _, c := range s.chains {
		if c.Stream != stream {
			continue
		}
		c.kept = slices.DeleteFunc(c.kept, func(n keptNote) bool { return n.at.Segment == segment })
		// They are the oldest of their chain, but for a gap before them.
		last := -1
		for i, n := range c.queue {
			if n.stored && n.at.Segment == segment {
				last = i
			}
		}
		if last < 0 {
			continue
		}
		lost += last + 1
		for i := range c.queue[:last+1] {
			c.queued -= c.queue[i].held()
			s.queued -= c.queue[i].held()
		}
		c.queue = slices.Delete(c.queue, 0, last+1)
		c.known, c.why = false, why
		s.moved()
	}
	s.counts.lostNotes.Add(uint64(lost))
	if lost > 0 && !s.full.Swap(true) {
		s.log.Error("batches that nobody acknowledged are dropped: the spool has reached its bound. They become signed gaps", "reason", why, "bytes", s.disk.limit, "age", fmt.Sprint(s.disk.age))
	}
	return nil
}
