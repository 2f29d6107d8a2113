// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"fmt"
	"testing"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// accept enters the customer's word on a record.
func accept(t *testing.T, b *book.Book, recorded int, record string) {
	t.Helper()
	take(t, b, recorded, "acceptance-"+record, evidence.KindAcceptance, "uid:1", book.AcceptanceBody{Record: record, By: "acme"})
}

// A lease that the customer accepts counts from its own dates, whenever it was entered.
func TestAcceptedLeases(t *testing.T) {
	lease := func(from, until int) book.LeaseBody {
		l := book.LeaseBody{Subject: "rt1", Device: "rt1", From: at(from)}
		if until > 0 {
			l.Until = at(until)
		}
		return l
	}
	type later struct {
		recorded int
		body     book.LeaseBody
		corrects string
	}
	for _, tt := range []struct {
		name   string
		later  []later // recorded as l2, l3, ...
		accept []string
		want   string
	}{
		{"the first, which holds anyway", nil, []string{"l1"}, "[100 on]"},
		{"ended afterwards", []later{{900, lease(100, 500), ""}}, []string{"l2"}, "[100 500]"},
		{"begun earlier", []later{{900, lease(50, 0), ""}}, []string{"l2"}, "[50 on]"},
		{"ended and begun again, entered afterwards", []later{{900, lease(100, 500), ""}, {950, lease(700, 0), ""}}, []string{"l2", "l3"}, "[100 500][700 on]"},
		{"of two the second", []later{{900, lease(100, 500), ""}, {950, lease(700, 0), ""}}, []string{"l3"}, "[100 on]"},
		{"another from later on: what was before it stays", []later{{900, lease(700, 0), ""}}, []string{"l2"}, "[100 on]"},
		{"a correction: it began later", []later{{900, lease(700, 0), "l1"}}, []string{"l2"}, "[700 on]"},
		{"a correction that nobody accepted", []later{{900, lease(700, 0), "l1"}}, nil, "[100 on]"},
		{"a correction of a correction", []later{{900, lease(700, 0), "l1"}, {950, lease(600, 0), "l2"}}, []string{"l2", "l3"}, "[600 on]"},
		{"one that does not exist", nil, []string{"l9"}, "[100 on]"},
		{"changed again after it was accepted", []later{{900, lease(100, 500), ""}, {950, lease(100, 0), ""}}, []string{"l2"}, "[100 500][950 on]"},
	} {
		b := book.New()
		take(t, b, 100, "l1", evidence.KindLease, "collector", lease(100, 0))
		for i, l := range tt.later {
			correct(t, b, l.recorded, fmt.Sprint("l", i+2), l.corrects, evidence.KindLease, "collector", l.body)
		}
		for _, id := range tt.accept {
			accept(t, b, 2000, id)
		}
		if got := rel(b.Leases("rt1")); got != tt.want {
			t.Errorf("%s: Leases = %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A version that the customer accepts is in force from its own instant on, and is no
// longer the provider's claim alone.
func TestAcceptedVersions(t *testing.T) {
	version := func(n, inForce int) book.ContractBody {
		return book.ContractBody{Subject: fmt.Sprint("gold/", n), Contract: "gold", Version: contract.Version{Number: n, InForce: contract.Floor(at(inForce)), Terms: contract.DefaultTerms()}}
	}
	for _, tt := range []struct {
		name   string
		accept []string
		want   string // number, in force, accepted by and at
	}{
		{"none", nil, "1 50 ; 2 900 ; 3 1500 ; "},
		{"the first, which holds anyway", []string{"v1"}, "1 50 acme 2000; 2 900 ; 3 1500 ; "},
		{"the second", []string{"v2"}, "1 50 ; 2 300 acme 2000; 3 1500 ; "},
		{"all", []string{"v3", "v2", "v1"}, "1 50 acme 2000; 2 300 acme 2000; 3 1500 acme 2000; "},
	} {
		b := book.New()
		take(t, b, 100, "v1", evidence.KindContract, "collector", version(1, 50))
		take(t, b, 900, "v2", evidence.KindContract, "collector", version(2, 300))
		take(t, b, 950, "v3", evidence.KindContract, "collector", version(3, 1500))
		before := fmt.Sprint(len(b.Contracts()), b.Contracts()[1].InForce)
		held := b.Contracts()
		for _, id := range tt.accept {
			accept(t, b, 2000, id)
		}
		if after := fmt.Sprint(len(held), held[1].InForce); after != before {
			t.Errorf("%s: versions that were handed out changed from %s to %s", tt.name, before, after)
		}
		got := ""
		for _, v := range b.Contracts() {
			when := ""
			if v.AcceptedAt != 0 {
				when = fmt.Sprint(" ", int64(v.AcceptedAt)-1_800_000_000)
			}
			got += fmt.Sprint(v.Number, " ", int64(v.InForce)-1_800_000_000, " ", v.AcceptedBy, when, "; ")
		}
		if got != tt.want {
			t.Errorf("%s: versions = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What the contract file says of an acceptance is not overwritten.
func TestAcceptedVersionKeepsItsOwn(t *testing.T) {
	b := book.New()
	take(t, b, 100, "v1", evidence.KindContract, "collector", book.ContractBody{Contract: "gold", Version: contract.Version{Number: 1, AcceptedBy: "account-17", AcceptedAt: 7, Terms: contract.DefaultTerms()}})
	accept(t, b, 2000, "v1")
	if v := b.Contracts()[0]; v.AcceptedBy != "account-17" || v.AcceptedAt != 7 {
		t.Errorf("accepted by %s at %d, want account-17 at 7", v.AcceptedBy, v.AcceptedAt)
	}
}

// A correction ends what it corrects: a claim as a whole, an announcement from the
// correction's recording on. Both stay to be listed.
func TestCorrections(t *testing.T) {
	b := book.New()
	take(t, b, 50, "i", evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{{Device: "rt1"}}})
	claim := book.ClaimBody{ID: "X-1", Kind: contract.ForceMajeure, From: at(100), To: at(200), Reason: "flood"}
	take(t, b, 300, "c1", evidence.KindExclusionClaimed, "uid:1", claim)
	take(t, b, 310, "a1", evidence.KindExclusionApproved, "uid:2", book.RulingBody{ID: "X-1"})
	claim.ID, claim.To = "X-2", at(150)
	correct(t, b, 320, "c2", "c1", evidence.KindExclusionClaimed, "uid:1", claim)
	work := book.MaintenanceBody{ID: "M-1", From: at(400), To: at(500), Reason: "firmware"}
	take(t, b, 330, "m1", evidence.KindMaintenanceAnnounced, "uid:1", work)
	work.ID = "M-2"
	correct(t, b, 450, "m2", "m1", evidence.KindMaintenanceAnnounced, "uid:1", work)

	since := func(s contract.Second) int64 { return max(int64(s)-1_800_000_000, 0) }
	got := ""
	for _, e := range b.Exclusions("rt1") {
		got += fmt.Sprint(e.ID, " ", since(e.CancelledAt), " ", since(e.CorrectedAt), "; ")
	}
	if want := "M-1 450 0; M-2 0 0; X-1 0 320; X-2 0 0; "; got != want {
		t.Errorf("exclusions = %q, want %q", got, want)
	}
	claims, works := b.Claims(), b.Works()
	if len(claims) != 2 || claims[0].CorrectedBy != "X-2" || claims[1].Corrects != "X-1" || claims[0].Approver != "uid:2" {
		t.Errorf("claims = %+v, want X-1 approved and corrected by X-2", claims)
	}
	if len(works) != 2 || works[0].CorrectedBy != "M-2" || works[1].Corrects != "M-1" {
		t.Errorf("works = %+v, want M-1 corrected by M-2", works)
	}
}

// The customer's word on an announcement is heard as that on a claim.
func TestAcceptedMaintenance(t *testing.T) {
	b := book.New()
	take(t, b, 50, "i", evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{{Device: "rt1"}}})
	for i, id := range []string{"M-1", "M-2"} {
		take(t, b, 100, fmt.Sprint("m", i+1), evidence.KindMaintenanceAnnounced, "uid:1", book.MaintenanceBody{ID: id, From: at(400), To: at(500), Reason: "firmware"})
	}
	accept(t, b, 200, "m1")
	take(t, b, 210, "o", evidence.KindAcceptance, "uid:1", book.AcceptanceBody{Record: "m2", By: "acme", Objects: true})
	e := b.Exclusions("rt1")
	if !e[0].Accepted || e[0].AcceptedBy != contract.AcceptedCustomer || e[0].ObjectedAt != 0 {
		t.Errorf("an accepted maintenance = %+v", e[0])
	}
	if e[1].Accepted || e[1].ObjectedAt != contract.Ceil(at(210)) {
		t.Errorf("a maintenance objected to = %+v", e[1])
	}
	said := b.Acceptances()
	if len(said) != 2 || said[0].Record != "m1" || said[1].ID != "o" || !said[1].Objects || !said[1].Recorded.Equal(at(210)) {
		t.Errorf("Acceptances = %+v", said)
	}
}

// An author's own approval does not push that of a second person aside.
func TestOwnApprovalBesideAnothers(t *testing.T) {
	for _, tt := range []struct{ first, second, want string }{{"uid:1", "uid:2", "uid:2"}, {"uid:2", "uid:1", "uid:2"}, {"uid:2", "uid:3", "uid:3"}} {
		b := book.New()
		take(t, b, 100, "c1", evidence.KindExclusionClaimed, "uid:1", book.ClaimBody{ID: "X-1", Kind: contract.ForceMajeure, From: at(10), To: at(20)})
		take(t, b, 110, "a1", evidence.KindExclusionApproved, tt.first, book.RulingBody{ID: "X-1"})
		take(t, b, 120, "a2", evidence.KindExclusionApproved, tt.second, book.RulingBody{ID: "X-1", Reason: "seen"})
		if c := b.Claims()[0]; c.Approver != tt.want {
			t.Errorf("approved by %s, then %s: approver = %s, want %s", tt.first, tt.second, c.Approver, tt.want)
		}
	}
}
