// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/vouch-sla/vouch/evidence"
)

// frame is a row of the table frame.
type frame struct {
	id, last int64 // row ids of its first and its last entry
	stream   string
	oldest   *int64 // the least time of what is not erased; nil for none. Not read back
	list     []framed
	data     []byte // packed
	damage   error  // why its list or its notes cannot be read
}

// framed is one note of a frame.
type framed struct {
	id     int64 // of its entry
	length int   // 0: it was erased
}

// noted is a note with what a frame needs to know of its entry.
type noted struct {
	id, chain int64
	at        *int64 // the time by which it may be erased, Unix milliseconds; nil for never
	text      []byte // empty: it was erased
}

// frameError says that a frame cannot be read.
type frameError struct{ f *frame }

func (e frameError) Error() string {
	return fmt.Sprintf("the frame of leaves %d to %d, stream %s, is damaged: %v", leafOf(e.f.id), leafOf(e.f.last), e.f.stream, e.f.damage)
}

// frameColumns are those that readFrame reads.
const frameColumns = "id, last, stream, notes, data"

// readFrame reads a row, and nothing of its notes but the list.
func readFrame(scan scanner) (*frame, error) {
	f := &frame{}
	var list []byte
	if err := scan(&f.id, &f.last, &f.stream, &list, &f.data); err != nil {
		return nil, err
	}
	if f.damage = f.parseList(list); f.damage != nil {
		f.list = nil
	}
	return f, nil
}

// listColumn returns how the list is stored.
func (f *frame) listColumn() []byte {
	var b []byte
	for _, n := range f.list {
		b = binary.AppendUvarint(b, uint64(n.id-f.id))
		b = binary.AppendUvarint(b, uint64(n.length))
	}
	return b
}

// parseList is the inverse of listColumn.
func (f *frame) parseList(column []byte) error {
	if f.last < f.id {
		return errors.New("its first leaf lies behind its last")
	}
	if len(column) == 0 {
		return errors.New("its list of notes is empty")
	}
	f.list = make([]framed, 0, frameNotes)
	for total := 0; len(column) > 0; {
		leaf, n := binary.Uvarint(column)
		length, m := binary.Uvarint(column[max(n, 0):])
		if n <= 0 || m <= 0 || leaf > uint64(f.last-f.id) || length > evidence.MaxNote {
			return errors.New("its list of notes cannot be read")
		}
		if total += int(length); total > frameBytes {
			return fmt.Errorf("its list of notes comes to more than %d bytes", frameBytes)
		}
		f.list = append(f.list, framed{f.id + int64(leaf), int(length)})
		column = column[n+m:]
	}
	return nil
}

// unpack returns the notes in the order of the list. They share one array.
func (f *frame) unpack(c *codec) ([][]byte, error) {
	if f.damage != nil {
		return nil, frameError{f}
	}
	all, err := c.dec.DecodeAll(f.data, nil)
	if err != nil {
		f.damage = err
		return nil, frameError{f}
	}
	total := 0
	for _, n := range f.list {
		total += n.length
	}
	if total != len(all) {
		f.damage = fmt.Errorf("it holds %d bytes of notes, its list says %d", len(all), total)
		return nil, frameError{f}
	}
	notes := make([][]byte, len(f.list))
	for i, n := range f.list {
		notes[i], all = all[:n.length:n.length], all[n.length:]
	}
	return notes, nil
}

// framer packs frames. It is for one goroutine, and for as long as there is work: see
// newFrameEncoder.
type framer struct {
	codec *codec
	enc   *zstd.Encoder // nil until needed
}

// pack sets list, data and oldest of a frame. It unpacks the notes again and compares
// them before anything is given up for the frame.
func (p *framer) pack(f *frame, notes []noted) error {
	if p.enc == nil {
		var err error
		if p.enc, err = newFrameEncoder(); err != nil {
			return err
		}
	}
	f.list, f.oldest, f.damage = make([]framed, 0, len(notes)), nil, nil
	var all []byte
	for _, n := range notes {
		f.list = append(f.list, framed{n.id, len(n.text)})
		all = append(all, n.text...)
		if len(n.text) > 0 && n.at != nil && (f.oldest == nil || *n.at < *f.oldest) {
			f.oldest = n.at
		}
	}
	f.data = p.enc.EncodeAll(all, []byte{}) // not nil, which is NULL
	back, err := f.unpack(p.codec)
	if err != nil {
		return fmt.Errorf("it was packed a moment ago: %w", err)
	}
	for i, n := range notes {
		if !bytes.Equal(back[i], n.text) {
			return fmt.Errorf("the frame of leaves %d to %d does not unpack to what was packed", leafOf(f.id), leafOf(f.last))
		}
	}
	return nil
}
