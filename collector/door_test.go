// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// TestHeartbeatsPassABacklog takes every place that batches may have by uploads that do
// not end: another batch is told to come again, and heartbeats are heard.
func TestHeartbeatsPassABacklog(t *testing.T) {
	// Few places, since one agent has 16 connections at most.
	c := newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) { o.Limits = collector.Limits{InFlight: 8, Timeout: time.Minute} }
	})
	ams := c.agents["AMS-1"]
	stalled, release := io.Pipe() // never written to
	var uploads sync.WaitGroup
	defer uploads.Wait()
	defer release.Close()
	for range 12 {
		uploads.Go(func() {
			req, err := http.NewRequest(http.MethodPost, "https://"+c.at.Agents+wire.PathBatches, stalled)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := ams.client.Do(req); err == nil { // one that is cut off, or told to come again
				resp.Body.Close()
			}
		})
	}
	c.wait("batches are told to come again", func() bool {
		status, header, _ := ams.post(t, c, wire.PathBatches, "", nil)
		return status == http.StatusServiceUnavailable && header.Get("Retry-After") == "2"
	})
	now := time.Now().UTC().Truncate(time.Millisecond)
	h, err := evidence.SealHeartbeat(evidence.HeartbeatHeader{
		Identity: evidence.Identity{Agent: ams.id, Location: ams.at, Customer: "acme"}, Boot: "boot", At: now, Clock: evidence.Clock{Known: true, Bound: time.Millisecond, Source: "collector"},
	}, nil, ams.signer)
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.JoinNotes([][]byte{h.Raw})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		status, _, out := ams.post(t, c, wire.PathHeartbeats, "", body)
		var a wire.HeartbeatAnswer
		if err := json.Unmarshal(out, &a); status != http.StatusOK || err != nil || len(a.Results) != 1 || a.Results[0].Status != wire.StatusStored {
			t.Fatalf("heartbeat during a backlog = %d %s, want 200", status, out)
		}
	}
}
