// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
)

// The fixture is an invented fleet of 216 devices of twelve customers on a morning
// with trouble: three devices down, one degraded, one unknown, two in maintenance, one
// outside its lease, and one location blind. Names are invented, addresses are of RFC
// 5737. The figures of nhv-mdk-fw1 follow from the intervals it shows.

func brussels(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Skipf("no time zone data on this machine: %v", err)
	}
	return loc
}

// world is the moment of the fixture.
type world struct {
	loc *time.Location
	now time.Time
}

func newWorld(t testing.TB) world {
	loc := brussels(t)
	return world{loc, time.Date(2026, 6, 9, 10, 42, 18, 0, loc)}
}

// at is a time of day on the fixture's day.
func (w world) at(h, m, s int) time.Time { return time.Date(2026, 6, 9, h, m, s, 0, w.loc) }

// mon is a time of day on the day before.
func (w world) mon(h, m, s int) time.Time { return time.Date(2026, 6, 8, h, m, s, 0, w.loc) }

func ptr[T any](v T) *T { return &v }

func (w world) asOf() web.AsOf {
	return web.AsOf{Now: w.now, Zone: web.Zone{Location: w.loc}, HeartbeatAt: ptr(w.now.Add(-4 * time.Second)), FiguresThrough: ptr(w.now.Add(-90 * time.Second))}
}

// seen is what AMS, BRU, RTM and the customer's own location see.
func (w world) seen(ams, bru, rtm, own web.State) []web.Seen {
	return []web.Seen{
		{Location: "AMS", Custody: vouch.CustodyProvider, Votes: true, State: ams},
		{Location: "BRU", Custody: vouch.CustodyNeutral, Votes: true, State: bru},
		{Location: "RTM", Custody: vouch.CustodyProvider, Votes: true, State: rtm, Reason: string(vouch.ReasonLocation), Since: ptr(w.at(10, 21, 40))},
		{Location: "own-1", Custody: vouch.CustodyCustomer, State: own},
	}
}

// hour are the segments of the last hour: up, and from the given instant on a state.
func (w world) hour(state web.State, from time.Time) []web.Segment {
	begin := w.now.Add(-time.Hour)
	if from.Before(begin) {
		from = begin
	}
	out := []web.Segment{{State: state, From: from, To: w.now}}
	if from.After(begin) {
		out = append([]web.Segment{{State: web.StateUp, From: begin, To: from}}, out...)
	}
	return out
}

func (w world) up(id string, class vouch.Class, rtt time.Duration) web.DeviceRow {
	return web.DeviceRow{
		ID: vouch.DeviceID(id), Class: class, State: web.StateUp, Since: ptr(w.mon(0, 0, 0)), Addresses: []string{"192.0.2.18"},
		Seen:  w.seen(web.StateUp, web.StateUp, web.StateUnknown, web.StateUp),
		Strip: w.hour(web.StateUp, w.now.Add(-time.Hour)), RTT: ptr(web.Micros(rtt)), Loss: "0.0", Availability: "100.000000",
	}
}

// bad changes a device to a state since an instant.
func (w world) bad(d web.DeviceRow, state web.State, since time.Time, reason string, seen []web.Seen, pct web.Pct) web.DeviceRow {
	d.State, d.Since, d.Reason, d.Seen, d.Availability = state, &since, reason, seen, pct
	d.Strip = w.hour(state, since)
	if state == web.StateDown {
		d.RTT, d.Loss = nil, "100.0"
	}
	return d
}

// many are n quiet devices of a site.
func (w world) many(prefix string, n int) []web.DeviceRow {
	classes := []struct {
		short string
		class vouch.Class
	}{{"rt", vouch.ClassRouter}, {"fw", vouch.ClassFirewall}, {"vg", vouch.ClassTelephony}, {"sw", vouch.ClassSwitch}}
	var out []web.DeviceRow
	for i := range n {
		c := classes[i%len(classes)]
		out = append(out, w.up(fmt.Sprintf("%s-%s%d", prefix, c.short, i/len(classes)+1), c.class, time.Duration(4000+137*i)*time.Microsecond))
	}
	return out
}

func (w world) fleet() web.Fleet {
	down, up, unk := web.StateDown, web.StateUp, web.StateUnknown
	f := web.Fleet{
		AsOf:         w.asOf(),
		Counts:       web.Counts{Devices: 216, Up: 208, Degraded: 1, Down: 3, Unknown: 1, Maintenance: 2, Outside: 1},
		Incidents:    []web.Incident{w.incident("INC-2026-0413"), w.incident("INC-2026-0412"), w.incident("INC-2026-0409"), w.incident("INC-2026-0407")},
		ClosedToday:  2,
		Locations:    w.locations(),
		Strip:        web.Span{From: w.now.Add(-time.Hour), To: w.now},
		ChangesSince: w.now.Add(-15 * time.Minute),
		Changes: []web.Change{
			{At: w.at(10, 36, 50), Customer: "zilverberg", Device: "zbc-lwd-rt1", State: unk, Text: "up to unknown", Detail: "BRU got no answer, RTM could not ask"},
			{At: w.at(10, 33, 40), Customer: "noordhaven", Device: "nhv-ven-rt1", State: up, Text: "up again after 40 s", Detail: "under 120 s: counted, no incident"},
			{At: w.at(10, 31, 5), Customer: "veldkamp", Incident: "INC-2026-0413", State: web.StateDegraded, Text: "opened"},
			{At: w.at(10, 29, 5), Customer: "veldkamp", Device: "vks-gnk-rt2", State: web.StateDegraded, Text: "up to degraded", Detail: "loss 18 % from AMS and BRU"},
		},
		Works: w.works()[:2],
	}
	blip := w.up("nhv-ven-rt1", vouch.ClassRouter, 6200*time.Microsecond)
	blip.Strip = []web.Segment{
		{State: up, From: w.now.Add(-time.Hour), To: w.at(10, 33, 0)},
		{State: down, From: w.at(10, 33, 0), To: w.at(10, 33, 40)},
		{State: up, From: w.at(10, 33, 40), To: w.now},
	}
	blip.Availability = "99.990141"
	mdk := w.many("nhv-mdk", 4)
	mdk[1] = w.bad(mdk[1], down, w.at(10, 0, 12), "2 of 3 got no answer", w.seen(down, down, unk, down), "99.373726")
	ant := w.many("dhl-ant", 2)
	ant[1] = w.bad(w.up("dhl-ant-vg1", vouch.ClassTelephony, 0), down, w.mon(16, 18, 5), "SIP silent, 2 of 3", w.seen(down, down, unk, down), "91.651637")
	gnk := w.many("vks-gnk", 4)
	gnk[3] = w.bad(w.up("vks-gnk-rt2", vouch.ClassRouter, 38600*time.Microsecond), web.StateDegraded, w.at(10, 29, 5), "loss 18 %", w.seen(web.StateDegraded, web.StateDegraded, unk, up), "99.804553")
	gnk[3].Loss = "18.0"
	lwd := w.many("zbc-lwd", 5)
	lwd[0] = w.bad(lwd[0], unk, w.at(10, 36, 50), "RTM could not ask", w.seen(up, down, unk, up), "100.000000")
	mch := w.many("lnd-mch", 3)
	mch[0] = w.bad(mch[0], down, w.mon(13, 51, 20), "service works", w.seen(down, down, unk, down), "88.463014")
	zwl := w.many("pmw-zwl", 8)
	zwl[3] = w.bad(zwl[3], web.StateMaintenance, w.at(10, 0, 0), "until 12:00", w.seen(up, down, unk, up), "100.000000")
	zwl[7] = w.bad(zwl[7], web.StateMaintenance, w.at(10, 0, 0), "until 12:00", w.seen(down, down, unk, down), "100.000000")
	rmd := w.many("kgm-rmd", 5)
	rmd[4] = w.bad(rmd[4], web.StateOutside, time.Date(2026, 5, 31, 0, 0, 0, 0, w.loc), "", w.seen(web.StateOutside, web.StateOutside, web.StateOutside, web.StateOutside), "")
	rmd[4].RTT, rmd[4].Loss = nil, ""
	f.Customers = []web.Customer{
		w.customer("atelier", "Atelier Vlieger", "Silver v2", web.Site{ID: "ghe", Name: "Ghent", Devices: w.many("atv-ghe", 6)}),
		w.customer("brouwerij", "Brouwerij Drieborg", "Silver v1", web.Site{ID: "leu", Name: "Leuven", Devices: w.many("brd-leu", 18)}),
		w.customer("dehalm", "De Halm Bakeries", "Silver v2", web.Site{ID: "ant", Name: "Antwerp", Devices: ant}, web.Site{ID: "shops", Name: "11 shops", Devices: w.many("dhl-shp", 22)}),
		w.customer("zandbank", "Hotel Zandbank Group", "Gold v1", web.Site{ID: "ost", Name: "Ostend", Devices: w.many("hzb-ost", 31)}),
		w.customer("kopergieterij", "Kopergieterij Maas", "Silver v1", web.Site{ID: "rmd", Name: "Roermond", Devices: rmd}),
		w.customer("linde", "Linde Notaries", "Silver v2", web.Site{ID: "mch", Name: "Mechelen", Devices: mch}),
		w.customer("noordhaven", "Noordhaven Logistics", "Gold v3", web.Site{ID: "mdk", Name: "Moerdijk", Devices: mdk}, web.Site{ID: "ven", Name: "Venlo", Devices: append([]web.DeviceRow{blip}, w.many("nhv-vnl", 5)...)}),
		w.customer("poldermeer", "Poldermeer Water", "Gold v2", web.Site{ID: "zwl", Name: "Zwolle", Devices: zwl}),
		w.customer("oostveen", "Scholen Oostveen", "School v4", web.Site{ID: "ens", Name: "Enschede", Devices: w.many("sov-ens", 57)}),
		w.customer("veldkamp", "Veldkamp Staal", "Gold v1", web.Site{ID: "gnk", Name: "Genk", Devices: gnk}, web.Site{ID: "has", Name: "Hasselt", Devices: w.many("vks-has", 9)}),
		w.customer("waterkant", "Waterkant Foods", "Gold v2", web.Site{ID: "mid", Name: "Middelburg", Devices: w.many("wkf-mid", 22)}),
		w.customer("zilverberg", "Zilverberg Clinics", "Care v2", web.Site{ID: "lwd", Name: "Leeuwarden", Devices: lwd}, web.Site{ID: "snk", Name: "Sneek", Devices: w.many("zbc-snk", 14)}),
	}
	return f
}

func (w world) customer(id, name, contract string, sites ...web.Site) web.Customer {
	return web.Customer{ID: vouch.CustomerID(id), Name: name, Contract: contract, Window: "window 06:00-24:00, open", Quorum: 2, Sites: sites}
}

// calm is the same fleet on a morning without trouble.
func (w world) calm() web.Fleet {
	f := w.fleet()
	f.Incidents, f.Changes, f.Works = nil, nil, nil
	f.LastClosedAt, f.LastChangeAt = ptr(time.Date(2026, 6, 6, 14, 20, 0, 0, w.loc)), ptr(w.at(9, 58, 3))
	f.Counts = web.Counts{Devices: 216, Up: 215, Outside: 1}
	for i := range f.Locations {
		f.Locations[i].State, f.Locations[i].Reason = web.Sees, ""
		f.Locations[i].Strip = w.hour(web.StateUp, w.now.Add(-time.Hour))
	}
	for _, c := range f.Customers {
		for _, s := range c.Sites {
			for i, d := range s.Devices {
				if d.State != web.StateOutside {
					s.Devices[i] = w.up(string(d.ID), d.Class, 5*time.Millisecond)
					s.Devices[i].Seen = w.seen(web.StateUp, web.StateUp, web.StateUp, web.StateUp)
				}
			}
		}
	}
	return f
}

func (w world) locations() []web.Location {
	seeing := w.hour(web.StateUp, w.now.Add(-time.Hour))
	return []web.Location{
		{ID: "AMS", Name: "Amsterdam", Custody: vouch.CustodyProvider, Votes: true, State: web.Sees, Agents: 2, AgentsHeard: 2,
			HeartbeatAt: ptr(w.now.Add(-4 * time.Second)), BatchAt: ptr(w.now.Add(-34 * time.Second)), ClockOffset: ptr(web.Micros(time.Millisecond)), Strip: seeing},
		{ID: "BRU", Name: "Brussels", Custody: vouch.CustodyNeutral, Votes: true, State: web.Sees, Agents: 1, AgentsHeard: 1,
			HeartbeatAt: ptr(w.now.Add(-7 * time.Second)), BatchAt: ptr(w.now.Add(-37 * time.Second)), ClockOffset: ptr(web.Micros(-3 * time.Millisecond)), Strip: seeing},
		{ID: "RTM", Name: "Rotterdam", Custody: vouch.CustodyProvider, Votes: true, State: web.Blind, Since: ptr(w.at(10, 21, 40)), Reason: "own gateway silent",
			Agents: 2, AgentsHeard: 2, HeartbeatAt: ptr(w.now.Add(-6 * time.Second)), BatchAt: ptr(w.now.Add(-12 * time.Second)), Strip: w.hour(web.StateUnknown, w.at(10, 21, 40))},
		{ID: "own-1", Name: "at the customers", Custody: vouch.CustodyCustomer, State: web.Sees, Agents: 41, AgentsHeard: 40, Strip: seeing},
	}
}

// incident is one of the fixture's incidents.
func (w world) incident(id string) web.Incident {
	down := web.StateDown
	one := func(customer, name, device string, class vouch.Class, site string, state web.State, from time.Time, counted time.Duration) web.Incident {
		return web.Incident{
			ID: id, Customer: vouch.CustomerID(customer), CustomerName: name, State: web.IncidentOpen, OpenedAt: from.Add(2 * time.Minute), From: from,
			Devices:     []web.IncidentDevice{{ID: vouch.DeviceID(device), Class: class, SiteName: site, State: state, Now: state, From: from, CountedDown: web.Seconds(counted)}},
			CountedDown: web.Seconds(counted), Witnesses: w.seen(state, state, web.StateUnknown, state),
		}
	}
	switch id {
	case "INC-2026-0413":
		i := one("veldkamp", "Veldkamp Staal", "vks-gnk-rt2", vouch.ClassRouter, "Genk", web.StateDegraded, w.at(10, 29, 5), 13*time.Minute+13*time.Second)
		i.EvidencePending = true
		return i
	case "INC-2026-0412":
		i := one("noordhaven", "Noordhaven Logistics", "nhv-mdk-fw1", vouch.ClassFirewall, "Moerdijk", down, w.at(10, 0, 12), 42*time.Minute+6*time.Second)
		i.SingleWitness = true
		return i
	case "INC-2026-0407":
		return one("linde", "Linde Notaries", "lnd-mch-rt1", vouch.ClassRouter, "Mechelen", down, w.mon(13, 51, 20), 8*time.Hour+50*time.Minute)
	case "INC-2026-0390":
		i := one("noordhaven", "Noordhaven Logistics", "nhv-vnl-rt1", vouch.ClassRouter, "Venlo", down, w.at(2, 10, 0), 0)
		i.State, i.To = web.IncidentClosed, ptr(w.at(2, 24, 30))
		i.Devices = append(i.Devices, web.IncidentDevice{ID: "nhv-vnl-fw1", Class: vouch.ClassFirewall, SiteName: "Venlo", State: down, Now: web.StateUp, From: w.at(2, 10, 20), To: ptr(w.at(2, 24, 30))})
		return i
	}
	i := one("dehalm", "De Halm Bakeries", "dhl-ant-vg1", vouch.ClassTelephony, "Antwerp", down, w.mon(16, 18, 5), 6*time.Hour+24*time.Minute+13*time.Second)
	i.Priority, i.Stage, i.Clock = "P2", "told", &w.clocks()[1]
	return i
}

func (w world) incidentDetail(id string) web.IncidentDetail {
	i := w.incident(id)
	from := i.From.Add(-18 * time.Minute)
	lane := func(loc vouch.LocationID, custody vouch.Custody, votes bool, state web.State) web.Lane {
		return web.Lane{Location: loc, Custody: custody, Votes: votes, Segments: []web.Segment{{State: web.StateUp, From: from, To: i.From}, {State: state, From: i.From, To: w.now}}}
	}
	var lanes []web.IncidentLanes
	for _, d := range i.Devices {
		lanes = append(lanes, web.IncidentLanes{Device: d.ID, Verdict: lane("", "", false, d.State), Lanes: []web.Lane{
			lane("AMS", vouch.CustodyProvider, true, d.State), lane("BRU", vouch.CustodyNeutral, true, d.State),
			lane("RTM", vouch.CustodyProvider, true, web.StateUnknown), lane("own-1", vouch.CustodyCustomer, false, d.State)}})
	}
	d := web.IncidentDetail{
		AsOf: w.asOf(), Incident: i, Contract: "Silver v2", Opened: "120 s of down time reached", Span: web.Span{From: from, To: w.now},
		Window: []web.Span{{From: w.mon(6, 0, 0), To: w.mon(18, 0, 0)}, {From: w.at(6, 0, 0), To: w.at(18, 0, 0)}}, Lanes: lanes,
		Events: []web.Event{
			{At: i.OpenedAt.Add(time.Second), Kind: "told", Text: "Webhook tickets.kade.example told of the opening, delivered at the first attempt.", Leaf: ptr(uint64(1830803))},
			{At: i.OpenedAt, Kind: "opened", Text: "Opened by the collector: 120 s of down time reached.", Author: "collector", Leaf: ptr(uint64(1830802))},
			{At: i.From, Kind: "note", Text: "Verdict up to down: AMS, BRU and RTM got no SIP answer."},
		},
		Deliveries: []web.Delivery{{At: ptr(i.OpenedAt.Add(time.Second)), Target: "tickets.kade.example", Event: "opened", State: "delivered", Attempts: 1}},
		Services:   []string{"Telephony, Antwerp"},
	}
	if id == "INC-2026-0409" {
		d.Clocks, d.Service, d.Tier, d.Tiers = w.clocks(), d.Window, 1, 3
		d.Priority, d.Stage = "P2", "told"
		d.Next = []string{"vouch incident suspend dehalm/INC-2026-0409 --cause CAUSE --reference TICKET --check +4h", "vouch incident resolve dehalm/INC-2026-0409"}
	}
	return d
}

// clocks are those of the design's incident: 8 h of service time, of which 1:25 h was
// suspended on Tuesday morning.
func (w world) clocks() []web.Clock {
	return []web.Clock{
		{Kind: "reaction", Priority: "P2", Promised: "2 hours", Started: w.mon(16, 20, 5), Deadline: ptr(w.at(6, 20, 5)), Stopped: ptr(w.mon(16, 27, 40)),
			Target: web.Seconds(2 * time.Hour), Used: web.Seconds(7*time.Minute + 35*time.Second), Left: web.Seconds(112*time.Minute + 25*time.Second), Why: []string{"stopped when the customer was told"}},
		{Kind: "resolution", Priority: "P2", Promised: "8 hours", Started: w.mon(16, 27, 40), Deadline: ptr(w.at(13, 52, 40)), Running: true,
			Target: web.Seconds(8 * time.Hour), Used: web.Seconds(4*time.Hour + 49*time.Minute + 38*time.Second), Left: web.Seconds(3*time.Hour + 10*time.Minute + 22*time.Second),
			Pauses: []web.Span{{From: w.at(7, 15, 0), To: w.at(8, 40, 0)}}, Why: []string{"stood still for supplier"}},
	}
}

func (w world) works() []web.Work {
	window := func(day int) []web.Span {
		return []web.Span{{From: time.Date(2026, 6, day, 6, 0, 0, 0, w.loc), To: time.Date(2026, 6, day+1, 0, 0, 0, 0, w.loc)}}
	}
	return []web.Work{
		{ID: "M-31", Customer: "poldermeer", CustomerName: "Poldermeer Water", Scope: "site Zwolle, 2 switches", From: w.at(10, 0, 0), To: w.at(12, 0, 0), Reason: "firmware",
			AnnouncedAt: time.Date(2026, 5, 26, 10, 0, 0, 0, w.loc), State: web.WorkRunning, Counts: true, InWindow: web.Seconds(2 * time.Hour), Window: window(9)},
		{ID: "M-32", Customer: "oostveen", CustomerName: "Scholen Oostveen", Scope: "12 routers", From: w.at(22, 0, 0), To: w.at(23, 30, 0), Reason: "certificate",
			AnnouncedAt: time.Date(2026, 6, 2, 18, 0, 0, 0, w.loc), State: web.WorkPlanned, Counts: true, Flag: "short notice", InWindow: web.Seconds(90 * time.Minute), Window: window(9)},
		{ID: "M-33", Customer: "veldkamp", CustomerName: "Veldkamp Staal", Scope: "vks-gnk-rt2", From: time.Date(2026, 6, 18, 5, 0, 0, 0, w.loc), To: time.Date(2026, 6, 18, 5, 45, 0, 0, w.loc), Reason: "line card",
			AnnouncedAt: time.Date(2026, 6, 2, 11, 0, 0, 0, w.loc), State: web.WorkPlanned, Counts: true, Window: window(18)},
		{ID: "M-30", Customer: "noordhaven", CustomerName: "Noordhaven Logistics", Scope: "nhv-mdk-fw1", From: w.at(6, 30, 0), To: w.at(7, 10, 0), Reason: "Firmware 7.2.9",
			AnnouncedAt: time.Date(2026, 5, 22, 9, 0, 0, 0, w.loc), State: web.WorkEnded, Counts: true, InWindow: web.Seconds(40 * time.Minute), Window: window(9)},
		{ID: "M-29", Customer: "noordhaven", CustomerName: "Noordhaven Logistics", Scope: "nhv-vnl-rt1", From: w.mon(6, 30, 0), To: w.mon(7, 0, 0), Reason: "critical patch",
			AnnouncedAt: w.mon(6, 41, 0), State: web.WorkEnded, InWindow: web.Seconds(30 * time.Minute), Flag: "announced after it began", Window: window(8)},
	}
}
