// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package seal seals secrets to the key of one agent: whoever carries or keeps what is
// sealed can neither read it nor pass it off as another secret or another agent's.
//
// It is HPKE (RFC 9180) in base mode, of the standard library: DHKEM(X25519,
// HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. Agent and name of the secret are bound
// as info. The agent says which key is its own with its signing key ([Statement]).
// Who sealed a secret, this does not prove: that is the connection's task.
package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch"
)

const (
	// MaxSecret bounds a secret in bytes, before it is sealed.
	MaxSecret = 8 << 10
	// MaxSealed bounds a sealed secret in bytes.
	MaxSealed = publicSize + MaxSecret + tagSize

	publicSize = 32 // RFC 7748, and the encapsulated key of RFC 9180 section 7.1
	tagSize    = 16 // RFC 8439 section 2.8
	block      = 512
)

func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// info binds what is sealed to its agent and its name. Neither holds a newline.
func info(agent vouch.AgentID, name string) []byte {
	return []byte("vouch/secret v1\n" + string(agent) + "\n" + name + "\n")
}

// Seal seals a secret to an agent's key. Its length is hidden in steps of 512 bytes:
// spaces follow it, which [Open] takes away, so that a secret cannot end in one.
func Seal(to Public, agent vouch.AgentID, name string, secret []byte) ([]byte, error) {
	size := (len(secret) + block - 1) / block * block
	if size == 0 || size > MaxSecret || secret[len(secret)-1] == ' ' {
		return nil, fmt.Errorf("seal secret %.64q for %s: it has %d bytes, 1 to %d are allowed, the last no space", name, agent, len(secret), MaxSecret)
	}
	key, err := kem().NewPublicKey(to[:])
	if err != nil {
		return nil, fmt.Errorf("seal secret %.64q for %s: %v", name, agent, err)
	}
	padded := append(bytes.Clone(secret), bytes.Repeat([]byte(" "), size-len(secret))...)
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(agent, name), padded)
	if err != nil {
		return nil, fmt.Errorf("seal secret %.64q for %s: %v", name, agent, err)
	}
	return sealed, nil
}

// ErrOpen is for who tells what to do about a secret that does not open: it was sealed
// to another key, for another agent or name, or was damaged.
var ErrOpen = errors.New("it is not sealed to this agent's key under this name, or it is damaged")

// Open opens what [Seal] made. The only error is [ErrOpen].
func (k Key) Open(agent vouch.AgentID, name string, sealed []byte) ([]byte, error) {
	if len(sealed) > MaxSealed || len(sealed) < publicSize+tagSize {
		return nil, ErrOpen
	}
	secret, err := hpke.Open(k.private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(agent, name), sealed)
	if err != nil {
		return nil, ErrOpen
	}
	return bytes.TrimRight(secret, " "), nil
}

// Public is the public half of an agent's key for secrets (X25519, RFC 7748).
type Public [publicSize]byte

// Key is an agent's key for secrets. It prints as [redacted].
type Key struct {
	private hpke.PrivateKey
	public  Public
}

const keyPrefix = "VOUCH-SEAL-KEY-X25519+"

// NewKey makes a key.
func NewKey() (Key, error) {
	private, err := kem().GenerateKey()
	if err != nil {
		return Key{}, fmt.Errorf("make a key for secrets: %v", err)
	}
	return newKey(private), nil
}

func newKey(private hpke.PrivateKey) Key {
	return Key{private, Public(private.PublicKey().Bytes())}
}

// ParseKey reads what [Key.Encode] returned.
func ParseKey(text string) (Key, error) {
	coded, ok := strings.CutPrefix(text, keyPrefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(coded)
	if !ok || err != nil || len(raw) != publicSize {
		return Key{}, errors.New("it is no key for secrets")
	}
	private, err := kem().NewPrivateKey(raw)
	if err != nil {
		return Key{}, errors.New("it is no key for secrets")
	}
	return newKey(private), nil
}

// Encode returns the key as one line of text, for its file.
func (k Key) Encode() (string, error) {
	raw, err := k.private.Bytes()
	if err != nil {
		return "", fmt.Errorf("encode a key for secrets: %v", err)
	}
	return keyPrefix + base64.StdEncoding.EncodeToString(raw), nil
}

// Public returns the public half.
func (k Key) Public() Public { return k.public }

// Format writes "[redacted]" for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }
