// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Values of Content-Encoding. An absent one means that the body is not compressed.
const (
	EncodingNone = ""
	EncodingZstd = "zstd"
	EncodingGzip = "gzip"
)

// ErrEncoding is for who answers 415: a Content-Encoding that is not spoken here.
var ErrEncoding = errors.New("unknown content encoding")

const (
	// window bounds what either side keeps to compress and decompress: an agent on
	// a small router has little memory.
	window = 512 << 10
	// maxRatio refuses what no honest body reaches (line protocol compresses 5 to
	// 60 times) long before the bound of a body is filled.
	maxRatio = 500
	// freeOutput may come of however little input.
	freeOutput = 64 << 10
)

// Compressor compresses bodies by zstd. It is for one goroutine.
type Compressor struct{ enc *zstd.Encoder }

// NewCompressor returns a compressor that needs about 2 MB while it works. The
// fastest level packs line protocol no worse than the next one, and in less time.
func NewCompressor() (*Compressor, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("zstd: %v", err)
	}
	return &Compressor{enc}, nil
}

// Compress returns body compressed by zstd.
func (c *Compressor) Compress(body []byte) []byte {
	return c.enc.EncodeAll(body, make([]byte, 0, len(body)/4+64))
}

// Decompressor reads bodies within bounds. The zero value is ready; it may be used
// by many goroutines, and keeps a decoder for each that worked at a time.
type Decompressor struct{ pool sync.Pool }

// Read reads a body that was compressed as encoding says. At most [MaxCompressed]
// bytes are read and [MaxBody] returned, and expansion beyond 500-fold is refused
// while it happens. Errors: [ErrTooLarge], [ErrEncoding], that of r, or what is
// wrong with the body.
func (d *Decompressor) Read(r io.Reader, encoding string) ([]byte, error) {
	in := &counter{r: r}
	switch encoding {
	case EncodingNone, "identity":
		return readBounded(r, MaxBody)
	case EncodingZstd:
		z, err := d.zstd(in)
		if err != nil {
			return nil, err
		}
		b, err := expand(z, in)
		_ = z.Reset(nil) // lets go of r; of a nil reader it reports nothing
		d.pool.Put(z)
		return b, err
	case EncodingGzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		return expand(z, in)
	}
	return nil, fmt.Errorf("%w %.40q: allowed are zstd and gzip", ErrEncoding, encoding)
}

func (d *Decompressor) zstd(r io.Reader) (*zstd.Decoder, error) {
	if z, ok := d.pool.Get().(*zstd.Decoder); ok {
		if err := z.Reset(r); err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		return z, nil
	}
	// With a concurrency of 1 the decoder starts no goroutine, so that one that
	// falls out of the pool leaves nothing behind.
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxBody), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return z, nil
}

// expand reads all of z, in steps, and compares after each what came out with what
// went in.
func expand(z io.Reader, in *counter) ([]byte, error) {
	var out []byte
	step := make([]byte, 32<<10)
	for {
		n, err := z.Read(step)
		out = append(out, step[:n]...)
		switch {
		case in.n > MaxCompressed:
			return nil, fmt.Errorf("%w: more than %d bytes compressed", ErrTooLarge, MaxCompressed)
		case len(out) > MaxBody:
			return nil, fmt.Errorf("%w: more than %d bytes decompressed", ErrTooLarge, MaxBody)
		case int64(len(out)) > freeOutput+maxRatio*in.n:
			return nil, fmt.Errorf("%w: %d bytes expand more than %d-fold", ErrTooLarge, in.n, maxRatio)
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, decompressError(err)
		}
	}
}

func decompressError(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return fmt.Errorf("%w: decompressing needs a window or memory beyond the bound", ErrTooLarge)
	}
	return fmt.Errorf("decompress: %w", err)
}

// counter counts the bytes that pass, and stops after the bound.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	if c.n > MaxCompressed {
		return 0, fmt.Errorf("%w: more than %d bytes compressed", ErrTooLarge, MaxCompressed)
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
