// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"syscall"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/vouch-sla/vouch/collector/store"
)

// makeDir creates the data directory and says what is in the way.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("open data directory %s: it is a file: name a directory", dir)
	}
	err := os.MkdirAll(dir, 0o700)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("create data directory %s: a part of the path is a file: name another directory", dir)
	case errors.Is(err, syscall.ENOSPC):
		return fullDisk("create data directory", dir)
	case notWritable(err):
		return fmt.Errorf("create data directory %s: user %d may not: create it and give it to that user, or name another directory (%v)", dir, os.Getuid(), err)
	}
	return fmt.Errorf("create data directory: %v", err)
}

// notWritable tells refusals by permission or by a read-only file system.
func notWritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// lockDir takes the lock that keeps a second process out of dir. The lock belongs to
// the open file, so the kernel drops it when the process ends in whatever way.
func lockDir(dir string) (*os.File, error) {
	path := dir + string(os.PathSeparator) + lockFile
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return nil, fullDisk("open data directory", dir)
	case err != nil && notWritable(err):
		return nil, fmt.Errorf("open data directory %s: user %d cannot write there: give the directory to that user, or name another (%v)", dir, os.Getuid(), err)
	case err != nil:
		return nil, fmt.Errorf("open data directory: %v", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := make([]byte, 20)
		n, _ := f.ReadAt(holder, 0)
		f.Close()
		return nil, fmt.Errorf("open data directory %s: %w (process %s): stop that one first, or ask it", dir, store.ErrLocked, strings.TrimSpace(string(holder[:n])))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %v", path, err)
	}
	// The number is for people; a full disk must not keep the store from opening.
	if f.Truncate(0) == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

// dsn is the name of the database file with how to open it.
func dsn(path string, params url.Values) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: params.Encode()}
	return u.String()
}

// openWriter opens the one connection that writes.
func openWriter(path string) (*sql.DB, error) {
	// SQLite makes a missing file readable for all, and gives its log the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"mode":          {"rwc"},
		"_txlock":       {"immediate"},
		"_busy_timeout": {"10000"},
		"_foreign_keys": {"on"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_pragma":       {"secure_delete(1)"}, // what is deleted or moved is overwritten with zeros
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// openReader opens the connections that only read.
func openReader(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"mode":          {"ro"},
		"_busy_timeout": {"10000"},
		"_query_only":   {"on"},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db, nil
}

// assertDurable reads the settings back on which every promise of durability rests.
// SQLite ignores what it cannot do, for example WAL on some network file systems.
func assertDurable(ctx context.Context, conn *sql.Conn) error {
	for _, p := range []struct{ name, want string }{
		{"journal_mode", "wal"},
		{"synchronous", "2"},
		{"foreign_keys", "1"},
	} {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("read back %s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("%s is %q, want %q: the file system of the data directory does not carry it; use a local disk", p.name, got, p.want)
		}
	}
	return nil
}
