// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/people"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// accountEvent writes into the provider's own ledger what happened to an account:
// neither the login name nor where somebody sat.
func (c *Collector) accountEvent(ctx context.Context, e people.Event) error {
	return c.recordAccount(ctx, e.By, book.AccountBody{Event: e.What, Account: e.Account.ID, Role: e.Account.Role, Customer: e.Account.Customer})
}

func (c *Collector) recordAccount(ctx context.Context, author string, body book.AccountBody) error {
	_, err := c.recorder.write(ctx, draft{customer: vouch.Provider, kind: evidence.KindAccountEvent, author: author, body: body})
	if err == nil {
		c.grew(vouch.Provider)
	}
	return err
}

// inviteFirst tells the link by which the first person comes in.
func (c *Collector) inviteFirst(ctx context.Context, ls listeners) error {
	c.pagesAt = pagesAt(ls)
	if c.opts.First == nil {
		return nil
	}
	// The first may do all that pages offer; he has nobody else to ask.
	secret, err := c.people.First(ctx, string(web.RoleManager), authorCollector)
	if err == nil && secret != "" {
		c.opts.First(c.joinLink(secret))
	}
	return err
}

func (c *Collector) joinLink(secret string) string { return c.pagesAt + "join/" + secret }

// pagesAt is the URL of the pages: this machine's name where every address is listened
// on.
func pagesAt(ls listeners) string {
	a, ok := ls.web.Addr().(*net.TCPAddr)
	if !ok || !a.IP.IsUnspecified() {
		return ls.webURL()
	}
	host, err := os.Hostname()
	if err != nil {
		return ls.webURL()
	}
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return ls.webURL()
	}
	return (&url.URL{Scheme: "https", Host: net.JoinHostPort(host, port), Path: "/"}).String()
}

// entrance is the desk as pages know it.
type entrance struct{ *people.Desk }

// toRead turns what a person can mend into what a page says of it.
func toRead(err error) error {
	var held people.HeldBack
	var mistake people.Mistake
	switch {
	case errors.Is(err, people.ErrWrong):
		return web.Refusal{Status: http.StatusUnauthorized, English: err.Error(), Dutch: "de inlognaam of het wachtwoord klopt niet"}
	case errors.As(err, &held):
		wait := time.Duration(held)
		return web.Refusal{Status: http.StatusTooManyRequests, English: err.Error(), After: wait,
			Dutch: "te veel pogingen mislukten: probeer het over " + wait.Round(time.Second).String() + " opnieuw"}
	case errors.Is(err, people.ErrBusy):
		return web.Refusal{Status: http.StatusServiceUnavailable, English: err.Error(), After: 5 * time.Second,
			Dutch: "er loggen te veel mensen tegelijk in: probeer het over enkele seconden opnieuw"}
	case errors.Is(err, people.ErrLink):
		return web.Refusal{Status: http.StatusGone, English: err.Error(), Dutch: "de link is al gebruikt, is verlopen of heeft nooit bestaan"}
	case errors.As(err, &mistake):
		return web.Refusal{Status: http.StatusUnprocessableEntity, English: mistake.English, Dutch: mistake.Dutch}
	}
	return err
}

// SignIn implements [web.People].
func (e entrance) SignIn(ctx context.Context, login, password string, from netip.Addr) (string, error) {
	secret, _, err := e.Desk.SignIn(ctx, login, password, from)
	return secret, toRead(err)
}

// Invited implements [web.People].
func (e entrance) Invited(ctx context.Context, link string) (string, error) {
	a, err := e.Desk.Invited(ctx, link)
	return a.Login, toRead(err)
}

// Join implements [web.People].
func (e entrance) Join(ctx context.Context, link, login, password string) error {
	return toRead(e.Desk.Join(ctx, link, login, password))
}

// FormToken implements [web.People].
func (e entrance) FormToken(secret string) string { return people.FormToken(secret) }

// mended turns a mistake of who typed a command into an answer.
func mended(err error) error {
	var m people.Mistake
	if errors.As(err, &m) {
		return badRequest("%s", m.English)
	}
	return err
}

func (c *Collector) invitePerson(r *http.Request) (any, error) {
	var in admin.NewPerson
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	switch _, known := c.base.Load().customers[in.Customer]; web.Role(in.Role) {
	case web.RoleCustomer:
		if !known {
			return nil, badRequest("there is no customer %q in the installed base: --customer ID", in.Customer)
		}
	case web.RoleNOC, web.RoleManager, web.RoleAuditor:
		if in.Customer != "" {
			return nil, badRequest("role %s is for no single customer: leave out --customer, or --role", in.Role)
		}
	default:
		return nil, badRequest("role %q: allowed are noc, contract-manager, auditor and customer", in.Role)
	}
	secret, a, err := c.people.Invite(r.Context(), people.NewAccount{Login: in.Login, Role: in.Role, Customer: in.Customer, OS: in.SameAs}, author(r.Context()))
	if err != nil {
		return nil, mended(err)
	}
	return c.invited(a, secret), nil
}

func (c *Collector) resetPerson(r *http.Request) (any, error) {
	var in admin.ResetPerson
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	secret, a, err := c.people.Reset(r.Context(), in.Login, author(r.Context()))
	if err != nil {
		return nil, mended(err)
	}
	a.Password = ""
	return c.invited(a, secret), nil
}

func (c *Collector) invited(a store.Account, secret string) admin.Person {
	p := personOf(a)
	p.Link, p.Expires = c.joinLink(secret), c.now().UTC().Add(people.InviteFor)
	return p
}

func (c *Collector) disablePerson(r *http.Request) (any, error) {
	a, err := c.people.Disable(r.Context(), r.FormValue("login"), author(r.Context()))
	if err != nil {
		return nil, mended(err)
	}
	a.Disabled = c.now().UTC()
	return personOf(a), nil
}

func (c *Collector) peopleList(r *http.Request) (any, error) {
	list, err := c.store.ListAccounts(r.Context())
	if err != nil {
		return nil, err
	}
	out := make([]admin.Person, len(list))
	for i, a := range list {
		out[i] = personOf(a)
	}
	return out, nil
}

func personOf(a store.Account) admin.Person {
	p := admin.Person{
		ID: a.ID, Login: a.Login, Role: a.Role, Customer: a.Customer, SameAs: a.OS, Author: a.Author, Created: a.Created, State: "active", Disabled: a.Disabled,
	}
	switch {
	case !a.Disabled.IsZero():
		p.State = "disabled"
	case a.Password == "":
		p.State = "invited"
	}
	return p
}

// samePerson reports whether two authors of records are one person: the same account,
// or accounts of one who has several.
func (c *Collector) samePerson(ctx context.Context, a, b string) (bool, error) {
	list, err := c.store.ListAccounts(ctx)
	if err != nil {
		return false, err
	}
	for _, x := range list {
		if x.OS == "" {
			continue
		}
		if a == x.ID {
			a = x.OS
		}
		if b == x.ID {
			b = x.OS
		}
	}
	return a == b, nil
}
