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

// site is what one site looks like, look by look; each look is a minute after the last.
type site struct {
	look  incident.Look
	known []incident.Incident
	now   time.Time
	reach contract.Second
	since contract.Second
}

func newSite() *site {
	s := &site{now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), reach: all}
	s.look = incident.Look{
		Customer: "acme", Site: "hq", Confirm: 60, Contract: 1, Routers: []vouch.DeviceID{"rt1"},
		Since: func(vouch.DeviceID) contract.Second { return s.since },
		Reach: func(vouch.DeviceID) contract.Second { return s.reach },
	}
	return s
}

// sees makes a look and returns what happened, in words.
func (s *site) sees(breaches ...incident.Breach) string {
	s.now = s.now.Add(time.Minute)
	s.look.Now, s.look.Next = s.now, incident.Next(s.known, 2026)
	changed, events := incident.Reconcile(s.look, s.known, breaches)
	for _, c := range changed {
		if i := slices.IndexFunc(s.known, func(k incident.Incident) bool { return k.ID == c.ID }); i >= 0 {
			s.known[i] = c
		} else {
			s.known = append(s.known, c)
		}
	}
	var out []string
	for _, e := range events {
		out = append(out, string(e.Incident.ID[len(e.Incident.ID)-1:])+" "+string(e.Kind))
	}
	return strings.Join(out, ", ")
}

func (s *site) expect(t *testing.T, when, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q; incidents are %v", when, got, want, s.known)
	}
}

func TestBehindTheRouter(t *testing.T) {
	s := newSite()
	s.expect(t, "the router falls", s.sees(breach("rt1", 1000, 0)), "1 opened")
	s.expect(t, "what is behind it falls ten minutes later", s.sees(breach("rt1", 1000, 0), breach("vg1", 1600, 0)), "1 device added")
	s.expect(t, "the router is back, the other not", s.sees(breach("rt1", 1000, 2000), breach("vg1", 1600, 0)), "1 device recovered")
	s.expect(t, "another falls, with the router up", s.sees(breach("rt1", 1000, 2000), breach("vg1", 1600, 0), breach("sw1", 2100, 0)), "2 opened")

	s = newSite()
	s.look.Routers = []vouch.DeviceID{"rt1", "rt2"}
	s.expect(t, "one of two routers falls", s.sees(breach("rt1", 1000, 0)), "1 opened")
	s.expect(t, "a device falls later, one router still up", s.sees(breach("rt1", 1000, 0), breach("vg1", 1600, 0)), "2 opened")
}

func TestFlappingIsOneIncident(t *testing.T) {
	s := newSite()
	s.look.Relapse = func(end contract.Second) contract.Second { return end + 3600 }
	end := contract.Floor(s.now)
	s.expect(t, "down and up", s.sees(breach("rt1", end-100, end)), "1 opened, 1 closed")
	s.since = end
	for n := range 20 { // every two minutes
		from := end + contract.Second(120*n) + 60
		s.since = from
		s.expect(t, "down again", s.sees(breach("rt1", from, 0)), "1 reopened on relapse")
		s.expect(t, "up again", s.sees(breach("rt1", from, from+60)), "1 closed")
	}
	if len(s.known) != 1 || len(s.known[0].Parts) != 21 {
		t.Errorf("incidents = %d of %d parts, want one of 21", len(s.known), len(s.known[0].Parts))
	}
	last, _ := s.known[0].To()
	s.since = last
	s.expect(t, "another device", s.sees(breach("sw1", last+100, 0)), "2 opened")
	s.now = last.Time().Add(2 * time.Hour)
	s.expect(t, "the same, after the time agreed", s.sees(breach("sw1", last+100, 0), breach("rt1", last+3601, 0)), "3 opened")
}

func TestTakenInHandBecomesOperational(t *testing.T) {
	s := newSite()
	s.look.Relapse = func(end contract.Second) contract.Second { return end + 3600 }
	from := contract.Floor(s.now)
	s.sees(breach("rt1", from, 0))
	e, err := incident.Case{Incident: s.known[0]}.Do(incident.PickedUp, incident.Act{}, "uid:1", s.now, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.known[0] = e.Incident
	if _, err := (incident.Case{Incident: s.known[0]}).Do(incident.Restored, incident.Act{}, "uid:1", s.now, s.now); err == nil || !strings.Contains(err.Error(), "still find rt1 down") {
		t.Errorf("operational by a person while the measurements find it down: %v, want a refusal", err)
	}
	s.expect(t, "it is back", s.sees(breach("rt1", from, from+90)), "1 operational")
	if s.known[0].Status != incident.Operational {
		t.Errorf("status = %s, want operational", s.known[0].Status)
	}
	s.since = from + 90
	s.expect(t, "it is down again", s.sees(breach("rt1", from+100, 0)), "1 reopened on relapse")
}

func TestReportTakesTheOutageIn(t *testing.T) {
	s := newSite()
	r := incident.Report{Customer: "acme", Site: "hq", Devices: []vouch.DeviceID{"vg1"}, At: s.now, Next: 1, Versions: willux(t, 4),
		Act: incident.Act{Role: "reception", Channel: "telephone", Contact: true, Reason: "no dial tone", Impact: "all staff", Urgency: "blocking"}}
	e, err := r.Open(s.now)
	if err != nil {
		t.Fatal(err)
	}
	if e.Incident.Priority != contract.P1 {
		t.Errorf("priority = %s, want P1", e.Incident.Priority)
	}
	s.known = append(s.known, e.Incident)
	s.expect(t, "nothing is measured: a person's word holds it open", s.sees(), "")
	from := contract.Floor(s.now)
	s.expect(t, "another device falls", s.sees(breach("sw1", from+10, from+90)), "2 opened, 2 closed")
	s.since = from + 90
	s.expect(t, "the device falls", s.sees(breach("vg1", from+200, 0)), "1 device added")
	s.expect(t, "it is back, by the measurements", s.sees(breach("vg1", from+200, from+300)), "1 operational")
}

func TestRatedByItsDevices(t *testing.T) {
	terms := willux(t, 4)[0].Terms
	s := newSite()
	class := map[vouch.DeviceID]vouch.Class{"rt1": vouch.ClassRouter}
	s.look.Rate = func(d vouch.DeviceID) incident.Act {
		x, p, _ := terms.Support.Detect(class[d])
		return incident.Act{Impact: x.Impact, Urgency: x.Urgency, Priority: p}
	}
	s.sees(breach("vg1", 100, 0), breach("rt1", 110, 0))
	s.sees(breach("vg1", 100, 0), breach("rt1", 110, 0), breach("sw1", 500, 0), breach("sw2", 900, 0))
	if s.known[0].Priority != contract.P1 {
		t.Errorf("priority with the router down = %s, want P1", s.known[0].Priority)
	}
}

// TestStorm has 10,000 devices of a site fall within a minute and come back: one
// incident, of few records.
func TestStorm(t *testing.T) {
	s := newSite()
	s.look.Confirm = 120
	records := 0
	for look := 1; look <= 20; look++ {
		var down []incident.Breach
		for n := range 10_000 {
			if n%10 >= look {
				continue // a tenth falls at each of the first looks
			}
			b := breach(vouch.DeviceID(fmt.Sprintf("d%05d", n)), contract.Second(1000+n%60), 0)
			if look > 10 && n%10 < look-10 {
				b.Open, b.To = false, 2000
			}
			down = append(down, b)
		}
		s.now = s.now.Add(-55 * time.Second) // a look every five seconds
		if s.sees(down...) != "" {
			records++
		}
	}
	if len(s.known) != 1 || s.known[0].Status != incident.Closed || len(s.known[0].Devices()) != 10_000 {
		t.Fatalf("incidents = %d, the first %s of %d devices, want one, closed, of 10000", len(s.known), s.known[0].Status, len(s.known[0].Devices()))
	}
	if records > 4 {
		t.Errorf("looks that recorded something = %d, want at most 4: the opening, one a minute, the end", records)
	}
}

func BenchmarkStorm(b *testing.B) {
	var down []incident.Breach
	for n := range 10_000 {
		down = append(down, breach(vouch.DeviceID(fmt.Sprintf("d%05d", n)), contract.Second(1000+n%60), 0))
	}
	incidents := 0
	for b.Loop() {
		s := newSite()
		s.sees(down...)
		s.sees(down...)
		incidents = len(s.known)
	}
	b.ReportMetric(float64(incidents), "incidents")
}
