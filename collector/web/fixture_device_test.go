// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/statement"
)

// device is nhv-mdk-fw1: maintenance in the morning, down since 10:00:12.
func (w world) device(from, to time.Time) web.Device {
	seg := func(parts ...any) []web.Segment { // state, until, state, until, ...
		var out []web.Segment
		at := from
		for i := 0; i < len(parts); i += 2 {
			until := parts[i+1].(time.Time)
			if until.After(from) {
				out = append(out, web.Segment{State: parts[i].(web.State), From: at, To: until})
				at = until
			}
		}
		return out
	}
	up, down, unk := web.StateUp, web.StateDown, web.StateUnknown
	d := web.Device{
		AsOf: w.asOf(), From: from, To: to, Customer: "noordhaven", CustomerName: "Noordhaven Logistics", Site: "mdk", SiteName: "Moerdijk", ID: "nhv-mdk-fw1", Class: vouch.ClassFirewall,
		Verdict:     web.Verdict{State: down, Since: ptr(w.at(10, 0, 12)), Rule: "reachable_from", Quorum: 2, Witnesses: w.seen(down, down, unk, down)},
		Incident:    ptr(w.incident("INC-2026-0412")),
		Window:      []web.Span{{From: w.mon(6, 0, 0), To: w.at(0, 0, 0)}, {From: w.at(6, 0, 0), To: w.at(24, 0, 0)}},
		VerdictLane: web.Lane{Segments: seg(up, w.at(6, 30, 0), web.StateMaintenance, w.at(7, 10, 0), up, w.at(10, 0, 12), down, to)},
		Lanes: []web.Lane{
			{Location: "AMS", Custody: vouch.CustodyProvider, Votes: true, Segments: seg(up, w.at(6, 33, 20), down, w.at(6, 52, 10), up, w.at(10, 0, 12), down, to)},
			{Location: "BRU", Custody: vouch.CustodyNeutral, Votes: true, Segments: seg(up, w.at(6, 33, 25), down, w.at(6, 52, 5), up, w.at(8, 14, 10), down, w.at(8, 19, 40), up, w.at(10, 0, 4), down, to)},
			{Location: "RTM", Custody: vouch.CustodyProvider, Votes: true, Segments: seg(up, w.at(6, 33, 22), down, w.at(6, 52, 10), up, w.at(10, 0, 12), down, w.at(10, 21, 40), unk, to)},
			{Location: "own-1", Custody: vouch.CustodyCustomer, Segments: seg(up, w.at(6, 33, 20), down, w.at(6, 52, 10), up, w.at(10, 0, 10), down, to)},
		},
		Contract: web.ContractFacts{Name: "Gold", Version: 3, ServiceHours: "Mon to Fri, 06:00 to 24:00 Brussels", Voters: 3, Thresholds: []string{"loss under 5 %", "RTT under 80 ms"},
			Confirm: web.Seconds(2 * time.Minute), Clear: web.Seconds(5 * time.Minute), Today: []web.Span{{From: w.at(6, 0, 0), To: w.at(24, 0, 0)}}, Day: web.Span{From: w.at(0, 0, 0), To: w.at(24, 0, 0)}},
		Month: web.Month{From: time.Date(2026, 6, 1, 0, 0, 0, 0, w.loc), To: w.now, Figures: w.figures()},
		Facts: web.Facts{Model: "Ridgeline FW-60", Serial: "RL60-0Q7T-4418", Firmware: "7.2.9", Addresses: []web.Address{{Addr: "192.0.2.18", Role: vouch.RoleService}, {Addr: "2001:db8:20:4::1", Role: vouch.RoleManagement}},
			Checks: []string{"ICMP 10 s", "SNMPv3 60 s"}, Uptime: ptr(web.Seconds(61*24*time.Hour + 4*time.Hour)), UptimeAt: ptr(w.at(10, 0, 5)),
			LeaseFrom: ptr(time.Date(2025, 3, 1, 0, 0, 0, 0, w.loc)), LeaseUntil: ptr(time.Date(2029, 2, 28, 0, 0, 0, 0, w.loc)), Services: []string{"Internet access, Moerdijk"}},
		Works: w.works()[3:4],
		Voice: &web.Voice{Codec: "G.711", R: 89.3, MOS: 4.32, Delay: web.Micros(52 * time.Millisecond), Kind: vouch.KindICMP, Samples: 1080, Window: web.Seconds(time.Hour), Assumptions: []string{"one-way delay is half the round trip"}},
		Traps: []web.Trap{
			{Name: "linkDown", OID: "1.3.6.1.6.3.1.1.5.3", At: w.at(10, 0, 5), Count: 3, Agent: "ams1-a"},
			{Name: "coldStart", OID: "1.3.6.1.6.3.1.1.5.1", At: w.at(9, 0, 5).AddDate(0, 0, -3), Count: 1, Agent: "ams1-a"},
		},
		InterfacesAt: ptr(w.at(10, 0, 5)),
	}
	for k, l := range []vouch.LocationID{"AMS", "BRU", "RTM"} {
		d.Rounds = append(d.Rounds, w.rounds(l, from, to, []float64{5.2, 10, 6.4}[k], d.Lanes[k].Segments))
	}
	for _, f := range []struct {
		name, alias string
		in, out     float64
	}{{"wan1", "fibre, primary", 312.4, 48.1}, {"wan2", "LTE, stand-by", .1, .1}, {"lan1", "office", 46, 301.7}} {
		d.Interfaces = append(d.Interfaces, w.iface(f.name, f.alias, f.in, f.out, from, to))
	}
	d.Interfaces = append(d.Interfaces,
		web.Interface{Name: "dmz", State: "down by config", Speed: 1e9, At: ptr(w.at(10, 0, 5))},
		web.Interface{Name: "tunnel", Index: "12", State: "lowerLayerDown", Judged: web.JudgedTrouble, NoRate: "it may have wrapped more than once: poll more often", At: ptr(w.at(9, 40, 5))},
		web.Interface{Index: "13", State: "unknown(9)", Judged: web.JudgedUnknown, At: ptr(w.at(10, 0, 5))})
	told := func(in, name string, tags web.List[web.Tag], kind vouch.SymbolType, unit string, v vouch.Value) web.Value {
		return web.Value{Measurement: in, Name: name, Tags: tags, Type: kind, Unit: unit, Value: web.Plain(v), At: w.at(10, 0, 5)}
	}
	cpu := told("snmp", "cpu", nil, vouch.TypeGauge, "%", vouch.Int(12))
	temperature := told("sensor", "temperature", web.List[web.Tag]{{Key: "sensor", Value: "CPU"}}, vouch.TypeGauge, "C", vouch.Float(41.5))
	calls := told("snmp", "calls_total", nil, vouch.TypeCounter, "calls", vouch.Uint(math.MaxUint64))
	calls.Rate = ptr(0.125)
	failed := told("snmp", "calls_failed", nil, vouch.TypeCounter, "calls", vouch.Uint(7))
	failed.NoRate = "read once so far"
	trunk := told("trunk", "line_status", web.List[web.Tag]{{Key: "port", Value: "isdn 0 0"}}, vouch.TypeBitmask, "", vouch.Int(96))
	trunk.Words, trunk.Judged = "loss of signal,loop", web.JudgedTrouble
	ha := told("ha", "state", nil, vouch.TypeState, "", vouch.Int(9))
	ha.Words, ha.Judged = "unknown(9)", web.JudgedUnknown
	sync := told("ha", "sync", nil, vouch.TypeState, "", vouch.Int(1))
	sync.Words, sync.Judged = "synchronized", web.JudgedOK
	session := told("snmp", "session_age", nil, vouch.TypeTicks, "", vouch.Uint(360_000))
	license := told("snmp", "license", nil, vouch.TypeText, "", vouch.Text("valid"))
	d.Values = web.List[web.Value]{cpu, calls, failed, session, license, ha, sync, temperature, trunk}
	d.Facts.UptimeBy = vouch.ClockHost
	d.Facts.Restarts = web.List[web.Restart]{
		{What: web.RestartOfDevice, At: w.at(6, 33, 40), Within: web.Seconds(15 * time.Second), Seen: ptr(w.at(6, 34, 10)), Clock: vouch.ClockHost},
		{What: web.RestartOfAgent, At: w.at(9, 30, 0), Within: web.Seconds(30 * time.Minute), Seen: ptr(w.at(10, 0, 0))},
	}
	return d
}

func (w world) figures() web.Figures {
	return web.Figures{
		Agreed: web.Seconds(112*time.Hour + 42*time.Minute + 18*time.Second), Excluded: web.Seconds(40 * time.Minute), Up: web.Seconds(111*time.Hour + 20*time.Minute + 12*time.Second),
		Down: web.Seconds(42*time.Minute + 6*time.Second), Eligible: web.Seconds(112*time.Hour + 2*time.Minute + 18*time.Second),
		Availability: "99.373726", Coverage: "100.000000", IfUnknownDown: "99.373726", IfUnknownUp: "99.373726",
	}
}

// rounds are 120 bins whose loss follows the lane.
func (w world) rounds(loc vouch.LocationID, from, to time.Time, base float64, lane []web.Segment) web.Rounds {
	width := to.Sub(from) / 120
	r := web.Rounds{Location: loc, Check: "icmp", Width: web.Seconds(width), Median: ptr(web.Micros(base * 1e6)), Highest: ptr(web.Micros(base * 2.7 * 1e6))}
	for i := range 120 {
		at := from.Add(time.Duration(i) * width)
		state := web.StateUp
		for _, g := range lane {
			if !at.Add(width/2).Before(g.From) && at.Add(width/2).Before(g.To) {
				state = g.State
			}
		}
		b := web.Bin{At: at, Sent: 18}
		wave := math.Sin(float64(i)/3) + math.Sin(float64(i)*1.7)
		switch state {
		case web.StateDown:
			b.Lost = 18
		case web.StateUnknown:
			continue
		default:
			b.RTT = &web.RTT{Min: web.Micros(base * .92 * 1e6), Median: web.Micros((base + wave*.3) * 1e6), Max: web.Micros((base*1.3 + math.Abs(wave)*base*.4) * 1e6)}
			if i%37 == 5 {
				b.Lost = 3
			}
		}
		r.Bins = append(r.Bins, b)
	}
	return r
}

func (w world) iface(name, alias string, in, out float64, from, to time.Time) web.Interface {
	bps := func(f float64) uint64 { return uint64(f * 1e6) }
	f := web.Interface{Name: name, Alias: alias, State: "up", Judged: web.JudgedOK, Speed: 1e9, In: ptr(bps(in)), Out: ptr(bps(out)), In95: ptr(bps(in * 1.9)),
		Errors: ptr(uint64(40)), Discards: ptr(uint64(2)), ErrorRate: ptr(0.25), DiscardRate: ptr(0.0), At: ptr(w.at(10, 0, 5)), Over: web.Seconds(time.Minute)}
	width := to.Sub(from) / 60
	for i := range 60 {
		at := from.Add(time.Duration(i) * width)
		if at.After(w.at(10, 0, 5)) {
			break
		}
		wave := 1 + .8*math.Sin(float64(i)/9)
		f.Rates = append(f.Rates, web.Rate{At: at, In: bps(in * wave), Out: bps(out * wave)})
	}
	return f
}

// reader holds the fixture in memory and keeps customers apart, as the collector does.
type reader struct {
	w     world
	fleet web.Fleet
	err   error // returned by every method
}

func (r *reader) Fleet(_ context.Context, v web.Viewer) (web.Fleet, error) {
	f := r.fleet
	if v.Role == web.RoleNOC {
		return f, r.err
	}
	f.Customers = keep(f.Customers, func(c web.Customer) bool { return v.May(c.ID) })
	f.Incidents = keep(f.Incidents, func(i web.Incident) bool { return v.May(i.Customer) })
	f.Works = keep(f.Works, func(k web.Work) bool { return v.May(k.Customer) })
	f.Changes = keep(f.Changes, func(c web.Change) bool { return v.May(c.Customer) })
	f.Counts = web.Counts{}
	for _, c := range f.Customers {
		for _, s := range c.Sites {
			f.Counts.Devices += len(s.Devices)
			f.Counts.Up += len(s.Devices) // roughly: the figures are not what is tested with it
		}
	}
	return f, r.err
}

func keep[T any](in []T, yes func(T) bool) []T {
	var out []T
	for _, v := range in {
		if yes(v) {
			out = append(out, v)
		}
	}
	return out
}

func (r *reader) Device(_ context.Context, v web.Viewer, c vouch.CustomerID, d vouch.DeviceID, from, to time.Time) (web.Device, error) {
	if r.err == nil && (c != "noordhaven" || d != "nhv-mdk-fw1" || !v.May(c)) {
		return web.Device{}, web.ErrNotFound
	}
	return r.w.device(from, to), r.err
}

func (r *reader) Incidents(_ context.Context, v web.Viewer, q web.IncidentQuery) (web.Incidents, error) {
	out := web.Incidents{AsOf: r.w.asOf()}
	for _, id := range []string{"INC-2026-0413", "INC-2026-0412", "INC-2026-0409", "INC-2026-0407", "INC-2026-0390"} {
		i := r.w.incident(id)
		if v.May(i.Customer) && (q.State == "" || q.State == i.State) && len(out.Items) < q.Limit {
			out.Items = append(out.Items, i)
			if i.State == web.IncidentOpen {
				out.Open++
			}
		}
	}
	return out, r.err
}

func (r *reader) Incident(_ context.Context, v web.Viewer, c vouch.CustomerID, id string) (web.IncidentDetail, error) {
	i := r.w.incidentDetail(id)
	if r.err == nil && (i.Customer != c || !v.May(c)) {
		return web.IncidentDetail{}, web.ErrNotFound
	}
	return i, r.err
}

func (r *reader) Maintenance(_ context.Context, v web.Viewer) (web.Maintenance, error) {
	return web.Maintenance{AsOf: r.w.asOf(), Works: keep(r.w.works(), func(k web.Work) bool { return v.May(k.Customer) })}, r.err
}

// Statement is Noordhaven's for May 2026, or a short one for any other period.
func (r *reader) Issued(_ context.Context, v web.Viewer, c vouch.CustomerID, p web.Period) ([]web.Issued, error) {
	if r.err != nil || c != "noordhaven" || !v.May(c) {
		return nil, cmp.Or(r.err, web.ErrNotFound)
	}
	return []web.Issued{
		{Number: "ST-0004", Version: 2, At: r.w.now.Add(-time.Hour), Reason: "measurements came in after the last version was issued", Bundle: "/bundle/" + string(c) + "/ST-0004/2"},
		{Number: "ST-0004", Version: 1, At: r.w.now.Add(-25 * time.Hour), Bundle: "/bundle/" + string(c) + "/ST-0004/1"},
	}, nil
}

func (r *reader) Statement(_ context.Context, v web.Viewer, c vouch.CustomerID, p web.Period) (statement.Statement, error) {
	if r.err == nil && (c != "noordhaven" || !v.May(c)) {
		return statement.Statement{}, web.ErrNotFound
	}
	if p.Month != "2026-05" {
		return r.w.shortStatement(), r.err
	}
	return r.w.mayStatement(), r.err
}
