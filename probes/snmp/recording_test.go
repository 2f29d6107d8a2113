// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// sharedDevices holds recordings of real devices, which are not part of the project.
const sharedDevices = "../../../shared/devices"

func recordings(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedDevices, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no recordings at %s", filepath.Join(sharedDevices, pattern))
	}
	return files
}

func read(t *testing.T, file string) lab.Walk {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := lab.ParseSnmprec(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return w
}

// count returns how many objects of the walk lie at or below the OID.
func count(t *testing.T, w lab.Walk, oid string) int {
	t.Helper()
	return len(w) - len(w.Without(oid))
}

// Every recorded device is up, and each of its interfaces that has a status becomes
// one row; a second poll, which knows the device, finds the same.
func TestRecordings(t *testing.T) {
	for _, file := range recordings(t, "*/*.snmprec") {
		w := read(t, file)
		want := count(t, w, "1.3.6.1.2.1.2.2.1.8")
		for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
			d := run(t, w, lab.Options{Still: true})
			p, tg := newProber(t), target(d, version)
			tg.Profile = snmp.Generic()
			first := p.Probe(t.Context(), tg)
			second := p.Probe(t.Context(), tg)
			for round, r := range []vouch.Result{first, second} {
				status := 0
				for _, pt := range rows(r, "interface") {
					for _, f := range pt.Fields {
						if f.Name == "oper_status" {
							status++
						}
					}
				}
				if r.Outcome != vouch.Up || r.Detail != "" || status != want {
					t.Errorf("%s, v%s, round %d: %v (%s), %d rows with a status, want %d", filepath.Base(file), version, round, r.Outcome, r.Detail, status, want)
				}
				safe(t, filepath.Base(file), r)
			}
			if second.Sent > first.Sent {
				t.Errorf("%s, v%s: %d requests at first, %d once known", filepath.Base(file), version, first.Sent, second.Sent)
			}
		}
	}
}

// safe checks that everything textual can be printed and that no two points are one.
func safe(t *testing.T, name string, r vouch.Result) {
	t.Helper()
	seen := make(map[string]bool)
	check := func(s string) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%s: %q is not safe", name, s)
		}
	}
	for _, p := range r.Points {
		series := p.Measurement
		for i, tag := range p.Tags {
			check(tag.Value)
			if tag.Value == "" || i > 0 && p.Tags[i-1].Key >= tag.Key {
				t.Errorf("%s: tags %v are empty or not in order", name, p.Tags)
			}
			series += "," + tag.Key + "=" + tag.Value
		}
		if seen[series] || len(p.Fields) == 0 {
			t.Errorf("%s: point %s occurs twice or has no fields", name, series)
		}
		seen[series] = true
		for _, f := range p.Fields {
			if f.Value.Kind() == vouch.ValueString {
				check(f.Value.Text())
			}
		}
	}
}

func TestHostileValues(t *testing.T) {
	file := recordings(t, "synthetic/hostile_values.snmprec")[0]
	d := run(t, read(t, file), lab.Options{Still: true})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	// As a field, the alias makes rows of those interfaces that have nothing else.
	table := &tg.Profile.Tables[0]
	table.Columns = append(table.Columns, vouch.Symbol{OID: "1.3.6.1.2.1.31.1.1.1.18", Name: "alias", Type: vouch.TypeText})
	r := newProber(t).Probe(t.Context(), tg)
	safe(t, file, r)
	if v, _ := field(r, "interface", "in_octets"); v.Uint() != 18446744073709550116 {
		t.Errorf("in_octets = %d, want 18446744073709550116", v.Uint())
	}
	if v, _ := field(r, "snmp", "sys_uptime_ticks"); v.Uint() != 4294967200 {
		t.Errorf("sys_uptime_ticks = %d, want 4294967200", v.Uint())
	}
	var aliases []string
	for _, p := range rows(r, "interface") {
		for _, f := range p.Fields {
			if f.Name == "alias" && f.Value.Text() != "" {
				aliases = append(aliases, f.Value.Text())
			}
		}
	}
	want := []string{`GB\xe9nt`, "Bureau", `\x00\xff\x1b[2J\x0a"`}
	if len(aliases) != len(want) || aliases[0] != want[0] || !strings.HasPrefix(aliases[1], want[1]) || aliases[2] != want[2] {
		t.Errorf("aliases = %q, want like %q", aliases, want)
	}
}
