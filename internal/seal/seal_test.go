// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/seal"
)

func newKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newSigner(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func TestSealedSecretOpensForItsAgentAndNameAlone(t *testing.T) {
	k, other := newKey(t), newKey(t)
	secret := []byte(`{"community":"CANARY"}`)
	sealed, err := seal.Seal(k.Public(), "ams1-a", "lab", secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("CANARY")) {
		t.Error("the sealed secret holds the secret")
	}
	if got, err := k.Open("ams1-a", "lab", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("Open = %q, %v, want the secret", got, err)
	}
	again, err := seal.Seal(k.Public(), "ams1-a", "lab", secret)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("a secret sealed twice is the same, or %v", err)
	}
	if longer, err := seal.Seal(k.Public(), "ams1-a", "lab", append(secret, secret...)); err != nil || len(longer) != len(sealed) {
		t.Errorf("a secret of twice the length has %d bytes sealed, %v, want %d like the other", len(longer), err, len(sealed))
	}
	for what, open := range map[string]func() ([]byte, error){
		"another agent":  func() ([]byte, error) { return k.Open("ams1-b", "lab", sealed) },
		"another name":   func() ([]byte, error) { return k.Open("ams1-a", "core", sealed) },
		"shifted names":  func() ([]byte, error) { return k.Open("ams1", "a\nlab", sealed) },
		"another key":    func() ([]byte, error) { return other.Open("ams1-a", "lab", sealed) },
		"nothing":        func() ([]byte, error) { return k.Open("ams1-a", "lab", nil) },
		"more than fits": func() ([]byte, error) { return k.Open("ams1-a", "lab", make([]byte, seal.MaxSealed+1)) },
	} {
		if got, err := open(); !errors.Is(err, seal.ErrOpen) || got != nil {
			t.Errorf("opened for %s: %q, %v, want ErrOpen", what, got, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := k.Open("ams1-a", "lab", bad); err == nil {
			t.Fatalf("opened with byte %d changed: %q", i, got)
		}
	}
	for _, bad := range [][]byte{nil, []byte("ends in a space "), make([]byte, seal.MaxSecret+1)} {
		if _, err := seal.Seal(k.Public(), "ams1-a", "lab", bad); err == nil {
			t.Errorf("Seal of %d bytes succeeded", len(bad))
		}
	}
	if _, err := seal.Seal(seal.Public{}, "ams1-a", "lab", secret); err == nil {
		t.Error("Seal to a key of small order succeeded") // RFC 9180 section 7.1.4
	}
}

func TestKeyIsWrittenAndReadAndNeverPrinted(t *testing.T) {
	k := newKey(t)
	text, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := seal.ParseKey(text)
	if err != nil || back.Public() != k.Public() {
		t.Errorf("ParseKey(Encode) = %v, another public key or %v", back.Public(), err)
	}
	for _, f := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(f, k); got != "[redacted]" {
			t.Errorf("a key printed with %s shows as %q", f, got)
		}
	}
	for _, bad := range []string{"", "x", text[:len(text)-4], strings.ToLower(text), text + "A"} {
		if _, err := seal.ParseKey(bad); err == nil || strings.Contains(err.Error(), text[30:]) {
			t.Errorf("ParseKey of what is no key = %v", err)
		}
	}
}

func TestStatement(t *testing.T) {
	k := newKey(t)
	signer, verifier := newSigner(t, "ams1-a")
	stranger, _ := newSigner(t, "ams1-a")
	raw, err := seal.Statement(k.Public(), "ams1-a", signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seal.OpenStatement(raw, "ams1-a", verifier); err != nil || got != k.Public() {
		t.Errorf("OpenStatement = %x, %v, want the key", got, err)
	}
	signed := func(by note.Signer, text string) []byte {
		n, err := note.Sign(&note.Note{Text: text}, by)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	text := string(raw[:bytes.Index(raw, []byte("\n\n"))+1])
	for what, bad := range map[string][]byte{
		"nothing":                {},
		"no note":                []byte("hello"),
		"by another key":         signed(stranger, text),
		"of another agent":       signed(signer, strings.Replace(text, "ams1-a", "ams1-b", 1)),
		"a note of another kind": signed(signer, strings.Replace(text, "seal-key", "heartbeat", 1)),
		"a line more":            signed(signer, text+"more\n"),
		"a key that is too long": signed(signer, strings.Replace(text, "=\n", "A=\n", 1)),
		"another spelling":       signed(signer, strings.Replace(text, "x25519 ", "x25519  ", 1)),
		"too long":               append(bytes.Clone(raw), make([]byte, seal.MaxStatement)...),
	} {
		if got, err := seal.OpenStatement(bad, "ams1-a", verifier); err == nil {
			t.Errorf("%s: OpenStatement = %x, want it refused", what, got)
		}
	}
}

// Keys of the fuzz tests: the same in every run, so that what was found stays of use.
const (
	fuzzSeal = "VOUCH-SEAL-KEY-X25519+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	fuzzSign = "PRIVATE+KEY+ams1-a+ac6e196e+AVwFW68A3xGWleqJ9btP3y+cmOm53McWkpV/5DyES5J+"
	fuzzRead = "ams1-a+ac6e196e+AdkxBegZJ49PPYZDcfPN0dR8LaHEZqRSYdRkPhi2TMkp"
)

func fuzzKeys(t testing.TB) (seal.Key, note.Signer, note.Verifier) {
	t.Helper()
	k, err := seal.ParseKey(fuzzSeal)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(fuzzSign)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(fuzzRead)
	if err != nil {
		t.Fatal(err)
	}
	return k, signer, verifier
}

func FuzzOpen(f *testing.F) {
	k, _, _ := fuzzKeys(f)
	sealed, err := seal.Seal(k.Public(), "ams1-a", "lab", []byte("public"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(sealed)
	f.Add(sealed[:48])
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := k.Open("ams1-a", "lab", in); err != nil {
			return
		}
		in[len(in)-1] ^= 1
		if got, err := k.Open("ams1-a", "lab", in); err == nil {
			t.Errorf("opened what was changed: %q", got)
		}
	})
}

func FuzzStatement(f *testing.F) {
	k, signer, verifier := fuzzKeys(f)
	raw, err := seal.Statement(k.Public(), "ams1-a", signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, "")
	f.Add([]byte("vouch/seal-key v1\nagent ams1-a\n"), "x25519 AAAA\n")
	// What is signed is the fuzzer's, too: past the signature stands the parser.
	f.Fuzz(func(t *testing.T, in []byte, text string) {
		if key, err := seal.OpenStatement(in, "ams1-a", verifier); err == nil && key != k.Public() {
			t.Errorf("a statement that nobody signed names %x", key)
		}
		n, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			return
		}
		key, err := seal.OpenStatement(n, "ams1-a", verifier)
		if err != nil {
			return
		}
		back, err := seal.Statement(key, vouch.AgentID("ams1-a"), signer)
		if err != nil || !bytes.Equal(back, n) {
			t.Errorf("a statement has two spellings: %q", text)
		}
	})
}
