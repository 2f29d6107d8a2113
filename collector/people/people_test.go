// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/people"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

const good = "correct horse battery staple"

var home = netip.MustParseAddr("192.0.2.7")

// office is a desk on a real store, with a clock that the test sets.
type office struct {
	*people.Desk
	store  store.Accounts
	t      *testing.T
	clock  time.Time
	events []string
	fail   error // what the ledger answers
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	o := &office{t: t, store: s, clock: time.Date(2026, 6, 9, 8, 0, 0, 0, time.UTC)}
	o.Desk = people.New(s, people.Options{
		Cost: people.Cheap, Now: func() time.Time { return o.clock },
		Record: func(_ context.Context, e people.Event) error {
			o.events = append(o.events, e.What)
			return o.fail
		},
	})
	return o
}

// person invites somebody of the NOC and sets his password.
func (o *office) person(login string) store.Account {
	o.t.Helper()
	link, a, err := o.Invite(o.t.Context(), people.NewAccount{Login: login, Role: "noc"}, "uid:0")
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.Join(o.t.Context(), link, "", good); err != nil {
		o.t.Fatal(err)
	}
	return a
}

func (o *office) signIn(login, password string) (string, error) {
	secret, _, err := o.SignIn(o.t.Context(), login, password, home)
	return secret, err
}

func (o *office) mustSignIn(login string) string {
	o.t.Helper()
	secret, err := o.signIn(login, good)
	if err != nil {
		o.t.Fatal(err)
	}
	return secret
}

func (o *office) lives(secret string) bool {
	o.t.Helper()
	_, err := o.Session(o.t.Context(), secret)
	if err != nil && !errors.Is(err, people.ErrOver) {
		o.t.Fatal(err)
	}
	return err == nil
}

func want(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s = %v, want %v", what, err, target)
	}
}

// TestSignIn: the right password of a person gets a session of his own, and every
// step stands in the ledger.
func TestSignIn(t *testing.T) {
	o := newOffice(t)
	a := o.person("ada")
	first, second := o.mustSignIn("Ada "), o.mustSignIn("ada")
	if first == second || len(first) != 43 {
		t.Errorf("secrets %q and %q, want two of 256 bits", first, second)
	}
	got, err := o.Session(t.Context(), first)
	if err != nil || got.ID != a.ID || got.Login != "ada" || got.Role != "noc" {
		t.Errorf("Session = %+v, %v, want ada's", got, err)
	}
	if strings.Contains(a.ID, "ada") {
		t.Errorf("the account's ID %q names the person", a.ID)
	}
	if err := o.SignOut(t.Context(), first, false); err != nil || o.lives(first) || !o.lives(second) {
		t.Errorf("SignOut = %v, want this session over and the other not", err)
	}
	third := o.mustSignIn("ada")
	if err := o.SignOut(t.Context(), third, true); err != nil || o.lives(second) || o.lives(third) {
		t.Errorf("SignOut everywhere = %v, want every session over", err)
	}
	if err := o.SignOut(t.Context(), third, false); err != nil {
		t.Errorf("SignOut twice = %v, want nil", err)
	}
	if o.lives("") || o.lives("made up") {
		t.Error("a secret that was never given is a session")
	}
	wanted := []string{"invited", "joined", "signed-in", "signed-in", "signed-out", "signed-in", "signed-out-everywhere"}
	if !slices.Equal(o.events, wanted) {
		t.Errorf("events = %q, want %q", o.events, wanted)
	}
}

// TestRefusedByLedger: what cannot be written down does not happen.
func TestRefusedByLedger(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	o.fail = errors.New("disk full")
	if secret, err := o.signIn("ada", good); !errors.Is(err, o.fail) || secret != "" {
		t.Errorf("SignIn while the ledger refuses = %q, %v, want no session", secret, err)
	}
}

// TestInviteOnce: a link sets one password, in time.
func TestInviteOnce(t *testing.T) {
	o := newOffice(t)
	link, _, err := o.Invite(t.Context(), people.NewAccount{Login: "ada", Role: "auditor"}, "uid:0")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := o.Invited(t.Context(), link); err != nil || a.Login != "ada" {
		t.Errorf("Invited = %+v, %v, want ada's", a, err)
	}
	_, err = o.signIn("ada", "")
	want(t, "SignIn before there is a password", err, people.ErrWrong)
	var mistake people.Mistake
	for _, bad := range []string{"", "elevenchars", strings.Repeat("x", 257), "ada-ada-ada-ada"[:12], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if err := o.Join(t.Context(), link, "", bad); !errors.As(err, &mistake) {
			t.Errorf("Join with the password %q = %v, want a mistake", bad, err)
		}
	}
	if err := o.Join(t.Context(), link, "somebody-else", good); err != nil {
		t.Fatal(err)
	}
	want(t, "Join twice", o.Join(t.Context(), link, "", "another password"), people.ErrLink)
	o.mustSignIn("ada") // the name it was made for, whatever the form said
	_, err = o.Invited(t.Context(), link)
	want(t, "Invited after use", err, people.ErrLink)

	link, _, err = o.Invite(t.Context(), people.NewAccount{Login: "bob", Role: "noc"}, "uid:0")
	if err != nil {
		t.Fatal(err)
	}
	o.clock = o.clock.Add(people.InviteFor)
	want(t, "Join when it has expired", o.Join(t.Context(), link, "", good), people.ErrLink)
	for _, n := range []people.NewAccount{{Login: "ada", Role: "noc"}, {Login: "", Role: "noc"}, {Login: "Jan Jansen", Role: "noc"}, {Login: "eve", Role: "noc", OS: "root"}} {
		if _, _, err := o.Invite(t.Context(), n, "uid:0"); !errors.As(err, &mistake) {
			t.Errorf("Invite(%+v) = %v, want a mistake", n, err)
		}
	}
}

// TestInviteAtOnce: of many who use a link at once, one wins.
func TestInviteAtOnce(t *testing.T) {
	o := newOffice(t)
	link, _, err := o.Invite(t.Context(), people.NewAccount{Login: "ada", Role: "noc"}, "uid:0")
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = o.Join(t.Context(), link, "", fmt.Sprint(good, i)) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			if _, err := o.signIn("ada", fmt.Sprint(good, i)); err != nil {
				t.Errorf("the winner's password = %v", err)
			}
			continue
		}
		want(t, "Join of the others", err, people.ErrLink)
	}
	if won != 1 {
		t.Errorf("%d of %d used the link, want 1", won, len(errs))
	}
}

// TestFirst: the first account has a link until somebody is there, and the newest counts.
func TestFirst(t *testing.T) {
	o := newOffice(t)
	var links []string
	for range 2 {
		link, err := o.First(t.Context(), "contract-manager", "collector")
		if err != nil || link == "" {
			t.Fatalf("First = %q, %v, want a link", link, err)
		}
		links = append(links, link)
	}
	want(t, "the link of the start before", o.Join(t.Context(), links[0], "ada", good), people.ErrLink)
	if err := o.Join(t.Context(), links[1], "ada", good); err != nil {
		t.Fatal(err)
	}
	o.mustSignIn("ada")
	if link, err := o.First(t.Context(), "contract-manager", "collector"); err != nil || link != "" {
		t.Errorf("First when somebody is there = %q, %v, want none", link, err)
	}
}

// TestFirstUnwanted: a first account that nobody wants is disabled by its ID, and its
// link with it.
func TestFirstUnwanted(t *testing.T) {
	o := newOffice(t)
	link, err := o.First(t.Context(), "contract-manager", "collector")
	if err != nil {
		t.Fatal(err)
	}
	o.person("ada")
	first, err := o.Invited(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Disable(t.Context(), first.ID, "uid:0"); err != nil {
		t.Errorf("Disable(%s) = %v", first.ID, err)
	}
	want(t, "Join by the link of a disabled account", o.Join(t.Context(), link, "eve", good), people.ErrLink)
	if link, err := o.First(t.Context(), "contract-manager", "collector"); err != nil || link != "" {
		t.Errorf("First after that = %q, %v, want none", link, err)
	}
}

// TestStolenSession: a reset, and disabling, end what somebody stole.
func TestStolenSession(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	stolen := o.mustSignIn("ada")
	link, _, err := o.Reset(t.Context(), "ada", "uid:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.lives(stolen) {
		t.Error("a stolen session outlives the reset")
	}
	_, err = o.signIn("ada", good)
	want(t, "SignIn with the password before", err, people.ErrWrong)
	if err := o.Join(t.Context(), link, "", "another good password"); err != nil {
		t.Fatal(err)
	}
	if o.lives(stolen) {
		t.Error("a stolen session lives again")
	}
	again, err := o.signIn("ada", "another good password")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Disable(t.Context(), "ada", "uid:0"); err != nil || o.lives(again) {
		t.Errorf("Disable = %v, want the session over", err)
	}
	_, err = o.signIn("ada", "another good password")
	want(t, "SignIn to a disabled account", err, people.ErrWrong)
}

// TestSessionEnds: without use after an hour, with it after twelve.
func TestSessionEnds(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	idle := o.mustSignIn("ada")
	o.clock = o.clock.Add(people.SessionIdle)
	if o.lives(idle) {
		t.Error("a session without use lives on after an hour")
	}
	busy, begun := o.mustSignIn("ada"), o.clock
	for o.clock.Sub(begun) < people.SessionMost {
		if !o.lives(busy) {
			t.Fatalf("a session in use is over after %s", o.clock.Sub(begun))
		}
		o.clock = o.clock.Add(people.SessionIdle - time.Minute)
	}
	if o.lives(busy) {
		t.Error("a session in use lives on after twelve hours")
	}
}
