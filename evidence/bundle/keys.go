// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// keyID is a key as leaves name it.
type keyID struct {
	agent vouch.AgentID
	hash  uint32
}

// agentKey is from when until when a key speaks.
type agentKey struct {
	index   int64 // leaf of the record that added it
	revoked time.Time
}

// agentKeys learns the agents' keys from the records, and holds them against what was
// pinned.
func (v *verifier) agentKeys() bool {
	var verifiers []note.Verifier
	pinned, ok := 0, true
	var open []string
	for _, k := range v.book.Keys() {
		key, err := evidence.NewVerifier(k.Key)
		if err == nil && key.Name() != string(k.Agent) {
			err = fmt.Errorf("it bears the name %s", key.Name())
		}
		if err != nil {
			v.rep.wrong(TopicSigner, FileRecords, "the key of agent %s: %v", k.Agent, err)
			ok = false
			continue
		}
		id := keyID{k.Agent, key.KeyHash()}
		if _, again := v.keys[id]; again {
			continue
		}
		v.keys[id] = agentKey{v.addedAt(k), k.Revoked}
		verifiers = append(verifiers, key)
		switch v.pins.trust(k.Key) {
		case trusted:
			pinned++
		case another:
			v.rep.wrong(TopicSigner, FileRecords, "agent %s speaks with the key %s, which is not the one that you named", k.Agent, k.Key)
		case newer:
			v.rep.open(TopicSigner, FileRecords, "that the key %s is agent %s's: it had another in the earlier bundle", k.Key, k.Agent)
		default:
			open = append(open, fmt.Sprintf("%s at %s", k.Agent, k.Location))
		}
	}
	if pinned > 0 {
		v.rep.proven(TopicSigner, FileRecords, "%d agents' keys are those that you trust", pinned)
	}
	if n := len(open); n > 0 {
		v.rep.open(TopicSigner, FileRecords, "that the keys of %d agents are theirs: the provider says so; name them with --key (%s)", n, strings.Join(open[:min(n, 10)], ", "))
	}
	v.agents = note.VerifierList(verifiers...)
	return v.carriedKeys() && ok
}

// addedAt returns the leaf of the record that added a key.
func (v *verifier) addedAt(k book.Key) int64 {
	for n, rec := range v.records {
		var b book.KeyBody
		if rec.Kind == evidence.KindKeyAdded && json.Unmarshal(rec.Body, &b) == nil && b.Agent == k.Agent && b.Key == k.Key {
			return v.indexes[n]
		}
	}
	return 0
}

// carriedKeys holds the file of keys against those that are used: it is for people, and
// must not name others.
func (v *verifier) carriedKeys() bool {
	want := []string{v.key}
	for _, k := range v.book.Keys() {
		if !slices.Contains(want, k.Key) {
			want = append(want, k.Key)
		}
	}
	raw, err := v.text(FileKeys)
	switch {
	case err != nil:
		v.rep.wrong(TopicFile, FileKeys, "%v", err)
	case string(raw) != strings.Join(want, "\n")+"\n":
		v.rep.wrong(TopicSigner, FileKeys, "it is not the keys of the ledger and of its agents: %s", firstDifference(strings.Join(want, "\n")+"\n", string(raw)))
	}
	return true
}

// unusedPins lists keys that were named and that nobody in the bundle signed with: who
// named the ledger's key wants to know that this is another ledger.
func (v *verifier) unusedPins() {
	collector, _, _ := cutOrigin(v.rep.Origin)
	used := map[string]bool{collector: true, v.rep.Origin: true}
	for _, k := range v.book.Keys() {
		used[string(k.Agent)] = true
	}
	for _, name := range v.signed {
		used[name] = true
	}
	for _, k := range v.opts.Keys {
		k = strings.TrimSpace(k)
		if name, _, _ := strings.Cut(k, "+"); !used[name] {
			v.rep.open(TopicSigner, "", "the key %s that you named signed nothing here", k)
		}
	}
}
