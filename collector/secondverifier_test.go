// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/evidence/columns"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// changed returns a bundle in which the first file whose name begins so is another.
func changed(t *testing.T, b []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	found := false
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(f.Name, name) && !found {
			was := bytes.Clone(data)
			data, found = change(data), true
			if bytes.Equal(data, was) {
				t.Fatalf("%s was not changed", f.Name)
			}
		}
		w, err := z.Create(f.Name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil || !found {
		t.Fatalf("%v, or the bundle has no %s", err, name)
	}
	return out.Bytes()
}

func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

// notesOf changes the notes of a day's file.
func notesOf(change func([][]byte) [][]byte) func([]byte) []byte {
	return func(b []byte) []byte {
		var notes [][]byte
		r := columns.NewReader(bytes.NewReader(b))
		n, err := r.Next()
		for ; err == nil; n, err = r.Next() {
			notes = append(notes, n)
		}
		if !errors.Is(err, io.EOF) {
			panic(err)
		}
		var out bytes.Buffer
		w := columns.NewWriter(&out)
		for _, n := range change(notes) {
			if err := w.Append(n); err != nil {
				panic(err)
			}
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return out.Bytes()
	}
}

// A verifier that was written from the documentation alone finds what ours finds in
// bundles of a real collector: the same seconds in the first version of a statement and
// in the one that late data made, and that a tampered copy is none.
func TestSecondVerifier(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	speak := func(id vouch.AgentID, down ...[2]int) {
		p := c.agents[id]
		var samples []vouch.Sample
		for s := range 90 {
			o := vouch.Up
			for _, d := range down {
				if d[0] <= s && s < d[1] {
					o = vouch.Down
				}
			}
			samples = append(samples, p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), o))
		}
		p.store(t, c, "acme", from, from.Add(90*time.Second), samples...)
	}
	speak("AMS-1", [2]int{10, 40}, [2]int{60, 70})
	c.wait("the first witness is heard", func() bool { return c.leavesRead("acme") })
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	first := c.bundle("acme", from, to, nil)
	speak("BRU-1", [2]int{10, 40})
	c.wait("late data make the next version", func() bool { return c.issues("acme") == 2 })
	second := c.bundle("acme", from, to, nil)

	key, _, _ := strings.Cut(string(file(t, first, bundle.FileKeys)), "\n")
	sound(t, verify(t, second, bundle.Options{Keys: []string{key}}))
	for i, tt := range []struct {
		b    []byte
		want string
	}{
		{first, "rt1: agreed_s 80, excluded_s 0, up_s 0, down_s 0, unknown_s 80"},
		{second, "rt1: agreed_s 80, excluded_s 0, up_s 40, down_s 30, unknown_s 10"},
	} {
		said, ok := pythontest.Verify(t, tt.b, key, c.agents["AMS-1"].vkey)
		for _, want := range []string{"the key that you named", fmt.Sprintf("version %d of", i+1), tt.want, "fw1: agreed_s 80, excluded_s 0, up_s 0, down_s 0, unknown_s 80"} {
			if !ok || !strings.Contains(said, want) {
				t.Errorf("version %d: verify.py says %s, want %q", i+1, said, want)
			}
		}
	}
	stranger, err := evidence.RenameVerifier(c.stranger.vkey, "ledger.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		change     func([]byte) []byte
		keys       []string
	}{
		{"another key is pinned", bundle.FileReadme, replace("EVIDENCE", "evidence"), []string{stranger}},
		{"an outcome", "availability/", notesOf(func(n [][]byte) [][]byte {
			for i := range n {
				n[i] = bytes.Replace(n[i], []byte(`outcome="down",reason="timeout"`), []byte(`outcome="up"`), 1)
			}
			return n
		}), nil},
		{"the first batch is gone", "availability/", notesOf(func(n [][]byte) [][]byte { return n[1:] }), nil},
		{"a figure", bundle.FileStatement, replace(`"down_s": 30`, `"down_s": 20`), nil},
		{"the first leaf is gone", bundle.FileLeaves, func(b []byte) []byte { return b[bytes.Index(b, []byte("\n\n"))+2:] }, nil},
		{"the manifest", bundle.FileManifest, replace("chain: AMS-1 ", "chain: AMS-2 "), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := changed(t, second, tt.file, tt.change)
			if said, ok := pythontest.Verify(t, b, tt.keys...); ok {
				t.Errorf("verify.py says %s", said)
			}
			if r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{Keys: tt.keys}); err == nil && r.Verdict != bundle.Disproved {
				t.Errorf("Verify = %s, want disproved", r.Verdict)
			}
		})
	}
}

// file returns a file of a bundle.
func file(t *testing.T, b []byte, name string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
