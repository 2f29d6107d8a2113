// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

// run executes a command and returns what it printed and its exit code.
func run(c *cobra.Command, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceUsage, c.SilenceErrors = true, true
	err := c.Execute()
	if err != nil {
		code = exit.Failed
		var e exit.Error
		if errors.As(err, &e) {
			code = e.Code
		}
		errs.WriteString(err.Error())
	}
	return out.String(), errs.String(), code
}

func TestInitWritesWhatCheckAccepts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc", "vouch")
	out, errs, code := run(newInitCmd(), dir)
	if code != 0 || !strings.Contains(out, filepath.Join(dir, "collector.yaml")+"\n") || !strings.Contains(out, "then vouch check "+dir) {
		t.Fatalf("init = %q, %q, %d, want the files and what to do next", out, errs, code)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets", "snmp-community"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret file: %v, %v, want mode 0600", info, err)
	}
	out, errs, code = run(newCheckCmd(), dir)
	if want := "vouch: 4 files checked, 0 mistakes, 0 warnings\n"; out != "" || errs != want || code != 0 {
		t.Errorf("check of what init wrote = %q, %q, %d, want %q and 0", out, errs, code, want)
	}
}

func TestInitNamesTheDataDirectory(t *testing.T) {
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "with # and: signs")
	if _, errs, code := run(newInitCmd(), "--data", data, dir); code != 0 {
		t.Fatal(errs)
	}
	conf, problems := configs.LoadCollector(configs.OS(), filepath.Join(dir, "collector.yaml"))
	if err := problems.Err(); err != nil || conf.Data != data {
		t.Errorf("data directory = %q, %v, want %q", conf.Data, err, data)
	}
	if _, _, code := run(newInitCmd(), "--data", "a\nb", t.TempDir()); code != 2 {
		t.Errorf("init with a line break in --data = %d, want 2", code)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base.yaml")
	if err := os.WriteFile(base, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code := run(newInitCmd(), dir)
	if code != 1 || !strings.Contains(errs, base+" exists already") {
		t.Errorf("init beside %s = %q, %d, want a refusal that names it", base, errs, code)
	}
	if body, err := os.ReadFile(base); string(body) != "mine" || err != nil {
		t.Errorf("%s = %q, %v, want it untouched", base, body, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("init left %v, %v, want nothing new", entries, err)
	}
}

func TestInitWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(newInitCmd(), file); code != 1 || !strings.Contains(errs, file) {
		t.Errorf("init %s = %q, %d, want an error that names it", file, errs, code)
	}
	if _, errs, code := run(newInitCmd()); code != 2 || errs == "" {
		t.Errorf("init without DIR = %q, %d, want a hint and 2", errs, code)
	}
}

// initialised returns a directory with the example files.
func initialised(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, errs, code := run(newInitCmd(), dir); code != 0 {
		t.Fatal(errs)
	}
	return dir
}
