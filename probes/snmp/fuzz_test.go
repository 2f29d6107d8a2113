// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// crashers are messages that brought gosnmp down: issues 440 and 552, and those that
// its fuzzing found.
func crashers() [][]byte {
	zeros := func(n int) string { return strings.Repeat("0", n) } // 0x30 is SEQUENCE
	header := "\x02\x01\x0300C\x04" + zeros(4) + "C\x03000"
	overflow, err := hex.DecodeString("305002010104067364667364" + "66a343020400000001020100020100" +
		"3035300e06082b06010201010500" + "30887fffffffffffffeea4300506082b060102010105" + "0044099f78047f80000030f7f9f9020169" + "4300")
	if err != nil {
		panic(err)
	}
	var out [][]byte
	for _, s := range []string{
		"0\x04\x02\x020\x03", // 440
		"0\x81\x95" + header + "\x04" + zeros(64) + "\x04Q" + zeros(79),
		"0\x81\x95" + header + "C\x010C\x010\x04\xfd" + zeros(110),
		"0\x7e" + header + "\x04\x00" + zeros(108),
		"04C\x010C\x06000000\xa2'C\x040000C\x010C\x0100\x1900\x06\x0c" + zeros(12) + "D\x07\x9fx\x000000",
		"08C\x010C\x06000000\xa2+C\x040000C\x010C\x0100\x1d00\x06\x0c" + zeros(12) + "D\x0b\x9fy\x80" + zeros(8),
		"0\x81\xc5C\x010C\x06000000\xa2\x81\xb7C\x040000C\x010C\xeb" + zeros(96) + "\xff\xff\xff\xff\xff\xff\xff\xff" + zeros(68),
		"0R" + header + "C\x010C\x010\x04000C\x00C\x010C\x010C\x00C\x00\x04*" + zeros(42),
		"0R" + header + "C\x010C\x010\x04000C\x00C\x010C\x010C\x00C\x00C\x00\x04" + zeros(42),
	} {
		out = append(out, []byte(s))
	}
	return append(out, overflow) // 552
}

// recorded returns the walks that fuzzing begins with: of real devices where the
// recordings are, and those of the project.
func recorded(tb testing.TB) []lab.Walk {
	walks := []lab.Walk{lab.Router(), lab.Firewall(), lab.Telephony(), lab.Gateway(3)}
	files, err := filepath.Glob(filepath.Join(sharedDevices, "*/*.snmprec"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			tb.Fatal(err)
		}
		w, err := lab.ParseSnmprec(f)
		f.Close()
		if err != nil {
			tb.Fatal(err)
		}
		walks = append(walks, w)
	}
	return walks
}

// kinds returns one object of the walk for each type and length of value.
func kinds(w lab.Walk, seen map[[2]int]bool) []snmp.Bind {
	var out []snmp.Bind
	for _, b := range objectsOf(w) {
		if k := [2]int{int(b.Tag), len(b.Data)}; !seen[k] {
			seen[k] = true
			out = append(out, b)
		}
	}
	return out
}

// seeds adds answers under the request-id to begin with: the values of recordings,
// answers that are cut off, and what crashed others.
func seeds(f *testing.F, q snmp.Question, e snmp.Engine) {
	seen := make(map[[2]int]bool)
	for _, w := range recorded(f) {
		if binds := kinds(w, seen); len(binds) > 0 {
			b := q.Answer(e, 0, 0, binds[:min(len(binds), 20)]...)
			f.Add(b)
			f.Add(b[:len(b)*2/3])
		}
	}
	for _, test := range quirks() {
		data, err := hex.DecodeString(test.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(q.Answer(e, 0, 0, snmp.Bind{Name: "1.3.6.1.2.1.1.3.0", Tag: test.tag, Data: data}))
	}
	for _, b := range crashers() {
		f.Add(b)
	}
}

// FuzzAnswers holds the decoder of answers of SNMPv1 and v2c to its bounds: see
// FuzzDecode, which begins with answers of the library.
func FuzzAnswers(f *testing.F) {
	seeds(f, snmp.Question{Version: 1, Community: "public", ID: 0x01020304}, snmp.Engine{})
	f.Fuzz(checkDecode)
}

// FuzzReports reads what is not encrypted of SNMPv3 without the library.
func FuzzReports(f *testing.F) {
	q, e := snmp.Question{Version: 3, User: "u", MsgID: 0x01020304}, snmp.Engine{ID: "\x80\x00\x00\x00\x01", Boots: 1, Clock: 2}
	seeds(f, q, e)
	f.Add(q.Report(e, snmp.ReportNotInTime))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r := snmp.Report(b); r != "" {
			if o, err := snmp.ParseOID(r); err != nil {
				t.Errorf("Report = %s (%x), %v", r, o, err)
			}
		}
		if id, ok := snmp.MessageID(b); ok && len(b) < 11 {
			t.Errorf("MessageID(%x) = %d", b, id)
		}
	})
}

// FuzzLibrary has gosnmp read answers over SNMPv3, and the session what comes of it.
func FuzzLibrary(f *testing.F) {
	q, e := snmp.Question{Version: 3, User: "u", MsgID: 0x01020304}, snmp.Engine{ID: "\x80\x00\x00\x00\x01", Boots: 1, Clock: 2}
	seeds(f, q, e)
	f.Add(q.Report(e, snmp.ReportUnknownEngine))
	f.Fuzz(func(t *testing.T, b []byte) {
		texts, _ := snmp.AskLibrary(b)
		for _, s := range texts {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("%q is not safe", s)
			}
		}
	})
}

// The library survives what once brought it down, and the values of every recording
// pass through it as they pass through our own reader.
func TestKnownCrashers(t *testing.T) {
	for _, b := range crashers() {
		if texts, err := snmp.AskLibrary(b); err == nil {
			t.Errorf("AskLibrary(%x) = %q, want an error", b, texts)
		}
		if _, _, binds, err := snmp.Decode(b, "public", 1); err == nil {
			t.Errorf("Decode(%x) = %v, want an error", b, binds)
		}
	}
}

// join and split turn a script into one piece of fuzz, and back.
func join(answers [][]byte) []byte {
	var out []byte
	for _, a := range answers {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(a))), a...)
	}
	return out
}

func split(b []byte) [][]byte {
	var out [][]byte
	for len(b) >= 2 {
		n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
		out = append(out, b[2:2+n])
		b = b[2+n:]
	}
	return out
}

// FuzzAttempt has a device say what it likes through two whole polls. Whatever it
// says, they end, and what they yield is well-formed.
func FuzzAttempt(f *testing.F) {
	profile := gateway113()
	for _, w := range recorded(f) {
		w := newWalk(objectsOf(w)...)
		said := snmp.Script(profile, w.lookup)
		f.Add(join(said))
		if len(said) > 2 {
			said[1][0], said[2] = 5, said[2][:len(said[2])/2]
			f.Add(join(said))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		results, exchanges := snmp.RunScript(profile, split(b))
		if exchanges > snmp.MostExchanges {
			t.Errorf("%d requests in one attempt, want at most %d", exchanges, snmp.MostExchanges)
		}
		for _, r := range results {
			if r.Outcome != vouch.Up && len(r.Points) > 0 {
				t.Errorf("%v %v with points", r.Outcome, r.Reason)
			}
			safe(t, "fuzz", r)
			for _, p := range r.Points {
				if p.Measurement == "interface" && len(p.Fields) > len(profile.Tables[0].Columns)+1 {
					t.Errorf("a row has %d fields: %v", len(p.Fields), p.Fields)
				}
			}
		}
	})
}

func TestSplitJoin(t *testing.T) {
	in := [][]byte{{1, 2, 3}, {}, bytes.Repeat([]byte{7}, 300)}
	if got := split(join(in)); len(got) != 3 || !bytes.Equal(got[2], in[2]) {
		t.Errorf("split(join()) = %v", got)
	}
}
