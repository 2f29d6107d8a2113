// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence/bundle"
)

// soak says whether long rounds are asked for.
var soak = os.Getenv("VOUCH_SOAK") != ""

// stored is a bundle whose files are not compressed, so that a byte of one can be
// changed in place.
type stored struct {
	b     []byte
	files []place
}

// place is where a file stands: its header, its bytes, what follows on it, and where the
// directory names it.
type place struct {
	name               string
	header, data, size int
	after, entry       int
}

func store(t testing.TB, files map[string][]byte) stored {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	s := stored{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err == nil {
			err = z.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		end := b.Len()
		s.files = append(s.files, place{name: name, data: end - len(files[name]), size: len(files[name]), header: end - len(files[name]) - 30 - len(name), after: end})
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s.b = b.Bytes()
	at := int(binary.LittleEndian.Uint32(s.b[len(s.b)-6:]))
	for i := range s.files {
		s.files[i].entry = at
		at += 46 + len(s.files[i].name)
	}
	return s
}

// with calls f with the bundle while one byte of a file is changed, checksums and all.
func (s stored) with(p place, at int, mask byte, f func([]byte)) {
	s.flip(p, at, mask)
	f(s.b)
	s.flip(p, at, mask)
}

func (s stored) flip(p place, at int, mask byte) {
	s.b[p.data+at] ^= mask
	sum := crc32.ChecksumIEEE(s.b[p.data : p.data+p.size])
	binary.LittleEndian.PutUint32(s.b[p.after+4:], sum)
	binary.LittleEndian.PutUint32(s.b[p.entry+16:], sum)
}

// outcome is what became of a bundle with one byte changed.
type outcome int

const (
	caught outcome = iota // it is disproved, or no bundle
	listed                // it is said that something is not proven that was
	silent                // nothing is said
)

func (s stored) try(b []byte, o bundle.Options, before *bundle.Report) outcome {
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
	switch {
	case err != nil || r.Verdict == bundle.Disproved:
		return caught
	case text(r) != text(before):
		return listed
	}
	return silent
}

// meaningless says which bytes of a file may change without being caught, and why.
func meaningless(name string, file []byte, at int) (outcome, string) {
	switch {
	case name == "README.txt":
		return listed, "it is for people, and no evidence"
	case name == "edition.txt":
		return listed, "it says that another edition of the program rendered the statement, and then nobody believes the renderings"
	case strings.HasSuffix(name, "/token.tsr"):
		return silent, "parts of an answer that are not signed: what counts of it is"
	case strings.HasSuffix(name, "/proof.txt"):
		line := bytes.LastIndex(file, []byte("\n\u2014 witness.example.org ")) + 1
		if name := line + len("\u2014 witness.example.org "); at >= line && at < name+6 {
			return silent, "the name of a witness, and the hash of his key: the signature is that of somebody unknown, who says nothing"
		}
	}
	return caught, ""
}

// Whatever byte of any file is changed, it is caught, or means nothing.
func TestSweepFiles(t *testing.T) {
	hour := newWorld(t, hourStory("acme"), lies{})
	long := newWorld(t, dayStory("acme"), lies{})
	for _, tt := range []struct {
		name  string
		w     *world
		c     choice
		every int // byte, of the large files
		only  []string
	}{
		{"hour", hour, choice{anchors: true, telemetry: true}, 997, nil},
		{"proofs", long, choice{first: 20}, 997, []string{"proofs.txt", "frontier.txt"}},
		{"excerpt", long, choice{around: span(day(3), day(4))}, 1999, []string{"excerpt.json", "statement.json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := store(t, unzip(t, tt.w.bundle(tt.c)))
			before := verify(t, s.b, tt.w.pinned())
			if before.Verdict != bundle.Proven {
				t.Fatalf("control: %s", text(before))
			}
			tried, passed := 0, map[string]int{}
			for _, p := range s.files {
				if tt.only != nil && !slices.Contains(tt.only, p.name) {
					continue
				}
				file := bytes.Clone(s.b[p.data : p.data+p.size])
				said := opened(p.name, file)
				for _, at := range positions(p.name, file, tt.every) {
					for _, mask := range masks(at) {
						s.with(p, at, mask, func(b []byte) {
							tried++
							got := s.try(b, tt.w.pinned(), before)
							want, why := meaningless(p.name, file, at)
							if got != caught && strings.HasSuffix(p.name, ".columns") && bytes.Equal(said, opened(p.name, b[p.data:p.data+p.size])) {
								want, why = silent, "another way to keep the same notes"
							}
							if got > want {
								t.Errorf("%s, byte %d (%q) with mask %02x: nothing was said of it (%d)", p.name, at, around(file, at), mask, got)
							} else if got != caught {
								passed[p.name+": "+why]++
							}
						})
					}
				}
			}
			t.Logf("%d bytes changed; passed: %v", tried, passed)
		})
	}
}

// positions returns which bytes of a file are changed: in a soak all, else of files that
// are refused early, or are small, every byte, and of the others every so many.
func positions(name string, file []byte, every int) []int {
	step := every
	switch {
	case soak:
		step = 1
	case name == "checkpoint.txt" || name == "frontier.txt" || name == "keys.txt":
		step = 1
	case name == "manifest.txt" || name == "leaves.txt" || name == "records.notes":
		step = 23
	case strings.HasPrefix(name, "anchors/"):
		step = 17
	}
	var out []int
	for at := len(name) % step; at < len(file); at += step {
		out = append(out, at)
	}
	return out
}

func masks(at int) []byte {
	if soak {
		return []byte{1 << (at % 8), 1 << ((at + 3) % 8)}
	}
	return []byte{1 << (at % 8)}
}

// plain leaves out the pages, which take most of the time and are swept by themselves.
func plain(files map[string][]byte) map[string][]byte {
	maps.DeleteFunc(files, func(name string, _ []byte) bool { return strings.HasSuffix(name, ".html") })
	return files
}

func around(b []byte, at int) []byte { return b[max(0, at-20):min(len(b), at+20)] }

// Every byte of one note and one leaf of each kind, as they stand in the ledger.
func TestSweepNotes(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	files := plain(unzip(t, w.bundle(choice{telemetry: true})))
	s := store(t, files)
	before := verify(t, s.b, w.pinned())
	for _, tt := range []struct{ kind, file, text string }{
		{"batch", day0, "vouch/batch v1\n"},
		{"gap", day0, "vouch/gap v1\n"},
		{"rejected", day1, "vouch/batch v1\n"},
		{"telemetry", "telemetry/2026-02-27.columns", "vouch/batch v1\n"},
		{"record", "records.notes", "kind: maintenance-announced\n"},
		{"leaf of a batch", "leaves.txt", "vouch/leaf v1\nkind: batch\n"},
		{"leaf of a gap", "leaves.txt", "vouch/leaf v1\nkind: gap\n"},
		{"leaf of a record", "leaves.txt", "vouch/leaf v1\nkind: record\n"},
		{"leaf of a rejected batch", "leaves.txt", "vouch/leaf v1\nkind: rejected\n"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			file := files[tt.file]
			said := opened(tt.file, file)
			from := bytes.Index(said, []byte(tt.text))
			to := from + 400
			if soak {
				to = len(said)
			}
			step := 1
			if !soak && tt.file == "leaves.txt" {
				step = 3
			}
			if !soak && tt.file != "leaves.txt" {
				step = 19 // all of the bundle is read before it
			}
			for at := from; at < min(to, len(said)); at += step {
				if tt.file != "leaves.txt" && inLength(said, at) {
					continue // a length before a note, which stands in no bundle so
				}
				changed := bytes.Clone(said)
				changed[at] ^= 1 << (at % 8)
				if strings.HasSuffix(tt.file, ".columns") && !endsWell(changed) {
					continue // no file can hold it
				}
				files[tt.file] = packed(tt.file, changed)
				if got := s.try(store(t, files).b, w.pinned(), before); got != caught {
					t.Errorf("%s, byte %d (%q): nothing was said of it", tt.file, at, around(said, at))
				}
			}
			files[tt.file] = file
		})
	}
}

// inLength reports whether a byte of framed notes is one of a length.
func inLength(framed []byte, at int) bool {
	n := 0
	for _, note := range splitNotes(framed) {
		if at < n+4 {
			return at >= n
		}
		n += 4 + len(note)
	}
	return false
}

// endsWell reports whether all of some framed notes end with a newline.
func endsWell(framed []byte) bool {
	return !slices.ContainsFunc(splitNotes(framed), func(n []byte) bool { return !bytes.HasSuffix(n, []byte("\n")) })
}

// free are the bytes of a zip file that mean nothing here: with which version of which
// program, when, and with which rights a file was packed.
var free = map[string][]int{
	"header":    {4, 5, 10, 11, 12, 13},
	"directory": {4, 5, 6, 7, 12, 13, 14, 15, 34, 35, 36, 37, 38, 39, 40, 41},
}

// Whatever byte of the zip file is changed around the files in it, it is caught, or
// means nothing.
func TestSweepZip(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	s := store(t, plain(unzip(t, w.bundle(choice{}))))
	before := verify(t, s.b, w.pinned())
	try := func(part string, at, n int) {
		for i := range n {
			if slices.Contains(free[part], i) && !soak {
				continue
			}
			s.b[at+i] ^= 1 << (i % 8)
			got := s.try(s.b, w.pinned(), before)
			s.b[at+i] ^= 1 << (i % 8)
			if got == silent && !slices.Contains(free[part], i) {
				t.Errorf("byte %d of the %s at %d: nothing was said of it", i, part, at)
			}
		}
	}
	for n, p := range s.files {
		if n%5 != 0 && !soak {
			continue
		}
		try("header", p.header, 30+len(p.name))
		try("descriptor", p.after, 16)
		try("directory", p.entry, 46+len(p.name))
	}
	try("end", len(s.b)-22, 22)
}

// In a bundle as it is written, a byte that is changed is caught by the checksum of its
// file, or changes no byte of it: bits behind the end of a compressed file.
func TestSweepDeflate(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	b := w.bundle(choice{})
	files, before := unzip(t, b), verify(t, b, w.pinned())
	step := 499
	if soak {
		step = 1
	}
	for at := 0; at < len(b); at += step {
		b[at] ^= 1 << (at % 8)
		if got := (stored{}).try(b, w.pinned(), before); got == silent {
			same := maps.EqualFunc(unzip(t, b), files, bytes.Equal)
			if !same {
				t.Errorf("byte %d: files changed, and nothing was said of it", at)
			}
		}
		b[at] ^= 1 << (at % 8)
	}
}

// However much a file unpacks to, no more is allocated than what is looked at of it.
func TestBounded(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	files := plain(unzip(t, w.bundle(choice{anchors: true, telemetry: true})))
	good := rezip(t, files)
	allocated := func(b []byte) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = bundle.Verify(bytes.NewReader(b), int64(len(b)), w.pinned()) // what it says of them stands in other tests
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(good) // what is made once
	control := allocated(good)
	const size = 64 << 20 // many times what any small file may be
	names := []string{bundle.FileReadme, bundle.FileCheckpoint, bundle.FileLeaves, bundle.FileStatement}
	if soak {
		names = slices.Sorted(maps.Keys(files))
	}
	for _, name := range names {
		bomb := maps.Clone(files)
		bomb[name] = append(slices.Clip(files[name]), make([]byte, size)...)
		// What is read grows by doubling, up to the bound of a small file: a constant.
		if got := allocated(store(t, bomb).b); got > control+size*3/4 {
			t.Errorf("%s of %d bytes: %d bytes are allocated, %d without it", name, size, got, control)
		}
	}
}
