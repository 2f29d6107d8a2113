// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
)

// Of the profiles that match, the one that knows most of the device is taken.
func TestRecognise(t *testing.T) {
	profile := func(name string, m ...vouch.Match) vouch.Profile { return vouch.Profile{Name: name, Match: m} }
	exact := vouch.Match{SysObjectID: []string{acme + "1.7"}}
	below := vouch.Match{SysObjectID: []string{acme + "1.*"}}
	vendor := vouch.Match{SysObjectID: []string{"1.3.6.1.4.1.99999.*"}}
	described := vouch.Match{SysObjectID: []string{acme + "1.*"}, SysDescr: "^Acme .* PBX"}
	has := vouch.Match{SysObjectID: []string{acme + "1.*"}, Exists: []string{acme + "5"}}
	lacks := vouch.Match{SysObjectID: []string{acme + "1.*"}, Exists: []string{acme + "5", acme + "6"}}
	alone := vouch.Match{Exists: []string{acme + "5.1.0"}}
	tests := []struct {
		name     string
		profiles []vouch.Profile
		want     string
	}{
		{"the exact identifier", []vouch.Profile{profile("b", below), profile("a", vendor), profile("c", exact)}, "c"},
		{"the longest prefix", []vouch.Profile{profile("a", vendor), profile("b", below)}, "b"},
		{"what exists before what is described", []vouch.Profile{profile("a", described), profile("b", has), profile("c", below)}, "b"},
		{"all of it must exist", []vouch.Profile{profile("a", described), profile("b", lacks), profile("c", below)}, "a"},
		{"the name decides at last", []vouch.Profile{profile("b", below), profile("a", below)}, "a"},
		{"one of several rules", []vouch.Profile{profile("a", lacks, alone)}, "a"},
		{"an object instead of an identifier", []vouch.Profile{profile("a", alone)}, "a"},
		{"without a rule", []vouch.Profile{profile("a")}, ""},
		{"half a number is no prefix", []vouch.Profile{profile("a", vouch.Match{SysObjectID: []string{"1.3.6.1.4.1.9999.*"}})}, ""},
		{"another description", []vouch.Profile{profile("a", vouch.Match{SysDescr: "^acme"})}, ""},
	}
	walk := lab.Router().With("1.3.6.1.2.1.1.1.0", 0x04, []byte("Acme 7\r\nPBX")).
		With("1.3.6.1.2.1.1.2.0", 0x06, []byte{0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1, 7}).With(acme+"5.1.0", 0x02, []byte{1})
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		tg := target(run(t, walk, lab.Options{Still: true}), version)
		p := newProber(t)
		for _, test := range tests {
			d, r := p.Recognise(t.Context(), tg, test.profiles)
			got := ""
			if d.Profile != nil {
				got = d.Profile.Name
			}
			if r.Outcome != vouch.Up || got != test.want {
				t.Errorf("v%s, %s: Recognise = %q %v, want %q", version, test.name, got, r.Outcome, test.want)
			}
		}
	}
}

// Facts come from the first source that has something to say.
func TestFactsOfAProfile(t *testing.T) {
	walk := lab.Router().With("1.3.6.1.2.1.1.1.0", 0x04, []byte("Acme PBX\n\xff, Version 7.1.2b, build 9")).
		With(acme+"1.0", 0x04, []byte(" \x00")).
		With(acme+"2.0", 0x04, []byte("SN-77\x00\x00")).
		With(acme+"3.1.1", 0x02, []byte{9}).With(acme+"3.1.2", 0x02, []byte{3}).With(acme+"3.1.3", 0x02, []byte{3}).
		With(acme+"3.2.1", 0x04, []byte("module")).With(acme+"3.2.2", 0x04, nil).With(acme+"3.2.3", 0x04, []byte("chassis")).
		With(acme+"4.0", 0x06, []byte{0x2b, 6, 1, 4, 1, 42}).With(acme+"5.0", 0x02, []byte{2})
	tg := target(run(t, walk, lab.Options{Still: true}), probes.SNMPv2c)
	src := func(s ...vouch.FactSource) []vouch.FactSource { return s }
	tests := []struct {
		name    string
		sources []vouch.FactSource
		want    string
	}{
		{"fixed", src(vouch.FactSource{Value: "Acme"}), "Acme"},
		{"padding", src(vouch.FactSource{OID: acme + "2.0"}), "SN-77"},
		{"empty, then another", src(vouch.FactSource{OID: acme + "1.0"}, vouch.FactSource{OID: acme + "9.0"}, vouch.FactSource{OID: acme + "2.0"}), "SN-77"},
		{"part of a text of several lines", src(vouch.FactSource{OID: "1.3.6.1.2.1.1.1.0", Extract: `PBX.*Version ([^,]+)`}), "7.1.2b"},
		{"nothing of a text", src(vouch.FactSource{OID: "1.3.6.1.2.1.1.1.0", Extract: `Release ([^,]+)`}), ""},
		{"the first row that says something", src(vouch.FactSource{OID: acme + "3.2"}), "module"},
		{"the row of the chassis", src(vouch.FactSource{OID: acme + "3.2", Where: acme + "3.1", WhereEquals: "3"}), "chassis"},
		{"no such row", src(vouch.FactSource{OID: acme + "3.2", Where: acme + "3.1", WhereEquals: "4"}), ""},
		{"the last number of an identifier", src(vouch.FactSource{OID: acme + "4.0", Mapping: []vouch.Mapped{{Value: "42", Name: "Deep"}}}), "Deep"},
		{"the name of a number", src(vouch.FactSource{OID: acme + "5.0", Mapping: []vouch.Mapped{{Value: "2", Name: "Two"}}}), "Two"},
		{"a number without a name", src(vouch.FactSource{OID: acme + "5.0", Mapping: []vouch.Mapped{{Value: "1", Name: "One"}}}), ""},
		{"none", nil, ""},
	}
	p := newProber(t)
	for _, test := range tests {
		profile := &vouch.Profile{Name: "acme", Facts: vouch.DeviceFacts{Model: test.sources}}
		if d, r := p.Describe(t.Context(), tg, profile); r.Outcome != vouch.Up || d.Model != test.want || d.Vendor != "" {
			t.Errorf("%s: Describe = %q %v, want %q", test.name, d.Model, r.Outcome, test.want)
		}
	}
}

// Each row that any column has is an interface, with the counters that it has.
func TestInterfaces(t *testing.T) {
	const entry, extended = "1.3.6.1.2.1.2.2.1.", "1.3.6.1.2.1.31.1.1.1."
	walk := lab.Gateway(2).Without(extended+"6.2").Without(extended+"15").
		With(extended+"15.1", 0x42, []byte{0x27, 0x10}).With(entry+"5.1", 0x42, []byte{0, 0xff, 0xff, 0xff, 0xff}).
		With(entry+"10.2", 0x41, []byte{77}).With(entry+"2.1900000000", 0x04, []byte("tunnel\x01"))
	tg := target(run(t, walk, lab.Options{Still: true}), probes.SNMPv2c)
	list, r := newProber(t).Interfaces(t.Context(), tg)
	if r.Outcome != vouch.Up || len(list) != 3 {
		t.Fatalf("Interfaces = %+v, %v, want three", list, r)
	}
	if s := list[0].Speed; s == nil || *s != 10_000_000_000 {
		t.Errorf("speed of the first = %v, want 10 Gb/s: ifSpeed ends below", s)
	}
	if n := list[1].InOctets; n == nil || *n != 77 {
		t.Errorf("octets of the second = %v, want those of 32 bits: it has no others", n)
	}
	if last := list[2]; last.Index != 1_900_000_000 || last.Name != `tunnel\x01` || last.Oper != nil || last.Speed != nil {
		t.Errorf("third = %+v, want a name alone", last)
	}
}
