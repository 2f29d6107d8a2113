// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// begin is a whole second lately, so that samples are neither old nor of the future.
func begin() time.Time { return time.Now().UTC().Truncate(time.Second).Add(-30 * time.Second) }

// Nothing that a stranger or a liar sends is stored, everything is answered and
// counted, and what was accepted before stays.
func TestBatchesRefused(t *testing.T) {
	c := newCentre(t)
	ams, bru, own := c.agents["AMS-1"], c.agents["BRU-1"], c.agents["OWN-1"]
	from := begin()
	good := ams.store(t, c, "acme", from, from.Add(time.Second), ams.sample("acme", "rt1", from, vouch.Up))
	before := c.leaves("acme")
	next := func() evidence.BatchHeader { return ams.header("acme", from.Add(time.Second), from.Add(2*time.Second)) }
	later := ams.sample("acme", "rt1", from.Add(time.Second), vouch.Up)

	t.Run("notes", func(t *testing.T) {
		flipped := bytes.Clone(ams.seal(t, next(), later).Raw)
		flipped[len(flipped)/2] ^= 1
		ahead := next()
		ahead.Seq += 5
		broken := next()
		broken.Prev = evidence.Sum([]byte("something else"))
		reused := next()
		reused.Seq, reused.Prev, reused.Begins = 1, evidence.Hash{}, evidence.BeginsFirstStart
		tests := []struct {
			name   string
			sender *player
			note   []byte
			status wire.Status
			says   string
		}{
			{"a flipped byte", ams, flipped, wire.StatusRefused, ""},
			{"no note at all", ams, []byte("hello\n"), wire.StatusRefused, "neither a batch nor a gap"},
			{"another agent's note", bru, ams.seal(t, next(), later).Raw, wire.StatusRefused, "another agent's"},
			{"another customer's device", own, own.seal(t, own.header("other", from, from.Add(time.Second)), own.sample("other", "rt1", from, vouch.Up)).Raw, wire.StatusRefused, "does not measure for that customer"},
			{"a number too far", ams, ams.seal(t, ahead, later).Raw, wire.StatusRefused, "missing"},
			{"a wrong chain", ams, ams.seal(t, broken, later).Raw, wire.StatusRefused, "broken"},
			{"a reused number", ams, ams.seal(t, reused, later).Raw, wire.StatusRefused, "same number"},
			{"the same batch again", ams, good.Raw, wire.StatusDuplicate, ""},
		}
		for _, tt := range tests {
			r := tt.sender.send(t, c, tt.note)
			if r[0].Status != tt.status || !strings.Contains(r[0].Reason, tt.says) {
				t.Errorf("%s: answered %+v, want %s with %q", tt.name, r[0], tt.status, tt.says)
			}
		}
		// The reused number and the wrong chain are written down as equivocation.
		if got := c.leaves("acme"); got != before+2 {
			t.Errorf("leaves of acme after the refusals = %d, want the %d of before and two records", got, before)
		}
		if n := c.status().Ledgers[0].Forks; n != 2 {
			t.Errorf("kept as evidence of equivocation = %d, want 2 (the reused number, the wrong chain)", n)
		}
	})

	t.Run("requests", func(t *testing.T) {
		lying := binary.BigEndian.AppendUint32(nil, 1000)
		lying = append(lying, "short"...)
		var bomb bytes.Buffer
		z := gzip.NewWriter(&bomb)
		zeros := make([]byte, 1<<20)
		for range 64 {
			if _, err := z.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name, encoding string
			body           []byte
			status         int
		}{
			{"a lying length", "", lying, http.StatusBadRequest},
			{"garbage for gzip", "gzip", []byte("garbage"), http.StatusBadRequest},
			{"garbage for zstd", "zstd", []byte("garbage"), http.StatusBadRequest},
			{"an unknown encoding", "br", []byte("x"), http.StatusUnsupportedMediaType},
			{"a thousandfold compression", "gzip", bomb.Bytes(), http.StatusRequestEntityTooLarge},
		}
		for _, tt := range tests {
			status, _, out := ams.post(t, c, wire.PathBatches, tt.encoding, tt.body)
			var p wire.Problem
			if err := json.Unmarshal(out, &p); status != tt.status || err != nil || p.Error == "" {
				t.Errorf("%s: answered %d %s, want %d and a sentence", tt.name, status, out, tt.status)
			}
		}
	})

	t.Run("an unknown agent", func(t *testing.T) {
		status, _, out := c.stranger.post(t, c, wire.PathBatches, "", nil)
		if status != http.StatusForbidden || !bytes.Contains(out, []byte("vouch-agent key")) {
			t.Errorf("answered %d %s, want 403 and the cure", status, out)
		}
	})

	if len(c.status().Refused) < 6 {
		t.Errorf("refusals counted = %+v, want one for each kind", c.status().Refused)
	}
	// What was accepted before is followed by the next as if nothing had happened.
	ams.store(t, c, "acme", from.Add(time.Second), from.Add(2*time.Second), later)
}

// A signed and chained batch that says what it may not becomes a rejected leaf: it
// is acknowledged, it takes its number, and it yields no outcome.
func TestBatchesRejected(t *testing.T) {
	c := newCentre(t)
	ams := c.agents["AMS-1"]
	from := begin()
	at := func(n int) time.Time { return from.Add(time.Duration(n) * time.Second) }
	wrongLocation := ams.sample("acme", "rt1", at(0), vouch.Down)
	wrongLocation.Location = "BRU"
	tests := []struct {
		name   string
		sample vouch.Sample
		says   string
	}{
		{"a device that is not assigned", ams.sample("acme", "fw1", at(0), vouch.Down), "not assigned"},
		{"another customer in a line", ams.sample("other", "rt1", at(1), vouch.Down), "customer"},
		{"another location in a line", wrongLocation, "location"},
		{"a time outside the batch", ams.sample("acme", "rt1", at(60), vouch.Down), "outside"},
	}
	for i, tt := range tests {
		b := ams.seal(t, ams.header("acme", at(i), at(i+1)), tt.sample)
		r := ams.send(t, c, b.Raw)
		if r[0].Status != wire.StatusRejected || !strings.Contains(r[0].Reason, tt.says) {
			t.Errorf("%s: answered %+v, want rejected with %q", tt.name, r[0], tt.says)
		}
		ams.advance(b)
	}
	ams.store(t, c, "acme", at(10), at(11), ams.sample("acme", "rt1", at(10), vouch.Up))
	overlap := ams.header("acme", at(10), at(12))
	if r := ams.send(t, c, ams.seal(t, overlap, ams.sample("acme", "rt1", at(11), vouch.Up)).Raw); r[0].Status != wire.StatusRejected {
		t.Errorf("a range of time spoken for twice: answered %+v, want rejected", r[0])
	}
	var live admin.Live
	c.wait("the stored batch is judged", func() bool {
		if err := c.client().Get(t.Context(), admin.PathLive, nil, &live); err != nil {
			t.Fatal(err)
		}
		return live.Devices[0].Seen[0].State == "up"
	})
	if n := len(live.Incidents); n != 0 {
		t.Errorf("incidents out of rejected batches = %d, want none", n)
	}
}
