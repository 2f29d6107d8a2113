// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// replace changes a file of the examples.
func replace(t *testing.T, path, old, new string) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(body), old) {
		t.Fatalf("%s: %v, want it to hold %q", path, err, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(body), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCheckPrintsMistakesAndWarnings(t *testing.T) {
	dir := initialised(t)
	base, collector := filepath.Join(dir, "base.yaml"), filepath.Join(dir, "collector.yaml")
	replace(t, base, "class: telephony", "class: telefony")
	replace(t, collector, "log_level:", "loglevel:")
	replace(t, filepath.Join(dir, "agent.yaml"), "id: ams1-a", "id: ams9-a")
	out, errs, code := run(newCheckCmd(), dir)
	for _, want := range []string{base + ":77:20: class \"telefony\" is unknown, did you mean telephony?", collector + ":116:1: unknown key \"loglevel\""} {
		if !strings.Contains(out, want) {
			t.Errorf("check prints\n%s\nwant %s", out, want)
		}
	}
	if code != 1 || errs != "vouch: 4 files checked, 2 mistakes, 0 warnings\n" {
		t.Errorf("check = %q, %d, want 2 mistakes and 1", errs, code)
	}
}

func TestCheckWarningsDoNotFail(t *testing.T) {
	dir := initialised(t)
	replace(t, filepath.Join(dir, "contract.yaml"), "voters: [ams1, ams2, bru1]", "voters: [ams1, bru1]")
	out, errs, code := run(newCheckCmd(), dir)
	if code != 0 || !strings.Contains(out, ": warning: fewer than three voters") || errs != "vouch: 4 files checked, 0 mistakes, 1 warning\n" {
		t.Errorf("check = %q, %q, %d, want one warning and 0", out, errs, code)
	}
}

func TestCheckJSON(t *testing.T) {
	dir := initialised(t)
	for _, want := range []string{`"mistakes":0,"warnings":0,"problems":[]`, `"mistakes":1,"warnings":0,"problems":[{"file":`} {
		out, _, code := run(newCheckCmd(), "--json", dir)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(out)); err != nil || !strings.Contains(compact.String(), want) {
			t.Errorf("check --json = %s, %v, want %s", out, err, want)
		}
		if failed := strings.Contains(want, `"mistakes":1`); (code == 1) != failed {
			t.Errorf("check --json exits with %d for %s", code, want)
		}
		if err := os.Remove(filepath.Join(dir, "contract.yaml")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

func TestCheckMisused(t *testing.T) {
	empty := t.TempDir()
	for _, args := range [][]string{{}, {empty}, {"--nonsense"}} {
		if out, errs, code := run(newCheckCmd(), args...); out != "" || errs == "" || code == 0 {
			t.Errorf("check %v = %q, %q, %d, want a hint", args, out, errs, code)
		}
	}
	missing := filepath.Join(empty, "collector.yaml")
	out, _, code := run(newCheckCmd(), missing)
	if want := fmt.Sprintf("%s:1:1: the file cannot be read: no such file or directory\n", missing); out != want || code != 1 {
		t.Errorf("check of a missing file = %q, %d, want %q and 1", out, code, want)
	}
}
