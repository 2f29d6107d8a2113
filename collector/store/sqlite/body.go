// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/vouch-sla/vouch/evidence"
)

// codec packs notes and unpacks them within bounds. It may be used concurrently.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// newCodec returns a codec. Each of its workers needs a few hundred KB; a note that
// claims to unpack to more than evidence.MaxNote is refused before memory is taken.
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
		zstd.WithDecoderMaxMemory(evidence.MaxNote),
		zstd.WithDecoderMaxWindow(evidence.MaxNote))
	if err != nil {
		return nil, fmt.Errorf("make decompressor: %v", err)
	}
	return &codec{enc: enc, dec: dec}, nil
}

// pack compresses a note; a checksum of its own goes with it.
func (c *codec) pack(note []byte) []byte { return c.enc.EncodeAll(note, nil) }

// unpack is the inverse of pack.
func (c *codec) unpack(data []byte) ([]byte, error) {
	note, err := c.dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack note: %v", err)
	}
	return note, nil
}

func (c *codec) close() { c.dec.Close() }
