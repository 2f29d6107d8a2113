// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/people"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/evidence"
)

// Roles of a token.
const (
	roleNOC      = "noc"
	roleCustomer = "customer"
)

// errForeignHost says that a browser was led here under a name that is not this
// machine's loopback, which is what DNS rebinding does.
var errForeignHost = fmt.Errorf("%w: the page on loopback answers to localhost and loopback addresses only", web.ErrForbidden)

// gate decides who is looking: who a token speaks for, sent as a bearer token or as
// the password of basic authentication; else who is signed in. On a loopback listener
// everybody else on this machine is the NOC and may read, as long as the browser asked
// for a loopback name.
type gate struct {
	tokens   store.Tokens
	people   *people.Desk
	now      func() time.Time
	loopback bool // the listener is bound to a loopback address
}

// viewer implements the function that package web asks for.
func (g gate) viewer(r *http.Request) (web.Viewer, error) {
	if secret := presented(r); secret != "" {
		return g.byToken(r.Context(), secret)
	}
	if secret := web.SessionSecret(r); secret != "" {
		a, err := g.people.Session(r.Context(), secret)
		if err == nil {
			return web.Viewer{Role: web.Role(a.Role), Customer: a.Customer, Account: a.ID, Login: a.Login}, nil
		}
		if !errors.Is(err, people.ErrOver) {
			return web.Viewer{}, err
		}
	}
	if !g.loopback || forwarded(r) {
		return web.Viewer{}, web.ErrUnauthenticated
	}
	if !loopbackHost(r.Host) {
		return web.Viewer{}, errForeignHost
	}
	return web.Viewer{Role: web.RoleNOC}, nil
}

func (g gate) byToken(ctx context.Context, secret string) (web.Viewer, error) {
	t, err := g.tokens.Token(ctx, evidence.Hash(sha256.Sum256([]byte(secret))))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return web.Viewer{}, web.ErrUnauthenticated
	case err != nil:
		return web.Viewer{}, err
	case !t.Expires.IsZero() && !g.now().Before(t.Expires):
		return web.Viewer{}, web.ErrUnauthenticated
	case t.Role == roleNOC:
		return web.Viewer{Role: web.RoleNOC}, nil
	}
	return web.Viewer{Role: web.RoleCustomer, Customer: t.Customer}, nil
}

// forwarded reports whether a proxy passed the request on: then who asks is not on
// this machine, whatever name the proxy uses for it.
func forwarded(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return true
		}
	}
	return false
}

// presented returns the token that a request carries, or "".
func presented(r *http.Request) string {
	if s, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(s)
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	return ""
}

// loopbackHost reports whether a Host header names this machine's loopback.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

// newToken makes a token and its secret. The secret is shown once and never stored.
func newToken(role string, customer vouch.CustomerID, author string, now time.Time, last time.Duration) (store.Token, string) {
	var id [6]byte
	var secret [24]byte
	rand.Read(id[:])
	rand.Read(secret[:])
	s := "vouch_" + base64.RawURLEncoding.EncodeToString(secret[:])
	return store.Token{
		ID: fmt.Sprintf("%x", id), SHA256: evidence.Hash(sha256.Sum256([]byte(s))),
		Role: role, Customer: customer, Author: author, Created: now.UTC().Truncate(time.Millisecond),
		Expires: now.UTC().Truncate(time.Millisecond).Add(last),
	}, s
}
