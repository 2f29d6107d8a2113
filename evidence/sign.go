// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// signatureRoom is what a signature line takes at most for a key with the longest
// identifier, and what a header usually takes, in bytes.
const (
	signatureRoom = 256
	headerRoom    = 1024
)

// sign makes a signed note of text with one signature, spelled as the note package
// does, which makes three copies of a text that may be a megabyte. The note is
// appended to text, which the caller gives away.
func sign(text []byte, signer note.Signer) ([]byte, error) {
	if signer == nil {
		return nil, errors.New("no key to sign with")
	}
	name, hash := signer.Name(), signer.KeyHash()
	if err := validKeyName(name); err != nil {
		return nil, err
	}
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return nil, errors.New("the text of a note ends in a newline")
	}
	sig, err := signer.Sign(text)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %v", KeyID(name, hash), err)
	}
	raw := append(text, "\n\u2014 "+name+" "...)
	raw = base64.StdEncoding.AppendEncode(raw, append(binary.BigEndian.AppendUint32(nil, hash), sig...))
	raw = append(raw, '\n')
	if len(raw) > MaxNote {
		return nil, fmt.Errorf("note of %d bytes: at most %d are allowed", len(raw), MaxNote)
	}
	return raw, nil
}

// open verifies a note that has exactly one signature, spelled in the one way that
// [sign] spells it. Otherwise anybody could change the bytes of a note, and so its
// hash, without its key: by repeating the signature line or by the bits that the
// padding of base64 leaves over.
func open(raw []byte, verifiers note.Verifiers) (text []byte, sig note.Signature, err error) {
	if len(raw) > MaxNote {
		return nil, sig, fmt.Errorf("note of %d bytes: at most %d are allowed", len(raw), MaxNote)
	}
	n, err := note.Open(raw, verifiers)
	if err != nil {
		return nil, sig, openError(err)
	}
	return only(raw, n)
}

// only returns the text of a note and its one signature, in its one spelling.
func only(raw []byte, n *note.Note) (text []byte, sig note.Signature, err error) {
	sigs := append(n.Sigs, n.UnverifiedSigs...)
	if len(sigs) != 1 || bytes.Count(raw[len(n.Text)+1:], []byte("\n")) != 1 {
		return nil, sig, errors.New("note carries more than one signature: exactly one is allowed")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(sigs[0].Base64); err != nil {
		return nil, sig, errors.New("signature is not in canonical base64")
	}
	return raw[:len(n.Text)], sigs[0], nil
}

// openError says in a sentence why a note was not opened. Errors of the caller's
// own verifiers can be tested for.
func openError(err error) error {
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		if len(unverified.Note.UnverifiedSigs) == 0 {
			return ErrUnknownKey
		}
		s := unverified.Note.UnverifiedSigs[0]
		return fmt.Errorf("%w: %s", ErrUnknownKey, KeyID(s.Name, s.Hash))
	case errors.As(err, &invalid):
		return fmt.Errorf("%w of key %s: the note was changed, or signed with another key", ErrSignature, KeyID(invalid.Name, invalid.Hash))
	}
	return fmt.Errorf("open note: %w", err)
}

// ErrUnknownKey is for who must tell a stranger's note from a damaged one.
var ErrUnknownKey = errors.New("signed by an unknown key")

// ErrSignature is for who must tell a damaged note from a malformed one.
var ErrSignature = errors.New("wrong signature")
