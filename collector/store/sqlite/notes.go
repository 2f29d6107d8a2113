// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// keptFrames bounds the frames that are kept unpacked, at most 4 MiB each: readers come
// back for the next few entries, and entries of both streams stand side by side.
const keptFrames = 4

// unpacked is a frame with its notes, if it is not damaged.
type unpacked struct {
	*frame
	notes [][]byte
}

// shelf is the frames that were read last. What is in the database never changes
// behind its back, but for erasing, which clears it.
type shelf struct {
	mu     sync.Mutex
	frames []*unpacked // newest last
	round  int         // counts calls of clear
}

// find returns the frame in which the note of an entry is, if it is here, and the round.
func (s *shelf) find(id int64, stream string) (*unpacked, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range slices.Backward(s.frames) {
		if f.stream == stream && f.id <= id && id <= f.last {
			return f, s.round
		}
	}
	return nil, s.round
}

// put keeps a frame that was read from the database since round began.
func (s *shelf) put(f *unpacked, round int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if round != s.round {
		return
	}
	if len(s.frames) == keptFrames {
		s.frames = slices.Delete(s.frames, 0, 1)
	}
	s.frames = append(s.frames, f)
}

func (s *shelf) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames, s.round = nil, s.round+1
}

// note returns the note of an entry, from its own row or from the frame that it was
// moved to, or nil when it was erased. Rows are complete before it is called, so that
// reading a frame does not wait for a connection while holding one.
func (s *Store) note(ctx context.Context, r *row) ([]byte, error) {
	switch {
	case r.hasBody && len(r.body) > 0:
		return s.bodies.unpack(r.body)
	case r.hasBody && r.stream.Valid:
		return nil, nil // erased
	}
	f, err := s.frameOf(ctx, r.id, r.stream.String)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, errors.New("the note is missing")
	}
	i := slices.IndexFunc(f.list, func(n framed) bool { return n.id == r.id })
	switch {
	case f.list != nil && i < 0:
		return nil, errors.New("the note is missing")
	case i >= 0 && f.list[i].length == 0:
		return nil, nil // erased
	case f.damage != nil:
		return nil, fmt.Errorf("the note is lost: %w", frameError{f.frame})
	}
	return bytes.Clone(f.notes[i]), nil
}

// frameOf returns the frame of a stream whose leaves have an entry among them, or nil.
func (s *Store) frameOf(ctx context.Context, id int64, stream string) (*unpacked, error) {
	f, round := s.shelf.find(id, stream)
	if f != nil || stream == "" {
		return f, nil
	}
	frames, err := query(ctx, s.reader, "SELECT "+frameColumns+" FROM frame WHERE stream = ? AND id <= ? AND id >= ? ORDER BY id DESC LIMIT 1",
		[]any{stream, id, id &^ (1<<leafBits - 1)}, readFrame)
	if err != nil || len(frames) == 0 || frames[0].last < id {
		return nil, err
	}
	f = &unpacked{frame: frames[0]}
	f.notes, _ = f.unpack(s.bodies) // what is wrong, the frame says itself
	f.data = nil
	s.shelf.put(f, round)
	return f, nil
}
