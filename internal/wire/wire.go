// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package wire is the message between agent and collector: paths, framing,
// compression and the JSON documents. It knows how to write and read them within
// bounds. It opens no connection, verifies no signature and decides nothing.
//
// An agent posts notes, each with its length before it, compressed as
// Content-Encoding says. The collector answers with one result for each note, in
// the same order. The rest are small JSON documents.
package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Paths of the collector's agent door.
const (
	PathBatches    = "/agent/v1/batches"    // POST batches and gaps, in the order of their chains: BatchesAnswer
	PathHeartbeats = "/agent/v1/heartbeats" // POST heartbeats, one a customer: HeartbeatAnswer
	PathAssignment = "/agent/v1/assignment" // GET, If-None-Match with the ETag: 304, or an Assignment; waits for a change with Prefer: wait
	PathHeads      = "/agent/v1/heads"      // GET what the collector has of this agent: HeadsAnswer
)

// HeaderSealKey carries, with a request for the assignment, the agent's statement of its
// key for secrets (package seal), in base64.
const HeaderSealKey = "Vouch-Seal-Key"

// Content types of requests and answers.
const (
	TypeNotes = "application/vnd.vouch.notes"
	TypeJSON  = "application/json"
)

// Bounds of a request. They are checked before anything is verified.
const (
	MaxNotes      = 256      // notes in one request
	MaxBody       = 8 << 20  // bytes of a request, decompressed
	MaxCompressed = 8 << 20  // bytes of a request as sent
	MaxAnswer     = 1 << 20  // bytes of an answer
	MaxAssignment = 16 << 20 // bytes of an assignment
)

// Status says what became of one note.
type Status string

// The statuses of a note. Stored, duplicate and rejected are acknowledgements: the
// agent need not keep the note for the collector's sake.
const (
	StatusStored    Status = "stored"
	StatusDuplicate Status = "duplicate" // was stored before
	StatusRejected  Status = "rejected"  // stored as a leaf with a reason; yields no outcome
	StatusRefused   Status = "refused"   // not stored; Reason and Expect tell how to go on
)

// Acknowledged reports whether the note is in the ledger.
func (s Status) Acknowledged() bool {
	return s == StatusStored || s == StatusDuplicate || s == StatusRejected
}

// Result is the answer to one note. ExpectEpoch and ExpectSeq are what the chain of
// a refused note is waiting for; zero when the note did not tell its chain.
type Result struct {
	Status      Status `json:"status"`
	Reason      string `json:"reason,omitempty"`
	ExpectEpoch uint64 `json:"expect_epoch,omitempty"`
	ExpectSeq   uint64 `json:"expect_seq,omitempty"`
}

// BatchesAnswer answers a request with batches: one result a note, in their order.
type BatchesAnswer struct {
	Results []Result `json:"results"`
}

// HeartbeatAnswer answers a request with heartbeats.
type HeartbeatAnswer struct {
	Results    []Result `json:"results"`
	Assignment string   `json:"assignment"`     // ETag of the assignment that is in force
	ServerTime int64    `json:"server_time_ms"` // the collector's clock, Unix milliseconds
	// AnchoredAgo is how many milliseconds ago it was that everything acknowledged by then
	// is covered by an anchored checkpoint; 0 means that it is not known.
	AnchoredAgo int64 `json:"anchored_ago_ms,omitempty"`
}

// Head is where one chain of the asking agent stands at the collector.
type Head struct {
	Customer vouch.CustomerID `json:"customer"`
	Stream   vouch.Stream     `json:"stream"`
	Epoch    uint64           `json:"epoch"`
	Seq      uint64           `json:"seq"`
	Hash     evidence.Hash    `json:"hash"` // what the next item names as the note before it
	Through  time.Time        `json:"through"`
}

// Chain returns the head as the value that judges the next item.
func (h Head) Chain() evidence.Chain {
	return evidence.Chain{Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash, Through: h.Through}
}

// HeadsAnswer lists the chains of the asking agent, by its current key. A chain that
// the collector never saw is absent.
type HeadsAnswer struct {
	Heads []Head `json:"heads"`
}

// Problem is the body of an answer that is not 200, 204 or 304.
type Problem struct {
	Error string `json:"error"` // one sentence: what, where, what to do
}

// ReadJSON reads one JSON value of at most max bytes. Unknown keys are ignored, so
// that agents and collectors of neighbouring versions understand one another.
func ReadJSON(r io.Reader, max int64, v any) error {
	b, err := readBounded(r, max)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read JSON: %v", err)
	}
	return nil
}

func readBounded(r io.Reader, max int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if int64(len(b)) > max {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, max)
	}
	return b, nil
}
