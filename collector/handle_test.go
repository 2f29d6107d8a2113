// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// promising has the contract promise a reaction of two hours and a resolution of a day,
// around the clock, and rate a router that is down as P1.
func promising(c *centre) {
	always := contract.Hours{Windows: []contract.Window{{Days: contract.AllWeek, To: 1440}}, OnHolidays: true}
	s := &c.terms.Support
	s.Level, s.Levels = "gold", []contract.Level{{Name: "gold", Clocks: always, Reporting: always, Targets: []contract.ResponseTarget{{
		Priority: contract.P1, Reaction: contract.TimeLimit{N: 2, Unit: contract.HoursUnit}, Resolution: contract.TimeLimit{N: 1, Unit: contract.Days},
	}}}}
	s.Matrix = []contract.Rating{{Impact: "all", Urgency: "blocking", Priority: contract.P1}, {Impact: "some", Urgency: "blocking", Priority: contract.P2}}
	s.Detected = []contract.Detection{{Class: vouch.ClassRouter, Impact: "all", Urgency: "blocking"}}
	s.Relapse = contract.TimeLimit{N: 1, Unit: contract.HoursUnit}
}

// act says something of an incident.
func (c *centre) act(id incident.ID, kind incident.EventKind, a incident.Act) (d admin.IncidentDetail, err error) {
	err = c.client().Post(c.t.Context(), admin.PathIncident, admin.NewAct{Customer: "acme", ID: id, Kind: kind, Act: a}, &d)
	return d, err
}

func (c *centre) incident(id incident.ID) (d admin.IncidentDetail) {
	c.t.Helper()
	if err := c.client().Get(c.t.Context(), admin.PathIncident, url.Values{"id": {string(id)}, "customer": {"acme"}}, &d); err != nil {
		c.t.Fatal(err)
	}
	return d
}

func kindsOf(d admin.IncidentDetail) (kinds []incident.EventKind) {
	for _, e := range d.Events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// A report by telephone three hours ago is late at once; it is handled to its end, each
// step a record, each transition a message; a restart changes nothing, and both
// verifiers read a bundle of it.
func TestIncidentByTelephone(t *testing.T) {
	var mu sync.Mutex
	var got []incident.EventKind
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e notify.Event
		if err := json.Unmarshal(body, &e); err != nil {
			t.Errorf("message is not JSON: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Event)
	}))
	defer hook.Close()
	c := newCentreOf(t, promising, notify.Channel{Name: "noc", URL: hook.URL, Secret: "not a secret", AllowPrivate: true})

	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", nil)
	var d admin.IncidentDetail
	in := admin.NewIncident{Device: "fw1", Customer: "acme", At: ago(3 * time.Hour), Act: incident.Act{
		Role: "reception", Channel: "telephone", Contact: true, Impact: "all", Urgency: "blocking", Reason: "nobody can call out"}}
	if err := c.client().Post(t.Context(), admin.PathIncidents, in, &d); err != nil {
		t.Fatal(err)
	}
	id := d.ID
	if d.Priority != contract.P1 || d.Status != incident.Open || len(d.Devices) != 1 || len(d.Clocks) != 2 {
		t.Fatalf("opened = %+v, want P1 about fw1 with both clocks running", d)
	}
	c.wait("the overrun of the reaction is recorded", func() bool { return slices.Contains(kindsOf(c.incident(id)), incident.OverranOnce) })
	again := in
	again.At = time.Time{}
	if err := c.client().Post(t.Context(), admin.PathIncidents, again, &d); err != nil || d.ID != id {
		t.Fatalf("a second report of the same device: %v in %s, want it in %s", err, d.ID, id)
	}
	for _, s := range []struct {
		kind incident.EventKind
		act  incident.Act
		want string // of the refusal; empty for none
	}{
		{incident.PickedUp, incident.Act{}, ""},
		{incident.Suspended, incident.Act{Cause: "holidays", Ref: "T-1", Check: time.Now().Add(time.Hour)}, "the contract suspends no clock for"},
		{incident.Told, incident.Act{Channel: "telephone", Role: "reception"}, ""},
		{incident.Told, incident.Act{Channel: "telephone"}, "was told at"},
		{incident.Suspended, incident.Act{Cause: "supplier", Ref: "T-1", Check: time.Now().Add(time.Hour)}, ""},
		{incident.Resumed, incident.Act{}, ""},
		{incident.Settled, incident.Act{Cause: "cable", To: incident.PartyProvider}, "it is open"},
		{incident.OverranMore, incident.Act{}, "no step of a person"},
		{incident.Noted, incident.Act{Reason: "a line\nand another"}, "on one line"},
		{incident.Restored, incident.Act{Reason: "cable replaced"}, ""},
		{incident.Settled, incident.Act{Cause: "power at the site", To: incident.PartyPower}, "needs evidence"},
		{incident.Settled, incident.Act{Cause: "power at the site", To: incident.PartyPower, Evidence: []string{"report of the grid operator"}}, ""},
	} {
		var err error
		d, err = c.act(id, s.kind, s.act)
		var refused *admin.Refused
		switch {
		case s.want == "" && err != nil:
			t.Fatalf("%s: %v", s.kind, err)
		case s.want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Message, s.want)):
			t.Errorf("%s: %v, want a refusal with %q", s.kind, err, s.want)
		}
	}
	want := []incident.EventKind{incident.Opened, incident.OverranOnce, incident.Reported, incident.PickedUp, incident.Told, incident.Suspended, incident.Resumed, incident.Restored, incident.Settled}
	if k := kindsOf(d); !slices.Equal(k, want) || d.Status != incident.Closed {
		t.Errorf("events = %q, %s, want %q, closed", k, d.Status, want)
	}
	c.wait("all of it was told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= len(want)
	})
	before := c.leaves("acme")
	c.halt()
	c.start()
	if after := c.incident(id); !slices.Equal(kindsOf(after), want) || after.Stage != incident.StageClosed || c.leaves("acme") != before {
		t.Errorf("after a restart: %q, %s, %d leaves, want the same and %d", kindsOf(after), after.Stage, c.leaves("acme"), before)
	}
	if _, err := c.issue("acme", from, from.Add(80*time.Second), ""); err != nil {
		t.Fatal(err)
	}
	b := c.bundle("acme", from, from.Add(80*time.Second), nil)
	key, _, _ := strings.Cut(string(file(t, b, bundle.FileKeys)), "\n")
	sound(t, verify(t, b, bundle.Options{Keys: []string{key}}))
	if said, ok := pythontest.Verify(t, b, key, c.agents["AMS-1"].vkey); !ok || !strings.Contains(said, "rt1: agreed_s 80, excluded_s 0, up_s 80") {
		t.Errorf("verify.py says %s", said)
	}
}

// An outage that the measurements opened is rated by its router, taken in hand, ends by
// the measurements, and is reopened when the router is down again within the hour.
func TestIncidentInHand(t *testing.T) {
	c := newCentreOf(t, promising)
	from := ago(3 * time.Minute)
	c.play(from, 40, "acme", map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}, "BRU-1": {{10, 40}}})
	c.wait("it is open", func() bool { l := c.incidents("acme"); return len(l) == 1 && l[0].Status == incident.Open })
	i := c.incidents("acme")[0]
	if i.Priority != contract.P1 || i.Clock == nil || i.Clock.Kind != contract.ClockReaction {
		t.Errorf("incident = %+v, want P1 with its reaction running", i)
	}
	if _, err := c.act(i.ID, incident.PickedUp, incident.Act{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.act(i.ID, incident.Restored, incident.Act{}); err == nil || !strings.Contains(err.Error(), "still find rt1 down") {
		t.Errorf("resolved by a person while it is down: %v", err)
	}
	c.play(from.Add(40*time.Second), 40, "acme", nil)
	c.wait("it is operational", func() bool { return c.incident(i.ID).Status == incident.Operational })
	c.play(from.Add(80*time.Second), 40, "acme", map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}, "BRU-1": {{10, 40}}})
	c.wait("it is reopened", func() bool {
		d := c.incident(i.ID)
		return d.Status == incident.Open && slices.Contains(kindsOf(d), incident.Relapsed)
	})
	if n := len(c.incidents("acme")); n != 1 {
		t.Errorf("incidents = %d, want one", n)
	}
}
