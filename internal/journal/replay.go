// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxSegment bounds what is read of a segment, in bytes.
const maxSegment = 64 << 20

// Found is what [Log.Replay] came across.
type Found struct {
	Records int
	Damaged int     // stretches of damage with a record after them
	Unread  []error // segments that the disk did not give back in full
}

// Replay calls do for every whole record, in the order in which they were appended. The
// payload may be used until do returns. It goes on after damage, and writes nothing.
func (l *Log) Replay(do func(at Pos, kind byte, payload []byte)) Found {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found Found
	var buf []byte
	for _, s := range l.segments {
		raw, err := l.load(buf, s)
		buf = raw
		if err != nil {
			found.Unread = append(found.Unread, fmt.Errorf("read segment %s: %w", l.name(s.number), err))
		}
		found.Damaged += scan(raw, s.number, func(at Pos, kind byte, payload []byte) {
			found.Records++
			do(at, kind, payload)
		})
	}
	return found
}

// latest is how many segments [Log.Settle] writes again. An earlier process that went on
// after an error has said again in later ones what was not certain.
const latest = 4

// Settle makes what an earlier process left survive a power cut as well as the kill that
// it has survived: it writes the latest segments again in place, as what a sync has
// failed on counts as clean and is not, and syncs the others. It returns those of the
// latest of which that did not succeed, which who appends may want to say again, and why.
func (l *Log) Settle() (uncertain []uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var buf []byte
	for i, s := range l.segments {
		var raw []byte
		var e error
		late := i >= len(l.segments)-latest
		if late {
			raw, e = l.load(buf, s)
			buf = raw
			raw = bytes.TrimRight(raw, "\x00")
		}
		if e == nil {
			e = l.rewrite(s, raw)
		}
		if e != nil {
			if late {
				uncertain = append(uncertain, s.number)
			}
			err = fmt.Errorf("sync segment %s: %w", l.name(s.number), e)
		}
	}
	return uncertain, err
}

// rewrite writes what a segment holds over itself, and syncs it.
func (l *Log) rewrite(s segment, raw []byte) error {
	f, err := l.fs.Open(l.name(s.number), os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if len(raw) > 0 {
		if _, err := f.WriteAt(raw, 0); err != nil {
			return err
		}
	}
	return f.Sync()
}

// load reads a segment into buf, with zeros where the disk gave nothing back.
func (l *Log) load(buf []byte, s segment) ([]byte, error) {
	if s.bytes > maxSegment {
		return nil, fmt.Errorf("it has %d bytes, allowed are %d", s.bytes, maxSegment)
	}
	f, err := l.fs.Open(l.name(s.number), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if int64(cap(buf)) < s.bytes {
		buf = make([]byte, s.bytes)
	}
	buf = buf[:s.bytes]
	clear(buf)
	if _, err = f.ReadAt(buf, 0); err == nil || errors.Is(err, io.EOF) {
		return buf, nil
	}
	const block = 4096 // one that cannot be read must not cost the others
	for i := int64(0); i < s.bytes; i += block {
		part := buf[i:min(i+block, s.bytes)]
		if _, e := f.ReadAt(part, i); e != nil && !errors.Is(e, io.EOF) {
			clear(part)
		}
	}
	return buf, err
}
