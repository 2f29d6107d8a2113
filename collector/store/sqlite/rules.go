// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// place says where a note stands relative to the head of its chain.
type place uint8

const (
	next      place = iota // it is the one that is due
	early                  // a number is missing before it
	unchained              // the number is due, but prev names another note
	taken                  // the number has been given already, to it or to another note
)

// placeOf applies the chain rules of [store.Ledger]. head is nil for a chain that
// does not exist yet. An epoch begins with number 1 and names nothing before it, so
// that the first note of a chain can be told from one whose beginning was lost.
func placeOf(head *store.ChainHead, e *store.Entry) place {
	begins := e.First == 1 && e.Prev == evidence.Hash{}
	switch {
	case head == nil || e.Epoch > head.Epoch:
		if begins {
			return next
		}
		return early
	case e.Epoch < head.Epoch || e.First <= head.Seq:
		return taken
	case e.First > head.Seq+1:
		return early
	case e.Prev != head.Hash:
		return unchained
	}
	return next
}

// repeat says what a note is whose number is taken by o, or, of an epoch that has
// ended, by nobody. Only two different batches are a fork.
func repeat(head *store.ChainHead, e *store.Entry, o *occupant) store.AppendStatus {
	gap := e.Kind == store.KindGap || e.First < e.Seq
	switch {
	case o != nil && o.sha == e.SHA256:
		return store.Duplicate
	case e.Epoch < head.Epoch && o == nil:
		return store.Ended
	case gap && e.Epoch == head.Epoch && e.Seq > head.Seq:
		return store.Overlaps
	case o == nil || o.gap:
		return store.Covered
	case gap:
		return store.Overlaps
	}
	return store.Forked
}
