// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// testJoinTokens: a token is found by the hash of its secret, and belongs to the first
// key that used it.
func testJoinTokens(t *testing.T, open Opener) {
	s, ctx := open(t), t.Context()
	one := store.JoinToken{SHA256: evidence.Sum([]byte("one")), Agent: "ams-a", Author: "uid:7", Created: start, Expires: start.Add(time.Hour)}
	two := store.JoinToken{SHA256: evidence.Sum([]byte("two")), Agent: "ams-a", Rotate: true, Author: "uid:8", Created: start.Add(time.Second), Expires: start.Add(2 * time.Hour)}
	for _, k := range []store.JoinToken{one, two} {
		if err := s.AddJoinToken(ctx, k); err != nil {
			t.Fatal(err)
		}
		got, err := s.JoinToken(ctx, k.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "JoinToken", []store.JoinToken{got}, []store.JoinToken{k})
	}
	if err := s.AddJoinToken(ctx, one); err == nil {
		t.Error("AddJoinToken of a hash that is there = nil, want an error")
	}
	if err := s.AddJoinToken(ctx, store.JoinToken{Agent: "ams-a", Created: start, Expires: start}); err == nil {
		t.Error("AddJoinToken without a hash = nil, want an error")
	}
	if _, err := s.JoinToken(ctx, evidence.Sum([]byte("nothing"))); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("JoinToken(unknown) = %v, want %v", err, store.ErrNotFound)
	}
	if _, err := s.BindJoinToken(ctx, evidence.Sum([]byte("nothing")), "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("BindJoinToken(unknown) = %v, want %v", err, store.ErrNotFound)
	}

	// Of many that use it at once, one gets it.
	var group sync.WaitGroup
	bound := make([]string, 8)
	for i := range bound {
		group.Go(func() {
			var err error
			if bound[i], err = s.BindJoinToken(ctx, one.SHA256, string(rune('a'+i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, b := range bound {
		if b == "" || b != bound[0] {
			t.Errorf("BindJoinToken by eight keys at once = %q, want one of them for all", bound)
		}
	}
	if again, err := s.BindJoinToken(ctx, one.SHA256, "later"); err != nil || again != bound[0] {
		t.Errorf("BindJoinToken of a bound token = %q, %v, want %q", again, err, bound[0])
	}

	// What expired a day ago is forgotten when another is made.
	late := store.JoinToken{SHA256: evidence.Sum([]byte("late")), Agent: "bru-a", Created: start.Add(25*time.Hour + 30*time.Minute), Expires: start.Add(27 * time.Hour)}
	if err := s.AddJoinToken(ctx, late); err != nil {
		t.Fatal(err)
	}
	if _, err := s.JoinToken(ctx, one.SHA256); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("JoinToken(expired a day ago) = %v, want %v", err, store.ErrNotFound)
	}
	if _, err := s.JoinToken(ctx, two.SHA256); err != nil {
		t.Errorf("JoinToken(expired lately) = %v, want it", err)
	}
}

// testAgentKeys: what is put is there, and replaces what had its name.
func testAgentKeys(t *testing.T, open Opener) {
	s, ctx := open(t), t.Context()
	a := store.AgentKey{Key: "ams-a+1", Agent: "ams-a", Author: "uid:7", Enrolled: start, Until: start.Add(time.Hour)}
	b := store.AgentKey{Key: "ams-a+0", Agent: "ams-a", Author: "uid:7", Enrolled: start.Add(time.Minute)}
	c := store.AgentKey{Key: "aaa+0", Agent: "aaa", Author: "uid:0", Revoked: start}
	for _, k := range []store.AgentKey{b, a, c} {
		if err := s.PutAgentKey(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	a.Until, a.Revoked = start.Add(2*time.Hour), start.Add(time.Second)
	if err := s.PutAgentKey(ctx, a); err != nil {
		t.Fatal(err)
	}
	if err := s.PutAgentKey(ctx, store.AgentKey{Agent: "x"}); err == nil {
		t.Error("PutAgentKey without a key = nil, want an error")
	}
	got, err := s.AgentKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "AgentKeys", got, []store.AgentKey{c, a, b})
}
