// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/evidence/columns"
)

var update = flag.Bool("update", false, "write the golden files anew")

// verify checks a bundle.
func verify(t testing.TB, b []byte, o bundle.Options) *bundle.Report {
	t.Helper()
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// text prints what was found.
func text(r *bundle.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Verdict)
	for _, l := range []struct {
		name string
		list []bundle.Finding
	}{{"disproved", r.Disproved}, {"proven", r.Proven}, {"not proven", r.Unproven}} {
		for _, f := range l.list {
			fmt.Fprintf(&b, "%s: %s: %s: %s\n", l.name, f.Topic, f.Where, f.What)
		}
	}
	return b.String()
}

// has reports whether a list has a finding of a topic that names a place and says
// something.
func has(list []bundle.Finding, f bundle.Finding) bool {
	return slices.ContainsFunc(list, func(x bundle.Finding) bool {
		return x.Topic == f.Topic && strings.Contains(x.Where, f.Where) && strings.Contains(x.What, f.What)
	})
}

// What the world makes without a lie is sound, and what is listed of it is what it is.
func TestSound(t *testing.T) {
	w := newWorld(t, dayStory("acme"), lies{})
	short := newWorld(t, hourStory("acme"), lies{})
	days := span(day(3), day(4))
	for _, tt := range []struct {
		name string
		w    *world
		c    choice
		o    bundle.Options
		want bundle.Verdict
	}{
		{"day", w, choice{anchors: true, telemetry: true}, w.pinned(), bundle.Proven},
		{"day-version-1", w, choice{version: 1}, w.pinned(), bundle.Proven},
		{"day-nothing-pinned", w, choice{anchors: true}, bundle.Options{}, bundle.Consistent},
		{"day-from-leaf-20", w, choice{first: 20, anchors: true}, w.pinned(), bundle.Proven},
		{"day-around", w, choice{around: days, anchors: true}, w.pinned(), bundle.Proven},
		{"hour", short, choice{anchors: true, telemetry: true}, short.pinned(), bundle.Proven},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := verify(t, tt.w.bundle(tt.c), tt.o)
			if r.Verdict != tt.want {
				t.Errorf("verdict %s, want %s", r.Verdict, tt.want)
			}
			golden(t, tt.name+".txt", text(r))
		})
	}
}

// golden compares text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

// The same evidence makes the same bytes, and packing its files anew changes nothing.
func TestWriteIsRepeatable(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	b := w.bundle(choice{anchors: true})
	if !bytes.Equal(b, w.bundle(choice{anchors: true})) {
		t.Error("the same bundle was written as other bytes")
	}
	if r := verify(t, rezip(t, unzip(t, b)), w.pinned()); r.Verdict != bundle.Proven || len(r.Unproven) != len(verify(t, b, w.pinned()).Unproven) {
		t.Errorf("packed anew: %s", text(r))
	}
}

// Parts of files, to be put together in another way.

func splitNotes(b []byte) (out [][]byte) {
	for len(b) > 0 {
		n := binary.BigEndian.Uint32(b)
		out = append(out, b[4:4+n])
		b = b[4+n:]
	}
	return out
}

func joinNotes(list [][]byte) (out []byte) {
	for _, n := range list {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(n))), n...)
	}
	return out
}

// dayNotes and dayFile are the notes of a day's file, and the file of notes.
func dayNotes(b []byte) (out [][]byte) {
	r := columns.NewReader(bytes.NewReader(b))
	for {
		n, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			panic(err)
		}
		out = append(out, n)
	}
}

func dayFile(list [][]byte) []byte {
	var out bytes.Buffer
	w := columns.NewWriter(&out)
	for _, n := range list {
		if err := w.Append(n); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// opened is a file as texts that can be changed, and packed is the file of them.
func opened(name string, b []byte) []byte {
	if strings.HasSuffix(name, ".columns") {
		return joinNotes(dayNotes(b))
	}
	return b
}

func packed(name string, b []byte) []byte {
	if strings.HasSuffix(name, ".columns") {
		return dayFile(splitNotes(b))
	}
	return b
}

func splitBlocks(b []byte) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(b), "\n\n")+"\n\n", "\n\n")[:strings.Count(string(b), "\n\n")]
}

func joinBlocks(list []string) []byte { return []byte(strings.Join(list, "")) }

// flip changes one byte at the first place of a text.
func flip(b []byte, at string) []byte {
	i := bytes.Index(b, []byte(at))
	if i < 0 {
		panic(fmt.Sprintf("%q is not there", at))
	}
	out := bytes.Clone(b)
	out[i]++
	return out
}

// replace replaces the first place of a text, which must be there.
func replace(b []byte, old, new string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		panic(fmt.Sprintf("%q is not there", old))
	}
	return bytes.Replace(b, []byte(old), []byte(new), 1)
}
