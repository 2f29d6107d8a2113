// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vouch-sla/vouch/internal/lab"
)

func loopback(addr string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(addr), 0) }

// walk reads lines of a recording.
func walk(t testing.TB, lines ...string) lab.Walk {
	t.Helper()
	w, err := lab.ParseSnmprec(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestCountersMoveAndWrap(t *testing.T) {
	d := lab.Play(walk(t,
		"1.3.6.1.2.1.1.3.0|67|4294967200",                   // a second before the wrap, after 497 days
		"1.3.6.1.2.1.25.1.1.0|67|17280000",                  // two days
		"1.3.6.1.6.3.10.2.1.3.0|2|42949672",                 // 497 days
		"1.3.6.1.2.1.2.2.1.5.1|66|100000000",                // 100 Mbit/s
		"1.3.6.1.2.1.2.2.1.9.1|67|500",                      //
		"1.3.6.1.2.1.2.2.1.10.1|65|4294967290",              // goes with its 64-bit one
		"1.3.6.1.2.1.2.2.1.14.1|65|0",                       // no error: none will come
		"1.3.6.1.2.1.2.2.1.20.1|65|43",                      // one in a million seconds
		"1.3.6.1.2.1.31.1.1.1.6.1|70|42949672000",           // 1,000 a second
		"1.3.6.1.2.1.31.1.1.1.10.1|70|18446744073709551606", // far beyond 100 Mbit/s
		"1.3.6.1.4.1.9.1|70|18446744073709551606",           // a million a second is the most
		"1.3.6.1.4.1.9.2|66|7",                              // gauges stand
	), lab.Options{})
	start := d.Started()
	for _, test := range []struct {
		name  string
		after time.Duration
		want  any
	}{
		{"1.3.6.1.2.1.1.3.0", 0, uint32(4294967200)},
		{"1.3.6.1.2.1.1.3.0", 950 * time.Millisecond, uint32(4294967295)},
		{"1.3.6.1.2.1.1.3.0", time.Second, uint32(4)},
		{"1.3.6.1.2.1.25.1.1.0", time.Second, uint32(17280100)},
		{"1.3.6.1.6.3.10.2.1.3.0", time.Hour, 42949672 + 3600},
		{"1.3.6.1.2.1.2.2.1.9.1", time.Hour, uint32(500)},
		{"1.3.6.1.2.1.2.2.1.10.1", 0, uint(4294967290)},
		{"1.3.6.1.2.1.2.2.1.10.1", time.Second, uint(994)}, // 2^32 is between
		{"1.3.6.1.2.1.2.2.1.14.1", 1000 * time.Hour, uint(0)},
		{"1.3.6.1.2.1.2.2.1.20.1", 2_000_000 * time.Second, uint(45)},
		{"1.3.6.1.2.1.31.1.1.1.6.1", time.Second, uint64(42949673000)},
		{"1.3.6.1.2.1.31.1.1.1.10.1", 0, uint64(18446744073709551606)},
		{"1.3.6.1.2.1.31.1.1.1.10.1", time.Second, uint64(1<<64 - 1)},
		{"1.3.6.1.4.1.9.1", time.Hour, uint64(1<<64 - 1)},
		{"1.3.6.1.4.1.9.2", time.Hour, uint(7)},
	} {
		if got := value(t, d, start.Add(test.after), test.name); got != test.want {
			t.Errorf("%s after %v is %v, want %v", test.name, test.after, got, test.want)
		}
	}
	d.Reboot()
	start = d.Started()
	if got := value(t, d, start.Add(10*time.Second), "1.3.6.1.2.1.31.1.1.1.10.1"); got != uint64(87_500_000) {
		t.Errorf("ten seconds after a reboot 100 Mbit/s are %v octets, want 87500000 (70 %%)", got)
	}
	for name, want := range map[string]any{"1.3.6.1.2.1.2.2.1.9.1": uint32(0), "1.3.6.1.2.1.1.3.0": uint32(1000), "1.3.6.1.6.3.10.2.1.3.0": 10, "1.3.6.1.2.1.2.2.1.10.1": uint(10_000)} {
		if got := value(t, d, start.Add(10*time.Second), name); got != want {
			t.Errorf("ten seconds after a reboot %s is %v, want %v", name, got, want)
		}
	}
}

func TestStillStands(t *testing.T) {
	for _, w := range []lab.Walk{lab.Router(), lab.Firewall(), lab.Telephony()} {
		d := lab.Play(w, lab.Options{Still: true})
		for _, v := range w {
			name := v.OID.String()
			if first, later := value(t, d, d.Started(), name), value(t, d, d.Started().Add(time.Hour), name); first != later {
				t.Errorf("%s moves from %v to %v", name, first, later)
			}
		}
	}
}

func TestReadRecordingsSaysWhatAndWhere(t *testing.T) {
	fsys := files{"a.snmprec": "1.3.6|2|1\n", "b.snmprec": "1.3.6|2|1\nrubbish\n1.3.7|2|x\n1.3.6|2|2\n", "c.txt": "no recording"}
	_, err := lab.ReadRecordings(fsys.fs())
	for _, want := range []string{"b.snmprec:2: ", "b.snmprec:3: ", "b.snmprec:4: object 1.3.6 occurs twice, first in line 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadRecordings = %v, want %q in it", err, want)
		}
	}
	if _, err := lab.ReadRecordings(files{"c.txt": ""}.fs()); err == nil {
		t.Error("ReadRecordings of a folder without recordings = nil, want an error")
	}
	if _, err := lab.ReadRecordings(files{"e.snmprec": "# nothing\n"}.fs()); err == nil || !strings.Contains(err.Error(), "e.snmprec") {
		t.Errorf("ReadRecordings of an empty recording = %v, want an error that names it", err)
	}
}

type files map[string]string

func (f files) fs() fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range f {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}
