// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// State says what may still become of a statement.
type State string

const (
	StateDraft       State = "draft"       // computed for whoever asked, and not issued
	StateProvisional State = "provisional" // issued while evidence of the period may still arrive
	StateIssued      State = "issued"      // issued; another version may still replace it
	StateFinal       State = "final"       // by the contract's terms nothing can change any more
)

// MaxReason is the length of the longest reason for a version, in bytes. The caller
// keeps to it; [Parse] refuses what does not.
const MaxReason = 1000

// Issue is how a version of a statement came to be.
type Issue struct {
	At     contract.Second
	Author string // account that issued it
	Record string // id of the record in the ledger that did
	Reason string // why this version was made: free text of at most [MaxReason] bytes
}

// Issued is an [Issue] as a statement says it.
type Issued struct {
	At     Instant `json:"at"`
	Author string  `json:"author"`
	Record string  `json:"record"`
	Reason string  `json:"reason"`
}

// Checkpoint names the tree of a ledger that a statement rests on (C2SP
// tlog-checkpoint).
type Checkpoint struct {
	Origin string `json:"origin"` // of the ledger
	Size   int64  `json:"size"`   // leaves
	Root   string `json:"root"`   // hash of the tree, in base64
}

// Previous is the version before the one that is being built.
type Previous struct {
	Statement Statement
	Reason    string // why it no longer holds: free text of at most [MaxReason] bytes
}

// Replaced is what a statement says of the version before.
type Replaced struct {
	Version    int    `json:"version"`
	SHA256     string `json:"sha256"` // of its JSON, in hexadecimal
	Reason     string `json:"reason"`
	Difference Change `json:"difference"`
}

// by returns what the statement that replaces p says of it.
func (p *Previous) by(s Statement) *Replaced {
	sum := sha256.Sum256(p.Statement.JSON())
	return &Replaced{p.Statement.Revision, hex.EncodeToString(sum[:]), p.Reason, Difference(p.Statement, s)}
}

// Shift is by how many seconds figures moved: what they are now less what they were.
type Shift struct {
	Agreed   int64 `json:"agreed_s"`
	Excluded int64 `json:"excluded_s"`
	Up       int64 `json:"up_s"`
	Down     int64 `json:"down_s"`
	Unknown  int64 `json:"unknown_s"`
}

// Change is by how many seconds a statement moved: the customer as a whole, and every
// device that moved at all.
type Change struct {
	Shift
	Devices []DeviceShift `json:"devices"`
}

// DeviceShift is by how many seconds a device moved. A device that only one of two
// statements names moved from nothing, or to it.
type DeviceShift struct {
	Device vouch.DeviceID `json:"device"`
	Shift
}

// Difference returns how a statement moved from an earlier version to a later one.
// Devices come in the order of the later one, then those that only the earlier names.
func Difference(earlier, later Statement) Change {
	out := Change{shift(earlier.Figures, later.Figures), []DeviceShift{}}
	add := func(id string, was, is Figures) {
		if s := shift(was, is); s != (Shift{}) {
			out.Devices = append(out.Devices, DeviceShift{vouch.DeviceID(id), s})
		}
	}
	was := make(map[string]Figures, len(earlier.Devices))
	for _, d := range earlier.Devices {
		was[d.ID] = d.Figures
	}
	for _, d := range later.Devices {
		add(d.ID, was[d.ID], d.Figures)
		delete(was, d.ID)
	}
	for _, d := range earlier.Devices {
		if f, gone := was[d.ID]; gone {
			add(d.ID, f, Figures{})
		}
	}
	return out
}

func shift(was, is Figures) Shift {
	return Shift{is.Agreed - was.Agreed, is.Excluded - was.Excluded, is.Up - was.Up, is.Down - was.Down, is.Unknown - was.Unknown}
}
