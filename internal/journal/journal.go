// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package journal is a log of records on a disk that may be cut off, filled up or
// damaged at any moment. It knows nothing of what the records say.
//
// A log is a row of segments, files named PREFIX-NUMBER of which the last is written
// to. A segment is allocated when it is made, so that a disk that fills up later does
// not keep a record out, and is removed as a whole. A record lies in one frame:
//
//	marker 4 bytes | kind 1 | length 4 | CRC-32C 4 | payload
//
// in little-endian order. The checksum covers kind, length, payload and the place of
// the frame (segment and offset), so that what stands in a payload is never taken for
// a frame. After damage reading goes on at the next marker that begins a whole frame:
// one damaged frame costs one record.
//
// After an error of the disk nothing that was appended since the last [Log.Sync] is
// certain: the segment is given up as it is, the next record begins another, and who
// appends says again what was not synced. A reader may therefore see a record twice.
package journal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// MaxRecord is the size of the largest payload, in bytes.
const MaxRecord = 2 << 20

// keepFrame is the largest buffer that is kept to be used again, in bytes.
const keepFrame = 64 << 10

// Pos is where a record lies.
type Pos struct {
	Segment uint64 // from 1
	Offset  int64
}

// Log is one log. Its methods may be called concurrently.
type Log struct {
	fs     FS
	prefix string
	size   int64

	mu       sync.Mutex // guards all below
	segments []segment  // in order
	file     File       // of the last segment while it is written to; nil when none is
	end      int64      // of what is written to it
	dirty    bool
	next     uint64 // number of the next segment
	frame    []byte // of the latest record, to be used again
}

// segment is a file of the log.
type segment struct {
	number uint64
	bytes  int64 // that it takes on disk
}

// Open finds the segments of the log with the prefix. size is how large a segment is
// made, in bytes. It reads no record: [Log.Replay] does.
func Open(fs FS, prefix string, size int64) (*Log, error) {
	l := &Log{fs: fs, prefix: prefix + "-", size: size, next: 1}
	names, err := fs.List()
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", prefix, err)
	}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, l.prefix)
		n, err := strconv.ParseUint(rest, 16, 64)
		if !ok || err != nil || n == 0 || l.name(n) != name {
			continue
		}
		bytes, err := fs.Size(name)
		if err != nil {
			return nil, fmt.Errorf("open log %s: %w", prefix, err)
		}
		l.segments = append(l.segments, segment{n, bytes})
		l.next = max(l.next, n+1)
	}
	sort.Slice(l.segments, func(i, k int) bool { return l.segments[i].number < l.segments[k].number })
	return l, nil
}

func (l *Log) name(n uint64) string { return fmt.Sprintf("%s%08x", l.prefix, n) }

// Append writes a record at the end and returns where it lies. It survives the process
// from then on, and a power cut from the next [Log.Sync] on.
func (l *Log) Append(kind byte, payload []byte) (Pos, error) {
	if len(payload) > MaxRecord {
		return Pos{}, fmt.Errorf("append to log: record of %d bytes, allowed are %d", len(payload), MaxRecord)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	need := int64(headerSize + len(payload))
	if l.file != nil && l.end+need > l.segments[len(l.segments)-1].bytes {
		if err := l.finish(); err != nil {
			return Pos{}, err
		}
	}
	if l.file == nil {
		if err := l.begin(max(l.size, need)); err != nil {
			return Pos{}, err
		}
	}
	at := Pos{l.segments[len(l.segments)-1].number, l.end}
	l.frame = appendFrame(l.frame[:0], at, kind, payload)
	if _, err := l.file.WriteAt(l.frame, at.Offset); err != nil {
		l.giveUp()
		return Pos{}, fmt.Errorf("append to log %s: %w", l.name(at.Segment), err)
	}
	if cap(l.frame) > keepFrame {
		l.frame = nil
	}
	l.end += need
	l.dirty = true
	return at, nil
}

// Sync makes all that was appended survive a power cut.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sync()
}

func (l *Log) sync() error {
	if !l.dirty || l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil {
		// What was not flushed may be gone, and a second try would not say so.
		l.giveUp()
		return fmt.Errorf("sync log %s: %w", l.prefix, err)
	}
	l.dirty = false
	return nil
}

// begin makes the next segment. Nothing is left of one that could not be made.
func (l *Log) begin(size int64) error {
	n := l.next
	name := l.name(n)
	f, err := l.fs.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		l.next++ // whatever lies there
		return fmt.Errorf("begin segment %s: %w", name, err)
	}
	if err = f.Allocate(size); err == nil {
		err = l.fs.SyncDir()
	}
	if err != nil {
		l.next++
		_ = f.Close()
		_ = l.fs.Remove(name) // an empty segment that stays is no harm
		return fmt.Errorf("begin segment %s: %w", name, err)
	}
	l.next++
	l.segments = append(l.segments, segment{n, size})
	l.file, l.end, l.dirty = f, 0, false
	return nil
}

// finish ends the segment that is written to.
func (l *Log) finish() error {
	if err := l.sync(); err != nil {
		return err
	}
	l.giveUp()
	return nil
}

// Rotate makes the next record begin another segment, so that this one can be removed.
func (l *Log) Rotate() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finish()
}

// giveUp lets go of the segment that is written to, as it is.
func (l *Log) giveUp() {
	if l.file != nil {
		_ = l.file.Close() // what was to be flushed is, or is said again
	}
	l.file, l.dirty = nil, false
}

// Read returns the record that lies at a place. Its error is [ErrDamaged] when there is
// none, or else that of the disk.
func (l *Log) Read(at Pos) (kind byte, payload []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.file
	if f == nil || l.segments[len(l.segments)-1].number != at.Segment {
		if f, err = l.fs.Open(l.name(at.Segment), os.O_RDONLY); err != nil {
			return 0, nil, fmt.Errorf("read log: %w", err)
		}
		defer f.Close()
	}
	kind, payload, err = readFrame(f, at)
	if err != nil {
		return 0, nil, fmt.Errorf("read log %s at %d: %w", l.name(at.Segment), at.Offset, err)
	}
	return kind, payload, nil
}

// Remove removes a segment. The one that is written to is ended.
func (l *Log) Remove(number uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.segments, func(s segment) bool { return s.number == number })
	if i < 0 {
		return nil
	}
	if i == len(l.segments)-1 {
		l.giveUp()
	}
	if err := l.fs.Remove(l.name(number)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove segment: %w", err)
	}
	l.segments = slices.Delete(l.segments, i, i+1)
	return nil
}

// Segments returns the numbers of the segments, the oldest first. The last may be the
// one that is written to.
func (l *Log) Segments() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]uint64, len(l.segments))
	for i, s := range l.segments {
		list[i] = s.number
	}
	return list
}

// Bytes returns how much the segments take on disk.
func (l *Log) Bytes() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		n += s.bytes
	}
	return n
}

// Close ends the log. It syncs nothing.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveUp()
}
