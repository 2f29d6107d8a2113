// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// leaseOf changes the lease of a device of acme.
func leaseOf(id vouch.DeviceID, from, until time.Time) func(*collector.Options) {
	return func(o *collector.Options) {
		for i := range o.Base.Customers[0].Sites[0].Devices {
			if d := &o.Base.Customers[0].Sites[0].Devices[i]; d.ID == id {
				d.LeaseFrom, d.LeaseUntil = from, until
			}
		}
	}
}

func (c *centre) accept(in admin.NewAcceptance) (out admin.Acceptance, err error) {
	c.t.Helper()
	if in.Customer == "" {
		in.Customer = "acme"
	}
	err = c.client().Post(c.t.Context(), admin.PathAcceptances, in, &out)
	return out, err
}

func (c *centre) acceptable(cu string) map[string]admin.Acceptable {
	c.t.Helper()
	var list []admin.Acceptable
	if err := c.client().Get(c.t.Context(), admin.PathAcceptances, url.Values{"customer": {cu}}, &list); err != nil {
		c.t.Fatal(err)
	}
	out := map[string]admin.Acceptable{}
	for _, x := range list {
		out[x.Record] = x
	}
	return out
}

// sealed is a customer's word under a key of his own.
func sealed(t *testing.T, signer note.Signer, h evidence.AcceptanceHeader) string {
	t.Helper()
	h.At = time.Now()
	a, err := evidence.SealAcceptance(h, signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(a.Raw)
}

// A claim that only the customer can accept counts once he does, by his own note or on
// the provider's word; a note about anything else is refused.
func TestAcceptClaim(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	x, y := c.mustClaim(contract.Suspension, from, 10, 20, nil), c.mustClaim(contract.Suspension, from, 20, 25, nil)

	skey, vkey, err := evidence.GenerateKey(rand.Reader, "acme-legal")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	list := c.acceptable("acme")
	hash, err := evidence.ParseHash(list[x.Record].Note)
	if err != nil || list[x.Record].Origin != "ledger.example/acme" || len(list[x.Record].Said) != 0 {
		t.Fatalf("to be accepted: %+v, %v", list[x.Record], err)
	}
	word := evidence.AcceptanceHeader{Origin: "ledger.example/acme", Record: x.Record, Note: hash}
	for _, tt := range []struct {
		name   string
		change func(*evidence.AcceptanceHeader)
		want   string
	}{
		{"of another ledger", func(h *evidence.AcceptanceHeader) { h.Origin = "ledger.example/other" }, "about the ledger ledger.example/other"},
		{"of another record", func(h *evidence.AcceptanceHeader) { h.Record = y.Record }, "about record " + y.Record},
		{"of another hash", func(h *evidence.AcceptanceHeader) { h.Note[0]++ }, "names another hash"},
		{"an objection", func(h *evidence.AcceptanceHeader) { h.Objects = true }, "objected to"},
	} {
		h := word
		tt.change(&h)
		_, err := c.accept(admin.NewAcceptance{Record: x.ID, Note: sealed(t, signer, h)})
		refused(t, "a note "+tt.name, err, tt.want)
	}
	good := sealed(t, signer, word)
	_, err = c.accept(admin.NewAcceptance{Record: x.ID, Note: good + "x"})
	refused(t, "a note that is none", err, "cannot be read")
	_, err = c.accept(admin.NewAcceptance{Record: x.ID})
	refused(t, "on nobody's word", err, "--by ACCOUNT")
	_, err = c.accept(admin.NewAcceptance{Record: "exclusion-claimed-9", By: "acme-7"})
	refused(t, "of no record", err, "vouch accept list")
	_, err = c.accept(admin.NewAcceptance{Record: "installation-1", By: "acme-7"})
	refused(t, "of a record on which he has no word", err, "of kind installation")
	_, err = c.accept(admin.NewAcceptance{Customer: "other", Record: y.Record, By: "acme-7"})
	refused(t, "of another customer's record", err, "no record "+y.Record+" in the ledger of other")

	a, err := c.accept(admin.NewAcceptance{Record: x.ID, Note: good})
	verifier, verr := evidence.NewVerifier(vkey)
	if err != nil || verr != nil || a.Key != evidence.KeyID("acme-legal", verifier.KeyHash()) || a.By != a.Key || a.Record != x.Record || a.ID != "acceptance-1" {
		t.Errorf("accepted by note = %+v, %v", a, err)
	}
	_, err = c.accept(admin.NewAcceptance{Record: x.ID, Note: good})
	refused(t, "the same note twice", err, "already")
	if _, err := c.accept(admin.NewAcceptance{Record: y.Record, By: "acme-7"}); err != nil {
		t.Fatal(err)
	}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == figures{Agreed: 80, Excluded: 15, Up: 50, Down: 15}
	})
	if said := c.acceptable("acme")[x.Record].Said; len(said) != 1 || said[0].Key != a.Key {
		t.Errorf("said of %s: %+v", x.Record, said)
	}
	// The note is in the ledger as it was signed.
	c.halt()
	c.start()
	if said := c.acceptable("acme")[x.Record].Said; len(said) != 1 || said[0].Key != a.Key {
		t.Errorf("said of %s after a restart: %+v", x.Record, said)
	}
}

// An objection before silence has accepted keeps a claim from counting, for good.
func TestObject(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(time.Minute)
	x := c.mustClaim(contract.ThirdParty, from, 0, 10, func(in *admin.NewClaim) { in.Told = from })
	if _, err := c.accept(admin.NewAcceptance{Record: x.ID, By: "acme-7", Objects: true}); err != nil {
		t.Fatal(err)
	}
	c.behind.Store(int64(-10 * 24 * time.Hour)) // later, when nobody can object any more
	var list []admin.Claim
	if err := c.client().Get(t.Context(), admin.PathExclusions, url.Values{"customer": {"acme"}}, &list); err != nil {
		t.Fatal(err)
	}
	if e := list[0].Effects[0]; e.Why != contract.WhyObjected || list[0].ObjectedBy != "acme-7" {
		t.Errorf("an objected claim = %+v, want %q", list[0], contract.WhyObjected)
	}
}

// A lease that was entered too late counts from its own dates once the customer accepts
// it, in the statement and in what is watched.
func TestAcceptLease(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	want := figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == want
	})
	c.halt()
	c.edit = leaseOf("rt1", time.Time{}, from.Add(20*time.Second))
	c.start()
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != want {
		t.Errorf("a lease that ended before that was entered: statement = %+v, want %+v", f, want)
	}
	var id string
	for _, x := range c.acceptable("acme") {
		if x.Kind == "lease" && x.About == "device rt1" && x.RecordedAt.After(from) {
			id = x.Record
		}
	}
	if _, err := c.accept(admin.NewAcceptance{Record: id, By: "acme-7"}); err != nil {
		t.Fatal(err)
	}
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f.Up != 10 || f.Down != 10 || f.Agreed != 20 {
		t.Errorf("accepted: statement = %+v, want 10 s up and 10 s down of 20", f)
	}
	c.wait("the incident ends with the lease", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Counted == 10
	})
}

// A contract version that was recorded after the instant from which it was to be in
// force decides about the time since then once the customer accepts it, also about days
// that have been judged.
func TestAcceptVersion(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(24 * time.Hour).Add(-20 * time.Minute) // the last minutes of yesterday
	c.halt()
	c.behind.Store(int64(time.Since(from.Add(-time.Hour))))
	c = c.again(t)
	c.behind.Store(int64(time.Since(from.Add(27 * time.Hour)))) // tomorrow, when that day is over for long
	c.play(from, 90, "acme", map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}})
	disputed, down := figures{Agreed: 80, Up: 50, Unknown: 30}, figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == disputed
	})
	c.halt()
	c.edit = func(o *collector.Options) {
		second := o.Contracts["acme"].Versions[0]
		second.Number, second.InForce = 2, contract.Floor(from.Add(-time.Minute))
		second.Terms.Quorum = contract.Quorum{Rule: contract.UnreachableFrom, Q: 1}
		o.Contracts["acme"] = collector.Contract{ID: "gold", Versions: []contract.Version{o.Contracts["acme"].Versions[0], second}}
	}
	c.start()
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != disputed {
		t.Errorf("a version recorded afterwards: statement = %+v, want %+v", f, disputed)
	}
	if _, err := c.accept(admin.NewAcceptance{Record: "contract-2", By: "acme-7"}); err != nil {
		t.Fatal(err)
	}
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != down {
		t.Errorf("accepted: statement = %+v, want %+v", f, down)
	}
}

// A lease of which the beginning was wrong is corrected by a record that names it.
func TestCorrectedLease(t *testing.T) {
	c := newCentre(t)
	c.halt()
	begun := ago(10 * time.Minute)
	c.edit = leaseOf("rt1", begun, time.Time{})
	c.start()
	acceptable := c.acceptable("acme")
	last := acceptable["lease-3"] // after those of rt1 and fw1
	if last.About != "device rt1" {
		t.Fatalf("lease-3 = %+v, want that of rt1", last)
	}
	if _, err := c.accept(admin.NewAcceptance{Record: "lease-3", By: "acme-7"}); err != nil {
		t.Fatal(err)
	}
	from := begun.Add(-10 * time.Minute)
	c.play(from, 90, "acme", nil)
	c.wait("the samples are in", func() bool {
		_, raw := c.statement("acme", from, from.Add(80*time.Second))
		return strings.Contains(string(raw), `"not_measured_s"`)
	})
	if f, raw := c.statement("acme", from, from.Add(80*time.Second)); f.Agreed != 0 {
		t.Errorf("before the corrected lease: statement = %+v, want nothing agreed\n%s", f, raw)
	}
}

func TestHolds(t *testing.T) {
	c := newCentre(t)
	var h admin.Hold
	post := func(in admin.NewHold) error { return c.client().Post(t.Context(), admin.PathHolds, in, &h) }
	remove := func(id, cu, reason string) error {
		return c.client().Delete(t.Context(), admin.PathHolds, url.Values{"id": {id}, "customer": {cu}, "reason": {reason}}, &h)
	}
	refused(t, "a hold of nobody", post(admin.NewHold{Customer: "nobody", Reason: "x"}), "no customer")
	refused(t, "a hold without a reason", post(admin.NewHold{Customer: "acme"}), "--reason")
	if err := post(admin.NewHold{Customer: "acme", Reason: "claim of March"}); err != nil || !strings.HasSuffix(h.ID, "-0001") || h.Record != "legal-hold-1" || !h.RemovedAt.IsZero() {
		t.Fatalf("hold = %+v, %v", h, err)
	}
	id := h.ID
	refused(t, "removing another's", remove(id, "other", "done"), "see `vouch hold list`")
	refused(t, "removing without a reason", remove(id, "acme", ""), "--reason")
	if err := remove(id, "acme", "settled"); err != nil || h.RemovedFor != "settled" || h.RemovedBy == "" || h.RemovedAt.IsZero() {
		t.Errorf("removed = %+v, %v", h, err)
	}
	refused(t, "removing twice", remove(id, "acme", "again"), "already")
	if err := post(admin.NewHold{Customer: "acme", Reason: "another"}); err != nil || !strings.HasSuffix(h.ID, "-0002") {
		t.Errorf("the second hold = %+v, %v", h, err)
	}
	c.halt()
	c.start()
	var list []admin.Hold
	if err := c.client().Get(t.Context(), admin.PathHolds, url.Values{"customer": {"acme"}}, &list); err != nil || len(list) != 2 || list[0].RemovedAt.IsZero() {
		t.Errorf("holds after a restart = %+v, %v", list, err)
	}
}
