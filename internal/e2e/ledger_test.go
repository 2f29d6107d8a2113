// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
)

// leaf is an entry of a ledger that an agent sent. Batch is set for one that was
// taken in as samples.
type leaf struct {
	store.Entry
	Batch evidence.Batch
}

// readLedgers reads every ledger of a collector that does not run, checks each, and
// returns what agents sent in the order of the ledgers. Every note is verified again,
// with the agents' keys.
func (p *plant) readLedgers(keys note.Verifiers) []leaf {
	p.t.Helper()
	ctx := context.Background()
	s := p.openStore()
	defer s.Close()
	customers, err := s.Customers(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	var all []leaf
	for _, c := range customers {
		damage, err := s.Check(ctx, c)
		if err != nil || len(damage) > 0 {
			p.t.Errorf("Check(%s) = %q, %v, want no damage", c, damage, err)
		}
		for at := int64(0); ; {
			entries, err := s.Entries(ctx, c, at, 500)
			if err != nil {
				p.t.Fatal(err)
			}
			for _, e := range entries {
				if e.Kind != store.KindRecord {
					all = append(all, openLeaf(p.t, e, keys))
				}
			}
			if at += int64(len(entries)); len(entries) == 0 {
				break
			}
		}
	}
	return all
}

// openStore opens the state of a collector that does not run.
func (p *plant) openStore() store.Store {
	p.t.Helper()
	if p.collector.running() {
		p.t.Fatal("the state is opened while the collector runs")
	}
	s, err := sqlite.Open(context.Background(), p.path("data"), sqlite.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func openLeaf(t *testing.T, e store.Entry, keys note.Verifiers) leaf {
	t.Helper()
	l := leaf{Entry: e}
	if e.Kind != store.KindBatch {
		return l
	}
	item, err := evidence.OpenNote(bytes.Clone(e.Note), keys)
	if err != nil {
		t.Fatalf("batch %d of %s for %s: %v", e.Seq, e.Agent, e.Customer, err)
	}
	l.Batch = item.(evidence.Batch)
	return l
}

// samples returns what a batch of the availability stream says.
func (l leaf) samples(t *testing.T) []vouch.Sample {
	t.Helper()
	var all []vouch.Sample
	if l.Kind != store.KindBatch || l.Stream != vouch.Availability {
		return nil
	}
	for line, err := range evidence.DecodeLines(l.Stream, l.Batch.Lines) {
		if err != nil {
			t.Fatalf("batch %d of %s for %s: %v", l.Seq, l.Agent, l.Customer, err)
		}
		all = append(all, line.Sample)
	}
	return all
}

// verifiers returns the keys of the agents, as the installed base lists them.
func (p *plant) verifiers() note.Verifiers {
	p.t.Helper()
	var list []note.Verifier
	for id := range p.agents {
		v, err := evidence.NewVerifier(p.key(id))
		if err != nil {
			p.t.Fatal(err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...)
}
