// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// beat sends a heartbeat of samples.
func (p *player) beat(t *testing.T, c *centre, cu vouch.CustomerID, at time.Time, clock evidence.Clock, samples ...vouch.Sample) {
	t.Helper()
	var e evidence.Encoder
	var lines []byte
	for _, s := range samples {
		var err error
		if lines, err = e.AppendSample(lines, s, vouch.Availability); err != nil {
			t.Fatal(err)
		}
	}
	h, err := evidence.SealHeartbeat(evidence.HeartbeatHeader{
		Identity: evidence.Identity{Agent: p.id, Location: p.at, Customer: cu}, Boot: "boot", At: at, Clock: clock,
	}, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.JoinNotes([][]byte{h.Raw})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, out := p.post(t, c, wire.PathHeartbeats, "", body); status != http.StatusOK {
		t.Fatalf("POST heartbeats = %d %s, want 200", status, out)
	}
}

// sees returns what a location sees of a device now.
func (c *centre) sees(l vouch.LocationID, cu vouch.CustomerID, d vouch.DeviceID) string {
	var live admin.Live
	if err := c.client().Get(c.t.Context(), admin.PathLive, nil, &live); err != nil {
		c.t.Fatal(err)
	}
	at := slices.IndexFunc(live.Locations, func(x vouch.Location) bool { return x.ID == l })
	for _, x := range live.Devices {
		if x.Customer == cu && x.Device == d {
			return strings.TrimSpace(x.Seen[at].State + " " + x.Seen[at].Reason)
		}
	}
	return ""
}

// An agent whose clock was a day ahead is believed again once its clock is right: nothing
// that it said of tomorrow stands in the way.
func TestClockThatRanAhead(t *testing.T) {
	c := newCentre(t)
	p := c.agents["AMS-1"]
	right := evidence.Clock{Known: true, Bound: time.Millisecond, Source: "collector"}
	wrong := evidence.Clock{Known: true, Offset: 24 * time.Hour, Bound: time.Millisecond, Source: "collector"}

	tomorrow := time.Now().UTC().Truncate(time.Millisecond).Add(24 * time.Hour)
	h := p.header("acme", tomorrow.Add(-time.Minute), tomorrow)
	h.Clock = wrong
	b := p.seal(t, h, p.sample("acme", "rt1", tomorrow.Add(-time.Second), vouch.Up))
	if r := p.send(t, c, b.Raw); r[0].Status != wire.StatusStored {
		t.Fatalf("batch = %+v, want stored: what an agent signs is kept", r[0])
	}
	c.wait("the device is unknown from there", func() bool {
		p.beat(t, c, "acme", tomorrow, wrong, p.sample("acme", "rt1", tomorrow, vouch.Up))
		return c.sees("AMS", "acme", "rt1") == "unknown clock"
	})

	now := time.Now().UTC().Truncate(time.Millisecond)
	c.wait("the device is down from there", func() bool {
		p.beat(t, c, "acme", now, right, p.sample("acme", "rt1", now, vouch.Down))
		return c.sees("AMS", "acme", "rt1") == "down"
	})
	for _, a := range c.status().Agents {
		if a.Agent == p.id && (a.Heartbeat == nil || time.Since(*a.Heartbeat).Abs() > time.Hour || a.Through == nil || a.Through.After(time.Now().Add(time.Hour)) || a.ClockSource != "collector") {
			t.Errorf("status of the agent = %+v, want a heartbeat and batches of about now", a)
		}
	}

	// And one that was set back by an hour speaks on.
	past := now.Add(-time.Hour)
	p.beat(t, c, "acme", past, evidence.Clock{}, p.sample("acme", "rt1", past, vouch.Up))
	c.wait("its word is taken in", func() bool {
		i := slices.IndexFunc(c.status().Agents, func(a admin.AgentStatus) bool { return a.Agent == p.id })
		return c.status().Agents[i].ClockSource == ""
	})
}
