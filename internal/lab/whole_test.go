// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/internal/lab"
)

// shared lists the folders of recordings beside the checkout; it skips the test where
// there are none.
func shared(t testing.TB) []string {
	t.Helper()
	dirs, _ := filepath.Glob("../../../shared/devices/*/*.snmprec")
	if len(dirs) == 0 {
		t.Skip("there are no recordings beside the checkout, in ../shared/devices")
	}
	return []string{"../../../shared/devices/recordings", "../../../shared/devices/synthetic"}
}

// start runs a lab until the test ends.
func start(t testing.TB, c lab.Config, recordings []*lab.Recording) *lab.Lab {
	t.Helper()
	if !c.Listen.IsValid() {
		c.Listen = netip.MustParseAddrPort("127.0.0.1:0")
	}
	l, err := lab.Open(c, recordings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	return l
}

// tool runs a program of net-snmp against a lab; it skips the test where there is none.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := try(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func try(t testing.TB, name string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: `make test` installs the package snmp", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "MIBS=", "SNMPCONFPATH="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// readWalk turns what `snmpwalk -Onex` prints into lines of a recording.
func readWalk(t testing.TB, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	last := ""
	sc := bufio.NewScanner(strings.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		name, value, ok := strings.Cut(sc.Text(), " = ")
		switch {
		case strings.Contains(sc.Text(), "No more variables left"):
		case ok && strings.HasPrefix(name, "."):
			last = name[1:]
			if _, twice := out[last]; twice {
				t.Fatalf("%s came twice", last)
			}
			out[last] = value
		default:
			out[last] += " " + sc.Text() // a long value goes on
		}
	}
	for name, value := range out {
		out[name] = asRecorded(value)
	}
	return out
}

// asRecorded turns a value as net-snmp prints it into "type|value".
func asRecorded(s string) string {
	kind, value, _ := strings.Cut(s, ": ")
	hexOf := func() string { return strings.ToLower(strings.Join(strings.Fields(value), "")) }
	switch kind {
	case "INTEGER":
		return "2|" + value
	case "Hex-STRING":
		return "4x|" + hexOf()
	case `""`:
		return "4x|"
	case "OID":
		return "6|" + strings.TrimPrefix(value, ".")
	case "IpAddress", "Network Address":
		return "64|" + value
	case "Counter32":
		return "65|" + value
	case "Gauge32":
		return "66|" + value
	case "Timeticks":
		ticks, _, _ := strings.Cut(strings.TrimPrefix(value, "("), ")")
		return "67|" + ticks
	case "Counter64":
		return "70|" + value
	case "NULL":
		return "5|"
	}
	return strings.ToLower(s)
}

// recorded returns the lines of a file in the form of readWalk, all texts in
// hexadecimal.
func recorded(t testing.TB, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range bytes.Lines(b) {
		parts := strings.SplitN(strings.TrimSuffix(string(line), "\n"), "|", 3)
		switch kind, value := parts[1], parts[2]; kind {
		case "4":
			out[parts[0]] = fmt.Sprintf("4x|%x", value)
		case "4x":
			out[parts[0]] = "4x|" + strings.ToLower(value)
		case "64x":
			var a [4]byte
			if _, err := hex.Decode(a[:], []byte(value)); err != nil {
				t.Fatal(err)
			}
			out[parts[0]] = "64|" + netip.AddrFrom4(a).String()
		case "68x": // net-snmp prints what the seven octets of an opaque float say
			bits, err := strconv.ParseUint(strings.TrimPrefix(value, "9f7804"), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			out[parts[0]] = strings.ToLower(fmt.Sprintf("Opaque: Float: %f", math.Float32frombits(uint32(bits))))
		case "6":
			out[parts[0]] = "6|" + strings.TrimPrefix(value, ".")
		default:
			out[parts[0]] = kind + "|" + value
		}
	}
	return out
}

func TestEveryRecordingWalkedEqualsItsFile(t *testing.T) {
	for _, dir := range shared(t) {
		recordings, err := lab.ReadRecordings(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		l := start(t, lab.Config{Options: lab.Options{Still: true}}, recordings)
		for _, r := range recordings {
			want := recorded(t, filepath.Join(dir, r.Name+".snmprec"))
			for _, how := range []string{"snmpwalk", "snmpbulkwalk"} {
				got := readWalk(t, tool(t, how, "-v2c", "-c", r.Name, "-Onex", l.Addr().String(), ".1"))
				differ(t, how+" "+r.Name, got, want)
			}
		}
	}
}

// differ reports the first few differences of two walks.
func differ(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	shown := 0
	for name, w := range want {
		if g := got[name]; g != w && shown < 5 {
			shown++
			t.Errorf("%s: %s = %q, want %q", what, name, g, w)
		}
	}
	for name, g := range got {
		if _, known := want[name]; !known && shown < 10 {
			shown++
			t.Errorf("%s: %s = %q, want nothing", what, name, g)
		}
	}
}
