// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/internal/influxtest"
)

// TestInflux is about completeness: every sample that the agents made, no more and no
// less, is in the ledger and in a real InfluxDB server, after the server was down,
// after the collector was killed, and after both at once.
func TestInflux(t *testing.T) {
	whole(t)
	server := influxtest.Start(t)
	w := newLoadWorld(t, fmt.Sprintf("influxdb: {url: %q, org: %s, bucket: %q, token: \"file:secret-token\"}", server.URL(), influxtest.Org, influxtest.Bucket))
	w.write("secret-token", influxtest.Token+"\n", nil)
	w.start()
	w.caughtUp()

	away := 5 * time.Second
	if soaking() {
		away = time.Minute
	}
	server.Stop(t)
	w.lagging(away)
	server.Restart(t)
	w.caughtUp()

	w.crash()
	w.collect("")
	w.caughtUp()

	server.Kill(t)
	w.lagging(0)
	w.crash()
	w.collect("")
	w.lagging(away)
	w.crash()
	server.Restart(t)
	w.collect("")
	w.caughtUp()

	made := w.finish()
	leaves := w.readLedgers(w.verifiers())
	checkChains(t, leaves)
	w.checkMade(made, leaves)
	compare(t, points(t, leaves), stored(t, server))
}

// sink returns the state of the one store.
func (w *loadWorld) sink() admin.Sink {
	w.t.Helper()
	sinks := w.status().Sinks
	if len(sinks) != 1 {
		w.t.Fatalf("sinks = %+v, want one", sinks)
	}
	return sinks[0]
}

// caughtUp waits until the store has everything.
func (w *loadWorld) caughtUp() {
	w.t.Helper()
	w.wait("the store has caught up", func() bool {
		s := w.sink()
		w.sinkName = s.Name
		return s.LagLeaves == 0 && s.Error == "" && s.Written > 0
	})
}

// lagging waits until the collector says that the store is away, and, for at least as
// long as is given, that it takes batches in all the same.
func (w *loadWorld) lagging(least time.Duration) {
	w.t.Helper()
	began, leaves := time.Now(), w.leaves()
	w.wait("the store is away, and batches come in", func() bool {
		s := w.sink()
		return s.Error != "" && s.LagLeaves > 0 && w.leaves() > leaves && time.Since(began) >= least
	})
}

// leaves returns the size of all ledgers together.
func (w *loadWorld) leaves() (n int64) {
	w.t.Helper()
	for _, l := range w.status().Ledgers {
		n += l.Size
	}
	return n
}

// crash kills the collector at a random moment of its work.
func (w *loadWorld) crash() {
	w.t.Helper()
	w.crashWithin(2 * time.Second)
}

// finish ends in good order what runs, and returns what each agent says it made. The
// leases end first, so that nothing is being measured when the agents are asked.
func (w *loadWorld) finish() map[vouch.AgentID]map[string]int64 {
	w.t.Helper()
	w.collector.stop(w.t)
	stored, acked := w.checkAcknowledged()
	for id := range w.agents {
		if stored[id] != acked[id] {
			w.t.Errorf("%s: the collector ended in good order, and %d notes are acknowledged, %d in the ledgers; want as many", id, acked[id], stored[id])
		}
	}
	w.leaseUntil(time.Now().Add(3 * time.Second))
	w.collect("")
	made := map[vouch.AgentID]map[string]int64{}
	for id, p := range w.agents {
		w.wait(string(id)+" measures nothing any more and has delivered everything", func() bool {
			was := made[id]
			made[id] = w.scrape(id)
			m := made[id]
			return m["concurrency_needed"] == 0 && m["pending_bytes"] == 0 && m["queue_bytes"] == 0 && was["checks_total"] == m["checks_total"]
		})
		p.stop(w.t)
	}
	// The status tells of the lag with a delay; the cursors on disk are what counts.
	for {
		w.caughtUp()
		w.collector.stop(w.t)
		if w.behind() == 0 {
			return made
		}
		w.collect("")
	}
}

// behind returns how many leaves the store has not got, while the collector is stopped.
func (w *loadWorld) behind() (leaves int64) {
	w.t.Helper()
	ctx := context.Background()
	s := w.openStore()
	defer s.Close()
	customers, err := s.Customers(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range customers {
		head, err := s.Head(ctx, c)
		if err != nil {
			w.t.Fatal(err)
		}
		next, err := s.Next(ctx, w.sinkName, c)
		if err != nil {
			w.t.Fatal(err)
		}
		leaves += head.Size - next
	}
	return leaves
}

// checkMade compares what each agent says it made with what the ledgers have of it.
func (w *loadWorld) checkMade(made map[vouch.AgentID]map[string]int64, leaves []leaf) {
	w.t.Helper()
	samples, batches := map[vouch.AgentID]int64{}, map[vouch.AgentID]int64{}
	for _, l := range leaves {
		samples[l.Agent] += int64(len(l.samples(w.t)))
		batches[l.Agent]++
	}
	for id, m := range made {
		w.t.Logf("%s made %d samples in %d batches; the ledgers have %d in %d", id, m["checks_total"], m["batches_sealed_total"], samples[id], batches[id])
		if samples[id] != m["checks_total"] || samples[id] == 0 {
			w.t.Errorf("%s made %d samples, the ledgers have %d", id, m["checks_total"], samples[id])
		}
		for _, name := range []string{"unencodable_total", "dropped_samples_total", "notes_rejected_total", "notes_refused_total"} {
			if m[name] != 0 {
				w.t.Errorf("%s: %s = %d, want 0", id, name, m[name])
			}
		}
		// What an agent seals while it stops is in the ledgers and not in its last answer.
		if batches[id] < m["notes_uploaded_total"] {
			w.t.Errorf("%s: %d notes are acknowledged, %d in the ledgers", id, m["notes_uploaded_total"], batches[id])
		}
	}
}
