// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// cosigner is a fixed cosigner's key.
func cosigner(t testing.TB, name string, seed byte) (evidence.Cosigner, note.Verifier, string) {
	t.Helper()
	skey, vkey, err := evidence.GenerateCosignerKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := evidence.NewCosigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewCosignerVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return c, v, vkey
}

// A cosignature that a public witness made of a public log: neither is ours.
func TestForeignCosignature(t *testing.T) {
	const (
		name      = "witness"
		public    = "pTPPKyRu6Q3PoMkeY+/sNni0biF4vnVTYRHbVNA31mY="
		text      = "developers.google.com/android/binary_transparency/google1p/0\n5\nxqaCEZhTGZUuKNA7MpSyxe1WXiiESB2p+crAyzM+Vxo=\n"
		signature = "r0xBJQAAAABnkyoLuHgN5KlIUUpZV9hulwsFcgqV5v1CyeIhBZWdkfOJT0ims1LqbYygO5MEl91CGha5sP79K57P7lIGrz7Qtx8eBw=="
	)
	key, err := base64.StdEncoding.DecodeString(public)
	if err != nil {
		t.Fatal(err)
	}
	key = append([]byte{4}, key...)
	hash := sha256.Sum256(append([]byte(name+"\n"), key...))
	v, err := evidence.NewCosignerVerifier(fmt.Sprintf("%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(key)))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	copy(sig, hash[:4]) // the hash depends on the name, which is not told here
	raw := fmt.Appendf(nil, "%s\n\u2014 %s %s\n", text, name, base64.StdEncoding.EncodeToString(sig))
	const origin = "developers.google.com/android/binary_transparency/google1p/0"
	c, at, err := evidence.OpenCosigned(raw, origin, v)
	if want := time.Date(2025, 1, 24, 5, 50, 3, 0, time.UTC); err != nil || !at.Equal(want) || c.Origin != origin || c.Size != 5 {
		t.Errorf("OpenCosigned = %+v, %v, %v, want 5 leaves at %v", c, at, err, want)
	}
	for i := range text {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, _, err := evidence.OpenCosigned(bad, origin, v); err == nil {
			t.Errorf("OpenCosigned with byte %d changed: want an error", i)
		}
	}
}

func TestCosignature(t *testing.T) {
	c, v, _ := cosigner(t, "witness.example/w1", 7)
	other, _, _ := cosigner(t, "witness.example/w1", 8)
	ledger := newParty(t, "vouch.example.net/anchors", 0x22)
	raw, err := evidence.SealCheckpoint(evidence.Checkpoint{Origin: "vouch.example.net/anchors", Size: 4, Root: evidence.Hash{9}}, ledger.signer)
	if err != nil {
		t.Fatal(err)
	}
	line := func(c evidence.Cosigner, raw []byte, at time.Time) string {
		t.Helper()
		text := raw[:bytes.Index(raw, []byte("\n\n"))+1]
		signed, err := note.Sign(&note.Note{Text: string(text)}, c.At(at))
		if err != nil {
			t.Fatal(err)
		}
		return string(signed[len(text)+1:])
	}
	at := t0.Add(1500 * time.Millisecond)
	mine, theirs := line(c, raw, at), line(other, raw, at)

	got, err := evidence.AddCosignature(raw, []byte(theirs+mine), v)
	if want := string(raw) + mine; err != nil || string(got) != want {
		t.Fatalf("AddCosignature = %q, %v, want %q", got, err, want)
	}
	cp, when, err := evidence.OpenCosigned(got, "vouch.example.net/anchors", v)
	if want := at.Truncate(time.Second); err != nil || !when.Equal(want) || cp.Size != 4 || cp.Root != (evidence.Hash{9}) {
		t.Errorf("OpenCosigned = %+v, %v, %v, want 4 leaves at %v", cp, when, err, want)
	}
	if _, _, err := evidence.OpenCosigned(got, "vouch.example.net/acme", v); err == nil {
		t.Error("OpenCosigned for another ledger: want an error")
	}
	if cp, err := evidence.OpenCheckpoint(got, "vouch.example.net/anchors", ledger.known); err != nil || cp.Size != 4 {
		t.Errorf("OpenCheckpoint of a cosigned checkpoint = %+v, %v, want 4 leaves", cp, err)
	}

	grown := bytes.Replace(raw, []byte("\n4\n"), []byte("\n5\n"), 1)
	loose := strings.TrimSuffix(mine, "==\n")
	for name, lines := range map[string]string{
		"nothing":                       "",
		"no signature line":             "hello\n",
		"another key's line":            theirs,
		"the ledger's own line again":   string(raw[bytes.Index(raw, []byte("\n\n"))+2:]),
		"a cosignature of another size": line(c, grown, at),
		"cut off":                       mine[:len(mine)-9] + "\n",
		"without its padding":           loose + "\n",
		"a text and a note of its own":  "\nmore\n\n" + mine,
	} {
		if got, err := evidence.AddCosignature(raw, []byte(lines), v); err == nil {
			t.Errorf("AddCosignature of %s = %q, want an error", name, got)
		}
	}
	if _, err := evidence.AddCosignature(raw, bytes.Repeat([]byte("x"), evidence.MaxNote), v); err == nil {
		t.Error("AddCosignature of more than a note holds: want an error")
	}
	if _, err := c.At(time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)).Sign([]byte("a\n")); err == nil {
		t.Error("Sign in the year 2262: want an error")
	}
}

// A key of one type is never taken for one of another, nor a damaged one for a key.
func TestCosignerKeys(t *testing.T) {
	skey, vkey, err := evidence.GenerateCosignerKey(bytes.NewReader(make([]byte, 32)), "w")
	if err != nil {
		t.Fatal(err)
	}
	plain := newParty(t, "w", 1)
	part := strings.Split(vkey, "+")
	for name, k := range map[string]string{
		"empty": "", "a name": "w", "a plain key": plain.vkey, "another hash": "w+00000000+" + part[2], "a hash of seven": "w+" + part[1][1:] + "+" + part[2],
		"another name": "v+" + part[1] + "+" + part[2], "a name with a space": "w w+" + part[1] + "+" + part[2], "cut off": vkey[:len(vkey)-4],
	} {
		if _, err := evidence.NewCosignerVerifier(k); err == nil {
			t.Errorf("NewCosignerVerifier of %s: want an error", name)
		}
		if _, err := evidence.NewCosigner("PRIVATE+KEY+" + k); err == nil {
			t.Errorf("NewCosigner of %s: want an error", name)
		}
	}
	if _, err := evidence.NewCosigner(strings.TrimPrefix(skey, "PRIVATE+KEY+")); err == nil {
		t.Error("NewCosigner of a key that does not say that it is secret: want an error")
	}
	if _, err := evidence.NewVerifier(vkey); err == nil {
		t.Error("NewVerifier of a cosigner's key: want an error")
	}
	c, err := evidence.NewCosigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v", c.At(t0)), fmt.Sprintf("%+v", []evidence.Cosigner{c})} {
		if !strings.Contains(s, "[redacted]") || strings.Contains(s, "59 106 39") {
			t.Errorf("a cosigner prints as %q: want its key redacted", s)
		}
	}
	_, err = evidence.NewCosigner(skey + "x")
	if err == nil || strings.Contains(err.Error(), "AAAA") {
		t.Errorf("NewCosigner of a damaged key = %v: want an error that does not show it", err)
	}
}
