// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const acceptanceFormat = "vouch/acceptance v1"

// maxAcceptance is the size of the longest acceptance, in bytes, signature included: a
// record holds its whole text.
const maxAcceptance = 4096

// AcceptanceHeader is the customer's word on one record of his ledger.
type AcceptanceHeader struct {
	Origin  string // of the ledger: COLLECTOR/CUSTOMER
	Record  string // identifier of the record
	Note    Hash   // of the record's note, so that it is this record and no other
	Objects bool   // he objects rather than accepts
	At      time.Time
}

// Acceptance is an acceptance as the customer signed it, with a key of his own under
// any name. Whether the key is his, only who pinned it can tell.
type Acceptance struct {
	AcceptanceHeader
	Raw     []byte // the signed note
	KeyName string
	KeyHash uint32
}

// SealAcceptance signs an acceptance.
func SealAcceptance(h AcceptanceHeader, signer note.Signer) (Acceptance, error) {
	text := h.append(make([]byte, 0, 512))
	raw, err := sign(text, signer)
	if err != nil {
		return Acceptance{}, fmt.Errorf("seal acceptance: %v", err)
	}
	a, err := parseAcceptance(raw, raw[:len(text)], signer.Name(), signer.KeyHash())
	if err != nil {
		return Acceptance{}, fmt.Errorf("seal acceptance: %v", err)
	}
	return a, nil
}

// OpenAcceptance bounds, verifies and then parses an acceptance. It keeps raw.
func OpenAcceptance(raw []byte, verifiers note.Verifiers) (Acceptance, error) {
	if len(raw) > maxAcceptance {
		return Acceptance{}, tooLong(raw)
	}
	text, sig, err := open(raw, verifiers)
	if err != nil {
		return Acceptance{}, fmt.Errorf("acceptance: %w", err)
	}
	a, err := parseAcceptance(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Acceptance{}, fmt.Errorf("acceptance of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return a, nil
}

// ReadAcceptance parses an acceptance without verifying its signature: it says which
// key claims to have signed, and proves nothing. It is for who keeps a customer's word
// without knowing his key; who rests anything on it opens it with a key that he pinned.
func ReadAcceptance(raw []byte) (Acceptance, error) {
	if len(raw) > maxAcceptance {
		return Acceptance{}, tooLong(raw)
	}
	var stranger *note.UnverifiedNoteError
	if _, err := note.Open(raw, note.VerifierList()); !errors.As(err, &stranger) {
		return Acceptance{}, fmt.Errorf("acceptance: %w", openError(err))
	}
	text, sig, err := only(raw, stranger.Note)
	if err != nil {
		return Acceptance{}, fmt.Errorf("acceptance: %w", err)
	}
	a, err := parseAcceptance(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Acceptance{}, fmt.Errorf("acceptance of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return a, nil
}

func tooLong(raw []byte) error {
	return fmt.Errorf("acceptance of %d bytes: at most %d are allowed", len(raw), maxAcceptance)
}

func (h AcceptanceHeader) append(dst []byte) []byte {
	says := "accepts"
	if h.Objects {
		says = "objects"
	}
	dst = append(dst, acceptanceFormat+"\n"...)
	dst = appendField(dst, "origin", h.Origin)
	dst = appendField(dst, "record", h.Record)
	dst = appendHashField(dst, "note", h.Note)
	dst = appendField(dst, "says", says)
	return appendTimeField(dst, "at", h.At)
}

func parseAcceptance(raw, text []byte, key string, keyHash uint32) (Acceptance, error) {
	r := &headerReader{rest: text}
	r.first(acceptanceFormat)
	h := AcceptanceHeader{Origin: r.text("origin")}
	if r.err == nil {
		if err := validKeyName(h.Origin); err != nil {
			r.fail("origin", err)
		}
	}
	h.Record, h.Note = r.id("record"), r.hash("note")
	if r.err == nil && h.Note.IsZero() {
		r.fail("note", errors.New("it is none"))
	}
	switch says := r.text("says"); {
	case r.err != nil:
	case says == "objects":
		h.Objects = true
	case says != "accepts":
		r.fail("says", fmt.Errorf("%.40q: allowed are accepts and objects", says))
	}
	h.At = r.time("at")
	r.end()
	if r.err != nil {
		return Acceptance{}, r.err
	}
	return Acceptance{AcceptanceHeader: h, Raw: raw, KeyName: key, KeyHash: keyHash}, nil
}
