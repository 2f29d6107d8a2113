// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Acceptance is the customer's word on a record, as it stands in the ledger. Where it
// holds a note of the customer's own, nobody has verified it here: who pinned his key
// does.
type Acceptance struct {
	AcceptanceBody
	ID       string // of the record that holds it
	Recorded time.Time
	Author   string // who entered it, on the provider's side
}

// takeAcceptance enters the customer's word. What he accepted he accepted: a later
// objection takes nothing back.
func (b *Book) takeAcceptance(rec evidence.Record) error {
	said, err := body[AcceptanceBody](rec)
	if err != nil {
		return err
	}
	a := Acceptance{AcceptanceBody: said, ID: rec.ID, Recorded: rec.Recorded, Author: rec.Author}
	b.said = append(slices.Clip(b.said), a)
	b.works, b.claims = slices.Clone(b.works), slices.Clone(b.claims)
	for i := range b.works {
		if b.works[i].Record == a.Record {
			b.works[i].Customer.take(a)
		}
	}
	for i := range b.claims {
		if b.claims[i].Record == a.Record {
			b.claims[i].Customer.take(a)
		}
	}
	if a.Objects {
		return nil // a version or a lease is as it was recorded
	}
	for i := range b.agreed {
		if x := &b.agreed[i]; x.record == a.Record && x.accepted == nil {
			x.accepted = &a
			b.enforce()
		}
	}
	for d, rents := range b.rents {
		for i := range rents {
			if rents[i].record == a.Record && !rents[i].accepted {
				rents[i].accepted = true
				b.leases[d] = leased(rents)
			}
		}
	}
	return nil
}

// Acceptances returns what the customer said of records, in the order of the ledger.
func (b *Book) Acceptances() []Acceptance { return slices.Clip(b.said) }

// Word is what the customer first said of something, either way; nil for nothing.
type Word struct {
	Accepted *Acceptance
	Objected *Acceptance
}

func (w *Word) take(a Acceptance) {
	switch {
	case a.Objects && w.Objected == nil:
		w.Objected = &a
	case !a.Objects && w.Accepted == nil:
		w.Accepted = &a
	}
}

// mark says on an exclusion what the customer said of it.
func (w Word) mark(e *contract.Exclusion) {
	if w.Accepted != nil {
		e.Accepted, e.AcceptedBy = true, contract.AcceptedCustomer
	}
	if w.Objected != nil {
		e.ObjectedAt = contract.Ceil(w.Objected.Recorded)
	}
}
