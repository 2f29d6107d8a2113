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
	list     []framed
	data     []byte // packed
}

// framed is one note of a frame.
type framed struct {
	id     int64 // of its entry
	length int
}

// notesColumn returns how the list is stored.
func (f *frame) notesColumn() []byte {
	var b []byte
	for _, n := range f.list {
		b = binary.AppendUvarint(b, uint64(n.id-f.id))
		b = binary.AppendUvarint(b, uint64(n.length))
	}
	return b
}

// parseNotes is the inverse of notesColumn.
func (f *frame) parseNotes(column []byte) error {
	if f.last < f.id {
		return errors.New("its ends are damaged")
	}
	f.list = make([]framed, 0, frameNotes)
	for total := 0; len(column) > 0; {
		leaf, n := binary.Uvarint(column)
		length, m := binary.Uvarint(column[max(n, 0):])
		if n <= 0 || m <= 0 || leaf > uint64(f.last-f.id) || length > evidence.MaxNote {
			return errors.New("its list of notes is damaged")
		}
		if total += int(length); total > frameBytes {
			return fmt.Errorf("its list of notes is damaged: it comes to more than %d bytes", frameBytes)
		}
		f.list = append(f.list, framed{f.id + int64(leaf), int(length)})
		column = column[n+m:]
	}
	return nil
}

// pack sets list and data to the notes of some entries.
func (f *frame) pack(enc *zstd.Encoder, ids []int64, notes [][]byte) {
	f.list = f.list[:0]
	for i, note := range notes {
		f.list = append(f.list, framed{ids[i], len(note)})
	}
	f.data = enc.EncodeAll(bytes.Join(notes, nil), nil)
}

// unpack returns the notes in the order of the list. They share one array.
func (f *frame) unpack(c *codec) ([][]byte, error) {
	all, err := c.dec.DecodeAll(f.data, nil)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, n := range f.list {
		total += n.length
	}
	if total != len(all) {
		return nil, fmt.Errorf("it has %d bytes of notes, its list %d", len(all), total)
	}
	notes := make([][]byte, len(f.list))
	for i, n := range f.list {
		notes[i], all = all[:n.length:n.length], all[n.length:]
	}
	return notes, nil
}
