// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

// ErrNoCredential is for Options.Credential: the operator's file has no credential of
// that name, and what the collector sent under it is used.
var ErrNoCredential = errors.New("no such credential")

// sealKeyFile holds the agent's key for secrets, one line.
const sealKeyFile = "seal.key"

// CheckSealKey reports why the key for secrets in a data directory cannot be used. That
// there is none yet is no reason: the agent makes it.
func CheckSealKey(dir string) error {
	_, err := readSealKey(filepath.Join(dir, sealKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// openSealKey reads the key for secrets, or makes it. It is another than the signing key:
// a key that opens what others sealed must sign nothing, and can be replaced by itself.
// A disk that takes no new file keeps the agent from nothing: the key lasts until it ends.
func openSealKey(dir string, log *slog.Logger) (seal.Key, error) {
	path := filepath.Join(dir, sealKeyFile)
	k, err := readSealKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		k, err := seal.NewKey()
		if err != nil {
			return k, err
		}
		if err := keepSealKey(path, k); err != nil {
			log.Warn("the key for secrets cannot be kept: without the collector, secrets are not known after the next start", "err", err)
		}
		return k, nil
	}
	return k, err
}

func readSealKey(path string) (seal.Key, error) {
	raw, err := durable.ReadSecret(path)
	if err != nil {
		return seal.Key{}, fmt.Errorf("key for secrets: %w", err)
	}
	k, err := seal.ParseKey(strings.TrimSpace(string(raw)))
	if err != nil {
		return seal.Key{}, fmt.Errorf("key for secrets %s: %v; remove it, and the agent makes another", path, err)
	}
	return k, nil
}

func keepSealKey(path string, k seal.Key) error {
	text, err := k.Encode()
	if err != nil {
		return err
	}
	return durable.WriteFile(path, []byte(text+"\n"), 0o600)
}

// secrets are the credentials that the collector sent. On disk they lie sealed, within
// the copy of the assignment; opened they are in memory alone.
type secrets struct {
	agent     vouch.AgentID
	key       seal.Key
	statement string // of the key, for the collector, in base64
	log       *slog.Logger

	bad map[string]bool // did not open, which is said once; owned by take

	mu   sync.RWMutex // guards open
	open map[string]probes.Credential
}

// newSecrets returns the secrets of an agent, none yet.
func newSecrets(agent vouch.AgentID, key seal.Key, signer note.Signer, log *slog.Logger) (*secrets, error) {
	raw, err := seal.Statement(key.Public(), agent, signer)
	if err != nil {
		return nil, err
	}
	return &secrets{agent: agent, key: key, statement: base64.StdEncoding.EncodeToString(raw), log: log, bad: map[string]bool{}}, nil
}

// take makes list all that the collector sent. A secret that does not open is said once,
// and the checks that need it are unknown; the rest goes on.
func (s *secrets) take(list []wire.SealedSecret) {
	open, bad := make(map[string]probes.Credential, len(list)), map[string]bool{}
	for _, sealed := range list {
		c, err := s.unseal(sealed)
		if err != nil {
			bad[sealed.Name] = true
			if !s.bad[sealed.Name] {
				s.log.Error("a secret from the collector cannot be used", "secret", sealed.Name, "err", err)
			}
			continue
		}
		open[sealed.Name] = c
	}
	s.bad = bad
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = open
}

func (s *secrets) unseal(sealed wire.SealedSecret) (probes.Credential, error) {
	raw, err := s.key.Open(s.agent, sealed.Name, sealed.Sealed)
	if err != nil {
		return probes.Credential{}, err
	}
	c, err := wire.DecodeCredential(raw)
	if err != nil {
		return probes.Credential{}, err
	}
	return probes.Credential{
		Version: c.Version, Community: c.Community, User: c.User, Level: probes.Level(c.Level), Auth: probes.AuthProtocol(c.Auth),
		AuthPassword: c.AuthPassword, Priv: probes.PrivProtocol(c.Priv), PrivPassword: c.PrivPassword, Context: c.Context,
	}, nil
}

// find returns the credential of that name: the operator's own, or the collector's.
func (s *secrets) find(own func(string) (probes.Credential, error), name string) (probes.Credential, error) {
	c, err := own(name)
	if !errors.Is(err, ErrNoCredential) {
		return c, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.open[name]; ok {
		return c, nil
	}
	return c, fmt.Errorf("credential %q is in neither place: store it on the collector's machine (vouch secret set %s), or add it to the agent's file under credentials and reload", name, name)
}

// count returns how many credentials the collector sent that can be used.
func (s *secrets) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.open)
}
