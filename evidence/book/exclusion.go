// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Work is a maintenance as it was announced.
type Work struct {
	MaintenanceBody
	Record      string // id of the record
	Announced   time.Time
	Author      string
	Cancelled   time.Time // zero: never
	Canceller   string
	Corrects    string // ID of the maintenance that this one took the place of, or empty
	CorrectedBy string // ID of the one that took its place; it is cancelled with that
	Customer    Word
}

func (b *Book) takeAnnounced(rec evidence.Record) error {
	m, err := body[MaintenanceBody](rec)
	if err != nil {
		return err
	}
	w := Work{MaintenanceBody: m, Record: rec.ID, Announced: rec.Recorded, Author: rec.Author}
	b.works = slices.Clone(b.works)
	for i := range b.works {
		if x := &b.works[i]; rec.Corrects != "" && x.Record == rec.Corrects {
			x.CorrectedBy, w.Corrects = m.ID, x.ID
			if x.Cancelled.IsZero() {
				x.Cancelled, x.Canceller = rec.Recorded, rec.Author
			}
		}
	}
	b.works = append(b.works, w)
	return nil
}

func (b *Book) takeCancelled(rec evidence.Record) error {
	c, err := body[CancelBody](rec)
	if err != nil {
		return err
	}
	b.works = slices.Clone(b.works)
	for i, m := range b.works {
		if m.ID == c.ID && m.Cancelled.IsZero() {
			b.works[i].Cancelled, b.works[i].Canceller = rec.Recorded, rec.Author
		}
	}
	return nil
}

// Works returns the maintenance in the order of its announcement. It is replaced, not
// changed, by the next record.
func (b *Book) Works() []Work { return slices.Clip(b.works) }

// Claim is a claim with what became of it.
type Claim struct {
	ClaimBody
	Record   string // id of the record
	Recorded time.Time
	Author   string

	Approver  string // the last who approved, a second person before the author; empty: nobody
	Approved  time.Time
	Rejecter  string // empty: nobody, or it was approved after that
	Rejected  time.Time
	RuledWhy  string // in the words of the last who ruled
	Corrects  string // ID of the claim that this one took the place of, or empty
	Corrected time.Time
	// CorrectedBy is the ID of the claim that took its place; it counts no longer.
	CorrectedBy string
	Customer    Word
}

func (b *Book) takeClaim(rec evidence.Record) error {
	body, err := body[ClaimBody](rec)
	if err != nil {
		return err
	}
	c := Claim{ClaimBody: body, Record: rec.ID, Recorded: rec.Recorded, Author: rec.Author}
	b.claims = slices.Clone(b.claims)
	for i := range b.claims {
		if x := &b.claims[i]; rec.Corrects != "" && x.Record == rec.Corrects {
			x.Corrected, x.CorrectedBy, c.Corrects = rec.Recorded, c.ID, x.ID
		}
	}
	b.claims = append(b.claims, c)
	return nil
}

func (b *Book) takeRuling(rec evidence.Record) error {
	r, err := body[RulingBody](rec)
	if err != nil {
		return err
	}
	b.claims = slices.Clone(b.claims)
	for i := range b.claims {
		c := &b.claims[i]
		if c.ID != r.ID {
			continue
		}
		c.RuledWhy = r.Reason
		if rec.Kind == evidence.KindExclusionRejected {
			c.Rejecter, c.Rejected, c.Approver, c.Approved = rec.Author, rec.Recorded, "", time.Time{}
			continue
		}
		c.Rejecter, c.Rejected = "", time.Time{}
		if c.Approver == "" || rec.Author != c.Author {
			c.Approver, c.Approved = rec.Author, rec.Recorded
		}
	}
	return nil
}

// Claims returns the claims in the order of the ledger, those that were corrected or
// rejected among them. It is replaced, not changed, by the next record.
func (b *Book) Claims() []Claim { return slices.Clip(b.claims) }

// Exclusion returns what a claim stands for. What the provider says happened before he
// wrote it down happened when he wrote it down, unless the customer accepts.
func (c Claim) Exclusion() contract.Exclusion {
	recorded := contract.Ceil(c.Recorded)
	at := func(t time.Time) contract.Second {
		switch {
		case t.IsZero():
			return 0
		case c.Customer.Accepted != nil:
			return contract.Ceil(t)
		}
		return max(contract.Ceil(t), recorded)
	}
	e := contract.Exclusion{
		ID: c.ID, Kind: c.Kind, Span: contract.Span{From: contract.Ceil(c.From), To: contract.Ceil(c.To)}, Reason: c.Reason,
		AnnouncedAt: at(c.Announced), ToldAt: at(c.Told), RecordedAt: recorded,
		Author: c.Author, Approver: c.Approver, Evidence: c.Evidence,
	}
	if c.Approver != "" {
		e.Accepted, e.AcceptedBy = true, contract.AcceptedProvider
	}
	c.Customer.mark(&e)
	if !c.Rejected.IsZero() {
		e.RejectedAt = contract.Ceil(c.Rejected)
	}
	if !c.Corrected.IsZero() {
		e.CorrectedAt = contract.Ceil(c.Corrected)
	}
	return e
}

// Exclusions returns what may take time of a device out of the count, in the order of
// the ledger, maintenance first.
func (b *Book) Exclusions(d vouch.DeviceID) []contract.Exclusion {
	site := b.SiteOf(d)
	concerns := func(s vouch.SiteID, x vouch.DeviceID) bool { return (s == "" || s == site) && (x == "" || x == d) }
	var out []contract.Exclusion
	for _, m := range b.works {
		if !concerns(m.Site, m.Device) {
			continue
		}
		e := contract.Exclusion{
			ID: m.ID, Kind: contract.Maintenance, Reason: m.Reason,
			Span:        contract.Span{From: contract.Ceil(m.From), To: contract.Ceil(m.To)},
			AnnouncedAt: contract.Ceil(m.Announced), RecordedAt: contract.Ceil(m.Announced), Author: m.Author,
		}
		if !m.Cancelled.IsZero() {
			e.CancelledAt = contract.Ceil(m.Cancelled)
		}
		m.Customer.mark(&e)
		out = append(out, e)
	}
	for _, c := range b.claims {
		if concerns(c.Site, c.Device) {
			out = append(out, c.Exclusion())
		}
	}
	return out
}

// Decide judges what may take time of a device out of the count, as of an instant.
func (b *Book) Decide(d vouch.DeviceID, now contract.Second) []contract.Decision {
	return b.Scope(d, now).Decide(b.Exclusions(d))
}

// Scope returns what the exclusions of a device are decided by, as of an instant.
func (b *Book) Scope(d vouch.DeviceID, now contract.Second) contract.Scope {
	return contract.Scope{Versions: b.Contracts(), Leases: b.Leases(d), Now: now}
}

// Turns counts what was said about exclusions, to tell whether anything was added.
func (b *Book) Turns() int { return b.turns }
