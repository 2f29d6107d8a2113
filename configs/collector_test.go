// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
)

func TestCollectorMistakes(t *testing.T) {
	const file = "collector.yaml"
	runBad(t, []badInput{
		{"not YAML", file, "origin: vouch.example.net", "x: [a\n▸origin: vouch.example.net", "not YAML: ',' or ']' must be specified"},
		{"a tab for indentation", file, "web:\n  # P", "web:\n▸\t# P", "not YAML: found character '\t' that cannot start any token"},
		{"a control character", file, "data: data", "data: d▸\x01ata", "a byte that is no printable UTF-8 text, allowed are UTF-8 and line feeds"},
		{"not UTF-8", file, "data: data", "data: d▸\xffata", "a byte that is no printable UTF-8 text, allowed are UTF-8 and line feeds"},
		{"two documents", file, "log_level: info", "log_level: info\n---\n▸log_level: info", "a second YAML document, allowed is one in a file"},
		{"unknown key, a slip", file, "listen: \":7443\"", "▸lisen: \":7443\"", `unknown key "lisen" in the file, did you mean listen? allowed are agents, anchor, base, contracts, data, influxdb, limits, listen, log_level, notify, origin, profiles, retention, web`},
		{"unknown key, far off", file, "  seal: 60s", "  seal: 60s\n  ▸colour: red", `unknown key "colour" in agents, allowed are address, heartbeat, seal`},
		{"key twice", file, "log_level: info", "log_level: info\n▸log_level: debug", "log_level stands twice in the file (first at collector.yaml:116:1), allowed is once"},
		{"key missing", file, "#influxdb:\n#  url", "influxdb:\n  ▸org: o\n  bucket: b\n  token: env:GOOD\n#  url", "influxdb lacks the key url, needed is the address of the server, as http://127.0.0.1:8086"},
		{"key without value", file, "origin: vouch.example.net", "▸origin:", "origin has no value, give it one or leave the key out"},
		{"anchor", file, "data: data", "data: ▸&d data", "data is an anchor (&), allowed is the value written out"},
		{"alias", file, "data: data", "data: ▸*d", "data is an alias (*), allowed is the value written out"},
		{"tag", file, "data: data", "data: ▸!!str data", "data is a tag (!), allowed is the value written out"},
		{"merge key", file, "agents:\n", "agents:\n  ▸<<: {seal: 1s}\n", "a key of agents is no plain word, allowed are plain words as keys"},
		{"number for a text", file, "data: data", "data: ▸17", "data is a number, allowed is a text: put it in quotes"},
		{"list for a text", file, "data: data", "data: ▸[data]", "data is a list, allowed is a text"},
		{"empty text", file, "data: data", `data: ▸""`, "data is empty, give it a text or leave the key out"},
		{"two lines", file, "data: data", `data: ▸"a\nb"`, "data has a line break or tab, allowed is one line"},
		{"text for a mapping", file, "#influxdb:\n", "influxdb: ▸yes\n", "influxdb is a text, allowed is a mapping of keys to values"},
		{"mapping for a list", file, "contracts:\n  - contract.yaml", "contracts:\n  ▸contract.yaml: 1", "contracts is a mapping, allowed is a list, [] for none"},
		{"origin with a plus", file, "vouch.example.net", "▸vouch+example", `origin "vouch+example" is no ledger name, allowed is a host name with or without a path, as vouch.example.net`},
		{"address without port", file, "listen: 127.0.0.1:7480", "listen: ▸127.0.0.1", `listen "127.0.0.1" is no address with a port, allowed is HOST:PORT as 127.0.0.1:7480, [::1]:7480 or :7443`},
		{"port too high", file, "listen: 127.0.0.1:7480", "listen: ▸127.0.0.1:70000", `listen "127.0.0.1:70000" is no address with a port, allowed is HOST:PORT as 127.0.0.1:7480, [::1]:7480 or :7443`},
		{"mistyped address", file, "listen: 127.0.0.1:7480", "listen: ▸127.0.0.300:7480", `listen "127.0.0.300:7480" is no address with a port, allowed is HOST:PORT as 127.0.0.1:7480, [::1]:7480 or :7443`},
		{"duration without unit", file, "seal: 60s", "seal: ▸60", "seal is a number, allowed is a duration with its unit, as 250ms, 10s or 5m"},
		{"no duration", file, "seal: 60s", "seal: ▸soon", `seal "soon" is no duration, allowed is a number with its unit, as 250ms, 10s or 5m`},
		{"duration out of range", file, "seal: 60s", "seal: ▸60h", "seal 60h is out of range, allowed are 1s to 10m"},
		{"negative duration", file, "seal: 60s", "seal: ▸-60s", "seal -60s is out of range, allowed are 1s to 10m"},
		{"integer out of range", file, "in_flight: 64", "in_flight: ▸0", "in_flight 0 is out of range, allowed are 1 to 10000"},
		{"huge integer", file, "in_flight: 64", "in_flight: ▸99999999999999999999999", "in_flight is a text, allowed is a whole number from 1 to 10000"},
		{"fraction for an integer", file, "in_flight: 64", "in_flight: ▸6.4", "in_flight is a number, allowed is a whole number from 1 to 10000"},
		{"unknown word", file, "log_level: info", "log_level: ▸inof", `log_level "inof" is unknown, did you mean info? allowed are debug, info, warn, error`},
		{"missing base", file, "base: base.yaml", "base: ▸nowhere.yaml", "base: file nowhere.yaml cannot be read: file does not exist"},
		{"missing contract", file, "- contract.yaml", "- contract.yaml\n  - ▸b.yaml", "contracts[1]: file b.yaml cannot be read: file does not exist"},
		{"file listed twice", file, "- contract.yaml", "- contract.yaml\n  - ▸contract.yaml", "file contract.yaml is listed twice, allowed is once"},
		{"missing profile", file, "#profiles: [acme-router.yaml]", "profiles: [▸acme-router.yaml]", "profiles[0]: file acme-router.yaml cannot be read: file does not exist"},
	})
}

func TestMissingFile(t *testing.T) {
	c, ps := configs.LoadCollector(files{}.source(), "etc/collector.yaml")
	if got, want := lines(ps), "etc/collector.yaml:1:1: the file cannot be read: file does not exist"; got != want {
		t.Errorf("LoadCollector of nothing = %q, want %q", got, want)
	}
	if c.File != "" {
		t.Errorf("LoadCollector of nothing gave %+v, want the zero value", c)
	}
}

func TestEveryMistakeAtOnce(t *testing.T) {
	f := example()
	places := []string{
		f.edit(t, "base.yaml", "address: 192.0.2.131", "address: ▸192.0.2.1310"),
		f.edit(t, "base.yaml", "class: telephony", "class: ▸telefony"),
		f.edit(t, "base.yaml", "any: [firewall-1, firewall-2]", "any: [firewall-1, ▸firewall-3]"),
		f.edit(t, "collector.yaml", "log_level", "▸loglevel"),
		f.edit(t, "contract.yaml", "voters: [ams1,", "voters: [▸ams9,"),
	}
	c, ps := configs.LoadCollector(f.source(), "collector.yaml")
	got := strings.Split(lines(ps), "\n")
	if len(got) != len(places) {
		t.Fatalf("LoadCollector gave %d problems, want %d:\n%s", len(got), len(places), lines(ps))
	}
	for i, place := range places {
		if !strings.HasPrefix(got[i], place+": ") {
			t.Errorf("problem %d = %s, want one at %s", i, got[i], place)
		}
	}
	if c.File != "" || c.Base.Customers != nil {
		t.Error("LoadCollector with mistakes gave a value, want nothing half-loaded")
	}
	if ps.Err() == nil || strings.Count(ps.Err().Error(), "\n") != len(places)-1 {
		t.Errorf("Err() = %v, want all %d mistakes", ps.Err(), len(places))
	}
}
