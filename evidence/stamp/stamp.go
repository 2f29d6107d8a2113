// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package stamp asks a time-stamp authority for its word that some bytes existed at a
// time, and checks what it answers: the Time-Stamp Protocol of RFC 3161, over SHA-256.
//
// It is pure: it sends nothing and asks no clock. It holds against an answer made by
// an enemy: sizes are bounded before anything is read, only DER is read (RFC 3161
// section 3.4), and nothing in an answer is believed before its signature. Revocation is
// not looked at: a stamp says when, and whether its authority was still to be trusted
// then is for who pins it.
package stamp

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Media types of a request and of an answer (RFC 3161 section 3.4).
const (
	TypeRequest  = "application/timestamp-query"
	TypeResponse = "application/timestamp-reply"
)

// MaxResponse is the size of the largest answer that is read, in bytes. Answers with
// the certificates of a whole chain take 3,000 to 15,000.
const MaxResponse = 64 << 10

// MaxRoots is the size of the largest file of root certificates, in bytes.
const MaxRoots = 1 << 20

// Trust is what the reader of a stamp trusts, from outside the stamp.
type Trust struct {
	Roots  *x509.CertPool        // certificates of which one vouches for the authority's
	Policy asn1.ObjectIdentifier // the policy that the stamp must be made under; nil for any
}

// ErrUntrusted is for who must tell a stamp of an authority, or under a policy, that he
// does not trust from one that is wrong in itself.
var ErrUntrusted = errors.New("not trusted")

// Stamp is what an authority vouches for.
type Stamp struct {
	Time     time.Time     // by the authority's clock, UTC
	Accuracy time.Duration // by which Time may be off either way; 0 where the stamp does not say
	Policy   string        // object identifier, dotted
	Serial   string        // of the stamp, decimal; unique for the authority
	Signer   string        // subject of the certificate that signed it, for people
}

// Request returns the DER of a request for a stamp of the message. The answer repeats
// the nonce, if it is not 0, which keeps an old answer from being taken for a new one.
// It asks for the authority's certificate, and for a policy unless that is nil.
func Request(message []byte, nonce uint64, policy asn1.ObjectIdentifier) ([]byte, error) {
	sum := sha256.Sum256(message)
	algorithm, err := ParsePolicy(oidSHA256)
	if err != nil {
		return nil, err
	}
	r := timeStampReq{
		Version:        1,
		MessageImprint: messageImprint{pkix.AlgorithmIdentifier{Algorithm: algorithm, Parameters: asn1.NullRawValue}, sum[:]},
		ReqPolicy:      policy,
		CertReq:        true,
	}
	if nonce != 0 {
		r.Nonce = new(big.Int).SetUint64(nonce)
	}
	der, err := asn1.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("make a time-stamp request: %v", err)
	}
	return der, nil
}

// ParseRoots reads certificates in PEM, at least one, of at most [MaxRoots] bytes.
func ParseRoots(text []byte) (*x509.CertPool, error) {
	if len(text) > MaxRoots {
		return nil, fmt.Errorf("%d bytes of certificates: at most %d are allowed", len(text), MaxRoots)
	}
	pool, n := x509.NewCertPool(), 0
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block is of type %.40q, allowed is CERTIFICATE", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %v", n+1, err)
		}
		pool.AddCert(cert)
		n++
	}
	if n == 0 {
		return nil, errors.New("no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return pool, nil
}

// ParsePolicy reads an object identifier, dotted.
func ParsePolicy(s string) (asn1.ObjectIdentifier, error) {
	bad := fmt.Errorf("%.80q is no object identifier, such as 0.4.0.2023.1.1", s)
	part := strings.Split(s, ".")
	if len(part) < 2 || len(part) > 32 {
		return nil, bad
	}
	var out asn1.ObjectIdentifier
	for _, p := range part {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return nil, bad
		}
		out = append(out, int(n))
	}
	if out[0] > 2 || out[0] < 2 && out[1] > 39 {
		return nil, bad
	}
	return out, nil
}
