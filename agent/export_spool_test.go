// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"io"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// SpoolMaker makes spools of one agent, one after the other, on whatever disk.
type SpoolMaker struct {
	key  signingKey
	pack *packer
	Now  time.Time // what the agent's clock shows
	Size int64     // of the spool, in bytes; 0 means the least
	n    byte
	// Clock is what is known of that clock.
	Clock evidence.Clock
	Log   io.Writer
}

func NewSpoolMaker(dir string) (*SpoolMaker, error) {
	key, err := openKey(dir, "a1")
	if err != nil {
		return nil, err
	}
	pack, err := newPacker()
	return &SpoolMaker{key: key, pack: pack, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Log: io.Discard}, err
}

// First makes the agent one that never ran.
func (m *SpoolMaker) First(dir string) error { return m.key.headsFile(dir).begin() }

func (m *SpoolMaker) Verifier() note.Verifier { return m.key.verifier }

// Spool is a run of a spool that a test drives step by step.
type Spool struct {
	s *spool
	m *SpoolMaker
}

// Run begins a run, with what the disk holds, of an agent that has an assignment.
func (m *SpoolMaker) Run(fs journal.FS, dir string) (*Spool, error) {
	d, err := openDisk(fs, max(m.Size, minSpoolBytes), defaultSpoolAge, m.pack)
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return m.Now }
	by := author{
		signer: m.key.signer, verifier: m.key.verifier, agent: "a1", boot: "boot",
		nonce: func() (n evidence.Nonce, err error) { m.n++; n[0] = m.n; return n, nil },
		clock: func(uint64) evidence.Clock { return m.Clock }, now: now,
	}
	s := newSpool(by, newFlights(newEras(now, now, nil, slog.New(slog.DiscardHandler))), m.key.headsFile(dir), d, 1<<20, 0, &counters{}, slog.New(slog.NewTextHandler(m.Log, nil)))
	s.assign("north", []vouch.CustomerID{"acme"}, time.Minute, time.Now())
	return &Spool{s, m}, nil
}

func (s *Spool) Record(x vouch.Sample) { s.s.record(x, event{}) }

// Journal writes down what was recorded, and syncs it when sync is set. It reports
// whether all of it is written.
func (s *Spool) Journal(sync bool) bool {
	s.s.writeRows(sync)
	return !s.s.journal.again
}

// Seal seals and saves everything, and reports whether it lies on disk: a chain of which
// nobody knows where it stands is not sealed.
func (s *Spool) Seal() bool {
	s.s.sealDue(true)
	ok := s.s.save()
	pending, _ := s.s.size()
	return ok && pending == 0
}

// Upload makes one request, of at most so many notes.
func (s *Spool) Upload(most int, heads func() []wire.Head, send func(raw []byte) wire.Result) (sent int) {
	if s.s.strange() {
		s.s.reconcile(heads())
		s.s.save()
	}
	notes := s.s.texts(s.s.outgoing(most, uploadBytes))
	results := make([]wire.Result, len(notes))
	for i, n := range notes {
		raw, err := s.m.pack.unpack(n.note.packed)
		if err != nil {
			panic(err)
		}
		results[i] = send(raw)
	}
	s.s.settle(notes, results)
	return len(notes)
}

// Rotate ends the segments that are written to, as a full one is.
func (s *Spool) Rotate() {
	for _, l := range s.s.disk.notes {
		if err := l.Rotate(); err != nil {
			panic(err)
		}
	}
}

// Anchored says that everything acknowledged before an instant is covered by an anchor.
func (s *Spool) Anchored(at time.Time) { s.s.anchor(at) }

// Free makes room for a segment out of what is acknowledged.
func (s *Spool) Free() bool { return s.s.freeAcked(nil) }

// Close ends the run.
func (s *Spool) Close() { s.s.disk.close() }

// Kept returns how many acknowledged notes lie on disk.
func (s *Spool) Kept() (n int) {
	for _, c := range s.s.chains {
		n += len(c.kept)
	}
	return n
}

// ParseRecords decodes a record of each kind, for fuzzing.
func (m *SpoolMaker) ParseRecords(payload []byte) {
	parseRows(payload, m.pack)
	if len(payload) > 0 {
		textOf(payload, vouch.Availability, m.pack)
	}
	parseVoid(payload)
}
