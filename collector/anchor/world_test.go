// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

const origin = "vouch.example.net"

// world is a store with the ledgers of a collector, its key, and the anchors while they
// run.
type world struct {
	t       *testing.T
	store   store.Store
	skey    string
	own     note.Verifiers // the collector's key under every name that it has here
	opts    anchor.Options
	anchors *anchor.Anchors
	stop    func()

	mu    sync.Mutex // guards what follows
	logs  bytes.Buffer
	write func(record func() error) error // in place of plain recording; nil for that
}

func newWorld(t *testing.T, change ...func(*anchor.Options)) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, stop: func() {}}
	w.key(7)
	w.opts.Every, w.opts.Gather, w.opts.Timeout = time.Hour, time.Millisecond, 10*time.Second
	w.opts.RetryMin, w.opts.RetryMax = time.Millisecond, 20*time.Millisecond
	for _, c := range change {
		c(&w.opts)
	}
	t.Cleanup(func() { w.stop() })
	return w
}

// key gives the world the key of a seed.
func (w *world) key(seed byte) {
	w.t.Helper()
	skey, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), origin)
	if err != nil {
		w.t.Fatal(err)
	}
	w.skey = skey
	var all []note.Verifier
	for _, name := range []string{origin, origin + "/anchors"} {
		renamed, err := evidence.RenameVerifier(vkey, name)
		if err != nil {
			w.t.Fatal(err)
		}
		v, err := evidence.NewVerifier(renamed)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, v)
	}
	w.own = note.VerifierList(all...)
	w.opts.Origin, w.opts.Records, w.opts.Seal = origin, all[0], w.seal
	w.opts.Log = slog.New(slog.NewTextHandler(w, nil))
}

// anchorKey is the public key of the ledger of anchors.
func (w *world) anchorKey() string {
	w.t.Helper()
	_, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), origin+"/anchors")
	if err != nil {
		w.t.Fatal(err)
	}
	return vkey
}

func (w *world) seal(c evidence.Checkpoint) ([]byte, error) {
	renamed, err := evidence.RenameSigner(w.skey, c.Origin)
	if err != nil {
		return nil, err
	}
	s, err := evidence.NewSigner(renamed)
	if err != nil {
		return nil, err
	}
	return evidence.SealCheckpoint(c, s)
}

// Write takes the log.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(line)
}

// logged counts the lines of the log that hold a text.
func (w *world) logged(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.logs.String(), text)
}

// Record implements [anchor.Recorder].
func (w *world) Record(ctx context.Context, kind evidence.RecordKind, bodies ...any) error {
	w.mu.Lock()
	write := w.write
	w.mu.Unlock()
	record := func() error {
		_, err := w.record(ctx, vouch.Anchors, kind, bodies...)
		return err
	}
	if write != nil {
		return write(record)
	}
	return record()
}

// decide records a decision in a customer's ledger and tells the anchors, as the
// collector does.
func (w *world) decide(c vouch.CustomerID, kind evidence.RecordKind) evidence.Record {
	w.t.Helper()
	records, err := w.record(w.t.Context(), c, kind, map[string]int{"minutes": 120})
	if err != nil {
		w.t.Fatal(err)
	}
	w.anchors.Recorded(records)
	return records[0]
}

func (w *world) record(ctx context.Context, c vouch.CustomerID, kind evidence.RecordKind, bodies ...any) ([]evidence.Record, error) {
	signer, err := evidence.NewSigner(w.skey)
	if err != nil {
		return nil, err
	}
	head, err := w.store.Head(ctx, c)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	var entries []store.Entry
	var records []evidence.Record
	for _, b := range bodies {
		body, err := evidence.MarshalCanonical(b)
		if err != nil {
			return nil, err
		}
		nonce, err := evidence.NewNonce(rand.Reader)
		if err != nil {
			return nil, err
		}
		r, err := evidence.SealRecord(evidence.RecordHeader{
			Customer: c, Kind: kind, ID: fmt.Sprintf("%s-%d-%d", kind, head.Size, len(entries)), Recorded: now, Effective: now, Author: "collector", Nonce: nonce,
		}, body, signer)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		entries = append(entries, store.Entry{
			Customer: c, Kind: store.KindRecord, RecordID: r.ID, RecordKind: string(kind), SHA256: r.Hash, Received: now, From: now, Through: now,
			Leaf: r.Leaf(now).Append(nil), Note: r.Raw,
		})
	}
	_, err = w.store.Append(ctx, entries)
	return records, err
}

// start runs the anchors.
func (w *world) start() {
	w.t.Helper()
	a, err := anchor.New(w.store, w, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.anchors = a
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run = %v, want nil", err)
		}
	})
}

// wait waits until ok holds, far longer than a busy machine needs.
func (w *world) wait(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain: %s\nstatus %+v\nlog:\n%s", what, w.anchors.Status(), w.logs.String())
		}
		time.Sleep(time.Millisecond)
	}
}

// kept returns the bodies of a kind in the ledger of anchors.
func kept[T any](w *world, kind evidence.RecordKind) (out []T) {
	w.t.Helper()
	for _, e := range w.entries(kind) {
		out = append(out, bodyOf[T](w, e))
	}
	return out
}

func (w *world) entries(kind evidence.RecordKind) []store.Entry {
	w.t.Helper()
	entries, err := w.store.Records(w.t.Context(), vouch.Anchors, string(kind))
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

func bodyOf[T any](w *world, e store.Entry) (b T) {
	w.t.Helper()
	r, err := evidence.OpenRecord(e.Note, w.own)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(r.Body, &b); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// settled reports whether the status speaks of a leaf of the ledger of anchors, and
// every party vouches for it.
func (w *world) settled(leaf int64) bool {
	s := w.anchors.Status()
	for _, p := range s.Parties {
		if p.Size <= leaf {
			return false
		}
	}
	return s.Size > leaf
}

// anchored waits until a ledger is anchored as it stands, and all vouch for it.
func (w *world) anchored(c vouch.CustomerID) evidence.Anchored {
	w.t.Helper()
	head, err := w.store.Head(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	var last evidence.Anchored
	w.wait(fmt.Sprintf("%s is anchored at %d leaves", c, head.Size), func() bool {
		for _, e := range w.entries(evidence.KindAnchored) {
			if b := bodyOf[evidence.Anchored](w, e); b.Origin == origin+"/"+string(c) && b.Size == head.Size {
				last = b
				return w.settled(e.Index)
			}
		}
		return false
	})
	if last.Root != head.Root {
		w.t.Errorf("%s is anchored with root %s, want %s", c, last.Root, head.Root)
	}
	return last
}

// authority makes options of a real authority.
func authority(t *testing.T, name string, a *tsatest.Authority) anchor.Authority {
	t.Helper()
	roots, err := stamp.ParseRoots(a.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return anchor.Authority{Name: name, URL: a.URL, Roots: roots}
}

// party returns what is known of one authority or witness.
func (w *world) party(name string) anchor.Party {
	w.t.Helper()
	for _, p := range w.anchors.Status().Parties {
		if p.Name == name {
			return p
		}
	}
	w.t.Fatalf("there is no party %s", name)
	return anchor.Party{}
}

var errDisk = errors.New("the disk is full")

// rejecting is a key by which no record is known.
type rejecting struct{ note.Verifier }

func (rejecting) Verify(_, _ []byte) bool { return false }
