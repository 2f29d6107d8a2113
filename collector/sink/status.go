// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// State says in a word how a sink stands.
type State string

const (
	StateStarting      State = "starting"      // nothing was written yet
	StateWriting       State = "writing"       // all is well
	StateUnreachable   State = "unreachable"   // temporary: it is retried for ever
	StateConfiguration State = "configuration" // the store refuses us: token, bucket or address
	StateStore         State = "own store"     // the ledger cannot be read or the cursor not moved
)

// Status is how a sink stands, for `vouch status` and metrics.
type Status struct {
	Name       string    `json:"name"`
	State      State     `json:"state"`
	Since      time.Time `json:"since"`                // when State began
	LastError  string    `json:"last_error,omitempty"` // empty while all is well
	LagLeaves  int64     `json:"lag_leaves"`           // leaves of all ledgers not yet dealt with
	LagSeconds float64   `json:"lag_s"`                // age of the oldest of them
	Written    int64     `json:"written_batches"`      // since start, skipped ones included
	Skipped    int64     `json:"skipped_batches"`      // batches of which the store refused lines, since the ledger was first sent
	Skips      []Skip    `json:"skips,omitempty"`      // the newest of them, at most maxSkips
}

// Skip names a batch of which the store refused lines for good. The batch itself
// is in the ledger.
type Skip struct {
	Customer vouch.CustomerID `json:"customer"`
	Leaf     int64            `json:"leaf"`
	At       time.Time        `json:"at"`
	Sentence string           `json:"sentence"` // the store's own
}

const (
	maxSkips = 100
	itemKind = "sink" // store.Item kind of what outlives a restart
)

// kept is what outlives a restart: the count and the list of skips, which belong to
// the cursors and go in their transaction.
type kept struct {
	Skipped int64  `json:"skipped"`
	Skips   []Skip `json:"skips"`
}

// Status returns how the sink stands now. It never blocks on a store.
func (s *Sink) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Skips = slices.Clone(st.Skips)
	if !s.oldestAt.IsZero() {
		st.LagSeconds = max(0, time.Since(s.oldestAt).Seconds())
	}
	return st
}

// restore reads the skips of earlier runs.
func (s *Sink) restore(ctx context.Context) {
	s.own(ctx, "read the list of skipped batches", func(ctx context.Context) error {
		item, err := s.cur.Item(ctx, vouch.Provider, itemKind, s.opts.Name)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var k kept
		if err := json.Unmarshal(item.Data, &k); err != nil {
			s.opts.Log.Warn("list of skipped batches cannot be read: it begins anew", "sink", s.opts.Name, "err", err)
			return nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status.Skipped, s.status.Skips = k.Skipped, k.Skips
		return nil
	})
}

// record returns the list of skips with new ones added.
func (s *Sink) record(skipped []Skip) kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	skips := append(slices.Clone(s.status.Skips), skipped...)
	return kept{Skipped: s.status.Skipped + int64(len(skipped)), Skips: skips[max(0, len(skips)-maxSkips):]}
}

// sent counts a committed request. The first skip after a run of good requests is
// logged; those that follow without a good one between are only counted.
func (s *Sink) sent(batches int, k kept) {
	s.mu.Lock()
	fresh := k.Skipped - s.status.Skipped
	first := fresh > 0 && !s.refusing
	if batches > 0 {
		s.refusing = fresh > 0
	}
	s.status.Written += int64(batches)
	s.status.Skipped, s.status.Skips = k.Skipped, k.Skips
	s.mu.Unlock()
	if first {
		last := k.Skips[len(k.Skips)-1]
		s.opts.Log.Warn("time-series store refuses lines: they stay in the ledger and are skipped here",
			"sink", s.opts.Name, "customer", last.Customer, "leaf", last.Leaf, "batches", fresh, "err", last.Sentence)
	}
}

// state notes how the sink stands, and logs it if that is another state than before.
func (s *Sink) state(st State, sentence string) {
	s.mu.Lock()
	was, since := s.status.State, s.status.Since
	s.status.LastError = sentence
	if was != st {
		s.status.State, s.status.Since = st, time.Now().UTC()
	}
	lag := s.status.LagLeaves
	s.mu.Unlock()
	switch {
	case was == st:
	case st == StateWriting && was == StateStarting:
		s.opts.Log.Info("time-series store takes samples", "sink", s.opts.Name)
	case st == StateWriting:
		s.opts.Log.Info("time-series store takes samples again", "sink", s.opts.Name, "after", time.Since(since).Round(time.Second), "lag_leaves", lag)
	default:
		s.opts.Log.Warn("time-series store does not take samples: they wait in the ledger", "sink", s.opts.Name, "state", st, "err", sentence)
	}
}

func (s *Sink) lags(leaves int64, oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.LagLeaves, s.oldestAt = leaves, oldest
}

// caughtUp notes that every ledger was read to its end, unless a commit came since.
func (s *Sink) caughtUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notified) == 0 {
		s.status.LagLeaves, s.status.LagSeconds, s.oldestAt = 0, 0, time.Time{}
	}
}
