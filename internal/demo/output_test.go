// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/internal/demo"
)

func TestOpenFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	full := filepath.Join(dir, "full")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Mkdir(full, 0o755), os.WriteFile(filepath.Join(full, "old"), nil, 0o644), os.Mkdir(filepath.Join(dir, "empty"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, want string }{
		{file, "it is a file"},
		{filepath.Join(file, "below"), "not a directory"},
		{full, "it holds old and more already"},
		{filepath.Join(dir, "empty"), ""},
		{filepath.Join(dir, "new", "deep"), ""},
	} {
		f, err := demo.OpenFolder(tc.name)
		var misuse *demo.Misuse
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("openFolder(%s) = %v, want nil", tc.name, err)
		case tc.want != "" && (!errors.As(err, &misuse) || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("openFolder(%s) = %v, want a misuse: %s", tc.name, err, tc.want)
		case err == nil:
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(tc.name, "config")); err != nil {
				t.Errorf("after close, what is to be kept is gone: %v", err)
			}
		}
	}
	if list, err := os.ReadDir(full); err != nil || len(list) != 1 {
		t.Errorf("a directory that was refused holds %v (%v), want it as it was", list, err)
	}
}

func TestTemporaryFolderIsRemoved(t *testing.T) {
	f, err := demo.OpenFolder("")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.Path()); !os.IsNotExist(err) {
		t.Errorf("after close, %s is still there: %v", f.Path(), err)
	}
}

// A socket's path may have 107 bytes, a directory's 4,095.
func TestDataDirIsShortEnoughForASocket(t *testing.T) {
	for _, depth := range []int{1, 12} {
		name := filepath.Join(t.TempDir(), strings.Repeat("directory/", depth))
		f, err := demo.OpenFolder(name)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := f.DataDir()
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", filepath.Join(dir, "vouch.sock"))
		if err != nil {
			t.Errorf("listen in the data directory of %s, as %s: %v", name, dir, err)
			continue
		}
		if _, err := os.Stat(filepath.Join(name, "data", "vouch.sock")); err != nil {
			t.Errorf("%s is not the data directory: %v", dir, err)
		}
		if err := errors.Join(l.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	}
}
