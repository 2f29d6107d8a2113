// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// JoinToken is the right of one agent to enrol a key once. The secret itself is never
// stored.
type JoinToken struct {
	SHA256  evidence.Hash
	Agent   vouch.AgentID
	Rotate  bool // a new key may take the place of one that speaks
	Author  string
	Created time.Time
	Expires time.Time
	Key     string // verifier key of the first that used it; empty until then
}

// AgentKey is a signing key that was enrolled, or revoked, by a command.
type AgentKey struct {
	Key      string // verifier key, "name+hash+base64"
	Agent    vouch.AgentID
	Author   string    // who let it in
	Enrolled time.Time // zero: it stands in the installed base
	Until    time.Time // end of the certificate that was issued last; zero for none
	Revoked  time.Time // zero: it speaks
}

// Enrolments is how agents come in. Nothing of it is derived.
type Enrolments interface {
	// AddJoinToken adds a token, and forgets those that had expired a day before it was
	// made. One with a hash that is there already is an error.
	AddJoinToken(ctx context.Context, t JoinToken) error
	// JoinToken returns the token with that hash, or ErrNotFound.
	JoinToken(ctx context.Context, hash evidence.Hash) (JoinToken, error)
	// BindJoinToken binds a token to a key, durably, unless it is bound to another, and
	// returns the key that it is bound to afterwards. Of several that try at once, one
	// wins.
	BindJoinToken(ctx context.Context, hash evidence.Hash, key string) (bound string, err error)
	// PutAgentKey adds or replaces the key of that name, durably.
	PutAgentKey(ctx context.Context, k AgentKey) error
	// AgentKeys returns all keys, by agent and time of enrolment.
	AgentKeys(ctx context.Context) ([]AgentKey, error)
}
