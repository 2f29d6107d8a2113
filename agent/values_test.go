// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
)

// The values that a check names stand in its line of the availability stream, as they
// were read; what is not there, not one row, or no number, does not.
func TestNamedValuesStandInTheCheckLine(t *testing.T) {
	row := func(name, alias string, fields ...vouch.Field) vouch.Point {
		return vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifAlias", Value: alias}, {Key: "ifName", Value: name}}, Fields: fields}
	}
	oper := func(n int64) vouch.Field { return vouch.Field{Name: "ifOperStatus", Value: vouch.Int(n)} }
	synctest.Test(t, func(t *testing.T) {
		a := assignment(2)
		a.Devices[0].Checks[0].Name, a.Devices[0].Checks[0].Kind = "snmp", vouch.KindSNMP
		a.Devices[0].Checks[0].Values = []string{
			"broken", "interface.ifOperStatus{ifAlias=uplink}", "interface.ifOperStatus{ifName=wan1,ifAlias=uplink}",
			"interface.ifOperStatus{ifName=wan2}", "interface.ifOperStatus{ifName=wan9}", "missing", "sys_name", "temperature", "uptime",
		}
		b := newBench(t, a)
		b.network.points = []vouch.Point{
			{Measurement: "snmp", Fields: []vouch.Field{
				{Name: "broken", Value: vouch.Float(math.NaN())}, {Name: "sys_name", Value: vouch.Text("r1")},
				{Name: "temperature", Value: vouch.Float(71.5)}, {Name: "uptime", Value: vouch.Uint(math.MaxUint64)}}},
			row("wan1", "uplink", oper(1)), row("wan2", "uplink", oper(2)), row("wan3", ""),
		}
		b.start()
		time.Sleep(2 * time.Minute)
		b.stop()
		b.down()

		want := []vouch.Field{
			{Name: "interface.ifOperStatus{ifName=wan1,ifAlias=uplink}", Value: vouch.Float(1)},
			{Name: "interface.ifOperStatus{ifName=wan2}", Value: vouch.Float(2)},
			{Name: "temperature", Value: vouch.Float(71.5)},
			{Name: "uptime", Value: vouch.Float(math.MaxUint64)},
		}
		samples := 0
		for _, s := range b.collector.samples("acme") {
			if s.Device == "d1" {
				samples++
				if !reflect.DeepEqual(s.Values, want) {
					t.Fatalf("values of d1 = %v, want %v", s.Values, want)
				}
			} else if s.Values != nil {
				t.Fatalf("values of %s%s = %v, want none: nobody asked", s.Device, s.Reference, s.Values)
			}
		}
		if samples < 10 {
			t.Errorf("samples of d1 = %d, want one each 10 s", samples)
		}
	})
}
