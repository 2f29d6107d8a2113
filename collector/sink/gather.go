// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// perTurn is how many entries a customer may add to a request before it is the
// next customer's turn, so that one with a long backlog does not starve the others.
const perTurn = 8

// maxRead is how many entries one request may pass over, with lines or without, so
// that the cursor also moves through a long run of records.
const maxRead = 1000

// part is the lines of one batch, or some of them.
type part struct {
	customer vouch.CustomerID
	leaf     int64
	lines    []byte // ends in a newline
	piece    bool   // only some lines of the batch
}

// request is what one write carries, and the cursors after it.
type request struct {
	parts []part
	next  map[vouch.CustomerID]int64
}

// gather fills one request from the customers in the ring, in turns. A customer
// without further entries leaves the ring. It returns an empty request when nobody
// has anything.
func (s *Sink) gather(ctx context.Context) (request, error) {
	req := request{next: map[vouch.CustomerID]int64{}}
	size, read := 0, 0
	for len(s.ring) > 0 && len(req.parts) < s.opts.Batches && read < maxRead {
		c := s.ring[0]
		at, ok := req.next[c]
		if !ok {
			var err error
			if at, err = s.cur.Next(ctx, s.opts.Name, c); err != nil {
				return request{}, err
			}
		}
		entries, err := s.ledger.Entries(ctx, c, at, min(perTurn, s.opts.Batches-len(req.parts)))
		if err != nil {
			return request{}, err
		}
		if len(entries) == 0 {
			s.ring = s.ring[1:]
			delete(s.inRing, c)
			continue
		}
		read += len(entries)
		for i, e := range entries {
			lines := linesOf(e)
			if size > 0 && size+len(lines) > s.opts.Bytes {
				return req, nil
			}
			if len(lines) > 0 {
				req.parts = append(req.parts, part{customer: c, leaf: at + int64(i), lines: lines})
				size += len(lines)
			}
			req.next[c] = at + int64(i) + 1
		}
		s.ring = append(s.ring[1:], c)
	}
	return req, nil
}

// linesOf returns the line-protocol lines of an entry: none for what is no batch.
// Gaps and records hold no samples, and a rejected batch must reach no sink.
func linesOf(e store.Entry) []byte {
	if e.Kind != store.KindBatch {
		return nil
	}
	// A batch is a signed note: header, blank line, lines, blank line, signatures. No
	// line is blank and the signature block holds none, so the first and the last
	// blank line frame the lines. Signature and chain were checked on receipt.
	_, rest, ok := bytes.Cut(e.Note, []byte("\n\n"))
	end := bytes.LastIndex(rest, []byte("\n\n"))
	if !ok || end < 0 {
		return nil
	}
	return rest[:end+1]
}

// commit moves the cursors past a request, and lists what the store refused.
func (s *Sink) commit(ctx context.Context, req request, skipped []Skip) error {
	if len(req.next) == 0 {
		return nil
	}
	var d store.Derivation
	for _, c := range slices.Sorted(maps.Keys(req.next)) {
		d.Progress = append(d.Progress, store.Progress{Reader: s.opts.Name, Customer: c, Next: req.next[c]})
	}
	after := s.record(skipped)
	if len(skipped) > 0 {
		data, err := json.Marshal(after)
		if err != nil {
			return err
		}
		// The list is the provider's: it names batches of several customers.
		d.Items = []store.Item{{Customer: vouch.Provider, Kind: itemKind, ID: s.opts.Name, Data: data}}
	}
	if err := s.cur.Derive(ctx, d); err != nil {
		return err
	}
	s.sent(len(req.parts), after)
	return nil
}

// admit puts the customers that were notified in the ring.
func (s *Sink) admit() {
	s.mu.Lock()
	customers := slices.Sorted(maps.Keys(s.notified))
	clear(s.notified)
	s.mu.Unlock()
	for _, c := range customers {
		s.enter(c)
	}
}

func (s *Sink) enter(c vouch.CustomerID) {
	if !s.inRing[c] {
		s.inRing[c] = true
		s.ring = append(s.ring, c)
	}
}

// unsent says when the entry at a cursor was received.
type unsent struct {
	next     int64
	received time.Time
}

// survey compares every cursor with its ledger: it finds customers that nobody
// notified of, and measures the lag.
func (s *Sink) survey(ctx context.Context) error {
	customers, err := s.ledger.Customers(ctx)
	if err != nil {
		return err
	}
	var leaves int64
	var oldest time.Time
	for _, c := range customers {
		head, err := s.ledger.Head(ctx, c)
		if err != nil {
			return err
		}
		next, err := s.cur.Next(ctx, s.opts.Name, c)
		if err != nil {
			return err
		}
		if next >= head.Size {
			delete(s.oldest, c)
			continue
		}
		s.enter(c)
		leaves += head.Size - next
		at, err := s.receivedAt(ctx, c, next)
		if err != nil {
			return err
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	s.surveyed = time.Now()
	s.lags(leaves, oldest)
	return nil
}

// receivedAt reads when an entry came, once per cursor position: during an outage
// the survey is repeated, and the cursors stand.
func (s *Sink) receivedAt(ctx context.Context, c vouch.CustomerID, leaf int64) (time.Time, error) {
	if u, ok := s.oldest[c]; ok && u.next == leaf {
		return u.received, nil
	}
	entries, err := s.ledger.Entries(ctx, c, leaf, 1)
	if err != nil {
		return time.Time{}, err
	}
	if len(entries) == 0 {
		return time.Time{}, fmt.Errorf("leaf %d of %s is missing although the tree is larger", leaf, c)
	}
	s.oldest[c] = unsent{next: leaf, received: entries[0].Received}
	return entries[0].Received, nil
}
