// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

// The bodies of the records of the anchor ledger, the ledger of [vouch.Anchors].

// Anchored says how far the ledger of one customer had come when the record was
// written.
type Anchored struct {
	Origin string `json:"origin"` // of that ledger
	Size   int64  `json:"size"`   // leaves
	Root   Hash   `json:"root"`
}

// TimeStamped holds the answer of a time-stamp authority (RFC 3161). What is stamped
// is the checkpoint, byte for byte.
type TimeStamped struct {
	Size       int64  `json:"size"`       // leaves of the anchor ledger that the checkpoint speaks of
	Checkpoint string `json:"checkpoint"` // of the anchor ledger, signed by its key alone
	Authority  string `json:"authority"`  // as the collector's file names it
	Token      []byte `json:"token"`      // the TimeStampResp in DER
}

// Cosigned holds a checkpoint of the anchor ledger with the signature of a witness
// (C2SP tlog-cosignature).
type Cosigned struct {
	Size       int64  `json:"size"`       // leaves of the anchor ledger that the checkpoint speaks of
	Checkpoint string `json:"checkpoint"` // signed by the ledger's key, then by the witness's
	Witness    string `json:"witness"`    // as the collector's file names it
}
