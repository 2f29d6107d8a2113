// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/verifycmd"
	"github.com/vouch-sla/vouch/collector/sink"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/influxtest"
)

// telemetry stores a batch of counters, one a second.
func (p *player) telemetry(t *testing.T, c *centre, cu vouch.CustomerID, from time.Time, length int) {
	t.Helper()
	h := p.header(cu, from, from.Add(time.Duration(length)*time.Second))
	h.Stream, h.Epoch, h.Seq, h.Prev, h.Begins = vouch.Telemetry, p.epoch, 1, evidence.Hash{}, evidence.BeginsFirstStart
	var lines []byte
	var e evidence.Encoder
	for s := range length {
		x := p.sample(cu, "rt1", from.Add(time.Duration(s)*time.Second), vouch.Up)
		x.Points = []vouch.Point{{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifName", Value: `wan 1, "A"\`}},
			Fields: []vouch.Field{{Name: "ifHCInOctets", Value: vouch.Uint(1<<64 - 1 - uint64(s))}}}}
		var err error
		if lines, err = e.AppendSample(lines, x, vouch.Telemetry); err != nil {
			t.Fatal(err)
		}
	}
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.send(t, c, b.Raw); r[0].Status != "stored" {
		t.Fatalf("telemetry of %s = %+v, want stored", p.id, r[0])
	}
}

// samplesOf runs `vouch-verify samples` over a bundle.
func samplesOf(t *testing.T, b []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := verifycmd.Program("test")
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"samples", path})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The lines that `vouch-verify samples` prints of a bundle go into a real InfluxDB as they
// are, every one of them; those of telemetry into one without unsigned integers after the
// translation that the sink makes. What was rejected is not among them.
func TestSamplesGoIntoInfluxDB(t *testing.T) {
	server := influxtest.Start(t)
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
		c.agents[id].telemetry(t, c, "acme", from, 90)
	}
	c.play(from, 90, "acme", both)
	own := c.agents["OWN-1"]
	stray := own.sample("acme", "rt1", from.Add(5*time.Second), vouch.Up)
	stray.Check = "never-assigned"
	b := own.seal(t, own.header("acme", from, to), stray)
	if r := own.send(t, c, b.Raw); r[0].Status != "rejected" {
		t.Fatalf("a check that was not assigned = %+v, want rejected", r[0])
	}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 30
	})
	availability := samplesOf(t, c.bundle("acme", from, to, nil))
	all := samplesOf(t, c.bundle("acme", from, to, url.Values{"full": {"true"}}))

	post := func(lines []byte) (int, string) {
		q := url.Values{"bucket": {influxtest.Bucket}, "org": {influxtest.Org}, "precision": {"ms"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+"/api/v2/write?"+q.Encode(), bytes.NewReader(lines))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Token "+influxtest.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		said, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(said)
	}
	if status, said := post(availability); status != http.StatusNoContent {
		t.Fatalf("InfluxDB answers %d %s to the lines of availability", status, said)
	}
	counts := server.Counts(t)
	if n, lines := counts["check"]["interval_us"], bytes.Count(availability, []byte("\n")); n != 180 || lines != 180 {
		t.Errorf("InfluxDB holds %d samples of %d lines, want 180", n, lines)
	}
	if n := counts["check"]["reason"]; n != 60 {
		t.Errorf("InfluxDB holds %d reasons, want those of 60 that were down", n)
	}
	if status, said := post(all); status == http.StatusNoContent || !strings.Contains(said, "ifHCInOctets") {
		t.Errorf("InfluxDB 1.8 takes unsigned integers as they are: %d %s", status, said)
	}
	if status, said := post(sink.Signed(all)); status != http.StatusNoContent {
		t.Fatalf("InfluxDB answers %d %s to all lines", status, said)
	}
	if counts = server.Counts(t); counts["check"]["interval_us"] != 180 || counts["interface"]["ifHCInOctets"] != 180 {
		t.Errorf("InfluxDB holds %v, want 180 samples and 180 counters", counts)
	}
}
