// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Where a request goes, and its bounds.
const (
	Path        = "/agent/v1/certificate" // POST a request; Answer
	TypeRequest = "application/vnd.vouch.enrol"
	MaxRequest  = 8 << 10 // bytes
	maxCSR      = 2 << 10 // bytes, DER
)

// requestFormat is the first line of a request. No batch, gap, heartbeat or record
// begins so: a signature under one of those is none under a request.
const requestFormat = "vouch/enrol v1"

// Request asks for a certificate: with the secret of a join string, which enrols the
// signing key, or without one, which renews by a key that is enrolled.
type Request struct {
	Agent  vouch.AgentID
	Pin    [sha256.Size]byte // of the collector that the agent means to speak to
	Key    string            // the agent's signing key, "name+hash+base64"
	Secret vouch.Secret      // empty to renew
	CSR    []byte            // PKCS #10 (RFC 2986), DER; signed with the TLS key, of which nothing else is used
	TLSKey crypto.PublicKey  // of the CSR; set by [Open]
}

// Seal returns the request signed with the agent's signing key, which proves that the
// agent has it. The signature covers the TLS key, the collector and the secret, so that
// nothing of it can be used elsewhere. The request is a C2SP signed note.
func (r Request) Seal(signer note.Signer) ([]byte, error) {
	var b bytes.Buffer
	secret := string(r.Secret)
	if secret == "" {
		secret = "-"
	}
	fmt.Fprintf(&b, "%s\nagent: %s\npin: sha256:%x\nkey: %s\nsecret: %s\ncsr: %s\n", requestFormat, r.Agent, r.Pin, r.Key, secret,
		base64.StdEncoding.EncodeToString(r.CSR))
	raw, err := note.Sign(&note.Note{Text: b.String()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the request for a certificate: %v", err)
	}
	return raw, nil
}

// Open bounds, reads and verifies a request: that it is signed with the signing key and
// the CSR with the TLS key. Whether the keys may have what they ask for is for the caller
// to decide. Its errors never show the secret.
func Open(raw []byte) (Request, error) {
	if len(raw) > MaxRequest {
		return Request{}, fmt.Errorf("request of %d bytes, at most %d are allowed", len(raw), MaxRequest)
	}
	end := bytes.LastIndex(raw, []byte("\n\n"))
	if end < 0 || !utf8.Valid(raw) {
		return Request{}, errors.New("it is no signed request")
	}
	r, err := parse(string(raw[:end+1]))
	if err != nil {
		return Request{}, err
	}
	verifier, err := evidence.NewVerifier(r.Key)
	switch {
	case err != nil:
		return Request{}, fmt.Errorf("signing key: %v", err)
	case verifier.Name() != string(r.Agent):
		return Request{}, fmt.Errorf("the signing key is named %.80q, the request is agent %s's", verifier.Name(), r.Agent)
	}
	if _, err := note.Open(raw, note.VerifierList(verifier)); err != nil {
		return Request{}, errors.New("it is not signed with the key that it names")
	}
	if r.TLSKey, err = openCSR(r.CSR); err != nil {
		return Request{}, err
	}
	if pub, ok := r.TLSKey.(ed25519.PublicKey); ok && strings.HasSuffix(r.Key, base64.StdEncoding.EncodeToString(append([]byte{1}, pub...))) {
		return Request{}, errors.New("the TLS key is the signing key: they must be two")
	}
	return r, nil
}

// parse reads the lines of a request, each exactly once and in order.
func parse(text string) (r Request, err error) {
	line := strings.Split(text, "\n")
	names := []string{"agent: ", "pin: sha256:", "key: ", "secret: ", "csr: "}
	if len(line) != len(names)+2 || line[0] != requestFormat || line[len(line)-1] != "" {
		return r, fmt.Errorf("its first line must be %q, followed by agent, pin, key, secret and csr", requestFormat)
	}
	var value [5]string
	for i, name := range names {
		v, ok := strings.CutPrefix(line[i+1], name)
		if !ok || v == "" {
			return r, fmt.Errorf("line %d must be %q with a value", i+2, strings.TrimSpace(name))
		}
		value[i] = v
	}
	r = Request{Agent: vouch.AgentID(value[0]), Key: value[2]}
	if err := vouch.ValidID(value[0]); err != nil {
		return Request{}, fmt.Errorf("agent: %v", err)
	}
	pin, err := hex.DecodeString(value[1])
	if err != nil || len(pin) != len(r.Pin) || hex.EncodeToString(pin) != value[1] {
		return Request{}, errors.New("pin: it is not sha256: and 64 hexadecimal digits")
	}
	r.Pin = [sha256.Size]byte(pin)
	if value[3] != "-" {
		if err := validSecret(value[3]); err != nil {
			return Request{}, err
		}
		r.Secret = vouch.Secret(value[3])
	}
	r.CSR, err = base64.StdEncoding.Strict().DecodeString(value[4])
	if err != nil || len(r.CSR) > maxCSR {
		return Request{}, fmt.Errorf("csr: it is not base64 of at most %d bytes", maxCSR)
	}
	return r, nil
}

// openCSR returns the key of a certificate request that is signed with it. The name and
// everything else in it is passed over: who the agent is, the collector knows.
func openCSR(der []byte) (crypto.PublicKey, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, errors.New("csr: it is no PKCS #10 request")
	}
	switch key := csr.PublicKey.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return nil, errors.New("csr: allowed are Ed25519 and ECDSA P-256 keys")
		}
	default:
		return nil, errors.New("csr: allowed are Ed25519 and ECDSA P-256 keys")
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, errors.New("csr: it is not signed with its own key")
	}
	return csr.PublicKey, nil
}
