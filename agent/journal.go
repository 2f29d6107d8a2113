// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"time"
)

const (
	journalPause = 500 * time.Millisecond // a sample is in the journal within 1 s
	syncPause    = 3 * time.Second        // and on disk within 5 s, with both pauses and the sync itself
)

// freshRow is a row that is not in the journal yet.
type freshRow struct {
	key chainKey
	row row
}

// rowsJournal is the journal of samples. One goroutine owns it, and load before that.
type rowsJournal struct {
	last   map[uint64]uint64 // by segment: the highest number in it
	buf    []byte            // of the latest record, to be used again
	synced time.Time
	dirty  bool // something was written since
	again  bool // the disk has failed: rows may lie in memory alone
	wrote  bool // since then all that was pending is written
}

// Journal writes samples down until ctx ends, within a second of their measurement.
func (s *spool) Journal(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.fresh: // a sample came in
			timer.Reset(journalPause)
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
		case <-timer.C:
		}
		s.writeRows(false)
		switch now := time.Now(); {
		case s.journal.again:
			timer.Reset(retrySave)
		case s.journal.dirty:
			timer.Reset(max(0, s.journal.synced.Add(syncPause).Sub(now)))
		default:
			timer.Stop()
		}
	}
}

// writeRows writes what came in since the last time, and syncs it when that is due or
// wanted now.
func (s *spool) writeRows(now bool) {
	j := &s.journal
	at := time.Now()
	records := s.takeRows()
	for _, r := range records {
		j.buf = appendRows(j.buf[:0], r)
		pos, err := s.disk.rows.Append(recordRows, j.buf)
		if err != nil {
			s.rowsFailed(err)
			return
		}
		for _, x := range r.Rows {
			j.last[pos.Segment] = max(j.last[pos.Segment], x.number)
		}
		if !j.dirty {
			j.dirty, j.synced = true, at
		}
	}
	if j.dirty && (now || at.Sub(j.synced) >= syncPause) {
		if err := s.disk.rows.Sync(); err != nil {
			s.rowsFailed(err)
			return
		}
		j.dirty = false
	}
	j.wrote = true
	// What was sealed while the disk failed, from rows that it did not take, is safe only
	// when the note is.
	if j.again {
		s.mu.Lock()
		j.again = s.anyUnstored()
		s.mu.Unlock()
	}
	if !j.again && len(records) > 0 {
		s.diskWorks(&s.rowsDown)
	}
	s.trimRows()
}

// rowsFailed: what is not certain to be on disk is pending or sealed in memory.
func (s *spool) rowsFailed(err error) {
	s.journal.again, s.journal.wrote, s.journal.dirty = true, false, false
	s.diskFails(&s.rowsDown, err)
}

// takeRows returns the rows that are to be written: those that came in, or all that are
// pending after the disk has failed.
func (s *spool) takeRows() (list []rowsRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.toWrite
	s.toWrite, s.toWriteBytes = nil, 0
	if s.journal.again && !s.journal.wrote {
		rows = nil
		for k, c := range s.chains {
			for _, r := range c.pend.rows {
				rows = append(rows, freshRow{k, r})
			}
		}
	}
	through := s.flights.through()
	// Rows that lie in a note in memory alone may be missing after a kill.
	certain := !s.journal.again || !s.anyUnstored()
	var index map[chainKey]int
	var now *rowsRecord
	size := mostRows
	for _, f := range rows {
		if size+len(f.row.lines) > mostRows {
			list = append(list, rowsRecord{Location: s.location, Clock: s.author.clock(0)})
			now, index, size = &list[len(list)-1], map[chainKey]int{}, 0
		}
		i, ok := index[f.key]
		if !ok {
			c := s.chains[f.key]
			if c == nil {
				continue // sealed and gone
			}
			i = len(now.Chains)
			index[f.key] = i
			mark := rowsChain{f.key, c.from, c.from}
			if certain {
				mark.Through, _ = through(f.key.Customer, c.era)
			}
			now.Clock = worse(now.Clock, c.clockOf(s.author))
			now.Chains = append(now.Chains, mark)
		}
		size += len(f.row.lines)
		now.Rows = append(now.Rows, journalRow{i, f.row})
	}
	return list
}

// trimRows removes the segments in which every row is sealed, and the oldest when the
// journal takes more than an eighth of the spool: its rows are still in memory.
func (s *spool) trimRows() {
	list := s.disk.rows.Segments()
	if len(list) < 2 {
		return
	}
	floor, ok := s.oldestRow()
	for _, n := range list[:len(list)-1] {
		if !(ok && s.journal.last[n] < floor) && s.disk.rows.Bytes() <= s.disk.limit/8 {
			return
		}
		if err := s.disk.rows.Remove(n); err != nil {
			return // it is tried again
		}
		delete(s.journal.last, n)
	}
}

// anyUnstored reports whether a batch lies in memory alone. The caller holds mu.
func (s *spool) anyUnstored() bool {
	for _, c := range s.chains {
		for i := range c.queue {
			if n := &c.queue[i]; !n.stored && !n.link.Gap {
				return true
			}
		}
	}
	return false
}

// oldestRow returns a number below which every row lies on disk in a note. It is not
// known while a note lies in memory alone.
func (s *spool) oldestRow() (number uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number = s.number + 1
	if s.anyUnstored() {
		return 0, false
	}
	for _, c := range s.chains {
		for _, r := range c.pend.rows {
			number = min(number, r.number)
		}
	}
	for _, r := range s.revived {
		for _, x := range r.rows {
			number = min(number, x.number)
		}
	}
	return number, true
}
