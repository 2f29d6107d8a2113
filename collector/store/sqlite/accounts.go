// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

const (
	accountColumns = `account.id, account.login, account.role, account.customer, account.os, account.password, account.author, account.created, account.disabled`
	inviteColumns  = `invite.sha256, invite.account, invite.created, invite.expires`
	sessionColumns = `session.sha256, session.account, session.created, session.used`
)

// accountRow reads an account: where its columns go, and what becomes of them.
type accountRow struct {
	store.Account
	created, disabled *int64
}

func (r *accountRow) columns() []any {
	a := &r.Account
	return []any{&a.ID, &a.Login, &a.Role, &a.Customer, &a.OS, &a.Password, &a.Author, &r.created, &r.disabled}
}

func (r *accountRow) account() store.Account {
	r.Created, r.Disabled = timeOfNanos(r.created), timeOfNanos(r.disabled)
	return r.Account
}

func readAccount(scan scanner) (store.Account, error) {
	var r accountRow
	err := scan(r.columns()...)
	return r.account(), err
}

// checkAccount keeps out an account that would say less, or more, than its role does.
func checkAccount(a store.Account) error {
	switch {
	case a.ID == "" || a.Created.IsZero():
		return errors.New("its ID and the time are needed")
	case a.Role != "noc" && a.Role != "contract-manager" && a.Role != "auditor" && a.Role != "customer":
		return fmt.Errorf("role %q: allowed are noc, contract-manager, auditor and customer", a.Role)
	case (a.Role == "customer") == (a.Customer == ""):
		return errors.New("exactly an account of role customer names a customer")
	}
	return errors.Join(checkText("id", a.ID), checkText("login", a.Login), checkText("os account", a.OS))
}

func checkInvite(i store.Invite) error {
	if i.SHA256.IsZero() || i.Account == "" || i.Expires.IsZero() {
		return errors.New("an invite has a hash, an account and an end")
	}
	return nil
}

// AddAccount implements [store.Accounts].
func (s *Store) AddAccount(ctx context.Context, a store.Account, first store.Invite) error {
	err := checkAccount(a)
	if err == nil {
		err = checkInvite(first)
	}
	if err == nil && first.Account != a.ID {
		err = errors.New("the invite is for another account")
	}
	if err != nil {
		return fmt.Errorf("add account: %v", err)
	}
	added := false
	err = s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		res, err := t.run(ctx, `INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			a.ID, a.Login, a.Role, a.Customer, a.OS, a.Password, a.Author, nanos(a.Created), nanos(a.Disabled))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if added = n > 0; err != nil || !added {
			return err
		}
		return t.putInvite(ctx, first)
	})
	if err == nil && !added {
		return fmt.Errorf("login name %q: %w", a.Login, store.ErrTaken)
	}
	return explain("add account", s.dir, err)
}

func (t *tx) putInvite(ctx context.Context, i store.Invite) error {
	return t.exec(ctx, `INSERT INTO invite (sha256, account, created, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT (account) DO UPDATE SET sha256 = excluded.sha256, created = excluded.created, expires = excluded.expires`,
		i.SHA256[:], i.Account, nanos(i.Created), nanos(i.Expires))
}

// Account implements [store.Accounts].
func (s *Store) Account(ctx context.Context, login string) (store.Account, error) {
	list, err := query(ctx, s.reader, "SELECT "+accountColumns+" FROM account WHERE login = ? AND login <> ''", []any{login}, readAccount)
	return firstOf("account", s.dir, list, err)
}

func firstOf[T any](what, dir string, list []T, err error) (out T, _ error) {
	switch {
	case err != nil:
		return out, explain("read "+what, dir, err)
	case len(list) == 0:
		return out, fmt.Errorf("%s: %w", what, store.ErrNotFound)
	}
	return list[0], nil
}

// ListAccounts implements [store.Accounts].
func (s *Store) ListAccounts(ctx context.Context) ([]store.Account, error) {
	list, err := query(ctx, s.reader, "SELECT "+accountColumns+" FROM account ORDER BY created, id", nil, readAccount)
	return list, explain("list accounts", s.dir, err)
}

// AddInvite implements [store.Accounts].
func (s *Store) AddInvite(ctx context.Context, i store.Invite) error {
	if err := checkInvite(i); err != nil {
		return fmt.Errorf("add invite: %v", err)
	}
	found := false
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		res, err := t.run(ctx, "UPDATE account SET password = '' WHERE id = ? AND disabled IS NULL", i.Account)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if found = n > 0; err != nil || !found {
			return err
		}
		if err := t.putInvite(ctx, i); err != nil {
			return err
		}
		return t.exec(ctx, "DELETE FROM session WHERE account = ?", i.Account)
	})
	if err == nil && !found {
		return fmt.Errorf("account %q: %w", i.Account, store.ErrNotFound)
	}
	return explain("add invite", s.dir, err)
}

type invited struct {
	store.Invite
	store.Account
}

// Invite implements [store.Accounts].
func (s *Store) Invite(ctx context.Context, hash evidence.Hash) (store.Invite, store.Account, error) {
	list, err := query(ctx, s.reader, "SELECT "+inviteColumns+", "+accountColumns+" FROM invite JOIN account ON account.id = invite.account WHERE sha256 = ?", []any{hash[:]},
		func(scan scanner) (v invited, err error) {
			var sum []byte
			var created, expires *int64
			var r accountRow
			err = scan(append([]any{&sum, &v.Invite.Account, &created, &expires}, r.columns()...)...)
			v.SHA256, v.Invite.Created, v.Expires, v.Account = hashOf(sum), timeOfNanos(created), timeOfNanos(expires), r.account()
			return v, err
		})
	v, err := firstOf("invite", s.dir, list, err)
	return v.Invite, v.Account, err
}

// UseInvite implements [store.Accounts].
func (s *Store) UseInvite(ctx context.Context, hash evidence.Hash, login, password string, now time.Time) error {
	if login == "" || password == "" {
		return errors.New("use invite: a login name and a password are needed")
	}
	if err := checkText("login", login); err != nil {
		return fmt.Errorf("use invite: %v", err)
	}
	var refused error
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		refused = nil
		var account, other string
		found, err := t.row(ctx, "SELECT account FROM invite WHERE sha256 = ? AND expires > ?", []any{hash[:], nanos(now)}, &account)
		if err != nil || !found {
			refused = fmt.Errorf("invite: %w", store.ErrNotFound)
			return err
		}
		taken, err := t.row(ctx, "SELECT id FROM account WHERE login = ? AND id <> ?", []any{login, account}, &other)
		if err != nil || taken {
			refused = fmt.Errorf("login name %q: %w", login, store.ErrTaken)
			return err
		}
		if err := t.one(ctx, "UPDATE account SET login = ?, password = ? WHERE id = ?", login, password, account); err != nil {
			return err
		}
		if err := t.one(ctx, "DELETE FROM invite WHERE sha256 = ?", hash[:]); err != nil {
			return err
		}
		return t.exec(ctx, "DELETE FROM session WHERE account = ?", account)
	})
	if err == nil && refused != nil {
		return refused
	}
	return explain("use invite", s.dir, err)
}

// DisableAccount implements [store.Accounts].
func (s *Store) DisableAccount(ctx context.Context, id string, now time.Time) error {
	found := false
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		res, err := t.run(ctx, "UPDATE account SET disabled = ?, password = '' WHERE id = ? AND disabled IS NULL", nanos(now), id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if found = n > 0; err != nil {
			return err
		}
		if err := t.exec(ctx, "DELETE FROM invite WHERE account = ?", id); err != nil {
			return err
		}
		return t.exec(ctx, "DELETE FROM session WHERE account = ?", id)
	})
	if err == nil && !found {
		return fmt.Errorf("account %q: %w", id, store.ErrNotFound)
	}
	return explain("disable account", s.dir, err)
}
