// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package witness_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/witness"
)

// A ledger that grows is cosigned at each step, also after a restart.
func TestGrowth(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	h := newHouse(t, l.key)
	before := time.Now().Truncate(time.Second)
	old := int64(0)
	for _, size := range []int64{1, 2, 7, 8, 8, 20} {
		at := h.cosigns(l.request(old, size))
		if at.Before(before) || at.After(time.Now()) {
			t.Errorf("cosigned %d leaves at %v, want now", size, at)
		}
		old = size
		if size == 7 {
			h.restart()
		}
	}
	if h.logs.Len() > 0 {
		t.Errorf("logged:\n%s\nwant nothing", h.logs.String())
	}
}

// Whoever asks with another size is told the one that was cosigned last: nobody else
// knows it.
func TestOldSize(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	h := newHouse(t, l.key)
	h.cosigns(l.request(0, 7))
	for _, g := range []evidence.Growth{l.request(0, 7), l.request(0, 20), l.request(5, 7), l.request(8, 20), l.request(20, 20)} {
		status, kind, out := h.post(g.Append(nil))
		if status != http.StatusConflict || kind != "text/x.tlog.size" || out != "7\n" {
			t.Errorf("add-checkpoint after %d = %d %s %q, want 409, text/x.tlog.size and 7", g.Old, status, kind, out)
		}
	}
	h.restart()
	h.refuses("a replay after a restart", l.request(0, 7).Append(nil), http.StatusConflict, "7\n")
	h.cosigns(l.request(7, 20))
	h.refuses("a smaller tree", l.request(0, 8).Append(nil), http.StatusConflict, "20\n")
	h.refuses("a tree cut off", l.request(20, 20).Append(nil)[:60], http.StatusBadRequest, "")
}

// A ledger that was written anew is not cosigned, by whatever proof, and the log says
// so once, with both checkpoints, until it goes on as it was.
func TestFork(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	fork := newLedger(t, origin, 1).grow(5, "leaf").grow(20, "other")
	h := newHouse(t, l.key)
	h.cosigns(l.request(0, 7))
	for range 3 {
		h.refuses("the same size", fork.request(7, 7).Append(nil), http.StatusConflict, "had another root")
	}
	if n := strings.Count(h.logs.String(), "written anew"); n != 1 {
		t.Errorf("the fork is logged %d times, want once:\n%s", n, h.logs.String())
	}
	if !strings.Contains(h.logs.String(), strings.Split(string(fork.request(7, 7).Checkpoint), "\n")[2]) {
		t.Errorf("the log does not tell the refused root:\n%s", h.logs.String())
	}
	h.refuses("a larger size", fork.request(7, 20).Append(nil), http.StatusUnprocessableEntity, "the proof does not show")
	borrowed := fork.request(7, 20)
	borrowed.Hashes = l.request(7, 20).Hashes
	h.refuses("with the proof of the true ledger", borrowed.Append(nil), http.StatusUnprocessableEntity, "the proof does not show")
	h.restart()
	h.refuses("after a restart", fork.request(7, 20).Append(nil), http.StatusUnprocessableEntity, "the proof does not show")
	h.cosigns(l.request(7, 20))
	if !strings.Contains(h.logs.String(), "is cosigned again") {
		t.Errorf("the log does not say that it is well again:\n%s", h.logs.String())
	}
}

func TestRefuses(t *testing.T) {
	l, stranger := newLedger(t, origin, 1).grow(20, "leaf"), newLedger(t, origin, 2).grow(20, "leaf")
	unknown := newLedger(t, "elsewhere.example/anchors", 1).grow(3, "leaf")
	second := newLedger(t, "second.example/anchors", 3).grow(3, "leaf")
	h := newHouse(t, l.key, second.key)
	h.cosigns(l.request(0, 7))
	g := l.request(7, 20)
	changed := bytes.Replace(g.Append(nil), []byte("\n20\n"), []byte("\n21\n"), 1)
	unsigned := g.Append(nil)
	unsigned = unsigned[:bytes.LastIndex(unsigned, []byte("\u2014"))]
	extended := evidence.Growth{Old: 7, Hashes: g.Hashes}
	n, err := note.Sign(&note.Note{Text: string(g.Checkpoint[:bytes.Index(g.Checkpoint, []byte("\n\n"))+1]) + "more\n"}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	extended.Checkpoint = n
	h.refuses("an unknown origin", unknown.request(0, 3).Append(nil), http.StatusNotFound, "does not watch")
	h.refuses("another key of the same name", stranger.request(7, 20).Append(nil), http.StatusForbidden, "unknown key")
	h.refuses("a changed checkpoint", changed, http.StatusForbidden, "wrong signature")
	h.refuses("no signature", unsigned, http.StatusBadRequest, "malformed")
	h.refuses("an old size above the new", append([]byte("old 21\n"), g.Append(nil)[len("old 7\n"):]...), http.StatusBadRequest, "above the size")
	h.refuses("lines after the root", extended.Append(nil), http.StatusBadRequest, "want origin, size and root")
	h.refuses("nothing", nil, http.StatusBadRequest, "")
	h.refuses("garbage", []byte("old 7\n\x00\xff\n\nhello"), http.StatusBadRequest, "")
	h.refuses("too much", bytes.Repeat([]byte("old 7\n"), 10000), http.StatusRequestEntityTooLarge, "at most")
	g.Hashes = g.Hashes[1:]
	h.refuses("a proof cut off", g.Append(nil), http.StatusUnprocessableEntity, "does not show")
	if resp, err := http.Get(h.url); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET = %v, %v, want 405", resp, err)
	} else {
		resp.Body.Close()
	}
	h.cosigns(second.request(0, 3))
	h.cosigns(l.request(7, 20))
}

// Many at once: each size is cosigned in order or refused, and no two roots of one
// size are ever cosigned.
func TestAtOnce(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	fork := newLedger(t, origin, 1).grow(5, "leaf").grow(15, "other")
	h := newHouse(t, l.key)
	h.cosigns(l.request(0, 7))
	want := map[bool]evidence.Growth{true: l.request(7, 20), false: l.request(7, 12)}
	var group sync.WaitGroup
	var mu sync.Mutex
	signed := map[int]int{}
	for i := range 40 {
		g := want[i%2 == 0]
		if i%5 == 0 {
			g = fork.request(7, 20)
		}
		group.Go(func() {
			status, _, _ := h.post(g.Append(nil))
			mu.Lock()
			defer mu.Unlock()
			signed[status]++
			if status == http.StatusOK && bytes.Equal(g.Checkpoint, fork.request(7, 20).Checkpoint) {
				t.Error("a fork is cosigned")
			}
		})
	}
	group.Wait()
	if signed[http.StatusOK] != 1 {
		t.Errorf("answers by status: %v, want exactly one 200: all go on from 7 leaves", signed)
	}
}

// What cannot be stored is not signed.
func TestStoredFirst(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	h := newHouse(t, l.key)
	h.cosigns(l.request(0, 7))
	block := filepath.Join(h.opts.Dir, "memory.tmp", "in the way") // nothing can be written where a directory stands
	if err := os.MkdirAll(block, 0o700); err != nil {
		t.Fatal(err)
	}
	h.refuses("without room", l.request(7, 20).Append(nil), http.StatusInternalServerError, "cannot store")
	if err := os.RemoveAll(filepath.Dir(block)); err != nil {
		t.Fatal(err)
	}
	h.refuses("afterwards, from a size that was not cosigned", l.request(20, 20).Append(nil), http.StatusConflict, "7\n")
	h.cosigns(l.request(7, 20))
}

// The time that is signed never goes back.
func TestClock(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	h := newHouse(t, l.key)
	at := h.cosigns(l.request(0, 7))
	h.opts.Now = func() time.Time { return at.Add(-time.Hour) }
	h.restart()
	h.refuses("an hour before", l.request(7, 8).Append(nil), http.StatusServiceUnavailable, "clock")
	h.opts.Now = func() time.Time { return at.Add(time.Hour) }
	h.restart()
	if got := h.cosigns(l.request(7, 8)); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("cosigned at %v, want %v", got, at.Add(time.Hour))
	}
}

// A witness whose directory is not whole does not start: it might contradict itself.
func TestStartRefuses(t *testing.T) {
	l := newLedger(t, origin, 1).grow(20, "leaf")
	dirOf := func(name string) string { return filepath.Join(t.TempDir(), name) }
	h := newHouse(t, l.key)
	h.cosigns(l.request(0, 7))
	other := newHouse(t, l.key)
	other.cosigns(l.request(0, 8))
	h.stop()
	other.stop()
	file := func(h *house, name string) []byte {
		b, err := os.ReadFile(filepath.Join(h.opts.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, memory := file(h, "witness.key"), file(h, "memory")
	tests := []struct {
		name        string
		key, memory []byte
		opts        witness.Options
		says        string
	}{
		{"no name at the first start", nil, nil, witness.Options{Logs: []string{l.key}}, "give it a name"},
		{"a name with a space", nil, nil, witness.Options{Name: "a b", Logs: []string{l.key}}, "white space"},
		{"no ledger", key, memory, witness.Options{}, "no ledger to watch"},
		{"a ledger's key that is none", key, memory, witness.Options{Logs: []string{"x"}}, "ledger to watch"},
		{"another name", key, memory, witness.Options{Name: "other", Logs: []string{l.key}}, `is named "witness.example.org"`},
		{"no memory", key, nil, witness.Options{Logs: []string{l.key}}, "memory is gone"},
		{"no key", nil, memory, witness.Options{Name: "witness.example.org", Logs: []string{l.key}}, "key is gone"},
		{"another witness's memory", key, file(other, "memory"), witness.Options{Logs: []string{l.key}}, "another witness's"},
		{"a changed memory", key, bytes.Replace(memory, []byte(`\n7\n`), []byte(`\n6\n`), 1), witness.Options{Logs: []string{l.key}}, "damaged"},
		{"a memory cut off", key, memory[:20], witness.Options{Logs: []string{l.key}}, "damaged"},
		{"a damaged key", key[:len(key)/3], memory, witness.Options{Logs: []string{l.key}}, "read a cosigner's key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.opts
			o.Dir, o.Log = dirOf("w"), h.opts.Log
			if err := os.Mkdir(o.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, b := range map[string][]byte{"witness.key": tt.key, "memory": tt.memory} {
				if b == nil {
					continue
				}
				if err := os.WriteFile(filepath.Join(o.Dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w, err := witness.Open(o)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), string(key[:30])) {
				t.Errorf("Open = %v, %v, want an error with %q that shows no key", w, err, tt.says)
			}
		})
	}
	h.start()
	if _, err := witness.Open(h.opts); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("Open of a directory in use = %v, want an error", err)
	}
	h.cosigns(l.request(7, 8))
	// A first start that was cut short between memory and key is a first start.
	o := h.opts
	o.Dir = dirOf("cut short")
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "memory"), []byte("{\"cosigned\":{}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
