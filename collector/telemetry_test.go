// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// gateway is what the devices of these tests are read by.
var gateway = vouch.Profile{
	Name: "gateway", Class: vouch.ClassTelephony,
	Scalars: []vouch.Symbol{
		{Name: "calls.total", Type: vouch.TypeCounter, Unit: "calls", Bits: 32},
		{Name: "calls.alarm", Type: vouch.TypeBitmask, Mapping: []vouch.Mapped{{Value: "1", Name: "none"}, {Value: "64", Name: "loss of signal"}}, OK: []string{"none"}},
		{Name: "temperature", Type: vouch.TypeGauge, Unit: "C"},
	},
	Tables: []vouch.Table{{Name: "interface", Columns: []vouch.Symbol{
		{Name: "admin_status", Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "1", Name: "up"}, {Value: "2", Name: "down"}}, OK: []string{"up"}},
		{Name: "oper_status", Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "1", Name: "up"}, {Value: "2", Name: "down"}, {Value: "7", Name: "lowerLayerDown"}}, OK: []string{"up"}},
		{Name: "in_errors", Type: vouch.TypeCounter, Bits: 32}, {Name: "in_octets", Type: vouch.TypeCounter}, {Name: "out_octets", Type: vouch.TypeCounter},
		{Name: "speed_mbps", Type: vouch.TypeGauge}, {Name: "discontinuity_ticks", Type: vouch.TypeTicks},
	}}},
}

// port is a row of the interface table.
type port struct {
	name        string
	oper        int64
	in, out     uint64
	errors      uint64
	speed, bits int64 // bits 0 for none told
	anew        uint64
}

func (p port) point() vouch.Point {
	fields := []vouch.Field{
		{Name: "admin_status", Value: vouch.Int(1)}, {Name: "oper_status", Value: vouch.Int(p.oper)}, {Name: "in_errors", Value: vouch.Uint(p.errors)},
		{Name: "in_octets", Value: vouch.Uint(p.in)}, {Name: "out_octets", Value: vouch.Uint(p.out)}, {Name: "speed_mbps", Value: vouch.Int(p.speed)},
		{Name: "discontinuity_ticks", Value: vouch.Uint(p.anew)},
	}
	if p.bits > 0 {
		fields = append(fields, vouch.Field{Name: vouch.FieldCounterBits, Value: vouch.Int(p.bits)})
	}
	return vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifName", Value: p.name}}, Fields: fields}
}

func system(sys, host uint64) vouch.Point {
	return vouch.Point{Measurement: "snmp", Fields: []vouch.Field{
		{Name: "sys_uptime_ticks", Value: vouch.Uint(sys)}, {Name: "host_uptime_ticks", Value: vouch.Uint(host)}, {Name: "temperature", Value: vouch.Float(41.5)},
	}}
}

// tell seals and stores what a device told at an instant.
func (p *player) tell(t *testing.T, c *centre, at time.Time, points ...vouch.Point) {
	t.Helper()
	s := p.sample("acme", "rt1", at, vouch.Up)
	s.Points = points
	var e evidence.Encoder
	lines, err := e.AppendSample(nil, s, vouch.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	id := evidence.Identity{Agent: p.id, Location: p.at, Customer: "acme"}
	h := p.header("acme", at, at.Add(time.Second))
	h.Stream = vouch.Telemetry
	if last, ok := p.chains[id][vouch.Telemetry]; ok {
		h.Epoch, h.Seq, h.Prev, h.Begins = last.Epoch, last.Seq+1, last.Hash, ""
		h.From = last.Through
	}
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.send(t, c, b.Raw); r[0].Status != wire.StatusStored {
		t.Fatalf("batch = %+v, want stored", r[0])
	}
	p.advance(b)
}

// page is what of a device's JSON these tests look at.
type page struct {
	Interfaces   []web.Interface `json:"interfaces"`
	InterfacesAt *time.Time      `json:"interfaces_at"`
	Facts        web.Facts       `json:"facts"`
}

// page returns what the API says of a device, once it is as new as that.
func (c *centre) page(at time.Time) (d page, raw string) {
	c.t.Helper()
	c.wait("the values are shown", func() bool {
		resp, err := http.Get(c.at.Web + "/api/v1/devices/acme/rt1")
		if err != nil {
			c.t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		d = page{}
		if err := json.Unmarshal(body, &d); err != nil {
			c.t.Fatalf("%v\n%s", err, body)
		}
		raw = string(body)
		return d.InterfacesAt != nil && d.InterfacesAt.Equal(at)
	})
	return d, raw
}

// ports says of every interface its state, what the profile makes of it, and its rates.
func ports(d page) string {
	var out []string
	for _, i := range d.Interfaces {
		s := fmt.Sprintf("%s %s %s", i.Name, i.State, i.Judged)
		if i.In != nil && i.Out != nil && i.ErrorRate != nil {
			s += fmt.Sprintf(" %d/%d %v", *i.In, *i.Out, *i.ErrorRate)
		}
		out = append(out, strings.TrimSpace(s+" "+i.NoRate))
	}
	return strings.Join(out, "; ")
}

// Rates come of two polls of one boot, of one agent, and there is none where it would be
// a guess; a restart shows with its time and the poll that saw it.
func TestRatesAndRestarts(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) {
			o.Base.Profiles = []vouch.Profile{gateway}
			o.Base.Customers[0].Sites[0].Devices[0].Profile = "gateway"
		}
	})
	ams, bru := c.agents["AMS-1"], c.agents["BRU-1"]
	const turn = 1 << 32
	at := ago(30 * time.Minute)
	next := func(by time.Duration) time.Time { at = at.Add(by); return at }

	ams.tell(t, c, at, system(turn-3_000, turn-2_000),
		port{"wan", 1, 1 << 60, 5, 10, 1000, 0, 7}.point(), port{"dsl", 2, turn - 1_000, 0, 0, 16, 32, 7}.point(), port{"tun", 9, turn - 1_000, 0, 0, 0, 32, 7}.point(),
		vouch.Point{Measurement: "calls", Fields: []vouch.Field{{Name: "total", Value: vouch.Uint(turn - 10)}, {Name: "alarm", Value: vouch.Int(64)}}})
	d, _ := c.page(at)
	if got, want := ports(d), "dsl down trouble read once so far; tun unknown(9) unknown read once so far; wan up ok read once so far"; got != want {
		t.Errorf("after one poll: %s, want %s", got, want)
	}

	// sysUpTime and hrSystemUptime wrap, and so does a counter of 32 bits; of one without a
	// speed nobody knows.
	ams.tell(t, c, next(time.Minute), system(3_000, 4_000),
		port{"wan", 1, 1<<60 + 7_500_001, 605, 25, 1000, 0, 7}.point(), port{"dsl", 7, 500, 0, 0, 16, 32, 7}.point(), port{"tun", 1, 500, 0, 0, 0, 32, 7}.point(),
		vouch.Point{Measurement: "calls", Fields: []vouch.Field{{Name: "total", Value: vouch.Uint(turn + 20)}, {Name: "alarm", Value: vouch.Int(65)}}})
	d, raw := c.page(at)
	if got, want := ports(d), "dsl lowerLayerDown trouble 200/0 0; tun up ok it fell, and is no counter that wrapped; wan up ok 1000000/80 0.25"; got != want {
		t.Errorf("after two polls: %s, want %s", got, want)
	}
	for _, want := range []string{
		`"name":"total","tags":[],"type":"counter","unit":"calls","value":4294967316,"per_second":0.5,`,
		`"name":"alarm","tags":[],"type":"bitmask","value":65,"words":"none,loss of signal","judged":"trouble"`,
		`"name":"temperature","tags":[],"type":"gauge","unit":"C","value":41.5,`,
	} {
		if !strings.Contains(raw, want) {
			t.Errorf("the API does not say %s in\n%s", want, raw)
		}
	}

	// Another agent reads at other instants: what it says first has no rate.
	bru.tell(t, c, next(10*time.Second), system(4_000, 5_000), port{"wan", 1, 1<<60 + 8_000_000, 700, 25, 1000, 0, 7}.point())
	if d, _ = c.page(at); !strings.Contains(ports(d), "wan up ok read once so far") {
		t.Errorf("after another agent's poll: %s, want no rate", ports(d))
	}

	// The device restarts; counters that are higher than before make no rate.
	ams.tell(t, c, next(50*time.Second), system(2_000, 3_000), port{"wan", 1, 1<<60 + 9_000_000, 900, 25, 1000, 0, 7}.point())
	d, _ = c.page(at)
	if !strings.Contains(ports(d), "wan up ok restarted in between") {
		t.Errorf("after a restart: %s, want no rate", ports(d))
	}
	bru.tell(t, c, next(5*time.Second), system(2_500, 3_500), port{"wan", 1, 1<<60 + 9_000_000, 900, 25, 1000, 0, 7}.point())
	d, _ = c.page(at)
	if r := d.Facts.Restarts; len(r) != 1 || r[0].What != web.RestartOfDevice || !r[0].At.Equal(at.Add(-35*time.Second)) || r[0].Seen == nil || !r[0].Seen.Equal(at.Add(-5*time.Second)) {
		t.Errorf("restarts = %+v, want one of 35 s before %v, seen 30 s later by the first agent", r, at)
	}

	// The SNMP agent restarts alone, and an interface is made anew without a restart.
	ams.tell(t, c, next(55*time.Second), system(1_000, 9_000), port{"wan", 1, 1<<60 + 9_100_000, 900, 25, 1000, 0, 7}.point())
	ams.tell(t, c, next(time.Minute), system(7_000, 15_000), port{"wan", 1, 1<<60 + 9_200_000, 900, 25, 1000, 0, 6_500}.point())
	d, _ = c.page(at)
	if r := d.Facts.Restarts; len(r) != 2 || r[1].What != web.RestartOfAgent || r[1].Clock != vouch.ClockSys || !r[1].At.Equal(at.Add(-70*time.Second)) {
		t.Errorf("restarts = %+v, want a second one, of the SNMP agent 70 s before %v", r, at)
	}
	if !strings.Contains(ports(d), "wan up ok the device says that it began to count anew") {
		t.Errorf("after a discontinuity: %s, want no rate", ports(d))
	}
	if d.Facts.Uptime == nil || time.Duration(*d.Facts.Uptime) != 150*time.Second || d.Facts.UptimeBy != vouch.ClockHost {
		t.Errorf("uptime = %v by %q, want 150 s by the host's clock", d.Facts.Uptime, d.Facts.UptimeBy)
	}
	ams.tell(t, c, next(time.Minute), system(13_000, 21_000), port{"wan", 1, 1<<60 + 9_800_000, 1500, 25, 1000, 0, 6_500}.point())
	if d, _ = c.page(at); !strings.Contains(ports(d), "wan up ok 80000/80 0") {
		t.Errorf("a minute later: %s, want rates again", ports(d))
	}
}
