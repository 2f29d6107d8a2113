// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
)

func TestPayload(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 30, 0, time.FixedZone("CET", 3600))
	open := incident.Incident{
		ID: "INC-2026-0007", Customer: "acme", Site: "hq", Status: incident.Open, OpenedAt: at, Contract: 2,
		Parts: []incident.Part{
			{Device: "router-1", From: 1793530800, Counted: 25, Witnesses: []vouch.LocationID{"ams", "bru"}, Pending: true},
			{Device: "phone-1", From: 1793530810, Counted: 15, Witnesses: []vouch.LocationID{"bru"}, Single: true},
		},
	}
	closed := open
	closed.Status = incident.Closed
	closed.Parts = []incident.Part{{Device: "router-1", From: 1793530800, To: 1793530900, Counted: 100, Witnesses: []vouch.LocationID{"ams", "bru"}}}
	withdrawn := open
	withdrawn.Status = incident.Withdrawn
	withdrawn.Parts = []incident.Part{{Device: "router-1", From: 1793530800, Gone: true}}
	tests := []struct {
		event incident.Event
		want  string
	}{
		{incident.Event{Kind: incident.Opened, At: at, Incident: open},
			`{"id":"acme/INC-2026-0007/1","intent":"acme/INC-2026-0007/1/noc","customer":"acme","incident":"INC-2026-0007","transition":"opened","event":"opened","at":"2026-11-01T11:00:30Z","site":"hq","devices":["router-1","phone-1"],"from":"2026-11-01T11:00:00Z","opened_at":"2026-11-01T11:00:30Z","counted_down_s":25,"witnesses":["ams","bru"],"rests_on_one_witness":true,"evidence_pending":true,"found_late":false,"contract_version":2,"url":"https://vouch.example.net/incidents/acme/INC-2026-0007"}`},
		{incident.Event{Kind: incident.Moved, At: at, Incident: closed},
			`{"id":"acme/INC-2026-0007/1","intent":"acme/INC-2026-0007/1/noc","customer":"acme","incident":"INC-2026-0007","transition":"updated","event":"edges moved by late data","at":"2026-11-01T11:00:30Z","site":"hq","devices":["router-1"],"from":"2026-11-01T11:00:00Z","to":"2026-11-01T11:01:40Z","opened_at":"2026-11-01T11:00:30Z","counted_down_s":100,"witnesses":["ams","bru"],"rests_on_one_witness":false,"evidence_pending":false,"found_late":false,"contract_version":2,"url":"https://vouch.example.net/incidents/acme/INC-2026-0007"}`},
		{incident.Event{Kind: incident.Withdrew, At: at, Incident: withdrawn},
			`{"id":"acme/INC-2026-0007/1","intent":"acme/INC-2026-0007/1/noc","customer":"acme","incident":"INC-2026-0007","transition":"withdrawn","event":"withdrawn by late data","at":"2026-11-01T11:00:30Z","site":"hq","devices":[],"from":"2026-11-01T11:00:00Z","opened_at":"2026-11-01T11:00:30Z","counted_down_s":0,"witnesses":[],"rests_on_one_witness":false,"evidence_pending":false,"found_late":false,"contract_version":2,"url":"https://vouch.example.net/incidents/acme/INC-2026-0007"}`},
	}
	for _, tt := range tests {
		e := notify.NewEvent("acme/INC-2026-0007/1", tt.event, "https://vouch.example.net/incidents/acme/INC-2026-0007")
		i, err := e.ForChannel("noc", at)
		if err != nil {
			t.Fatal(err)
		}
		if string(i.Payload) != tt.want {
			t.Errorf("%s: payload\n%s\nwant\n%s", tt.event.Kind, i.Payload, tt.want)
		}
		if i.Key != "acme/INC-2026-0007/1/noc" || i.Customer != "acme" || i.Channel != "noc" || !i.Created.Equal(at) {
			t.Errorf("%s: intent %+v, want key, customer, channel and time", tt.event.Kind, i)
		}
	}
}

func TestTransitions(t *testing.T) {
	tests := map[incident.EventKind]notify.Transition{
		incident.Opened: notify.Opened, incident.Reopened: notify.Opened, incident.ClosedEv: notify.Closed, incident.Withdrew: notify.Withdrawn,
		incident.Grew: notify.Updated, incident.Recovered: notify.Updated, incident.Confirmed: notify.Updated, incident.Moved: notify.Updated,
	}
	for kind, want := range tests {
		e := incident.Event{Kind: kind, Incident: incident.Incident{Parts: []incident.Part{{Device: "d"}}}}
		if got := notify.NewEvent("id", e, "").Transition; got != want {
			t.Errorf("transition of %q = %s, want %s", kind, got, want)
		}
	}
}
