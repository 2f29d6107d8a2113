// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch/collector/store"
)

// newAccountID returns an ID that says nothing of its owner.
func newAccountID() string {
	var b [6]byte
	rand.Read(b[:])
	return fmt.Sprintf("account:%x", b)
}

// Invite makes an account, and the secret of the link by which its owner begins. The
// error is a Mistake for what the caller can mend.
func (d *Desk) Invite(ctx context.Context, n NewAccount, author string) (string, store.Account, error) {
	n.Login = strings.ToLower(n.Login)
	err := checkLogin(n.Login)
	if err == nil {
		err = checkOS(n.OS)
	}
	if err != nil {
		return "", store.Account{}, err
	}
	return d.invite(ctx, n, author)
}

func (d *Desk) invite(ctx context.Context, n NewAccount, author string) (string, store.Account, error) {
	now := d.now().UTC()
	a := store.Account{ID: newAccountID(), Login: n.Login, Role: n.Role, Customer: n.Customer, OS: n.OS, Author: author, Created: now}
	secret, i := d.newInvite(a.ID)
	err := d.store.AddAccount(ctx, a, i)
	switch {
	case errors.Is(err, store.ErrTaken):
		return "", a, Mistake{English: fmt.Sprintf("there is an account %q already; `vouch people reset` makes another link for it", n.Login)}
	case err != nil:
		return "", a, err
	}
	return secret, a, d.record(ctx, Event{Invited, a, author})
}

func (d *Desk) newInvite(account string) (string, store.Invite) {
	secret, now := newSecret(), d.now().UTC()
	return secret, store.Invite{SHA256: hashed(secret), Account: account, Created: now, Expires: now.Add(InviteFor)}
}

// First returns the secret of a link for the first account, which may do all that pages
// offer and whose owner chooses its login name; empty once there is any other account.
// Each call ends the link of the call before.
func (d *Desk) First(ctx context.Context, role, author string) (string, error) {
	list, err := d.store.ListAccounts(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case len(list) == 0:
		secret, _, err := d.invite(ctx, NewAccount{Role: role}, author)
		return secret, err
	case len(list) > 1 || list[0].Login != "" || !list[0].Disabled.IsZero():
		return "", nil
	}
	secret, i := d.newInvite(list[0].ID)
	return secret, d.store.AddInvite(ctx, i)
}

// Reset ends the password and the sessions of an account and returns the secret of a
// link by which its owner begins anew.
func (d *Desk) Reset(ctx context.Context, login, author string) (string, store.Account, error) {
	a, err := d.find(ctx, login)
	if err != nil {
		return "", a, err
	}
	secret, i := d.newInvite(a.ID)
	if err := d.store.AddInvite(ctx, i); errors.Is(err, store.ErrNotFound) {
		return "", a, Mistake{English: fmt.Sprintf("the account %q is disabled: invite its owner under another name", login)}
	} else if err != nil {
		return "", a, err
	}
	return secret, a, d.record(ctx, Event{Reset, a, author})
}

// Disable keeps an account from signing in for good.
func (d *Desk) Disable(ctx context.Context, login, author string) (store.Account, error) {
	a, err := d.find(ctx, login)
	if err != nil {
		return a, err
	}
	if err := d.store.DisableAccount(ctx, a.ID, d.now().UTC()); errors.Is(err, store.ErrNotFound) {
		return a, Mistake{English: fmt.Sprintf("the account %q was disabled already", login)}
	} else if err != nil {
		return a, err
	}
	return a, d.record(ctx, Event{Disabled, a, author})
}

// find finds an account by its login name, or by its ID: the first has no name until
// its owner chose one.
func (d *Desk) find(ctx context.Context, name string) (store.Account, error) {
	a, err := d.store.Account(ctx, strings.ToLower(name))
	if !errors.Is(err, store.ErrNotFound) {
		return a, err
	}
	list, err := d.store.ListAccounts(ctx)
	if err != nil {
		return a, err
	}
	for _, a := range list {
		if a.ID == name {
			return a, nil
		}
	}
	return a, Mistake{English: fmt.Sprintf("there is no account %q; see `vouch people list`", name)}
}

// Invited returns whose link a secret is; ErrLink for one that is worth nothing any more.
func (d *Desk) Invited(ctx context.Context, secret string) (store.Account, error) {
	i, a, err := d.store.Invite(ctx, hashed(secret))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !d.now().Before(i.Expires):
		return store.Account{}, ErrLink
	}
	return a, err
}

// Join sets the password of the account that a link is for, and its login name where it
// has none. The link is worth nothing after that, nor is any session that there was. It
// signs nobody in. The error is ErrLink, ErrBusy or a Mistake, or our own.
func (d *Desk) Join(ctx context.Context, secret, login, password string) error {
	a, err := d.Invited(ctx, secret)
	if err != nil {
		return err
	}
	if a.Login != "" {
		login = a.Login
	}
	login = strings.ToLower(strings.TrimSpace(login))
	if err := checkLogin(login); err != nil {
		return err
	}
	if err := checkPassword(login, password); err != nil {
		return err
	}
	stored, err := d.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	switch err := d.store.UseInvite(ctx, hashed(secret), login, stored, d.now().UTC()); {
	case errors.Is(err, store.ErrNotFound):
		return ErrLink
	case errors.Is(err, store.ErrTaken):
		return Mistake{fmt.Sprintf("somebody else has the login name %q", login), fmt.Sprintf("iemand anders heeft de inlognaam %q", login)}
	case err != nil:
		return err
	}
	d.accounts.succeeded(keyOf(login), true)
	return d.record(ctx, Event{Joined, a, a.ID})
}
