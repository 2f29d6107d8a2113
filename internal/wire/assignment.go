// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Assignment is all that an agent is told: what to ask of whom, how often, and by
// what to prove its own health. What it holds of secrets is sealed to the agent's key.
type Assignment struct {
	Agent      vouch.AgentID
	Location   vouch.LocationID
	From       time.Time          // since when this is in force, UTC, truncated to 1 ms
	Customers  []vouch.CustomerID // every customer for whom the agent keeps chains
	Sealing    time.Duration      // between two batches of a chain
	Heartbeat  time.Duration      // between two heartbeats
	Devices    []Device
	References []Reference
	Profiles   []vouch.Profile // every profile that a check or device names
	Secrets    []SealedSecret  // those of its credentials that the collector holds, by name
}

// SealedSecret is a [Credential] that is sealed to the agent (package seal).
type SealedSecret struct {
	Name   string // as checks and references call the credential
	Sealed []byte
}

// Reference is a reference with the customers to whose streams its results go: one
// customer's contract names it, and no other customer hears of it.
type Reference struct {
	vouch.Reference
	Customers []vouch.CustomerID
}

// Device is one device as an agent is told of it.
type Device struct {
	Customer vouch.CustomerID
	ID       vouch.DeviceID
	Class    vouch.Class
	Profiles []string // names of the profiles to read
	Checks   []vouch.Check
	// Turn is the agent's place among those that measure the device, from 0: each turn
	// has its own part of every interval, so that they do not ask together.
	Turn int
}

// maxTurn is far more agents than ever measure one device.
const maxTurn = 1 << 16

// EncodeAssignment returns the document as canonical JSON, with its ETag. Equal
// assignments have equal bytes.
func EncodeAssignment(a Assignment) (body []byte, etag string, err error) {
	if err := a.valid(); err != nil {
		return nil, "", fmt.Errorf("encode assignment of %s: %v", a.Agent, err)
	}
	body, err = evidence.MarshalCanonical(toJSON(a))
	if err != nil {
		return nil, "", fmt.Errorf("encode assignment of %s: %v", a.Agent, err)
	}
	if len(body) > MaxAssignment {
		return nil, "", fmt.Errorf("encode assignment of %s: %w: %d bytes, at most %d are allowed", a.Agent, ErrTooLarge, len(body), MaxAssignment)
	}
	return body, ETag(body), nil
}

// DecodeAssignment is the inverse of [EncodeAssignment]. Keys that this version does
// not know are ignored, and so are kinds of checks: the agent says which of them it
// cannot run.
func DecodeAssignment(body []byte) (Assignment, error) {
	var j assignmentJSON
	if err := ReadJSON(bytes.NewReader(body), MaxAssignment, &j); err != nil {
		return Assignment{}, fmt.Errorf("assignment: %w", err)
	}
	a := fromJSON(j)
	if err := a.valid(); err != nil {
		return Assignment{}, fmt.Errorf("assignment of %.63q: %v", a.Agent, err)
	}
	return a, nil
}

// ETag returns the entity tag of a document: a quoted hash of its bytes.
func ETag(body []byte) string {
	h := sha256.Sum256(body)
	return `"` + hex.EncodeToString(h[:16]) + `"`
}
