// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// pins are the keys that whoever verifies has from elsewhere, by their names. Several
// keys may bear one name: an agent's key is rotated.
type pins map[string][]string

func readPins(keys []string) (pins, error) {
	out := pins{}
	for _, k := range keys {
		k = strings.TrimSpace(k)
		name, _, _ := strings.Cut(k, "+")
		if _, err := evidence.NewVerifier(k); err != nil {
			if _, other := evidence.NewCosignerVerifier(k); other != nil {
				return nil, fmt.Errorf("a key that is to be trusted: %v", err)
			}
		}
		out[name] = append(out[name], k)
	}
	return out, nil
}

// add pins a key unless one of its name is.
func (p pins) add(key string) {
	name, _, _ := strings.Cut(key, "+")
	if len(p[name]) == 0 {
		p[name] = []string{key}
	}
}

// ledger returns the key of a ledger under the collector's name; false where none was
// pinned. A collector signs records under its own name and checkpoints under that of
// the ledger, with one key: either may be pinned.
func (p pins) ledger(collector, origin string) (string, bool, error) {
	keys := p[collector]
	for _, k := range p[origin] {
		r, err := evidence.RenameVerifier(k, collector)
		if err != nil {
			return "", false, err
		}
		keys = append(keys, r)
	}
	if len(keys) == 0 {
		return "", false, nil
	}
	for _, k := range keys[1:] {
		if k != keys[0] {
			return "", false, fmt.Errorf("two different keys of %s are named: one ledger has one key", collector)
		}
	}
	return keys[0], true, nil
}

// has reports whether a key is pinned, and whether any of its name is.
func (p pins) has(key string) (this, any bool) {
	name, _, _ := strings.Cut(key, "+")
	for _, k := range p[name] {
		any = true
		this = this || k == key
	}
	return this, any
}

// cosigners returns the keys of witnesses.
func (p pins) cosigners() []note.Verifier {
	var out []note.Verifier
	for _, keys := range p {
		for _, k := range keys {
			if c, err := evidence.NewCosignerVerifier(k); err == nil {
				out = append(out, c)
			}
		}
	}
	return out
}
