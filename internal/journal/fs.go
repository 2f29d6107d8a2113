// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch/internal/durable"
)

// FS is the one directory in which logs lie.
type FS interface {
	// Open opens a file as [os.OpenFile] does.
	Open(name string, flag int) (File, error)
	// List returns the names in the directory.
	List() ([]string, error)
	// Size returns how long a file is.
	Size(name string) (int64, error)
	Remove(name string) error
	// SyncDir makes files that were made or removed stay so after a power cut.
	SyncDir() error
}

// File is a file of such a directory.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes what was written survive a power cut.
	Sync() error
	// Allocate makes the file so long, with zeros, and takes the room on disk.
	Allocate(size int64) error
}

// Dir is a directory of the operating system. It is made, with mode 0700, where it is
// missing and something is opened to be written.
type Dir string

// Open opens a file with mode 0600.
func (d Dir) Open(name string, flag int) (File, error) {
	path := filepath.Join(string(d), name)
	f, err := os.OpenFile(path, flag, 0o600)
	if errors.Is(err, os.ErrNotExist) && flag&os.O_CREATE != 0 {
		if err := os.MkdirAll(string(d), 0o700); err != nil {
			return nil, err
		}
		if err := durable.SyncDir(filepath.Dir(string(d))); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, flag, 0o600)
	}
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// List returns the names in the directory; a missing one is empty.
func (d Dir) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// Size returns how long a file is.
func (d Dir) Size(name string) (int64, error) {
	info, err := os.Stat(filepath.Join(string(d), name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Remove removes a file.
func (d Dir) Remove(name string) error { return os.Remove(filepath.Join(string(d), name)) }

// SyncDir flushes the directory.
func (d Dir) SyncDir() error { return durable.SyncDir(string(d)) }

type file struct{ *os.File }

// Allocate takes the room at once where the file system can, and writes zeros where it
// cannot (NFS, some flash file systems).
func (f file) Allocate(size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for at := info.Size(); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
