// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// tell prints an incident in a line: what a reader would compare.
func tell(i incident.Incident) string {
	var parts []string
	for _, p := range i.Parts {
		s := fmt.Sprintf("%s %d-%d", p.Device, p.From, p.To)
		if p.Gone {
			s += " gone"
		}
		parts = append(parts, s)
	}
	return fmt.Sprintf("%s %s [%s]", i.ID, i.Status, strings.Join(parts, ", "))
}

func breach(d vouch.DeviceID, from, to contract.Second) incident.Breach {
	return incident.Breach{Device: d, From: from, To: to, Open: to == 0, Counted: 60, Witnesses: []vouch.LocationID{"AMS", "BRU"}}
}

// step is one look at the site, with what is expected to have happened.
type step struct {
	since    contract.Second
	reach    contract.Second // how far the measurements have come in
	breaches []incident.Breach
	events   []incident.EventKind
	stand    []string // every incident after the look
}

// opened is when the first look of each test is made; all is after everything.
var opened = contract.Floor(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))

const all contract.Second = 1 << 40

func TestReconcile(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
	}{
		{"nothing is down", []step{{}}},
		{"down, then up again", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Opened}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{breaches: []incident.Breach{breach("rt1", 100, 160)}, events: []incident.EventKind{incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-160]"}},
			{since: 500, stand: []string{"INC-2026-0001 closed [rt1 100-160]"}},
		}},
		{"two devices of a site within confirm are one incident, a later one is another", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Opened}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{breaches: []incident.Breach{breach("fw1", 120, 0), breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Grew},
				stand: []string{"INC-2026-0001 open [rt1 100-0, fw1 120-0]"}},
			{breaches: []incident.Breach{breach("fw1", 120, 0), breach("rt1", 100, 190), breach("vg1", 400, 0)},
				events: []incident.EventKind{incident.Recovered, incident.Opened},
				stand:  []string{"INC-2026-0001 open [rt1 100-190, fw1 120-0]", "INC-2026-0002 open [vg1 400-0]"}},
		}},
		{"late data takes the ground away", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Opened}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{reach: all, events: []incident.EventKind{incident.Withdrew}, stand: []string{"INC-2026-0001 withdrawn [rt1 100-0 gone]"}},
			{stand: []string{"INC-2026-0001 withdrawn [rt1 100-0 gone]"}},
		}},
		{"what has not come in disproves nothing", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Opened}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{reach: opened - 1, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
			{breaches: []incident.Breach{breach("rt1", 100, 200)}, events: []incident.EventKind{incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-200]"}},
			{reach: 199, stand: []string{"INC-2026-0001 closed [rt1 100-200]"}},
			{reach: 200, events: []incident.EventKind{incident.Withdrew}, stand: []string{"INC-2026-0001 withdrawn [rt1 100-200 gone]"}},
		}},
		{"late data moves an edge of a closed one", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 200)}, events: []incident.EventKind{incident.Opened, incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-200]"}},
			{breaches: []incident.Breach{breach("rt1", 90, 200)}, events: []incident.EventKind{incident.Moved}, stand: []string{"INC-2026-0001 closed [rt1 90-200]"}},
		}},
		{"late data opens a closed one again", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 200)}, events: []incident.EventKind{incident.Opened, incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-200]"}},
			{breaches: []incident.Breach{breach("rt1", 100, 0)}, events: []incident.EventKind{incident.Reopened}, stand: []string{"INC-2026-0001 open [rt1 100-0]"}},
		}},
		{"late data cuts one in two: both stay under the number", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 900)}, events: []incident.EventKind{incident.Opened, incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-900]"}},
			{breaches: []incident.Breach{breach("rt1", 100, 300), breach("rt1", 600, 900)}, events: []incident.EventKind{incident.Moved},
				stand: []string{"INC-2026-0001 closed [rt1 100-300, rt1 600-900]"}},
		}},
		{"what ended before the look stays as it was", []step{
			{breaches: []incident.Breach{breach("rt1", 100, 200)}, events: []incident.EventKind{incident.Opened, incident.ClosedEv}, stand: []string{"INC-2026-0001 closed [rt1 100-200]"}},
			{since: 200, breaches: []incident.Breach{breach("rt1", 1000, 0)}, events: []incident.EventKind{incident.Opened},
				stand: []string{"INC-2026-0001 closed [rt1 100-200]", "INC-2026-0002 open [rt1 1000-0]"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var known []incident.Incident
			for n, s := range tt.steps {
				look := incident.Look{
					Customer: "acme", Site: "hq", Now: time.Date(2026, 11, 20, 9, 0, n, 0, time.UTC), Confirm: 60, Contract: 1, Next: len(known) + 1,
					Since: func(vouch.DeviceID) contract.Second { return s.since },
					Reach: func(vouch.DeviceID) contract.Second { return s.reach },
				}
				changed, events := incident.Reconcile(look, known, s.breaches)
				var kinds []incident.EventKind
				for _, e := range events {
					kinds = append(kinds, e.Kind)
				}
				if !slices.Equal(kinds, s.events) {
					t.Errorf("look %d: events = %q, want %q", n+1, kinds, s.events)
				}
				for _, c := range changed {
					i := slices.IndexFunc(known, func(k incident.Incident) bool { return k.ID == c.ID })
					if i < 0 {
						known = append(known, c)
						continue
					}
					known[i] = c
				}
				var stand []string
				for _, k := range known {
					stand = append(stand, tell(k))
				}
				if !slices.Equal(stand, s.stand) {
					t.Errorf("look %d: incidents = %q, want %q", n+1, stand, s.stand)
				}
			}
		})
	}
}

func TestReconcileLeavesOthersAlone(t *testing.T) {
	other := incident.Incident{ID: "INC-2026-0001", Customer: "acme", Site: "branch", Status: incident.Open, Parts: []incident.Part{{Device: "rt1", From: 100}}}
	look := incident.Look{Customer: "acme", Site: "hq", Now: time.Unix(1000, 0), Confirm: 60, Next: 2, Since: func(vouch.DeviceID) contract.Second { return 0 }, Reach: func(vouch.DeviceID) contract.Second { return all }}
	changed, events := incident.Reconcile(look, []incident.Incident{other}, nil)
	if len(changed) != 0 || len(events) != 0 {
		t.Errorf("Reconcile changed an incident of another site: %v, %v", changed, events)
	}
}

func TestIncidentPending(t *testing.T) {
	look := incident.Look{Customer: "acme", Site: "hq", Now: time.Unix(1000, 0), Confirm: 60, Next: 1, Since: func(vouch.DeviceID) contract.Second { return 0 }, Reach: func(vouch.DeviceID) contract.Second { return all }}
	b := breach("rt1", 100, 0)
	b.Pending = true
	opened, _ := incident.Reconcile(look, nil, []incident.Breach{b})
	if !opened[0].Pending() {
		t.Fatal("an incident opened on heartbeats does not say that evidence is pending")
	}
	b.Pending = false
	_, events := incident.Reconcile(look, opened, []incident.Breach{b})
	if len(events) != 1 || events[0].Kind != incident.Confirmed {
		t.Errorf("events when the batches came = %v, want %q", events, incident.Confirmed)
	}
}
