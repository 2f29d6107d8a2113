// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"encoding/json"
	"time"

	"github.com/vouch-sla/vouch"
)

// PathSecrets is where credentials are stored: POST [NewSecret], answered with the
// [Secret]; GET all; DELETE with name.
const PathSecrets = "/secrets"

// NewSecret stores a credential under the name that the installed base gives it.
type NewSecret struct {
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"` // with its secrets, as package wire encodes it
}

// Secret is a stored credential. It never holds the secret itself.
type Secret struct {
	Name    string          `json:"name"`
	Version string          `json:"version"` // of SNMP: 1, 2c or 3
	Changed time.Time       `json:"changed"`
	Sent    []vouch.AgentID `json:"sent"`    // agents that need it and get it, sealed to each
	Waiting []vouch.AgentID `json:"waiting"` // agents that need it and have not told their key yet
}
