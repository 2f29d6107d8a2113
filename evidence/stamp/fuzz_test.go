// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"bytes"
	"encoding/asn1"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

var update = flag.Bool("update", false, "make testdata anew, with openssl")

// stored is an answer that openssl made, with the root to trust.
func stored(t testing.TB) (response []byte, trust stamp.Trust) {
	t.Helper()
	const file, roots = "testdata/response.tsr", "testdata/root.pem"
	if *update {
		a := tsatest.Start(t)
		for name, b := range map[string][]byte{file: reply(t, a, request(t, message, nonce, "")), roots: a.Roots} {
			if err := os.WriteFile(name, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	response, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(roots)
	if err != nil {
		t.Fatal(err)
	}
	if trust.Roots, err = stamp.ParseRoots(pem); err != nil {
		t.Fatal(err)
	}
	return response, trust
}

// A stamp is judged as of its own time, so that an old one stays what it was.
func TestStored(t *testing.T) {
	response, trust := stored(t)
	s, err := stamp.Verify(response, message, nonce, trust)
	if err != nil || s.Time.After(time.Now()) || s.Policy != tsatest.Policy {
		t.Errorf("Verify of a stored stamp = %+v, %v, want one of the past", s, err)
	}
}

// FuzzVerify: no answer brings it down, and none that differs says something else.
func FuzzVerify(f *testing.F) {
	response, trust := stored(f)
	want, err := stamp.Verify(response, message, nonce, trust)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(response)
	f.Add([]byte{0x30, 0x82})
	f.Add([]byte{0x3f, 0xff})
	f.Add([]byte{0x30, 0x84, 0x01})
	f.Add([]byte{0x30, 5, 0x30, 3, 2, 1, 0})
	f.Add(append(bytes.Repeat([]byte{0x30, 0x80}, 8<<10), make([]byte, 16<<10)...)) // deep, without lengths
	deep := []byte{5, 0}
	for range 4 << 10 {
		der, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: deep})
		if err != nil {
			f.Fatal(err)
		}
		deep = der
	}
	f.Add(deep)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := stamp.Verify(b, message, nonce, trust); err == nil && got != want {
			t.Errorf("Verify = %+v, want an error, or %+v", got, want)
		}
	})
}

func FuzzRoots(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "1.2.3")
	f.Add("", "2.999.1")
	f.Fuzz(func(t *testing.T, text, policy string) {
		_, _ = stamp.ParseRoots([]byte(text))
		if oid, err := stamp.ParsePolicy(policy); err == nil && oid.String() != policy {
			t.Errorf("ParsePolicy(%q) = %s", policy, oid)
		}
	})
}

func TestRoots(t *testing.T) {
	pem, err := os.ReadFile("testdata/root.pem")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.ParseRoots(append([]byte("a word before it\n"), bytes.Repeat(pem, 2)...)); err != nil {
		t.Errorf("ParseRoots of two certificates: %v", err)
	}
	for name, text := range map[string][]byte{
		"nothing":     nil,
		"no PEM":      []byte("hello"),
		"a key":       []byte("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
		"no DER":      []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
		"one too bad": append(bytes.Clone(pem), []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")...),
		"too large":   append(bytes.Clone(pem), make([]byte, stamp.MaxRoots)...),
	} {
		if _, err := stamp.ParseRoots(text); err == nil {
			t.Errorf("ParseRoots of %s: want an error", name)
		}
	}
	for _, s := range []string{"", "1", "1.", ".1", "1..2", "01.2", "1.2.x", "1.2.-3", "3.1", "0.40", "1.2.99999999999"} {
		if oid, err := stamp.ParsePolicy(s); err == nil {
			t.Errorf("ParsePolicy(%q) = %v, want an error", s, oid)
		}
	}
}
