// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/vouch-sla/vouch"
)

const (
	// certificateLife is how long an agent's certificate is good. It is renewed after a
	// third of that at the earliest, so that a collector that is away over a weekend
	// costs nothing, and ends soon after nobody renews it.
	certificateLife = 7 * 24 * time.Hour
	// certificateEarly is how far a certificate reaches back. Only the collector looks
	// at its dates, so that is for a clock of its own that is set back.
	certificateEarly = time.Hour
)

// authority is the collector as the authority for its agents' certificates (RFC 5280).
// Its key is the one that agents pin, so that one file and one pin are all that there is
// to keep; a process that serves with one key and issues with another would lose both
// together.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate // never sent: agents know the key
}

func newAuthority(key *ecdsa.PrivateKey) authority {
	return authority{key, &x509.Certificate{
		Version: 3, Subject: pkix.Name{CommonName: "vouch agents"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, PublicKeyAlgorithm: x509.ECDSA, PublicKey: key.Public(),
	}}
}

// issue makes a certificate for a TLS key of an agent. It names the signing key that it
// belongs to, and is worth nothing once that one speaks no longer. What the agent wrote
// into its request is not looked at.
func (a authority) issue(agent vouch.AgentID, vkey string, key crypto.PublicKey, now time.Time) (der []byte, until time.Time, err error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, until, fmt.Errorf("make the serial number of a certificate: %v", err)
	}
	until = now.Add(certificateLife).UTC().Truncate(time.Second)
	der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: string(agent), SerialNumber: fingerprint(vkey)},
		NotBefore:    now.Add(-certificateEarly),
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, key, a.key)
	if err != nil {
		return nil, until, fmt.Errorf("make a certificate for agent %s: %v", agent, err)
	}
	return der, until, nil
}

// errExpired is for an agent that has only to renew.
var errExpired = errors.New("the certificate has expired")

// read returns whom a certificate of ours names, and the fingerprint of his signing key.
// An error wraps errExpired where only the dates are wrong.
func (a authority) read(cert *x509.Certificate, now time.Time) (agent vouch.AgentID, signing string, err error) {
	if err := cert.CheckSignatureFrom(a.cert); err != nil {
		return "", "", fmt.Errorf("it was not issued here: %v", err)
	}
	agent, signing = vouch.AgentID(cert.Subject.CommonName), cert.Subject.SerialNumber
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		err = errExpired
	}
	return agent, signing, err
}

// fingerprint is what a certificate names a signing key by.
func fingerprint(vkey string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(vkey))) }
