// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

const canary = "cAnArY-7f3"

// strict is a prober whose devices answer to the right community alone.
type strict struct {
	want vouch.Secret

	mu sync.Mutex
}

func (p *strict) Probe(_ context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.Credential.Community != p.want {
		return a.End(probes.Unknown(vouch.ReasonCredentials, "refused"))
	}
	return a.End(vouch.Result{Outcome: vouch.Up, Sent: 1})
}

func (p *strict) ask(want vouch.Secret) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want = want
}

// sealing answers as a collector does that holds the credential lab: with the assignment
// in which it is sealed to the key that the request brings.
type sealing struct {
	mu        sync.Mutex
	community vouch.Secret
	name      string // under which it is sealed
	keys      map[seal.Public]bool
	cache     map[string][]byte
}

func (s *sealing) set(community vouch.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.community, s.cache = community, nil
}

func (s *sealing) before(c *collector) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != wire.PathAssignment {
			return false
		}
		text := r.Header.Get(wire.HeaderSealKey)
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			c.t.Errorf("statement of the key: %v", err)
		}
		key, err := seal.OpenStatement(raw, "a1", c.verifier)
		if err != nil {
			c.t.Errorf("statement of the key: %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keys[key] = true
		if s.cache[text] == nil {
			a := secretAssignment()
			body, err := wire.EncodeCredential(wire.Credential{Version: "2c", Community: s.community})
			if err != nil {
				c.t.Error(err)
			}
			sealed, err := seal.Seal(key, "a1", s.name, body)
			if err != nil {
				c.t.Error(err)
			}
			a.Secrets = []wire.SealedSecret{{Name: "lab", Sealed: sealed}}
			if s.cache == nil {
				s.cache = map[string][]byte{}
			}
			if s.cache[text], _, err = wire.EncodeAssignment(a); err != nil {
				c.t.Error(err)
			}
		}
		c.mu.Lock()
		c.assignment = s.cache[text]
		c.mu.Unlock()
		return false
	}
}

// secretAssignment is two devices: the first is asked with the credential lab.
func secretAssignment() wire.Assignment {
	a := assignment(2)
	c := &a.Devices[0].Checks[0]
	c.Kind, c.Credential, c.Version = vouch.KindSNMP, "lab", "2c"
	return a
}

func newSecretBench(t *testing.T) (*bench, *sealing, *strict) {
	t.Helper()
	b := newBench(t, secretAssignment())
	s := &sealing{community: canary + "-1", name: "lab", keys: map[seal.Public]bool{}}
	p := &strict{want: canary + "-1"}
	b.opts.Probers[vouch.KindSNMP] = p
	b.collector.set(func(c *collector) { c.before = s.before(c) })
	return b, s, p
}

func TestSecretFromTheCollectorWorksWithoutAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s, p := newSecretBench(t)
		b.start()
		time.Sleep(time.Minute + time.Second)
		// The secret is changed at the collector and on the device.
		s.set(canary + "-2")
		p.ask(canary + "-2")
		b.collector.assign(assignment(1)) // another tag: heartbeats tell
		time.Sleep(time.Minute)
		b.stop()
		// Without the collector, from the copy on disk.
		b.down()
		b.start()
		time.Sleep(time.Minute)
		b.up()
		time.Sleep(time.Minute)
		b.stop()
		b.down()
		got := b.outcomes("d1")
		if got["up"] < 22 || got["unknown credentials"] > 2 {
			t.Errorf("samples of the device with a secret = %v, want up but for the seconds in which it changed", got)
		}
		everyTen := b.outcomes("d2")["up"]
		if everyTen < 23 {
			t.Errorf("samples of the other device = %d, want all of 4 minutes", everyTen)
		}
		if len(s.keys) != 1 {
			t.Errorf("keys that the agent told = %d, want the same after a restart", len(s.keys))
		}
		if b.logs.count(canary) > 0 {
			t.Error("the log shows a secret")
		}
		noCanary(t, b.opts.StateDir)
	})
}

// noCanary checks that no file below dir holds the canary.
func noCanary(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("looked at %d files, %v", files, err)
	}
}

func TestOwnEntryWinsOverTheCollectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, p := newSecretBench(t)
		p.ask("own")
		b.opts.Credential = func(name string) (probes.Credential, error) {
			if name == "lab" {
				return probes.Credential{Version: "2c", Community: "own"}, nil
			}
			return probes.Credential{}, agent.ErrNoCredential
		}
		b.start()
		time.Sleep(time.Minute + time.Second)
		b.stop()
		b.down()
		if got := b.outcomes("d1"); got["up"] != 6 || len(got) != 1 {
			t.Errorf("samples = %v, want 6 up with the agent's own entry", got)
		}
	})
}

// A secret that does not open costs the checks that need it, says so once, and nothing else.
func TestSecretThatDoesNotOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s, _ := newSecretBench(t)
		s.name = "core" // sealed under another name: somebody swapped two
		b.start()
		time.Sleep(3*time.Minute + time.Second)
		b.stop()
		b.down()
		if got := b.outcomes("d1"); got["unknown own socket"] != 18 || len(got) != 1 {
			t.Errorf("samples = %v, want 18 unknown", got)
		}
		if got := b.outcomes("d2"); got["up"] != 18 {
			t.Errorf("samples of the other device = %v, want 18 up", got)
		}
		if n := b.logs.count("a secret from the collector cannot be used"); n != 1 {
			t.Errorf("lines about it = %d, want 1", n)
		}
	})
}

func TestKeyForSecretsBelongsToItsOwnerAlone(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"open to others": func(path string) error { return os.Chmod(path, 0o640) },
		"damaged":        func(path string) error { return os.WriteFile(path, []byte("VOUCH-SEAL-KEY-X25519+AAAA\n"), 0o600) },
	} {
		b, _, _ := newSecretBench(t)
		path := filepath.Join(b.opts.StateDir, "seal.key")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- agent.Run(ctx, b.opts) }()
		for { // until it is made
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				if info.Mode().Perm() != 0o600 {
					t.Errorf("mode of the key = %v, want 0600", info.Mode())
				}
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		secret := strings.TrimSpace(strings.TrimPrefix(string(raw), "VOUCH-SEAL-KEY-X25519+"))
		err = agent.Run(t.Context(), b.opts)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: Run = %v, want it refused, with the file and without the key", name, err)
		}
		b.down()
	}
}
