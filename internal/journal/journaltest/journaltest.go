// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package journaltest is a directory in memory that does what disks do to logs: it
// fails on command, forgets what was not synced when the power is cut, and tears
// sectors. It is for tests.
package journaltest

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/vouch-sla/vouch/internal/journal"
)

// Sector is what a disk writes at once, in bytes.
const Sector = 512

// FS is such a directory. The zero value is empty.
type FS struct {
	// Fail is asked before everything that changes the disk: "open" (that makes a
	// file), "write", "allocate", "sync", "remove" and "syncdir". An error other than
	// nil fails it; half of a write that fails is done, and what a sync that fails
	// should have flushed is forgotten by the next power cut. It may call
	// [FS.Index] alone.
	Fail func(op, name string) error
	// Room bounds the bytes of all files; 0 means no bound.
	Room int64

	mu    sync.Mutex // guards all below
	files map[string]*node
	ops   int
}

// node is a file: as programs see it, and as the disk holds it.
type node struct {
	data, disk []byte
	dirty      map[int64]bool // sectors that differ and a sync would flush
	lasting    bool           // its name survives a power cut
	gone       bool           // removed, which a power cut may undo
}

// Ops returns how many operations were asked to change the disk so far.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Index is for Fail: the number of the operation that is asked for, from 0.
func (f *FS) Index() int { return f.ops - 1 }

// Names returns the files in order.
func (f *FS) Names() []string {
	names, _ := f.List() // never fails
	slices.Sort(names)
	return names
}

// Bytes returns the contents of a file, which may be changed in place while nobody
// reads it; else see [FS.Damage].
func (f *FS) Bytes(name string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.files[name].data
}

// Damage lets do change a file in place while others may read it.
func (f *FS) Damage(name string, do func(raw []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(f.files[name].data)
}

// PowerCut returns the directory as the disk gives it back after the power was cut: of
// what was not synced each sector is there, or not, or torn, as the dice say.
func (f *FS) PowerCut(dice *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	after := &FS{files: map[string]*node{}}
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		n := f.files[name]
		if !n.lasting && dice.IntN(2) == 0 || n.gone && dice.IntN(2) == 0 {
			continue
		}
		disk := make([]byte, max(len(n.disk), len(n.data)))
		copy(disk, n.disk)
		for _, s := range slices.Sorted(maps.Keys(n.dirty)) {
			from, to := s*Sector, min((s+1)*Sector, int64(len(n.data)))
			if from >= to {
				continue
			}
			switch dice.IntN(3) {
			case 0:
				copy(disk[from:to], n.data[from:to])
			case 1: // torn
				copy(disk[from:from+dice.Int64N(to-from+1)], n.data[from:to])
			}
		}
		after.files[name] = &node{data: disk, disk: slices.Clone(disk), dirty: map[int64]bool{}, lasting: true}
	}
	return after
}

// check counts an operation and asks whether it fails. The caller holds mu.
func (f *FS) check(op, name string) error {
	f.ops++
	if f.Fail == nil {
		return nil
	}
	return f.Fail(op, name)
}

func (f *FS) lookup(name string) *node {
	if n := f.files[name]; n != nil && !n.gone {
		return n
	}
	return nil
}

// Open opens a file.
func (f *FS) Open(name string, flag int) (journal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.lookup(name)
	switch {
	case n != nil && flag&os.O_EXCL != 0:
		return nil, fs.ErrExist
	case n == nil && flag&os.O_CREATE == 0:
		return nil, fs.ErrNotExist
	case n == nil:
		if err := f.check("open", name); err != nil {
			return nil, err
		}
		n = &node{dirty: map[int64]bool{}}
		if f.files == nil {
			f.files = map[string]*node{}
		}
		f.files[name] = n
	}
	return &file{f, n, name}, nil
}

// List returns the names.
func (f *FS) List() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name, n := range f.files {
		if !n.gone {
			names = append(names, name)
		}
	}
	return names, nil
}

// Size returns how long a file is.
func (f *FS) Size(name string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.lookup(name)
	if n == nil {
		return 0, fs.ErrNotExist
	}
	return int64(len(n.data)), nil
}

// Remove removes a file.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.lookup(name)
	if n == nil {
		return fs.ErrNotExist
	}
	if err := f.check("remove", name); err != nil {
		return err
	}
	n.gone = true
	return nil
}

// SyncDir makes names last.
func (f *FS) SyncDir() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.check("syncdir", ""); err != nil {
		return err
	}
	for name, n := range f.files {
		n.lasting = true
		if n.gone {
			delete(f.files, name)
		}
	}
	return nil
}

// used returns the bytes of all files. The caller holds mu.
func (f *FS) used() (sum int64) {
	for _, n := range f.files {
		if !n.gone {
			sum += int64(len(n.data))
		}
	}
	return sum
}

type file struct {
	fs   *FS
	n    *node
	name string
}

func (h *file) ReadAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if off >= int64(len(h.n.data)) {
		return 0, io.EOF
	}
	k := copy(p, h.n.data[off:])
	if k < len(p) {
		return k, io.EOF
	}
	return k, nil
}

func (h *file) WriteAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	err := h.fs.check("write", h.name)
	if err != nil {
		p = p[:len(p)/2]
	}
	if err := h.grow(off + int64(len(p))); err != nil {
		return 0, err
	}
	copy(h.n.data[off:], p)
	for s := off / Sector; s*Sector < off+int64(len(p)); s++ {
		h.n.dirty[s] = true
	}
	return len(p), err
}

func (h *file) grow(size int64) error {
	more := size - int64(len(h.n.data))
	if more <= 0 {
		return nil
	}
	if h.fs.Room > 0 && h.fs.used()+more > h.fs.Room {
		return syscall.ENOSPC
	}
	h.n.data = append(h.n.data, make([]byte, more)...)
	return nil
}

func (h *file) Allocate(size int64) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if err := h.fs.check("allocate", h.name); err != nil {
		return err
	}
	return h.grow(size)
}

func (h *file) Sync() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if err := h.fs.check("sync", h.name); err != nil {
		clear(h.n.dirty) // as Linux does: the pages count as clean
		return err
	}
	disk := make([]byte, len(h.n.data))
	copy(disk, h.n.disk)
	for s := range h.n.dirty {
		from := s * Sector
		copy(disk[from:], h.n.data[from:min(from+Sector, int64(len(h.n.data)))])
	}
	h.n.disk = disk
	clear(h.n.dirty)
	return nil
}

func (h *file) Close() error { return nil }
