// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// pins are the keys that whoever verifies has from elsewhere, by their names. Several
// keys may bear one name: an agent's key is rotated.
type pins struct {
	named   map[string][]string
	learned map[string][]string // from an earlier bundle
}

func readPins(keys []string) (pins, error) {
	out := pins{map[string][]string{}, map[string][]string{}}
	for _, k := range keys {
		k = strings.TrimSpace(k)
		name, _, _ := strings.Cut(k, "+")
		if _, err := evidence.NewVerifier(k); err != nil {
			if _, other := evidence.NewCosignerVerifier(k); other != nil {
				return out, fmt.Errorf("a key that is to be trusted: %v", err)
			}
		}
		out.named[name] = append(out.named[name], k)
	}
	return out, nil
}

// learn pins a key of an earlier bundle.
func (p pins) learn(key string) {
	name, _, _ := strings.Cut(key, "+")
	p.learned[name] = append(p.learned[name], key)
}

// ledger returns the key of a ledger under the collector's name; false where none was
// pinned. A collector signs records under its own name and checkpoints under that of
// the ledger, with one key: either may be pinned.
func (p pins) ledger(collector, origin string) (string, bool, error) {
	var keys []string
	for _, name := range []string{origin, collector} {
		list := append(slices.Clip(p.named[name]), p.learned[name]...)
		if len(list) == 0 && name == origin && p.ledgers() {
			// An agent may bear any name that a collector may, and no ledger's: who named
			// a ledger does not mean that an agent's key keeps another.
			return "", false, nil
		}
		for _, k := range list {
			if _, err := evidence.NewVerifier(k); err != nil {
				continue // a witness of that name
			}
			r, err := evidence.RenameVerifier(k, collector)
			if err != nil {
				return "", false, err
			}
			keys = append(keys, r)
		}
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

// ledgers reports whether a key of a ledger was named under the ledger's own name.
func (p pins) ledgers() bool {
	for name := range p.named {
		if strings.Contains(name, "/") {
			return true
		}
	}
	return false
}

// trust says how a key stands to those that are pinned.
type trust int

const (
	stranger trust = iota // none of its name is
	trusted               // it is
	another               // others of its name were named
	newer                 // an earlier bundle had others of its name
)

func (p pins) trust(key string) trust {
	name, _, _ := strings.Cut(key, "+")
	switch {
	case slices.Contains(p.named[name], key) || slices.Contains(p.learned[name], key):
		return trusted
	case len(p.named[name]) > 0:
		return another
	case len(p.learned[name]) > 0:
		return newer
	}
	return stranger
}

// cosigners returns the keys of witnesses.
func (p pins) cosigners() []note.Verifier {
	var out []note.Verifier
	for _, name := range slices.Sorted(maps.Keys(p.named)) {
		for _, k := range p.named[name] {
			if c, err := evidence.NewCosignerVerifier(k); err == nil {
				out = append(out, c)
			}
		}
	}
	return out
}
