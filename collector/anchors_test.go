// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
	"github.com/vouch-sla/vouch/witness"
)

// anchoredCentre is a centre whose ledgers two authorities stamp.
func anchoredCentre(t *testing.T, all ...*tsatest.Authority) *centre {
	t.Helper()
	return newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) {
			o.Anchors.Gather, o.Anchors.RetryMin, o.Anchors.RetryMax = time.Millisecond, time.Millisecond, 20*time.Millisecond
			for i, a := range all {
				roots, err := stamp.ParseRoots(a.Roots)
				if err != nil {
					t.Fatal(err)
				}
				o.Anchors.Authorities = append(o.Anchors.Authorities, anchor.Authority{Name: []string{"first", "second"}[i], URL: a.URL, Roots: roots})
			}
		}
	})
}

// announce announces maintenance.
func (c *centre) announce() {
	c.t.Helper()
	from := time.Now().Add(100 * time.Hour).UTC().Truncate(time.Second)
	in := admin.NewMaintenance{Customer: "acme", From: from, To: from.Add(time.Hour), Reason: "new firmware"}
	if err := c.client().Post(c.t.Context(), admin.PathMaintenance, in, nil); err != nil {
		c.t.Fatal(err)
	}
}

// stamped waits until the newest anchor is younger than an instant and stamped.
func (c *centre) stamped(since time.Time) admin.Anchors {
	c.t.Helper()
	var a admin.Anchors
	c.wait("it is anchored and stamped", func() bool {
		a = c.status().Anchors
		return a.Last != nil && !a.Last.Before(since) && a.Behind(a.Parties[0]) == 0
	})
	return a
}

// What is announced is anchored and stamped at once. The ledger of anchors says so, and
// an outsider can check it without the collector.
func TestAnnouncementIsStamped(t *testing.T) {
	tsa := tsatest.Start(t)
	c := anchoredCentre(t, tsa)
	c.stamped(time.Time{}) // of the contract and the leases
	before := time.Now()
	c.announce()
	a := c.stamped(before)
	size := c.leaves("acme")
	if p := a.Parties[0]; p.Kind != admin.PartyAuthority || p.Name != "first" || p.Last == nil || time.Since(*p.Last) > time.Minute || p.Failures != 0 {
		t.Errorf("party = %+v, want a stamp of now", p)
	}
	var damage []string
	if err := c.client().Get(t.Context(), admin.PathCheck, nil, &damage); err != nil || len(damage) != 0 {
		t.Errorf("ledger check = %v, %v, want nothing", damage, err)
	}
	c.halt()

	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	key, err := evidence.NewVerifier(a.Key)
	if err != nil || key.Name() != "ledger.example/anchors" {
		t.Fatalf("key of the anchors = %q, %v", a.Key, err)
	}
	entries, err := s.Records(t.Context(), vouch.Anchors)
	if err != nil {
		t.Fatal(err)
	}
	anchored, stamps := 0, 0
	for _, e := range entries {
		if !strings.HasPrefix(e.RecordID, e.RecordKind+"-") {
			t.Errorf("record %s of kind %s, want an id by its kind", e.RecordID, e.RecordKind)
		}
		_, body, _ := strings.Cut(string(e.Note), "\n\n")
		body, _, _ = strings.Cut(body, "\n")
		switch evidence.RecordKind(e.RecordKind) {
		case evidence.KindAnchored:
			var b evidence.Anchored
			if err := json.Unmarshal([]byte(body), &b); err != nil {
				t.Fatal(err)
			}
			if b.Origin == "ledger.example/acme" && b.Size == size {
				anchored++
			}
		case evidence.KindTimeStamp:
			var b evidence.TimeStamped
			if err := json.Unmarshal([]byte(body), &b); err != nil {
				t.Fatal(err)
			}
			stamps++
			if _, err := evidence.OpenCheckpoint([]byte(b.Checkpoint), "ledger.example/anchors", note.VerifierList(key)); err != nil {
				t.Error(err)
			}
			if err := tsa.Verify(t, []byte(b.Checkpoint), b.Token); err != nil {
				t.Errorf("openssl does not take the stamp: %v", err)
			}
		}
	}
	if anchored != 1 || stamps < 2 {
		t.Errorf("%d anchors of acme as it stands and %d stamps, want 1, and 2 or more", anchored, stamps)
	}
}

// While no authority answers, agents are served as ever and the status says what is
// wrong; where there is another, it stands in.
func TestAuthorityDown(t *testing.T) {
	first, second := tsatest.Start(t), tsatest.Start(t)
	first.Down(true)
	second.Down(true)
	c := anchoredCentre(t, first, second)
	before := time.Now()
	c.announce()
	c.wait("it is anchored, and both were asked in vain", func() bool {
		a := c.status().Anchors
		return a.Last != nil && !a.Last.Before(before) && a.Parties[0].Error != "" && a.Parties[1].Error != ""
	})
	now := time.Now().Truncate(time.Millisecond)
	p := c.agents["AMS-1"]
	p.store(t, c, "acme", now.Add(-time.Second), now, p.sample("acme", "rt1", now.Add(-time.Second), vouch.Up))
	a := c.status().Anchors
	if x := a.Parties[0]; !strings.Contains(x.Error, "503") || x.Failures == 0 || x.Since.IsZero() || a.Behind(x) == 0 {
		t.Errorf("party = %+v of %+v, want that it fails and what waits", x, a)
	}
	if m := c.metrics(); !strings.Contains(m, `vouch_anchor_failing{kind="authority",name="second"} 1`) || !strings.Contains(m, "vouch_anchor_age_seconds ") {
		t.Errorf("metrics:\n%s\nwant the failing authority and the age of the anchors", m)
	}
	second.Down(false)
	a = c.stamped(before)
	if a.Parties[0].Last != nil || a.Parties[1].Last == nil || a.Behind(a.Parties[0]) != 0 {
		t.Errorf("parties = %+v, want a stamp of the second alone, which is enough", a.Parties)
	}
	if m := c.metrics(); !strings.Contains(m, `vouch_anchor_failing{kind="authority",name="second"} 0`) || !strings.Contains(m, `vouch_anchor_vouched_age_seconds{kind="authority",name="second"} `) {
		t.Errorf("metrics:\n%s\nwant the age of the second's stamp", m)
	}
}

// Without anybody who vouches, anchors are written all the same, also after a restart
// and a rebuild, and their numbers go on.
func TestAnchorsAlone(t *testing.T) {
	c := anchoredCentre(t)
	for range 2 {
		size := c.leaves(vouch.Anchors)
		c.announce()
		c.wait("it is anchored", func() bool { return c.leaves(vouch.Anchors) > size })
		if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		c.halt()
		c.start()
	}
	c.wait("the last anchor is known again", func() bool { return c.status().Anchors.Last != nil })
	if a := c.status().Anchors; a.Parties == nil || len(a.Parties) != 0 {
		t.Errorf("anchors = %+v, want no party", a)
	}
	c.halt()
	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := s.Records(t.Context(), vouch.Anchors)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range entries {
		if ids[e.RecordID] {
			t.Errorf("two records have the id %s", e.RecordID)
		}
		ids[e.RecordID] = true
	}
}

// metrics returns what a scraper gets.
func (c *centre) metrics() string {
	c.t.Helper()
	resp, err := http.Get(c.at.Web + "metrics")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// A bundle carries what others vouch for, and who names the authority and the witness
// sees when its leaves were there by their word, not the provider's.
func TestBundleIsAnchored(t *testing.T) {
	tsa := tsatest.Start(t)
	c := newCentre(t)
	house, err := witness.Open(witness.Options{
		Dir: t.TempDir(), Name: "witness.example", Logs: []string{c.status().Anchors.Key}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(house.Handler())
	t.Cleanup(server.Close)
	roots, err := stamp.ParseRoots(tsa.Roots)
	if err != nil {
		t.Fatal(err)
	}
	c.halt()
	c.edit = func(o *collector.Options) {
		o.Anchors.Gather, o.Anchors.RetryMin = time.Millisecond, time.Millisecond
		o.Anchors.Authorities = []anchor.Authority{{Name: "tsa", URL: tsa.URL, Roots: roots}}
		o.Anchors.Witnesses = []anchor.Witness{{Name: "bakery", URL: server.URL, Key: house.Key()}}
	}
	c.start()
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(100 * time.Second)
	c.play(from, 110, "acme", both)
	c.play(from, 110, "other", nil)
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 30
	})
	before := time.Now()
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	c.wait("all vouch for what was issued", func() bool {
		a := c.status().Anchors
		return a.Last != nil && !a.Last.Before(before) && a.Behind(a.Parties[0]) == 0 && a.Behind(a.Parties[1]) == 0
	})
	b := c.bundle("acme", from, to, nil)
	if bytes.Contains(b, []byte("other")) {
		t.Error("the bundle speaks of another customer")
	}
	vouched := func(o bundle.Options) (proven, open int) {
		t.Helper()
		r := verify(t, b, o)
		sound(t, r)
		for _, f := range r.Proven {
			if f.Topic == bundle.TopicTime && strings.Contains(f.What, "somebody outside vouched") {
				proven++
			}
		}
		for _, f := range r.Unproven {
			if f.Topic == bundle.TopicTime && strings.Contains(f.What, "when anything was in the ledger") {
				open++
			}
		}
		return proven, open
	}
	for name, o := range map[string]bundle.Options{"the authority": {Roots: roots}, "the witness": {Keys: []string{house.Key()}}, "both": {Roots: roots, Keys: []string{house.Key()}}} {
		if proven, open := vouched(o); proven != 1 || open != 0 {
			t.Errorf("who names %s: %d findings that somebody vouches, %d that nobody does; want 1 and none", name, proven, open)
		}
	}
	if proven, open := vouched(bundle.Options{}); proven != 0 || open != 1 {
		t.Errorf("who names nobody: %d findings that somebody vouches, %d that nobody does; want none and 1", proven, open)
	}
	stranger := tsatest.Start(t)
	wrong, err := stamp.ParseRoots(stranger.Roots)
	if err != nil {
		t.Fatal(err)
	}
	if proven, open := vouched(bundle.Options{Roots: wrong}); proven != 0 || open != 1 {
		t.Errorf("who names another authority: %d findings that somebody vouches, %d that nobody does; want none and 1", proven, open)
	}
}

// An announcement that was made long before the leaves that a bundle carries has its
// anchor in it all the same, with a proof that the ledger grew from there.
func TestBundleAnchorsAnnouncements(t *testing.T) {
	tsa := tsatest.Start(t)
	const ago = 100 * time.Hour
	c := newCentreOf(t, func(c *centre) {
		c.behind.Store(int64(ago))
		c.edit = func(o *collector.Options) {
			o.Few(1)
			roots, err := stamp.ParseRoots(tsa.Roots)
			if err != nil {
				t.Fatal(err)
			}
			o.Anchors.Gather, o.Anchors.RetryMin, o.Anchors.RetryMax = time.Millisecond, time.Millisecond, 20*time.Millisecond
			o.Anchors.Authorities = []anchor.Authority{{Name: "first", URL: tsa.URL, Roots: roots}}
		}
	})
	c.behind.Store(int64(ago))
	c.stamped(time.Time{})
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	before := time.Now().Add(-ago)
	in := admin.NewMaintenance{Customer: "acme", From: from.Add(10 * time.Second), To: from.Add(20 * time.Second), Reason: "new firmware"}
	if err := c.client().Post(t.Context(), admin.PathMaintenance, in, nil); err != nil {
		t.Fatal(err)
	}
	c.stamped(before)
	for range 2 { // others, of later days: the ledger has grown since
		before = time.Now().Add(-ago)
		c.announce()
		c.stamped(before)
	}
	c.behind.Store(0)
	for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
		p := c.agents[id]
		var samples []vouch.Sample
		for s := range 90 {
			samples = append(samples, p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), vouch.Up))
		}
		p.store(t, c, "acme", from, from.Add(90*time.Second), samples...)
	}
	c.wait("they are heard", func() bool { return c.leavesRead("acme") })
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	b := c.bundle("acme", from, to, nil)
	r := verify(t, b, bundle.Options{Roots: roots(t, tsa)})
	sound(t, r)
	grown := 0
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/grown.txt") {
			grown++
		}
	}
	if grown != 1 || strings.HasPrefix(string(file(t, b, bundle.FileFrontier)), "0\n") {
		t.Errorf("%d anchors come with a proof of growth, want that of the announcement alone", grown)
	}
	for _, f := range r.Unproven {
		if strings.Contains(f.What, "sizes of the ledger that are not carried") {
			t.Errorf("listed: %s", f.What)
		}
	}
	// The authority's clock was not set back as the collector's was.
	if !slices.ContainsFunc(r.Unproven, func(f bundle.Finding) bool {
		return f.Where == "maintenance M-2026-0001" && strings.Contains(f.What, "somebody outside vouches for it only from")
	}) {
		t.Errorf("not proven: %+v, want the announcement by its stamp", r.Unproven)
	}
}

func roots(t *testing.T, tsa *tsatest.Authority) *x509.CertPool {
	t.Helper()
	out, err := stamp.ParseRoots(tsa.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
