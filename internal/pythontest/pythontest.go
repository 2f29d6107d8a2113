// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package pythontest runs docs/verify.py for tests: a verifier of bundles that was
// written from docs/evidence-format.md alone and shares nothing with ours. It is for
// tests only. A test that needs it skips, with the reason and the cure, where Python or
// its package is not installed.
package pythontest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Verify runs verify.py over a bundle. It returns what the program says, and whether the
// bundle is sound by its word; any other end of the program fails the test.
func Verify(t testing.TB, bundle []byte, keys ...string) (said string, sound bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(path, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(root(t), "docs", "verify.py")
	if _, err := os.Stat(script); err != nil { // and so a cached result depends on it
		t.Fatal(err)
	}
	args := []string{script}
	for _, k := range keys {
		args = append(args, "--key", k)
	}
	said, err := run(t, append(args, path))
	var exit *exec.ExitError
	switch {
	case err == nil && strings.HasPrefix(said, "SOUND: "):
		return said, true
	case errors.As(err, &exit) && exit.ExitCode() == 1 && strings.HasPrefix(said, "NOT SOUND: "):
		return said, false
	}
	t.Fatalf("verify.py: %v, and says\n%s", err, said)
	return "", false
}

// run runs the first Python that has what verify.py needs: the one in PATH, or else that
// of the system, which is the one that the Debian package serves.
func run(t testing.TB, args []string) (string, error) {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState != nil && !strings.Contains(string(out), "needs the Python package") {
			return string(out), err
		}
	}
	t.Skip("python3 with its package cryptography is not installed: `make test` installs it")
	return "", nil
}

// root returns the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
}
