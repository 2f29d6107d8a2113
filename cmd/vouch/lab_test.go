// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/internal/lab"
)

// labRun runs a lab with a script to its end.
func labRun(t *testing.T, script string, args ...string) (out, errs string, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(newLabCmd(), append([]string{"--control", "127.0.0.1:0", "--script", file}, args...)...)
}

func TestLabPrintsWhatItServesAndWhatCommandsDo(t *testing.T) {
	script := "# a comment\n\nwait 1ms\ndead router for 30s\nset router '1.3.6.1.2.1.1.5.0|4|an edge'\nquit\ndead nobody\n"
	out, errs, code := labRun(t, script, "--listen", "127.1.30.1:0", "--devices", "60")
	for _, want := range []string{
		"NAME", "Edge Router ER-1100", "127.1.30.60:", "\n60 devices, SNMP v1 and v2c, for programs of this machine.\n", "vouch lab do --control 127.0.0.1:",
		"router: answers nobody over SNMP (ping is still answered", "router: has another value for 1.3.6.1.2.1.1.5.0\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lab prints\n%s\nwant %q", out, want)
		}
	}
	if code != 0 || errs != "" {
		t.Errorf("lab = %d %q, want 0", code, errs)
	}
}

func TestLabJSON(t *testing.T) {
	out, _, code := labRun(t, "reboot all\nquit", "--listen", "127.0.0.1:0", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 {
		t.Fatalf("lab --json prints %d lines, code %d, want 2 and 0:\n%s", len(lines), code, out)
	}
	var first labStart
	var second lab.Effect
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(first.Devices) != len(lab.Synthetic()) || first.Devices[0].Community != first.Devices[0].Name {
		t.Errorf("the first line is %+v, %v", first, err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &second); err != nil || second.Devices != len(first.Devices) {
		t.Errorf("the second line is %+v, %v", second, err)
	}
}

func TestLabIsMisused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.snmprec"), []byte("1.3.6|2|1\n1.3.7|2|x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		script, problem string
		args            []string
	}{
		{"quit", "a.snmprec:2: ", []string{"--recordings", dir}},
		{"quit", "recordings in", []string{"--recordings", filepath.Join(dir, "nowhere")}},
		{"wait 0s\nkill all\nquit", "script:2: \"kill\" is not a command", []string{"--listen", "127.0.0.1:0"}},
		{"wait long", "script:1: wait \"long\"", []string{"--listen", "127.0.0.1:0"}},
		{"quit", "--listen \":1161\"", []string{"--listen", ":1161"}},
		{"quit", "--traps", []string{"--traps", "noc"}},
		{"quit", "--user needs --devices", []string{"--listen", "127.0.0.1:0", "--user", "a"}},
		{"quit", "at least 8 characters", []string{"--listen", "127.1.30.1:0", "--devices", "1", "--user", "a", "--auth", "sha"}},
		{"quit", "0 to 63750 are possible", []string{"--devices", "100000"}},
		{"quit", "cannot be the first of", []string{"--listen", "0.0.0.0:1161", "--devices", "3"}},
		{"quit", "must be a loopback address", []string{"--listen", "127.0.0.1:0", "--control", "0.0.0.0:0"}},
	} {
		if _, errs, code := labRun(t, test.script, test.args...); code != 2 || !strings.Contains(errs, test.problem) {
			t.Errorf("lab %v = %d %q, want 2 and %q", test.args, code, errs, test.problem)
		}
	}
	if _, errs, code := run(newLabCmd(), "do", "--control", "127.0.0.1:1", "dead all"); code != 1 || !strings.Contains(errs, "is `vouch lab` running") {
		t.Errorf("lab do without a lab = %d %q, want 1 and the cure", code, errs)
	}
}

// What --base writes is valid as it stands, and says of each device what its answers
// say of it.
func TestLabBase(t *testing.T) {
	for name, more := range map[string][]string{"v2c": nil, "v3": {"--user", "operator", "--auth", "SHA256", "--priv", "AES"}} {
		dir := t.TempDir()
		for i, flag := range []string{"--auth-file", "--priv-file"} {
			if more != nil {
				file := filepath.Join(dir, "secret"+flag)
				if err := os.WriteFile(file, []byte([]string{"authpass1234", "privpass1234"}[i]), 0o600); err != nil {
					t.Fatal(err)
				}
				more = append(more, flag, file)
			}
		}
		file := filepath.Join(dir, "try", "installed.yaml")
		out, errs, code := labRun(t, "quit", append([]string{"--listen", "127.1.31.1:0", "--base", file}, more...)...)
		if code != 0 || !strings.Contains(out, "vouch collector --config "+filepath.Dir(file)+"/collector.yaml") {
			t.Fatalf("%s: lab --base = %d %q, prints\n%s", name, code, errs, out)
		}
		if out, errs, code := run(newCheckCmd(), filepath.Dir(file)); code != 0 {
			t.Errorf("%s: check of what lab --base wrote = %d %q %s", name, code, errs, out)
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"- id: telephony ", "class: telephony\n", "profile: cisco-voice-gateway\n", "address: 127.1.31.10\n"} {
			if name == "v2c" && !strings.Contains(string(body), want) {
				t.Errorf("the installed base holds no %q:\n%s", want, body)
			}
		}
		if _, errs, code := labRun(t, "quit", "--listen", "127.1.31.1:0", "--base", file); code != 2 || !strings.Contains(errs, "exists already") {
			t.Errorf("%s: a second time = %d %q, want a refusal", name, code, errs)
		}
	}
}

// Whatever a device says of itself, the installed base stays valid.
func TestLabBaseOfHostileDevices(t *testing.T) {
	config := lab.Config{Listen: netip.MustParseAddrPort("127.1.32.1:1161"), Devices: 2, Options: lab.Options{Community: "public"}}
	taken := map[string]bool{}
	positions := []labPosition{
		{ID: labID("../é {x}: #", taken), Class: "router", Profile: "generic", Address: "127.1.32.1", Serial: oneLineOf("a\"b: }\t\x7f", 60), About: oneLineOf("x\ny: z\x1b[31m", 70)},
		{ID: labID("../é {x}: #", taken), Class: "router", Profile: "generic", Address: "127.1.32.2", Serial: "FX1"},
	}
	files, err := labFiles("base.yaml", positions, config, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "try")
	for _, f := range files {
		if err := writeExample(filepath.Join(dir, filepath.FromSlash(f.Name)), f); err != nil {
			t.Fatal(err)
		}
	}
	if out, errs, code := run(newCheckCmd(), dir); code != 0 {
		t.Errorf("check = %d %q %s", code, errs, out)
	}
}

func TestCommandLineKeepsWords(t *testing.T) {
	for want, words := range map[string][]string{
		"dead all for 3s":                     {"dead", "all", "for", "3s"},
		"dead  all":                           {"dead  all"},
		`interface a "isdn 0 0" down`:         {"interface", "a", "isdn 0 0", "down"},
		`set a '1.3.6|4|a "b"'`:               {"set", "a", `1.3.6|4|a "b"`},
		"interface * GigabitEthernet0/0/0 up": {"interface", "*", "GigabitEthernet0/0/0", "up"},
	} {
		if got := commandLine(words); got != want {
			t.Errorf("commandLine(%q) = %s, want %s", words, got, want)
		}
	}
}
