// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// Files in the state directory of an agent; the last two of one that is enrolled.
const (
	keyFile         = "key"
	headsName       = "heads"
	assignmentFile  = "assignment"
	tlsKeyFile      = "tls.key"
	certificateFile = "tls.crt" // X.509, DER
)

// identity is how an agent shows itself to the collector: by the certificate that was
// issued to it when it enrolled or, where it never did, by one that it makes from its
// signing key.
type identity struct {
	agent   vouch.AgentID
	dir     string
	pin     [sha256.Size]byte
	signing signingKey
	tlsKey  ed25519.PrivateKey // nil: not enrolled

	shown atomic.Pointer[tls.Certificate] // Leaf is set; nil: enrolled, and without a certificate that could be read
}

// openIdentity reads what lies in the state directory.
func openIdentity(dir string, signing signingKey, agent vouch.AgentID, pin [sha256.Size]byte) (*identity, error) {
	i := &identity{agent: agent, dir: dir, pin: pin, signing: signing}
	key, err := readTLSKey(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		cert, err := selfMade(signing, agent)
		i.shown.Store(cert)
		return i, err
	case err != nil:
		return nil, err
	}
	i.tlsKey = key
	if der, err := durable.ReadFile(filepath.Join(dir, certificateFile), enrol.MaxAnswer); err == nil {
		_ = i.present(der) // one that cannot be used is renewed
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return i, nil
}

// present makes a certificate the one that is shown from now on.
func (i *identity) present(der []byte) error {
	leaf, err := enrol.CheckCertificate(der, i.agent, i.tlsKey.Public())
	if err != nil {
		return err
	}
	i.shown.Store(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: i.tlsKey, Leaf: leaf})
	return nil
}

// enrolled reports whether certificates come from the collector.
func (i *identity) enrolled() bool { return i.tlsKey != nil }

// until returns the end of the certificate that was issued; zero for none.
func (i *identity) until() time.Time {
	if c := i.shown.Load(); c != nil && i.enrolled() {
		return c.Leaf.NotAfter.UTC()
	}
	return time.Time{}
}

// config returns the configuration that shows the identity, as it is at each new
// connection, and accepts only the collector that is pinned.
func (i *identity) config() *tls.Config {
	c := pinned(i.pin)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if cert := i.shown.Load(); cert != nil {
			return cert, nil
		}
		return &tls.Certificate{}, nil // none: the collector says what to do
	}
	return c
}

// request returns a request for a certificate, signed; without a secret it renews.
func (i *identity) request(secret vouch.Secret) ([]byte, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: string(i.agent)}}, i.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %v", err)
	}
	return enrol.Request{Agent: i.agent, Pin: i.pin, Key: i.signing.public, Secret: secret, CSR: csr}.Seal(i.signing.signer)
}

// take checks an answer, keeps its certificate on disk, and shows it from now on.
func (i *identity) take(raw []byte) (enrol.Answer, error) {
	a, _, err := enrol.ParseAnswer(raw, i.agent, i.tlsKey.Public())
	if err != nil {
		return a, err
	}
	if err := i.present(a.Certificate); err != nil {
		return a, err
	}
	return a, durable.WriteFile(filepath.Join(i.dir, certificateFile), a.Certificate, 0o600)
}

// selfMade returns a certificate that an agent makes from its signing key.
func selfMade(k signingKey, agent vouch.AgentID) (*tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: string(agent)},
		// It is known by its key, not by a date: a device without a clock must be
		// able to connect.
		NotBefore:   time.Unix(0, 0),
		NotAfter:    time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280 4.1.2.5: none
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private)
	if err != nil {
		return nil, fmt.Errorf("make a client certificate: %v", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k.private, Leaf: template}, nil
}

// pinned returns the configuration that accepts only a server whose public key has the
// SHA-256 pin.
func pinned(pin [sha256.Size]byte) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		// No authority is asked: VerifyConnection compares the key with the pin.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errors.New("the collector presented no certificate")
			}
			if got := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo); got != pin {
				return fmt.Errorf("%w: its pin is sha256:%x, this agent wants sha256:%x; if the collector's key was changed on purpose, change the pin in the agent's file",
					errPin, got, pin)
			}
			return nil
		},
	}
}

// readTLSKey reads the TLS key in dir, which is encoded as the signing key is. A missing
// one is [fs.ErrNotExist].
func readTLSKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, tlsKeyFile)
	raw, err := durable.ReadSecret(path)
	if err != nil {
		return nil, fmt.Errorf("TLS key: %w", err)
	}
	k, err := parseKey(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, fmt.Errorf("TLS key %s: %v; remove it and enrol again", path, err)
	}
	return k.private, nil
}

// openTLSKey reads the TLS key in dir, or makes it.
func openTLSKey(dir string, agent vouch.AgentID) (ed25519.PrivateKey, error) {
	key, err := readTLSKey(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	secret, _, err := evidence.GenerateKey(rand.Reader, string(agent))
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(filepath.Join(dir, tlsKeyFile), []byte(secret+"\n"), 0o600); err != nil {
		return nil, err
	}
	return readTLSKey(dir)
}

// Certificate returns until when the certificate of an agent is good that is enrolled,
// and whether it is. A zero time is a certificate that cannot be read.
func Certificate(stateDir string, agent vouch.AgentID) (until time.Time, enrolled bool, err error) {
	if _, err := os.Stat(filepath.Join(stateDir, tlsKeyFile)); errors.Is(err, fs.ErrNotExist) {
		return until, false, nil
	}
	i, err := openIdentity(stateDir, signingKey{}, agent, [sha256.Size]byte{})
	if err != nil {
		return until, true, err
	}
	return i.until(), true, nil
}
