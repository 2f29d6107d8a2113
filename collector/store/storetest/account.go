// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

func secretHash(s string) evidence.Hash { return evidence.Sum([]byte(s)) }

func inviteOf(account, secret string) store.Invite {
	return store.Invite{SHA256: secretHash(secret), Account: account, Created: start, Expires: start.Add(time.Hour)}
}

func someAccount(id, login string) store.Account {
	return store.Account{ID: id, Login: login, Role: "noc", Author: "uid:0", Created: start}
}

func addAccount(t *testing.T, s store.Store, id, login string) store.Account {
	t.Helper()
	a := someAccount(id, login)
	if err := s.AddAccount(t.Context(), a, inviteOf(id, "invite of "+id)); err != nil {
		t.Fatalf("AddAccount(%s) = %v", id, err)
	}
	return a
}

// join uses the first invite of an account.
func join(t *testing.T, s store.Store, a store.Account, password string) {
	t.Helper()
	if err := s.UseInvite(t.Context(), secretHash("invite of "+a.ID), a.Login, password, start); err != nil {
		t.Fatalf("UseInvite(%s) = %v", a.ID, err)
	}
}

func addSession(t *testing.T, s store.Store, account, password, secret string, at time.Time, keep int) error {
	t.Helper()
	return s.AddSession(t.Context(), store.Session{SHA256: secretHash(secret), Account: account, Created: at, Used: at}, password, keep)
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// testAccounts: an account has a role, a name of its own, and an end.
func testAccounts(t *testing.T, open Opener) {
	s := open(t)
	for name, change := range map[string]func(*store.Account){
		"no ID": func(a *store.Account) { a.ID = "" }, "no time": func(a *store.Account) { a.Created = time.Time{} },
		"an odd role":                     func(a *store.Account) { a.Role = "root" },
		"role customer without customer":  func(a *store.Account) { a.Role = "customer" },
		"role auditor with a customer":    func(a *store.Account) { a.Role, a.Customer = "auditor", acme },
		"another account than the invite": func(a *store.Account) { a.ID = "account:9" },
	} {
		a := someAccount("account:1", "ada")
		change(&a)
		if err := s.AddAccount(t.Context(), a, inviteOf("account:1", "x")); err == nil {
			t.Errorf("AddAccount(%s) = nil, want an error", name)
		}
	}
	ada := addAccount(t, s, "account:1", "ada")
	wantErr(t, "AddAccount with a name that is taken", s.AddAccount(t.Context(), someAccount("account:2", "ada"), inviteOf("account:2", "y")), store.ErrTaken)
	_, _, err := s.Invite(t.Context(), secretHash("y"))
	wantErr(t, "the invite of an account that was refused", err, store.ErrNotFound)
	// Two that have no name yet do not stand in each other's way, and are nobody's login.
	addAccount(t, s, "account:3", "")
	addAccount(t, s, "account:4", "")
	_, err = s.Account(t.Context(), "")
	wantErr(t, "Account()", err, store.ErrNotFound)

	got, err := s.Account(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Account", []store.Account{got}, []store.Account{ada})
	join(t, s, ada, "hash")
	if err := addSession(t, s, ada.ID, "hash", "cookie", start, 9); err != nil {
		t.Fatal(err)
	}
	if err := s.DisableAccount(t.Context(), ada.ID, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "DisableAccount twice", s.DisableAccount(t.Context(), ada.ID, start), store.ErrNotFound)
	_, _, err = s.Session(t.Context(), secretHash("cookie"))
	wantErr(t, "Session of a disabled account", err, store.ErrNotFound)
	wantErr(t, "AddInvite for a disabled account", s.AddInvite(t.Context(), inviteOf(ada.ID, "z")), store.ErrNotFound)
	wantErr(t, "AddSession of a disabled account", addSession(t, s, ada.ID, "hash", "c2", start, 9), store.ErrNotFound)
	ada.Disabled = start.Add(time.Minute)
	list, err := s.ListAccounts(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatalf("ListAccounts = %v, %v, want three", list, err)
	}
	equal(t, "ListAccounts", list[:1], []store.Account{ada})
}

// testInvites: an invite sets a password once, in time, and a reset ends what was.
func testInvites(t *testing.T, open Opener) {
	s := open(t)
	ada := addAccount(t, s, "account:1", "ada")
	bob := addAccount(t, s, "account:2", "")
	i, a, err := s.Invite(t.Context(), secretHash("invite of "+ada.ID))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Invite", []any{i, a}, []any{inviteOf(ada.ID, "invite of "+ada.ID), ada})

	use := func(secret, login string, now time.Time) error {
		return s.UseInvite(t.Context(), secretHash(secret), login, "hash", now)
	}
	wantErr(t, "UseInvite(unknown)", use("nothing", "ada", start), store.ErrNotFound)
	wantErr(t, "UseInvite at its end", use("invite of "+ada.ID, "ada", start.Add(time.Hour)), store.ErrNotFound)
	wantErr(t, "UseInvite under a name that is taken", use("invite of "+bob.ID, "ada", start), store.ErrTaken)
	if err := use("invite of "+bob.ID, "bob", start); err != nil {
		t.Errorf("UseInvite after a name that was taken = %v", err)
	}
	join(t, s, ada, "hash")
	wantErr(t, "UseInvite twice", use("invite of "+ada.ID, "ada", start), store.ErrNotFound)

	if err := addSession(t, s, ada.ID, "hash", "cookie", start, 9); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"reset 1", "reset 2"} {
		if err := s.AddInvite(t.Context(), inviteOf(ada.ID, secret)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = s.Session(t.Context(), secretHash("cookie"))
	wantErr(t, "Session after a reset", err, store.ErrNotFound)
	wantErr(t, "AddSession with the password before a reset", addSession(t, s, ada.ID, "hash", "c2", start, 9), store.ErrNotFound)
	wantErr(t, "AddSession with no password", addSession(t, s, ada.ID, "", "c3", start, 9), store.ErrNotFound)
	wantErr(t, "UseInvite(the one before)", use("reset 1", "ada", start), store.ErrNotFound)
	if err := use("reset 2", "ada", start); err != nil {
		t.Errorf("UseInvite(the newest) = %v", err)
	}
}

// testSessions: sessions are bounded, move on, and end.
func testSessions(t *testing.T, open Opener) {
	s := open(t)
	ada := addAccount(t, s, "account:1", "ada")
	wantErr(t, "AddSession before there is a password", addSession(t, s, ada.ID, "hash", "c", start, 9), store.ErrNotFound)
	join(t, s, ada, "hash")
	ada.Password = "hash"
	lives := func(secret string) bool {
		t.Helper()
		_, _, err := s.Session(t.Context(), secretHash(secret))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	for i := range 4 {
		if err := addSession(t, s, ada.ID, "hash", fmt.Sprint("c", i), start.Add(time.Duration(i)*time.Minute), 3); err != nil {
			t.Fatal(err)
		}
	}
	if lives("c0") || !lives("c1") || !lives("c3") {
		t.Error("of four sessions with room for three, want the newest three")
	}
	used := start.Add(time.Hour + 7*time.Nanosecond)
	if err := s.UseSession(t.Context(), secretHash("c3"), used); err != nil {
		t.Fatal(err)
	}
	if err := s.UseSession(t.Context(), secretHash("c0"), used); err != nil {
		t.Errorf("UseSession(ended) = %v, want nil", err)
	}
	x, a, err := s.Session(t.Context(), secretHash("c3"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Session", []any{x, a}, []any{store.Session{SHA256: secretHash("c3"), Account: ada.ID, Created: start.Add(3 * time.Minute), Used: used}, ada})
	if err := s.ForgetSessions(t.Context(), start.Add(2*time.Minute), start); err != nil {
		t.Fatal(err)
	}
	if lives("c0") || lives("c1") || !lives("c2") || !lives("c3") {
		t.Error("after ForgetSessions by when they were made, want c2 and c3")
	}
	if err := s.ForgetSessions(t.Context(), start, start.Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if lives("c2") || !lives("c3") {
		t.Error("after ForgetSessions by when they were used, want c3")
	}
	for range 2 {
		if err := s.EndSession(t.Context(), secretHash("c3")); err != nil || lives("c3") {
			t.Errorf("EndSession = %v, want it ended", err)
		}
	}
	for _, c := range []string{"d1", "d2"} {
		if err := addSession(t, s, ada.ID, "hash", c, start, 3); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.EndSessions(t.Context(), ada.ID); err != nil || lives("d1") || lives("d2") {
		t.Errorf("EndSessions = %v, want none left", err)
	}
}
