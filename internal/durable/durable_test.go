// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vouch-sla/vouch/internal/durable"
)

func TestWriteFile(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	path := filepath.Join(t.TempDir(), "head")
	for _, c := range []struct {
		data string
		perm fs.FileMode
	}{{"one", 0o644}, {"", 0o600}, {"three\n", 0o600}} {
		if err := durable.WriteFile(path, []byte(c.data), c.perm); err != nil {
			t.Fatal(err)
		}
		got, err := durable.ReadFile(path, 100)
		if err != nil || string(got) != c.data {
			t.Errorf("ReadFile = %q, %v, want %q", got, err, c.data)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != c.perm {
			t.Errorf("mode %v, %v, want %v whatever the umask", info.Mode(), err, c.perm)
		}
	}
	left(t, path)
}

// left checks that path is the only file in its directory.
func left(t *testing.T, path string) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(list) != 1 || list[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v, %v, want %s alone", list, err, filepath.Base(path))
	}
}

func TestWriteFileReplacesWhatACrashLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head")
	if err := os.WriteFile(path+".tmp", []byte("half a he"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := durable.ReadSecret(path); err != nil || string(got) != "whole" {
		t.Errorf("ReadSecret = %q, %v, want %q", got, err, "whole")
	}
	left(t, path)
}

func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	if err := durable.WriteFile(filepath.Join(dir, "missing", "head"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in a directory that is not there: %v, want ErrNotExist", err)
	}
	// The last step but one fails: nothing is left lying about, the old stays.
	path := filepath.Join(dir, "head")
	if err := os.MkdirAll(filepath.Join(path, "child"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("x"), 0o600); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("WriteFile over a directory: %v, want an error that names it", err)
	}
	left(t, path)
}

func TestReadFileRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head")
	if _, err := durable.ReadFile(path, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile of nothing: %v, want ErrNotExist", err)
	}
	if err := durable.WriteFile(path, make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.ReadFile(path, 10); err == nil || !strings.Contains(err.Error(), "larger than the 10 bytes") {
		t.Errorf("ReadFile beyond its bound: %v", err)
	}
}

func TestReadSecretRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o644, 0o666} {
		if err := durable.WriteFile(path, []byte("secret"), mode); err != nil {
			t.Fatal(err)
		}
		_, err := durable.ReadSecret(path)
		if err == nil || !strings.Contains(err.Error(), "chmod 600") || !strings.Contains(err.Error(), path) {
			t.Errorf("ReadSecret of mode %v: %v, want an error that names the file and chmod 600", mode, err)
		}
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{dir, pipe} {
		if _, err := durable.ReadSecret(p); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("ReadSecret(%s) = %v, want an error: not a regular file", p, err)
		}
	}
	if _, err := durable.ReadSecret(path + "s"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadSecret of nothing: %v, want ErrNotExist", err)
	}
	if err := durable.WriteFile(path, make([]byte, durable.MaxSecret+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.ReadSecret(path); err == nil {
		t.Error("ReadSecret of a great file: no error")
	}
	if err := durable.WriteFile(path, []byte("secret"), 0o400); err != nil {
		t.Fatal(err)
	}
	if got, err := durable.ReadSecret(path); err != nil || string(got) != "secret" {
		t.Errorf("ReadSecret = %q, %v, want it", got, err)
	}
}

// Two never have the same directory; who comes after has it.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := durable.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.Lock(dir); err == nil || !strings.Contains(err.Error(), dir+" is in use by another process") {
		t.Errorf("Lock of a locked directory = %v, want an error that names it", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := durable.Lock(dir)
	if err != nil {
		t.Fatalf("Lock afterwards: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	if _, err := durable.Lock(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lock of no directory = %v, want fs.ErrNotExist", err)
	}
}
