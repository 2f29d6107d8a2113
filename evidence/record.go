// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

const recordFormat = "vouch/record v1"

// RecordHeader is what a record says of itself. Times are UTC, truncated to 1 ms.
type RecordHeader struct {
	Customer  vouch.CustomerID
	Kind      RecordKind
	ID        string    // identifier, unique within the customer's ledger
	Recorded  time.Time // when it was written down
	Effective time.Time // from when it is meant to count; equals Recorded where nothing else is meant
	Author    string    // an account id, such as "uid:1000" or "collector"; never a person's name
	Corrects  string    // identifier of the record that this one corrects; empty for none
	Nonce     Nonce
}

// Record is what people and the collector decide. It is never edited.
type Record struct {
	RecordHeader
	Body    []byte // canonical JSON, one value, without the newline that ends it; part of Raw
	Raw     []byte // the signed note
	Hash    Hash   // of Raw
	KeyName string // of the key that signed: the collector's origin
	KeyHash uint32
}

// SealRecord signs a record. The body must be canonical, as [MarshalCanonical]
// makes it.
func SealRecord(h RecordHeader, body []byte, signer note.Signer) (Record, error) {
	text := h.append(make([]byte, 0, 512+len(body)))
	text = append(text, '\n')
	text = append(text, body...)
	text = append(text, '\n')
	raw, err := sign(text, signer)
	if err != nil {
		return Record{}, fmt.Errorf("seal record: %v", err)
	}
	r, err := parseRecord(raw, raw[:len(text)], signer.Name(), signer.KeyHash())
	if err != nil {
		return Record{}, fmt.Errorf("seal record: %v", err)
	}
	if r.Corrects != h.Corrects { // the author held a line of its own
		return Record{}, fmt.Errorf("seal record: author %q holds a newline", h.Author)
	}
	return r, nil
}

// OpenRecord bounds, verifies and then parses a record. The record keeps raw.
func OpenRecord(raw []byte, verifiers note.Verifiers) (Record, error) {
	text, sig, err := open(raw, verifiers)
	if err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	r, err := parseRecord(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Record{}, fmt.Errorf("record of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return r, nil
}

func (h RecordHeader) append(dst []byte) []byte {
	dst = append(dst, recordFormat+"\n"...)
	dst = appendField(dst, "customer", string(h.Customer))
	dst = appendField(dst, "kind", string(h.Kind))
	dst = appendField(dst, "id", h.ID)
	dst = appendTimeField(dst, "recorded", h.Recorded)
	dst = appendTimeField(dst, "effective", h.Effective)
	dst = appendField(dst, "author", h.Author)
	if h.Corrects != "" {
		dst = appendField(dst, "corrects", h.Corrects)
	}
	return appendField(dst, "nonce", h.Nonce.String())
}

func parseRecord(raw, text []byte, key string, keyHash uint32) (Record, error) {
	r := &headerReader{rest: text}
	r.first(recordFormat)
	h := RecordHeader{Customer: vouch.CustomerID(r.id("customer")), Kind: r.kind(), ID: r.id("id")}
	h.Recorded, h.Effective = r.time("recorded"), r.time("effective")
	h.Author = r.free("author")
	if r.has("corrects") {
		h.Corrects = r.id("corrects")
	}
	h.Nonce = r.nonce()
	r.blank()
	if r.err != nil {
		return Record{}, r.err
	}
	n := len(r.rest)
	if n == 0 || r.rest[n-1] != '\n' {
		return Record{}, fmt.Errorf("the body is missing or does not end in a newline")
	}
	body := r.rest[:n-1]
	if err := CheckCanonical(body); err != nil {
		return Record{}, fmt.Errorf("body: %v", err)
	}
	return Record{RecordHeader: h, Body: body, Raw: raw, Hash: Sum(raw), KeyName: key, KeyHash: keyHash}, nil
}

func (r *headerReader) kind() RecordKind {
	k := RecordKind(r.text("kind"))
	if r.err == nil {
		if err := k.valid(); err != nil {
			r.fail("kind", err)
		}
	}
	return k
}
