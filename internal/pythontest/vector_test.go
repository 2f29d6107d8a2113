// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pythontest_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/evidence/columns"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// The test vectors that are made here, and the page that shows some of them.
const (
	vectorZip      = "../../docs/vectors/bundle.zip"
	vectorExpected = "../../docs/vectors/bundle-expected.txt"
	vectorTampered = "../../docs/vectors/bundle-tampered.txt"
	docPath        = "../../docs/evidence-format.md"
)

var update = flag.Bool("update", false, "write the test vectors in docs/vectors and the examples of bundles in docs/evidence-format.md")

// files returns what a bundle holds, without what is for people alone: its words may
// change. Packed notes stand one after the other, as they were signed.
func files(t testing.TB, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != bundle.FileReadme && f.Name != bundle.FileEdition && (!strings.HasPrefix(f.Name, "statement.") || f.Name == bundle.FileStatement) {
			out[f.Name] = string(b)
		}
		if strings.HasSuffix(f.Name, ".columns") {
			out[f.Name] = ""
			for _, n := range notes(t, b) {
				out[f.Name] += string(n)
			}
		}
	}
	return out
}

// notes unpacks the file of a day.
func notes(t testing.TB, packed []byte) (out [][]byte) {
	t.Helper()
	r := columns.NewReader(bytes.NewReader(packed))
	for {
		n, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
}

// repacked is the inverse of notes: a note ends with its signature.
func repacked(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := columns.NewWriter(&out)
	note := ""
	for line := range strings.Lines(text) {
		if note += line; strings.HasPrefix(line, "\u2014 ") {
			if err := w.Append([]byte(note)); err != nil {
				t.Fatal(err)
			}
			note = ""
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// zipped is the inverse of files.
func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			body := files[name]
			if strings.HasSuffix(name, ".columns") {
				body = repacked(t, body)
			}
			_, err = io.WriteString(w, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func verify(t testing.TB, raw []byte, keys ...string) *bundle.Report {
	t.Helper()
	r, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// vector is the bundle of the story, as it is kept.
func vector(t testing.TB) (*story, issued, []byte) {
	t.Helper()
	s := newStory(t)
	i := s.issue(s.draft(storyFirst))
	return s, i, zipped(t, files(t, s.bundle(i, nil)))
}

// keep compares a vector with what it should be, or writes it.
func keep(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: %v, it holds\n%s\nwant\n%s", path, err, got, want)
	}
}

// The bundle in docs/vectors is the story's, and is what its page says.
func TestVector(t *testing.T) {
	s, _, made := vector(t)
	if *update {
		if err := os.WriteFile(vectorZip, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(vectorZip)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) > 200_000 {
		t.Errorf("%s has %d bytes, want at most 200,000", vectorZip, len(kept))
	}
	got, want := files(t, kept), files(t, made)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s is\n%.3000q\nwant\n%.3000q", vectorZip, name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s holds %v, want %v", vectorZip, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	r, trusting := verify(t, kept), verify(t, kept, s.log.vkey)
	if r.Verdict != bundle.Consistent || trusting.Verdict != bundle.Proven {
		t.Errorf("verdicts %s and %s with the key, want consistent and proven: %v", r.Verdict, trusting.Verdict, r.Disproved)
	}
	d := r.Computed.Devices[0]
	// By hand: down for both voters from 23:40 to 23:46. Unknown are the minute in which one
	// of them is back (60 s), the two in which one alone is down (120), the three in which
	// one is cut off (180); then one is silent from the end of its last sample's hold, 00:11:05,
	// to 00:20 (535), and from there the other's clock is in doubt (600).
	if d.Agreed != 3600 || d.Down != 360 || d.Unknown != 60+120+180+535+600 || d.Up != 3600-360-1495 {
		t.Errorf("figures %+v, want 1745 s up, 360 s down, 1495 s unknown", d.Figures)
	}
	keep(t, vectorExpected, fmt.Sprintf("without a key: %s\nwith the key %s: %s\nleaves carried: %d\nrecords: %d\nbatches and gaps: %d\nsamples that count: %d\n"+
		"device %s: agreed %d s, excluded %d s, up %d s, down %d s, unknown %d s\n",
		r.Verdict, s.log.vkey, trusting.Verdict, r.Counts.Leaves, r.Counts.Records, r.Counts.Notes, r.Counts.Samples, d.ID, d.Agreed, d.Excluded, d.Up, d.Down, d.Unknown))
}

// packedExample is two packed notes, explained.
const packedExample = `05 02 01 00 02 00                  five steps: form 0, a line of text, end; form 0, end
01 09 61 20 62 3d 00 2c 63 3d 00   one form of 9 bytes: a b=?,c=?
02 78 0a                           2 bytes of text
00 0e 01  00 d8 04 01              both plain, from 7 and from 300 on, one byte each
00 02 00 01                        7+0 and 7+2; 300+0 and 300+1
`

// The examples of the page are out of the vector.
func TestDocExamples(t *testing.T) {
	_, _, raw := vector(t)
	all := files(t, raw)
	list := ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list += fmt.Sprintf("%-32s %6d bytes\n", name, len(all[name]))
	}
	first, _, _ := strings.Cut(all[bundle.FileProofs], "\n\n")
	want := map[string]string{
		"bundle-files": list, "bundle-manifest": all[bundle.FileManifest], "bundle-frontier": all[bundle.FileFrontier], "bundle-proof": first + "\n\n",
		"bundle-columns": packedExample,
	}
	var spelled strings.Builder
	for line := range strings.Lines(packedExample) {
		spelled.WriteString(strings.ReplaceAll(line[:35], " ", ""))
	}
	packed, err := hex.DecodeString(spelled.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(t, packed); len(got) != 2 || string(got[0]) != "a b=7,c=300\nx\n" || string(got[1]) != "a b=9,c=301\n" {
		t.Errorf("the example of packed notes holds %q", got)
	}
	doc, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?ms)^```text (bundle-[a-z0-9-]+)\n(.*?)^```$")
	if *update {
		doc = block.ReplaceAllFunc(doc, func(m []byte) []byte {
			name := string(block.FindSubmatch(m)[1])
			return []byte("```text " + name + "\n" + want[name] + "```")
		})
		if err := os.WriteFile(docPath, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(doc), -1) {
		got[m[1]] = m[2]
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: its examples of bundles are\n%q\nwant\n%q", docPath, got, want)
	}
}

// tampering is one way to change a bundle: in files of it, some bytes are replaced by
// others.
type tampering struct {
	name, what string
	edits      []edit
}

type edit struct {
	file     string
	at       int
	old, new string
}

func (x tampering) apply(t testing.TB, all map[string]string) map[string]string {
	t.Helper()
	out := maps.Clone(all)
	for _, e := range x.edits {
		text := out[e.file]
		if e.at < 0 || e.at+len(e.old) > len(text) || text[e.at:e.at+len(e.old)] != e.old {
			t.Fatalf("%s: %s does not hold %.80q at %d", x.name, e.file, e.old, e.at)
		}
		out[e.file] = text[:e.at] + e.new + text[e.at+len(e.old):]
	}
	return out
}

// text is the description that is kept.
func (x tampering) text() string {
	out := fmt.Sprintf("tampered: %s\nwhat: %s\n", x.name, x.what)
	for _, e := range x.edits {
		out += fmt.Sprintf("file: %s\nat: %d\nold: %s\nnew: %s\n", e.file, e.at, hex.EncodeToString([]byte(e.old)), hex.EncodeToString([]byte(e.new)))
	}
	return out + "\n"
}

// tamperings are five, the last by the provider himself, who signs anew.
func tamperings(t testing.TB, s *story, all map[string]string) []tampering {
	t.Helper()
	after := func(file, mark, old, new string) edit {
		i := strings.Index(all[file], mark)
		j := strings.Index(all[file][max(i, 0):], old)
		if i < 0 || j < 0 {
			t.Fatalf("%s holds no %q, or after it no %q", file, mark, old)
		}
		return edit{file, i + j, old, new}
	}
	const day = "availability/2026-11-01.columns"
	agreed := s.records[0]
	body := bytes.Replace(agreed.Body, []byte(`"q":2`), []byte(`"q":1`), 1)
	anew, err := evidence.SealRecord(agreed.RecordHeader, body, s.own.signer)
	if err != nil || len(anew.Raw) != len(agreed.Raw) {
		t.Fatalf("%v, or the record has another length", err)
	}
	var batch string
	for _, note := range s.notes {
		if l := string(note); strings.Contains(l, "agent: bru1-a") && strings.Contains(l, "from: 2026-11-01T23:40:00.000Z") {
			batch = l
		}
	}
	signature := func(r evidence.Record) string { return string(r.Raw[bytes.LastIndexByte(r.Raw, ' '):]) }
	return []tampering{
		{"sample", "a sample was lost, says the agent; now it was not", []edit{after(day, `outcome="down"`, "lost=1i", "lost=0i")}},
		{"figure", "fewer seconds down in the statement", []edit{after(bundle.FileStatement, `"devices": [`, `"down_s": 360`, `"down_s": 60`)}},
		{"leaf", "a leaf was received a day earlier", []edit{after(bundle.FileLeaves, "received: 2026-11-02", "2026-11-02", "2026-11-01")}},
		{"left-out", "a batch that speaks of an outage is left out", []edit{after(day, batch, batch, "")}},
		{"terms", "one witness is enough, in a record that the provider signs anew", []edit{
			after(bundle.FileRecords, `"quorum":`, `"q":2`, `"q":1`), after(bundle.FileRecords, "contract-1", signature(agreed), signature(anew)),
		}},
	}
}

// No tampered copy passes, with us or with the verifier in Python, and the sound one does.
func TestTampered(t *testing.T) {
	s, _, raw := vector(t)
	all := files(t, raw)
	list := tamperings(t, s, all)
	var text strings.Builder
	text.WriteString("Five changes to bundle.zip, each by itself. Each makes a bundle that is disproved. In a file of it, at a byte counted from 0, old bytes\n" +
		"(hexadecimal) are replaced by new ones; the zip file is written anew around them. The bytes of a *.columns file are those of the notes that it\n" +
		"packs, one after the other; they are packed anew.\n\n")
	for _, x := range list {
		text.WriteString(x.text())
	}
	keep(t, vectorTampered, text.String())
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			changed := zipped(t, x.apply(t, all))
			if r := verify(t, changed); r.Verdict != bundle.Disproved {
				t.Errorf("verdict %s, want disproved", r.Verdict)
			}
			if said, ok := pythontest.Verify(t, changed); ok {
				t.Errorf("verify.py says %s", said)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		said, ok := pythontest.Verify(t, raw, s.log.vkey, s.ams.vkey)
		if !ok || !strings.Contains(said, "router-1: agreed_s 3600, excluded_s 0, up_s 1745, down_s 360, unknown_s 1495") || !strings.Contains(said, "the key that you named") {
			t.Errorf("verify.py says %s", said)
		}
		if said, ok := pythontest.Verify(t, raw, newParty(t, "ams1-a", 0x77).vkey); ok {
			t.Errorf("verify.py trusts another key of an agent: %s", said)
		}
	})
}
