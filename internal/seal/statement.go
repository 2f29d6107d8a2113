// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

// statementFormat is the first line of a statement: no other note of an agent has it.
const statementFormat = "vouch/seal-key v1"

// MaxStatement bounds a statement in bytes.
const MaxStatement = 1024

// Statement returns what an agent says about its key for secrets: a C2SP signed note by
// its signing key, of three lines, each ended by a newline:
//
//	vouch/seal-key v1
//	agent ID
//	x25519 BASE64
func Statement(key Public, agent vouch.AgentID, signer note.Signer) ([]byte, error) {
	n, err := note.Sign(&note.Note{Text: statementText(key, agent)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the key for secrets: %v", err)
	}
	return n, nil
}

func statementText(key Public, agent vouch.AgentID) string {
	return statementFormat + "\nagent " + string(agent) + "\nx25519 " + base64.StdEncoding.EncodeToString(key[:]) + "\n"
}

// OpenStatement returns the key that an agent's statement names. It was signed by the
// key of the verifier, which must be that agent's.
func OpenStatement(raw []byte, agent vouch.AgentID, verifier note.Verifier) (Public, error) {
	if len(raw) > MaxStatement {
		return Public{}, fmt.Errorf("statement of a key for secrets has %d bytes, at most %d are allowed", len(raw), MaxStatement)
	}
	n, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return Public{}, errors.New("statement of a key for secrets is not signed by the agent's signing key")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 {
		return Public{}, errors.New("statement of a key for secrets has not its three lines")
	}
	coded, _ := strings.CutPrefix(lines[2], "x25519 ")
	key, err := base64.StdEncoding.Strict().DecodeString(coded)
	// One spelling: what it means is what it says, byte for byte.
	if err != nil || len(key) != publicSize || n.Text != statementText(Public(key), agent) {
		return Public{}, fmt.Errorf("statement of a key for secrets is not one of agent %s, or names no X25519 key", agent)
	}
	if _, err := kem().NewPublicKey(key); err != nil {
		return Public{}, errors.New("statement of a key for secrets names no X25519 key")
	}
	return Public(key), nil
}
