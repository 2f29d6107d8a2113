// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/vouch-sla/vouch/evidence"
)

// Bounds of a frame. 60 notes are the knee: twice as many gain 1 % and are twice as
// much to unpack for one of them.
const (
	frameNotes = 60
	frameBytes = 4 << 20 // of notes, unpacked; no less than evidence.MaxNote
)

// codec packs notes and unpacks them within bounds. It may be used concurrently.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// newCodec returns a codec. Each of its workers needs a few hundred KB; what claims to
// unpack to more than a frame is refused before memory is taken.
func newCodec() (*codec, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithEncoderConcurrency(4),
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(256<<10))
	if err != nil {
		return nil, fmt.Errorf("make compressor: %v", err)
	}
	dec, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(4),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(frameBytes),
		zstd.WithDecoderMaxWindow(frameBytes))
	if err != nil {
		return nil, fmt.Errorf("make decompressor: %v", err)
	}
	return &codec{enc: enc, dec: dec}, nil
}

// newFrameEncoder returns what compresses frames. It takes 40 MB while it is in use and
// four times as long as the other, for a fifth less: frames are kept for years.
func newFrameEncoder() (*zstd.Encoder, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(frameBytes))
	if err != nil {
		return nil, fmt.Errorf("make compressor of frames: %v", err)
	}
	return enc, nil
}

// pack compresses a note; a checksum of its own goes with it.
func (c *codec) pack(note []byte) []byte { return c.enc.EncodeAll(note, nil) }

// unpack is the inverse of pack.
func (c *codec) unpack(data []byte) ([]byte, error) {
	note, err := c.dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack note: %v", err)
	}
	if len(note) > evidence.MaxNote {
		return nil, fmt.Errorf("unpack note: it has %d bytes, at most %d are allowed", len(note), evidence.MaxNote)
	}
	return note, nil
}

func (c *codec) close() { c.dec.Close() }
