// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// VerifierKey returns the agent's public key, "name+hash+base64", as it goes into
// the collector's installed base. It makes the key, and dir, where there is none.
func VerifierKey(dir string, id vouch.AgentID) (string, error) {
	k, err := openKey(dir, id)
	if err != nil {
		return "", err
	}
	return k.public, nil
}

// signingKey is the agent's key, which signs what it says and by which the
// collector knows its connections.
type signingKey struct {
	signer   note.Signer
	verifier note.Verifier
	public   string             // "name+hash+base64"
	private  ed25519.PrivateKey // of the same pair, for TLS
}

// openKey reads the key from the file "key" in dir, or makes it.
func openKey(dir string, id vouch.AgentID) (signingKey, error) {
	if err := vouch.ValidID(string(id)); err != nil {
		return signingKey{}, fmt.Errorf("identifier of the agent: %v", err)
	}
	path := filepath.Join(dir, keyFile)
	raw, err := durable.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = makeKey(dir, path, id)
	}
	if err != nil {
		return signingKey{}, fmt.Errorf("signing key: %w", err)
	}
	k, err := parseKey(strings.TrimSpace(string(raw)))
	if err != nil {
		return signingKey{}, fmt.Errorf("signing key %s: %v", path, err)
	}
	if name := k.signer.Name(); name != string(id) {
		return signingKey{}, fmt.Errorf("signing key %s belongs to agent %q, this is agent %q: use another state directory, or the old identifier", path, name, id)
	}
	return k, nil
}

// makeKey makes a key and, before it, an empty file of heads: a key without that
// file has lost its heads.
func makeKey(dir, path string, id vouch.AgentID) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret, _, err := evidence.GenerateKey(rand.Reader, string(id))
	if err != nil {
		return nil, err
	}
	k, err := parseKey(secret)
	if err != nil {
		return nil, err
	}
	if err := k.headsFile(dir).begin(); err != nil {
		return nil, err
	}
	raw := []byte(secret + "\n")
	return raw, durable.WriteFile(path, raw, 0o600)
}

// parseKey takes the encoding of the note package apart: PRIVATE+KEY+name+hash+, then
// in base64 a byte for the algorithm (1, Ed25519) and the seed of the key.
func parseKey(secret string) (k signingKey, err error) {
	if k.signer, err = evidence.NewSigner(secret); err != nil {
		return k, err
	}
	parts := strings.SplitN(secret, "+", 5) // base64 may hold a '+' of its own
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != 1 {
		return k, errors.New("it is not an Ed25519 key")
	}
	k.private = ed25519.NewKeyFromSeed(raw[1:])
	if k.public, err = note.NewEd25519VerifierKey(k.signer.Name(), k.private.Public().(ed25519.PublicKey)); err != nil {
		return k, err
	}
	k.verifier, err = evidence.NewVerifier(k.public)
	return k, err
}

// headsFile is where the heads of the key's chains lie.
func (k signingKey) headsFile(dir string) headsFile {
	return headsFile{path: filepath.Join(dir, headsName), key: evidence.KeyID(k.signer.Name(), k.signer.KeyHash())}
}
