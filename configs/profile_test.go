// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
)

// TestProfiles looks at the profiles of the product. Host has what the bench asks of
// a device: 13 columns, and 113 values of ten interfaces with the uptime.
func TestProfiles(t *testing.T) {
	profiles := configs.Profiles()
	for _, want := range []struct {
		name            string
		class           vouch.Class
		scalars, tables int
		sysObjectID     string
	}{
		{"audiocodes-gateway", vouch.ClassTelephony, 3, 2, "1.3.6.1.4.1.5003.8.1.1.47"},
		{"cisco-router", vouch.ClassRouter, 0, 3, ".1.3.6.1.4.1.9.1.2093"},
		{"fortinet-firewall", vouch.ClassFirewall, 5, 3, "1.3.6.1.4.1.12356.101.1.644"},
		{"generic", vouch.ClassOther, 0, 1, ""},
		{"host", vouch.ClassServer, 2, 1, ""},
	} {
		p, err := configs.FindProfile(profiles, want.name)
		if err != nil || p.Class != want.class || len(p.Scalars) != want.scalars || len(p.Tables) != want.tables {
			t.Errorf("FindProfile(%s) = %+v, %v, want %+v", want.name, p, err, want)
		}
		if want.sysObjectID != "" && (!p.Matches(want.sysObjectID) || p.Matches("1.3.6.1.4.1.8072.3.2.10")) {
			t.Errorf("%s matches %v, want %s and not net-snmp", want.name, p.SysObjectID, want.sysObjectID)
		}
	}
	host, err := configs.FindProfile(profiles, "host")
	if err != nil {
		t.Fatal(err)
	}
	table := host.Tables[0]
	if got := len(table.Columns) + len(table.Tags); got != 13 {
		t.Errorf("columns of host = %d, want 13", got)
	}
	if got := 10*len(table.Columns) + len(host.Scalars) + 1; got != 113 {
		t.Errorf("values of host with ten interfaces and the uptime = %d, want 113", got)
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
		{"unknown type", "type: counter", "type: ▸monotonic_count", `type "monotonic_count" is unknown, allowed are gauge, counter, state, text, timeticks`},
		{"leading dot", "OID: 1.3.6.1.4.1.99999.1.0", "OID: ▸.1.3.6.1", `OID ".1.3.6.1" is no object identifier, allowed are numbers with dots between them, as 1.3.6.1.2.1.1.3.0`},
		{"a name for an OID", "OID: 1.3.6.1.4.1.99999.1.0", "OID: ▸sysDescr", `OID "sysDescr" is no object identifier, allowed are numbers with dots between them, as 1.3.6.1.2.1.1.3.0`},
		{"scalar and table", "  - table:", "  - ▸symbol: {OID: 1.3.6, name: x, type: text}\n    table:", "metrics[1] needs exactly one of the keys symbol and table"},
		{"table without columns", "  - table: {name: port}\n    symbols: [{OID: 1.3.6.1.4.1.99999.2.1, name: in, type: counter}]\n", "  - ▸table: {name: port}\n", "metrics[1] is a table without symbols, needed is at least one column"},
		{"endless table", "max_rows: 9", "max_rows: ▸1000000", "max_rows 1000000 is out of range, allowed are 1 to 10000"},
		{"pattern in the middle", "metrics:", `match: {sysobjectid: [▸"1.3.*.6"]}` + "\nmetrics:", `sysobjectid[0] "1.3.*.6" is no pattern of object identifiers, allowed are numbers with dots between them and .* at the end, as 1.3.6.1.4.1.9.1.*`},
		{"name of the product's", "name: acme", "name: ▸generic", `profile "generic" is defined twice (first at profiles/generic.yaml:9:7), allowed is once`},
		{"a limit", "metrics:", "▸thresholds: []\nmetrics:", `unknown key "thresholds" in the file, allowed are class, extends, match, metrics, name, schema`},
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
