// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/enrol"
	"github.com/vouch-sla/vouch/internal/wire"
)

// An agent enrols once, however often it asks, and speaks from then on, after a restart
// of the collector, too. The ledgers say who let it in.
func TestEnrol(t *testing.T) {
	c, _ := openCentre(t)
	if a := c.agent(t, "AMS-1"); a.State != admin.AgentWaits || a.Key != "" || len(a.Customers) != 2 {
		t.Errorf("agent before = %+v, want that it waits, for two customers", a)
	}
	ams := newRecruit(t, "AMS-1", "AMS")
	ams.want(t, c, http.StatusForbidden, "vouch agents token")
	j := c.join(t, admin.NewJoin{Agent: "AMS-1", Location: "AMS"})
	ams.enrolled(t, c, j)
	from := begin()
	ams.store(t, c, "acme", from, from.Add(time.Second), ams.sample("acme", "rt1", from, vouch.Up))

	// Who was interrupted asks again, with another TLS key for all that it matters.
	again := newRecruit(t, "AMS-1", "AMS")
	again.signer, again.vkey = ams.signer, ams.vkey
	again.enrolled(t, c, j)
	again.want(t, c, http.StatusOK, `"acme"`)
	if life := time.Until(ams.cert.NotAfter); life > 8*24*time.Hour || life < 6*24*time.Hour {
		t.Errorf("the certificate is good for %v, want a week", life)
	}

	for _, cu := range []vouch.CustomerID{"acme", "other"} {
		notes := c.notesOf(t, cu, evidence.KindKeyAdded)
		n := 0
		for _, text := range notes {
			if strings.Contains(text, ams.vkey) && strings.Contains(text, "\nauthor: uid:") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("key-added records of %s = %q, want one with the enrolled key, by a person", cu, notes)
		}
	}
	// The collector was started again meanwhile.
	ams.want(t, c, http.StatusOK, `"acme"`)
	ams.enrolled(t, c, j)
	if a := c.agent(t, "AMS-1"); a.State != admin.AgentEnrolled || a.Key != ams.vkey || a.Until.Before(time.Now()) || !strings.HasPrefix(a.Author, "uid:") {
		t.Errorf("agent afterwards = %+v, want it enrolled with its certificate", a)
	}
	// It stands where the installed base says, and speaks for whom that allows.
	own := newRecruit(t, "OWN-1", "OWN")
	own.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "OWN-1"}))
	b := own.seal(t, own.header("other", from, from.Add(time.Second)), own.sample("other", "rt1", from, vouch.Up))
	if r := own.send(t, c, b.Raw); r[0].Status != wire.StatusRefused || !strings.Contains(r[0].Reason, "does not measure for that customer") {
		t.Errorf("a batch for another customer = %+v, want it refused", r[0])
	}
	if notes := c.notesOf(t, "other", evidence.KindKeyAdded); strings.Contains(strings.Join(notes, ""), own.vkey) {
		t.Error("the ledger of another customer names the key of an agent on acme's premises")
	}
}

// What an agent may not have it does not get, it is counted and told, and nobody else
// feels anything of it.
func TestEnrolmentRefused(t *testing.T) {
	c, log := openCentre(t)
	bru := c.agents["BRU-1"]
	at := begin()
	others := func() { // another agent's traffic
		at = at.Add(time.Second)
		bru.store(t, c, "acme", at, at.Add(time.Second), bru.sample("acme", "rt1", at, vouch.Up))
	}
	others()
	used := c.join(t, admin.NewJoin{Agent: "AMS-1"})
	ams := newRecruit(t, "AMS-1", "AMS")
	ams.enrolled(t, c, used)
	fresh, own := c.join(t, admin.NewJoin{Agent: "AMS-1"}), c.join(t, admin.NewJoin{Agent: "OWN-1"})
	unknown := own
	unknown.Secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	thief := func(id vouch.AgentID) *recruit { return newRecruit(t, id, "AMS") }

	for _, tt := range []struct {
		name   string
		who    *recruit
		join   enrol.Join
		change func(*enrol.Request)
		status int
		reason string
	}{
		{"a replayed token", thief("AMS-1"), used, nil, 403, "enrolment: join string used by another key"},
		{"a secret that nobody made", thief("OWN-1"), unknown, nil, 403, "enrolment: unknown join string"},
		{"another agent's token", thief("AMS-1"), own, nil, 403, "enrolment: unknown join string"},
		{"an agent that does not exist", thief("ZZZ-9"), own, nil, 403, "enrolment: unknown join string"},
		{"another key beside one that speaks", thief("AMS-1"), fresh, nil, 403, "enrolment: another key speaks"},
		{"no token at all", thief("OWN-1"), own, func(r *enrol.Request) { r.Secret = "" }, 403, "enrolment: key not enrolled"},
		{"a renewal by another key", thief("AMS-1"), own, func(r *enrol.Request) { r.Secret = "" }, 403, "enrolment: key not enrolled"},
		{"a renewal of an agent with its key in the base", thief("BRU-1"), own, func(r *enrol.Request) { r.Secret = "" }, 403, "enrolment: key not enrolled"},
		{"another collector's pin", thief("OWN-1"), own, func(r *enrol.Request) { r.Pin[0] ^= 1 }, 403, "enrolment: another collector's pin"},
	} {
		before := c.refused(tt.reason)
		status, says := tt.who.ask(t, c, tt.who.request(t, tt.join, tt.change))
		if got := c.refused(tt.reason); status != tt.status || says == "" || strings.Contains(says, string(tt.join.Secret)) || got != before+1 {
			t.Errorf("%s = %d %q, %q was counted %d times after %d, want %d and once more", tt.name, status, says, tt.reason, got, before, tt.status)
		}
		others()
	}
	for name, body := range map[string][]byte{
		"nothing": nil, "garbage": []byte("hello"), "too much": bytes.Repeat([]byte("x"), enrol.MaxRequest+1), "a batch": ams.seal(t, ams.header("acme", at, at.Add(time.Second))).Raw,
	} {
		before := c.refused("enrolment: unreadable request")
		if status, _ := thief("OWN-1").ask(t, c, body); status != 400 || c.refused("enrolment: unreadable request") != before+1 {
			t.Errorf("%s for a request = %d, want 400, counted", name, status)
		}
	}

	// An hour later the token is worth nothing, even to the key that used it; its
	// certificate is.
	c.behind.Store(-int64(61 * time.Minute))
	if status, says := ams.ask(t, c, ams.request(t, used, nil)); status != 403 || !strings.Contains(says, "expired") || c.refused("enrolment: expired join string") != 1 {
		t.Errorf("a token after an hour = %d %s, want that it expired", status, says)
	}
	ams.want(t, c, http.StatusOK, "heads")
	c.behind.Store(0)

	// The same again and again: one line a kind and minute.
	for range 20 {
		who := thief("AMS-1")
		who.ask(t, c, who.request(t, used, nil))
	}
	if n := log.lines("used by another key"); n != 1 && !testing.Verbose() {
		t.Errorf("%d lines about one kind of refusal within a minute, want 1", n)
	}
	if log.lines(string(used.Secret)) > 0 || log.lines(string(own.Secret)) > 0 {
		t.Error("the log holds the secret of a join string")
	}
	others()
}

// Names in the certificate request say nothing: the certificate is for the agent whose
// join string it was.
func TestNamesInRequestAreIgnored(t *testing.T) {
	c, _ := openCentre(t)
	own := newRecruit(t, "OWN-1", "OWN")
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "BRU-1", Organization: []string{"other"}, SerialNumber: "0"}, DNSNames: []string{"BRU-1", "other"},
	}, own.tls)
	if err != nil {
		t.Fatal(err)
	}
	if status, says := own.ask(t, c, own.request(t, c.join(t, admin.NewJoin{Agent: "OWN-1"}), func(r *enrol.Request) { r.CSR = csr })); status != 200 {
		t.Fatalf("enrol = %d %s", status, says)
	}
	if own.cert.Subject.CommonName != "OWN-1" || len(own.cert.Subject.Organization)+len(own.cert.DNSNames) > 0 || own.cert.IsCA {
		t.Errorf("certificate = %+v, want one of OWN-1 alone", own.cert.Subject)
	}
	from := begin()
	b := own.seal(t, own.header("other", from, from.Add(time.Second)), own.sample("other", "rt1", from, vouch.Up))
	if r := own.send(t, c, b.Raw); r[0].Status != wire.StatusRefused {
		t.Errorf("a batch for the customer that the request named = %+v, want it refused", r[0])
	}
}

// A certificate ends; the signing key renews it, however long the agent was away.
func TestExpiredCertificate(t *testing.T) {
	c, _ := openCentre(t)
	ams := newRecruit(t, "AMS-1", "AMS")
	j := c.join(t, admin.NewJoin{Agent: "AMS-1"})
	ams.enrolled(t, c, j)
	ams.want(t, c, 200, "heads")
	c.behind.Store(-int64(100 * 24 * time.Hour))
	ams.want(t, c, 401, "renew")
	j.Secret = ""
	ams.enrolled(t, c, j)
	ams.want(t, c, 200, "heads")
	// A certificate that begins later than now is none, either.
	c.behind.Store(0)
	ams.want(t, c, 401, "renew")
	// A thief of the TLS key alone cannot renew: the signing key is another.
	thief := newRecruit(t, "AMS-1", "AMS")
	thief.tls = ams.tls
	if status, _ := thief.ask(t, c, thief.request(t, j, nil)); status != 403 {
		t.Errorf("renewal with a stolen TLS key = %d, want 403", status)
	}
}
