// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

const acceptanceText = `vouch/acceptance v1
origin: vouch.example.net/acme
record: m-17
note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
says: accepts
at: 2026-11-02T09:30:00.000Z
`

func acceptanceHeader() evidence.AcceptanceHeader {
	return evidence.AcceptanceHeader{
		Origin: "vouch.example.net/acme", Record: "m-17", Note: evidence.Hash{7}, At: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
	}
}

func TestOpenAcceptanceRefuses(t *testing.T) {
	p := newParty(t, "acme", 5)
	for _, c := range []struct{ name, old, new, want string }{
		{"a record", "vouch/acceptance v1", "vouch/record v1", `want "vouch/acceptance v1"`},
		{"another version", "v1", "v2", `want "vouch/acceptance v1"`},
		{"no origin", "origin: vouch.example.net/acme\n", "", `"origin" is missing`},
		{"an empty origin", "origin: vouch.example.net/acme", "origin: ", `header line "origin"`},
		{"an origin with a space", "net/acme", "net/ac me", `header line "origin"`},
		{"an origin with a plus", "net/acme", "net/ac+me", `header line "origin"`},
		{"a record with a slash", "record: m-17", "record: m/17", `header line "record"`},
		{"lines out of order", "record: m-17\nnote: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nrecord: m-17\n", `"record" is missing`},
		{"no hash", "note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "note: none", `header line "note"`},
		{"bits under the padding", "AAAA=", "AAAB=", `header line "note"`},
		{"a third answer", "says: accepts", "says: perhaps", "allowed are accepts and objects"},
		{"a capital", "says: accepts", "says: Accepts", "allowed are accepts and objects"},
		{"seconds without a fraction", "09:30:00.000Z", "09:30:00Z", `header line "at"`},
		{"an offset", "09:30:00.000Z", "09:30:00.000+01:00", `header line "at"`},
		{"something after it", "at: 2026-11-02T09:30:00.000Z\n", "at: 2026-11-02T09:30:00.000Z\nremark: but\n", "stands after the last header line"},
		{"a body", "at: 2026-11-02T09:30:00.000Z\n", "at: 2026-11-02T09:30:00.000Z\n\n{}\n", "stands after the last header line"},
		{"two spaces", "says: accepts", "says:  accepts", "allowed are accepts and objects"},
	} {
		changed := strings.Replace(acceptanceText, c.old, c.new, 1)
		if changed == acceptanceText {
			t.Fatalf("%s: %q is not in the acceptance", c.name, c.old)
		}
		raw := resign(t, p, changed)
		_, err := evidence.OpenAcceptance(raw, p.known)
		wantError(t, c.name, err, c.want)
		_, err = evidence.ReadAcceptance(raw)
		wantError(t, c.name+", unverified", err, c.want)
	}
}

func TestSealAcceptance(t *testing.T) {
	p := newParty(t, "acme", 5)
	a, err := evidence.SealAcceptance(acceptanceHeader(), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(a.Raw); got != acceptanceText {
		t.Errorf("text of the acceptance:\n%s\nwant:\n%s", got, acceptanceText)
	}
	for name, open := range map[string]func() (evidence.Acceptance, error){
		"OpenAcceptance": func() (evidence.Acceptance, error) { return evidence.OpenAcceptance(a.Raw, p.known) },
		"ReadAcceptance": func() (evidence.Acceptance, error) { return evidence.ReadAcceptance(a.Raw) },
	} {
		if got, err := open(); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("%s = %+v, %v, want %+v", name, got, err, a)
		}
	}
	if a.KeyName != "acme" || a.KeyHash != p.signer.KeyHash() || a.AcceptanceHeader != acceptanceHeader() {
		t.Errorf("SealAcceptance gave %+v of %s, want %+v of acme", a.AcceptanceHeader, a.KeyName, acceptanceHeader())
	}
	h := acceptanceHeader()
	h.Objects = true
	o, err := evidence.SealAcceptance(h, p.signer)
	if err != nil || !strings.Contains(string(o.Raw), "\nsays: objects\n") || !o.Objects {
		t.Errorf("an objection is sealed as %s, %v", o.Raw, err)
	}
	h.Origin = "vouch.example.net/acme\nrecord: m-16"
	_, err = evidence.SealAcceptance(h, p.signer)
	wantError(t, "a line in the origin", err, "seal acceptance")
	h = acceptanceHeader()
	h.Note = evidence.Hash{}
	_, err = evidence.SealAcceptance(h, p.signer)
	wantError(t, "of no note", err, "note")
}

// What is not this key's, or was changed, does not open; read without a key it must
// still be one note with one signature.
func TestAcceptanceSignature(t *testing.T) {
	p, q := newParty(t, "acme", 5), newParty(t, "acme", 6)
	a, err := evidence.SealAcceptance(acceptanceHeader(), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = evidence.OpenAcceptance(a.Raw, q.known)
	wantError(t, "another key of the same name", err, "unknown key")
	changed := []byte(strings.Replace(string(a.Raw), "says: accepts", "says: objects", 1))
	_, err = evidence.OpenAcceptance(changed, p.known)
	wantError(t, "a changed word", err, "wrong signature")

	both, err := note.Sign(&note.Note{Text: acceptanceText}, p.signer, q.signer)
	if err != nil {
		t.Fatal(err)
	}
	last := len(a.Raw) - 2 // the padding '=' before the newline, or the sign before it
	loose := append([]byte{}, a.Raw...)
	for loose[last] == '=' {
		last--
	}
	loose[last]++ // bits under the padding
	twice := append(append([]byte{}, a.Raw...), a.Raw[len(acceptanceText)+1:]...)
	for name, raw := range map[string][]byte{
		"two signatures": both, "the same twice": twice, "no signature": []byte(acceptanceText), "nothing": nil, "loose base64": loose,
		"too long": []byte(strings.Replace(string(a.Raw), "m-17", strings.Repeat("m", 5000), 1)),
	} {
		if _, err := evidence.ReadAcceptance(raw); err == nil {
			t.Errorf("%s: ReadAcceptance gave no error", name)
		}
		if _, err := evidence.OpenAcceptance(raw, p.known); err == nil {
			t.Errorf("%s: OpenAcceptance gave no error", name)
		}
	}
}

// FuzzAcceptance: whatever is accepted, sealing it again gives the same text.
func FuzzAcceptance(f *testing.F) {
	p := newParty(f, "acme", 5)
	v, err := p.known.Verifier(p.signer.Name(), p.signer.KeyHash())
	if err != nil {
		f.Fatal(err)
	}
	known := note.VerifierList(trusting{v})
	signature := string(resign(f, p, "x\n")[2:])
	f.Add(acceptanceText)
	f.Add(strings.Replace(acceptanceText, "accepts", "objects", 1))
	f.Fuzz(func(t *testing.T, text string) {
		raw := []byte(text + signature)
		a, err := evidence.OpenAcceptance(raw, known)
		read, unverified := evidence.ReadAcceptance(raw)
		if (err == nil) != (unverified == nil) || err == nil && !reflect.DeepEqual(a, read) {
			t.Fatalf("OpenAcceptance = %+v, %v; ReadAcceptance = %+v, %v", a, err, read, unverified)
		}
		if err != nil {
			return
		}
		again, err := evidence.SealAcceptance(a.AcceptanceHeader, p.signer)
		if err != nil || textOf(again.Raw) != textOf(raw) {
			t.Errorf("sealed again: %v\n%s\nwas:\n%s", err, again.Raw, raw)
		}
	})
}
