// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Paths about agents.
const (
	PathAgents = "/agents"        // GET: []Agent
	PathJoin   = "/agents/join"   // POST NewJoin: Join
	PathRevoke = "/agents/revoke" // POST Revocation: Revoked
)

// NewJoin asks for a join string for an agent of the installed base.
type NewJoin struct {
	Agent    vouch.AgentID    `json:"agent"`
	Location vouch.LocationID `json:"location,omitempty"` // compared with the installed base
	Address  string           `json:"address,omitempty"`  // HOST:PORT at which agents reach the collector; empty for the configured one
	Rotate   bool             `json:"rotate,omitempty"`   // a new key may take the place of the one that speaks
}

// Join is a join string and what it is for. It is told once.
type Join struct {
	Agent     vouch.AgentID      `json:"agent"`
	Location  vouch.LocationID   `json:"location"`
	Customers []vouch.CustomerID `json:"customers"`
	Address   string             `json:"address"`
	Expires   time.Time          `json:"expires"`
	Key       string             `json:"key,omitempty"`     // the agent has it already: no other can use the join string
	NewKey    bool               `json:"new_key,omitempty"` // the key that the agent has cannot use it
	Join      string             `json:"join"`
}

// Revocation takes the key of an agent away.
type Revocation struct {
	Agent  vouch.AgentID `json:"agent"`
	Reason string        `json:"reason"`
}

// Revoked is a key that was taken away.
type Revoked struct {
	Agent vouch.AgentID `json:"agent"`
	Key   string        `json:"key"`
	At    time.Time     `json:"at"`
}

// States of an agent.
const (
	AgentWaits      = "not enrolled"
	AgentEnrolled   = "enrolled"
	AgentConfigured = "key in base" // its key stands in the installed base
	AgentRevoked    = "revoked"
)

// Agent is an agent of the installed base and the key that speaks for it.
type Agent struct {
	Agent     vouch.AgentID      `json:"agent"`
	Location  vouch.LocationID   `json:"location"`
	Custody   vouch.Custody      `json:"custody"`
	Customers []vouch.CustomerID `json:"customers"`
	State     string             `json:"state"`
	Key       string             `json:"key,omitempty"`
	Author    string             `json:"author,omitempty"` // who let it in
	Enrolled  time.Time          `json:"enrolled_at,omitzero"`
	Until     time.Time          `json:"certificate_until,omitzero"` // of the newest; absent for none
	Revoked   time.Time          `json:"revoked_at,omitzero"`
	Heartbeat *time.Time         `json:"heartbeat_at"`
}
