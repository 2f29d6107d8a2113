// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

var message = []byte("vouch.example.net/anchors\n4\n4lzuvKJ3zpRVaBXnqJuTNjT2R8TXx01873fawMUGOi4=\n")

const nonce = 1<<63 + 12345

func request(t testing.TB, message []byte, nonce uint64, policy string) []byte {
	t.Helper()
	var oid asn1.ObjectIdentifier
	if policy != "" {
		var err error
		if oid, err = stamp.ParsePolicy(policy); err != nil {
			t.Fatal(err)
		}
	}
	der, err := stamp.Request(message, nonce, oid)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func reply(t testing.TB, a *tsatest.Authority, request []byte) []byte {
	t.Helper()
	der, err := a.Reply(request)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func trust(t testing.TB, a *tsatest.Authority) stamp.Trust {
	t.Helper()
	roots, err := stamp.ParseRoots(a.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return stamp.Trust{Roots: roots}
}

// What openssl stamps verifies, by openssl too, and says what it vouches for.
func TestVerify(t *testing.T) {
	a := tsatest.Start(t)
	pinned := trust(t, a)
	var err error
	if pinned.Policy, err = stamp.ParsePolicy(tsatest.OtherPolicy); err != nil {
		t.Fatal(err)
	}
	for _, ess := range []string{"sha1", "sha256", "sha512"} {
		a.ESS(t, ess)
		before := time.Now().Add(-time.Second)
		response := reply(t, a, request(t, message, nonce, tsatest.OtherPolicy))
		s, err := stamp.Verify(response, message, nonce, pinned)
		if err != nil {
			t.Errorf("Verify with %s: %v", ess, err)
			continue
		}
		if s.Time.Before(before) || s.Time.After(time.Now().Add(time.Second)) || s.Time.Location() != time.UTC {
			t.Errorf("Time = %v, want now in UTC", s.Time)
		}
		if want := 1500100 * time.Microsecond; s.Accuracy != want {
			t.Errorf("Accuracy = %v, want %v", s.Accuracy, want)
		}
		if s.Policy != tsatest.OtherPolicy || s.Serial == "" || s.Signer != "CN=Time stamps of a test" {
			t.Errorf("Verify = %+v, want policy %s, a serial number and the signer's name", s, tsatest.OtherPolicy)
		}
		if err := a.Verify(t, message, response); err != nil {
			t.Errorf("openssl does not take the stamp: %v", err)
		}
		// Nobody has to repeat the nonce to read a stamp later.
		if again, err := stamp.Verify(response, message, 0, pinned); err != nil || again != s {
			t.Errorf("Verify without a nonce = %+v, %v, want %+v", again, err, s)
		}
	}
	if s, err := stamp.Verify(reply(t, a, request(t, message, 0, "")), message, 0, trust(t, a)); err != nil || s.Policy != tsatest.Policy {
		t.Errorf("Verify of a stamp without nonce and policy = %+v, %v, want policy %s", s, err, tsatest.Policy)
	}
}

// A stamp that is not what was asked for, or not to be trusted, is refused and says why.
func TestVerifyRefuses(t *testing.T) {
	a, other := tsatest.Start(t), tsatest.Start(t)
	good := reply(t, a, request(t, message, nonce, ""))
	policy := trust(t, a)
	policy.Policy = asn1.ObjectIdentifier{1, 2, 3, 4, 9}
	refused := reply(t, a, request(t, message, nonce, "1.2.3.4.9"))
	tests := []struct {
		name     string
		response []byte
		message  string
		nonce    uint64
		trust    stamp.Trust
		says     string
	}{
		{"another message", good, "another", nonce, trust(t, a), "it stamps something else"},
		{"another nonce", good, string(message), nonce + 1, trust(t, a), "it does not repeat the nonce"},
		{"no nonce", reply(t, a, request(t, message, 0, "")), string(message), nonce, trust(t, a), "it does not repeat the nonce"},
		{"another root", good, string(message), nonce, trust(t, other), "no trusted root vouches"},
		{"no root", good, string(message), nonce, stamp.Trust{}, "no root is trusted"},
		{"an empty set of roots", good, string(message), nonce, stamp.Trust{Roots: x509.NewCertPool()}, "no trusted root vouches"},
		{"another policy", good, string(message), nonce, policy, "it is made under policy 1.2.3.4.1, wanted is 1.2.3.4.9"},
		{"refused by the authority", refused, string(message), nonce, trust(t, a), "the authority refuses: status 2, unaccepted policy"},
		{"nothing", nil, string(message), nonce, trust(t, a), "no TimeStampResp in DER"},
		{"a web page", []byte("<html>"), string(message), nonce, trust(t, a), "no TimeStampResp in DER"},
		{"cut off", good[:len(good)-1], string(message), nonce, trust(t, a), "no TimeStampResp in DER"},
		{"something after it", append(bytes.Clone(good), 0), string(message), nonce, trust(t, a), "something follows it"},
		{"too large", append(bytes.Clone(good), make([]byte, stamp.MaxResponse)...), string(message), nonce, trust(t, a), "at most 65536 are allowed"},
		{"granted without a token", []byte{0x30, 5, 0x30, 3, 2, 1, 0}, string(message), nonce, trust(t, a), "holds no token"},
		{"granted with modifications", bytes.Replace(good, []byte{2, 1, 0}, []byte{2, 1, 1}, 1), string(message), nonce, trust(t, a), "the authority refuses: status 1"},
	}
	for _, tt := range tests {
		s, err := stamp.Verify(tt.response, []byte(tt.message), tt.nonce, tt.trust)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") || s != (stamp.Stamp{}) {
			t.Errorf("%s: Verify = %+v, %v, want one sentence with %q", tt.name, s, err, tt.says)
		}
	}
}

// A certificate that may not stamp times, or not at that time, vouches for nothing.
// openssl stamps with the first; the others it signs as what they are.
func TestCertificates(t *testing.T) {
	tests := []struct {
		name   string
		change func(*x509.Certificate)
		says   string
	}{
		{"expired", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(-2, 0, 0), time.Now().Add(-time.Hour)
		}, "expired or is not yet valid"},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, "expired or is not yet valid"},
		{"without extended key usage", func(c *x509.Certificate) { c.ExtraExtensions = nil }, "not for time stamps alone"},
		{"for other purposes, too", func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{tsatest.Usage(t, true, 8, 3)} }, "not for time stamps alone"},
		{"for another purpose", func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{tsatest.Usage(t, true, 3)} }, "not for time stamps alone"},
		{"not critical", func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{tsatest.Usage(t, false, 8)} }, "not for time stamps alone"},
		{"for encryption", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "not for signatures"},
		{"with a critical extension that nobody knows", func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 77}, Critical: true, Value: []byte{5, 0}})
		}, "unhandled critical extension"},
	}
	for _, tt := range tests {
		a := tsatest.Start(t, tt.change)
		response := signed(t, a, info(t), "-cades")
		if s, err := stamp.Verify(response, message, nonce, trust(t, a)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Verify = %+v, %v, want %q", tt.name, s, err, tt.says)
		}
	}
	a := tsatest.Start(t)
	if _, err := stamp.Verify(signed(t, a, info(t), "-cades"), message, nonce, trust(t, a)); err != nil {
		t.Errorf("Verify of the same with a right certificate: %v", err)
	}
}

// info is what a right authority signs at present: the DER of a TSTInfo.
func info(t testing.TB) []byte {
	t.Helper()
	a := tsatest.Start(t)
	return contentOf(t, a, reply(t, a, request(t, message, nonce, "")))
}

// contentOf is what an answer signs, by openssl.
func contentOf(t testing.TB, a *tsatest.Authority, response []byte) []byte {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.Dir, "in.tsr"), response, 0o600); err != nil {
		t.Fatal(err)
	}
	a.Run(t, "ts", "-reply", "-in", "in.tsr", "-token_out", "-out", "token.der")
	a.Run(t, "cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-out", "info.der")
	der, err := os.ReadFile(filepath.Join(a.Dir, "info.der"))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// signed makes an answer of content that openssl signs with the authority's
// certificate, whatever that is for.
func signed(t *testing.T, a *tsatest.Authority, content []byte, args ...string) []byte {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.Dir, "content.der"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	sign := []string{"cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-in", "content.der", "-outform", "DER", "-out", "token.der"}
	if !slices.Contains(args, "-econtent_type") {
		sign = append(sign, "-econtent_type", "1.2.840.113549.1.9.16.1.4")
	}
	if len(args) == 0 || args[0] != "-signer" {
		sign = append(sign, "-signer", "signer.pem", "-inkey", "signer.key")
	}
	a.Run(t, append(sign, args...)...)
	token, err := os.ReadFile(filepath.Join(a.Dir, "token.der"))
	if err != nil {
		t.Fatal(err)
	}
	return granting(t, token)
}

func granting(t testing.TB, token []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}
