// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"math"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

const acme = "1.3.6.1.4.1.99999."

// What a profile makes of a value, each worked out by hand.
func TestValuesOfAProfile(t *testing.T) {
	const integer, octets, counter32, gauge32, counter64 = 0x02, 0x04, 0x41, 0x42, 0x46
	tests := []struct {
		name   string
		symbol vouch.Symbol
		tag    byte
		data   []byte
		want   any // nil for no field
		label  string
	}{
		{"tenths of a degree", vouch.Symbol{Type: vouch.TypeGauge, Scale: 0.1}, integer, []byte{3}, 0.3, ""},
		{"tenths below zero", vouch.Symbol{Type: vouch.TypeGauge, Scale: 0.1}, integer, []byte{0xff, 0x0b}, -24.5, ""},
		{"kilobytes", vouch.Symbol{Type: vouch.TypeGauge, Scale: 1024}, gauge32, []byte{2}, int64(2048), ""},
		{"a third has no inverse", vouch.Symbol{Type: vouch.TypeGauge, Scale: 0.3}, integer, []byte{10}, 3.0, ""},
		{"a percent sign", vouch.Symbol{Type: vouch.TypeGauge, Extract: `([0-9.]+)\s*%`}, octets, []byte("2%"), 2.0, ""},
		{"scaled after it was found", vouch.Symbol{Type: vouch.TypeGauge, Extract: `([0-9.]+)`, Scale: 0.01}, octets, []byte("load 250 of"), 2.5, ""},
		{"no number in it", vouch.Symbol{Type: vouch.TypeGauge, Extract: `([0-9.]+)`}, octets, []byte("n/a"), nil, ""},
		{"a text for a gauge", vouch.Symbol{Type: vouch.TypeGauge}, octets, []byte("12"), nil, ""},
		{"a gauge typed as a counter", vouch.Symbol{Type: vouch.TypeGauge}, counter64, []byte{0x13, 0x88}, int64(5000), ""},
		{"a counter to the last digit", vouch.Symbol{Type: vouch.TypeCounter}, counter64, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint64(math.MaxUint64), ""},
		{"a counter in a text", vouch.Symbol{Type: vouch.TypeCounter, Extract: `n=(\d+)`}, octets, []byte("n=18446744073709551615"), uint64(math.MaxUint64), ""},
		{"a state", vouch.Symbol{Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "2", Name: "up"}}}, integer, []byte{2}, int64(2), "up"},
		{"a state that nobody knows", vouch.Symbol{Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "2", Name: "up"}}}, integer, []byte{9}, int64(9), "unknown(9)"},
		{"a state as a text", vouch.Symbol{Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "Registered", Name: "registered"}}}, octets, []byte("Registered"), "Registered", "registered"},
		{"another text", vouch.Symbol{Type: vouch.TypeState, Mapping: []vouch.Mapped{{Value: "Registered", Name: "registered"}}}, octets, []byte("Trying"), "Trying", "unknown(Trying)"},
		{"a state without a word", vouch.Symbol{Type: vouch.TypeState}, octets, nil, nil, ""},
		{"a bit mask", vouch.Symbol{Type: vouch.TypeBitmask, Mapping: []vouch.Mapped{{Value: "1", Name: "fine"}, {Value: "64", Name: "no signal"}, {Value: "2", Name: "far alarm"}}}, integer, []byte{66}, int64(66), "far alarm,no signal"},
		{"one bit", vouch.Symbol{Type: vouch.TypeBitmask, Mapping: []vouch.Mapped{{Value: "1", Name: "fine"}}}, integer, []byte{1}, int64(1), "fine"},
		{"an unknown bit", vouch.Symbol{Type: vouch.TypeBitmask, Mapping: []vouch.Mapped{{Value: "1", Name: "fine"}}}, integer, []byte{5}, int64(5), "fine,unknown(4)"},
		{"part of a text", vouch.Symbol{Type: vouch.TypeText, Extract: `v([0-9.]+)`}, octets, []byte("image v1.2, x"), "1.2", ""},
		{"a text without that part", vouch.Symbol{Type: vouch.TypeText, Extract: `v([0-9.]+)`}, octets, []byte("image"), nil, ""},
		{"a counter of 32 bits", vouch.Symbol{Type: vouch.TypeCounter}, counter32, []byte{0, 0xff, 0xff, 0xff, 0xff}, uint64(math.MaxUint32), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.symbol
			s.OID, s.Name = acme+"1.0", "acme.value"
			walk := lab.Router().With(s.OID, test.tag, test.data)
			tg := target(run(t, walk, lab.Options{Still: true}), probes.SNMPv2c)
			tg.Profile = &vouch.Profile{Name: "acme", Scalars: []vouch.Symbol{s}}
			r := newProber(t).Probe(t.Context(), tg)
			v, ok := field(r, "acme", "value")
			if r.Outcome != vouch.Up || ok != (test.want != nil) {
				t.Fatalf("Probe = %v, value %v %v, want %v", r.Outcome, v, ok, test.want)
			}
			switch want := test.want.(type) {
			case int64:
				ok = v.Kind() == vouch.ValueInt && v.Int() == want
			case uint64:
				ok = v.Kind() == vouch.ValueUint && v.Uint() == want
			case float64:
				ok = v.Kind() == vouch.ValueFloat && v.Float() == want
			case string:
				ok = v.Kind() == vouch.ValueString && v.Text() == want
			default:
				return
			}
			if !ok {
				t.Errorf("value = %+v, want %v", v, test.want)
			}
			if label, _ := s.Label(v); label != test.label {
				t.Errorf("label = %q, want %q", label, test.label)
			}
		})
	}
}

// Rows of a table are told apart by parts of their index, and never by half of it.
func TestTagsFromTheIndex(t *testing.T) {
	walk := lab.Router().
		With(acme+"2.1.3.80.82.73", 0x02, []byte{1}).       // "PRI", with its length
		With(acme+"2.1.1.66", 0x02, []byte{2}).             // "B"
		With(acme+"2.1.2.1000.7", 0x02, []byte{3}).         // no text: two numbers
		With(acme+"3.1.1.1", 0x02, []byte{4}).              // slot 1, port 1
		With(acme+"3.1.1.2", 0x02, []byte{5}).              // slot 1, port 2
		With(acme+"3.2.1.1", 0x04, []byte("north")).        // and a name
		With(acme+"3.2.1.2", 0x04, []byte("south\x00\xff")) // of any bytes
	tg := target(run(t, walk, lab.Options{Still: true}), probes.SNMPv2c)
	value := []vouch.Symbol{{OID: acme + "2.1", Name: "value", Type: vouch.TypeGauge}}
	port := []vouch.Symbol{{OID: acme + "3.1", Name: "value", Type: vouch.TypeGauge}}
	tg.Profile = &vouch.Profile{Name: "acme", Tables: []vouch.Table{
		{Name: "label", Columns: value, Tags: []vouch.Symbol{{Name: "line", Index: vouch.IndexText, Mapping: []vouch.Mapped{{Value: "B", Name: "basic"}}}}},
		{Name: "whole", Columns: port, Tags: []vouch.Symbol{{Name: "slot", Index: 1}, {Name: "port", Index: 2}}},
		{Name: "half", Columns: port, Tags: []vouch.Symbol{{Name: "slot", Index: 1}}},
		{Name: "named", Columns: port, Tags: []vouch.Symbol{{OID: acme + "3.2", Name: "name"}, {Name: "alike", Index: 2}}},
	}}
	r := newProber(t).Probe(t.Context(), tg)
	for table, want := range map[string][]string{
		"label": {"line=basic", "line=2.1000.7", "line=PRI"},
		"whole": {"port=1 slot=1", "port=2 slot=1"},
		"half":  {"index=1.1 slot=1", "index=1.2 slot=1"},
		"named": {"alike=1 name=north", `alike=2 name=south\x00\xff`},
	} {
		var got []string
		for _, p := range rows(r, table) {
			line := ""
			for _, tag := range p.Tags {
				line += " " + tag.Key + "=" + tag.Value
			}
			got = append(got, line[1:])
		}
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %q (%s)", table, got, want, r.Detail)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: row %d is %q, want %q", table, i, got[i], want[i])
			}
		}
	}
}

func TestRunning(t *testing.T) {
	const day = 24 * time.Hour
	const wrap = (1 << 32) * 10 * time.Millisecond // 497.1 days
	tests := []struct {
		name   string
		facts  snmp.Facts
		clocks []vouch.Clock
		want   time.Duration
	}{
		{"only the agent's clock", snmp.Facts{UpTime: 3 * day}, nil, 3 * day},
		{"the host has run longer than its agent", snmp.Facts{UpTime: day, HostUpTime: 23 * day}, nil, 23 * day},
		{"a wrap that the engine remembers", snmp.Facts{UpTime: 3 * day, EngineTime: 3*day + wrap + time.Minute}, nil, 3*day + wrap},
		{"two wraps", snmp.Facts{UpTime: 3 * day, EngineTime: 3*day + 2*wrap - time.Minute}, nil, 3*day + 2*wrap},
		{"an engine that counts something else", snmp.Facts{UpTime: 71 * time.Minute, EngineTime: 42 * day}, nil, 71 * time.Minute},
		{"nearly a wrap is none", snmp.Facts{UpTime: 3 * day, EngineTime: 2*day + wrap}, nil, 3 * day},
		{"as the profile says", snmp.Facts{UpTime: 3 * day, HostUpTime: 9 * day, EngineTime: 5 * day}, []vouch.Clock{vouch.ClockEngine, vouch.ClockSys}, 5 * day},
		{"the profile's best clock is missing", snmp.Facts{UpTime: 3 * day}, []vouch.Clock{vouch.ClockHost, vouch.ClockSys}, 3 * day},
		{"no clock", snmp.Facts{}, nil, 0},
	}
	for _, test := range tests {
		if got, ok := test.facts.Running(test.clocks); got != test.want || ok != (test.want > 0) {
			t.Errorf("%s: Running = %v %v, want %v", test.name, got, ok, test.want)
		}
	}
}
