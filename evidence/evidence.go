// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence holds the formats that outlive the product: batches, gaps,
// heartbeats, records, leaves, checkpoints, and the rules by which they hang
// together. docs/evidence-format.md describes them for a stranger.
//
// It is pure. It opens no file and no connection, starts no goroutine, writes no
// log and never asks what time it is or rolls dice: times and nonces are
// arguments. It invents no cryptography: notes are C2SP signed notes, trees are
// RFC 6962 trees.
package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/vouch-sla/vouch"
)

// MaxNote is the size of the largest note that is sealed or opened, in bytes,
// signature included. It is checked before anything else is done with a note.
const MaxNote = 1 << 20

// MaxText is the length of the longest free text in a header, in bytes.
const MaxText = 200

// Hash is a SHA-256. Its text is standard base64 with padding.
type Hash [sha256.Size]byte

// Sum returns the hash of a whole note as it is sent and stored, signature
// included.
func Sum(note []byte) Hash { return sha256.Sum256(note) }

// String returns the hash in standard base64.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// IsZero reports whether h is the zero hash, which stands for "none".
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Hash) UnmarshalText(b []byte) error { return decodeExact(h[:], string(b)) }

// ParseHash is the inverse of [Hash.String]. It accepts that one spelling only.
func ParseHash(s string) (h Hash, err error) {
	err = decodeExact(h[:], s)
	return h, err
}

// Nonce keeps the hash of a note from being guessed by who knows what it may say.
type Nonce [16]byte

// NewNonce reads a nonce from r, which must be a cryptographic source such as
// crypto/rand.Reader.
func NewNonce(r io.Reader) (n Nonce, err error) {
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return Nonce{}, fmt.Errorf("read a nonce: %v", err)
	}
	return n, nil
}

// String returns the nonce in standard base64.
func (n Nonce) String() string { return base64.StdEncoding.EncodeToString(n[:]) }

// decodeExact decodes standard base64 into dst, which it must fill. Bits that the
// padding leaves over must be zero, so that there is one spelling of each value.
func decodeExact(dst []byte, s string) error {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(dst) || len(s) != base64.StdEncoding.EncodedLen(len(dst)) {
		return fmt.Errorf("%.60q is not the base64 of %d bytes", s, len(dst))
	}
	copy(dst, b)
	return nil
}

// Identity says who speaks, from where, and about whose devices. Every note of an
// agent and every line in it names the same three.
type Identity struct {
	Agent    vouch.AgentID
	Location vouch.LocationID
	Customer vouch.CustomerID
}
