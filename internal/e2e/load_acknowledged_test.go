// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// scrape returns what an agent says of itself. Counters with labels are summed.
func (w *loadWorld) scrape(id vouch.AgentID) map[string]int64 {
	w.t.Helper()
	resp, err := http.Get("http://" + w.metrics[id] + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]int64{}
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 1<<20)); lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "vouch_agent_"), " ")
		name, _, _ = strings.Cut(name, "{")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] += int64(v)
		}
	}
	return out
}

// acknowledged waits until an agent has noticed that the collector is gone, which is
// to say that no answer is on its way any more, and returns how many notes it holds
// as acknowledged.
func (w *loadWorld) acknowledged(id vouch.AgentID) int64 {
	w.t.Helper()
	if w.collector.running() {
		w.t.Fatal("acknowledgements are counted while the collector runs")
	}
	before := w.scrape(id)["upload_errors_total"]
	w.wait(string(id)+" notices that the collector is gone", func() bool { return w.scrape(id)["upload_errors_total"] > before })
	return w.scrape(id)["notes_uploaded_total"]
}

// crashWithin kills the collector at a random moment of a span, and checks that what
// it acknowledged is in the ledgers.
func (w *loadWorld) crashWithin(span time.Duration) {
	w.t.Helper()
	moment := rand.N(span)
	time.Sleep(moment) // the moment is what is random, nothing waits for it
	w.collector.kill(w.t)
	stored, acked := w.checkAcknowledged()
	w.t.Logf("killed after %v: acknowledged %v, in the ledgers %v", moment.Round(time.Millisecond), acked, stored)
}

// checkAcknowledged stands where the collector has ended: whatever agents hold as
// acknowledged is in the ledgers, in unbroken chains. It returns how many notes of
// each agent the ledgers have.
func (w *loadWorld) checkAcknowledged() (stored, acked map[vouch.AgentID]int64) {
	w.t.Helper()
	stored, acked = map[vouch.AgentID]int64{}, map[vouch.AgentID]int64{}
	for id := range w.agents {
		acked[id] = w.acknowledged(id)
	}
	leaves := w.readLedgers(w.verifiers())
	checkChains(w.t, leaves)
	for _, l := range leaves {
		stored[l.Agent]++
	}
	for id := range w.agents {
		if stored[id] < acked[id] {
			w.t.Errorf("%s holds %d notes as acknowledged, the ledgers have %d", id, acked[id], stored[id])
		}
	}
	return stored, acked
}

// checkChains reports what would betray a loss: a chain that is not numbered from 1
// without a hole in its first epoch, a gap, or a batch that was rejected.
func checkChains(t *testing.T, leaves []leaf) {
	t.Helper()
	heads := map[store.ChainKey]store.Entry{}
	for _, l := range leaves {
		k := store.ChainKey{Customer: l.Customer, Key: l.Key, Stream: l.Stream}
		was, known := heads[k]
		switch {
		case l.Kind != store.KindBatch:
			t.Errorf("%s of %s for %s, %s %d to %d: %q; want batches alone", l.Kind, l.Agent, l.Customer, l.Stream, l.First, l.Seq, l.Reason)
		case l.Seq != was.Seq+1 || known && (l.Epoch != was.Epoch || l.Prev != was.Last || l.From != was.Through):
			t.Errorf("batch %d of %s for %s, %s follows %d, want one unbroken chain", l.Seq, l.Agent, l.Customer, l.Stream, was.Seq)
		}
		heads[k] = l.Entry
	}
}
