// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
)

// How much of the end of the anchor ledger is read at start, and how much in one go.
// What lies further back counts as not there: it is anchored, stamped and cosigned anew.
const (
	maxTail = 8192
	page    = 256
)

// restore reads from the end of the anchor ledger how far every ledger was anchored, and
// who vouched for that. It returns when all that grew is to be anchored next.
func (a *Anchors) restore(ctx context.Context) (due time.Time, err error) {
	customers, err := a.ledger.Customers(ctx)
	if err != nil {
		return due, err
	}
	head, err := a.ledger.Head(ctx, vouch.Anchors)
	if err != nil {
		return due, err
	}
	t := tail{a: a, customers: customers}
	for to := head.Size; to > 0 && head.Size-to < maxTail && !t.complete(); {
		from := max(0, to-page)
		entries, err := a.ledger.Entries(ctx, vouch.Anchors, from, int(to-from))
		if err != nil {
			return due, err
		}
		for _, e := range slices.Backward(entries) {
			t.take(e)
		}
		to = from
	}
	a.mu.Lock()
	a.need, a.head, a.last = t.need, head, t.last
	a.mu.Unlock()
	for _, c := range customers {
		if err := a.missed(ctx, c); err != nil {
			return due, err
		}
	}
	return t.last.Add(a.opts.Every), nil
}

// missed rings for a ledger that holds a decision after its last anchor: the collector
// may have stopped in between.
func (a *Anchors) missed(ctx context.Context, c vouch.CustomerID) error {
	if c == vouch.Anchors {
		return nil
	}
	from, known := a.anchored[c]
	if !known {
		a.ring(c)
		return nil
	}
	for {
		entries, err := a.ledger.Leaves(ctx, c, from, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		if slices.ContainsFunc(entries, func(e store.Entry) bool { return AtOnce(evidence.RecordKind(e.RecordKind)) }) {
			a.ring(c)
			return nil
		}
		from += int64(len(entries))
	}
}

// tail is what is read from the end of the anchor ledger, newest first.
type tail struct {
	a         *Anchors
	customers []vouch.CustomerID
	need      int64
	last      time.Time
	stamped   bool
	cosigned  int
}

// complete reports whether nothing is missing that an older record could tell.
func (t *tail) complete() bool {
	for _, c := range t.customers {
		if _, known := t.a.anchored[c]; !known && c != vouch.Anchors {
			return false
		}
	}
	return (t.stamped || len(t.a.stampers) == 0) && t.cosigned == len(t.a.watchers)
}

// take enters one record. One that cannot be read counts as not there: `vouch ledger
// check` tells of it.
func (t *tail) take(e store.Entry) {
	rec, err := evidence.OpenRecord(e.Note, note.VerifierList(t.a.opts.Records))
	if err != nil {
		return
	}
	switch rec.Kind {
	case evidence.KindAnchored:
		t.anchored(e.Index, rec)
	case evidence.KindTimeStamp:
		var b evidence.TimeStamped
		if !t.stamped && json.Unmarshal(rec.Body, &b) == nil {
			t.stamp(b)
		}
	case evidence.KindCosigned:
		var b evidence.Cosigned
		if json.Unmarshal(rec.Body, &b) == nil {
			t.cosign(b)
		}
	}
}

func (t *tail) anchored(leaf int64, rec evidence.Record) {
	var b evidence.Anchored
	if json.Unmarshal(rec.Body, &b) != nil {
		return
	}
	c, ours := strings.CutPrefix(b.Origin, t.a.opts.Origin+"/")
	if _, known := t.a.anchored[vouch.CustomerID(c)]; ours && !known {
		t.a.anchored[vouch.CustomerID(c)] = b.Size
	}
	if t.need == 0 {
		t.need, t.last = leaf+1, rec.Recorded
	}
}

// stamp takes over the newest stamp of an authority that is still configured and trusted.
func (t *tail) stamp(b evidence.TimeStamped) {
	for _, s := range t.a.stampers {
		if s.Name != b.Authority {
			continue
		}
		what, err := stamp.Verify(b.Token, []byte(b.Checkpoint), 0, s.trust())
		if err == nil {
			s.state.know(b.Size, what.Time)
			t.a.parties[0].covered, t.stamped = b.Size, true
		}
	}
}

// cosign takes over the newest cosignature of each witness.
func (t *tail) cosign(b evidence.Cosigned) {
	for _, w := range t.a.watchers {
		if w.old > 0 {
			continue
		}
		if c, at, err := evidence.OpenCosigned([]byte(b.Checkpoint), t.a.origin(vouch.Anchors), w.key); err == nil {
			w.state.know(c.Size, at)
			w.old, w.party.covered = c.Size, c.Size
			t.cosigned++
		}
	}
}
