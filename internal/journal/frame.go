// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// marker begins every frame. No text holds it: 0xff is no byte of UTF-8.
const marker = "\xffvj\x01"

const headerSize = len(marker) + 1 + 4 + 4

// ErrDamaged says that the disk gave back other bytes than it was given, or none.
var ErrDamaged = errors.New("record is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendFrame(dst []byte, at Pos, kind byte, payload []byte) []byte {
	dst = append(dst, marker...)
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(at, kind, payload))
	return append(dst, payload...)
}

// checksum covers where a frame lies and what it says.
func checksum(at Pos, kind byte, payload []byte) uint32 {
	var b [21]byte
	binary.LittleEndian.PutUint64(b[:], at.Segment)
	binary.LittleEndian.PutUint64(b[8:], uint64(at.Offset))
	binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
	b[20] = kind
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, payload)
}

// parseFrame returns the record that begins at raw, and how long its frame is. The
// payload is part of raw.
func parseFrame(raw []byte, at Pos) (kind byte, payload []byte, size int, ok bool) {
	if len(raw) < headerSize || string(raw[:len(marker)]) != marker {
		return 0, nil, 0, false
	}
	kind = raw[len(marker)]
	length := binary.LittleEndian.Uint32(raw[len(marker)+1:])
	if length > MaxRecord || int(length) > len(raw)-headerSize {
		return 0, nil, 0, false
	}
	payload = raw[headerSize : headerSize+int(length)]
	if binary.LittleEndian.Uint32(raw[len(marker)+5:]) != checksum(at, kind, payload) {
		return 0, nil, 0, false
	}
	return kind, payload, headerSize + int(length), true
}

// readFrame reads the one record at a place.
func readFrame(f io.ReaderAt, at Pos) (kind byte, payload []byte, err error) {
	head := make([]byte, headerSize)
	if _, err := f.ReadAt(head, at.Offset); err != nil {
		return 0, nil, endIsDamage(err)
	}
	length := binary.LittleEndian.Uint32(head[len(marker)+1:])
	if string(head[:len(marker)]) != marker || length > MaxRecord {
		return 0, nil, ErrDamaged
	}
	raw := make([]byte, headerSize+int(length))
	if _, err := f.ReadAt(raw, at.Offset); err != nil {
		return 0, nil, endIsDamage(err)
	}
	kind, payload, _, ok := parseFrame(raw, at)
	if !ok {
		return 0, nil, ErrDamaged
	}
	return kind, payload, nil
}

func endIsDamage(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrDamaged
	}
	return err
}

// scan calls do for every whole frame of a segment, in order, and returns how many
// stretches between frames hold other bytes than zeros. What follows the last frame is
// none of them: a write that was cut off looks so.
func scan(raw []byte, segment uint64, do func(at Pos, kind byte, payload []byte)) (damaged int) {
	gap := 0 // where the stretch without a frame began
	for i := 0; i < len(raw); {
		at := Pos{segment, int64(i)}
		if kind, payload, size, ok := parseFrame(raw[i:], at); ok {
			if len(bytes.Trim(raw[gap:i], "\x00")) > 0 {
				damaged++
			}
			do(at, kind, payload)
			i += size
			gap = i
			continue
		}
		next := bytes.Index(raw[i+1:], []byte(marker))
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return damaged
}
