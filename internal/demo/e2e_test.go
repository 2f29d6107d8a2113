// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests below run the real program, built here, in real time.

// build builds the program and returns its path.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("takes most of a minute; run without -short")
	}
	if l, err := net.ListenPacket("udp", "127.77.254.254:0"); err != nil {
		t.Skipf("the demo needs the whole loopback network 127.0.0.0/8: %v", err)
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(t.TempDir(), "vouch")
	out, err := exec.Command("go", "build", "-o", exe, "../../cmd/vouch").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// alive lists the processes that run a program.
func alive(t *testing.T, exe string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && target == exe {
			args, _ := os.ReadFile(filepath.Join(filepath.Dir(l), "cmdline"))
			out = append(out, strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return out
}

func TestDemo(t *testing.T) {
	exe := build(t)
	const tries = 3
	for try := 1; ; try++ {
		dir := filepath.Join(t.TempDir(), "out")
		cmd := exec.Command(exe, "demo", "--for", "20s", "--plain", "--out", dir)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if left := alive(t, exe); len(left) > 0 {
			t.Errorf("after the demo these still run: %q", left)
		}
		if cmd.ProcessState.ExitCode() == 3 {
			if try < tries {
				continue
			}
			t.Skipf("this machine was too busy for the demo %d times; it said:\n%s", tries, stdout.String())
		}
		if err != nil {
			t.Fatalf("vouch demo: %v\n%s\n%s", err, stdout.String(), stderr.String())
		}
		for _, part := range []string{"All 7 steps were measured as they were done", "AVAILABILITY STATEMENT", "PROVEN: ", "DISPROVED: ", "READ ON"} {
			if !strings.Contains(stdout.String(), part) {
				t.Errorf("standard output does not hold %q:\n%s", part, stdout.String())
			}
		}
		checkFiles(t, exe, dir)
		return
	}
}

// checkFiles reads what the demo keeps as a program of somebody else would.
func checkFiles(t *testing.T, exe, dir string) {
	t.Helper()
	var statement struct {
		Agreed       *int64  `json:"agreed_s"`
		Excluded     *int64  `json:"excluded_s"`
		Up           *int64  `json:"up_s"`
		Down         *int64  `json:"down_s"`
		Unknown      *int64  `json:"unknown_s"`
		Availability *string `json:"availability_pct"`
		Coverage     *string `json:"coverage_pct"`
		Services     []any   `json:"services"`
		Devices      []any   `json:"devices"`
	}
	readJSON(t, filepath.Join(dir, "statement.json"), &statement)
	for name, missing := range map[string]bool{
		"agreed_s": statement.Agreed == nil, "excluded_s": statement.Excluded == nil, "up_s": statement.Up == nil, "down_s": statement.Down == nil,
		"unknown_s": statement.Unknown == nil, "availability_pct": statement.Availability == nil, "coverage_pct": statement.Coverage == nil,
		"services": len(statement.Services) != 4, "devices": len(statement.Devices) != 6,
	} {
		if missing {
			t.Errorf("statement.json lacks %s", name)
		}
	}
	var incidents []map[string]any
	readJSON(t, filepath.Join(dir, "incidents.json"), &incidents)
	if len(incidents) != 3 {
		t.Errorf("incidents.json has %d incidents, want 3", len(incidents))
	}
	for _, i := range incidents {
		for _, key := range []string{"id", "devices", "from", "to", "counted_down_s", "witnesses", "opened_at"} {
			if i[key] == nil {
				t.Errorf("incidents.json: an incident lacks %s: %v", key, i)
			}
		}
	}
	var script struct {
		Verdict string           `json:"verdict"`
		Steps   []map[string]any `json:"steps"`
	}
	readJSON(t, filepath.Join(dir, "script.json"), &script)
	if script.Verdict != "matches" || len(script.Steps) != 7 {
		t.Errorf("script.json says %q of %d steps, want matches of 7", script.Verdict, len(script.Steps))
	}
	for _, name := range []string{"statement.txt", "bundle.zip", "config/collector.yaml", "data/vouch.db", "logs/collector.log", "agents/hq-a/key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
	if out, err := exec.Command(exe, "check", filepath.Join(dir, "config")).CombinedOutput(); err != nil {
		t.Errorf("vouch check of the configuration: %v\n%s", err, out)
	}
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Errorf("read %s: %v", path, err)
	}
}

// However the demo is ended, none of its processes stays behind.
func TestDemoLeavesNothingBehind(t *testing.T) {
	exe := build(t)
	for _, tc := range []struct {
		name   string
		signal syscall.Signal
		code   int // -1: killed
		clean  bool
	}{
		{"Ctrl-C", syscall.SIGINT, 130, true},
		{"terminated", syscall.SIGTERM, 130, true},
		{"hung up", syscall.SIGHUP, 130, true},
		{"killed", syscall.SIGKILL, -1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			temp := t.TempDir()
			log := filepath.Join(t.TempDir(), "log")
			stderr, err := os.Create(log)
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			cmd := exec.Command(exe, "demo", "--for", "20s", "--plain")
			cmd.Env = append(os.Environ(), "TMPDIR="+temp)
			cmd.Stderr = stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitLog(t, log, "script runs")
			if n := len(alive(t, exe)); n != 6 {
				t.Errorf("while it runs there are %d processes, want 6", n)
			}
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code says it
			if got := cmd.ProcessState.ExitCode(); got != tc.code {
				said, _ := os.ReadFile(log)
				t.Errorf("exit code %d, want %d\n%s", got, tc.code, said)
			}
			gone(t, exe, tc.clean)
			if list, err := os.ReadDir(temp); tc.clean && (err != nil || len(list) > 0) {
				t.Errorf("the temporary directory still holds %v (%v)", list, err)
			}
		})
	}
}

// gone checks that no process of the program is left: at once, or where the kernel had
// to do it, soon.
func gone(t *testing.T, exe string, atOnce bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		left := alive(t, exe)
		if len(left) == 0 {
			return
		}
		if atOnce || time.Now().After(end) {
			t.Errorf("these still run: %q", left)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A second demo beside the first has addresses and a page of its own.
func TestTwoDemosAtOnce(t *testing.T) {
	exe := build(t)
	var cmds []*exec.Cmd
	var logs []string
	for i := range 2 {
		log := filepath.Join(t.TempDir(), "log"+strconv.Itoa(i))
		stderr, err := os.Create(log)
		if err != nil {
			t.Fatal(err)
		}
		defer stderr.Close()
		cmd := exec.Command(exe, "demo", "--for", "20s", "--plain")
		cmd.Stderr = stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds, logs = append(cmds, cmd), append(logs, log)
	}
	pages := map[string]bool{}
	for _, log := range logs {
		awaitLog(t, log, "script runs")
		raw, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(raw), "The page is at ")
		page, _, _ := strings.Cut(after, " ")
		pages[page] = true
	}
	if len(pages) != 2 {
		t.Errorf("two demos have their pages at %v, want two places", pages)
	}
	for _, cmd := range cmds {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); fmt.Sprint(err) != "exit status 130" {
			t.Errorf("interrupted demo: %v, want exit status 130", err)
		}
	}
}
