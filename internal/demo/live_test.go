// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/internal/demo"
)

// liveAt is a live view in which all is up but what is named: "DEVICE STATE" for a
// verdict, "LOCATION DEVICE STATE [REASON]" for what a location sees.
func liveAt(after time.Duration, not ...string) admin.Live {
	live := admin.Live{Now: began.Add(after), Locations: []vouch.Location{
		{ID: "ams", Custody: vouch.CustodyProvider}, {ID: "bru", Custody: vouch.CustodyProvider},
		{ID: "rtm", Custody: vouch.CustodyNeutral}, {ID: "hq", Custody: vouch.CustodyCustomer, Customer: "harbour"},
	}}
	classes := []vouch.Class{vouch.ClassRouter, vouch.ClassFirewall, vouch.ClassTelephony}
	for i, id := range demo.DeviceIDs() {
		d := admin.LiveDevice{Device: id, Site: demo.SiteOf(id), Class: classes[i%3], State: "up", Since: began.Add(-time.Minute), RTTMicros: 420}
		for _, l := range live.Locations {
			d.Seen = append(d.Seen, admin.LiveSeen{Location: l.ID, State: "up"})
		}
		live.Devices = append(live.Devices, d)
	}
	for _, n := range not {
		change(&live, strings.Fields(n))
	}
	return live
}

func change(live *admin.Live, words []string) {
	for i := range live.Devices {
		d := &live.Devices[i]
		if string(d.Device) == words[0] {
			d.State, d.Since = words[1], live.Now.Add(-3*time.Second)
			if words[1] == "down" {
				d.RTTMicros = 0
			}
		}
		for j := range d.Seen {
			if len(words) > 2 && string(d.Device) == words[1] && string(d.Seen[j].Location) == words[0] {
				d.Seen[j].State = words[2]
				d.Seen[j].Reason = strings.Join(words[3:], " ")
			}
		}
	}
}

// everywhere names what all locations see of a device.
func everywhere(device, state string) []string {
	var out []string
	for _, l := range []string{"ams", "bru", "rtm", "hq"} {
		out = append(out, l+" "+device+" "+state)
	}
	return out
}

// blind names what a location sees that has lost its uplink.
func blind(location string) []string {
	var out []string
	for _, id := range demo.DeviceIDs() {
		out = append(out, location+" "+string(id)+" unknown location")
	}
	return out
}

func TestObserver(t *testing.T) {
	const ms = time.Millisecond
	open := admin.Incident{ID: "INC-2026-0001", Devices: []vouch.DeviceID{"north-router"}, Status: incident.Open, From: began, OpenedAt: began.Add(2 * time.Second), Witnesses: []vouch.LocationID{"ams", "bru"}}
	closed := open
	to := began.Add(5 * time.Second)
	closed.Status, closed.To, closed.Counted = incident.Closed, &to, 5
	withdrawn := closed
	withdrawn.Status = incident.Withdrawn
	with := func(l admin.Live, i ...admin.Incident) admin.Live { l.Incidents = i; return l }
	down := append(everywhere("north-router", "down"), "north-router down")

	for _, tc := range []struct {
		name  string
		views []admin.Live
		want  []string
	}{
		{"what passes within the grace is not told", []admin.Live{liveAt(0), liveAt(300*ms, "north-router down"), liveAt(800 * ms), liveAt(1600 * ms)}, nil},
		{"what goes on changing is told once it stands", []admin.Live{
			liveAt(0), liveAt(300*ms, "ams north-router down"), liveAt(600*ms, "ams north-router down", "bru north-router down"), liveAt(900*ms, down...), liveAt(1600*ms, down...), liveAt(1900*ms, down...),
		}, []string{"seen: north-router is down (AMS down, BRU down, RTM down, HQ down)"}},
		{"one location alone", []admin.Live{liveAt(0), liveAt(300*ms, "rtm north-firewall down"), liveAt(1000*ms, "rtm north-firewall down"), liveAt(1300 * ms), liveAt(2000 * ms)},
			[]string{"seen: north-firewall is up (RTM down)", "seen: north-firewall is up"}},
		{"slow is called so", []admin.Live{liveAt(0), liveAt(300*ms, append(everywhere("north-phones", "degraded"), "north-phones down")...), liveAt(1000*ms, append(everywhere("north-phones", "degraded"), "north-phones down")...)},
			[]string{"seen: north-phones is down (AMS slow, BRU slow, RTM slow, HQ slow)"}},
		{"a location's own trouble is no device's", []admin.Live{liveAt(0), liveAt(300*ms, blind("ams")...), liveAt(1000*ms, blind("ams")...), liveAt(1300 * ms), liveAt(2000 * ms)},
			[]string{"seen: AMS says unknown (location): its silences prove nothing", "seen: AMS can judge again"}},
		{"maintenance", []admin.Live{liveAt(0), liveAt(300*ms, "south-router maintenance"), liveAt(1000*ms, "south-router maintenance")},
			[]string{"seen: south-router is in announced maintenance"}},
		{"an incident", []admin.Live{liveAt(0), with(liveAt(300*ms), open), with(liveAt(600*ms), open), with(liveAt(900*ms), closed), with(liveAt(1200*ms), closed)},
			[]string{"incident: INC-2026-0001 opened: north-router down since 11:00:00, seen by AMS, BRU", "incident: INC-2026-0001 closed: north-router up again since 11:00:05, 5 s counted"}},
		{"an incident that was opened and closed between two looks", []admin.Live{liveAt(0), with(liveAt(300*ms), closed)},
			[]string{"incident: INC-2026-0001 opened: north-router down since 11:00:00, seen by AMS, BRU", "incident: INC-2026-0001 closed: north-router up again since 11:00:05, 5 s counted"}},
		{"an incident that never was", []admin.Live{with(liveAt(0), open), with(liveAt(300*ms), withdrawn)},
			[]string{"incident: INC-2026-0001 opened: north-router down since 11:00:00, seen by AMS, BRU", "incident: INC-2026-0001 withdrawn: late measurements show that the breach never was"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := demo.NewObserver()
			var got []string
			for i, l := range tc.views {
				got = append(got, o.Look(l, i > 0)...)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("look() =\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
		})
	}
}

func TestObserverIsSilentBeforeTheScript(t *testing.T) {
	o := demo.NewObserver()
	for i := range 5 {
		if got := o.Look(liveAt(time.Duration(i)*time.Second, everywhere("north-router", []string{"", "unknown"}[i%2])...), false); got != nil {
			t.Errorf("look(before the script) = %q, want nothing", got)
		}
	}
	if got := append(o.Look(liveAt(6*time.Second), true), o.Look(liveAt(6100*time.Millisecond), true)...); got != nil {
		t.Errorf("look(right after its beginning) = %q, want nothing", got)
	}
}
