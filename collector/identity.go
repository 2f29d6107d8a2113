// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// tlsKeyFile holds the key of the collector's TLS certificate, in PKCS #8 PEM, which
// also signs its agents' certificates. Agents pin its public half, so it must outlive
// the certificate, which is made anew from it at every start.
const tlsKeyFile = "tls.key"

// certificate returns the collector's TLS certificate, and the pin by which agents know
// it: the SHA-256 of the public key (SPKI, RFC 7469 section 2.4). The key is made at the
// first start.
func certificate(dir string, now time.Time) (cert tls.Certificate, pin [sha256.Size]byte, err error) {
	key, err := tlsKey(filepath.Join(dir, tlsKeyFile))
	if err != nil {
		return cert, pin, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return cert, pin, fmt.Errorf("make serial number of the collector's certificate: %v", err)
	}
	// Agents check the pinned key, not names or dates; browsers are told the truth
	// all the same. Dates reach back a day because an agent's clock may be behind.
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "vouch collector"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"vouch-collector"},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return cert, pin, fmt.Errorf("make the collector's certificate: %v", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return cert, pin, fmt.Errorf("encode the collector's public key: %v", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sha256.Sum256(spki), nil
}

// Pin returns the pin of the collector whose data directory is dir, and makes its
// key when there is none yet, so that agents can be configured before the first start.
func Pin(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory: %v", err)
	}
	_, pin, err := certificate(dir, time.Now())
	return pinText(pin), err
}

func pinText(pin [sha256.Size]byte) string { return fmt.Sprintf("sha256:%x", pin) }

func tlsKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := durable.ReadSecret(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newTLSKey(path)
	case err != nil:
		return nil, fmt.Errorf("read the collector's TLS key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("read the collector's TLS key: %s holds no PEM block; restore it from a back-up, or remove it and give every agent the new pin", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("read the collector's TLS key: %s holds no ECDSA key; restore it from a back-up, or remove it and give every agent the new pin", path)
	}
	return key, nil
}

func newTLSKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the collector's TLS key: %v", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the collector's TLS key: %v", err)
	}
	if err := durable.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, fmt.Errorf("store the collector's TLS key: %w", err)
	}
	return key, nil
}

// ledgerKeyFile holds the key that signs records and checkpoints: the secret key and
// the public key in the encodings of the note package, a line each.
const ledgerKeyFile = "ledger.key"

// ledgerKeys are what the collector signs with: records under its own name, checkpoints
// under that of the ledger.
type ledgerKeys struct {
	signer   note.Signer
	verifier note.Verifier
	public   string // verifier key, for whoever checks a bundle
	seal     sealer
}

// ledgerKey returns the key of the ledger, and makes it at the first start. Its name is
// the origin; a key of another origin is refused, because the ledger's name is part of
// every signature made before. A ledger that is not fresh has a key: a lost one is never
// replaced by another behind the back of whoever relies on it.
func ledgerKey(dir, origin string, fresh bool) (ledgerKeys, error) {
	path := filepath.Join(dir, ledgerKeyFile)
	raw, err := durable.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) && !fresh {
		return ledgerKeys{}, fmt.Errorf("the key of the ledger is gone: %s does not exist, but the ledger holds entries signed by it; restore the file from a back-up", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		skey, vkey, err := evidence.GenerateKey(rand.Reader, origin)
		if err != nil {
			return ledgerKeys{}, err
		}
		raw = []byte(skey + "\n" + vkey + "\n")
		if err := durable.WriteFile(path, raw, 0o600); err != nil {
			return ledgerKeys{}, fmt.Errorf("store the ledger's key: %w", err)
		}
	} else if err != nil {
		return ledgerKeys{}, fmt.Errorf("read the ledger's key: %w", err)
	}
	secret, public, _ := strings.Cut(string(raw), "\n")
	signer, err := evidence.NewSigner(secret)
	if err != nil {
		return ledgerKeys{}, fmt.Errorf("read the ledger's key %s: %w; restore it from a back-up", path, err)
	}
	verifier, err := evidence.NewVerifier(public)
	if err != nil {
		return ledgerKeys{}, fmt.Errorf("read the ledger's key %s: %w; restore it from a back-up", path, err)
	}
	if signer.Name() != origin {
		return ledgerKeys{}, fmt.Errorf("the ledger in %s was begun as %q, but the collector file says origin %q; set it back", dir, signer.Name(), origin)
	}
	return ledgerKeys{signer, verifier, strings.TrimSpace(public), sealerOf(secret)}, nil
}
