// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
)

func mustLoad(t *testing.T, f files) configs.Collector {
	t.Helper()
	c, ps := configs.LoadCollector(f.source(), "collector.yaml")
	if ps.Err() != nil {
		t.Fatal(ps.Err())
	}
	return c
}

// told lists what an agent does, as "customer/device/check ...; reference ...".
func told(p configs.Plan) string {
	var out []string
	for _, a := range p.Assignments {
		out = append(out, string(a.Customer)+"/"+string(a.Device)+"/"+string(a.Check.Name))
	}
	var refs []string
	for _, r := range p.References {
		refs = append(refs, r.Name+":"+string(r.Customers[0]))
		for _, c := range r.Customers[1:] {
			refs[len(refs)-1] += "," + string(c)
		}
	}
	return strings.Join(out, " ") + "; " + strings.Join(refs, " ")
}

func TestAssignments(t *testing.T) {
	f := example()
	const services = "    # What the contract promises"
	f["base.yaml"] = f["base.yaml"][:strings.Index(f["base.yaml"], services)] + `
    services: [{id: internet, device: router-1}]
  - id: cafe
    contract: gold
    sites:
      - id: corner
        locations: [ams1, ams2, bru1]
        devices:
          - id: till
            class: router
            address: 192.0.2.200
            checks: [icmp]
            lease: {from: 2026-03-01, until: 2026-04-01}
  - id: bar
    contract: gold
    sites: [{id: pier, locations: [ams1], devices: [{id: till, class: router, address: 2001:db8::1, checks: [icmp], lease: {from: 2026-01-01}}]}]
  - id: empty
    contract: gold
    sites: []
`
	c := mustLoad(t, f)
	const bakery = "bakery/firewall-1/icmp bakery/firewall-1/snmp bakery/firewall-2/icmp bakery/firewall-2/snmp bakery/phones/icmp bakery/router-1/icmp bakery/router-1/snmp"
	const one = "gateway:bakery exchange:bakery resolver:bakery"
	zone := c.Contracts[0].Versions[0].Terms.Zone.Location()
	for _, test := range []struct {
		name string
		at   time.Time
		want []string // by agent
	}{
		{"before the contract", time.Date(2025, 12, 31, 12, 0, 0, 0, zone), []string{"; ", "; ", "; ", "; "}},
		{"within every lease", time.Date(2026, 3, 1, 0, 0, 0, 0, zone), []string{
			bakery + " bar/till/icmp cafe/till/icmp; gateway:bakery,cafe,bar exchange:bakery,cafe,bar resolver:bakery,cafe,bar",
			bakery + " cafe/till/icmp; gateway:bakery,cafe exchange:bakery,cafe resolver:bakery,cafe",
			bakery + " cafe/till/icmp; gateway:bakery,cafe exchange:bakery,cafe resolver:bakery,cafe",
			bakery + "; " + one, // in the bakery's custody
		}},
		{"after a lease", time.Date(2026, 4, 1, 0, 0, 0, 0, zone), []string{
			bakery + " bar/till/icmp; gateway:bakery,bar exchange:bakery,bar resolver:bakery,bar",
			bakery + "; " + one, bakery + "; " + one, bakery + "; " + one,
		}},
	} {
		var got []string
		for _, p := range configs.Assignments(c.Base, c.Contracts, test.at) {
			got = append(got, told(p))
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("Assignments %s =\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestAssignedCheck(t *testing.T) {
	f := example()
	f.edit(t, "base.yaml", "address: service}  # the defaults", "address: management}  # the")
	c := mustLoad(t, f)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	checks := configs.Customers(c.Base, c.Contracts, at)[0].Sites[0].Devices[0].Checks
	want := []vouch.Check{
		{
			Name: "icmp", Kind: vouch.KindICMP, Addr: checks[0].Addr, Interval: 30 * time.Second, Timeout: 5 * time.Second,
			Count: 3, Spacing: time.Second, Size: 56, Watch: vouch.Watch{RTT: 150 * time.Millisecond, Loss: 6},
		},
		{
			Name: "snmp", Kind: vouch.KindSNMP, Addr: checks[1].Addr, Port: 161, Interval: time.Minute, Timeout: 5 * time.Second,
			Version: "2c", Credential: "lab", Profile: "cisco-router",
			Unit: vouch.Unit{Serials: []string{"FX2201A0B1"}, From: time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)},
		},
	}
	if !reflect.DeepEqual(checks, want) {
		t.Errorf("checks of router-1 = %+v, want %+v", checks, want)
	}
	if got := checks[0].Addr.String() + " " + checks[1].Addr.String(); got != "192.0.2.130 198.51.100.130" {
		t.Errorf("addresses of icmp and snmp = %s, want those of service and management", got)
	}
}

// A check of SNMP names what the thresholds of the version in force are about, sorted
// and once; no other kind of check does.
func TestAssignedValues(t *testing.T) {
	f := example()
	f.edit(t, "contract.yaml", second, laterVersion("2", "2027-01-01T00:00:00+01:00", "{icmp: {interval: 10s}, snmp: {}}"))
	f.edit(t, "contract.yaml", "- {name: lossy,", `- {name: hot, kind: snmp, metric: value, value: temperature, at: 70, window: 5m}
      - {name: hotter, kind: snmp, metric: value, value: temperature, at: 90, window: 5m, effect: down}
      - {name: wan, kind: snmp, metric: value, value: "interface.ifOperStatus{ifName=wan1}", compare: not_in, set: [1], window: 5m}
      - {name: lossy,`)
	c := mustLoad(t, f)
	for at, want := range map[time.Time]string{
		time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC): "interface.ifOperStatus{ifName=wan1} temperature",
		time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC): "",
	} {
		for _, a := range configs.Assignments(c.Base, c.Contracts, at)[0].Assignments {
			wanted := want
			if a.Check.Kind != vouch.KindSNMP {
				wanted = ""
			}
			if got := strings.Join(a.Check.Values, " "); got != wanted {
				t.Errorf("values of %s/%s at %v = %q, want %q", a.Device, a.Check.Name, at, got, wanted)
			}
		}
	}
}

func TestNextChange(t *testing.T) {
	f := example()
	f.edit(t, "contract.yaml", second, laterVersion("2", "2027-01-01T00:00:00+01:00", "{icmp: {interval: 10s}, snmp: {}}"))
	c := mustLoad(t, f)
	at := time.Time{}
	var got []string
	for {
		next, ok := configs.NextChange(c.Base, c.Contracts, at)
		if !ok {
			break
		}
		got = append(got, next.Format(time.RFC3339))
		at = next
	}
	if want := "2025-12-31T23:00:00Z 2026-06-15T08:30:00Z 2026-12-31T23:00:00Z 2028-12-31T23:00:00Z"; strings.Join(got, " ") != want {
		t.Errorf("NextChange, again and again = %s, want %s", strings.Join(got, " "), want)
	}
	before, after := time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC), time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]time.Duration{before: 30 * time.Second, after: 10 * time.Second} {
		if got := configs.Assignments(c.Base, c.Contracts, at)[0].Assignments[0].Check.Interval; got != want {
			t.Errorf("interval at %v = %v, want %v", at, got, want)
		}
	}
}

// The unit that a check expects is the one on record at the instant of the assignment.
func TestAssignedUnit(t *testing.T) {
	f := example()
	f.edit(t, "base.yaml", "- {serial: FX2345C2D3, from: 2026-06-15T10:30:00+02:00}", `- {serials: [FX2345C2D3, " FX2345C2D4 "], from: 2026-06-15T10:30:00+02:00}
              - {engine_id: "0x80:00:00:09:03:AA", from: 2026-07-01T00:00:00Z}`)
	f.edit(t, "base.yaml", "            units:", "            interfaces: [\"Gi0/0/*\", \"alias:WAN *\"]\n            units:")
	c := mustLoad(t, f)
	for at, want := range map[time.Time]string{
		time.Date(2026, 6, 15, 8, 29, 59, 0, time.UTC): "serial FX2201A0B1",
		time.Date(2026, 6, 15, 8, 30, 0, 0, time.UTC):  "serial FX2345C2D3 or FX2345C2D4",
		time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC):    "engine 8000000903aa",
	} {
		seen := false
		for _, a := range configs.Assignments(c.Base, c.Contracts, at)[0].Assignments {
			if a.Check.Kind != vouch.KindSNMP || a.Device != "router-1" {
				if a.Check.Unit.Known() || a.Check.Interfaces != nil {
					t.Errorf("%s/%s at %v expects %v, %v", a.Device, a.Check.Name, at, a.Check.Unit, a.Check.Interfaces)
				}
				continue
			}
			seen = true
			if got := a.Check.Unit.String(); got != want || strings.Join(a.Check.Interfaces, " ") != "Gi0/0/* alias:WAN *" {
				t.Errorf("at %v expected: %s, interfaces %q, want %s", at, got, a.Check.Interfaces, want)
			}
		}
		if !seen {
			t.Errorf("router-1 is not asked over SNMP at %v", at)
		}
	}
}
