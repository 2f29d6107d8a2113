// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"net/url"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/statement"
	"github.com/vouch-sla/vouch/statement/pdf"
)

// A statement as PDF is the newest version that was issued, or the one asked for; a
// draft where none was.
func TestStatementPDF(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	to := from.Add(80 * time.Second)
	c.play(from, 90, "acme", both)
	c.wait("the measurements are judged", func() bool { f, _ := c.statement("acme", from, to); return f.Down > 0 })
	ask := func(version string) ([]byte, error) {
		return c.client().Bytes(t.Context(), admin.PathStatementPDF, url.Values{"customer": {"acme"}, "lang": {"nl"}, "version": {version},
			"from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}})
	}
	draft, err := ask("")
	if err != nil || !bytes.HasPrefix(draft, []byte("%PDF-1.")) {
		t.Fatalf("a draft = %.20q, %v, want a PDF", draft, err)
	}
	_, err = ask("1")
	refused(t, "a version that was not issued", err, "no version 1 of this statement was issued")
	_, err = ask("first")
	refused(t, "a version that is no number", err, "write a number")

	if _, err := c.issue("acme", from, to, "for the test"); err != nil {
		t.Fatal(err)
	}
	newest, err := ask("0")
	if err != nil {
		t.Fatal(err)
	}
	b := c.bundle("acme", from, to, nil)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := fs.ReadFile(z, bundle.FileStatement)
	if err != nil {
		t.Fatal(err)
	}
	s, err := statement.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pdf.Render(s, statement.Dutch)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := ask("1"); err != nil || !bytes.Equal(newest, want) || !bytes.Equal(first, want) {
		t.Errorf("the issued version as PDF has %d and %d bytes, %v, want the %d of its statement", len(newest), len(first), err, len(want))
	}
}
