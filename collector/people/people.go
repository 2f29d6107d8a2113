// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package people says who sits before a page: accounts, the one-time links by which
// they begin, passwords, and the browsers that are signed in. What an account may see
// and do is not decided here, and nothing of HTTP: it is told a secret and says whose
// it is.
//
// Of a person it keeps a login name and nothing else; ledgers name an account by its
// ID, which says nothing of him. Every secret is 256 random bits and stored as a hash,
// every password by argon2id, and nobody learns from an answer, or from how long it
// took, whether an account exists.
package people

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// Errors that callers tell apart.
var (
	ErrWrong = errors.New("the login name or the password is wrong") // or the account is disabled, or has no password
	ErrBusy  = errors.New("too many people sign in at once: try again in a few seconds")
	ErrOver  = errors.New("nobody is signed in") // no such session, or it is over
	ErrLink  = errors.New("the link was used already, has expired, or never was")
)

// HeldBack says that too many attempts failed, and for how long no other is looked at.
type HeldBack time.Duration

func (h HeldBack) Error() string {
	return fmt.Sprintf("too many attempts failed: try again in %s", time.Duration(h).Round(time.Second))
}

// Mistake is something that the person can mend, in a sentence. Dutch is empty where
// nobody but the operator meets it.
type Mistake struct{ English, Dutch string }

func (m Mistake) Error() string { return m.English }

// How long what was given out is worth something.
const (
	InviteFor   = 72 * time.Hour
	SessionIdle = time.Hour      // without a request; an open page asks by itself
	SessionMost = 12 * time.Hour // a shift and its hand-over
	sessions    = 10             // of one account at once; another ends the oldest
	usedEvery   = time.Minute    // how exactly it is known when a session was used last
)

// What happened to an account, in the words of the ledger.
const (
	Invited             = "invited"
	Reset               = "reset"
	Joined              = "joined"
	SignedIn            = "signed-in"
	SignedOut           = "signed-out"
	SignedOutEverywhere = "signed-out-everywhere"
	Disabled            = "disabled"
)

// Event is something that happened to an account. By is who did it: the account
// itself, or an author of the socket.
type Event struct {
	What    string
	Account store.Account
	By      string
}

// Desk lets people in. Its methods may be called concurrently.
type Desk struct {
	store     store.Accounts
	passwords *passwords
	accounts  *throttle
	addresses *throttle
	record    func(context.Context, Event) error
	now       func() time.Time
	log       *slog.Logger
}

// Options are what a desk needs beside its store.
type Options struct {
	// Record writes an event into the ledger. What it refuses does not happen.
	Record func(context.Context, Event) error
	Cost   Cost             // of a password; zero for the default
	Now    func() time.Time // nil for time.Now
	Log    *slog.Logger     // nil for none
}

// New returns a desk over the accounts of a store.
func New(s store.Accounts, o Options) *Desk {
	d := &Desk{
		store: s, passwords: newPasswords(o.Cost), accounts: newThrottle(perAccount), addresses: newThrottle(perAddress),
		record: o.Record, now: o.Now, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.record == nil {
		d.record = func(context.Context, Event) error { return nil }
	}
	return d
}

// newSecret returns 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashed(secret string) evidence.Hash { return sha256.Sum256([]byte(secret)) }

// SignIn checks a password and returns the secret of a new session and whose it is. from
// is where the attempt comes from; the zero address counts with all others that have none.
// The error is ErrWrong, ErrBusy or HeldBack, or our own.
func (d *Desk) SignIn(ctx context.Context, login, password string, from netip.Addr) (string, store.Account, error) {
	now := d.now()
	login = strings.ToLower(strings.TrimSpace(login))
	who, where := keyOf(login), placeOf(from)
	if wait, _ := d.addresses.begin(where, now); wait > 0 {
		return "", store.Account{}, HeldBack(wait)
	}
	wait, held := d.accounts.begin(who, now)
	if wait > 0 {
		return "", store.Account{}, HeldBack(wait)
	}
	a, err := d.store.Account(ctx, login)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", store.Account{}, err
	}
	// An account that is not there, or disabled, has no password: the work is the same.
	right, err := d.passwords.matches(ctx, password, a.Password)
	if err != nil {
		if errors.Is(err, ErrBusy) { // nothing was tried
			d.accounts.succeeded(who, false)
			d.addresses.succeeded(where, false)
		}
		return "", store.Account{}, err
	}
	if !right {
		if held {
			d.log.Warn("attempts to sign in are held back", "account", cmp.Or(a.ID, "unknown"))
		}
		return "", store.Account{}, ErrWrong
	}
	d.accounts.succeeded(who, true)
	d.addresses.succeeded(where, false)
	secret := newSecret()
	if err := d.begin(ctx, a, secret, now); err != nil {
		return "", store.Account{}, err
	}
	return secret, a, nil
}

// begin adds a session and says so in the ledger, or does neither.
func (d *Desk) begin(ctx context.Context, a store.Account, secret string, now time.Time) error {
	if err := d.store.ForgetSessions(ctx, now.Add(-SessionMost), now.Add(-SessionIdle)); err != nil {
		return err
	}
	err := d.store.AddSession(ctx, store.Session{SHA256: hashed(secret), Account: a.ID, Created: now, Used: now}, a.Password, sessions)
	if errors.Is(err, store.ErrNotFound) {
		return ErrWrong // it was reset or disabled meanwhile
	}
	if err != nil {
		return err
	}
	if err := d.record(ctx, Event{SignedIn, a, a.ID}); err != nil {
		return errors.Join(err, d.store.EndSession(context.WithoutCancel(ctx), hashed(secret)))
	}
	return nil
}

// keyOf names a login name in the throttle, whatever its length.
func keyOf(login string) string {
	h := sha256.Sum256([]byte(login))
	return string(h[:])
}

// placeOf names where an attempt came from: an IPv4 address, or the network of 64 bits
// that one customer of an IPv6 provider has.
func placeOf(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Session returns whose session a secret is; ErrOver for one that is none, or over.
func (d *Desk) Session(ctx context.Context, secret string) (store.Account, error) {
	now := d.now()
	s, a, err := d.store.Session(ctx, hashed(secret))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Account{}, ErrOver
	case err != nil:
		return store.Account{}, err
	case now.Sub(s.Created) >= SessionMost || now.Sub(s.Used) >= SessionIdle || !a.Disabled.IsZero():
		return store.Account{}, errors.Join(ErrOver, d.store.EndSession(ctx, s.SHA256))
	case now.Sub(s.Used) >= usedEvery:
		err = d.store.UseSession(ctx, s.SHA256, now)
	}
	return a, err
}

// SignOut ends the session of a secret, or every session of its account.
func (d *Desk) SignOut(ctx context.Context, secret string, everywhere bool) error {
	_, a, err := d.store.Session(ctx, hashed(secret))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	what := SignedOut
	if everywhere {
		what, err = SignedOutEverywhere, d.store.EndSessions(ctx, a.ID)
	} else {
		err = d.store.EndSession(ctx, hashed(secret))
	}
	if err != nil {
		return err
	}
	return d.record(ctx, Event{what, a, a.ID})
}

// FormToken is what a form carries to show that it came from a page of the browser
// whose cookie holds the secret (OWASP: HMAC based token pattern).
func FormToken(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("vouch form"))
	return hex.EncodeToString(m.Sum(nil))
}

// checkLogin says why a login name cannot be one.
func checkLogin(login string) error {
	ok := len(login) > 0 && len(login) <= 64
	for i := range len(login) {
		c := login[i]
		ok = ok && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || i > 0 && strings.IndexByte(".-_@", c) >= 0)
	}
	if !ok {
		return Mistake{"a login name has 1 to 64 lower-case letters, digits and . - _ @, a letter or digit first",
			"een inlognaam heeft 1 tot 64 kleine letters, cijfers en . - _ @, met een letter of cijfer vooraan"}
	}
	return nil
}

// checkOS says why an operating-system account cannot be one: it is written as records
// write it.
func checkOS(os string) error {
	digits, ok := strings.CutPrefix(os, "uid:")
	ok = ok && len(digits) > 0 && len(digits) <= 10 && strings.Trim(digits, "0123456789") == ""
	if os != "" && !ok {
		return Mistake{English: `an account of the operating system is written as records name it: "uid:1000"`}
	}
	return nil
}

// NewAccount is somebody who is invited.
type NewAccount struct {
	Login    string
	Role     string
	Customer vouch.CustomerID
	OS       string // the operating-system account of the same person, or empty
}
