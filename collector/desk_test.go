// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
)

// TestOnePersonTwice: whoever works at the socket and signs in, too, is one person once
// that is said, and no second one to himself, whichever comes first.
func TestOnePersonTwice(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		someRules(c)
		overTLS(c)
	})
	from := ago(time.Minute)
	x := c.mustClaim(contract.ForceMajeure, from, 0, 10, func(in *admin.NewClaim) { in.Evidence = []string{"report sha256:00"} })
	me, _ := c.person(admin.NewPerson{Login: "me", Role: "contract-manager", SameAs: x.Author})
	other, o := c.person(admin.NewPerson{Login: "other", Role: "contract-manager"})
	if got := me.rule(x, "approve"); got.status != http.StatusForbidden || !strings.Contains(got.body, "second person") {
		t.Errorf("one's own claim approved on the page = %d, want 403", got.status)
	}
	if got := other.rule(x, "approve"); got.status != http.StatusSeeOther {
		t.Fatalf("approved by another account = %d %s", got.status, got.body)
	}
	var list []admin.Claim
	if err := c.client().Get(t.Context(), admin.PathExclusions, nil, &list); err != nil || len(list) != 1 || list[0].ApprovedBy != o.ID || len(list[0].Warnings) != 0 {
		t.Errorf("claims = %+v, %v, want it approved by %s", list, err, o.ID)
	}
}

// rule approves or refuses a claim on the page.
func (b *browser) rule(x admin.Claim, what string) received {
	b.t.Helper()
	return b.post("/exclusions/"+string(x.Customer)+"/"+x.ID, url.Values{"token": {b.get("/account").token(b.t)}, "decision": {what}, "reason": {"as the report says"}})
}

// work fills in the form of a maintenance from and to so many minutes from now, in the
// zone of the contract (UTC).
func (b *browser) work(from, to int, change func(url.Values)) received {
	b.t.Helper()
	at := func(n int) string {
		return time.Now().UTC().Add(time.Duration(n) * time.Minute).Format("2006-01-02T15:04")
	}
	form := url.Values{"token": {b.get("/account").token(b.t)}, "customer": {"acme"}, "scope": {"device:rt1"}, "from": {at(from)}, "to": {at(to)}, "reason": {"Firmware 7.3.0"}}
	if change != nil {
		change(form)
	}
	return b.post("/maintenance/new", form)
}

func (c *centre) works() []admin.Maintenance {
	c.t.Helper()
	var list []admin.Maintenance
	if err := c.client().Get(c.t.Context(), admin.PathMaintenance, nil, &list); err != nil {
		c.t.Fatal(err)
	}
	return list
}

// TestAnnounceOnPage: the form says what the contract makes of a maintenance before it
// is recorded, records it in the account's name, and cancels it.
func TestAnnounceOnPage(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		someRules(c)
		c.terms.Exclusions[0].Ahead, c.terms.Exclusions[0].Short = contract.TimeLimit{N: 14, Unit: contract.Days}, contract.Flag
		overTLS(c)
	})
	b, p := c.person(admin.NewPerson{Login: "ada", Role: "noc"})
	if got := b.get("/maintenance/new"); got.status != http.StatusOK || !strings.Contains(got.body, `<option value="acme">`) {
		t.Errorf("the form without a customer = %d, want a choice", got.status)
	}
	if got := b.get("/maintenance/new?customer=acme"); got.status != http.StatusOK || !strings.Contains(got.body, `value="device:rt1"`) {
		t.Errorf("the form for acme = %d %s", got.status, got.body)
	}
	if got := b.get("/maintenance/new?customer=nobody"); got.status != http.StatusNotFound {
		t.Errorf("the form for nobody = %d, want 404", got.status)
	}

	// One that has begun does not count, and that is said before it is recorded.
	late := b.work(-10, 60, nil)
	if late.status != http.StatusOK || len(c.works()) != 0 || !strings.Contains(late.body, "ot all of it counts for rt1") && !strings.Contains(late.body, "will not count for rt1") || !strings.Contains(late.body, "Announce it all the same") || strings.Contains(late.body, "still counts") {
		t.Errorf("a late one = %d with %d recorded, want what speaks against it:\n%s", late.status, len(c.works()), late.body)
	}
	if got := b.work(60, 120, func(f url.Values) { f.Set("check", "1") }); got.status != http.StatusOK || len(c.works()) != 0 || !strings.Contains(got.body, "1:00:00 of 1:00:00 lies inside") || !strings.Contains(got.body, "Announced with less notice than agreed: rt1.") {
		t.Errorf("a check = %d with %d recorded, want the time and no record:\n%s", got.status, len(c.works()), got.body)
	}
	for name, change := range map[string]func(url.Values){
		"ends before it begins": func(f url.Values) { f.Set("to", "2026-01-01T00:00") },
		"no time":               func(f url.Values) { f.Set("from", "tomorrow") },
		"no reason":             func(f url.Values) { f.Set("reason", " ") },
		"no such device":        func(f url.Values) { f.Set("scope", "device:rt9") },
		"no such scope":         func(f url.Values) { f.Set("scope", "planet:earth") },
	} {
		if got := b.work(60, 120, change); got.status/100 != 4 || !strings.Contains(got.body, `class="notice down"`) || len(c.works()) != 0 {
			t.Errorf("%s: %d with %d recorded, want the form with a sentence", name, got.status, len(c.works()))
		}
	}
	got := b.work(60, 120, func(f url.Values) { f.Set("sure", "1") })
	works := c.works()
	if got.status != http.StatusSeeOther || len(works) != 1 || works[0].Author != p.ID || works[0].Device != "rt1" {
		t.Fatalf("announced = %d, %+v, want one by %s:\n%s", got.status, works, p.ID, got.body)
	}
	if want := "/maintenance#work-acme-" + works[0].ID; got.header.Get("Location") != want {
		t.Errorf("announced leads to %q, want %q", got.header.Get("Location"), want)
	}
	path := "/maintenance/cancel/acme/" + works[0].ID
	if list := b.get("/maintenance"); !strings.Contains(list.body, path) || !strings.Contains(list.body, "announced with less notice than agreed") {
		t.Error("the list offers no way to cancel it, or does not say that the notice was short")
	}
	page := b.get(path)
	if got := b.post(path, url.Values{"token": {page.token(t)}}); got.status != http.StatusSeeOther || c.works()[0].CancelledBy != p.ID {
		t.Errorf("cancelled = %d, %+v, want it by %s", got.status, c.works(), p.ID)
	}
	if got := b.get(path); got.status != http.StatusNotFound {
		t.Errorf("cancelling what is cancelled = %d, want 404", got.status)
	}
	if got := b.post(path, url.Values{"token": {page.token(t)}}); got.status != http.StatusBadRequest || !strings.Contains(got.body, "already") {
		t.Errorf("cancelling twice = %d, want 400 with a sentence", got.status)
	}
}

// TestClaimsOnPage: claims are shown to whom they concern, decided with a reason, and
// the decision stands in the ledger.
func TestClaimsOnPage(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		someRules(c)
		overTLS(c)
	})
	from := ago(time.Minute)
	x := c.mustClaim(contract.CustomerAct, from, 0, 10, nil)
	boss, p := c.person(admin.NewPerson{Login: "boss", Role: "contract-manager"})
	buyer, _ := c.person(admin.NewPerson{Login: "buyer", Role: "customer", Customer: "acme"})
	other, _ := c.person(admin.NewPerson{Login: "other", Role: "customer", Customer: "other"})
	if got := boss.get("/exclusions"); !strings.Contains(got.body, x.ID) || !strings.Contains(got.body, "not decided") || !strings.Contains(got.body, "<form") {
		t.Errorf("the list for a contract manager:\n%s", got.body)
	}
	if got := buyer.get("/exclusions"); !strings.Contains(got.body, x.ID) || strings.Contains(got.body, "<form") {
		t.Errorf("the list for its customer:\n%s", got.body)
	}
	if got := other.get("/exclusions"); strings.Contains(got.body, x.ID) || strings.Contains(got.body, "acme") {
		t.Errorf("the list for another customer:\n%s", got.body)
	}
	path := "/exclusions/acme/" + x.ID
	token := boss.get("/exclusions").token(t)
	for name, form := range map[string]url.Values{
		"no reason":   {"token": {token}, "decision": {"refuse"}},
		"no decision": {"token": {token}, "reason": {"because"}},
	} {
		if got := boss.post(path, form); got.status/100 != 4 {
			t.Errorf("%s: %d, want it refused", name, got.status)
		}
	}
	if got := boss.post("/exclusions/other/"+x.ID, url.Values{"token": {token}, "reason": {"because"}, "decision": {"approve"}}); got.status != http.StatusNotFound {
		t.Errorf("a claim of the wrong customer = %d, want 404", got.status)
	}
	if got := boss.rule(x, "refuse"); got.status != http.StatusSeeOther {
		t.Fatalf("refused = %d %s", got.status, got.body)
	}
	var list []admin.Claim
	if err := c.client().Get(t.Context(), admin.PathExclusions, nil, &list); err != nil || len(list) != 1 || list[0].RejectedBy != p.ID || list[0].RulingReason != "as the report says" {
		t.Errorf("claims = %+v, %v, want it refused by %s", list, err, p.ID)
	}
	if got := boss.get("/exclusions"); !strings.Contains(got.body, "boss") || strings.Contains(got.body, "<form") {
		t.Errorf("the list afterwards, for the provider:\n%s", got.body)
	}
	if got := buyer.get("/exclusions"); strings.Contains(got.body, "boss") || !strings.Contains(got.body, p.ID) {
		t.Errorf("the list afterwards, for the customer, names a person:\n%s", got.body)
	}
}

// TestLoopbackDecidesNothing: on this machine everybody reads as the NOC, and nobody
// decides anything who has not said who he is. A token decides nothing anywhere.
func TestLoopbackDecidesNothing(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		overTLS(c)
		edit := c.edit
		c.edit = func(o *collector.Options) {
			edit(o)
			o.Web = "127.0.0.1:0"
		}
	})
	b := c.browser()
	if got := b.get("/maintenance"); got.status != http.StatusOK || strings.Contains(got.body, "/maintenance/new") {
		t.Errorf("the list for this machine = %d, want it without a way to announce", got.status)
	}
	if got := b.get("/maintenance/new"); got.status != http.StatusSeeOther {
		t.Errorf("the form for this machine = %d, want the way to sign in", got.status)
	}
	if got := b.post("/maintenance/new", url.Values{"customer": {"acme"}}); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != "" {
		t.Errorf("announcing from this machine = %d, want 401 and a form", got.status)
	}
	var k admin.Token
	if err := c.client().Post(t.Context(), admin.PathTokens, admin.NewToken{Role: "noc"}, &k); err != nil {
		t.Fatal(err)
	}
	got := b.ask("POST", "/maintenance/new", url.Values{"customer": {"acme"}}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+k.Secret) })
	if got.status != http.StatusUnauthorized {
		t.Errorf("announcing with a token = %d, want 401", got.status)
	}
	signed, _ := c.person(admin.NewPerson{Login: "ada", Role: "auditor"})
	if cookie := signed.session(); cookie == "" {
		t.Error("without TLS on this machine, nobody can sign in")
	}
	if got := signed.get("/metrics"); got.status != http.StatusNotFound {
		t.Errorf("metrics for an auditor who is signed in on this machine = %d, want 404: the account counts", got.status)
	}
}
