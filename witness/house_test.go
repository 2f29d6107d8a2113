// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package witness_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/witness"
)

const origin = "vouch.example.net/anchors"

// ledger is a tree that a provider grows, with his key.
type ledger struct {
	t      *testing.T
	stored []tlog.Hash
	size   int64
	signer note.Signer
	key    string
}

func newLedger(t *testing.T, name string, seed byte) *ledger {
	t.Helper()
	skey, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{t: t, signer: s, key: vkey}
}

func (l *ledger) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, i := range at {
		out = append(out, l.stored[i])
	}
	return out, nil
}

// grow appends n leaves that say what.
func (l *ledger) grow(n int, what string) *ledger {
	l.t.Helper()
	for range n {
		h, err := tlog.StoredHashes(l.size, fmt.Appendf(nil, "%s %d\n", what, l.size), l)
		if err != nil {
			l.t.Fatal(err)
		}
		l.stored = append(l.stored, h...)
		l.size++
	}
	return l
}

// request asks to cosign the tree of some size after that of an older one.
func (l *ledger) request(old, size int64) evidence.Growth {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	g := evidence.Growth{Old: old}
	if g.Checkpoint, err = evidence.SealCheckpoint(evidence.Checkpoint{Origin: l.signer.Name(), Size: size, Root: evidence.Hash(root)}, l.signer); err != nil {
		l.t.Fatal(err)
	}
	if old > 0 && old < size {
		proof, err := tlog.ProveTree(size, old, l)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, h := range proof {
			g.Hashes = append(g.Hashes, evidence.Hash(h))
		}
	}
	return g
}

// house is a directory of a witness, with the witness while it runs.
type house struct {
	t    *testing.T
	opts witness.Options
	url  string
	key  string
	own  note.Verifier
	logs bytes.Buffer
	stop func()
}

func newHouse(t *testing.T, keys ...string) *house {
	t.Helper()
	h := &house{t: t}
	h.opts = witness.Options{Dir: filepath.Join(t.TempDir(), "w"), Name: "witness.example.org", Logs: keys, Log: slog.New(slog.NewTextHandler(&h.logs, nil))}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) start() {
	h.t.Helper()
	w, err := witness.Open(h.opts)
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, l) }()
	h.url, h.key = "http://"+l.Addr().String()+"/add-checkpoint", w.Key()
	if h.own, err = evidence.NewCosignerVerifier(h.key); err != nil {
		h.t.Fatal(err)
	}
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run = %v, want nil", err)
		}
		if err := w.Close(); err != nil {
			h.t.Error(err)
		}
	})
}

// restart stops the witness and starts it again on what it kept.
func (h *house) restart() {
	h.t.Helper()
	h.stop()
	h.start()
}

// post sends a request and returns the answer.
func (h *house) post(body []byte) (int, string, string) {
	h.t.Helper()
	resp, err := http.Post(h.url, "text/plain", bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(out)
}

// cosigns insists that a request is cosigned and returns when.
func (h *house) cosigns(g evidence.Growth) time.Time {
	h.t.Helper()
	status, _, out := h.post(g.Append(nil))
	if status != http.StatusOK {
		h.t.Fatalf("add-checkpoint = %d %s, want 200\n%s", status, out, g.Append(nil))
	}
	raw, err := evidence.AddCosignature(g.Checkpoint, []byte(out), h.own)
	if err != nil {
		h.t.Fatal(err)
	}
	_, at, err := evidence.OpenCosigned(raw, strings.SplitN(string(raw), "\n", 2)[0], h.own)
	if err != nil {
		h.t.Fatal(err)
	}
	return at
}

// refuses insists that a request is refused in that way.
func (h *house) refuses(name string, body []byte, status int, says string) {
	h.t.Helper()
	got, _, out := h.post(body)
	if got != status || !strings.Contains(out, says) || strings.Contains(out, "\u2014") {
		h.t.Errorf("%s: add-checkpoint = %d %q, want %d %q and no signature", name, got, out, status, says)
	}
}
