// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// keyring is which key speaks for each agent now. Where an agent stands, the installed
// base says; its key stands there, too, or was enrolled.
type keyring struct {
	// speaking is held for reading from the instant at which notes are received until
	// they are stored, and for writing while a key is taken away: what is stored came in
	// before its key was revoked, as whoever verifies the ledger will insist.
	speaking sync.RWMutex

	mu      sync.RWMutex // guards the rest
	keys    map[vouch.AgentID]heldKey
	agents  map[string]vouch.AgentID // by the bytes of the Ed25519 public key
	revoked map[string]bool          // by verifier key, for good
}

// heldKey is a key that speaks.
type heldKey struct {
	vkey       string
	verifier   note.Verifier
	configured bool // it stands in the installed base
	enrolled   time.Time
	author     string    // who let it in; empty where it is configured
	until      time.Time // of its newest certificate; zero for none
}

func newKeyring() *keyring {
	return &keyring{keys: map[vouch.AgentID]heldKey{}, agents: map[string]vouch.AgentID{}, revoked: map[string]bool{}}
}

// become makes the keys of next speak, and no others. It returns the agents whose key
// speaks no longer, or another; next is not to be used any more.
func (r *keyring) become(next *keyring) (gone []vouch.AgentID) {
	r.speaking.Lock()
	defer r.speaking.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for a, k := range r.keys {
		if next.keys[a].vkey != k.vkey {
			gone = append(gone, a)
		}
	}
	r.keys, r.agents, r.revoked = next.keys, next.agents, next.revoked
	return gone
}

// set makes a key speak for an agent, in place of the one that did.
func (r *keyring) set(a vouch.AgentID, k heldKey) error {
	v, err := evidence.NewVerifier(k.vkey)
	if err != nil {
		return fmt.Errorf("key of agent %s: %v", a, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, taken := r.agents[publicKey(k.vkey)]; taken && other != a {
		return fmt.Errorf("the key of agent %s is that of agent %s already: each needs its own", a, other)
	}
	if was, ok := r.keys[a]; ok {
		delete(r.agents, publicKey(was.vkey))
	}
	k.verifier = v
	r.keys[a], r.agents[publicKey(k.vkey)] = k, a
	return nil
}

// untils returns until when the certificates of the agents are good that have one.
func (r *keyring) untils() map[vouch.AgentID]time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[vouch.AgentID]time.Time{}
	for a, k := range r.keys {
		if !k.until.IsZero() {
			out[a] = k.until
		}
	}
	return out
}

// revoke takes the key of an agent away, for good.
func (r *keyring) revoke(a vouch.AgentID) heldKey {
	r.speaking.Lock()
	defer r.speaking.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.keys[a]
	delete(r.keys, a)
	delete(r.agents, publicKey(k.vkey))
	r.revoked[k.vkey] = true
	return k
}

// restore undoes revoke: it could not be recorded.
func (r *keyring) restore(a vouch.AgentID, k heldKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[a], r.agents[publicKey(k.vkey)] = k, a
	delete(r.revoked, k.vkey)
}

// of returns the key that speaks for an agent.
func (r *keyring) of(a vouch.AgentID) (heldKey, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[a]
	return k, ok
}

// wasRevoked reports whether a key was revoked, of whichever agent.
func (r *keyring) wasRevoked(vkey string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.revoked[vkey]
}

// configured returns the agent whose key, in the installed base, has these bytes.
func (r *keyring) configured(public string) (vouch.AgentID, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a, ok := r.agents[public]
	return a, ok && r.keys[a].configured
}

// keyID returns how the key of an agent is called in leaves and chains; of one that has
// none, a name that no key has.
func (r *keyring) keyID(a vouch.AgentID) string {
	k, ok := r.of(a)
	if !ok {
		return "none"
	}
	return evidence.KeyID(k.verifier.Name(), k.verifier.KeyHash())
}

// Verifier implements [note.Verifiers] over the keys that speak.
func (r *keyring) Verifier(name string, hash uint32) (note.Verifier, error) {
	k, ok := r.of(vouch.AgentID(name))
	if !ok || k.verifier.KeyHash() != hash {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
	}
	return k.verifier, nil
}
