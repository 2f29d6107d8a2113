// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/witness"
)

// house is a real witness on loopback, with its directory.
type house struct {
	t    *testing.T
	opts witness.Options
	addr string
	key  string
	stop func()
}

func newHouse(t *testing.T, name, log string) *house {
	t.Helper()
	h := &house{t: t, addr: "127.0.0.1:0", opts: witness.Options{
		Dir: filepath.Join(t.TempDir(), name), Name: name, Logs: []string{log}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// start starts it, from the second time on where it was.
func (h *house) start() {
	h.t.Helper()
	w, err := witness.Open(h.opts)
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := net.Listen("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, l) }()
	h.addr, h.key = l.Addr().String(), w.Key()
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

func (h *house) witness() anchor.Witness {
	return anchor.Witness{Name: h.opts.Name, URL: "http://" + h.addr, Key: h.key}
}

// cosigned checks every recorded cosignature of a witness and returns how many there are.
func (w *world) cosigned(h *house) int {
	w.t.Helper()
	key, err := evidence.NewCosignerVerifier(h.key)
	if err != nil {
		w.t.Fatal(err)
	}
	n, size := 0, int64(0)
	for _, b := range kept[evidence.Cosigned](w, evidence.KindCosigned) {
		if b.Witness != h.opts.Name {
			continue
		}
		c, at, err := evidence.OpenCosigned([]byte(b.Checkpoint), origin+"/anchors", key)
		if err != nil || c.Size != b.Size || c.Size <= size || time.Since(at) > time.Minute {
			w.t.Errorf("cosigned %+v at %v, %v, want more than %d leaves, now", c, at, err, size)
		}
		if own, err := evidence.OpenCheckpoint([]byte(b.Checkpoint), origin+"/anchors", w.own); err != nil || own != c {
			w.t.Errorf("checkpoint by the ledger's own key = %+v, %v, want %+v", own, err, c)
		}
		n, size = n+1, c.Size
	}
	return n
}

// Two real witnesses cosign what grows, through restarts of either side.
func TestCosigned(t *testing.T) {
	w := newWorld(t)
	one, two := newHouse(t, "one.example", w.anchorKey()), newHouse(t, "two.example", w.anchorKey())
	w.opts.Witnesses = []anchor.Witness{one.witness(), two.witness()}
	w.start()
	for range 3 {
		w.decide("acme", evidence.KindContract)
		w.anchored("acme")
	}
	two.stop()
	w.decide("acme", evidence.KindContract)
	w.wait("one alone cosigns", func() bool {
		return w.party("one.example").Size >= w.anchors.Status().Size && w.party("two.example").Error != ""
	})
	if p := w.party("two.example"); !strings.Contains(p.Error, "connection refused") || p.Failures == 0 {
		t.Errorf("party = %+v, want that it cannot be reached", p)
	}
	two.start()
	w.anchored("acme")
	w.stop()
	one.stop()
	one.start()
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	if a, b := w.cosigned(one), w.cosigned(two); a != 5 || b < 4 {
		t.Errorf("%d and %d cosignatures, want 5, and 4 or more", a, b)
	}
	if n := w.logged("level=ERROR"); n != 1 {
		t.Errorf("%d errors logged, want one, of the witness that was away:\n%s", n, w.logs.String())
	}
}

// A collector that begins anew asks from 0 and is told the right size: here, because the
// records of what was cosigned are those of another key.
func TestOldSizeUnknown(t *testing.T) {
	w := newWorld(t)
	h := newHouse(t, "one.example", w.anchorKey())
	w.opts.Witnesses = []anchor.Witness{h.witness()}
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	w.stop()
	w.decide("acme", evidence.KindContract)
	right := w.opts.Records
	w.opts.Records = rejecting{right}
	w.start()
	w.anchored("acme")
	if n := w.cosigned(h); n != 2 {
		t.Errorf("%d cosignatures, want 2", n)
	}
	if w.logged("level=ERROR") != 0 {
		t.Errorf("logged:\n%s\nwant nothing", w.logs.String())
	}
}

// A witness whose memory was set back is told of, and goes on.
func TestForgetful(t *testing.T) {
	w := newWorld(t)
	h := newHouse(t, "one.example", w.anchorKey())
	w.opts.Witnesses = []anchor.Witness{h.witness()}
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	memory, err := os.ReadFile(filepath.Join(h.opts.Dir, "memory"))
	if err != nil {
		t.Fatal(err)
	}
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	h.stop()
	if err := os.WriteFile(filepath.Join(h.opts.Dir, "memory"), memory, 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	if n := w.logged("remembers fewer leaves"); n != 1 {
		t.Errorf("logged %d times that the witness forgot, want once:\n%s", n, w.logs.String())
	}
}

// A ledger of anchors that was written anew, or that lost leaves, is never cosigned
// again, and the status says why.
func TestLedgerWrittenAnew(t *testing.T) {
	w := newWorld(t)
	h := newHouse(t, "one.example", w.anchorKey())
	w.opts.Witnesses = []anchor.Witness{h.witness()}
	w.start()
	for range 2 {
		w.decide("acme", evidence.KindContract)
		w.anchored("acme")
	}
	was := w.party("one.example")
	w.stop()

	anew, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer anew.Close()
	right := w.store
	w.store = anew
	w.start()
	w.decide("acme", evidence.KindContract)
	w.wait("fewer leaves than were cosigned are refused", func() bool { return w.party("one.example").Error != "" })
	if e := w.party("one.example").Error; !strings.Contains(e, "which has only 1: leaves are lost here") {
		t.Errorf("error %q, want that leaves are lost", e)
	}
	for n := int64(1); n <= was.Size; n++ {
		w.decide("acme", evidence.KindContract)
		w.wait("it is anchored", func() bool { return len(kept[evidence.Anchored](w, evidence.KindAnchored)) > int(n) })
	}
	w.wait("the fork is refused", func() bool { return strings.Contains(w.party("one.example").Error, "422") })
	w.stop()
	if n := len(kept[evidence.Cosigned](w, evidence.KindCosigned)); n != 0 {
		t.Errorf("%d cosignatures of a fork, want none", n)
	}

	w.store = right
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme") // the true ledger is cosigned as before
}

// What a witness answers is believed only where it is its cosignature.
func TestWitnessAnswers(t *testing.T) {
	key := func(w *world) string { return newHouse(w.t, "one.example", w.anchorKey()).key }
	tests := []struct {
		name   string
		status int
		body   string
		says   string
	}{
		{"nothing", 200, "", "signed by an unknown key"},
		{"no signature", 200, "hello\n", "malformed note"},
		{"another's signature", 200, "\u2014 other.example AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", "signed by an unknown key"},
		{"too much", 200, strings.Repeat("x", 1<<20), "more than 16384 bytes"},
		{"no size", 409, "later\n", "written anew"},
		{"a negative size", 409, "-3\n", "written anew"},
		{"a size of everything", 409, "9223372036854775807\n", "leaves are lost here"},
		{"unknown", 404, "no such ledger\n", "404 Not Found: no such ledger"},
		{"a redirect", 307, "", "redirects are not followed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Location", "http://127.0.0.1:1/")
				rw.WriteHeader(tt.status)
				_, _ = io.WriteString(rw, tt.body)
			}))
			defer server.Close()
			w := newWorld(t)
			w.opts.Witnesses = []anchor.Witness{{Name: "one", URL: server.URL + "/prefix/", Key: key(w)}}
			w.start()
			w.decide("acme", evidence.KindContract)
			w.wait("it fails", func() bool { return w.party("one").Failures > 1 })
			if p := w.party("one"); !strings.Contains(p.Error, tt.says) || strings.Contains(p.Error, "\n") {
				t.Errorf("error %q, want one line with %q", p.Error, tt.says)
			}
			w.stop()
			if n := len(kept[evidence.Cosigned](w, evidence.KindCosigned)); n != 0 {
				t.Errorf("%d cosignatures are recorded, want none", n)
			}
		})
	}
}
