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
	Record    string // id of the record
	Announced time.Time
	Author    string
	Cancelled time.Time // zero: never
	Canceller string
}

func (b *Book) takeAnnounced(rec evidence.Record) error {
	m, err := body[MaintenanceBody](rec)
	if err != nil {
		return err
	}
	b.works = append(slices.Clip(b.works), Work{MaintenanceBody: m, Record: rec.ID, Announced: rec.Recorded, Author: rec.Author})
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

// claim is a claim with what became of it.
type claim struct {
	ClaimBody
	record   string
	recorded time.Time
	author   string
	approver string    // the last who approved
	rejected time.Time // zero: not
	accepted bool      // by the customer
	objected time.Time // by the customer; zero: never
}

func (b *Book) takeClaim(rec evidence.Record) error {
	c, err := body[ClaimBody](rec)
	if err != nil {
		return err
	}
	b.claims = append(b.claims, claim{ClaimBody: c, record: rec.ID, recorded: rec.Recorded, author: rec.Author})
	return nil
}

func (b *Book) takeRuling(rec evidence.Record) error {
	r, err := body[RulingBody](rec)
	if err != nil {
		return err
	}
	for i := range b.claims {
		switch c := &b.claims[i]; {
		case c.ID != r.ID:
		case rec.Kind == evidence.KindExclusionApproved:
			c.approver, c.rejected = rec.Author, time.Time{}
		default:
			c.approver, c.rejected = "", rec.Recorded
		}
	}
	return nil
}

func (b *Book) takeAcceptance(rec evidence.Record) error {
	a, err := body[AcceptanceBody](rec)
	if err != nil {
		return err
	}
	for i := range b.claims {
		switch c := &b.claims[i]; {
		case c.record != a.Record:
		case a.Objects:
			if c.objected.IsZero() {
				c.objected = rec.Recorded
			}
		default:
			c.accepted = true
		}
	}
	return nil
}

// exclusion returns what a claim stands for. What the provider says happened before he
// wrote it down happened when he wrote it down, unless the customer accepts.
func (c claim) exclusion() contract.Exclusion {
	recorded := contract.Ceil(c.recorded)
	at := func(t time.Time) contract.Second {
		switch {
		case t.IsZero():
			return 0
		case c.accepted:
			return contract.Ceil(t)
		}
		return max(contract.Ceil(t), recorded)
	}
	e := contract.Exclusion{
		ID: c.ID, Kind: c.Kind, Span: contract.Span{From: contract.Ceil(c.From), To: contract.Ceil(c.To)}, Reason: c.Reason,
		AnnouncedAt: at(c.Announced), ToldAt: at(c.Told), RecordedAt: recorded,
		Author: c.author, Approver: c.approver, Evidence: c.Evidence, Accepted: c.accepted || c.approver != "",
	}
	if c.accepted {
		e.AcceptedBy = contract.AcceptedCustomer
	} else if e.Accepted {
		e.AcceptedBy = contract.AcceptedProvider
	}
	if !c.objected.IsZero() {
		e.ObjectedAt = contract.Ceil(c.objected)
	}
	if !c.rejected.IsZero() {
		e.RejectedAt = contract.Ceil(c.rejected)
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
		out = append(out, e)
	}
	for _, c := range b.claims {
		if concerns(c.Site, c.Device) {
			out = append(out, c.exclusion())
		}
	}
	return out
}

// Decide judges what may take time of a device out of the count, as of an instant.
func (b *Book) Decide(d vouch.DeviceID, now contract.Second) []contract.Decision {
	return contract.Scope{Versions: b.Contracts(), Leases: b.Leases(d), Now: now}.Decide(b.Exclusions(d))
}

// Turns counts what was said about exclusions, to tell whether anything was added.
func (b *Book) Turns() int { return b.turns }
