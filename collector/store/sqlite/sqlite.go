// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package sqlite keeps the collector's state and ledgers in one SQLite database in
// one data directory. It carries out package store; it is not a general database
// layer, and it knows nothing of contracts, verdicts or what notes say.
//
// One connection writes, owned by one goroutine that commits what waits together;
// readers have connections of their own and never wait for it. The write-ahead log
// is synced at every commit (synchronous=FULL, read back), so what Append has
// reported as stored survives a power cut. Notes are committed one by one with their
// entries; later, in the background, some 60 of a stream at a time are packed into a
// frame, in one transaction. The tables are described in migrations/.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/vouch-sla/vouch/collector/store"
)

// Options tune a store. The zero value is right for tests.
type Options struct {
	// Version of the program, for example "v0.3.0". It is recorded when the schema
	// is brought up to date, so that an older program can name the version that is
	// needed. Empty means "unreleased".
	Version string
}

// Names of the files in the data directory.
const (
	databaseFile = "vouch.db"
	lockFile     = "lock"
)

// maxReaders bounds the connections that read, and with them their page caches (2 MB each).
const maxReaders = 8

// Store is an open data directory. Its methods may be called concurrently.
type Store struct {
	dir    string
	lock   *os.File
	reader *sql.DB
	writer *writer
	bodies *codec
	shelf  shelf

	upkeep turn // of what moves notes: one frame at a time
	idle   idle
	keeper keeper

	closing sync.Once
	closed  error // written once, under closing
}

var _ store.Store = (*Store)(nil)

// errClosed is what a call on a closed store comes to.
var errClosed = errors.New("the store is closed")

// Open opens the data directory dir and creates it (mode 0700) and the database in
// it where they are missing. It brings an older schema up to date. It returns an
// error that wraps [store.ErrLocked] when another process has the directory open and
// [store.ErrNewer] when a newer version of vouch wrote it. ctx bounds opening only.
func Open(ctx context.Context, dir string, opts Options) (_ *Store, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open data directory: %v", err)
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock, upkeep: make(turn, 1), idle: idle{size: make(map[int64]int64)}}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.bodies, err = newCodec(); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, databaseFile)
	db, err := openWriter(path)
	if err != nil {
		return nil, explain("open database", dir, err)
	}
	s.writer = newWriter(db, dir)
	if err := migrate(ctx, db, opts.Version); err != nil {
		return nil, explain("open database", dir, err)
	}
	if s.reader, err = openReader(path); err != nil {
		return nil, explain("open database", dir, err)
	}
	if err := s.writer.start(); err != nil {
		return nil, explain("open database", dir, err)
	}
	s.keeper.start(s.packLoop)
	return s, nil
}

// Close lets the commit in progress finish, refuses what waits, and closes the
// database. Every later call of any method but Close returns an error.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.release() })
	return s.closed
}

// release gives back whatever has been acquired. The readers go first: the last
// connection to close folds the write-ahead log into the database, and that must be
// one that may write.
func (s *Store) release() error {
	var errs []error
	s.keeper.stop()
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.bodies != nil {
		s.bodies.close()
	}
	errs = append(errs, s.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close data directory %s: %v", s.dir, err)
	}
	return nil
}
