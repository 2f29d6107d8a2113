// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
)

// Packed is a note that is compressed already.
type Packed struct {
	Size  int    // of the note, in bytes
	Frame []byte // the note as [Compressor.Compress] or [Uncompressed] returned it
}

// JoinPacked makes a body, compressed by zstd, that reads as what [JoinNotes] makes of
// the same notes. Nothing is compressed again: frames may follow one another (RFC 8878,
// section 3), and before each note's own stands one with its length.
func JoinPacked(notes []Packed) ([]byte, error) {
	if len(notes) > MaxNotes {
		return nil, fmt.Errorf("%w: %d notes, at most %d fit a request", ErrTooLarge, len(notes), MaxNotes)
	}
	size, packed := 0, 0
	for i, n := range notes {
		if err := validLength(i, uint64(n.Size)); err != nil {
			return nil, err
		}
		size += lengthBytes + n.Size
		packed += frameHead + lengthBytes + len(n.Frame)
	}
	if size > MaxBody || packed > MaxCompressed {
		return nil, fmt.Errorf("%w: notes of %d bytes, %d compressed, at most %d and %d fit a request", ErrTooLarge, size, packed, MaxBody, MaxCompressed)
	}
	body := make([]byte, 0, packed)
	for _, n := range notes {
		var length [lengthBytes]byte
		binary.BigEndian.PutUint32(length[:], uint32(n.Size))
		body = append(appendUncompressed(body, length[:]), n.Frame...)
	}
	return body, nil
}

// Uncompressed returns a zstd frame that holds b as it is, for what compresses so well
// that [Decompressor] would refuse it, or not at all.
func Uncompressed(b []byte) []byte { return appendUncompressed(nil, b) }

const (
	maxBlock  = 128 << 10 // RFC 8878, section 3.1.1.2.4
	frameHead = 4 + 1 + 1 + 3
)

// appendUncompressed appends a frame of raw blocks (RFC 8878, section 3.1.1): magic
// number, a descriptor that says nothing, a window of one block, and the blocks.
func appendUncompressed(dst, b []byte) []byte {
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd, 0, 7<<3) // a window of 1 KB << 7
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(len(b), maxBlock)]
		b = b[len(part):]
		head := uint32(len(part)) << 3 // type 0: raw
		if len(b) == 0 {
			head |= 1 // the last
		}
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
		dst = append(dst, part...)
	}
	return dst
}
