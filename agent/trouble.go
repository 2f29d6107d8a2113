// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
)

// diskTrouble is what the disk does not take, and since when.
type diskTrouble struct {
	err   error
	since time.Time
}

// headsWritten tells of the beginning and the end of a trouble with the heads, once.
func (s *spool) headsWritten(err error) {
	failing := err != nil
	if failing {
		s.troubled(err)
	}
	if failing == s.headsDown.Load() {
		return
	}
	s.mu.Lock()
	s.headsFailed = time.Now()
	s.mu.Unlock()
	s.headsDown.Store(failing)
	if failing {
		s.log.Error("heads cannot be written: from a minute on what is sealed is uploaded from memory, and after a restart the chains may begin new epochs", "err", err)
	} else {
		s.log.Info("heads are written again")
		s.relieved()
	}
}

// diskFails and diskWorks tell of the beginning and the end of a trouble with a part of
// the spool, once.
func (s *spool) diskFails(down *atomic.Bool, err error) {
	s.counts.diskErrors.Add(1)
	s.troubled(err)
	before := s.rowsDown.Load() || s.notesDown.Load()
	down.Store(true)
	if !before {
		s.log.Error("spool cannot be written: what is measured waits in memory until it can. Make room, or see to the disk", "err", err)
	}
}

func (s *spool) diskWorks(down *atomic.Bool) {
	if down.Swap(false) && !s.rowsDown.Load() && !s.notesDown.Load() {
		s.log.Info("spool is written again")
		s.relieved()
	}
}

// troubled and relieved keep what the status says of the disk: the latest error, and
// since when there has been one.
func (s *spool) troubled(err error) {
	since := time.Now().UTC()
	if t := s.trouble.Load(); t != nil {
		since = t.since
	}
	s.trouble.Store(&diskTrouble{err, since})
}

func (s *spool) relieved() {
	if s.failing() == 0 {
		s.trouble.Store(nil)
	}
}

// hurry says that the agent ends: what no disk takes leaves now or never.
func (s *spool) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patience = 0
}

// failing returns 1 while the disk does not take everything, else 0.
func (s *spool) failing() float64 {
	if s.rowsDown.Load() || s.notesDown.Load() || s.headsDown.Load() {
		return 1
	}
	return 0
}

// facts is what the agent says of its spool, among what it says of its host.
func (s *spool) facts(now time.Time) vouch.Point {
	notes, age := s.backlog(now)
	return vouch.Point{Measurement: "spool", Fields: []vouch.Field{
		{Name: "failing", Value: vouch.Uint(uint64(s.failing()))},
		{Name: "notes", Value: vouch.Uint(uint64(notes))},
		{Name: "age_s", Value: vouch.Uint(uint64(max(0, age.Seconds())))},
		{Name: "disk_bytes", Value: vouch.Uint(uint64(s.disk.bytes()))},
		{Name: "disk_limit_bytes", Value: vouch.Uint(uint64(s.disk.limit))},
		{Name: "lost_notes", Value: vouch.Uint(s.counts.lostNotes.Load())},
		{Name: "damaged", Value: vouch.Uint(s.counts.damaged.Load())},
	}}
}
