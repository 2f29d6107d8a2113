// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Bounds of what a claim may name as its proof.
const (
	maxEvidence     = 20  // items
	maxEvidenceText = 300 // bytes of one: a name, and a hash in hexadecimal
)

// addClaim enters a claim that some time does not count.
func (c *Collector) addClaim(r *http.Request) (any, error) {
	var in admin.NewClaim
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	cu, err := c.findScope(in.Customer, in.Site, in.Device)
	if err == nil {
		err = c.checkClaim(in)
	}
	if err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	claims := of(c.book, cu, (*book.Book).Claims)
	corrects, err := correctedClaim(cu, claims, in.Corrects)
	if err != nil {
		return nil, err
	}
	body := book.ClaimBody{
		ID: fmt.Sprintf("X-%d-%04d", c.now().UTC().Year(), len(claims)+1), Kind: in.Kind, Site: in.Site, Device: in.Device,
		From: milli(in.From), To: milli(in.To), Announced: utc(in.Announced), Told: utc(in.Told), Evidence: in.Evidence, Reason: in.Reason,
	}
	_, err = c.put(r.Context(), draft{
		customer: cu, kind: evidence.KindExclusionClaimed, effective: body.From, author: author(r.Context()), corrects: corrects.Record, body: body,
	})
	if err != nil {
		return nil, err
	}
	c.claimChanged(cu, body)
	if corrects.ID != "" {
		c.claimChanged(cu, corrects.ClaimBody)
	}
	return c.claimNow(cu, body.ID), nil
}

func (c *Collector) checkClaim(in admin.NewClaim) error {
	if err := checkTimes("claim", in.From, in.To); err != nil {
		return err
	}
	if err := checkReason(in.Reason, "what happened"); err != nil {
		return err
	}
	if !slices.Contains(contract.ExclusionKinds(), in.Kind) {
		return badRequest("kind %q: allowed are %s", in.Kind, kindWords())
	}
	for _, at := range []time.Time{in.Announced, in.Told} {
		if !at.IsZero() && (at.After(c.now()) || at.UTC().Year() < 1970) {
			return badRequest("--announced and --told say when it happened: %s lies in the future, or long ago", at.Format(time.RFC3339))
		}
	}
	if len(in.Evidence) > maxEvidence {
		return badRequest("%d pieces of evidence: at most %d are allowed; put several into one file", len(in.Evidence), maxEvidence)
	}
	for _, e := range in.Evidence {
		if e == "" || len(e) > maxEvidenceText || evidence.Unsafe(e) || strings.TrimSpace(e) != e {
			return badRequest("evidence %.40q: allowed are 1 to %d bytes of plain text", e, maxEvidenceText)
		}
	}
	return nil
}

func kindWords() string {
	var words []string
	for _, k := range contract.ExclusionKinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// correctedClaim returns the claim that a new one takes the place of.
func correctedClaim(cu vouch.CustomerID, claims []book.Claim, name string) (book.Claim, error) {
	if name == "" {
		return book.Claim{}, nil
	}
	for _, x := range claims {
		if x.ID != name && x.Record != name {
			continue
		}
		if x.CorrectedBy != "" {
			return x, badRequest("claim %s was corrected by %s already; correct that one", x.ID, x.CorrectedBy)
		}
		return x, nil
	}
	return book.Claim{}, badRequest("customer %s has no claim %s that could be corrected; see `vouch exclusion list`", cu, name)
}

func (c *Collector) approveClaim(r *http.Request) (any, error) {
	return c.rule(r, evidence.KindExclusionApproved)
}

func (c *Collector) rejectClaim(r *http.Request) (any, error) {
	return c.rule(r, evidence.KindExclusionRejected)
}

func (c *Collector) rule(r *http.Request, kind evidence.RecordKind) (any, error) {
	var in admin.Ruling
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	return c.ruleOn(r.Context(), in, kind)
}

// ruleOn approves or rejects a claim, in the name of the context's author.
func (c *Collector) ruleOn(ctx context.Context, in admin.Ruling, kind evidence.RecordKind) (any, error) {
	if in.Reason != "" {
		if err := checkReason(in.Reason, "why"); err != nil {
			return nil, err
		}
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	cu, x, err := c.findClaim(in.Customer, in.ID)
	if err != nil {
		return nil, err
	}
	by := author(ctx)
	same, err := c.samePerson(ctx, by, x.Author)
	if err != nil {
		return nil, err
	}
	switch {
	case x.CorrectedBy != "":
		return nil, badRequest("%s was corrected by %s; decide on that one", x.ID, x.CorrectedBy)
	case kind == evidence.KindExclusionRejected && x.Rejecter != "":
		return nil, badRequest("%s was rejected by %s at %s already", x.ID, x.Rejecter, x.Rejected.Format(time.RFC3339))
	case kind == evidence.KindExclusionApproved && same && c.fourEyes(cu, x):
		return nil, wrong{http.StatusForbidden, fmt.Sprintf("%s was claimed by %s, and the contract asks for a second person: somebody else approves it, under an account of his own", x.ID, x.Author)}
	case kind == evidence.KindExclusionApproved && (by == x.Approver || x.Approver != "" && by == x.Author):
		return nil, badRequest("%s was approved by %s at %s already", x.ID, x.Approver, x.Approved.Format(time.RFC3339))
	}
	_, err = c.put(ctx, draft{customer: cu, kind: kind, author: by, body: book.RulingBody{ID: x.ID, Reason: in.Reason}})
	if err != nil {
		return nil, err
	}
	c.claimChanged(cu, x.ClaimBody)
	return c.claimNow(cu, x.ID), nil
}

// findClaim finds a claim by its ID or its record, in the ledger of a customer or, with
// none named, where only one has it.
func (c *Collector) findClaim(cu vouch.CustomerID, id string) (vouch.CustomerID, book.Claim, error) {
	var whose []vouch.CustomerID
	var hit book.Claim
	for _, k := range c.base.Load().Customers {
		if cu != "" && cu != k.ID {
			continue
		}
		for _, x := range of(c.book, k.ID, (*book.Book).Claims) {
			if x.ID == id || x.Record == id {
				whose, hit = append(whose, k.ID), x
			}
		}
	}
	switch len(whose) {
	case 0:
		return "", hit, wrong{http.StatusNotFound, fmt.Sprintf("there is no claim %s; see `vouch exclusion list`", id)}
	case 1:
		return whose[0], hit, nil
	}
	return "", hit, badRequest("more than one customer has a claim %s; add --customer", id)
}

// fourEyes reports whether the contract asks for a second person over a claim's time.
func (c *Collector) fourEyes(cu vouch.CustomerID, x book.Claim) bool {
	return contract.Scope{Versions: c.book.contracts(cu)}.FourEyes(x.Exclusion())
}

// claimChanged makes the watch look again at what a claim concerns.
func (c *Collector) claimChanged(cu vouch.CustomerID, x book.ClaimBody) {
	c.decidedAnew(cu, c.base.Load().scopeOf(cu, x.Site, x.Device), x.From)
}

// claimNow returns one claim as it is listed.
func (c *Collector) claimNow(cu vouch.CustomerID, id string) admin.Claim {
	list := c.claimsOf(cu)
	return list[slices.IndexFunc(list, func(x admin.Claim) bool { return x.ID == id })]
}

// claimList lists the claims of one customer, or of all.
func (c *Collector) claimList(r *http.Request) (any, error) {
	only := vouch.CustomerID(r.FormValue("customer"))
	if err := c.knownCustomer(only); only != "" && err != nil {
		return nil, err
	}
	out := []admin.Claim{}
	for _, cu := range c.base.Load().Customers {
		if only == "" || only == cu.ID {
			out = append(out, c.claimsOf(cu.ID)...)
		}
	}
	return out, nil
}

func (c *Collector) knownCustomer(cu vouch.CustomerID) error {
	if _, known := c.base.Load().customers[cu]; !known {
		return badRequest("there is no customer %q in the installed base", cu)
	}
	return nil
}
