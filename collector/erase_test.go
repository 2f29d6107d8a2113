// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// kept sets the retention of acme and of other, in days.
func kept(availability, telemetry int) func(*collector.Options) {
	return func(o *collector.Options) {
		days := func(n int) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: contract.Days} }
		r := collector.Retention{Availability: days(availability), Telemetry: days(telemetry)}
		o.Retention = map[vouch.CustomerID]collector.Retention{"acme": r, "other": r}
	}
}

// inStore looks into the data of a collector that is halted.
func (c *centre) inStore(look func(context.Context, store.Store)) {
	c.t.Helper()
	s, err := sqlite.Open(c.t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	look(c.t.Context(), s)
	if err := s.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// told returns what a halted collector's ledger says was erased of a customer.
func (c *centre) told(cu vouch.CustomerID) (out []book.ErasedBody) {
	c.t.Helper()
	c.inStore(func(ctx context.Context, s store.Store) {
		entries, err := s.Records(ctx, cu, string(evidence.KindDataErased))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range entries {
			n, err := note.Open(e.Note, note.VerifierList())
			if u, ok := err.(*note.UnverifiedNoteError); ok {
				n = u.Note
			} else {
				c.t.Fatalf("%v, %v", n, err)
			}
			var b book.ErasedBody
			_, body, _ := strings.Cut(n.Text, "\n\n")
			if err := json.Unmarshal([]byte(body), &b); err != nil {
				c.t.Fatal(err)
			}
			out = append(out, b)
		}
	})
	return out
}

// talk stores an empty batch of the telemetry stream.
func (c *centre) talk(cu vouch.CustomerID, from, through time.Time) {
	c.t.Helper()
	p := c.agents["AMS-1"]
	h := p.header(cu, from, through)
	last := p.chains[h.Identity][vouch.Telemetry]
	h.Stream, h.Epoch, h.Seq, h.Prev, h.Begins = vouch.Telemetry, p.epoch, last.Seq+1, last.Hash, ""
	if h.Seq == 1 {
		h.Begins = evidence.BeginsFirstStart
	}
	b := p.seal(c.t, h)
	if r := p.send(c.t, c, b.Raw); r[0].Status != "stored" {
		c.t.Fatalf("telemetry = %+v, want it stored", r[0])
	}
	p.advance(b)
}

// hears keeps what a collector logs.
type hears struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *hears) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

// once reports whether a line with these words was logged, and forgets what was.
func (h *hears) once(words string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !strings.Contains(h.text.String(), words) {
		return false
	}
	h.text.Reset()
	return true
}

// What retention lets go is erased and said so; figures, leaves and proofs stay, and a
// customer under a legal hold keeps everything.
func TestErase(t *testing.T) {
	var log hears
	c := newCentreOf(t, func(c *centre) {
		retention := kept(60, 30)
		c.edit = func(o *collector.Options) {
			retention(o)
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
	})
	from := ago(3 * time.Minute)
	c.talk("acme", from, from.Add(time.Minute))
	c.talk("other", from, from.Add(time.Minute))
	c.play(from, 90, "acme", both)
	c.play(from, 90, "other", both)
	want := figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the figures are there", func() bool {
		a, _ := c.statement("acme", from, from.Add(80*time.Second))
		o, _ := c.statement("other", from, from.Add(80*time.Second))
		return a == want && o == want
	})
	var h admin.Hold
	if err := c.client().Post(t.Context(), admin.PathHolds, admin.NewHold{Customer: "other", Reason: "claim of November"}, &h); err != nil {
		t.Fatal(err)
	}
	later := func(days int, until string) { // restarts the collector so many days from now, until it says something
		t.Helper()
		c.halt()
		c.behind.Store(-int64(time.Duration(days) * 24 * time.Hour))
		log.once("") // what was said before
		c.start()
		c.wait(until, func() bool { return log.once(until) })
	}
	held := `msg="a legal hold keeps what retention lets go" customer=other stream=telemetry` // the last that is looked at

	later(31, held)
	c.halt()
	got := c.told("acme")
	if len(got) != 1 || got[0].Stream != vouch.Telemetry || got[0].Count != 1 || got[0].First != got[0].Last || got[0].Why != "retention of telemetry: 30 days" || got[0].Before.Before(from) {
		t.Fatalf("after 31 days %+v was erased, want one batch of telemetry", got)
	}
	c.inStore(func(ctx context.Context, s store.Store) {
		entries, err := s.Entries(ctx, "acme", got[0].First, 1)
		if err != nil || len(entries) != 1 || entries[0].Note != nil || !entries[0].Erased || entries[0].Stream != vouch.Telemetry {
			t.Errorf("leaf %d = %+v, %v, want one of telemetry without its note", got[0].First, entries, err)
		}
	})
	later(61, held)
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != want {
		t.Errorf("statement after its evidence was erased = %+v, want %+v", f, want)
	}
	var damage []string
	if err := c.client().Get(t.Context(), admin.PathCheck, nil, &damage); err != nil || len(damage) != 0 {
		t.Errorf("ledger check = %q, %v, want no damage", damage, err)
	}
	if err := c.client().Delete(t.Context(), admin.PathHolds, url.Values{"id": {h.ID}, "customer": {"other"}, "reason": {"settled"}}, &h); err != nil {
		t.Fatal(err)
	}
	c.halt()
	if got := c.told("acme"); len(got) != 2 || got[1].Stream != vouch.Availability || got[1].Count != 2 {
		t.Errorf("after 61 days %+v was erased, want two batches of availability as well", got)
	}
	if got := c.told("other"); len(got) != 0 {
		t.Errorf("under a legal hold %+v was erased", got)
	}
	later(61, `msg="erased what retention lets go" customer=other stream=telemetry`)
	if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
		t.Errorf("rebuild after erasing: %v", err)
	}
	c.halt()
	if got := c.told("other"); len(got) != 2 || got[0].Count != 2 || got[1].Count != 1 {
		t.Errorf("after the hold %+v was erased, want three batches in two records", got)
	}
	if got := c.told("acme"); len(got) != 2 {
		t.Errorf("erased = %+v, want nothing told twice", got)
	}
}

// What was erased by a run that died before it could say so is said by the next.
func TestErasedUntold(t *testing.T) {
	c := newCentreOf(t, func(c *centre) { c.edit = kept(600, 300) })
	from := ago(3 * time.Minute)
	c.talk("acme", from, from.Add(time.Minute))
	c.talk("acme", from.Add(time.Minute), from.Add(2*time.Minute))
	c.halt()
	c.inStore(func(ctx context.Context, s store.Store) {
		if e, err := s.Erase(ctx, "acme", vouch.Telemetry, from.Add(90*time.Second), 1<<40); err != nil || e.Count != 1 {
			t.Fatalf("erased %+v, %v, want one", e, err)
		}
	})
	var log hears
	retention := c.edit
	c.edit = func(o *collector.Options) {
		retention(o)
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	}
	c.start()
	c.wait("it is said", func() bool { return log.once("erased what retention lets go") })
	c.halt()
	if got := c.told("acme"); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("erased = %+v, want the one that was erased", got)
	}
}
