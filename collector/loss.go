// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// trouble writes into the customer's ledger what went wrong with an agent's notes, so
// that it shows in every bundle: two batches under one number, and what this collector
// had acknowledged and no longer has.
func (in *intake) trouble(e store.Entry, a store.Appended) (draft, bool) {
	switch {
	case a.Status == store.Forked || a.Status == store.Broken:
		return draft{customer: e.Customer, kind: evidence.KindEquivocation, author: authorCollector, body: book.EquivocationBody{
			Agent: e.Agent, Key: e.Key, Stream: e.Stream, Epoch: e.Epoch, Seq: e.First, Refused: e.SHA256, Expected: a.Expect.Hash, Broken: a.Status == store.Broken,
		}}, true
	case a.Status == store.Stored && e.Kind == store.KindGap:
		item, err := evidence.OpenNote(e.Note, in.keys)
		if g, ok := item.(evidence.Gap); err != nil || !ok || g.Reason != evidence.GapLostThere {
			return draft{}, false
		}
		return draft{customer: e.Customer, kind: evidence.KindLostHere, author: authorCollector, body: book.LostHereBody{
			Agent: e.Agent, Key: e.Key, Stream: e.Stream, Epoch: e.Epoch, First: e.First, Seq: e.Seq, From: e.From, Through: e.Through,
		}}, true
	}
	return draft{}, false
}

// maxTrouble bounds how many such records one agent causes in a run of the collector: a
// broken one must not fill the ledger.
const maxTrouble = 100

// report writes down what went wrong. It is no reason to refuse what was stored.
func (in *intake) report(ctx context.Context, entries []store.Entry, appended []store.Appended) {
	for i, e := range entries {
		d, ok := in.trouble(e, appended[i])
		if !ok || !in.once(e) {
			continue
		}
		if _, err := in.recorder.write(ctx, d); err != nil {
			in.log.Error("what went wrong with an agent's notes could not be recorded", "customer", e.Customer, "agent", e.Agent, "err", err)
		}
	}
}

// once reports whether a note was not reported before, within bounds.
func (in *intake) once(e store.Entry) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	k := agentKey{e.Customer, e.Agent}
	if in.reported[e.SHA256] || in.troubles[k] >= maxTrouble {
		return false
	}
	in.reported[e.SHA256] = true
	in.troubles[k]++
	return true
}
