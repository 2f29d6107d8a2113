// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
)

const leafFormat = "vouch/leaf v1"

// LeafKind says what a leaf stands for.
type LeafKind string

// The kinds of leaf.
const (
	LeafBatch    LeafKind = "batch"
	LeafGap      LeafKind = "gap"
	LeafRecord   LeafKind = "record"
	LeafRejected LeafKind = "rejected" // a signed, chained item that yields no outcome and reaches no sink
)

// Leaf is one entry of a customer's ledger. It holds the hash of a note, not the
// note, and is a function of what the store keeps in one row.
type Leaf struct {
	Kind     LeafKind
	Customer vouch.CustomerID
	Agent    vouch.AgentID // of a batch, gap or rejected item
	Stream   vouch.Stream  // likewise
	Epoch    uint64        // likewise
	Seq      uint64        // likewise; of a gap its First
	Record   string        // identifier, of a record
	KeyHash  uint32        // of the key that signed the note
	Note     Hash
	Received time.Time // by the collector's clock, truncated to 1 ms
	Reason   string    // why it was rejected
}

// Leaf returns the leaf of an item that was received at that time. With a reason,
// it is the leaf of a rejected item.
func (l Link) Leaf(received time.Time, rejected string) Leaf {
	kind := LeafBatch
	switch {
	case rejected != "":
		kind = LeafRejected
	case l.Gap:
		kind = LeafGap
	}
	return Leaf{
		Kind: kind, Customer: l.Customer, Agent: l.Agent, Stream: l.Stream, Epoch: l.Epoch, Seq: l.First,
		KeyHash: l.KeyHash, Note: l.Hash, Received: truncate(received), Reason: LeafReason(rejected),
	}
}

// Leaf returns the leaf of a record.
func (r Record) Leaf(received time.Time) Leaf {
	return Leaf{Kind: LeafRecord, Customer: r.Customer, Record: r.ID, KeyHash: r.KeyHash, Note: r.Hash, Received: truncate(received)}
}

// Append appends the leaf's text, which is what the tree hashes.
func (l Leaf) Append(dst []byte) []byte {
	dst = append(dst, leafFormat+"\n"...)
	dst = appendField(dst, "kind", string(l.Kind))
	dst = appendField(dst, "customer", string(l.Customer))
	if l.Kind == LeafRecord {
		dst = appendField(dst, "record", l.Record)
	} else {
		dst = appendField(dst, "agent", string(l.Agent))
		dst = appendField(dst, "stream", string(l.Stream))
		dst = appendUintField(dst, "epoch", l.Epoch)
		dst = appendUintField(dst, "seq", l.Seq)
	}
	dst = fmt.Appendf(dst, "key: %08x\n", l.KeyHash)
	dst = appendField(dst, "note", l.Note.String())
	dst = appendTimeField(dst, "received", l.Received)
	if l.Kind == LeafRejected {
		dst = appendField(dst, "reason", l.Reason)
	}
	return dst
}

// Hash returns the RFC 6962 hash of the leaf.
func (l Leaf) Hash() Hash { return Hash(tlog.RecordHash(l.Append(nil))) }

// ParseLeaf is the inverse of [Leaf.Append]. It accepts that one spelling only.
func ParseLeaf(text []byte) (Leaf, error) {
	if len(text) > 4096 {
		return Leaf{}, fmt.Errorf("leaf of %d bytes: at most 4096 are allowed", len(text))
	}
	r := &headerReader{rest: text}
	r.first(leafFormat)
	l := Leaf{Kind: LeafKind(r.text("kind")), Customer: vouch.CustomerID(r.id("customer"))}
	switch l.Kind {
	case LeafRecord:
		l.Record = r.id("record")
	case LeafBatch, LeafGap, LeafRejected:
		l.Agent, l.Stream = vouch.AgentID(r.id("agent")), r.stream()
		l.Epoch, l.Seq = r.uint("epoch", 1), r.uint("seq", 1)
	default:
		r.fail("kind", fmt.Errorf("%.40q: allowed are batch, gap, record and rejected", l.Kind))
	}
	l.KeyHash, l.Note, l.Received = r.keyHash(), r.hash("note"), r.time("received")
	if r.err == nil && l.Note.IsZero() {
		r.fail("note", errors.New("it is none"))
	}
	if l.Kind == LeafRejected {
		l.Reason = r.free("reason")
	}
	r.end()
	if r.err != nil {
		return Leaf{}, fmt.Errorf("leaf: %v", r.err)
	}
	return l, nil
}

func (r *headerReader) keyHash() uint32 {
	s := r.text("key")
	if r.err != nil {
		return 0
	}
	v, err := strconv.ParseUint(s, 16, 32)
	if err != nil || fmt.Sprintf("%08x", v) != s {
		r.fail("key", fmt.Errorf("%.40q is not eight hexadecimal digits", s))
	}
	return uint32(v)
}
