// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// Batches whose notes were erased are passed over by whoever reads the ledger again:
// figures that were derived stay, and what comes afterwards is derived.
func TestReadOverErasedNotes(t *testing.T) {
	c := newCentre(t)
	from := ago(6 * time.Minute)
	c.play(from, 90, "acme", both)
	c.wait("the incident is closed", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed
	})
	c.halt()
	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Erase(t.Context(), "acme", vouch.Availability, from.Add(time.Hour), c.size(t, s)); err != nil || e.Count != 2 {
		t.Fatalf("Erase = %+v, %v, want the two batches", e, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.start()
	if f, raw := c.statement("acme", from, from.Add(80*time.Second)); f != (figures{Agreed: 80, Up: 50, Down: 30}) {
		t.Errorf("statement after erasing = %+v, want it to be as before\n%s", f, raw)
	}
	if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
		t.Fatalf("rebuild after erasing = %v", err)
	}
	later := from.Add(2 * time.Minute)
	c.play(later, 90, "acme", both)
	c.wait("what comes afterwards is derived", func() bool {
		f, _ := c.statement("acme", later, later.Add(80*time.Second))
		return f.Down == 30
	})
}

// size returns how many entries acme's ledger has.
func (c *centre) size(t *testing.T, s *sqlite.Store) int64 {
	t.Helper()
	head, err := s.Head(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}
