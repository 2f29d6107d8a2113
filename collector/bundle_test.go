// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// issue issues a statement.
func (c *centre) issue(cu vouch.CustomerID, from, to time.Time, reason string) (admin.Issued, error) {
	c.t.Helper()
	var out admin.Issued
	err := c.client().Post(c.t.Context(), admin.PathIssued, admin.NewIssue{Customer: cu, From: from, To: to, Reason: reason}, &out)
	return out, err
}

// bundle fetches a bundle.
func (c *centre) bundle(cu vouch.CustomerID, from, to time.Time, more url.Values) []byte {
	c.t.Helper()
	q := url.Values{"customer": {string(cu)}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}
	for k, v := range more {
		q[k] = v
	}
	var b bytes.Buffer
	if _, err := c.client().Stream(c.t.Context(), admin.PathBundle, q, &b); err != nil {
		c.t.Fatal(err)
	}
	return b.Bytes()
}

func verify(t *testing.T, b []byte, o bundle.Options) *bundle.Report {
	t.Helper()
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound fails unless nothing is disproved.
func sound(t *testing.T, r *bundle.Report) {
	t.Helper()
	for _, f := range r.Disproved {
		t.Errorf("disproved: %s: %s: %s", f.Topic, f.Where, f.What)
	}
}

// What was issued is computed again from the bundle, byte for byte, whatever came in
// after it.
func TestBundle(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(100 * time.Second)
	c.play(from, 110, "acme", both)
	c.play(from, 110, "other", nil)
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 30
	})
	first, err := c.issue("acme", from, to, "")
	if err != nil {
		t.Fatal(err)
	}
	old := c.bundle("acme", from, to, nil)
	r := verify(t, old, bundle.Options{})
	sound(t, r)
	if r.Verdict != bundle.Consistent || r.Figures == nil || r.Figures.Down != 30 || r.Number != first.Number {
		t.Errorf("Verify = %s %+v, want consistent with 30 s down", r.Verdict, r.Figures)
	}
	if _, err := c.issue("acme", from, to, ""); err == nil {
		t.Error("a second version that says the same was issued")
	}
	if bytes.Contains(old, []byte("other")) {
		t.Error("the bundle speaks of another customer")
	}

	// What comes in later makes the next version, and changes nothing of the first.
	if c.play(from.Add(120*time.Second), 60, "acme", both); c.issues("acme") != 1 {
		t.Error("samples of after the period made another version")
	}
	early := c.agents["OWN-1"]
	early.store(t, c, "acme", from, to, early.sample("acme", "rt1", from.Add(5*time.Second), vouch.Up))
	if r := verify(t, c.bundle("acme", from, to, nil), bundle.Options{}); r.Version != 1 {
		t.Errorf("version %d, want 1", r.Version)
	}
}

// issues counts the statements that were issued.
func (c *centre) issues(cu vouch.CustomerID) int {
	c.t.Helper()
	var out []admin.Issued
	if err := c.client().Get(c.t.Context(), admin.PathIssued, url.Values{"customer": {string(cu)}}, &out); err != nil {
		c.t.Fatal(err)
	}
	return len(out)
}

// Late measurements make the next version of a statement by themselves; it says what
// changed, and both versions are still there to be checked, one grown from the other.
func TestLateDataAmends(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	down := map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}}
	// One witness has spoken, the other is late.
	p := c.agents["AMS-1"]
	samples := func(p *player, down [][2]int) (out []vouch.Sample) {
		for s := range 90 {
			o := vouch.Up
			for _, d := range down {
				if d[0] <= s && s < d[1] {
					o = vouch.Down
				}
			}
			out = append(out, p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), o))
		}
		return out
	}
	p.store(t, c, "acme", from, from.Add(90*time.Second), samples(p, down["AMS-1"])...)
	c.wait("the first witness is heard", func() bool { return c.leavesRead("acme") })
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	first := c.bundle("acme", from, to, nil)
	p = c.agents["BRU-1"]
	p.store(t, c, "acme", from, from.Add(90*time.Second), samples(p, both["BRU-1"])...)
	c.wait("late data make the next version", func() bool { return c.issues("acme") == 2 })
	second := c.bundle("acme", from, to, nil)
	r := verify(t, second, bundle.Options{Since: bytes.NewReader(first), SinceLen: int64(len(first))})
	sound(t, r)
	if s := r.Computed; r.Version != 2 || s == nil || s.Replaces == nil || s.Replaces.Version != 1 || s.Replaces.Difference.Down <= 0 || s.Issued.Reason == "" {
		t.Errorf("the second version says %+v", r.Computed)
	}
	if r.Verdict != bundle.Proven {
		t.Errorf("Verify with an earlier bundle that is trusted = %s, want proven", r.Verdict)
	}
	old := c.bundle("acme", from, to, url.Values{"version": {"1"}})
	if !bytes.Equal(old, first) {
		t.Error("the bundle of the first version is another than before")
	}
	if r := verify(t, first, bundle.Options{Since: bytes.NewReader(second), SinceLen: int64(len(second))}); r.Verdict != bundle.Disproved {
		t.Errorf("a ledger that shrank = %s, want disproved", r.Verdict)
	}
}

// leavesRead reports whether all that is stored is derived.
func (c *centre) leavesRead(cu vouch.CustomerID) bool {
	f, _ := c.statement(cu, time.Now().Add(-4*time.Minute), time.Now())
	return f.Up+f.Down+f.Unknown > 0
}

// A dispute about one day fits in a mail: samples of that day alone, and all leaves.
func TestBundleAroundADay(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(100 * time.Second)
	c.play(from, 110, "acme", both)
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 30
	})
	b := c.bundle("acme", from, to, url.Values{"around": {from.Format(time.DateOnly)}})
	r := verify(t, b, bundle.Options{Explain: from.Add(20 * time.Second)})
	sound(t, r)
	if r.Explain == nil || len(r.Explain.Devices) == 0 || r.Explain.Devices[0].State != "down" || len(r.Explain.Devices[0].Witnesses) < 2 {
		t.Errorf("explanation = %+v, want rt1 down with its witnesses", r.Explain)
	}
}

// What is issued shows on the page of the customer it is about, with its evidence, and
// exists for nobody else; a bundle holds nothing of another customer.
func TestBundlesAreOneCustomersOwn(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	c.play(from, 90, "acme", both)
	c.play(from, 90, "other", nil)
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 30
	})
	i, err := c.issue("acme", from, to, "")
	if err != nil {
		t.Fatal(err)
	}
	own, foreign := c.token(t, "acme"), c.token(t, "other")
	path := "/bundle/acme/" + i.Number + "/1"
	if a := c.fetch(t, path, own); a.status != 200 || a.body != string(c.bundle("acme", from, to, nil)) {
		t.Errorf("GET %s as acme = %d with %d bytes, want the bundle", path, a.status, len(a.body))
	}
	missing := c.fetch(t, "/bundle/nobody/ST-0001/1", foreign)
	for _, p := range []string{path, "/bundle/acme/" + i.Number + "/2", "/bundle/acme/ST-9999/1", "/bundle/acme/" + i.Number + "/0"} {
		if a := c.fetch(t, p, foreign); a.status != 404 || a.body != missing.body {
			t.Errorf("GET %s as other = %d %q, want what does not exist", p, a.status, a.body)
		}
	}
	b := c.bundle("acme", from, to, url.Values{"full": {"true"}})
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, canary := range []string{"customer: other", "customer=other", "/other"} {
			if bytes.Contains(body, []byte(canary)) {
				t.Errorf("%s holds %q", f.Name, canary)
			}
		}
	}
}
