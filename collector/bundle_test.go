// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
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
}
