// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// claimsOf lists the claims of a customer with what the contract makes of each now.
func (c *Collector) claimsOf(cu vouch.CustomerID) []admin.Claim {
	now := contract.Floor(c.now())
	ids := c.base.Load().scopeOf(cu, "", "")
	var out []admin.Claim
	c.book.read(cu, func(l *book.Book) {
		decisions := map[vouch.DeviceID][]contract.Decision{}
		for _, id := range ids {
			decisions[id] = l.Decide(id, now)
		}
		for _, x := range l.Claims() {
			k := claimOf(cu, x)
			concerned := c.base.Load().scopeOf(cu, x.Site, x.Device)
			k.Effects = effectsOf(x.ID, concerned, decisions)
			if len(concerned) > 0 {
				k.Warnings = warningsOf(k, x.Exclusion(), l.Scope(concerned[0], now))
			}
			out = append(out, k)
		}
	})
	return out
}

func claimOf(cu vouch.CustomerID, x book.Claim) admin.Claim {
	out := admin.Claim{
		ID: x.ID, Record: x.Record, Customer: cu, Site: x.Site, Device: x.Device, Kind: x.Kind, From: x.From, To: x.To,
		Announced: x.Announced, Told: x.Told, Evidence: x.Evidence, Reason: x.Reason,
		RecordedAt: x.Recorded, Author: x.Author, ApprovedAt: x.Approved, ApprovedBy: x.Approver,
		RejectedAt: x.Rejected, RejectedBy: x.Rejecter, RulingReason: x.RuledWhy,
		Corrects: x.Corrects, CorrectedBy: x.CorrectedBy, CorrectedAt: x.Corrected,
	}
	if a := x.Customer.Accepted; a != nil {
		out.AcceptedAt, out.AcceptedBy = a.Recorded, a.By
	}
	if o := x.Customer.Objected; o != nil {
		out.ObjectedAt, out.ObjectedBy = o.Recorded, o.By
	}
	return out
}

// effectsOf says what the contract makes of a claim, devices that fare alike together.
func effectsOf(claim string, ids []vouch.DeviceID, decisions map[vouch.DeviceID][]contract.Decision) []admin.Effect {
	out := []admin.Effect{}
	for _, id := range ids {
		i := slices.IndexFunc(decisions[id], func(d contract.Decision) bool { return d.ID == claim })
		if i < 0 {
			continue
		}
		e := effectOf(decisions[id][i])
		like := slices.IndexFunc(out, func(o admin.Effect) bool { e.Devices = o.Devices; return reflect.DeepEqual(o, e) })
		if like < 0 {
			e.Devices = []vouch.DeviceID{id}
			out = append(out, e)
			continue
		}
		out[like].Devices = append(out[like].Devices, id)
	}
	return out
}

func effectOf(d contract.Decision) admin.Effect {
	e := admin.Effect{Counts: []admin.Span{}, Refused: []admin.NotTaken{}, Why: d.Why, Notes: d.Notes}
	for _, s := range d.Counts {
		e.Counts = append(e.Counts, admin.Span{From: s.From.Time(), To: s.To.Time()})
	}
	for _, r := range d.Refused {
		e.Refused = append(e.Refused, admin.NotTaken{Span: admin.Span{From: r.From.Time(), To: r.To.Time()}, Why: r.Why})
	}
	return e
}

// warningsOf says in words everything that keeps a claim from counting, and what can be
// done about it.
func warningsOf(k admin.Claim, e contract.Exclusion, s contract.Scope) []string {
	missing := s.Missing(e)
	for _, x := range k.Effects { // a cap is used up by others as well
		if x.Why != "" && !slices.Contains(missing, x.Why) {
			missing = append(missing, x.Why)
		}
	}
	again := fmt.Sprintf("enter it again with %%s and --corrects %s", k.ID)
	var out []string
	for _, why := range missing {
		switch why {
		case contract.WhyRejected, contract.WhyCorrected:
			// Somebody decided so; the list says who.
		case contract.WhyNotAccepted:
			if !s.FourEyes(e) { // the second person accepts it, too
				out = append(out, fmt.Sprintf("it needs to be approved: `vouch exclusion approve %s`", k.ID))
			}
		case contract.WhyFourEyes:
			out = append(out, fmt.Sprintf("it needs the approval of somebody other than %s: `vouch exclusion approve %s`, under another account", k.Author, k.ID))
		case contract.WhyNotCustomer:
			out = append(out, fmt.Sprintf("it counts once the customer accepts it: `vouch accept --customer %s --record %s`", k.Customer, k.Record))
		case contract.WhyNoEvidence:
			out = append(out, "it needs evidence: "+fmt.Sprintf(again, "--evidence"))
		case contract.WhyNotTold:
			out = append(out, "the customer was not told of it: "+fmt.Sprintf(again, "--told"))
		case contract.WhyPending:
			until, _ := s.Silence(e)
			zone := contract.TermsAt(s.Versions, e.From).Zone
			out = append(out, fmt.Sprintf("the customer can object until %s; until then it does not count", zone.Format(until)))
		case contract.WhyClaimedLate, contract.WhyNotAgreed, contract.WhyObjected:
			out = append(out, "it does not count: "+string(why))
		case contract.WhyLate, contract.WhyNotAnnounced, contract.WhyDelay, contract.WhyShortNotice:
			out = append(out, fmt.Sprintf("it does not count: %s; an announcement counts from its recording here, unless the customer accepts the claim", why))
		default:
			some := slices.ContainsFunc(k.Effects, func(x admin.Effect) bool { return len(x.Counts) > 0 || x.Why != why })
			out = append(out, map[bool]string{true: "not all of it counts: ", false: "it does not count: "}[some]+string(why))
		}
	}
	return out
}
