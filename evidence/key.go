// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// GenerateKey makes an Ed25519 key pair with randomness from r, in the encodings of
// the note package: skey is secret, vkey is "name+hash+base64". The name of an
// agent's key is the agent's identifier, that of a collector's key its origin.
func GenerateKey(r io.Reader, name string) (skey, vkey string, err error) {
	if err := validKeyName(name); err != nil {
		return "", "", err
	}
	skey, vkey, err = note.GenerateKey(r, name)
	if err != nil {
		return "", "", fmt.Errorf("generate a key for %s: %v", name, err)
	}
	return skey, vkey, nil
}

// NewSigner reads a secret key. Its errors never show the key.
func NewSigner(skey string) (note.Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(skey))
	if err != nil {
		return nil, fmt.Errorf("read a signing key: it is not of the form PRIVATE+KEY+name+hash+base64, or damaged")
	}
	return s, nil
}

// NewVerifier reads a public key, "name+hash+base64".
func NewVerifier(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return nil, fmt.Errorf("read the public key %.120q: %v", vkey, err)
	}
	return v, nil
}

// RenameSigner returns the same secret key under another name, and so with another
// hash. A collector signs the checkpoints of each ledger under the ledger's origin,
// as C2SP tlog-checkpoint wants it, with its one key.
func RenameSigner(skey, name string) (string, error) {
	part := strings.SplitN(strings.TrimSpace(skey), "+", 5)
	if _, err := NewSigner(skey); err != nil {
		return "", err
	}
	seed, err := base64.StdEncoding.DecodeString(part[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("read a signing key: its base64 is damaged")
	}
	renamed, _, err := GenerateKey(bytes.NewReader(seed[1:]), name)
	return renamed, err
}

// RenameVerifier returns the same public key under another name.
func RenameVerifier(vkey, name string) (string, error) {
	if _, err := NewVerifier(vkey); err != nil {
		return "", err
	}
	if err := validKeyName(name); err != nil {
		return "", err
	}
	part := strings.SplitN(strings.TrimSpace(vkey), "+", 3)
	key, err := base64.StdEncoding.DecodeString(part[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return "", fmt.Errorf("read the public key %.120q: its base64 is damaged", vkey)
	}
	return note.NewEd25519VerifierKey(name, key[1:])
}

// KeyID returns "name+hash" with the hash in eight hexadecimal digits, as keys are
// named in logs and on pages.
func KeyID(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }

// validKeyName reports why name cannot name a key of a signed note.
func validKeyName(name string) error {
	if err := validText(name); err != nil {
		return fmt.Errorf("name of a key: %v", err)
	}
	if strings.ContainsAny(name, "+") || len(strings.Fields(name)) != 1 {
		return fmt.Errorf("name of a key %q: '+' and white space are not allowed", name)
	}
	return nil
}
