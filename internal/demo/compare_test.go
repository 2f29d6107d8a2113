// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/internal/demo"
)

var began = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// played is the script of 20 s as it was done, each act 30 ms late.
func played() (demo.Pace, []demo.Step, []demo.Deed) {
	p := demo.PaceOf(20 * time.Second)
	steps := demo.Plan(p)
	var deeds []demo.Deed
	for _, a := range demo.Acts(steps) {
		d := demo.Deed{Act: a, Done: began.Add(a.At + 30*time.Millisecond)}
		if s := steps[a.Step]; a.Kind == demo.ActAnnounce {
			d.Announcement = &admin.Maintenance{
				ID: "M-" + string(s.ID), From: began.Add(s.AnnounceFrom).Truncate(time.Second), To: began.Add(s.AnnounceTo).Truncate(time.Second),
			}
		}
		deeds = append(deeds, d)
	}
	return p, steps, deeds
}

// measured is what was done at played, measured without a fault.
func measured() (demo.Expected, *demo.Found) {
	p, steps, deeds := played()
	e := demo.Expect(p, steps, began, deeds)
	f := &demo.Found{Sightings: &demo.Sightings{}}
	for _, id := range demo.DeviceIDs() {
		s := demo.Subject{ID: id, Agreed: 20}
		for _, x := range e.Effects {
			if x.Device != id || !x.Down {
				continue
			}
			o := demo.Outage{Stretch: demo.Stretch{From: x.Happened.From.Truncate(time.Second), To: x.Happened.To.Truncate(time.Second)}}
			n := int64(o.To.Sub(o.From) / time.Second)
			if x.Counts {
				s.Excluded = int64(x.Claimed.To.Sub(x.Claimed.From) / time.Second)
			} else {
				o.Counted, s.Down = n, n
			}
			s.Outages = append(s.Outages, o)
			if x.Incident {
				f.Incidents = append(f.Incidents, admin.Incident{
					ID: incident.ID("INC-" + string(x.Step)), Devices: []vouch.DeviceID{id}, Status: incident.Closed,
					From: o.From, To: &o.To, Counted: n, Witnesses: []vouch.LocationID{"ams", "bru", "rtm"},
				})
			}
		}
		f.Statement.Devices = append(f.Statement.Devices, s)
	}
	for _, i := range f.Incidents {
		f.Statement.Incidents = append(f.Statement.Incidents, struct {
			ID string `json:"id"`
		}{string(i.ID)})
	}
	f.Statement.Exclusions = []demo.Exclusion{
		{ID: "M-planned", Counted: true}, {ID: "M-claimed", Why: "announced after it began"},
	}
	see(f, began, nil)
	see(f, began.Add(7*time.Second), map[string]string{"rtm north-firewall": "down"})
	see(f, began.Add(10*time.Second), map[string]string{"hq south-phones": "down"})
	blind := map[string]string{}
	for _, id := range demo.DeviceIDs() {
		blind["ams "+string(id)] = "unknown"
	}
	see(f, began.Add(15*time.Second), blind)
	see(f, began.Add(19*time.Second), nil)
	return e, f
}

// see adds a live view in which all is up but what is named "LOCATION DEVICE".
func see(f *demo.Found, at time.Time, not map[string]string) {
	live := admin.Live{Now: at}
	for _, id := range demo.DeviceIDs() {
		d := admin.LiveDevice{Device: id}
		for _, l := range []string{"ams", "bru", "rtm", "hq"} {
			s := admin.LiveSeen{Location: vouch.LocationID(l), State: "up"}
			if state := not[l+" "+string(id)]; state != "" {
				s.State, s.Reason = state, "location"
			}
			d.Seen = append(d.Seen, s)
		}
		live.Devices = append(live.Devices, d)
	}
	f.Sightings.Add(live)
}

func subject(f *demo.Found, id vouch.DeviceID) *demo.Subject {
	i := slices.IndexFunc(f.Statement.Devices, func(s demo.Subject) bool { return s.ID == id })
	return &f.Statement.Devices[i]
}

func theIncident(f *demo.Found, step demo.StepID) *admin.Incident {
	i := slices.IndexFunc(f.Incidents, func(x admin.Incident) bool { return string(x.ID) == "INC-"+string(step) })
	return &f.Incidents[i]
}

func outage(from, to int) demo.Outage {
	return demo.Outage{Stretch: demo.Stretch{From: began.Add(time.Duration(from) * time.Second), To: began.Add(time.Duration(to) * time.Second)}, Counted: int64(to - from)}
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*demo.Found)
		want  []string // a part of each difference, in order
	}{
		{"a device is missing", func(f *demo.Found) { f.Statement.Devices = f.Statement.Devices[1:] }, []string{"outage: north-router does not stand"}},
		{"agreed time", func(f *demo.Found) { subject(f, "south-phones").Agreed = 19 }, []string{"customer: south-phones: 19 s of agreed time instead of 20 s"}},
		{"pending time", func(f *demo.Found) { f.Statement.Pending = 2 }, []string{": the statement ends 2 s before"}},
		{"one second too much excluded", func(f *demo.Found) { subject(f, "south-router").Excluded++ }, []string{"planned: south-router: 8 s excluded instead of 7 s"}},
		{"excluded although claimed too late", func(f *demo.Found) { subject(f, "south-firewall").Excluded = 6 }, []string{"claimed: south-firewall: 6 s excluded instead of 0 s"}},
		{"unknown time", func(f *demo.Found) { subject(f, "north-firewall").Unknown = 1 }, []string{"partial: north-firewall: 1 s unknown"}},

		{"an outage that nobody made", func(f *demo.Found) {
			s := subject(f, "south-phones")
			s.Outages, s.Down = []demo.Outage{outage(3, 4)}, 1
		}, []string{"customer: south-phones: down from"}},
		{"no outage", func(f *demo.Found) {
			s := subject(f, "north-phones")
			s.Outages, s.Down = nil, 0
		}, []string{"slow: north-phones: no outage was measured", "counts 5 s, the statement 0 s"}},
		{"an outage in two parts", func(f *demo.Found) {
			s := subject(f, "north-router")
			s.Outages, s.Down = []demo.Outage{outage(1, 3), outage(4, 6)}, 4
			theIncident(f, demo.StepOutage).Counted = 4
		}, []string{"outage: north-router: down from 11:00:01 to 11:00:03; the script says", "outage: north-router: down from 11:00:04 to 11:00:06, and should be up"}},
		{"begins 2 s late", func(f *demo.Found) {
			s := subject(f, "north-router") // done at 1.53 s
			s.Outages, s.Down = []demo.Outage{outage(3, 6)}, 3
			i := theIncident(f, demo.StepOutage)
			i.From, i.Counted = began.Add(3*time.Second), 3
		}, nil},
		{"begins 3 s late", func(f *demo.Found) {
			s := subject(f, "north-router")
			s.Outages, s.Down = []demo.Outage{outage(4, 6)}, 2
			i := theIncident(f, demo.StepOutage)
			i.From, i.Counted = began.Add(4*time.Second), 2
		}, []string{"outage: north-router: down from 11:00:04", "outage: INC-outage lasted from 11:00:04"}},
		{"ends 2 s late", func(f *demo.Found) {
			s := subject(f, "north-router") // done at 6.53 s
			s.Outages, s.Down = []demo.Outage{outage(1, 8)}, 7
			i := theIncident(f, demo.StepOutage)
			*i.To, i.Counted = began.Add(8*time.Second), 7
		}, nil},
		{"ends 3 s late", func(f *demo.Found) {
			s := subject(f, "north-router")
			s.Outages, s.Down = []demo.Outage{outage(1, 9)}, 8
			i := theIncident(f, demo.StepOutage)
			*i.To, i.Counted = began.Add(9*time.Second), 8
		}, []string{"outage: north-router: down from", "outage: INC-outage lasted"}},
		{"a maintenance that leaks", func(f *demo.Found) {
			s := subject(f, "south-router")
			s.Outages[0].Counted, s.Down = 1, 1
		}, []string{"planned: south-router: 1 s of its outage count"}},
		{"seconds that belong to no outage", func(f *demo.Found) { subject(f, "north-firewall").Down = 1 }, []string{"partial: north-firewall: 1 s down, but its outages make 0 s"}},

		{"no incident", func(f *demo.Found) {
			f.Incidents = slices.DeleteFunc(f.Incidents, func(i admin.Incident) bool { return i.ID == "INC-slow" })
		}, []string{"slow: no incident of north-phones", ": the statement has an incident \"INC-slow\""}},
		{"an incident of no step", func(f *demo.Found) {
			f.Incidents = append(f.Incidents, admin.Incident{ID: "INC-9", Devices: []vouch.DeviceID{"south-router"}, From: began, Status: incident.Withdrawn})
		}, []string{": INC-9 of south-router, from 11:00:00, is of no step (withdrawn)"}},
		{"two incidents of one step", func(f *demo.Found) {
			again := *theIncident(f, demo.StepOutage)
			again.ID = "INC-9"
			f.Incidents = append(f.Incidents, again)
		}, []string{": INC-9 of north-router"}},
		{"two devices in one incident", func(f *demo.Found) {
			i := theIncident(f, demo.StepOutage)
			i.Devices = append(i.Devices, "north-firewall")
		}, []string{"outage: no incident of north-router", ": INC-outage of north-router, north-firewall"}},
		{"still open", func(f *demo.Found) { theIncident(f, demo.StepClaimed).To = nil }, []string{"claimed: INC-claimed is still open"}},
		{"rests on who does not vote", func(f *demo.Found) {
			i := theIncident(f, demo.StepOutage)
			i.Witnesses = append(i.Witnesses, "hq")
		}, []string{"outage: INC-outage rests on HQ"}},
		{"counts otherwise than the statement", func(f *demo.Found) { theIncident(f, demo.StepOutage).Counted = 4 }, []string{"outage: INC-outage counts 4 s, the statement 5 s"}},
		{"not in the statement", func(f *demo.Found) { f.Statement.Incidents = f.Statement.Incidents[1:] }, []string{": INC-outage does not stand in the statement"}},

		{"the late announcement counts", func(f *demo.Found) { f.Statement.Exclusions[1].Counted = true }, []string{"claimed: the announcement M-claimed counted: true; the contract says false"}},
		{"the early one does not", func(f *demo.Found) { f.Statement.Exclusions[0].Counted = false }, []string{"planned: the announcement M-planned counted: false; the contract says true"}},
		{"no reason why", func(f *demo.Found) { f.Statement.Exclusions[1].Why = "" }, []string{"claimed: the statement does not say why"}},
		{"an announcement is missing", func(f *demo.Found) { f.Statement.Exclusions = f.Statement.Exclusions[1:] }, []string{"planned: the announcement M-planned does not stand"}},
		{"an exclusion of no step", func(f *demo.Found) {
			f.Statement.Exclusions = append(f.Statement.Exclusions, demo.Exclusion{ID: "M-9"})
		}, []string{": the exclusion M-9 is of no step"}},

		{"nobody saw the partial outage", func(f *demo.Found) { *f.Sightings = demo.Sightings{}; measuredSightings(f, "rtm") }, []string{"partial: RTM never saw north-firewall down"}},
		{"the customer saw nothing", func(f *demo.Found) { *f.Sightings = demo.Sightings{}; measuredSightings(f, "hq") }, []string{"customer: HQ never saw south-phones down"}},
		{"a blind location says down", func(f *demo.Found) { see(f, began.Add(18*time.Second), map[string]string{"ams north-router": "down"}) }, []string{"uplink: AMS said down of north-router"}},
		{"a blind location sees", func(f *demo.Found) { *f.Sightings = demo.Sightings{}; measuredSightings(f, "ams") }, []string{
			"uplink: AMS never said unknown of north-router", "uplink: AMS never said unknown of north-firewall", "uplink: AMS never said unknown of north-phones",
			"uplink: AMS never said unknown of south-router", "uplink: AMS never said unknown of south-firewall", "uplink: AMS never said unknown of south-phones"}},

		{"all as it was done", func(*demo.Found) {}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, f := measured()
			tc.spoil(f)
			var got []string
			for _, d := range demo.Compare(e, *f).Differences {
				got = append(got, fmt.Sprintf("%s: %s", d.Step, d.Text))
			}
			same := len(got) == len(tc.want)
			for i := range min(len(got), len(tc.want)) {
				same = same && strings.Contains(got[i], tc.want[i])
			}
			if !same {
				t.Errorf("Compare() =\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
		})
	}
}

// measuredSightings adds what was seen, but for one location.
func measuredSightings(f *demo.Found, but string) {
	_, good := measured()
	for _, at := range []struct {
		after time.Duration
		not   map[string]string
	}{
		{7 * time.Second, map[string]string{"rtm north-firewall": "down"}},
		{10 * time.Second, map[string]string{"hq south-phones": "down"}},
		{15 * time.Second, map[string]string{"ams": "unknown"}},
	} {
		not := map[string]string{}
		for k, v := range at.not {
			switch {
			case strings.HasPrefix(k, but):
			case k == "ams":
				for _, d := range good.Statement.Devices {
					not["ams "+string(d.ID)] = v
				}
			default:
				not[k] = v
			}
		}
		see(f, began.Add(at.after), not)
	}
}

func TestJudge(t *testing.T) {
	p, steps, deeds := played()
	late := slices.Clone(deeds)
	late[3].Done = late[3].Done.Add(p.Interval)
	busy := []string{"agent ams-a could not begin 3 checks in time"}
	for _, tc := range []struct {
		name   string
		spoil  func(*demo.Found)
		deeds  []demo.Deed
		strain []string
		want   demo.Verdict
	}{
		{"a difference", func(f *demo.Found) { subject(f, "north-firewall").Unknown = 1 }, deeds, nil, demo.Differs},
		{"a difference on a busy machine", func(f *demo.Found) { subject(f, "north-firewall").Unknown = 1 }, deeds, busy, demo.TooBusy},
		{"unknown for want of time", func(f *demo.Found) {
			s := subject(f, "north-firewall")
			s.Unknowns = append(s.Unknowns, struct {
				demo.Stretch
				Reason vouch.Reason `json:"reason"`
			}{Reason: vouch.ReasonOverload})
		}, deeds, nil, demo.TooBusy},
		{"a step late by more than an interval", func(*demo.Found) {}, late, nil, demo.TooBusy},
		{"a busy machine that managed", func(*demo.Found) {}, deeds, busy, demo.Matches},
		{"all well", func(*demo.Found) {}, deeds, nil, demo.Matches},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, f := measured()
			tc.spoil(f)
			out := demo.Judge(p, demo.Compare(demo.Expect(p, steps, began, tc.deeds), *f), began, tc.deeds, tc.strain)
			if out.Verdict != tc.want {
				t.Errorf("judge() = %q (%q, %q), want %q", out.Verdict, out.Differences, out.Strain, tc.want)
			}
			if out.Verdict == demo.TooBusy && len(out.Strain) == 0 {
				t.Errorf("judge() says too busy and does not say why")
			}
		})
	}
}

func TestReadLoad(t *testing.T) {
	for _, tc := range []struct {
		metrics string
		want    int
	}{
		{"", 0},
		{"vouch_agent_overload_total 2\nvouch_agent_dropped_samples_total 1\nvouch_agent_late_seconds_max 0.6\n", 3},
		{"# HELP vouch_agent_overload_total 7\nvouch_agent_overload_total 0\nvouch_agent_late_seconds_max 0.2\n", 0},
		{"vouch_agent_overload_total\nvouch_agent_overload_total x\n", 0},
	} {
		if got := demo.ReadLoad(tc.metrics, time.Second); len(got) != tc.want {
			t.Errorf("read(%q) gives the signs %q, want %d", tc.metrics, got, tc.want)
		}
	}
}
