// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Account is one person who may sign in. It is no evidence: ledgers name the ID, which
// says nothing of the person. The login name is all that is kept of him.
type Account struct {
	ID       string // "account:" and 12 hexadecimal digits; the author of what he does
	Login    string // empty until he chose one with his first invite
	Role     string // "noc", "contract-manager", "auditor" or "customer"
	Customer vouch.CustomerID
	OS       string // the operating-system account of the same person ("uid:1000"), or empty
	Password string // argon2id, salted, with its parameters; empty until an invite was used
	Author   string // who invited him
	Created  time.Time
	Disabled time.Time // zero: he may sign in
}

// Invite is the right to set the password of an account once. The secret of the link is
// never stored.
type Invite struct {
	SHA256  evidence.Hash
	Account string // Account.ID
	Created time.Time
	Expires time.Time
}

// Session is one browser that is signed in. The secret of its cookie is never stored.
type Session struct {
	SHA256  evidence.Hash
	Account string // Account.ID
	Created time.Time
	Used    time.Time
}

// Accounts is who may sign in, and who is. Nothing of it is derived.
type Accounts interface {
	// AddAccount adds an account with its first invite. An ID or a login name that is
	// there already is an error that wraps ErrTaken.
	AddAccount(ctx context.Context, a Account, first Invite) error
	// Account returns the account with that login name, which is not empty, or ErrNotFound.
	Account(ctx context.Context, login string) (Account, error)
	// ListAccounts returns all accounts, in order of when they were made.
	ListAccounts(ctx context.Context) ([]Account, error)
	// AddInvite takes the place of every other invite of the account: a reset. The
	// password stops working and every session ends, in the same transaction. An account
	// that is disabled, or not there, is ErrNotFound.
	AddInvite(ctx context.Context, i Invite) error
	// Invite returns the invite with that hash and its account, or ErrNotFound.
	Invite(ctx context.Context, hash evidence.Hash) (Invite, Account, error)
	// UseInvite sets the login name and the password of the invite's account, ends all its
	// sessions, and forgets the invite: all or nothing, and once. An invite that is not
	// there or has expired at now is ErrNotFound; a login name of another is ErrTaken.
	UseInvite(ctx context.Context, hash evidence.Hash, login, password string, now time.Time) error
	// DisableAccount keeps an account from signing in, and ends its sessions and invites.
	// One that is not there, or disabled, is ErrNotFound.
	DisableAccount(ctx context.Context, id string, now time.Time) error
	// AddSession adds a session of an account that is not disabled and whose password is
	// still the one given, else ErrNotFound: a reset in between wins. Of the account's
	// sessions only the keep newest stay.
	AddSession(ctx context.Context, s Session, password string, keep int) error
	// Session returns the session with that hash and its account, or ErrNotFound.
	Session(ctx context.Context, hash evidence.Hash) (Session, Account, error)
	// UseSession stores when a session was last used. One that has ended stays so.
	UseSession(ctx context.Context, hash evidence.Hash, used time.Time) error
	// EndSession ends a session. One that has ended is no error.
	EndSession(ctx context.Context, hash evidence.Hash) error
	// EndSessions ends all sessions of an account.
	EndSessions(ctx context.Context, account string) error
	// ForgetSessions forgets the sessions that were made before created, or used last
	// before used, and the invites that had expired before created.
	ForgetSessions(ctx context.Context, created, used time.Time) error
}
