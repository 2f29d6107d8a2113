// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// A power cut at a site shows to whoever asks the collector, by what the agent there tells of
// itself once it is back.
func TestPowerCutAtASiteShows(t *testing.T) {
	c := newCentre(t)
	p := c.agents["AMS-1"]
	now := time.Now().UTC().Truncate(time.Millisecond)
	seen := now.Add(-time.Hour)
	var e evidence.Encoder
	lines, err := e.AppendSample(nil, vouch.Sample{
		Customer: vouch.Provider, Agent: p.id, Location: p.at,
		Result: vouch.Result{Start: now, Points: []vouch.Point{{Measurement: "agent", Fields: []vouch.Field{
			{Name: "started_ms", Value: vouch.Int(now.UnixMilli())}, {Name: "last_stop", Value: vouch.Text("host went down")},
			{Name: "last_seen_ms", Value: vouch.Int(seen.UnixMilli())}, {Name: "stalls", Value: vouch.Uint(3)},
			{Name: "overload", Value: vouch.Text("not a number")},
		}}}},
	}, vouch.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	h := p.header(vouch.Provider, now, now.Add(time.Second))
	h.Stream = vouch.Telemetry
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.send(t, c, b.Raw); r[0].Status != wire.StatusStored {
		t.Fatalf("batch = %+v, want stored", r[0])
	}
	c.wait("it shows", func() bool {
		agents := c.status().Agents
		a := agents[slices.IndexFunc(agents, func(a admin.AgentStatus) bool { return a.Agent == p.id })]
		return a.LastStop == "host went down" && a.LastSeen.Equal(seen) && a.Started.Equal(now) && a.Stalls == 3 && a.Overload == 0
	})
}
