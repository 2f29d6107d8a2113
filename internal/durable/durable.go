// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package durable writes small files so that a crash at any moment leaves either
// the old contents or the new, never a mixture, and reads them back. It is for
// heads, keys and the like; it is no log and no database.
//
// What it cannot do: a disk that acknowledges a flush and then forgets it loses
// what was written, whatever is done here.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MaxSecret is the size of the largest file that [ReadSecret] reads, in bytes.
const MaxSecret = 64 << 10

// WriteFile replaces the file at path with data and permissions perm. When it
// returns nil, the new contents survive a power cut; when it returns an error, the
// file holds the old or the new contents in full. One writer at a time: the new
// contents are gathered in path with ".tmp" after it, which a crash may leave
// behind and the next write replaces.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := write(path, data, perm); err != nil {
		return fmt.Errorf("write %s durably: %w", path, err)
	}
	return nil
}

func write(path string, data []byte, perm fs.FileMode) error {
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeNew(temp, data, perm); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	// The rename is lasting only when the directory is.
	return SyncDir(filepath.Dir(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeNew makes a file that must not exist and flushes it.
func writeNew(path string, data []byte, perm fs.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.Chmod(perm); err != nil { // whatever the umask took away
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// SyncDir flushes a directory, so that files made, renamed or removed in it stay so.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadFile reads a file of at most max bytes. The error of a missing file is
// [fs.ErrNotExist].
func ReadFile(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := readAll(f, max)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// ReadSecret reads a key or password. It refuses a file that is not a regular one
// or that others than its owner may read or write, since a secret that was open to
// others is none any more.
func ReadSecret(path string) ([]byte, error) {
	// Opening a named pipe would wait for who writes to it, so look first.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read secret %s: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := readSecret(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read secret %s: %w", path, err)
	}
	return b, nil
}

func readSecret(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("others than its owner have access (mode %04o): run chmod 600 on it, and replace the secret if others may have read it", perm)
	}
	return readAll(f, MaxSecret)
}

func readAll(r io.Reader, max int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > max {
		return nil, fmt.Errorf("it is larger than the %d bytes that are allowed", max)
	}
	return b, nil
}
