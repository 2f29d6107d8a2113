// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, dir string) string // returns what is opened
		want    string                                // part of the sentence
		is      error
	}{
		{"directory is a file", func(t *testing.T, dir string) string {
			return write(t, filepath.Join(dir, "data"), "")
		}, "it is a file: name a directory", nil},
		{"directory below a file", func(t *testing.T, dir string) string {
			return filepath.Join(write(t, filepath.Join(dir, "data"), ""), "vouch")
		}, "a part of the path is a file", nil},
		{"directory not writable", func(t *testing.T, dir string) string {
			skipRoot(t)
			chmod(t, dir, 0o500)
			return dir
		}, "cannot write there: give the directory to that user", nil},
		{"parent not writable", func(t *testing.T, dir string) string {
			skipRoot(t)
			chmod(t, dir, 0o500)
			return filepath.Join(dir, "data")
		}, "create it and give it to that user", nil},
		{"database is no database", func(t *testing.T, dir string) string {
			write(t, filepath.Join(dir, "vouch.db"), strings.Repeat("this is no database\n", 500))
			return dir
		}, "the database file is damaged: restore it from a back-up", nil},
		{"schema of a newer version", func(t *testing.T, dir string) string {
			openClose(t, dir)
			tamper(t, dir, "PRAGMA user_version = 99")
			tamper(t, dir, "INSERT INTO migration VALUES (99, 'v7.1.0', '2030-01-01T00:00:00Z')")
			return dir
		}, "schema is version 99, made by vouch v7.1.0, and this program knows versions up to 7: start that version or a later one", store.ErrNewer},
		{"in use", func(t *testing.T, dir string) string {
			openDir(t, dir)
			return dir
		}, "stop that one first", store.ErrLocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.prepare(t, t.TempDir())
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err == nil {
				s.Close()
				t.Fatalf("Open(%s) = nil, want an error with %q", dir, c.want)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("Open = %q, want the directory and %q in it", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("Open = %v, want it to be %v", err, c.is)
			}
		})
	}
}

func TestOpenCreatesPrivateDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data #1 ?") // characters that mean something in a URI
	openDir(t, dir)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("Stat(%s) = %v, %v, want mode 0700", dir, info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vouch.db")); err != nil {
		t.Errorf("the database is not in the directory: %v", err)
	}
}

// TestOpenReleases: what refused to open can be opened once the reason is gone.
func TestOpenReleases(t *testing.T) {
	dir := t.TempDir()
	openClose(t, dir)
	tamper(t, dir, "PRAGMA user_version = 99")
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("Open = %v, want %v", err, store.ErrNewer)
	}
	tamper(t, dir, "PRAGMA user_version = 7")
	openClose(t, dir)
	openClose(t, dir)
}

func openClose(t *testing.T, dir string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Version: "v0.1.0"})
	if err != nil {
		t.Fatalf("Open(%s) = %v", dir, err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// chmod changes the mode of a directory until the test ends.
func chmod(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
}

func skipRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere: run as another user to test refusals")
	}
}
