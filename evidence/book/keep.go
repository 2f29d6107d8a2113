// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Hold is a legal hold: while one stands, nothing of the customer is erased.
type Hold struct {
	ID         string
	Reason     string
	Record     string // id of the record that placed it
	Placed     time.Time
	Author     string
	Removed    time.Time // zero: it stands
	Remover    string
	RemovedFor string // why
}

func (b *Book) takeHold(rec evidence.Record) error {
	h, err := body[HoldBody](rec)
	if err != nil {
		return err
	}
	b.holds = slices.Clone(b.holds)
	if !h.Removed {
		b.holds = append(b.holds, Hold{ID: h.ID, Reason: h.Reason, Record: rec.ID, Placed: rec.Recorded, Author: rec.Author})
		return nil
	}
	for i := range b.holds {
		if x := &b.holds[i]; x.ID == h.ID && x.Removed.IsZero() {
			x.Removed, x.Remover, x.RemovedFor = rec.Recorded, rec.Author, h.Reason
		}
	}
	return nil
}

// Holds returns every legal hold that was ever placed, in order.
func (b *Book) Holds() []Hold { return slices.Clip(b.holds) }

// Held reports whether a legal hold stands.
func (b *Book) Held() bool {
	return slices.ContainsFunc(b.holds, func(h Hold) bool { return h.Removed.IsZero() })
}

func (b *Book) takeErased(rec evidence.Record) error {
	e, err := body[ErasedBody](rec)
	if err != nil {
		return err
	}
	if e.Count > 0 {
		b.erased[e.Stream] += e.Count
	}
	return nil
}

// Erased returns of how many entries of a stream the ledger says that their notes were
// erased.
func (b *Book) Erased(s vouch.Stream) int64 { return b.erased[s] }
