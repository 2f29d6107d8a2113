// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/configs"
)

// program writes a shell script and returns its path.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOutputOfAProgram(t *testing.T) {
	t.Setenv("AGENTS_OWN", "canary")
	for name, c := range map[string]struct{ script, want, err string }{
		"prints":             {`echo "$1 $2"`, "one two;three\n", ""},
		"sees no secrets":    {`echo "x$AGENTS_OWN"`, "x\n", ""},
		"reads no input":     {`read line; echo "x$line"`, "x\n", ""},
		"fails":              {`echo canary; echo canary >&2; exit 3`, "", "it ended with exit status 3"},
		"prints without end": {`while :; do echo canarycanarycanarycanarycanarycanarycanarycanary; done`, "", "it printed more than"},
	} {
		out, err := output(t.Context(), []string{program(t, c.script), "one", "two;three"})
		if string(out) != c.want || (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: output = %q, %v, want %q, %q", name, out, err, c.want, c.err)
		}
	}
	if _, err := output(t.Context(), []string{"/nonexistent/program"}); err == nil {
		t.Error("a program that does not exist ran")
	}
}

// A program that does not end is ended, with what it started.
func TestProgramThatDoesNotEnd(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "pid")
	path := program(t, `sleep 1000 & echo $! > `+mark+`.tmp; mv `+mark+`.tmp `+mark+`; wait`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // its time is over as soon as it has started another
		for {
			if _, err := os.Stat(mark); err == nil {
				cancel()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if _, err := output(ctx, []string{path}); err == nil || !strings.Contains(err.Error(), "did not end") {
		t.Errorf("output = %v, want that it did not end", err)
	}
	pid, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for gone := false; !gone; {
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "stat"))
		gone = err != nil || strings.Contains(string(stat), ") Z ")
		if time.Now().After(deadline) {
			t.Fatal("what the program started outlives it")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The file of an agent takes each kind of reference, and commands that need no secret run
// nothing.
func TestReferences(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("FROM_ENV", "by env")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	ran := filepath.Join(dir, "ran")
	helper := program(t, "touch "+ran+"; echo by exec")
	for name, body := range map[string]string{"community": "by file\n", "given": "by cred\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "agent.yaml")
	text := `id: a1
data: data
collector: {url: "https://127.0.0.1:7443", pin: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
allow_exec: true
credentials:
  file: {version: 2c, community: "file:community"}
  env: {version: 2c, community: "env:FROM_ENV"}
  cred: {version: 2c, community: "cred:given"}
  exec: {version: 2c, community: "exec:` + helper + ` now"}
`
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	if _, ps := configs.LoadAgent(configs.OS(), file); ps.Err() != nil {
		t.Errorf("read without the secrets: %v", ps.Err())
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program ran though nobody needed its secret")
	}
	a, ps := configs.LoadAgent(source(t.Context()), file)
	if ps.Err() != nil {
		t.Fatal(ps.Err())
	}
	for name, c := range a.Credentials {
		if got := c.Community.Reveal(); got != "by "+name {
			t.Errorf("%s: secret = %q, want %q", name, got, "by "+name)
		}
	}
	write(strings.Replace(text, "allow_exec: true\n", "", 1))
	if _, ps := configs.LoadAgent(source(t.Context()), file); ps.Err() == nil || !strings.Contains(ps.Err().Error(), "switched off") {
		t.Errorf("exec: without allow_exec = %v, want it refused", ps.Err())
	}
}
