// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// packedNotes are notes of all sizes, as the spool packs them: some compressed, some not.
func packedNotes(t *testing.T) (notes [][]byte, packed []wire.Packed) {
	t.Helper()
	z, err := wire.NewCompressor()
	if err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for i, size := range []int{1, 4, 300, 131071, 131072, 131073, 400_000, 900_000, 20} {
		n := fmt.Appendf(nil, "%0*d", size, i)
		for j := range n {
			n[j] = "abcdefgh"[dice.IntN(8)]
		}
		notes = append(notes, n)
		p := wire.Packed{Size: len(n), Frame: z.Compress(n)}
		if i%3 == 2 || len(p.Frame) >= len(n) {
			p.Frame = wire.Uncompressed(n)
		}
		packed = append(packed, p)
	}
	return notes, packed
}

func TestPackedNotesReadAsNotes(t *testing.T) {
	notes, packed := packedNotes(t)
	want, err := wire.JoinNotes(notes)
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.JoinPacked(packed)
	if err != nil {
		t.Fatal(err)
	}
	var d wire.Decompressor
	for range 2 { // a decoder is used again
		got, err := d.Read(bytes.NewReader(body), wire.EncodingZstd)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Read of %d packed notes = %d bytes, %v, want %d", len(packed), len(got), err, len(want))
		}
	}
	if _, err := d.Read(bytes.NewReader(body[:len(body)-1]), wire.EncodingZstd); err == nil {
		t.Error("Read of a body without its last byte: no error")
	}
}

// What compresses too well to be believed travels uncompressed.
func TestUncompressedIsBelieved(t *testing.T) {
	n := bytes.Repeat([]byte("x"), evidence.MaxNote)
	body, err := wire.JoinPacked([]wire.Packed{{Size: len(n), Frame: wire.Uncompressed(n)}})
	if err != nil {
		t.Fatal(err)
	}
	var d wire.Decompressor
	got, err := d.Read(bytes.NewReader(body), wire.EncodingZstd)
	if err != nil || len(got) != wire.FrameSize(n) {
		t.Errorf("Read = %d bytes, %v, want %d", len(got), err, wire.FrameSize(n))
	}
}

func TestJoinPackedRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		notes []wire.Packed
	}{
		{"too many", make([]wire.Packed, wire.MaxNotes+1)},
		{"an empty note", []wire.Packed{{Size: 0}}},
		{"a large note", []wire.Packed{{Size: evidence.MaxNote + 1}}},
		{"more than a body", bodyOf(evidence.MaxNote, 10, wire.MaxBody/evidence.MaxNote+1)},
		{"more than a compressed body", bodyOf(10, 1<<20, 9)},
	} {
		for i := range c.notes {
			if c.name == "too many" {
				c.notes[i].Size = 1
			}
		}
		if _, err := wire.JoinPacked(c.notes); err == nil || c.name != "an empty note" && !errors.Is(err, wire.ErrTooLarge) {
			t.Errorf("JoinPacked of %s = %v, want an error", c.name, err)
		}
	}
}

func bodyOf(size, frame, n int) []wire.Packed {
	list := make([]wire.Packed, n)
	for i := range list {
		list[i] = wire.Packed{Size: size, Frame: make([]byte, frame)}
	}
	return list
}
