// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

func TestSplitNotesRefuses(t *testing.T) {
	huge := binary.BigEndian.AppendUint32(nil, evidence.MaxNote+1)
	many := bytes.Repeat([]byte{0, 0, 0, 1, 'x'}, wire.MaxNotes+1)
	for _, c := range []struct {
		name, body, want string
		tooLarge         bool
	}{
		{"half a length", "\x00\x00", "note 1: the body ends within its length", false},
		{"a length of 0", "\x00\x00\x00\x00", "note 1: its length is 0", false},
		{"a length beyond the body", "\x00\x00\x00\x01a\x00\x00\x00\x05abcd", "note 2: its length says 5 bytes, the body has 4 left", false},
		{"a length beyond a note", string(huge), "at most 1048576 are allowed", true},
		{"the greatest length", "\xff\xff\xff\xff", "at most 1048576 are allowed", true},
		{"too many notes", string(many), "more than 256 notes", true},
		{"too long a body", strings.Repeat("x", wire.MaxBody+1), "at most 8388608 are allowed", true},
	} {
		notes, err := wire.SplitNotes([]byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, wire.ErrTooLarge) != c.tooLarge {
			t.Errorf("%s: SplitNotes = %d notes, %v, want an error with %q, too large %t", c.name, len(notes), err, c.want, c.tooLarge)
		}
	}
}

func TestJoinNotes(t *testing.T) {
	for name, notes := range map[string][][]byte{
		"an empty note":    {nil},
		"a note too large": {make([]byte, evidence.MaxNote+1)},
		"too many":         slices.Repeat([][]byte{{1}}, wire.MaxNotes+1),
		"too much":         slices.Repeat([][]byte{make([]byte, evidence.MaxNote)}, 8),
	} {
		if _, err := wire.JoinNotes(notes); err == nil {
			t.Errorf("JoinNotes of %s: no error", name)
		}
	}
	notes := [][]byte{[]byte("first\n"), []byte("second\n")}
	body, err := wire.JoinNotes(notes)
	if err != nil || string(body) != "\x00\x00\x00\x06first\n\x00\x00\x00\x07second\n" {
		t.Fatalf("JoinNotes = %q, %v", body, err)
	}
	if got, err := wire.SplitNotes(body); err != nil || !slices.EqualFunc(got, notes, bytes.Equal) {
		t.Errorf("SplitNotes(%q) = %q, %v, want %q", body, got, err, notes)
	}
	if got, err := wire.SplitNotes(nil); err != nil || len(got) != 0 {
		t.Errorf("SplitNotes of nothing = %q, %v, want no notes", got, err)
	}
}

// The example in the documentation is what two notes look like.
func TestDocFrame(t *testing.T) {
	doc, err := os.ReadFile("../../docs/evidence-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```text frame\n")
	text, _, _ := strings.Cut(rest, "\n```")
	body, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{[]byte("a\n"), []byte("note\n")}
	if got, err := wire.SplitNotes(body); err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("SplitNotes of the documented example = %q, %v, want %q", got, err, want)
	}
}

func FuzzSplitNotes(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x06first\n\x00\x00\x00\x07second\n"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		notes, err := wire.SplitNotes(body)
		if err != nil {
			return
		}
		if again, err := wire.JoinNotes(notes); err != nil || !bytes.Equal(again, body) {
			t.Errorf("JoinNotes(SplitNotes(%q)) = %q, %v", body, again, err)
		}
	})
}
