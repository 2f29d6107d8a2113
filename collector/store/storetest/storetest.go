// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package storetest is the suite that every implementation of package store passes:
// each sentence of its contract as a test, and a comparison with a small model over
// random histories. It tests what callers see, never tables or files.
package storetest

import (
	"testing"

	"github.com/vouch-sla/vouch/collector/store"
)

// Opener returns an empty store that is closed when the test ends; the suite may
// close it before. It fails the test where it cannot.
type Opener func(t *testing.T) store.Store

// Run tests an implementation. Each test opens stores of its own.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"chain rules", testChainRules},
		{"chains are apart", testChainsApart},
		{"invalid entries", testInvalid},
		{"cancelled append", testCancelled},
		{"records", testRecords},
		{"entries", testEntries},
		{"heads", testHeads},
		{"bounded forks", testBoundedForks},
		{"many writers", testManyWriters},
		{"same entries at once", testSameAtOnce},
		{"one bad call among good ones", testBadAmongGood},
		{"proofs", testProofs},
		{"check of a sound ledger", testCheckSound},
		{"pack", testPack},
		{"erase", testErase},
		{"erase while packing", testErasePacking},
		{"derive", testDerive},
		{"derive all or nothing", testDeriveAtomic},
		{"derive at once", testDeriveAtOnce},
		{"chunks", testChunks},
		{"items", testItems},
		{"reset", testReset},
		{"intents", testIntents},
		{"intents in order", testIntentOrder},
		{"tokens", testTokens},
		{"accounts", testAccounts},
		{"invites", testInvites},
		{"sessions", testSessions},
		{"join tokens", testJoinTokens},
		{"agent keys", testAgentKeys},
		{"closed", testClosed},
		{"random histories", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}
