// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence/book"
)

// How long a token is good for, in days: unless asked otherwise, and at most.
const (
	tokenDays    = 365
	maxTokenDays = 3650
)

func (c *Collector) addToken(r *http.Request) (any, error) {
	var in admin.NewToken
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	switch _, known := c.base.Load().customers[in.Customer]; {
	case in.Role != roleNOC && in.Role != roleCustomer:
		return nil, badRequest("role %q: allowed are noc and customer", in.Role)
	case in.Role == roleCustomer && !known:
		return nil, badRequest("there is no customer %q in the installed base", in.Customer)
	case in.Role == roleNOC && in.Customer != "":
		return nil, badRequest("a token of the NOC is for no single customer")
	}
	if in.Days == 0 {
		in.Days = tokenDays
	}
	if in.Days < 1 || in.Days > maxTokenDays {
		return nil, badRequest("%d days: a token is good for 1 to %d", in.Days, maxTokenDays)
	}
	t, secret := newToken(in.Role, in.Customer, author(r.Context()), c.now(), time.Duration(in.Days)*24*time.Hour)
	if err := c.store.AddToken(r.Context(), t); err != nil {
		return nil, err
	}
	if err := c.recordAccount(r.Context(), t.Author, book.AccountBody{Event: "token-added", Account: "token:" + t.ID, Role: t.Role, Customer: t.Customer}); err != nil {
		return nil, err
	}
	out := tokenOf(t)
	out.Secret = secret
	return out, nil
}

func tokenOf(t store.Token) admin.Token {
	return admin.Token{ID: t.ID, Role: t.Role, Customer: t.Customer, Author: t.Author, Created: t.Created, Expires: t.Expires}
}

func (c *Collector) tokens(ctx context.Context) (any, error) {
	ts, err := c.store.ListTokens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]admin.Token, 0, len(ts))
	for _, t := range ts {
		out = append(out, tokenOf(t))
	}
	return out, nil
}

func (c *Collector) removeToken(r *http.Request) (any, error) {
	id := r.FormValue("id")
	if err := c.store.DeleteToken(r.Context(), id); err != nil {
		return nil, err
	}
	return nil, c.recordAccount(r.Context(), author(r.Context()), book.AccountBody{Event: "token-removed", Account: "token:" + id})
}
