// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxCertificates bounds the certificates in a token.
const maxCertificates = 16

// maxRSA bounds an RSA key in bits, so that a signature is checked in milliseconds.
const maxRSA = 16384

// token is what a token holds, nothing of it verified yet.
type token struct {
	content      []byte // the DER of info, which is what is signed
	info         tstInfo
	signer       signerInfo
	attributes   map[string][]byte // signed attributes by their type
	certificates []*x509.Certificate
}

func parseCertificates(set asn1.RawValue) (out []*x509.Certificate, err error) {
	for rest := set.Bytes; len(rest) > 0; {
		var raw asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &raw); err != nil {
			return nil, fmt.Errorf("the token's certificates cannot be read: %v", err)
		}
		if raw.Class != asn1.ClassUniversal {
			continue // attribute certificates and the like (RFC 5652 section 10.2.2)
		}
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate in the token cannot be read: %v", err)
		}
		if k, ok := cert.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() > maxRSA {
			return nil, fmt.Errorf("a certificate in the token has an RSA key of %d bits: at most %d are allowed", k.N.BitLen(), maxRSA)
		}
		if out = append(out, cert); len(out) > maxCertificates {
			return nil, fmt.Errorf("the token holds more than %d certificates", maxCertificates)
		}
	}
	return out, nil
}

// verifySignature checks the signature (RFC 5652 section 5.4) and that the token names
// the certificate that made it (RFC 3161 section 2.4.2), which it returns.
func (t token) verifySignature() (*x509.Certificate, error) {
	cert, err := t.signerCertificate()
	if err != nil {
		return nil, err
	}
	hash, err := hashOf(t.signer.DigestAlgorithm.Algorithm)
	if err != nil {
		return nil, err
	}
	var contentType asn1.ObjectIdentifier
	if err := unmarshal(t.attributes[oidContentType], &contentType); err != nil || contentType.String() != oidTSTInfo {
		return nil, errors.New("the signature does not say that it is one of a time stamp (attribute content type)")
	}
	var digest []byte
	if err := unmarshal(t.attributes[oidMessageDigest], &digest); err != nil || subtle.ConstantTimeCompare(digest, sum(hash, t.content)) != 1 {
		return nil, errors.New("the signature is one of something else (attribute message digest)")
	}
	algorithm, err := t.algorithm(hash)
	if err != nil {
		return nil, err
	}
	// Signed is the SET OF attributes, which the token holds under another tag.
	signed := bytes.Clone(t.signer.SignedAttrs.FullBytes)
	signed[0] = asn1.TagSet | 0x20
	if err := cert.CheckSignature(algorithm, signed, t.signer.Signature); err != nil {
		return nil, fmt.Errorf("wrong signature: %v", err)
	}
	return cert, t.namesSigner(cert)
}

// signerCertificate finds the certificate that the signer says is his.
func (t token) signerCertificate() (*x509.Certificate, error) {
	sid := t.signer.SID
	var id issuerAndSerial
	byKey := sid.Class == asn1.ClassContextSpecific && sid.Tag == 0
	if !byKey {
		if err := unmarshal(sid.FullBytes, &id); err != nil {
			return nil, fmt.Errorf("the signer's name cannot be read: %v", err)
		}
	}
	for _, c := range t.certificates {
		if byKey && len(sid.Bytes) > 0 && bytes.Equal(c.SubjectKeyId, sid.Bytes) ||
			!byKey && c.SerialNumber.Cmp(id.Serial) == 0 && bytes.Equal(c.RawIssuer, id.Issuer.FullBytes) {
			return c, nil
		}
	}
	return nil, fmt.Errorf("the signer's certificate is not among the %d in the token", len(t.certificates))
}

// namesSigner checks the attribute that binds the signature to one certificate, so
// that no other certificate for the same key can be put in its place: version 1
// (SHA-1), version 2, or both (RFC 5816 section 2.2.1).
func (t token) namesSigner(cert *x509.Certificate) error {
	v1, has1 := t.attributes[oidSigningCert]
	v2, has2 := t.attributes[oidSigningCertV2]
	if !has1 && !has2 {
		return errors.New("the signature does not name its certificate (attribute signing certificate)")
	}
	wrong := errors.New("the signature names another certificate than the one that made it")
	if has1 {
		var s signingCertificate
		if err := unmarshal(v1, &s); err != nil || len(s.Certs) == 0 {
			return fmt.Errorf("the attribute signing certificate cannot be read: %v", err)
		}
		if h := sha1.Sum(cert.Raw); !bytes.Equal(s.Certs[0].Hash, h[:]) || !s.Certs[0].IssuerSerial.of(cert) {
			return wrong
		}
	}
	if has2 {
		var s signingCertificateV2
		if err := unmarshal(v2, &s); err != nil || len(s.Certs) == 0 {
			return fmt.Errorf("the attribute signing certificate v2 cannot be read: %v", err)
		}
		h := sha256.Sum256(cert.Raw)
		want := h[:]
		if a := s.Certs[0].HashAlgorithm.Algorithm; a != nil {
			hash, err := hashOf(a)
			if err != nil {
				return err
			}
			want = sum(hash, cert.Raw)
		}
		if !bytes.Equal(s.Certs[0].Hash, want) || !s.Certs[0].IssuerSerial.of(cert) {
			return wrong
		}
	}
	return nil
}

// of reports whether the name is that of a certificate; one that was left out is.
func (n essIssuerSerial) of(cert *x509.Certificate) bool {
	if n.Serial == nil {
		return true
	}
	var name asn1.RawValue // GeneralName: [4] EXPLICIT Name
	if _, err := asn1.Unmarshal(n.Issuer.Bytes, &name); err != nil || name.Class != asn1.ClassContextSpecific || name.Tag != 4 {
		return false
	}
	return n.Serial.Cmp(cert.SerialNumber) == 0 && bytes.Equal(name.Bytes, cert.RawIssuer)
}

// mayStamp checks that a certificate may sign time stamps and nothing else: its
// extended key usage is that one alone and critical (RFC 3161 section 2.3).
func mayStamp(cert *x509.Certificate) error {
	critical := slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool {
		return e.Critical && e.Id.String() == oidExtKeyUsage
	})
	if !critical || len(cert.UnknownExtKeyUsage) > 0 || !slices.Equal(cert.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		return errors.New("the signer's certificate is not for time stamps alone (extended key usage timeStamping, critical)")
	}
	if u := cert.KeyUsage; u != 0 && u&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return errors.New("the signer's certificate is not for signatures (key usage)")
	}
	return nil
}

// chain checks that one of the roots vouched for the certificate at that time.
func (t token) chain(cert *x509.Certificate, roots *x509.CertPool, at time.Time) error {
	between := x509.NewCertPool()
	for _, c := range t.certificates {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("%w: no trusted root vouches for the signer's certificate at %s: %v", ErrUntrusted, at.Format(time.RFC3339), err)
	}
	return nil
}

// algorithm returns how the signature is made. SHA-1 and what is older is not taken.
func (t token) algorithm(digest crypto.Hash) (x509.SignatureAlgorithm, error) {
	type pair struct {
		oid    string
		digest crypto.Hash
	}
	known := map[pair]x509.SignatureAlgorithm{
		{oidRSA, crypto.SHA256}: x509.SHA256WithRSA, {oidRSA, crypto.SHA384}: x509.SHA384WithRSA, {oidRSA, crypto.SHA512}: x509.SHA512WithRSA,
		{oidRSASHA256, crypto.SHA256}: x509.SHA256WithRSA, {oidRSASHA384, crypto.SHA384}: x509.SHA384WithRSA, {oidRSASHA512, crypto.SHA512}: x509.SHA512WithRSA,
		{oidRSAPSS, crypto.SHA256}: x509.SHA256WithRSAPSS, {oidRSAPSS, crypto.SHA384}: x509.SHA384WithRSAPSS, {oidRSAPSS, crypto.SHA512}: x509.SHA512WithRSAPSS,
		{oidECDSASHA256, crypto.SHA256}: x509.ECDSAWithSHA256, {oidECDSASHA384, crypto.SHA384}: x509.ECDSAWithSHA384, {oidECDSASHA512, crypto.SHA512}: x509.ECDSAWithSHA512,
		{oidEd25519, crypto.SHA512}: x509.PureEd25519,
	}
	oid := t.signer.SignatureAlgorithm.Algorithm.String()
	if a, ok := known[pair{oid, digest}]; ok {
		return a, nil
	}
	return 0, fmt.Errorf("signature algorithm %.200s with digest %s is not known here", oid, digest)
}

// hashOf returns the hash with that identifier.
func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch oid.String() {
	case oidSHA256:
		return crypto.SHA256, nil
	case oidSHA384:
		return crypto.SHA384, nil
	case oidSHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("hash %.200s is not known here: known are SHA-256, SHA-384 and SHA-512", oid)
}

func sum(h crypto.Hash, b []byte) []byte {
	x := h.New()
	_, _ = x.Write(b) // a hash takes everything
	return x.Sum(nil)
}
