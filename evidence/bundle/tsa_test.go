// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// authority is a time-stamp authority (RFC 3161) that stamps with any time that is
// asked for. The real one, openssl, stands in the tests of evidence/stamp; it cannot be
// told what time it is.
type authority struct {
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	roots *x509.CertPool
	n     int64
}

var (
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
)

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage := must(t)(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}))
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: day(-3650), NotAfter: day(3650),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Time stamps"}, NotBefore: day(-3650), NotAfter: day(3650),
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}
	a := &authority{key: key, roots: x509.NewCertPool()}
	ca, err := x509.ParseCertificate(must(t)(x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)))
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(must(t)(x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key))); err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(ca)
	return a
}

// stamp returns a TimeStampResp for a message.
func (a *authority) stamp(t testing.TB, message []byte, at time.Time) []byte {
	t.Helper()
	type imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	sum := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	raw := func(v any) asn1.RawValue { return asn1.RawValue{FullBytes: must(t)(asn1.Marshal(v))} }
	a.n++
	info := must(t)(asn1.Marshal(struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int64
		Time    time.Time `asn1:"generalized"`
	}{1, asn1.ObjectIdentifier{1, 2, 3, 4, 1}, imprint{sha, sum(message)}, a.n, at.UTC().Truncate(time.Second)}))
	attrs := []attribute{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}, []asn1.RawValue{raw(oidTSTInfo)}},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}, []asn1.RawValue{raw(sum(info))}},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}, []asn1.RawValue{raw(struct{ Certs []struct{ Hash []byte } }{[]struct{ Hash []byte }{{sum(a.cert.Raw)}}})}},
	}
	signed := must(t)(asn1.MarshalWithParams(attrs, "set"))
	sig := must(t)(a.key.Sign(rand.Reader, sum(signed), crypto.SHA256))
	tagged := append([]byte{0xa0}, signed[1:]...)
	type signer struct {
		Version int
		SID     struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}
		Digest    pkix.AlgorithmIdentifier
		Attrs     asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
	}
	s := signer{Version: 1, Digest: sha, Attrs: asn1.RawValue{FullBytes: tagged}, Algorithm: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}, Signature: sig}
	s.SID.Issuer, s.SID.Serial = asn1.RawValue{FullBytes: a.cert.RawIssuer}, a.cert.SerialNumber
	data := struct {
		Version int
		Digests []pkix.AlgorithmIdentifier `asn1:"set"`
		Content struct {
			Type    asn1.ObjectIdentifier
			Content []byte `asn1:"explicit,tag:0"`
		}
		Certificates asn1.RawValue
		Signers      []signer `asn1:"set"`
	}{Version: 3, Digests: []pkix.AlgorithmIdentifier{sha}, Signers: []signer{s}}
	data.Content.Type, data.Content.Content = oidTSTInfo, info
	data.Certificates = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: a.cert.Raw}
	return must(t)(asn1.Marshal(struct {
		Status struct{ Status int }
		Token  struct {
			Type    asn1.ObjectIdentifier
			Content any `asn1:"explicit,tag:0"`
		}
	}{Token: struct {
		Type    asn1.ObjectIdentifier
		Content any `asn1:"explicit,tag:0"`
	}{oidSignedData, data}}))
}

// must returns a function that fails the test on an error.
func must(t testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}
