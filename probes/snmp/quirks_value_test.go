// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Tags of values; the last two do not exist in SNMP, or no more.
const (
	integer, octets, null, objectID                              = 0x02, 0x04, 0x05, 0x06
	ipAddress, counter32, gauge32, timeTicks, opaque, counter64  = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
	noSuchObject, noSuchInstance, endOfMibView, bitString, never = 0x80, 0x81, 0x82, 0x03, 0x5f
)

// quirk is a value as real devices send it, and what becomes of it: the text of the
// value, or nothing.
type quirk struct {
	name string
	tag  byte
	hex  string
	kind vouch.SymbolType
	want string
	v3   string // where SNMPv3 shows less, because the library does
}

const (
	nothing = "no field"
	// wholly says that the library cannot read an answer with the value in it; the
	// others are read without.
	wholly = "no field, and asked apart"
)

func quirks() []quirk {
	return []quirk{
		{"TimeTicks 0x0100000000 is no reboot", timeTicks, "0100000000", vouch.TypeTicks, nothing, ""},
		{"TimeTicks of no octets is no reboot", timeTicks, "", vouch.TypeTicks, nothing, ""},
		{"Integer of no octets", integer, "", vouch.TypeGauge, nothing, wholly},
		{"Counter32 of five octets", counter32, "0123456789", vouch.TypeCounter, nothing, ""},
		{"Counter32 near the wrap", counter32, "fffffffe", vouch.TypeCounter, "4294967294", ""},
		{"Counter64 of ten octets", counter64, "00010000000000000000", vouch.TypeCounter, nothing, ""},
		{"Counter64 above 2^63 to the last digit", counter64, "00fffffffffffffa25", vouch.TypeCounter, "18446744073709550117", ""},
		{"Counter64 at 2^63", counter64, "008000000000000000", vouch.TypeCounter, "9223372036854775808", ""},
		{"Gauge32 at 2^32-1", gauge32, "ffffffff", vouch.TypeGauge, "4294967295", ""},
		{"processor load typed Counter64", counter64, "2a", vouch.TypeGauge, "42", ""},
		{"percentage in a text is no gauge", octets, "3225", vouch.TypeGauge, nothing, ""},
		{"NULL for a number", null, "", vouch.TypeGauge, nothing, ""},
		{"NULL for a text", null, "", vouch.TypeText, nothing, ""},
		{"noSuchObject", noSuchObject, "", vouch.TypeGauge, nothing, ""},
		{"noSuchInstance", noSuchInstance, "", vouch.TypeGauge, nothing, ""},
		{"BIT STRING", bitString, "0080", vouch.TypeGauge, nothing, ""},
		{"unknown tag", never, "01", vouch.TypeGauge, nothing, ""},
		{"IpAddress of three octets", ipAddress, "c00002", vouch.TypeGauge, nothing, wholly},
		{"Opaque float", opaque, "9f780440490fdb", vouch.TypeGauge, "3.1415927", ""},
		{"Opaque NaN", opaque, "9f78047fc00000", vouch.TypeGauge, nothing, ""},
		{"Opaque counter", opaque, "9f760400ffffff", vouch.TypeCounter, "16777215", ""},
		{"negative INTEGER for a counter", integer, "ff", vouch.TypeCounter, nothing, ""},
		{"ifAdminStatus 0 is what the device says", integer, "00", vouch.TypeState, "0", ""},
		{"text that is not UTF-8", octets, "42e96e74", vouch.TypeText, `B\xe9nt`, ""},
	}
}

// value returns the text of a field of the first point of the measurement.
func value(r vouch.Result, measurement, name string) string {
	v, ok := field(r, measurement, name)
	switch {
	case !ok:
		return nothing
	case v.Kind() == vouch.ValueString:
		return v.Text()
	case v.Kind() == vouch.ValueFloat:
		return fmt.Sprint(float32(v.Float()))
	case v.Kind() == vouch.ValueUint:
		return fmt.Sprint(v.Uint())
	}
	return fmt.Sprint(v.Int())
}

// A value that is not what its type allows costs its own field, no other one, and
// never becomes a zero.
func TestQuirksOfValues(t *testing.T) {
	const odd, plain = "1.3.6.1.4.1.99999.1.0", "1.3.6.1.4.1.99999.2.0"
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		for _, test := range quirks() {
			t.Run("v"+version+"/"+test.name, func(t *testing.T) {
				data, err := hex.DecodeString(test.hex)
				if err != nil {
					t.Fatal(err)
				}
				f := newFake(t, honest(uptime(9), snmp.Bind{Name: odd, Tag: test.tag, Data: data}, snmp.Bind{Name: plain, Tag: gauge32, Data: []byte{77}}))
				p := &vouch.Profile{Name: "odd", Scalars: []vouch.Symbol{{OID: odd, Name: "odd", Type: test.kind}, {OID: plain, Name: "plain", Type: vouch.TypeGauge}}}
				r := newProber(t).Probe(t.Context(), f.target(version, p))
				if r.Outcome != vouch.Up || r.Lost != 0 {
					t.Fatalf("Probe = %v %v (%s), lost %d; want up", r.Outcome, r.Reason, r.Detail, r.Lost)
				}
				if got := value(r, "snmp", "odd"); got != test.want {
					t.Errorf("odd = %s, want %s", got, test.want)
				}
				if got := value(r, "snmp", "plain"); got != "77" {
					t.Errorf("plain = %s, want 77: one odd value must not cost the others", got)
				}
				if apart := r.Sent > 4; version == probes.SNMPv3 && apart != (test.v3 == wholly) {
					t.Errorf("%d requests, want more than 4 where the library cannot read the answer", r.Sent)
				}
			})
		}
	}
}

// The same in a table: one column of odd values beside one that is as it should be.
func TestQuirksOfValuesInTables(t *testing.T) {
	const odd, plain = "1.3.6.1.4.1.99999.3.1.2", "1.3.6.1.4.1.99999.3.1.3"
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		for _, test := range quirks() {
			if test.tag >= noSuchObject {
				continue // these end a column
			}
			t.Run("v"+version+"/"+test.name, func(t *testing.T) {
				data, err := hex.DecodeString(test.hex)
				if err != nil {
					t.Fatal(err)
				}
				objects := []snmp.Bind{uptime(9)}
				for row := 1; row <= 3; row++ {
					objects = append(objects, snmp.Bind{Name: fmt.Sprint(odd, ".", row), Tag: test.tag, Data: data},
						snmp.Bind{Name: fmt.Sprint(plain, ".", row), Tag: gauge32, Data: []byte{77}})
				}
				p := &vouch.Profile{Name: "odd", Tables: []vouch.Table{{Name: "t", Columns: []vouch.Symbol{
					{OID: odd, Name: "odd", Type: test.kind}, {OID: plain, Name: "plain", Type: vouch.TypeGauge}}}}}
				f, prober := newFake(t, honest(objects...)), newProber(t)
				for round := range 2 {
					r := prober.Probe(t.Context(), f.target(version, p))
					got := rows(r, "t")
					if r.Outcome != vouch.Up || len(got) != 3 {
						t.Fatalf("round %d: Probe = %v %v (%s) with %d rows, want 3", round, r.Outcome, r.Reason, r.Detail, len(got))
					}
					if got := value(r, "t", "odd"); got != test.want {
						t.Errorf("round %d: odd = %s, want %s", round, got, test.want)
					}
					if got := value(r, "t", "plain"); got != "77" {
						t.Errorf("round %d: plain = %s, want 77", round, got)
					}
				}
			})
		}
	}
}

// Indexes of rows go up to 2^31-1, and beyond where a MIB has it so; MIBs lie below
// 1.0 too.
func TestQuirkLargeIndexes(t *testing.T) {
	const lldp = "1.0.8802.1.1.2.1.3.7.1.3"
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		for _, column := range []string{"1.3.6.1.2.1.2.2.1.8", lldp} {
			indexes := []uint32{1, 65535, 65536, 436207616, 1_900_000_000, math.MaxInt32, math.MaxUint32}
			objects := []snmp.Bind{uptime(9), {Name: "1.3.6.1.2.1.2.2.1.9.1", Tag: timeTicks, Data: []byte{1}}, {Name: "1.0.8802.1.1.2.1.3.7.1.4.1", Tag: octets}}
			for _, i := range indexes {
				objects = append(objects, snmp.Bind{Name: fmt.Sprint(column, ".", i), Tag: integer, Data: []byte{1}})
			}
			p := &vouch.Profile{Name: "wide", Tables: []vouch.Table{{Name: "t", Columns: []vouch.Symbol{{OID: column, Name: "state", Type: vouch.TypeState}}}}}
			f := newFake(t, honest(objects...))
			r := newProber(t).Probe(t.Context(), f.target(version, p))
			var got []string
			for _, row := range rows(r, "t") {
				got = append(got, tagged(row, "index"))
			}
			if fmt.Sprint(got) != fmt.Sprint(indexes) {
				t.Errorf("v%s: rows of %s = %v (%s), want %v", version, column, got, r.Detail, indexes)
			}
		}
	}
}
