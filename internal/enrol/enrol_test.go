// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package enrol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/enrol"
)

var secret = vouch.Secret(base64.RawURLEncoding.EncodeToString([]byte("abcdefghijklmnopqrstuvwx")))

func pin() (p [32]byte) {
	for i := range p {
		p[i] = byte(i + 1)
	}
	return p
}

func TestJoin(t *testing.T) {
	for _, address := range []string{"collector.example.net:7443", "192.0.2.1:443", "[2001:db8::1]:7443"} {
		j := enrol.Join{Agent: "ams1-a", Address: address, Pin: pin(), Secret: secret}
		got, err := enrol.ParseJoin(" " + j.Encode() + "\n")
		if err != nil || got != j {
			t.Errorf("ParseJoin(%s) = %+v, %v, want %+v", j.Encode(), got, err, j)
		}
	}
	good := enrol.Join{Agent: "ams1-a", Address: "c:1", Pin: pin(), Secret: secret}.Encode()
	part := strings.Split(good, ",")
	with := func(i int, s string) string {
		p := strings.Split(good, ",")
		p[i] = s
		return strings.Join(p, ",")
	}
	for name, bad := range map[string]string{
		"nothing":                 "",
		"another format":          with(0, "vouch2"),
		"cut off":                 good[:len(good)-1],
		"cut off after the pin":   strings.Join(part[:4], ","),
		"more":                    good + ",x",
		"huge":                    with(2, strings.Repeat("a", 2000)+":1"),
		"an agent that is none":   with(1, "../x"),
		"no port":                 with(2, "c"),
		"port 0":                  with(2, "c:0"),
		"a port with zeroes":      with(2, "c:01"),
		"a user in the address":   with(2, "evil@c:1"),
		"a path in the address":   with(2, "c/x:1"),
		"no host":                 with(2, ":1"),
		"a short pin":             with(3, part[3][:40]),
		"a pin of zeroes":         with(3, base64.RawURLEncoding.EncodeToString(make([]byte, 32))),
		"a pin with spare bits":   with(3, part[3][:42]+"B"),
		"a secret of other bytes": with(4, "@@@@"),
	} {
		if j, err := enrol.ParseJoin(bad); err == nil || strings.Contains(err.Error(), string(secret)) {
			t.Errorf("ParseJoin(%s) = %+v, %v, want an error without the secret", name, j, err)
		}
	}
	if s := fmt.Sprintf("%v %+v", enrol.Join{Secret: secret}, enrol.Join{Secret: secret}); strings.Contains(s, string(secret)) {
		t.Errorf("a join string prints its secret: %s", s)
	}
}

// party is an agent: a signing key and a TLS key.
type party struct {
	vkey   string
	signer note.Signer
	tls    crypto.Signer
}

func newParty(t testing.TB, name string) party {
	t.Helper()
	skey, vkey, err := evidence.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return party{vkey, signer, key}
}

func csrOf(t testing.TB, key crypto.Signer, name pkix.Name) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (p party) request(t testing.TB) enrol.Request {
	return enrol.Request{Agent: "ams1-a", Pin: pin(), Key: p.vkey, Secret: secret, CSR: csrOf(t, p.tls, pkix.Name{})}
}

func TestRequest(t *testing.T) {
	p := newParty(t, "ams1-a")
	for _, s := range []vouch.Secret{secret, ""} {
		want := p.request(t)
		want.Secret = s
		raw, err := want.Seal(p.signer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := enrol.Open(raw)
		if err != nil || got.Agent != want.Agent || got.Pin != want.Pin || got.Key != want.Key || got.Secret != s || !p.tls.Public().(ed25519.PublicKey).Equal(got.TLSKey) {
			t.Errorf("Open(Seal(%+v)) = %+v, %v", want, got, err)
		}
		// Every byte that says something counts. (The note package passes over the spare
		// bits of the base64 of a signature.)
		for i := range len(raw) - 4 {
			x := append([]byte{}, raw...)
			x[i] ^= 1
			if got, err := enrol.Open(x); err == nil {
				t.Errorf("Open with byte %d changed = %+v, want an error", i, got)
			}
		}
	}
}

func TestRequestRefused(t *testing.T) {
	p, other := newParty(t, "ams1-a"), newParty(t, "ams1-a")
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := func(r enrol.Request) string {
		return fmt.Sprintf("vouch/enrol v1\nagent: %s\npin: sha256:%x\nkey: %s\nsecret: %s\ncsr: %s\n", r.Agent, r.Pin, r.Key, string(r.Secret), base64.StdEncoding.EncodeToString(r.CSR))
	}
	sign := func(text string, signers ...note.Signer) []byte {
		raw, err := note.Sign(&note.Note{Text: text}, signers...)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := text(p.request(t))
	if _, err := enrol.Open(sign(good, p.signer)); err != nil {
		t.Fatalf("Open of what this test signs = %v", err)
	}
	with := func(change func(*enrol.Request)) []byte {
		r := p.request(t)
		change(&r)
		return sign(text(r), p.signer)
	}
	forged := csrOf(t, p.tls, pkix.Name{})
	forged[len(forged)-1] ^= 1
	for name, raw := range map[string][]byte{
		"nothing":                    nil,
		"no note":                    []byte("hello\n"),
		"huge":                       []byte(strings.Repeat("x", 10_000)),
		"signed with another key":    sign(good, other.signer),
		"a heartbeat's first line":   sign(strings.Replace(good, "vouch/enrol v1", "vouch/batch v1", 1), p.signer),
		"a line more":                sign(good+"customer: acme\n", p.signer),
		"lines in another order":     sign(strings.Replace(good, "agent: ams1-a\n", "", 1)+"agent: ams1-a\n", p.signer),
		"another agent's name":       with(func(r *enrol.Request) { r.Agent = "bru1-a" }),
		"an agent that is none":      with(func(r *enrol.Request) { r.Agent = "a b" }),
		"another agent's key":        with(func(r *enrol.Request) { r.Key = other.vkey }),
		"a secret that is none":      with(func(r *enrol.Request) { r.Secret = "x" }),
		"no CSR":                     with(func(r *enrol.Request) { r.CSR = []byte("x") }),
		"a CSR that is forged":       with(func(r *enrol.Request) { r.CSR = forged }),
		"a CSR of another kind":      with(func(r *enrol.Request) { r.CSR = csrOf(t, large, pkix.Name{}) }),
		"a CSR that is too large":    with(func(r *enrol.Request) { r.CSR = csrOf(t, p.tls, pkix.Name{CommonName: strings.Repeat("x", 3000)}) }),
		"upper-case digits in a pin": sign(strings.Replace(good, "0a0b", "0A0b", 1), p.signer),
	} {
		if r, err := enrol.Open(raw); err == nil || strings.Contains(err.Error(), string(secret)) {
			t.Errorf("Open(%s) = %+v, %v, want an error without the secret", name, r, err)
		}
	}
	// The signing key cannot be the TLS key, too.
	_, seed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := note.NewEd25519VerifierKey("ams1-a", seed.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	skey := "PRIVATE+KEY+ams1-a+" + strings.Split(vkey, "+")[1] + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed.Seed()...))
	signer, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	r := enrol.Request{Agent: "ams1-a", Pin: pin(), Key: vkey, Secret: secret, CSR: csrOf(t, seed, pkix.Name{})}
	raw, err := r.Seal(signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := enrol.Open(raw); err == nil || !strings.Contains(err.Error(), "they must be two") {
		t.Errorf("Open with one key for both = %v, want that they must be two", err)
	}
}

func certificate(t testing.TB, name string, key crypto.PublicKey) []byte {
	t.Helper()
	_, ca, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotAfter: time.Unix(1<<31, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key, ca)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAnswer(t *testing.T) {
	p, other := newParty(t, "ams1-a"), newParty(t, "ams1-a")
	encode := func(a enrol.Answer) []byte {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := enrol.Answer{Location: "ams1", Certificate: certificate(t, "ams1-a", p.tls.Public())}
	a, cert, err := enrol.ParseAnswer(encode(good), "ams1-a", p.tls.Public())
	if err != nil || a.Location != "ams1" || cert.SerialNumber.Int64() != 7 {
		t.Errorf("ParseAnswer = %+v, %v, want the certificate", a, err)
	}
	for name, raw := range map[string][]byte{
		"nothing":               nil,
		"no JSON":               []byte("<html>"),
		"huge":                  []byte(strings.Repeat(" ", 9000)),
		"no location":           encode(enrol.Answer{Certificate: good.Certificate}),
		"no certificate":        encode(enrol.Answer{Location: "ams1"}),
		"another key":           encode(enrol.Answer{Location: "ams1", Certificate: certificate(t, "ams1-a", other.tls.Public())}),
		"another agent":         encode(enrol.Answer{Location: "ams1", Certificate: certificate(t, "bru1-a", p.tls.Public())}),
		"a key behind the last": encode(enrol.Answer{Location: "ams1", Certificate: append([]byte{}, append(good.Certificate, 0)...)}),
	} {
		if a, _, err := enrol.ParseAnswer(raw, "ams1-a", p.tls.Public()); err == nil {
			t.Errorf("ParseAnswer(%s) = %+v, nil, want an error", name, a)
		}
	}
}

func FuzzParseJoin(f *testing.F) {
	f.Add(enrol.Join{Agent: "ams1-a", Address: "[2001:db8::1]:7443", Pin: pin(), Secret: secret}.Encode())
	f.Add("vouch1,a,c:1,,")
	f.Fuzz(func(t *testing.T, s string) {
		j, err := enrol.ParseJoin(s)
		if err == nil && j.Encode() != strings.TrimSpace(s) {
			t.Errorf("ParseJoin(%q).Encode() = %q, want what was read", s, j.Encode())
		}
	})
}

func FuzzOpen(f *testing.F) {
	p := newParty(f, "ams1-a")
	raw, err := p.request(f).Seal(p.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := enrol.Open(raw)
		if err != nil {
			return
		}
		// What is taken is signed by its own keys and within bounds.
		if vouch.ValidID(string(r.Agent)) != nil || r.TLSKey == nil || len(raw) > enrol.MaxRequest {
			t.Errorf("Open(%q) = %+v", raw, r)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	p := newParty(f, "ams1-a")
	raw, err := json.Marshal(enrol.Answer{Location: "ams1", Certificate: certificate(f, "ams1-a", p.tls.Public())})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, cert, err := enrol.ParseAnswer(raw, "ams1-a", p.tls.Public())
		if err == nil && (cert == nil || cert.Subject.CommonName != "ams1-a" || a.Location == "") {
			t.Errorf("ParseAnswer(%q) = %+v, %v", raw, a, cert)
		}
	})
}
