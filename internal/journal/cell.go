// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Cell keeps one small value, in two files that are overwritten in turn, in place: it
// can be stored on a disk that has become full. One goroutine at a time may use it.
type Cell struct {
	fs      FS
	names   [2]string
	files   [2]File
	room    [2]int64 // bytes that a file has on disk
	named   [2]bool  // its name is known to survive a power cut
	version uint64   // of what was stored last
	loaded  bool     // it was read, and not stored by this process
	least   int64
}

// NewCell returns the cell of that name, whose files have at least so many bytes.
func NewCell(fs FS, name string, least int64) *Cell {
	return &Cell{fs: fs, names: [2]string{name + ".0", name + ".1"}, least: least}
}

// Load returns the value that was stored last: [fs.ErrNotExist] when there never was
// one, [ErrDamaged] when there was and no copy is whole.
func (c *Cell) Load() ([]byte, error) {
	var best []byte
	missing := 0
	var failed error
	for i, name := range c.names {
		value, version, err := c.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case err != nil:
			failed = err
		case best == nil || version > c.version:
			best = value
			c.version = version
			_ = i
		}
	}
	switch {
	case best != nil:
		c.loaded = true
		return best, nil
	case missing == len(c.names):
		return nil, fs.ErrNotExist
	case failed == nil:
		failed = ErrDamaged
	}
	return nil, fmt.Errorf("read %s: %w", c.names[0], failed)
}

func (c *Cell) read(name string) (value []byte, version uint64, err error) {
	f, err := c.fs.Open(name, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	_, payload, err := readFrame(f, Pos{})
	if err != nil {
		return nil, 0, err
	}
	if len(payload) < 8 {
		return nil, 0, ErrDamaged
	}
	return payload[8:], binary.LittleEndian.Uint64(payload), nil
}

// Store replaces the value. When it returns nil the value survives a power cut; when it
// returns an error, the old value or the new one is there.
func (c *Cell) Store(value []byte) error {
	if len(value) > MaxRecord-8 {
		return fmt.Errorf("write %s: %d bytes are more than %d", c.names[0], len(value), MaxRecord-8)
	}
	// An error leaves the version as it is: the copy that failed is tried again, and the
	// other is never touched before this one is whole.
	i := (c.version + 1) % 2
	if c.loaded { // and an earlier process may have failed to sync that other one
		if err := c.settle(1 - int(i)); err != nil {
			return fmt.Errorf("write %s: %w", c.names[1-i], err)
		}
		c.loaded = false
	}
	payload := append(binary.LittleEndian.AppendUint64(nil, c.version+1), value...)
	if err := c.write(int(i), appendFrame(nil, Pos{}, 0, payload)); err != nil {
		c.closeFile(int(i))
		return fmt.Errorf("write %s: %w", c.names[i], err)
	}
	c.version++
	return nil
}

// settle makes what was read survive a power cut.
func (c *Cell) settle(i int) error {
	f, err := c.fs.Open(c.names[i], os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	_, payload, err := readFrame(f, Pos{})
	if err != nil {
		return err
	}
	// Written again, as what a sync has failed on counts as clean, and is not.
	if _, err := f.WriteAt(appendFrame(nil, Pos{}, 0, payload), 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return c.fs.SyncDir()
}

func (c *Cell) write(i int, frame []byte) (err error) {
	if c.files[i] == nil {
		if c.files[i], err = c.fs.Open(c.names[i], os.O_RDWR|os.O_CREATE); err != nil {
			return err
		}
		if c.room[i], err = c.fs.Size(c.names[i]); err != nil {
			return err
		}
	}
	if need := max(c.least, int64(len(frame))); c.room[i] < need {
		if err := c.files[i].Allocate(need); err != nil {
			return err
		}
		c.room[i] = need
	}
	if _, err := c.files[i].WriteAt(frame, 0); err != nil {
		return err
	}
	if err := c.files[i].Sync(); err != nil {
		return err
	}
	if c.named[i] {
		return nil
	}
	err = c.fs.SyncDir()
	c.named[i] = err == nil
	return err
}

func (c *Cell) closeFile(i int) {
	if c.files[i] != nil {
		_ = c.files[i].Close() // what it held is written again
	}
	c.files[i] = nil
}

// Close lets go of the files.
func (c *Cell) Close() {
	c.closeFile(0)
	c.closeFile(1)
}
