// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// SpoolOn puts the spool on another disk.
func (o *Options) SpoolOn(fs journal.FS) { o.spool = fs }

// Patience sets how long a disk takes nothing before batches leave all the same.
func (o *Options) Patience(d time.Duration) { o.patience = d }

type (
	Job      = job
	Schedule = schedule
)

var Room = room

// Backoff is the waits after failures in a row.
type Backoff = backoff

func (b *backoff) After(err error) time.Duration { return b.after(err) }

// ClockOffset is the estimate of this clock minus the collector's.
type ClockOffset = clockOffset

func (c *clockOffset) Observe(sent, received, server time.Time, resolution time.Duration) {
	c.observe(sent, received, server, resolution)
}

func (c *clockOffset) Estimate(now time.Time) (offset, bound time.Duration, known bool) {
	return c.estimate(now)
}

// Pending is what a chain has not sealed yet.
type Pending = pending

func (p *pending) Add(at time.Time, lines string) { p.add(row{at: at, lines: []byte(lines)}) }

func (p *pending) Take(through time.Time, limit int) (lines, lost string, end time.Time) {
	rows, gone, end := p.take(through, limit)
	for _, r := range rows {
		lines += string(r.lines)
	}
	for _, r := range gone {
		lost += string(r.lines)
	}
	return lines, lost, end
}

func (p *pending) Bytes() int { return p.bytes }

func NewSchedule(agent vouch.AgentID, limit int, attempt func(context.Context, Job), overload func(Job)) *Schedule {
	s := newSchedule(agent, limit)
	s.attempt, s.overload = attempt, overload
	return s
}

func (s *schedule) Assign(jobs []Job, now time.Time) int { return s.assign(jobs, now) }

// Recorder is what records samples and seals and packs all of them, as an agent that has
// spoken with its collector does it.
type Recorder struct {
	Record  func(vouch.Sample)
	Journal func()       // writes samples down, as it is done every half second
	Seal    func()       // once a minute
	Bytes   func() int64 // that lie on disk
}

// NewRecorder returns a recorder whose spool lies on fs; nil means that nothing is
// written anywhere.
func NewRecorder(dir string, fs journal.FS) Recorder {
	key, err := openKey(dir, "a1")
	if err != nil {
		panic(err)
	}
	o, _ := Options{ID: "a1", StateDir: dir, CollectorURL: "https://x", QueueBytes: 1 << 30, SpoolBytes: 1 << 30, spool: fs}.complete()
	o.boot = "boot"
	secretKey, err := openSealKey(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	s, err := newSession(o, key, secretKey)
	if err != nil {
		panic(err)
	}
	s.spool.assign("north", []vouch.CustomerID{"acme"}, time.Minute, time.Now())
	s.spool.reconcile(nil)
	return Recorder{func(m vouch.Sample) { s.tell(m, vouch.Watch{}, 0) }, func() { s.spool.writeRows(false) }, func() {
		s.spool.sealDue(true)
		if fs != nil {
			s.spool.save()
		}
		s.spool.toWrite, s.spool.toWriteBytes = s.spool.toWrite[:0], 0
		for _, c := range s.spool.chains {
			var notes []outNote
			for i := range c.queue {
				notes = append(notes, outNote{c.chainKey, c.queue[i]})
			}
			var packed []wire.Packed
			for _, n := range s.spool.texts(notes) {
				packed = append(packed, wire.Packed{Size: n.note.size, Frame: n.note.packed})
			}
			if _, err := wire.JoinPacked(packed); err != nil {
				panic(err)
			}
			before := c.queued
			c.drop(len(c.queue))
			s.spool.queued += c.queued - before
		}
	}, s.spool.disk.bytes}
}

// WithTurn returns a job with the agent's place among those that measure its device.
func WithTurn(j Job, turn int) Job {
	j.turn = turn
	return j
}
