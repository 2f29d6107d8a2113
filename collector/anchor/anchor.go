// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package anchor lets others vouch for when a ledger had how many leaves. The ledger of
// [vouch.Anchors] takes note of how far every other ledger has come: every hour of those
// that grew, and within seconds of a decision that may be judged by when it was made. The
// checkpoint of that ledger is stamped by a time-stamp authority (RFC 3161) and cosigned
// by witnesses (C2SP tlog-witness). All of it is records, so that it is backed up and
// read like everything else.
//
// It only asks. Ingest never waits for it; while nobody answers, anchors are still
// written, the first word afterwards covers them all, and [Anchors.Status] says so.
package anchor

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/retry"
)

// Ledger is what is read of the ledgers, as [store.Ledger] describes it.
type Ledger interface {
	Customers(ctx context.Context) ([]vouch.CustomerID, error)
	Head(ctx context.Context, customer vouch.CustomerID) (store.TreeHead, error)
	Entries(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]store.Entry, error)
	Leaves(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]store.Entry, error)
	Prove(ctx context.Context, customer vouch.CustomerID, leaf, size int64) ([]evidence.Hash, error)
	Consistency(ctx context.Context, customer vouch.CustomerID, old, size int64) ([]evidence.Hash, error)
}

// Recorder writes into the anchor ledger.
type Recorder interface {
	// Record appends one record of that kind for each body, all or none, and returns
	// when they are durable.
	Record(ctx context.Context, kind evidence.RecordKind, bodies ...any) error
}

// Authority is a time-stamp authority.
type Authority struct {
	Name   string // stands in records, logs and metrics
	URL    string // http or https; the stamp itself is signed
	Roots  *x509.CertPool
	Policy asn1.ObjectIdentifier // asked for and demanded; nil for any
}

// Witness is somebody who cosigns.
type Witness struct {
	Name string // stands in records, logs and metrics
	URL  string // before /add-checkpoint
	Key  string // public key, "name+hash+base64"
}

// Options of anchors. The zero value of a duration means its default.
type Options struct {
	Origin      string        // of the collector; a ledger's origin is this, '/', and the customer
	Records     note.Verifier // the key that signs the records
	Every       time.Duration // how often every ledger that grew is anchored; 1 h
	Gather      time.Duration // how long what comes after a decision is joined with it; 2 s
	Timeout     time.Duration // of one question to an authority or a witness; 20 s
	RetryMin    time.Duration // first wait after all authorities, or a witness, failed; 10 s
	RetryMax    time.Duration // longest wait; 10 min
	Authorities []Authority   // in the order in which they are asked: the first that answers is enough
	Witnesses   []Witness     // all are asked
	Log         *slog.Logger  // changes of state; nil for none
	Now         func() time.Time

	// Seal signs a checkpoint with the collector's key under the name of its ledger.
	Seal func(evidence.Checkpoint) ([]byte, error)
}

func (o Options) defaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Every, time.Hour)
	def(&o.Gather, 2*time.Second)
	def(&o.Timeout, 20*time.Second)
	def(&o.RetryMin, 10*time.Second)
	def(&o.RetryMax, 10*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Anchors keeps the anchor ledger.
type Anchors struct {
	ledger   Ledger
	recorder Recorder
	opts     Options
	client   *http.Client
	stampers []*stamper
	watchers []*watcher
	parties  []*party

	rung chan struct{} // capacity 1: a second ring before the first is heard adds nothing

	mu    sync.Mutex // guards what follows
	asked map[vouch.CustomerID]bool
	need  int64          // leaves of the anchor ledger that others are to vouch for
	head  store.TreeHead // what they are asked to vouch for, of at least so many leaves
	last  time.Time      // of the last anchor

	rounds     []round   // that nobody has vouched for, in order
	vouchedFor int64     // leaves of the anchor ledger that some party vouches for
	coveredAt  time.Time // zero for unknown

	// Owned by Run, then by the scribe.
	anchored map[vouch.CustomerID]int64 // leaves of a ledger at its last anchor
	fresh    bool                       // anchors were written that need does not speak of yet
}

// New makes anchors. Nothing happens before [Anchors.Run].
func New(ledger Ledger, recorder Recorder, opts Options) (*Anchors, error) {
	a := &Anchors{
		ledger: ledger, recorder: recorder, opts: opts.defaults(), client: newClient(),
		rung: make(chan struct{}, 1), asked: map[vouch.CustomerID]bool{}, anchored: map[vouch.CustomerID]int64{},
	}
	for _, au := range opts.Authorities {
		a.stampers = append(a.stampers, &stamper{Authority: au, state: newState("authority", au.Name, a.opts)})
	}
	if len(a.stampers) > 0 {
		a.parties = append(a.parties, &party{ask: a.stamp, wake: make(chan struct{}, 1)})
	}
	for _, w := range opts.Witnesses {
		key, err := evidence.NewCosignerVerifier(w.Key)
		if err != nil {
			return nil, fmt.Errorf("witness %s: %w", w.Name, err)
		}
		x := &watcher{Witness: w, key: key, state: newState("witness", w.Name, a.opts)}
		x.party = &party{wake: make(chan struct{}, 1), ask: func(ctx context.Context) (int64, error) { return a.cosign(ctx, x) }}
		a.watchers, a.parties = append(a.watchers, x), append(a.parties, x.party)
	}
	return a, nil
}

func (a *Anchors) origin(c vouch.CustomerID) string { return a.opts.Origin + "/" + string(c) }

// AtOnce reports whether records of a kind are anchored at once: what may be judged by
// when it was decided.
func AtOnce(k evidence.RecordKind) bool {
	switch k {
	case evidence.KindContract, evidence.KindLease, evidence.KindMaintenanceAnnounced, evidence.KindMaintenanceCancelled,
		evidence.KindExclusionClaimed, evidence.KindExclusionApproved, evidence.KindExclusionRejected,
		evidence.KindStatementIssued, evidence.KindAcceptance, evidence.KindLegalHold:
		return true
	}
	return false
}

// Recorded tells that records were written, after the commit. It never blocks and may be
// called from any goroutine.
func (a *Anchors) Recorded(records []evidence.Record) {
	for _, r := range records {
		if AtOnce(r.Kind) {
			a.ring(r.Customer)
		}
	}
}

func (a *Anchors) ring(c vouch.CustomerID) {
	a.mu.Lock()
	a.asked[c] = true
	a.mu.Unlock()
	select {
	case a.rung <- struct{}{}:
	default:
	}
}

// Run keeps the anchor ledger until ctx ends; then it returns nil. Whatever fails is
// waited out and shown by [Anchors.Status].
func (a *Anchors) Run(ctx context.Context) error {
	var due time.Time
	a.own(ctx, "read the anchor ledger", func(ctx context.Context) (err error) {
		due, err = a.restore(ctx)
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	var g errgroup.Group
	g.Go(func() error { a.scribe(ctx, due); return nil })
	for _, p := range a.parties {
		g.Go(func() error { a.follow(ctx, p); return nil })
	}
	return g.Wait()
}

// own carries out a step against our own store, again and again until it succeeds or ctx
// ends: a full disk must not end the anchors.
func (a *Anchors) own(ctx context.Context, what string, step func(context.Context) error) {
	for wait := a.opts.RetryMin; ctx.Err() == nil; wait = min(2*wait, a.opts.RetryMax) {
		err := step(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if wait == a.opts.RetryMin {
			a.opts.Log.Error("could not "+what+"; trying again", "err", err)
		}
		retry.Pause(ctx, wait)
	}
}

// scribe writes the anchors: of every ledger that grew at due and then every so often,
// and of those that were asked for at once.
func (a *Anchors) scribe(ctx context.Context, due time.Time) {
	timer := time.NewTimer(due.Sub(a.opts.Now()))
	defer timer.Stop()
	for {
		var which []vouch.CustomerID // nil for all
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(a.opts.Every)
		case <-a.rung:
			retry.Pause(ctx, a.opts.Gather)
			a.mu.Lock()
			which = slices.Sorted(maps.Keys(a.asked))
			clear(a.asked)
			a.mu.Unlock()
			if len(which) == 0 {
				continue
			}
		}
		a.own(ctx, "write anchors", func(ctx context.Context) error {
			at := a.opts.Now()
			err := a.write(ctx, which)
			if err == nil && which == nil {
				a.went(at)
			}
			return err
		})
	}
}

// maxRecords bounds the records of one call, and so the memory that it takes.
const maxRecords = 256

// write anchors those of the ledgers (nil for all) that grew since their last anchor.
func (a *Anchors) write(ctx context.Context, which []vouch.CustomerID) error {
	if which == nil {
		var err error
		if which, err = a.ledger.Customers(ctx); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(which, maxRecords) {
		if err := a.writeSome(ctx, some); err != nil {
			return err
		}
	}
	if !a.fresh {
		return nil
	}
	head, err := a.ledger.Head(ctx, vouch.Anchors)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.need, a.head, a.last = head.Size, head, a.opts.Now().UTC()
	a.mu.Unlock()
	a.fresh = false
	for _, p := range a.parties {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (a *Anchors) writeSome(ctx context.Context, some []vouch.CustomerID) error {
	var bodies []any
	sizes := map[vouch.CustomerID]int64{}
	for _, c := range some {
		if c == vouch.Anchors {
			continue
		}
		head, err := a.ledger.Head(ctx, c)
		if err != nil {
			return err
		}
		if head.Size > a.anchored[c] {
			bodies = append(bodies, evidence.Anchored{Origin: a.origin(c), Size: head.Size, Root: head.Root})
			sizes[c] = head.Size
		}
	}
	if len(bodies) == 0 {
		return nil
	}
	if err := a.recorder.Record(ctx, evidence.KindAnchored, bodies...); err != nil {
		return err
	}
	maps.Copy(a.anchored, sizes)
	a.fresh = true
	return nil
}

// seal returns the size and the signed checkpoint that all are asked to vouch for: the
// same for everybody, so that their words stand under one.
func (a *Anchors) seal() (int64, []byte, error) {
	a.mu.Lock()
	head := a.head
	a.mu.Unlock()
	raw, err := a.opts.Seal(evidence.Checkpoint{Origin: a.origin(vouch.Anchors), Size: head.Size, Root: head.Root})
	return head.Size, raw, err
}
