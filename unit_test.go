// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
)

func TestUnitAt(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 6, d, 0, 0, 0, 0, time.UTC) }
	units := []vouch.Unit{{Serials: []string{"A"}, From: day(10)}, {EngineID: "8000000001", From: day(20)}}
	for at, want := range map[time.Time]string{day(9): "", day(10): "serial A", day(19): "serial A", day(20): "engine 8000000001", day(30): "engine 8000000001"} {
		u := vouch.UnitAt(units, at)
		if u.Known() != (want != "") || u.Known() && u.String() != want {
			t.Errorf("UnitAt(%v) = %v, want %q", at, u, want)
		}
	}
	if got := (vouch.Unit{Serials: []string{"A", "B"}}).String(); got != "serial A or B" {
		t.Errorf("String = %q", got)
	}
}

func TestValidUnit(t *testing.T) {
	long := strings.Repeat("x", vouch.MaxSerial+1)
	for _, c := range []struct {
		unit vouch.Unit
		want string
	}{
		{vouch.Unit{}, ""},
		{vouch.Unit{Serials: []string{"A"}}, ""},
		{vouch.Unit{EngineID: "800000090301"}, ""},
		{vouch.Unit{Serials: []string{"A"}, EngineID: "8000000001"}, "not by both"},
		{vouch.Unit{Serials: make([]string, vouch.MaxSerials+1)}, "17 serial numbers"},
		{vouch.Unit{Serials: []string{" "}}, "is empty or longer"},
		{vouch.Unit{Serials: []string{long}}, "is empty or longer"},
		{vouch.Unit{EngineID: "80000000"}, "no hexadecimal text"},
		{vouch.Unit{EngineID: "800000000"}, "no hexadecimal text"},
		{vouch.Unit{EngineID: "80000000010"}, "no hexadecimal text"},
		{vouch.Unit{EngineID: "8000000G01"}, "no hexadecimal text"},
		{vouch.Unit{EngineID: strings.Repeat("80", 33)}, "no hexadecimal text"},
	} {
		err := vouch.ValidUnit(c.unit)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("ValidUnit(%.60v) = %v, want %q", c.unit, err, c.want)
		}
	}
}

func TestInterfacePattern(t *testing.T) {
	for _, c := range []struct {
		pattern, name, alias string
		want                 bool
	}{
		{"wan1", "wan1", "", true},
		{"wan1", "wan10", "", false},
		{"wan1", "WAN1", "", false},
		{"Gi0/0/*", "Gi0/0/12", "", true},
		{"Gi*", "Gi0/0/12", "", true},
		{"*", "", "", true},
		{"*/1", "Gi0/1/1", "", true},
		{"*/1", "Gi0/1/2", "", false},
		{"a*b*c", "a-b-b-c-bc", "", true},
		{"a*b*c", "a-b-b-c-b", "", false},
		{"w?n", "wan", "", true},
		{"w?n", "wn", "", false},
		{"wan*", "wan", "", true},
		{"alias:WAN *", "eth0", "WAN one", true},
		{"alias:WAN *", "WAN one", "LAN", false},
	} {
		p, err := vouch.ParseInterface(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Matches([]vouch.Tag{{Key: "ifAlias", Value: c.alias}, {Key: "ifName", Value: c.name}}); got != c.want {
			t.Errorf("%s matches %q %q: %v, want %v", c.pattern, c.name, c.alias, got, c.want)
		}
		if p.Matches(nil) {
			t.Errorf("%s matches a row without tags", c.pattern)
		}
	}
	for _, bad := range []string{"", "alias:", "alias: ", strings.Repeat("x", 129)} {
		if p, err := vouch.ParseInterface(bad); err == nil {
			t.Errorf("ParseInterface(%.20q) = %v, want an error", bad, p)
		}
	}
}
