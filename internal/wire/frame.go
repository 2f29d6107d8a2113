// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vouch-sla/vouch/evidence"
)

// ErrTooLarge is for who answers 413: a body, or a note in it, is beyond its bound.
var ErrTooLarge = errors.New("too large")

const lengthBytes = 4

// FrameSize returns how many bytes a note takes in a body.
func FrameSize(note []byte) int { return lengthBytes + len(note) }

// JoinNotes makes a body of notes: before each its length, four bytes, big-endian.
func JoinNotes(notes [][]byte) ([]byte, error) {
	if len(notes) > MaxNotes {
		return nil, fmt.Errorf("%w: %d notes, at most %d fit a request", ErrTooLarge, len(notes), MaxNotes)
	}
	size := 0
	for i, n := range notes {
		if err := validLength(i, uint64(len(n))); err != nil {
			return nil, err
		}
		size += FrameSize(n)
	}
	if size > MaxBody {
		return nil, fmt.Errorf("%w: notes of %d bytes, at most %d fit a request", ErrTooLarge, size, MaxBody)
	}
	body := make([]byte, 0, size)
	for _, n := range notes {
		body = binary.BigEndian.AppendUint32(body, uint32(len(n)))
		body = append(body, n...)
	}
	return body, nil
}

// SplitNotes is the inverse of [JoinNotes]. The notes are parts of body.
func SplitNotes(body []byte) ([][]byte, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: body of %d bytes, at most %d are allowed", ErrTooLarge, len(body), MaxBody)
	}
	var notes [][]byte
	for len(body) > 0 {
		i := len(notes)
		if i == MaxNotes {
			return nil, fmt.Errorf("%w: more than %d notes", ErrTooLarge, MaxNotes)
		}
		if len(body) < lengthBytes {
			return nil, fmt.Errorf("note %d: the body ends within its length", i+1)
		}
		n := uint64(binary.BigEndian.Uint32(body))
		body = body[lengthBytes:]
		if err := validLength(i, n); err != nil {
			return nil, err
		}
		if n > uint64(len(body)) {
			return nil, fmt.Errorf("note %d: its length says %d bytes, the body has %d left", i+1, n, len(body))
		}
		notes = append(notes, body[:n:n])
		body = body[n:]
	}
	return notes, nil
}

func validLength(i int, n uint64) error {
	if n == 0 {
		return fmt.Errorf("note %d: its length is 0", i+1)
	}
	if n > evidence.MaxNote {
		return fmt.Errorf("%w: note %d says %d bytes, at most %d are allowed", ErrTooLarge, i+1, n, evidence.MaxNote)
	}
	return nil
}
