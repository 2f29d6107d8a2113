// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Desk takes what people decide on pages and writes it into the ledger in the name of
// the viewer's account. Whether he may is asked before. What he can mend comes back as a
// [Refusal], what does not exist as ErrNotFound.
type Desk interface {
	// Places are what a maintenance can be about, of the customers that the viewer may see.
	Places(ctx context.Context, v Viewer) (Places, error)
	// Weigh says what the contract would make of a maintenance that is announced now.
	Weigh(ctx context.Context, v Viewer, w NewWork) (Weighed, error)
	// Announce records a maintenance.
	Announce(ctx context.Context, v Viewer, w NewWork) (id string, err error)
	// CancelWork records that a maintenance will not be.
	CancelWork(ctx context.Context, v Viewer, customer vouch.CustomerID, id string) error
	// Claims are the claims that time does not count, newest first.
	Claims(ctx context.Context, v Viewer) (Claims, error)
	// Rule approves or refuses a claim.
	Rule(ctx context.Context, v Viewer, customer vouch.CustomerID, id string, approve bool, reason string) error
}

// Places are customers with their sites and devices.
type Places struct {
	AsOf
	Customers []vouch.Customer
}

func (p Places) owners() []ownerID {
	var out []ownerID
	for _, c := range p.Customers {
		out = append(out, c.ID)
	}
	return out
}

// NewWork is a maintenance that somebody means to announce: of a site, a device or, with
// both empty, of all that the customer leases.
type NewWork struct {
	Customer vouch.CustomerID
	Site     vouch.SiteID
	Device   vouch.DeviceID
	From, To time.Time
	Reason   string
}

// Weighed is what the contract would make of a maintenance.
type Weighed struct {
	AsOf
	Contract string        // as people call it: "gold v3"
	Notice   time.Duration // from now to its beginning; negative once it has begun
	InWindow Seconds       // of it, inside the service hours
	Whole    Seconds
	Effects  []Weight
}

// Weight is what becomes of a maintenance for devices that fare alike.
type Weight struct {
	Devices []vouch.DeviceID
	Counts  Seconds // of the service hours that are taken out of the count
	Lost    Seconds // of the service hours that are not
	Why     contract.Why
	Notes   []contract.Note
}

// Claim is a claim that time does not count, as it stands.
type Claim struct {
	ID           string                 `json:"id"`
	Customer     vouch.CustomerID       `json:"customer"`
	CustomerName string                 `json:"customer_name"`
	Scope        string                 `json:"scope"` // in words
	Kind         contract.ExclusionKind `json:"kind"`
	From         time.Time              `json:"from"`
	To           time.Time              `json:"to"`
	Reason       string                 `json:"reason"`
	Evidence     List[string]           `json:"evidence"`
	RecordedAt   time.Time              `json:"recorded_at"`
	Author       string                 `json:"author"` // as the viewer may know him
	Ruling       string                 `json:"ruling"` // approved, refused, corrected; empty: nobody has decided
	RuledBy      string                 `json:"ruled_by,omitempty"`
	RuledAt      *time.Time             `json:"ruled_at"`
	RulingReason string                 `json:"ruling_reason,omitempty"`
	Counts       Seconds                `json:"counts_s"` // of all time, of the device for which it is most
	Why          List[string]           `json:"why"`      // what keeps it, or some of it, from counting
}

// Claims is the list of claims.
type Claims struct {
	AsOf
	Items List[Claim] `json:"exclusions"`
}

func (c Claims) owners() []ownerID {
	var out []ownerID
	for _, x := range c.Items {
		out = append(out, x.Customer)
	}
	return out
}

const exclusionsPath = "/exclusions"

func (s *server) decide(mux *http.ServeMux) {
	if s.opts.Desk == nil {
		return
	}
	mux.HandleFunc("GET /maintenance/new", s.page(s.announcePage))
	mux.HandleFunc("POST /maintenance/new", s.takeAnnounce)
	mux.HandleFunc("GET /maintenance/cancel/{customer}/{id}", s.page(s.cancelPage))
	mux.HandleFunc("POST /maintenance/cancel/{customer}/{id}", s.take(ActMaintenance, s.takeCancel))
	mux.HandleFunc("GET /exclusions", s.page(s.exclusionsPage))
	mux.HandleFunc("POST /exclusions/{customer}/{id}", s.take(ActExclusion, s.takeRuling))
	mux.HandleFunc("GET /api/v1/exclusions", s.api(func(r *http.Request, v Viewer) (owned, error) { return s.opts.Desk.Claims(r.Context(), v) }))
}

// mayOrSignIn is why a viewer cannot decide something; nil where he can.
func mayOrSignIn(v Viewer, a Act) error {
	switch {
	case v.Can(a):
		return nil
	case v.Account == "":
		return ErrUnauthenticated
	}
	return errMay
}

// cancelModel is what the page reads that asks whether somebody is sure.
type cancelModel struct {
	Work  workLine
	Token string
}

func (s *server) cancelPage(r *http.Request, v Viewer) (sheet, error) {
	if err := mayOrSignIn(v, ActMaintenance); err != nil {
		return sheet{}, err
	}
	view, err := s.reader.Maintenance(r.Context(), v)
	if err != nil {
		return sheet{}, err
	}
	for _, w := range view.Works {
		if string(w.Customer) == r.PathValue("customer") && w.ID == r.PathValue("id") && w.Ahead() {
			return sheet{view: view, name: "cancel", title: "Cancel " + w.ID, nav: "/maintenance", asOf: view.AsOf, frozen: true, model: cancelModel{w.line(view.clock()), s.token(r)}}, nil
		}
	}
	return sheet{}, ErrNotFound
}

func (s *server) takeCancel(r *http.Request, v Viewer) (string, error) {
	return "/maintenance", s.opts.Desk.CancelWork(r.Context(), v, vouch.CustomerID(r.PathValue("customer")), r.PathValue("id"))
}

// claimLine is a claim as it is listed.
type claimLine struct {
	Claim
	Start, End, Recorded    stamp
	Ruled                   *stamp
	StateClass, Glyph, Word string
}

// claimsModel is what the list of claims reads.
type claimsModel struct {
	Headline, Token string
	May             bool
	Lines           []claimLine
}

func (s *server) exclusionsPage(r *http.Request, v Viewer) (sheet, error) {
	view, err := s.opts.Desk.Claims(r.Context(), v)
	if err != nil {
		return sheet{}, err
	}
	c := view.clock()
	m := claimsModel{Headline: "No time is claimed", Token: s.token(r), May: v.Can(ActExclusion)}
	open := 0
	for _, x := range view.Items {
		l := claimLine{Claim: x, Start: c.stamp(x.From), End: c.stamp(x.To), Recorded: c.stamp(x.RecordedAt), Ruled: c.opt(x.RuledAt)}
		switch l.Glyph, l.Word = "none", x.Ruling; {
		case x.Ruling == "":
			open++
			l.StateClass, l.Glyph, l.Word = "t-degraded", "degraded", "not decided"
		case x.Ruling == "approved":
			l.Glyph = "tick"
		default:
			l.StateClass = "m"
		}
		m.Lines = append(m.Lines, l)
	}
	if n := len(view.Items); n > 0 {
		m.Headline = count(n, "claim", "claims") + ", " + count(open, "waits for a decision", "wait for a decision")
	}
	return sheet{view: view, name: "exclusions", title: "Exclusions", nav: exclusionsPath, asOf: view.AsOf, frozen: true, model: m}, nil
}

func (s *server) takeRuling(r *http.Request, v Viewer) (string, error) {
	decision := r.PostFormValue("decision")
	if decision != "approve" && decision != "refuse" {
		return "", fmt.Errorf("%w: decision %.20q: allowed are approve and refuse", ErrBadRequest, decision)
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	return exclusionsPath, s.opts.Desk.Rule(r.Context(), v, vouch.CustomerID(r.PathValue("customer")), r.PathValue("id"), decision == "approve", reason)
}

// refused is what a refusal says on a page of its own.
func refused(err error) (failure, bool) {
	var no Refusal
	if !errors.As(err, &no) {
		return failure{}, false
	}
	return failure{no.Status, "That was not done", upper(no.English) + ".", ""}, true
}
