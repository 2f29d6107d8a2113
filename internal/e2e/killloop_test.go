// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/internal/lab"
)

const hookSecret = "e2e-webhook-secret"

// desk receives webhooks, as a customer's service desk does.
type desk struct {
	mu       sync.Mutex // guards what follows
	messages map[string]notify.Event
	repeats  int
	problems []error
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = notify.Verify(hookSecret, r.Header, body, time.Now())
	}
	var e notify.Event
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := r.Header.Get(notify.HeaderIntent)
	switch was, seen := d.messages[key]; {
	case err != nil:
		d.problems = append(d.problems, err)
		w.WriteHeader(http.StatusUnauthorized)
	case seen && was.ID != e.ID:
		d.problems = append(d.problems, fmt.Errorf("intent %s was of transition %s and is of %s", key, was.ID, e.ID))
	case seen:
		d.repeats++ // its answer was lost: allowed, and known by its key
	default:
		d.messages[key] = e
	}
}

// transitions counts the messages that are no repeats, by customer, incident and
// transition.
func (d *desk) transitions() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := map[string]int{}
	for _, e := range d.messages {
		n[fmt.Sprintf("%s %s %s", e.Customer, e.Incident, e.Transition)]++
	}
	return n
}

// TestKillLoop kills the collector again and again while a device comes and goes:
// nothing that was acknowledged is lost, the ledgers stay whole, incidents go on where
// they were, and nobody is told anything twice.
func TestKillLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: run without -short")
	}
	rounds := 3
	if soaking() {
		rounds = 50
	}
	d := &desk{messages: map[string]notify.Event{}}
	hook := httptest.NewServer(d)
	t.Cleanup(hook.Close)
	w := newLoadWorld(t, fmt.Sprintf("notify:\n  - {name: desk, url: %s/hook, secret: \"file:secret-hook\", allow_private: true}", hook.URL))
	w.write("secret-hook", hookSecret+"\n", nil)
	w.start()

	var outages []fault
	for n := range rounds {
		silent := n%2 == 0
		if silent {
			outages = append(outages, fault{what: fmt.Sprintf("outage %d", len(outages)+1), from: time.Now()})
		} else {
			outages[len(outages)-1].to = time.Now()
		}
		w.devices["rt1"].Set(lab.Behaviour{Silent: silent})
		// Longer than an incident takes to open, so that it is hit before, in and after.
		w.crashWithin(confirm + 2*time.Second)
		w.collect("")
		w.ledgerCheck()
		w.incidentsGoOn(len(outages), silent)
	}
	if last := &outages[len(outages)-1]; last.to.IsZero() {
		last.to = time.Now()
		w.devices["rt1"].Set(lab.Behaviour{})
		w.incidentsGoOn(len(outages), false)
	}
	w.checkOutages(outages)
	w.wait("the end of the last incident is told, and nothing waits to be", func() bool {
		last := w.ordered()[len(outages)-1]
		return d.transitions()[transition(last, notify.Closed)] > 0 && w.status().Messages.Pending == 0
	})
	w.checkMessages(d)
	for _, a := range w.agents {
		a.stop(t)
	}
	w.collector.stop(t)
	checkChains(t, w.readLedgers(w.verifiers()))
}

// ledgerCheck runs the command that an operator would.
func (w *loadWorld) ledgerCheck() {
	w.t.Helper()
	if out, err := run(w.dir, w.programs.vouch, "ledger", "check", "--data", w.path("data")); err != nil {
		w.t.Errorf("ledger check after a crash: %v\n%s", err, out)
	}
}

// incidentsGoOn waits until there is one incident for each outage so far, the last of
// them open or closed.
func (w *loadWorld) incidentsGoOn(outages int, open bool) {
	w.t.Helper()
	want := map[bool]incident.Status{true: incident.Open, false: incident.Closed}[open]
	w.wait(fmt.Sprintf("incident %d is %s, and batches bear it out", outages, want), func() bool {
		list := w.ordered()
		if len(list) > outages {
			w.t.Fatalf("%d incidents after %d outages: %+v", len(list), outages, list)
		}
		return len(list) == outages && list[outages-1].Status == want && !list[outages-1].Pending
	})
}

// ordered returns all incidents in the order of their beginnings.
func (w *loadWorld) ordered() []admin.Incident {
	w.t.Helper()
	list := w.incidents("")
	slices.SortFunc(list, func(a, b admin.Incident) int { return a.From.Compare(b.From) })
	return list
}

// checkOutages compares the incidents with what was played.
func (w *loadWorld) checkOutages(outages []fault) {
	w.t.Helper()
	for n, i := range w.ordered() {
		if i.Customer != acme || !slices.Equal(i.Devices, []vouch.DeviceID{"rt1"}) || i.To == nil {
			w.t.Errorf("incident %s of %s is of %v until %v, want rt1 of %s alone, and an end", i.ID, i.Customer, i.Devices, i.To, acme)
			continue
		}
		w.t.Logf("%s opened %.1f s after its first down instant, found late: %v", i.ID, i.OpenedAt.Sub(i.From).Seconds(), i.FoundLate)
		near(w.t, outages[n].what+" begins", i.From, outages[n].from, edge)
		near(w.t, outages[n].what+" ends", *i.To, outages[n].to, edge)
	}
}

// transition names what happened to an incident as [desk.transitions] does.
func transition(i admin.Incident, what notify.Transition) string {
	return fmt.Sprintf("%s %s %s", i.Customer, i.ID, what)
}

// checkMessages reports what the desk was not told, or was told twice.
func (w *loadWorld) checkMessages(d *desk) {
	w.t.Helper()
	told := d.transitions()
	for _, i := range w.incidents("") {
		for _, tr := range []notify.Transition{notify.Opened, notify.Closed} {
			k := transition(i, tr)
			if told[k] != 1 {
				w.t.Errorf("%d messages say %q, want 1", told[k], k)
			}
			delete(told, k)
		}
		delete(told, transition(i, notify.Updated)) // each of another change
	}
	if len(told) > 0 {
		w.t.Errorf("messages about nothing that the list has: %v", told)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w.t.Logf("%d messages, %d of them delivered again because their answer was lost", len(d.messages), d.repeats)
	for _, err := range d.problems {
		w.t.Error(err)
	}
	seen := map[string]string{}
	for key, e := range d.messages {
		if other, twice := seen[e.ID]; twice {
			w.t.Errorf("transition %s has the messages %s and %s, want one", e.ID, other, key)
		}
		seen[e.ID] = key
	}
}
