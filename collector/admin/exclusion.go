// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// NewClaim claims that some time does not count. The scope is one device, one site or,
// with both empty, the whole customer.
type NewClaim struct {
	Customer  vouch.CustomerID       `json:"customer"`
	Site      vouch.SiteID           `json:"site,omitempty"`
	Device    vouch.DeviceID         `json:"device,omitempty"`
	Kind      contract.ExclusionKind `json:"kind"`
	From      time.Time              `json:"from"`
	To        time.Time              `json:"to"`
	Announced time.Time              `json:"announced_at,omitzero"`
	Told      time.Time              `json:"told_at,omitzero"`
	Evidence  []string               `json:"evidence,omitempty"` // a text, or "NAME sha256:HEX" of a file that stays where it is
	Reason    string                 `json:"reason"`
	Corrects  string                 `json:"corrects,omitempty"` // the claim that this one takes the place of, or its record
}

// Ruling approves or rejects a claim.
type Ruling struct {
	Customer vouch.CustomerID `json:"customer,omitempty"` // where two customers have a claim of this ID
	ID       string           `json:"id"`
	Reason   string           `json:"reason,omitempty"`
}

// Claim is a claim as it is recorded, with what became of it and what the contract
// makes of it now.
type Claim struct {
	ID        string                 `json:"id"`
	Record    string                 `json:"record"` // that it is accepted or corrected by
	Customer  vouch.CustomerID       `json:"customer"`
	Site      vouch.SiteID           `json:"site,omitempty"`
	Device    vouch.DeviceID         `json:"device,omitempty"`
	Kind      contract.ExclusionKind `json:"kind"`
	From      time.Time              `json:"from"`
	To        time.Time              `json:"to"`
	Announced time.Time              `json:"announced_at,omitzero"`
	Told      time.Time              `json:"told_at,omitzero"`
	Evidence  []string               `json:"evidence,omitempty"`
	Reason    string                 `json:"reason"`

	RecordedAt   time.Time `json:"recorded_at"`
	Author       string    `json:"author"`
	ApprovedAt   time.Time `json:"approved_at,omitzero"`
	ApprovedBy   string    `json:"approved_by,omitempty"`
	RejectedAt   time.Time `json:"rejected_at,omitzero"`
	RejectedBy   string    `json:"rejected_by,omitempty"`
	RulingReason string    `json:"ruling_reason,omitempty"`
	AcceptedAt   time.Time `json:"accepted_at,omitzero"` // by the customer
	AcceptedBy   string    `json:"accepted_by,omitempty"`
	ObjectedAt   time.Time `json:"objected_at,omitzero"` // by the customer
	ObjectedBy   string    `json:"objected_by,omitempty"`
	Corrects     string    `json:"corrects,omitempty"`     // ID of the claim that it took the place of
	CorrectedBy  string    `json:"corrected_by,omitempty"` // ID of the claim that took its place
	CorrectedAt  time.Time `json:"corrected_at,omitzero"`

	// Effects say what it takes out of the count, for the devices that it concerns. All
	// are alike but where leases, caps or contracts make a difference.
	Effects []Effect `json:"effects"`
	// Warnings say in words what keeps it from counting, and what can be done.
	Warnings []string `json:"warnings,omitempty"`
}

// Effect is what the contract makes of a claim for some devices.
type Effect struct {
	Devices []vouch.DeviceID `json:"devices"`
	Counts  []Span           `json:"counts"`  // the time that it takes out of the count
	Refused []NotTaken       `json:"refused"` // the time that it claims and does not take out
	Why     contract.Why     `json:"why,omitempty"`
	Notes   []contract.Note  `json:"notes,omitempty"`
}

// Span is a half-open stretch of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// NotTaken is time that is claimed and not taken out, and why.
type NotTaken struct {
	Span
	Why contract.Why `json:"why"`
}

// NewAcceptance enters the customer's word on a record of his ledger.
type NewAcceptance struct {
	Customer vouch.CustomerID `json:"customer"`
	Record   string           `json:"record"` // of a claim, a maintenance, a contract version, a lease or a statement; or the ID of a claim or maintenance
	Objects  bool             `json:"objects,omitempty"`
	By       string           `json:"by,omitempty"`   // an account id; empty where a note says it
	Note     string           `json:"note,omitempty"` // the customer's own signed note (vouch/acceptance v1)
}

// Acceptance is the customer's word as it is recorded.
type Acceptance struct {
	ID         string           `json:"id"` // of its record
	Customer   vouch.CustomerID `json:"customer"`
	Record     string           `json:"record"`
	Kind       string           `json:"kind"` // of that record
	Objects    bool             `json:"objects,omitempty"`
	By         string           `json:"by"`
	Key        string           `json:"key,omitempty"` // that a note says signed it; nobody verified it here
	RecordedAt time.Time        `json:"recorded_at"`
	Author     string           `json:"author"`
}

// Acceptable is a record that a customer can accept, with what he said of it.
type Acceptable struct {
	Record     string       `json:"record"`
	Kind       string       `json:"kind"`
	About      string       `json:"about"` // what it says, in words
	RecordedAt time.Time    `json:"recorded_at"`
	Effective  time.Time    `json:"effective_at"`
	Origin     string       `json:"origin"` // of the ledger, for a note of the customer's
	Note       string       `json:"note"`   // hash of the record's note, likewise
	Said       []Acceptance `json:"said"`
}

// NewHold places a legal hold: while one stands, nothing of the customer is erased.
type NewHold struct {
	Customer vouch.CustomerID `json:"customer"`
	Reason   string           `json:"reason"`
}

// Hold is a legal hold as it is recorded.
type Hold struct {
	ID         string           `json:"id"`
	Record     string           `json:"record"`
	Customer   vouch.CustomerID `json:"customer"`
	Reason     string           `json:"reason"`
	PlacedAt   time.Time        `json:"placed_at"`
	Author     string           `json:"author"`
	RemovedAt  time.Time        `json:"removed_at,omitzero"`
	RemovedBy  string           `json:"removed_by,omitempty"`
	RemovedFor string           `json:"removed_for,omitempty"` // why
}
