// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package columns_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/columns"
)

func pack(t testing.TB, notes [][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := columns.NewWriter(&out)
	for _, n := range notes {
		if err := w.Append(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpack(b []byte) (notes [][]byte, err error) {
	r := columns.NewReader(bytes.NewReader(b))
	for {
		n, err := r.Next()
		if errors.Is(err, io.EOF) {
			return notes, nil
		}
		if err != nil {
			return notes, err
		}
		notes = append(notes, n)
	}
}

func roundTrip(t testing.TB, notes [][]byte) {
	t.Helper()
	got, err := unpack(pack(t, notes))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(notes) {
		t.Fatalf("%d notes came back of %d", len(got), len(notes))
	}
	for i := range got {
		if !bytes.Equal(got[i], notes[i]) {
			t.Fatalf("note %d came back as\n%q, it was\n%q", i, got[i], notes[i])
		}
	}
}

// The format, byte by byte, as docs/evidence-format.md explains it.
func TestBytes(t *testing.T) {
	got := pack(t, [][]byte{[]byte("a b=7,c=300\nx\n"), []byte("a b=9,c=301\n")})
	want := strings.Join([]string{
		"05" + "02" + "01" + "00" + "02" + "00", // five steps: form 0, text, end, form 0, end
		"01" + "09" + hex.EncodeToString([]byte("a b=\x00,c=\x00")),
		"02" + hex.EncodeToString([]byte("x\n")),
		"00" + "0e" + "01", // b: plain from 7 on, one byte
		"00" + "d804" + "01",
		"00" + "02" + "00" + "01", // lowest bytes: 7-7, 9-7; 300-300, 301-300
	}, "")
	if hex.EncodeToString(got) != want {
		t.Errorf("%x\n%s is wanted", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	long := "k " + strings.Repeat("=1", 400_000) + "\n"
	for name, notes := range map[string][][]byte{
		"nothing":           nil,
		"a newline":         {[]byte("\n")},
		"only newlines":     {bytes.Repeat([]byte("\n"), evidence.MaxNote)},
		"zeroes":            {[]byte("a b=0,c=00,d=007 0\na b=0,c=00,d=008 0\n")},
		"eighteen digits":   {[]byte("a b=999999999999999999i 1\na b=0i 2\na b=999999999999999999i 3\n")},
		"twenty digits":     {[]byte("a b=18446744073709551615u 1\n")},
		"a form of its own": {[]byte("a \x00=1 2\n")},
		"minus and point":   {[]byte("a b=-1.5,c=-0.05 7\na b=-2.25,c=1e5 8\n")},
		"down and up":       {[]byte("a b=9 9\na b=1 1\na b=5 5\n"), []byte("a b=0 100000000000000000\n")},
		"a line too long":   {[]byte(long), []byte(long)},
		"many forms": func() (out [][]byte) {
			for i := range 6000 {
				out = append(out, fmt.Appendf(nil, "a%d b=%d,c=%d %d\n", i, i, i*i, 1<<40+i), []byte("a1 b=2,c=3 4\n"))
			}
			return out
		}(),
		"many blocks": func() (out [][]byte) {
			for i := range 300 {
				out = append(out, bytes.Repeat(fmt.Appendf(nil, "a b=%d 5\nno number\n", i), 500))
			}
			return out
		}(),
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, notes) })
	}
}

// Lines of every kind of number, in every order.
func TestRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 9))
	for range 300 {
		var notes [][]byte
		for range random.IntN(20) {
			var n []byte
			for range 1 + random.IntN(20) {
				n = append(n, "abc"[random.IntN(3)])
				for range random.IntN(5) {
					n = append(n, " =.,-iu0"[random.IntN(8)])
					n = fmt.Appendf(n, "%d", random.Uint64()>>random.IntN(64))
				}
				n = append(n, '\n')
			}
			notes = append(notes, n)
		}
		roundTrip(t, notes)
	}
}

func TestRefused(t *testing.T) {
	var out bytes.Buffer
	w := columns.NewWriter(&out)
	for _, bad := range [][]byte{nil, []byte("x"), append(bytes.Repeat([]byte("x"), evidence.MaxNote), '\n')} {
		if err := w.Append(bad); err == nil {
			t.Errorf("a note of %d bytes is packed", len(bad))
		}
	}
	x := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"no step":               {x("00 00 00"), "does not end"},
		"no end":                {x("01 01 00 01 0a"), "does not end"},
		"too many steps":        {x("ffffff7f"), "steps, "},
		"a form there is not":   {x("02 02 00 00 00"), "form 0, and there are 0"},
		"a form without use":    {x("02 01 00 01 01 61 01 0a"), "no line is of form 0"},
		"too many forms":        {x("01 00 ffff7f"), "forms, 4096 are allowed"},
		"a form too long":       {x("02 02 00 01 ff7f"), "bytes of a form"},
		"too much text":         {x("02 01 00 00 ffffffff7f"), "bytes of text"},
		"text that lacks":       {x("02 01 00 00 00"), "fewer lines"},
		"text without newline":  {x("02 01 00 00 01 61"), "fewer lines"},
		"text too much":         {x("02 01 00 00 02 0a 0a"), "not asked for"},
		"an empty note":         {x("01 00 00 00"), "empty"},
		"a mode there is not":   {x("02 02 00 01 02 6100 00 03 00 00"), "mode 3"},
		"beside nothing":        {x("02 02 00 01 02 6100 00 02 00 00"), "mode 2"},
		"a width there is not":  {x("02 02 00 01 02 6100 00 00 00 09"), "width 9"},
		"numbers that lack":     {x("02 02 00 01 02 6100 00 00 00 02 00"), "unexpected EOF"},
		"a count without end":   {x("ffffffffffffffffffff"), "overflows"},
		"too many numbers":      {append(append(append(x("80 80 40"), bytes.Repeat([]byte{2}, 1<<20-1)...), x("00 01 04 00000000 00")...), bytes.Repeat(x("00 00 00"), 4)...), "numbers"},
		"a note that is a bomb": {append(append(append(x("81 80 04"), bytes.Repeat([]byte{2}, 1<<16)...), append(x("00 01 80 20"), bytes.Repeat([]byte("a"), 4096)...)...), 0), "longer than"},
	} {
		_, err := unpack(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %q is wanted", name, err, c.want)
		}
	}
}

// Whatever stands in a file, reading it ends, and what was packed comes back.
func FuzzColumns(f *testing.F) {
	f.Add([]byte("check,a=1 b=7i,c=300i 1772323200017\ncheck,a=1 b=8i,c=299i 1772323210019\n\n"))
	f.Add(pack(f, [][]byte{[]byte("a b=7,c=300\nx\n"), []byte("a b=9,c=301\n")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		notes, err := unpack(b)
		if err == nil {
			again, err := unpack(pack(t, notes))
			if err != nil || !bytes.Equal(bytes.Join(again, nil), bytes.Join(notes, nil)) {
				t.Fatalf("%d notes were read, %d after they were packed: %v", len(notes), len(again), err)
			}
		}
		if len(b) > 0 && len(b) < evidence.MaxNote {
			roundTrip(t, [][]byte{append(bytes.Clone(b), '\n'), append(bytes.Clone(b), '\n')})
		}
	})
}
