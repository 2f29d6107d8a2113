// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// vault keeps the credentials that the collector's operator stored: on disk a file of
// mode 0600 each, in memory as they are, and for everybody else sealed to the agent that
// needs them. Nothing but vouch secret set writes in it, nothing reads a secret out of it.
type vault struct {
	dir string

	mu     sync.Mutex // guards all below
	stored map[string]stored
	keys   map[vouch.AgentID]sealKey
	sealed map[sealedKey]sealed
}

// stored is one credential.
type stored struct {
	version string // of SNMP
	body    []byte // as wire.EncodeCredential made it
	changed time.Time
}

// sealKey is an agent's key for secrets, with the statement that it came with.
type sealKey struct {
	statement string // the last one, taken or refused
	key       seal.Public
	known     bool
}

type sealedKey struct {
	agent vouch.AgentID
	name  string
}

// sealed is a secret as it was sealed last. It is kept, because sealed again it would
// look new to the agent.
type sealed struct {
	to    seal.Public
	of    [sha256.Size]byte
	bytes []byte
}

const (
	vaultDir    = "secrets"
	secretExt   = ".secret"
	maxSecrets  = 1024
	secretsHint = "restore it from a back-up, or remove it and store the secret anew: vouch secret set"
)

// openVault reads the credentials that are stored in the data directory.
func openVault(dir string) (*vault, error) {
	v := &vault{
		dir: filepath.Join(dir, vaultDir), stored: map[string]stored{}, keys: map[vouch.AgentID]sealKey{},
		sealed: map[sealedKey]sealed{},
	}
	entries, err := os.ReadDir(v.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the stored secrets: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), secretExt)
		if !ok || vouch.ValidID(name) != nil {
			continue // what a crash left behind
		}
		path := filepath.Join(v.dir, e.Name())
		raw, err := durable.ReadSecret(path)
		if err != nil {
			return nil, fmt.Errorf("read the stored secrets: %w", err)
		}
		c, err := wire.DecodeCredential(raw)
		if err != nil {
			return nil, fmt.Errorf("read the stored secrets: %s: %v; %s", path, err, secretsHint)
		}
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("read the stored secrets: %w", err)
		}
		v.stored[name] = stored{c.Version, raw, info.ModTime()}
	}
	return v, nil
}

// set stores a credential, on disk first.
func (v *vault) set(name string, c wire.Credential, now time.Time) error {
	body, err := wire.EncodeCredential(c)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.stored[name]; !known && len(v.stored) >= maxSecrets {
		return fmt.Errorf("%d secrets are stored, more are not allowed: remove one that nobody uses", maxSecrets)
	}
	if err := os.Mkdir(v.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("store secret %s: %w", name, err)
	}
	if err := durable.WriteFile(v.path(name), body, 0o600); err != nil {
		return fmt.Errorf("store secret %s: %w", name, err)
	}
	v.stored[name] = stored{c.Version, body, now}
	return nil
}

// remove forgets a credential. It reports whether there was one.
func (v *vault) remove(name string) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.stored[name]; !known {
		return false, nil
	}
	if err := os.Remove(v.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Errorf("remove secret %s: %w", name, err)
	}
	if err := durable.SyncDir(v.dir); err != nil {
		return true, fmt.Errorf("remove secret %s: %w", name, err)
	}
	delete(v.stored, name)
	return true, nil
}

// path is where a secret lies. An identifier holds no slash.
func (v *vault) path(name string) string { return filepath.Join(v.dir, name+secretExt) }

// list returns what is stored, without the secrets.
func (v *vault) list() map[string]stored {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := maps.Clone(v.stored)
	for name, s := range out {
		s.body = nil
		out[name] = s
	}
	return out
}

// said reports whether the agent said the same last.
func (v *vault) said(agent vouch.AgentID, statement string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.keys[agent].statement == statement
}

// learn takes in an agent's key, and reports whether it is another than before. The last
// word counts: an agent that lost its key says so by a new one.
func (v *vault) learn(agent vouch.AgentID, statement string, key seal.Public) (another bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.keys[agent]
	v.keys[agent] = sealKey{statement, key, true}
	return !was.known || was.key != key
}

// refuse remembers what an agent said in vain, so that it is refused once. A key that it
// told before stays.
func (v *vault) refuse(agent vouch.AgentID, statement string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.keys[agent]
	k.statement = statement
	v.keys[agent] = k
}

// seal returns those of the named credentials that are stored, sealed to the agent; nil
// while its key is not known. What was sealed before and is the same stays the same.
func (v *vault) seal(agent vouch.AgentID, names []string) ([]wire.SealedSecret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.keys[agent]
	var out []wire.SealedSecret
	for _, name := range names {
		s, ok := v.stored[name]
		if !k.known || !ok {
			delete(v.sealed, sealedKey{agent, name})
			continue
		}
		at, of := sealedKey{agent, name}, sha256.Sum256(s.body)
		was := v.sealed[at]
		if was.to != k.key || was.of != of {
			raw, err := seal.Seal(k.key, agent, name, s.body)
			if err != nil {
				return nil, err
			}
			was = sealed{k.key, of, raw}
			v.sealed[at] = was
		}
		out = append(out, wire.SealedSecret{Name: name, Sealed: was.bytes})
	}
	return out, nil
}

// keep forgets what is known of agents that are not installed any more.
func (v *vault) keep(installed func(vouch.AgentID) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.DeleteFunc(v.keys, func(a vouch.AgentID, _ sealKey) bool { return !installed(a) })
	maps.DeleteFunc(v.sealed, func(k sealedKey, _ sealed) bool { return !installed(k.agent) })
}

// credentials returns the names of the credentials that a plan needs, sorted.
func credentials(p wire.Assignment) []string {
	var names []string
	for _, d := range p.Devices {
		for _, c := range d.Checks {
			names = append(names, c.Credential)
		}
	}
	for _, r := range p.References {
		names = append(names, r.Credential)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	return names
}
