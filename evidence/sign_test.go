// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
)

// What is sealed has the bytes that the note package gives: Ed25519 signatures have
// no randomness, so that they can be compared.
func TestSealedIsSignedNote(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	for name, lines := range map[string][]byte{
		"nothing":  nil,
		"one line": appendSample(t, nil, checkSample(), vouch.Availability),
	} {
		b := sealBatch(t, p, firstHeader(), lines)
		if want := resign(t, p, textOf(b.Raw)); string(b.Raw) != string(want) {
			t.Errorf("SealBatch of %s = %q, want %q", name, b.Raw, want)
		}
	}
}
