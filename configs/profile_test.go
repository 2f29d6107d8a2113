// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
)

// profileNames lists the profiles as a message does that has too many of them.
func profileNames() string {
	var names []string
	for _, p := range configs.Profiles()[:12] {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ") + ", ..."
}

// TestProfiles looks at the profiles of the product. Host has what the bench asks of
// a device: 13 columns, and 113 values of ten interfaces with the uptime.
func TestProfiles(t *testing.T) {
	profiles := configs.Profiles()
	for _, want := range []struct {
		name            string
		class           vouch.Class
		scalars, tables int
	}{
		{"generic", vouch.ClassOther, 0, 1},
		{"host", vouch.ClassServer, 2, 1},
	} {
		p, err := configs.FindProfile(profiles, want.name)
		if err != nil || p.Class != want.class || len(p.Scalars) != want.scalars || len(p.Tables) != want.tables {
			t.Errorf("FindProfile(%s) = %+v, %v, want %+v", want.name, p, err, want)
		}
	}
	for _, p := range profiles {
		if p.File != "profiles/"+p.Name+".yaml" {
			t.Errorf("profile %s stands in %s: it is looked for by its name", p.Name, p.File)
		}
	}
	host, err := configs.FindProfile(profiles, "host")
	if err != nil {
		t.Fatal(err)
	}
	table := host.Tables[0]
	if got := len(table.Columns) + len(table.Tags); got != 14 {
		t.Errorf("columns of host = %d, want 14", got)
	}
	if got := 10*len(table.Columns) + len(host.Scalars) + 1; got != 123 {
		t.Errorf("values of host with ten interfaces and the uptime = %d, want 123", got)
	}
	if _, err := configs.FindProfile(profiles, "none"); err == nil {
		t.Error("FindProfile(none) gave a profile, want an error")
	}
}

func TestProfileMistakes(t *testing.T) {
	const good = "schema: 1\nname: acme\nclass: router\nmetrics:\n  - symbol: {OID: 1.3.6.1.4.1.99999.1.0, name: load, type: gauge}\n" +
		"  - table: {name: port}\n    symbols: [{OID: 1.3.6.1.4.1.99999.2.1, name: in, type: counter}]\n    metric_tags: [{tag: label, symbol: {OID: 1.3.6.1.4.1.99999.2.2}}]\n    max_rows: 9\n"
	for _, c := range []struct{ name, old, new, want string }{
		{"another schema", "schema: 1", "schema: ▸2", "schema 2 is out of range, allowed are 1 to 1"},
		{"a type that is guessed", "{OID: 1.3.6.1.4.1.99999.1.0, name: load, type: gauge}", "▸{OID: 1.3.6.1.4.1.99999.1.0, name: load}", "symbol lacks the key type, needed is how the value is stored"},
		{"unknown type", "type: counter", "type: ▸monotonic_count", `type "monotonic_count" is unknown, allowed are gauge, counter, state, bitmask, text, timeticks`},
		{"leading dot", "OID: 1.3.6.1.4.1.99999.1.0", "OID: ▸.1.3.6.1", `OID ".1.3.6.1" is no object identifier, allowed are numbers with dots between them, as 1.3.6.1.2.1.1.3.0`},
		{"a name for an OID", "OID: 1.3.6.1.4.1.99999.1.0", "OID: ▸sysDescr", `OID "sysDescr" is no object identifier, allowed are numbers with dots between them, as 1.3.6.1.2.1.1.3.0`},
		{"scalar and table", "  - table:", "  - ▸symbol: {OID: 1.3.6, name: x, type: text}\n    table:", "metrics[1] needs exactly one of the keys symbol and table"},
		{"table without columns", "  - table: {name: port}\n    symbols: [{OID: 1.3.6.1.4.1.99999.2.1, name: in, type: counter}]\n", "  - ▸table: {name: port}\n", "metrics[1] is a table without symbols, needed is at least one column"},
		{"endless table", "max_rows: 9", "max_rows: ▸1000000", "max_rows 1000000 is out of range, allowed are 1 to 10000"},
		{"rows by a tag that is not there", "max_rows: 9", "only: {name: ▸wan}", `only is about the tag "name", which the table has not, allowed are those of metric_tags`},
		{"rows by no pattern", "max_rows: 9", "except: {label: ▸'(wan'}", "label is no regular expression (RE2): missing closing ): `(wan`"},
		{"rows of a scalar", "name: load, type: gauge}", "name: load, type: gauge}\n    only: ▸{label: x}", "only belongs to a table, allowed beside symbol is nothing"},
		{"pattern in the middle", "metrics:", `match: {sysobjectid: [▸"1.3.*.6"]}` + "\nmetrics:", `sysobjectid[0] "1.3.*.6" is no pattern of object identifiers, allowed are numbers with dots between them and .* at the end, as 1.3.6.1.4.1.9.1.*`},
		{"name of the product's", "name: acme", "name: ▸host", `profile "host" is defined twice (first at profiles/host.yaml:1:1), allowed is once`},
		{"a rule that matches everything", "metrics:", "match: ▸{}\nmetrics:", "match would match every device, needed is at least one of the keys sysobjectid, sysdescr and exists"},
		{"an identifier that everybody has", "metrics:", `match: {sysobjectid: ▸["1.3.6.1.4.1.8072.3.2.10"]}` + "\nmetrics:", "sysobjectid holds an identifier that net-snmp gives to every device, needed beside it is at least one of the keys sysdescr and exists"},
		{"a second rule", "metrics:", `match: [{sysdescr: x}, {sysdescr: ▸"("}]` + "\nmetrics:", "sysdescr is no regular expression (RE2): missing closing ): `(`"},
		{"a pattern without a group", "name: load, type: gauge}", "name: load, type: gauge, extract: ▸'[0-9]+'}", "extract has 0 groups in parentheses, needed are 1; (?:...) is none"},
		{"a factor of nothing", "name: load, type: gauge}", "name: load, type: gauge, scale: ▸0}", "scale is no factor, allowed are numbers other than 0, as 0.1 or 1024"},
		{"a scaled counter", "type: counter}", "type: counter, scale: ▸8}", "scale belongs to a gauge, allowed beside counter is none"},
		{"an odd width", "type: counter}", "type: counter, bits: ▸48}", "bits 48 is no width of a counter, allowed are 32 and 64"},
		{"the width of a gauge", "name: load, type: gauge}", "name: load, type: gauge, bits: ▸32}", "bits belongs to a counter, allowed beside gauge is none"},
		{"a field of our own", "name: in, type: counter}", "name: ▸counter_bits, type: counter}", "name counter_bits is the product's own, allowed is any other"},
		{"names of a gauge", "name: load, type: gauge}", "name: load, type: gauge, mapping: ▸{1: up}}", "mapping belongs to a state or a bitmask, allowed beside gauge is none"},
		{"fine and unheard of", "name: load, type: gauge}", "name: load, type: state, mapping: {1: up}, ok: [▸upp]}", `ok[0] "upp" is no name that mapping gives`},
		{"a name twice", "  - table:", "  - symbol: ▸{OID: 1.3.6, name: load, type: text}\n  - table:", "symbol is read twice under the name load, allowed is once"},
		{"a field twice", "    max_rows: 9\n", "  - table: {name: port}\n    symbols: [▸{OID: 1.3.6.1.4.1.99999.3.1, name: in, type: counter}]\n", "symbols[0] reads port.in a second time, allowed is once"},
		{"a tag of nothing", "{tag: label, symbol: {OID: 1.3.6.1.4.1.99999.2.2}}", "▸{tag: label}", "metric_tags[0] needs exactly one of the keys symbol and index"},
		{"no part of an index", "{tag: label, symbol: {OID: 1.3.6.1.4.1.99999.2.2}}", "{tag: label, index: ▸text}", `index "text" is no part of an index, allowed are a position from 1 on, and ascii`},
		{"a clock of its own", "metrics:", "poll: {uptime: [▸sun]}\nmetrics:", `uptime[0] "sun" is unknown, allowed are engine, host, sys`},
		{"two ways to a fact", "metrics:", "metadata: {device: {fields: {model: ▸{value: x, symbol: {OID: 1.3.6}}}}}\nmetrics:", "model needs exactly one of the keys value, symbol and symbols"},
		{"a recording somewhere", "metrics:", "tests: [{recording: ▸a/b.snmprec, expect: {device.model: x}}]\nmetrics:", `recording "a/b.snmprec" is a path, allowed is the name of a file: who runs the test says in which folder`},
		{"a test of nothing", "metrics:", "tests: [▸{recording: b.snmprec}]\nmetrics:", "tests[0] lacks the key expect, needed is what is found there"},
		{"a limit", "metrics:", "▸thresholds: []\nmetrics:", `unknown key "thresholds" in the file, allowed are class, extends, kind, match, metadata, metrics, name, poll, schema, tests, traps`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files{"acme.yaml": good}
			place := f.edit(t, "acme.yaml", c.old, c.new)
			got := lines(configs.Check(f.source(), "acme.yaml"))
			if want := place + ": " + c.want; got != want {
				t.Errorf("problems =\n%s\nwant\n%s", got, want)
			}
		})
	}
	if got := lines(configs.Check(files{"acme.yaml": good}.source(), "acme.yaml")); got != "" {
		t.Errorf("problems of a good profile = %s, want none", got)
	}
}

// A profile says more than another only where it says so: everything else it takes over.
func TestProfileTakesOver(t *testing.T) {
	f := files{"acme.yaml": `# Acme, seen on a
# desk.
schema: 1
name: acme
class: telephony
kind: pbx
extends: [generic]
match:
  - {sysobjectid: ["1.3.6.1.4.1.99999.*"], sysdescr: '^Acme'}
  - {exists: [1.3.6.1.4.1.99999.1]}
poll: {bulk: false, max_repetitions: 7, uptime: [host, sys]}
metadata:
  device:
    fields:
      vendor: {value: Acme}
      model: {symbol: {OID: 1.3.6.1.2.1.1.2.0, mapping: {7: Seven}}}
      serial_number: {symbols: [{OID: 1.3.6.1.4.1.99999.3.0}, {OID: 1.3.6.1.2.1.47.1.1.1.1.11, where: {OID: 1.3.6.1.2.1.47.1.1.1.1.5, equals: 3}}]}
metrics:
  - symbol: {OID: 1.3.6.1.4.1.99999.1.0, name: calls.ongoing, type: gauge, unit: calls, scale: 0.1, extract: '([0-9]+)'}
  - table: {name: interface}
    symbols: [{OID: 1.3.6.1.4.1.99999.2.1, name: line, type: bitmask, mapping: {1: fine, 64: no signal}, ok: [fine]}]
    metric_tags: [{tag: slot, index: 1}, {tag: label, index: ascii}, {tag: port, symbol: {OID: 1.3.6.1.4.1.99999.2.2, mapping: {1: one}}}]
traps: [{OID: 1.3.6.1.4.1.99999.0.1, name: doorOpen}]
tests: [{recording: acme.snmprec, expect: {device.model: Seven, calls.ongoing: 4, absent x: true}}]
`}
	got, problems := configs.LoadProfile(f.source(), "acme.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	object := func(oid string) vouch.FactSource { return vouch.FactSource{OID: oid} }
	want := configs.Profile{File: "acme.yaml", About: "Acme, seen on a desk.",
		Tests: []configs.ProfileTest{{Recording: "acme.snmprec", Expect: []configs.Expectation{{"device.model", "Seven"}, {"calls.ongoing", "4"}, {"absent x", "true"}}}},
		Profile: vouch.Profile{
			Name: "acme", Class: vouch.ClassTelephony, Kind: "pbx", NoBulk: true, Repetitions: 7, Uptime: []vouch.Clock{vouch.ClockHost, vouch.ClockSys},
			Match: []vouch.Match{{SysObjectID: []string{"1.3.6.1.4.1.99999.*"}, SysDescr: "^Acme"}, {Exists: []string{"1.3.6.1.4.1.99999.1"}}},
			Facts: vouch.DeviceFacts{
				Vendor: []vouch.FactSource{{Value: "Acme"}},
				Model:  []vouch.FactSource{{OID: "1.3.6.1.2.1.1.2.0", Mapping: []vouch.Mapped{{Value: "7", Name: "Seven"}}}},
				Serial: []vouch.FactSource{object("1.3.6.1.4.1.99999.3.0"),
					{OID: "1.3.6.1.2.1.47.1.1.1.1.11", Where: "1.3.6.1.2.1.47.1.1.1.1.5", WhereEquals: "3"}},
			},
			Scalars: []vouch.Symbol{{OID: "1.3.6.1.4.1.99999.1.0", Name: "calls.ongoing", Type: vouch.TypeGauge, Unit: "calls", Scale: 0.1, Extract: "([0-9]+)"}},
			Tables: []vouch.Table{{Name: "interface",
				Columns: []vouch.Symbol{{OID: "1.3.6.1.4.1.99999.2.1", Name: "line", Type: vouch.TypeBitmask,
					Mapping: []vouch.Mapped{{Value: "1", Name: "fine"}, {Value: "64", Name: "no signal"}}, OK: []string{"fine"}}},
				Tags: []vouch.Symbol{{Name: "slot", Type: vouch.TypeText, Index: 1}, {Name: "label", Type: vouch.TypeText, Index: vouch.IndexText},
					{OID: "1.3.6.1.4.1.99999.2.2", Name: "port", Type: vouch.TypeText, Mapping: []vouch.Mapped{{Value: "1", Name: "one"}}}},
			}},
			Traps: []vouch.Trap{{OID: "1.3.6.1.4.1.99999.0.1", Name: "doorOpen"}},
		}}
	got.Traps = got.Traps[:min(1, len(got.Traps))] // generic's may follow
	if !reflect.DeepEqual(got, want) {
		t.Errorf("LoadProfile = %+v\nwant          %+v", got, want)
	}
}
