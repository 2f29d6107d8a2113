// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/vouch-sla/vouch/internal/wire"
)

// endless says how many bytes were asked of it, so that a test sees how early
// reading stopped.
type endless struct {
	r    io.Reader
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.read += n
	return n, err
}

func zip(t testing.TB, encoding string, r io.Reader, opts ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if encoding == wire.EncodingZstd {
		z, err := zstd.NewWriter(&b, append([]zstd.EOption{zstd.WithEncoderConcurrency(1)}, opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// text is what honest bodies are like: it compresses about five-fold.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "check,agent=ams1-a,customer=acme,device=router-%d outcome=\"up\",rtt_avg_us=%di 17934912%05d\n", r.IntN(20), r.IntN(9999), r.IntN(99999))
	}
	return b.Bytes()[:n]
}

func TestDecompressorRefuses(t *testing.T) {
	bomb := func(encoding string, n int64) []byte {
		return zip(t, encoding, io.LimitReader(zeros{}, n), zstd.WithWindowSize(128<<10))
	}
	wide := zip(t, wire.EncodingZstd, bytes.NewReader(text(3<<20)), zstd.WithWindowSize(8<<20))
	good := zip(t, wire.EncodingZstd, strings.NewReader("hello"))
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           error
	}{
		{"an encoding from elsewhere", "br", good, wire.ErrEncoding},
		{"10,000-fold zstd", wire.EncodingZstd, bomb(wire.EncodingZstd, 7<<20), wire.ErrTooLarge},
		{"16 MB of zeros as gzip", wire.EncodingGzip, bomb(wire.EncodingGzip, 16<<20), wire.ErrTooLarge},
		{"16 MB of zeros as zstd", wire.EncodingZstd, bomb(wire.EncodingZstd, 16<<20), wire.ErrTooLarge},
		{"too much honest text", wire.EncodingZstd, zip(t, wire.EncodingZstd, bytes.NewReader(text(wire.MaxBody+1)), zstd.WithWindowSize(256<<10)), wire.ErrTooLarge},
		{"too much, not compressed", "", make([]byte, wire.MaxBody+1), wire.ErrTooLarge},
		{"a window beyond the bound", wire.EncodingZstd, wide, wire.ErrTooLarge},
		{"gzip called zstd", wire.EncodingZstd, bomb(wire.EncodingGzip, 10), nil},
		{"zstd called gzip", wire.EncodingGzip, good, nil},
		{"nothing called gzip", wire.EncodingGzip, nil, nil},
		{"cut short", wire.EncodingZstd, good[:len(good)-2], nil},
		{"a flipped bit", wire.EncodingZstd, append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1), nil},
	} {
		var d wire.Decompressor
		out, err := d.Read(bytes.NewReader(c.body), c.encoding)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: Read = %d bytes, %v, want error %v", c.name, len(out), err, c.want)
		}
	}
}

// An endless body is left long before its end.
func TestDecompressorStopsReading(t *testing.T) {
	for _, encoding := range []string{wire.EncodingNone, wire.EncodingGzip, wire.EncodingZstd} {
		r, w := io.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() {
			var sink io.WriteCloser = w
			switch encoding {
			case wire.EncodingGzip:
				sink = gzip.NewWriter(w)
			case wire.EncodingZstd:
				sink, _ = zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10))
			}
			noise := rand.NewChaCha8([32]byte{})
			_, err := io.Copy(sink, noise) // ends when the reading side closes
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%q: writing ended with %v", encoding, err)
			}
		})
		in := &endless{r: r}
		var d wire.Decompressor
		if out, err := d.Read(in, encoding); !errors.Is(err, wire.ErrTooLarge) {
			t.Errorf("%q: Read = %d bytes, %v, want ErrTooLarge", encoding, len(out), err)
		}
		if in.read > wire.MaxCompressed+1<<20 {
			t.Errorf("%q: %d bytes were read, want about %d at most", encoding, in.read, wire.MaxCompressed)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

func TestCompressRoundTrip(t *testing.T) {
	c, err := wire.NewCompressor()
	if err != nil {
		t.Fatal(err)
	}
	var d wire.Decompressor
	var wg sync.WaitGroup
	for _, n := range []int{0, 1, 1000, 300_000, 3 << 20, wire.MaxBody} {
		in := text(n)
		packed := c.Compress(in)
		wg.Go(func() { // one decompressor serves many requests
			out, err := d.Read(bytes.NewReader(packed), wire.EncodingZstd)
			if err != nil || !bytes.Equal(out, in) {
				t.Errorf("%d bytes came back as %d, %v", n, len(out), err)
			}
		})
	}
	wg.Wait()
	in := text(100_000)
	if out, err := d.Read(bytes.NewReader(zip(t, wire.EncodingGzip, bytes.NewReader(in))), wire.EncodingGzip); err != nil || !bytes.Equal(out, in) {
		t.Errorf("gzip: %d bytes came back as %d, %v", len(in), len(out), err)
	}
}

func FuzzDecompress(f *testing.F) {
	f.Add(zip(f, wire.EncodingZstd, strings.NewReader("hello")), true)
	f.Add(zip(f, wire.EncodingGzip, strings.NewReader("hello")), false)
	var d wire.Decompressor
	f.Fuzz(func(t *testing.T, in []byte, z bool) {
		encoding := wire.EncodingGzip
		if z {
			encoding = wire.EncodingZstd
		}
		if out, err := d.Read(bytes.NewReader(in), encoding); err == nil && len(out) > wire.MaxBody {
			t.Errorf("Read gave %d bytes", len(out))
		}
	})
}
