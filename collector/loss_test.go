// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/wire"
)

// records returns the bodies of the records of a kind in a customer's ledger, read from
// the database while the collector does not run.
func (c *centre) records(cu vouch.CustomerID, kind evidence.RecordKind) []string {
	c.t.Helper()
	c.halt()
	defer c.start()
	s, err := sqlite.Open(c.t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	list, err := s.Records(c.t.Context(), cu, string(kind))
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, string(e.Note))
	}
	return out
}

// A collector that was restored from an older back-up says in the ledger what it lost,
// and the agent signs for it: every bundle shows it.
func TestRestoredFromABackUp(t *testing.T) {
	c := newCentre(t)
	p := c.agents["AMS-1"]
	from := ago(3 * time.Minute)
	minute := func(n int) time.Time { return from.Add(time.Duration(n) * 20 * time.Second) }
	up := func(n int) vouch.Sample { return p.sample("acme", "rt1", minute(n), vouch.Up) }
	first := p.store(t, c, "acme", minute(0), minute(1), up(0))
	c.halt()
	backup := t.TempDir()
	copyDir(t, backup, c.dir)
	c.start()
	p.store(t, c, "acme", minute(1), minute(2), up(1))
	last := p.store(t, c, "acme", minute(2), minute(3), up(2))
	c.halt()
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	copyDir(t, c.dir, backup)
	c.start()

	next := p.seal(t, p.header("acme", minute(3), minute(4)), up(3))
	if r := p.send(t, c, next.Raw); r[0].Status != wire.StatusRefused || r[0].ExpectSeq != 2 {
		t.Fatalf("a batch after a restore = %+v, want refused with number 2 expected", r[0])
	}
	nonce, err := evidence.NewNonce(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	gap, err := evidence.SealGap(evidence.GapHeader{
		Identity: first.Identity, Stream: vouch.Availability, Epoch: first.Epoch, First: 2, Seq: 3, Prev: first.Hash, Last: last.Hash,
		Nonce: nonce, Boot: "boot", From: minute(1), Through: minute(3), Reason: evidence.GapLostThere, Sealed: minute(4),
	}, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.send(t, c, gap.Raw, next.Raw); r[0].Status != wire.StatusStored || r[1].Status != wire.StatusStored {
		t.Fatalf("gap and batch after a restore = %+v, want both stored", r)
	}
	p.advance(next)
	if lost := c.records("acme", evidence.KindLostHere); len(lost) != 1 || !strings.Contains(lost[0], `"first":2`) || !strings.Contains(lost[0], `"seq":3`) {
		t.Errorf("lost-here records = %q, want one of numbers 2 to 3", lost)
	}
	b := c.bundle("acme", minute(0), minute(4), nil)
	r := verify(t, b, bundle.Options{})
	sound(t, r)
	found := false
	for _, f := range r.Unproven {
		found = found || f.Topic == bundle.TopicComplete && strings.Contains(f.What, "numbers 2 to 3 were lost")
	}
	if !found {
		t.Errorf("the bundle does not say that numbers 2 to 3 were lost: %+v", r.Unproven)
	}
}

// Two batches under one number are equivocation: the second is refused, and the ledger
// says so once, however often it is sent.
func TestEquivocationIsRecorded(t *testing.T) {
	c := newCentre(t)
	p := c.agents["AMS-1"]
	from := ago(3 * time.Minute)
	h := p.header("acme", from, from.Add(20*time.Second))
	one := p.seal(t, h, p.sample("acme", "rt1", from, vouch.Up))
	two := p.seal(t, h, p.sample("acme", "rt1", from, vouch.Down))
	if r := p.send(t, c, one.Raw); r[0].Status != wire.StatusStored {
		t.Fatalf("first batch = %+v", r[0])
	}
	for range 3 {
		if r := p.send(t, c, two.Raw); r[0].Status != wire.StatusRefused {
			t.Fatalf("second batch under the same number = %+v, want refused", r[0])
		}
	}
	if forks := c.records("acme", evidence.KindEquivocation); len(forks) != 1 || !strings.Contains(forks[0], two.Hash.String()) {
		t.Errorf("equivocation records = %q, want one that names %s", forks, two.Hash)
	}
}

func copyDir(t *testing.T, to, from string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if !f.Type().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, f.Name()), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
