// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
)

// templateFile writes a template where a command can read it.
func templateFile(t *testing.T, name string) string {
	t.Helper()
	out, errs, code := run(newContractCmd(), "template", name)
	if code != 0 {
		t.Fatalf("contract template %s = %q, %d", name, errs, code)
	}
	file := filepath.Join(t.TempDir(), name+".yaml")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func templateNames() []string {
	var out []string
	for _, x := range configs.Templates() {
		out = append(out, strings.TrimSuffix(path.Base(x.Name), ".yaml"))
	}
	return out
}

// TestContractExplain compares the text of every template in both languages. The four
// weeks hold Easter, King's Day, 1 May and 5 May.
func TestContractExplain(t *testing.T) {
	for _, name := range templateNames() {
		file := templateFile(t, name)
		for _, lang := range []string{"en", "nl"} {
			out, errs, code := run(newContractCmd(), "explain", file, "--lang", lang, "--at", "2030-04-12T09:00:00+02:00")
			if code != 0 || strings.Count(errs, "\n") != strings.Count(errs, ": warning: ") {
				t.Errorf("contract explain %s --lang %s = %q, %d, want no more than warnings and 0", name, lang, errs, code)
			}
			golden(t, filepath.Join("contract", name+"."+lang+".txt"), out)
			for i, line := range strings.Split(out, "\n") {
				if n := len([]rune(line)); n > 80 && strings.Contains(line, " ") {
					t.Errorf("%s.%s line %d has %d characters, want at most 80: %s", name, lang, i+1, n, line)
				}
				if strings.Contains(line, "%!") {
					t.Errorf("%s.%s line %d: %s", name, lang, i+1, line)
				}
			}
		}
	}
}

// TestContractExplainAt explains the version in force, and says so of one that is not
// yet.
func TestContractExplainAt(t *testing.T) {
	file := templateFile(t, "willux")
	for _, c := range []struct{ at, want string }{
		{"2025-06-01T00:00:00+02:00", "It was not yet in force on Sunday 1 June 2025, 00:00 (+02:00)."},
		{"2026-03-20", "the clock changes: 23 hours"},
		{"2026-10-20", "the clock changes: 25 hours"},
		{"2026-07-20", "National Day"},
	} {
		out, errs, code := run(newContractCmd(), "explain", file, "--at", c.at)
		if code != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), c.want) {
			t.Errorf("contract explain --at %s = %q, %d, want a text that holds %q", c.at, errs, code, c.want)
		}
	}
}

func TestContractCheckTemplates(t *testing.T) {
	var files []string
	for _, name := range templateNames() {
		files = append(files, templateFile(t, name))
	}
	out, errs, code := run(newContractCmd(), append([]string{"check"}, files...)...)
	if want := "vouch: 5 files checked, 0 mistakes, 3 warnings\n"; strings.Count(out, "on the provider's word alone") != 3 || errs != want || code != 0 {
		t.Errorf("contract check of the templates = %q, %q, %d, want three warnings and 0", out, errs, code)
	}
}

func TestContractMistakes(t *testing.T) {
	file := templateFile(t, "willux")
	replace(t, file, "sla_type: 3 ", "sla_type: 6 ")
	replace(t, file, "P4: {reaction: 3 days}", "P4: {reaction: 3 dayz}")
	for _, args := range [][]string{{"check", file}, {"explain", file}} {
		out, errs, code := run(newContractCmd(), args...)
		all := out + errs
		if code != 1 || !strings.Contains(all, `there is no SLA type "6"`) || !strings.Contains(all, `did you mean days?`) {
			t.Errorf("contract %s = %q, %d, want both mistakes with their places and 1", args[0], all, code)
		}
	}
	base := filepath.Join(initialised(t), "base.yaml")
	if out, _, code := run(newContractCmd(), "check", base); code != 1 || !strings.Contains(out, `unknown key "customers"`) {
		t.Errorf("contract check of an installed base = %q, %d, want mistakes and 1", out, code)
	}
}

func TestContractMisused(t *testing.T) {
	file := templateFile(t, "into")
	for _, args := range [][]string{{"check"}, {"explain"}, {"explain", file, file}, {"explain", file, "--lang", "fr"}, {"explain", file, "--at", "soon"}, {"template", "acme"}} {
		if out, errs, code := run(newContractCmd(), args...); out != "" || errs == "" || code != 2 {
			t.Errorf("contract %v = %q, %q, %d, want a hint and 2", args, out, errs, code)
		}
	}
}
