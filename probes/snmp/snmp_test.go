// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/probetest"
	"github.com/vouch-sla/vouch/probes/snmp"
)

func newProber(t testing.TB) *snmp.Prober {
	t.Helper()
	p := snmp.New()
	t.Cleanup(p.Close)
	return p
}

func TestSuite(t *testing.T) {
	answers := run(t, lab.Router(), lab.Options{})
	silent := run(t, lab.Router(), lab.Options{})
	silent.Set(lab.Behaviour{Silent: true})
	credentials := map[string]probes.Credential{
		probes.SNMPv1:  {Community: "public"},
		probes.SNMPv2c: {Community: "public"},
	}
	for version, c := range credentials {
		t.Run("v"+version, func(t *testing.T) {
			good, mute := target(answers, version), target(silent, version)
			good.Credential, mute.Credential = c, c
			good.Profile = snmp.Generic()
			unsendable := good
			unsendable.Source = netip.MustParseAddr("192.0.2.77")
			probetest.Run(t, probetest.Suite{Prober: newProber(t), Answers: good, Silent: mute, Unsendable: unsendable})
		})
	}
	t.Run("v3", func(t *testing.T) {
		a := snmpd(t)
		good := a.target(combinations()[5].credential())
		mute := good
		mute.Check.Port = silent.Addr().Port()
		unsendable := good
		unsendable.Source = netip.MustParseAddr("192.0.2.77")
		probetest.Run(t, probetest.Suite{Prober: newProber(t), Answers: good, Silent: mute, Unsendable: unsendable})
	})
}

// What a device may do instead of answering, and what becomes of it.
func TestProbeOfMisbehavingDevice(t *testing.T) {
	all := 10 // rows of the walk
	tests := []struct {
		name      string
		behaviour lab.Behaviour
		outcome   vouch.Outcome
		reason    vouch.Reason
		rows      int
		detail    string
	}{
		{"garbage", lab.Behaviour{Garbage: true}, vouch.Unknown, vouch.ReasonProtocol, 0, "not SNMP"},
		{"truncated", lab.Behaviour{Truncate: true}, vouch.Unknown, vouch.ReasonProtocol, 0, "not SNMP"},
		{"wrong request-id", lab.Behaviour{WrongID: true}, vouch.Unknown, vouch.ReasonProtocol, 0, "request-id"},
		{"wrong community", lab.Behaviour{WrongCommunity: true}, vouch.Unknown, vouch.ReasonProtocol, 0, "community"},
		{"authorizationError", lab.Behaviour{Status: 16}, vouch.Unknown, vouch.ReasonCredentials, 0, "authorizationError"},
		{"silent after the first answer", lab.Behaviour{}, vouch.Up, "", 0, "table interface left out: no answer"},
		{"genErr to everything", lab.Behaviour{Status: 5}, vouch.Up, "", 0, ""},
		{"tooBig to everything", lab.Behaviour{Status: 1}, vouch.Up, "", 0, "too big"},
		{"tooBig above one binding", lab.Behaviour{MaxBinds: 1}, vouch.Up, "", all, ""},
		{"tooBig above thirty bindings", lab.Behaviour{MaxBinds: 30}, vouch.Up, "", all, ""},
		{"one bad column", lab.Behaviour{BadColumn: "1.3.6.1.2.1.2.2.1.14"}, vouch.Up, "", all, "1.3.6.1.2.1.2.2.1.14"},
		{"goes in circles", lab.Behaviour{Loop: true}, vouch.Up, "", 0, "do not increase"},
		{"never ends", lab.Behaviour{Endless: true}, vouch.Up, "", 0, "more than 512 rows"},
		{"loses the first request", lab.Behaviour{LoseFirst: 1}, vouch.Up, "", all, ""},
		{"loses every fourth request", lab.Behaviour{LoseEvery: 4}, vouch.Up, "", all, ""},
		{"slow", lab.Behaviour{Delay: 20 * time.Millisecond}, vouch.Up, "", all, ""},
		{"slow for us", lab.Behaviour{DelayFrom: map[netip.Addr]time.Duration{netip.MustParseAddr("127.0.0.1"): 20 * time.Millisecond}}, vouch.Up, "", all, ""},
		{"ignores others", lab.Behaviour{Ignore: []netip.Addr{netip.MustParseAddr("127.0.0.9")}}, vouch.Up, "", all, ""},
		{"ignores us", lab.Behaviour{Ignore: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, vouch.Down, vouch.ReasonTimeout, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := run(t, lab.Gateway(10), lab.Options{Still: true})
			d.Set(test.behaviour)
			tg := target(d, probes.SNMPv2c)
			tg.Profile = snmp.Generic()
			tg.Check.Timeout = 2 * time.Second
			if test.name == "silent after the first answer" {
				d.Set(lab.Behaviour{MuteAfter: 1})
			}
			r := newProber(t).Probe(t.Context(), tg)
			if r.Outcome != test.outcome || r.Reason != test.reason || !strings.Contains(r.Detail, test.detail) {
				t.Errorf("Probe = %v %q (%s), want %v %q (...%s...)", r.Outcome, r.Reason, r.Detail, test.outcome, test.reason, test.detail)
			}
			got := rows(r, "interface")
			if len(got) != test.rows {
				t.Errorf("%d rows, want %d: %s", len(got), test.rows, r.Detail)
			}
			for _, p := range got {
				want := 11
				if test.behaviour.BadColumn != "" {
					want--
				}
				if len(p.Fields) != want {
					t.Errorf("row %v has %d fields, want %d", p.Tags, len(p.Fields), want)
				}
			}
			if r.Outcome == vouch.Up && test.behaviour.Delay > 0 && r.RTT.Avg < test.behaviour.Delay {
				t.Errorf("RTT = %v, want at least %v", r.RTT.Avg, test.behaviour.Delay)
			}
			if test.behaviour.LoseFirst == 1 && (r.Lost != 1 || r.RTT.Avg > tg.Check.Timeout/2) {
				t.Errorf("lost %d, RTT %v; want one lost, and the RTT of the answered request alone", r.Lost, r.RTT.Avg)
			}
		})
	}
}

func TestNothingListens(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		tg := probes.Target{Check: vouch.Check{Addr: netip.MustParseAddr("127.0.0.1"), Port: freePort(t).Port(), Timeout: 5 * time.Second, Version: version}}
		tg.Credential = probes.Credential{Community: "public", User: "u"}
		r := newProber(t).Probe(t.Context(), tg)
		if r.Outcome != vouch.Down || r.Reason != vouch.ReasonRefused {
			t.Errorf("v%s: Probe = %v %v (%s), want down refused", version, r.Outcome, r.Reason, r.Detail)
		}
		if !probes.ReferenceAnswers(r) {
			t.Errorf("v%s: ReferenceAnswers = false, want true: the refusal came back", version)
		}
	}
}

func TestUnusableCredential(t *testing.T) {
	d := run(t, lab.Router(), lab.Options{})
	for name, c := range map[string]probes.Credential{
		"none":          {},
		"other version": {Version: probes.SNMPv3, User: "u"},
	} {
		tg := target(d, probes.SNMPv2c)
		tg.Credential = c
		if r := newProber(t).Probe(t.Context(), tg); r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonCredentials {
			t.Errorf("%s: Probe = %v %v (%s), want unknown credentials", name, r.Outcome, r.Reason, r.Detail)
		}
	}
	if d.Asked() != 0 {
		t.Errorf("the device was asked %d times, want 0", d.Asked())
	}
}

// The whole interface table costs at most four round trips, from the first poll on.
func TestRoundTrips(t *testing.T) {
	d := run(t, lab.Gateway(10), lab.Options{Still: true})
	p, tg := newProber(t), target(d, probes.SNMPv2c)
	tg.Profile = gateway113()
	for round := range 3 {
		before := d.Asked()
		r := p.Probe(t.Context(), tg)
		if n := d.Asked() - before; n > 4 || r.Sent != n || r.Lost != 0 {
			t.Errorf("round %d: %d round trips, Sent %d, Lost %d; want at most 4, all counted, none lost", round, n, r.Sent, r.Lost)
		}
		fields := 0
		for _, pt := range r.Points {
			fields += len(pt.Fields)
		}
		if fields < 114 || len(r.Points) != 11 {
			t.Errorf("round %d: %d fields in %d points, want at least 114 in 11", round, fields, len(r.Points))
		}
	}
}

func TestLargeTables(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		for _, n := range []int{0, 1, 11, 48, 200} {
			d := run(t, lab.Gateway(n), lab.Options{Still: true})
			p, tg := newProber(t), target(d, version)
			tg.Profile = snmp.Generic()
			for round := range 2 {
				r := p.Probe(t.Context(), tg)
				if got := len(rows(r, "interface")); got != n || r.Detail != "" {
					t.Errorf("v%s, %d interfaces, round %d: %d rows (%s)", version, n, round, got, r.Detail)
				}
			}
		}
	}
}

// A table beyond the profile's limit is left out, not cut off.
func TestRowLimit(t *testing.T) {
	d := run(t, lab.Gateway(30), lab.Options{})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	tg.Profile.Tables[0].MaxRows = 29
	r := newProber(t).Probe(t.Context(), tg)
	if r.Outcome != vouch.Up || len(rows(r, "interface")) != 0 || !strings.Contains(r.Detail, "more than 29 rows") {
		t.Errorf("Probe = %v with %d rows (%s), want up without rows", r.Outcome, len(rows(r, "interface")), r.Detail)
	}
}

// A device without ifXTable is read by its older columns, from the first poll on;
// what is remembered of it changes the cost alone.
func TestSubstitutes(t *testing.T) {
	old := lab.Gateway(4).Without("1.3.6.1.2.1.31")
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		d := run(t, old, lab.Options{Still: true})
		p, tg := newProber(t), target(d, version)
		tg.Profile = snmp.Generic()
		for round := range 2 {
			r := p.Probe(t.Context(), tg)
			got := rows(r, "interface")
			if len(got) != 4 {
				t.Fatalf("v%s, round %d: %d rows, want 4 (%s)", version, round, len(got), r.Detail)
			}
			if name := tagged(got[0], "ifName"); name != "GigabitEthernet0/1" {
				t.Errorf("v%s, round %d: ifName = %q, want the ifDescr", version, round, name)
			}
			if v, ok := field(r, "interface", "speed_mbps"); !ok || v.Int() != 1000 {
				t.Errorf("v%s, round %d: speed_mbps = %d %v, want 1000", version, round, v.Int(), ok)
			}
			if v, ok := field(r, "interface", "in_octets"); !ok || v.Kind() != vouch.ValueUint || v.Uint() != 10*1_000_003 {
				t.Errorf("v%s, round %d: in_octets = %d %v, want the 32-bit counter", version, round, v.Uint(), ok)
			}
		}
	}
}

// A device that gets its newer columns by an update restarts, and is asked for them.
func TestRestartIsNoticed(t *testing.T) {
	d := run(t, lab.Gateway(4), lab.Options{})
	p, tg := newProber(t), target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	before, _ := field(p.Probe(t.Context(), tg), "snmp", "sys_uptime_ticks")
	d.Reboot()
	r := p.Probe(t.Context(), tg)
	after, ok := field(r, "snmp", "sys_uptime_ticks")
	if !ok || after.Uint() >= before.Uint() || len(rows(r, "interface")) != 4 {
		t.Errorf("after a restart: uptime %d (before %d), %d rows", after.Uint(), before.Uint(), len(rows(r, "interface")))
	}
}

func TestAbsentIsNeitherZeroNorTimeout(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		d := run(t, lab.Gateway(3).Without("1.3.6.1.2.1.1.5").Without("1.3.6.1.2.1.2.2.1.13"), lab.Options{})
		tg := target(d, version)
		tg.Profile = snmp.Generic()
		tg.Profile.Scalars = []vouch.Symbol{
			{OID: "1.3.6.1.4.1.99999.1.0", Name: "nowhere", Type: vouch.TypeGauge},
			{OID: "not an OID", Name: "broken", Type: vouch.TypeGauge},
		}
		r := newProber(t).Probe(t.Context(), tg)
		if r.Outcome != vouch.Up || r.Lost != 0 || !strings.Contains(r.Detail, "not an OID") {
			t.Errorf("v%s: Probe = %v (%s), lost %d; want up, with the broken symbol named", version, r.Outcome, r.Detail, r.Lost)
		}
		for _, absent := range [][2]string{{"snmp", "sys_name"}, {"snmp", "nowhere"}, {"interface", "in_discards"}} {
			if _, ok := field(r, absent[0], absent[1]); ok {
				t.Errorf("v%s: field %s of %s is there, want none", version, absent[1], absent[0])
			}
		}
		if _, ok := field(r, "interface", "in_errors"); !ok {
			t.Errorf("v%s: field in_errors is missing", version)
		}
	}
}

// Rows are told apart by their names, which may be of the older column; where those do
// not do, the index helps.
func TestRowsAreToldApart(t *testing.T) {
	const ifName, octetString = "1.3.6.1.2.1.31.1.1.1.1.", 0x04
	w := lab.Gateway(5).With(ifName+"2", octetString, []byte("Gi0/1")).With(ifName+"3", octetString, nil).Without(ifName + "4")
	d := run(t, w, lab.Options{})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	var got []string
	for _, p := range rows(newProber(t).Probe(t.Context(), tg), "interface") {
		var tags []string
		for _, tag := range p.Tags {
			if tag.Key != "ifAlias" {
				tags = append(tags, tag.Key+"="+tag.Value)
			}
		}
		got = append(got, strings.Join(tags, ","))
	}
	want := []string{"ifName=Gi0/1,index=1", "ifName=Gi0/1,index=2", "index=3", "ifName=GigabitEthernet0/4", "ifName=Gi0/5"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("rows are\n%q, want\n%q", got, want)
	}
}

func TestTypesOfFields(t *testing.T) {
	const integer, octets, gauge32, ipAddress, objectID = 0x02, 0x04, 0x42, 0x40, 0x06
	w := lab.Gateway(0).
		With("1.3.6.1.4.1.99999.1.0", integer, []byte{0xfe}).
		With("1.3.6.1.4.1.99999.2.0", gauge32, []byte{0xff, 0xff, 0xff, 0xff}).
		With("1.3.6.1.4.1.99999.3.0", octets, []byte("2%")).
		With("1.3.6.1.4.1.99999.4.0", ipAddress, []byte{192, 0, 2, 1}).
		With("1.3.6.1.4.1.99999.5.0", objectID, []byte{0x2b, 6, 1}).
		With("1.3.6.1.4.1.99999.6.0", ipAddress, []byte{192, 0, 2})
	symbol := func(n int, kind vouch.SymbolType) vouch.Symbol {
		return vouch.Symbol{OID: fmt.Sprintf("1.3.6.1.4.1.99999.%d.0", n), Name: fmt.Sprintf("v%d_%s", n, kind), Type: kind}
	}
	profile := &vouch.Profile{Name: "types"}
	for n := 1; n <= 6; n++ {
		// Two profiles cannot name one OID twice, so each object has one type here.
		kind := []vouch.SymbolType{vouch.TypeGauge, vouch.TypeCounter, vouch.TypeGauge, vouch.TypeText, vouch.TypeText, vouch.TypeText}[n-1]
		profile.Scalars = append(profile.Scalars, symbol(n, kind))
	}
	d := run(t, w, lab.Options{})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = profile
	r := newProber(t).Probe(t.Context(), tg)
	if v, _ := field(r, "snmp", "v1_gauge"); v.Kind() != vouch.ValueInt || v.Int() != -2 {
		t.Errorf("gauge of INTEGER -2 = %v %d", v.Kind(), v.Int())
	}
	if v, _ := field(r, "snmp", "v2_counter"); v.Kind() != vouch.ValueUint || v.Uint() != 1<<32-1 {
		t.Errorf("counter of Gauge32 2^32-1 = %v %d", v.Kind(), v.Uint())
	}
	if _, ok := field(r, "snmp", "v3_gauge"); ok {
		t.Error("a gauge of the text 2% has a value, want none")
	}
	if got := text(r, "snmp", "v4_text"); got != "192.0.2.1" {
		t.Errorf("text of an IpAddress = %q, want 192.0.2.1", got)
	}
	if got := text(r, "snmp", "v5_text"); got != "1.3.6.1" {
		t.Errorf("text of an OID = %q, want 1.3.6.1", got)
	}
	if got := text(r, "snmp", "v6_text"); got == "" {
		t.Error("an IpAddress of three octets costs its field, or the answer; want its octets")
	}
}

func TestFacts(t *testing.T) {
	d := run(t, lab.Firewall(), lab.Options{Still: true})
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		f, r := newProber(t).Facts(t.Context(), target(d, version))
		want := snmp.Facts{
			SysDescr:    "Firewall FW-80 release 9.1.3 build 2204",
			SysObjectID: "1.3.6.1.4.1.8072.3.2.10",
			SysName:     "fw-ams-01.customer.example",
			UpTime:      118 * 24 * time.Hour,
			EngineBoots: 7,
			EngineTime:  118 * 24 * time.Hour,
			HostUpTime:  118 * 24 * time.Hour,
			EngineID:    "8000a0b004766f756368",
		}
		if r.Outcome != vouch.Up || snmp.Told(f) != want {
			t.Errorf("v%s: Facts = %+v, %v; want %+v", version, f, r.Outcome, want)
		}
	}
	d.Set(lab.Behaviour{Silent: true})
	tg := target(d, probes.SNMPv2c)
	tg.Check.Timeout = 200 * time.Millisecond
	if f, r := newProber(t).Facts(t.Context(), tg); r.Outcome != vouch.Down || f != (snmp.Facts{}) {
		t.Errorf("Facts of a silent device = %+v, %v; want none, down", f, r.Outcome)
	}
}
