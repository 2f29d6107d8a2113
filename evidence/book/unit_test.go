// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// What was recorded before units and interfaces stood in an assignment keeps its bytes,
// and so does a device with units.
func TestRecordsOfUnits(t *testing.T) {
	check := vouch.Check{Name: "snmp", Kind: vouch.KindSNMP, Addr: netip.MustParseAddr("192.0.2.1"), Port: 161, Interval: time.Minute, Timeout: 5 * time.Second, Version: "2c", Credential: "lab", Profile: "generic"}
	const plain = `{"addr":"192.0.2.1","check":"snmp","device":"r","interval_ms":60000,"kind":"snmp","port":161,"profile":"generic","timeout_ms":5000,"version":"2c"`
	with := func(f func(*vouch.Check)) vouch.Check {
		c := check
		f(&c)
		return c
	}
	from := time.Date(2026, 6, 15, 10, 30, 0, 123456789, time.FixedZone("CEST", 7200))
	for _, c := range []struct {
		name string
		body any
		want string
	}{
		{"as before", book.CheckBodyOf("r", check), plain + "}"},
		{"a unit", book.CheckBodyOf("r", with(func(c *vouch.Check) { c.Unit = vouch.Unit{Serials: []string{"FX1"}, From: from} })),
			plain[:len(plain)-len(`,"version":"2c"`)] + `,"unit":{"from":"2026-06-15T08:30:00.123Z","serial":"FX1"},"version":"2c"}`},
		{"a cluster", book.CheckBodyOf("r", with(func(c *vouch.Check) { c.Unit = vouch.Unit{Serials: []string{"FX1", "FX2"}, From: from} })),
			plain[:len(plain)-len(`,"version":"2c"`)] + `,"unit":{"from":"2026-06-15T08:30:00.123Z","serials":["FX1","FX2"]},"version":"2c"}`},
		{"an engine and interfaces", book.CheckBodyOf("r", with(func(c *vouch.Check) {
			c.Unit, c.Interfaces = vouch.Unit{EngineID: "8000000001", From: from}, []string{"wan*"}
		})), `{"addr":"192.0.2.1","check":"snmp","device":"r","interfaces":["wan*"],` + plain[len(`{"addr":"192.0.2.1","check":"snmp","device":"r",`):len(plain)-len(`,"version":"2c"`)] +
			`,"unit":{"engine_id":"8000000001","from":"2026-06-15T08:30:00.123Z"},"version":"2c"}`},
		{"a device as before", book.DeviceBodyOf(vouch.Device{ID: "r", Class: vouch.ClassRouter, Units: []vouch.Unit{{Serials: []string{"FX1"}, From: from}}}),
			`{"addresses":[],"class":"router","device":"r","units":[{"from":"2026-06-15T08:30:00.123Z","serial":"FX1"}]}`},
	} {
		got, err := evidence.MarshalCanonical(c.body)
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n %s, %v, want\n %s", c.name, got, err, c.want)
		}
	}
	units := []vouch.Unit{{Serials: []string{"A"}, From: at(0)}, {Serials: []string{"B", "C"}, From: at(1)}, {EngineID: "8000000001", From: at(2)}}
	b := book.New()
	take(t, b, 0, "installation-1", evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/s", Site: "s",
		Devices: []book.DeviceBody{book.DeviceBodyOf(vouch.Device{ID: "r", Units: units})}})
	if got := b.Customer("acme").Sites[0].Devices[0].Units; !reflect.DeepEqual(got, units) {
		t.Errorf("the book says %v, want %v", got, units)
	}
	var old book.CheckBody
	if err := json.Unmarshal([]byte(plain+"}"), &old); err != nil || !reflect.DeepEqual(old, book.CheckBodyOf("r", check)) {
		t.Errorf("an old record reads as %+v, %v", old, err)
	}
}
