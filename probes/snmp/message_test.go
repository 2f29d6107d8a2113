// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/probes/snmp"
)

// reply returns an answer to request 0x01020304 under "public", made by gosnmp.
func reply(t testing.TB, change func(*gosnmp.SnmpPacket)) []byte {
	t.Helper()
	p := &gosnmp.SnmpPacket{
		Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetResponse, RequestID: 0x01020304,
		Variables: []gosnmp.SnmpPDU{
			{Name: ".1.3.6.1.2.1.1.3.0", Type: gosnmp.TimeTicks, Value: uint32(4711)},
			{Name: ".1.3.6.1.2.1.1.5.0", Type: gosnmp.OctetString, Value: "edge"},
		},
	}
	change(p)
	b, err := p.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	good := reply(t, func(*gosnmp.SnmpPacket) {})
	tests := []struct {
		name     string
		datagram []byte
		want     error
	}{
		{"nothing", nil, snmp.ErrUnreadable},
		{"half of it", good[:len(good)/2], snmp.ErrUnreadable},
		{"something after it", append(slices.Clone(good), 0), snmp.ErrUnreadable},
		{"of indefinite length", append([]byte{0x30, 0x80}, good[2:]...), snmp.ErrUnreadable},
		{"lying about its length", append([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, good[2:]...), snmp.ErrUnreadable},
		{"another request-id", reply(t, func(p *gosnmp.SnmpPacket) { p.RequestID++ }), snmp.ErrForeign},
		{"request-id zero", reply(t, func(p *gosnmp.SnmpPacket) { p.RequestID = 0 }), snmp.ErrForeign},
		{"another community", reply(t, func(p *gosnmp.SnmpPacket) { p.Community = "Public" }), snmp.ErrForeign},
		{"another version", reply(t, func(p *gosnmp.SnmpPacket) { p.Version = gosnmp.Version1 }), snmp.ErrForeign},
		{"a request", reply(t, func(p *gosnmp.SnmpPacket) { p.PDUType = gosnmp.GetRequest }), snmp.ErrForeign},
		{"good", good, nil},
	}
	for _, test := range tests {
		_, _, binds, err := snmp.Decode(test.datagram, "public", 0x01020304)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: Decode = %v, want %v", test.name, err, test.want)
		}
		if (err == nil) != (len(binds) == 2) {
			t.Errorf("%s: Decode = %d bindings and %v", test.name, len(binds), err)
		}
	}
	_, _, binds, _ := snmp.Decode(good, "public", 0x01020304)
	if got := snmp.TextOf(binds[1].Tag, binds[1].Data); binds[1].Name != "1.3.6.1.2.1.1.5.0" || got != "edge" {
		t.Errorf("second binding = %s %q, want sysName.0 edge", binds[1].Name, got)
	}
}

func TestRequestIsReadByTheLibrary(t *testing.T) {
	names := []string{"1.3.6.1.2.1.2.2.1.10", "1.3.6.1.4.1.2636.3.1.13.1.8.4294967295", "2.999.3"}
	b := snmp.Request(strings.Repeat("c", 200), 0x7fffffff, 127, names...)
	p, err := gosnmp.Default.SnmpDecodePacket(b)
	if err != nil {
		t.Fatal(err)
	}
	if p.RequestID != 0x7fffffff || p.MaxRepetitions != 127 || p.NonRepeaters != 0 || len(p.Variables) != len(names) || len(p.Community) != 200 {
		t.Errorf("the library reads %+v", p)
	}
	for i, v := range p.Variables[:2] {
		if v.Name != "."+names[i] {
			t.Errorf("name %d = %s, want .%s", i, v.Name, names[i])
		}
	}
}

func TestNumbers(t *testing.T) {
	const integer, counter32, ticks, opaque, counter64 = 0x02, 0x41, 0x43, 0x44, 0x46
	tests := []struct {
		name  string
		tag   byte
		hex   string
		want  uint64
		valid bool
	}{
		{"empty ticks are no reboot", ticks, "", 0, false},
		{"33-bit ticks are no reboot", ticks, "0100000000", 0, false},
		{"counter beyond 32 bits", counter32, "0123456789", 0, false},
		{"ten octets", counter64, "00000000000000000001", 0, false},
		{"nine octets that need 65 bits", counter64, "010000000000000000", 0, false},
		{"negative", integer, "ff", 0, false},
		{"text", 0x04, "31", 0, false},
		{"null", 0x05, "", 0, false},
		{"ticks", ticks, "1267", 4711, true},
		{"ticks with a leading zero", ticks, "00ffffffff", math.MaxUint32, true},
		{"counter without its leading zero", counter32, "ffffffff", math.MaxUint32, true},
		{"counter above 2^63", counter64, "00fffffffffffffa24", math.MaxUint64 - 1499, true},
		{"counter above 2^63 without its leading zero", counter64, "fffffffffffffa24", math.MaxUint64 - 1499, true},
		{"wrapped counter", opaque, "9f760400ffffff", 1<<24 - 1, true},
		{"wrapped counter of a lying length", opaque, "9f760500ffffff", 0, false},
	}
	for _, test := range tests {
		b, err := hex.DecodeString(test.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := snmp.UintOf(test.tag, b); ok != test.valid || ok && got != test.want {
			t.Errorf("%s: UintOf(%#x, %s) = %d %v, want %d %v", test.name, test.tag, test.hex, got, ok, test.want, test.valid)
		}
	}
	if v, ok := snmp.IntOf(integer, []byte{0xff, 0x38}); !ok || v != -200 {
		t.Errorf("IntOf(ff38) = %d %v, want -200", v, ok)
	}
	if _, ok := snmp.IntOf(counter64, bytes.Repeat([]byte{0xff}, 8)); ok {
		t.Error("IntOf(2^64-1) is valid, want it refused")
	}
	if v, ok := snmp.FloatOf(opaque, []byte{0x9f, 0x78, 4, 0x3f, 0x80, 0, 0}); !ok || v != 1 {
		t.Errorf("FloatOf(1.0) = %v %v, want 1", v, ok)
	}
	if _, ok := snmp.FloatOf(opaque, []byte{0x9f, 0x78, 4, 0x7f, 0xc0, 0, 0}); ok {
		t.Error("FloatOf(NaN) is valid, want it refused")
	}
}

func TestSafe(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"Gi0/1 uplink é", "Gi0/1 uplink é"},
		{`C:\ flash`, `C:\ flash`},
		{`looks\x41escaped`, `looks\\x41escaped`},
		{`two\\`, `two\\\\`},
		{"B\xe9nt", `B\xe9nt`},
		{"line\nline\x00\\", `line\x0aline\x00\\`},
		{"\x02\x00\x41\x42\x43\x44", `\x02\x00\x41\x42\x43\x44`},
		{"a\u202eb", `a\xe2\x80\xaeb`},
	}
	for _, test := range tests {
		if got := snmp.Safe([]byte(test.in)); got != test.want {
			t.Errorf("Safe(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "plain", "\\", "\\x", "\\\\x41", "\xff\xfe", "\x02\x00\x41\x42\x43\x44", "é\u2028"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := snmp.Safe(b)
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("Safe(%q) = %q, want UTF-8 without control characters", b, s)
		}
		back, err := snmp.Unsafe(s)
		if err != nil || !bytes.Equal(back, b) {
			t.Errorf("Safe(%q) = %q, which reads back as %q, %v", b, s, back, err)
		}
	})
}

// FuzzDecode holds the decoder to its bounds and to what it promises of names: they
// are well-formed, so that they can be compared, and print as they are parsed.
func FuzzDecode(f *testing.F) {
	f.Add(reply(f, func(*gosnmp.SnmpPacket) {}))
	f.Add(reply(f, func(p *gosnmp.SnmpPacket) {
		p.Variables = []gosnmp.SnmpPDU{{Name: ".2.999.4294967295", Type: gosnmp.Counter64, Value: uint64(math.MaxUint64)}}
	}))
	f.Add(reply(f, func(p *gosnmp.SnmpPacket) { p.Error, p.ErrorIndex = gosnmp.GenErr, 2 }))
	f.Fuzz(checkDecode)
}

func checkDecode(t *testing.T, b []byte) {
	_ = snmp.Report(b)
	status, index, binds, err := snmp.Decode(b, "public", 0x01020304)
	if err != nil {
		return
	}
	if status < 0 || status > 255 || index < 0 || len(binds) > len(b)/6 {
		t.Errorf("Decode = status %d, index %d, %d bindings of %d octets", status, index, len(binds), len(b))
	}
	var last []byte
	for _, v := range binds {
		name, err := snmp.ParseOID(v.Name)
		if err != nil {
			t.Fatalf("name %s: %v", v.Name, err)
		}
		if text, ok := snmp.CheckOID(name); !ok || text != v.Name {
			t.Errorf("name %s reads back as %s, %v", v.Name, text, ok)
		}
		if got, want := snmp.CompareOID(last, name), compareText(last, name); last != nil && got != want {
			t.Errorf("CompareOID(%x, %x) = %d, want %d", last, name, got, want)
		}
		last = name
		snmp.TextOf(v.Tag, v.Data)
		snmp.FloatOf(v.Tag, v.Data)
		if n, ok := snmp.UintOf(v.Tag, v.Data); ok {
			if i, ok := snmp.IntOf(v.Tag, v.Data); ok && uint64(i) != n {
				t.Errorf("IntOf(%#x, %x) = %d, UintOf = %d", v.Tag, v.Data, i, n)
			}
		}
	}
}

// compareText orders OIDs by their dotted forms.
func compareText(a, b []byte) int {
	numbers := func(o []byte) []int {
		text, _ := snmp.CheckOID(o)
		var out []int
		for _, p := range strings.Split(text, ".") {
			n, _ := strconv.Atoi(p)
			out = append(out, n)
		}
		return out
	}
	return cmp.Compare(slices.Compare(numbers(a), numbers(b)), 0)
}

func TestCompareOID(t *testing.T) {
	ordered := []string{"0.0", "1.0.8802", "1.3.6.1", "1.3.6.1.2.1.2.2.1.7", "1.3.6.1.2.1.2.2.1.7.1", "1.3.6.1.2.1.2.2.1.7.127",
		"1.3.6.1.2.1.2.2.1.7.128", "1.3.6.1.2.1.2.2.1.7.16383", "1.3.6.1.2.1.2.2.1.7.16384", "1.3.6.1.2.1.2.2.1.7.4294967295", "1.3.6.1.2.1.2.2.1.8", "2.5"}
	for i, a := range ordered {
		for j, b := range ordered {
			oa, err := snmp.ParseOID(a)
			if err != nil {
				t.Fatal(err)
			}
			ob, err := snmp.ParseOID(b)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := snmp.CompareOID(oa, ob), cmp.Compare(i, j); got != want {
				t.Errorf("CompareOID(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
	for _, bad := range []string{"", "1", "1.40", "3.1", "1.3.x", "1.3.4294967296", "1.3.-1", "1..3"} {
		if _, err := snmp.ParseOID(bad); err == nil {
			t.Errorf("ParseOID(%q) succeeded, want an error", bad)
		}
	}
	for _, bad := range []string{"", "80", "2b80", "2b8001", "2b9080808000", "2bffffffffff7f", "2b06ff"} {
		b, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := snmp.CheckOID(b); ok {
			t.Errorf("CheckOID(%s) is well-formed, want it refused", bad)
		}
	}
}
