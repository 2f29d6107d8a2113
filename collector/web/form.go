// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"
)

// maxForm bounds what is read of a form, in bytes.
const maxForm = 64 << 10

// Cookies. Over TLS their names begin with "__Host-" (RFC 6265bis section 4.1.3.2), so
// that no other host of the domain and no page without TLS can plant one.
const (
	sessionCookie = "vouch-session" // the secret of a session
	formCookie    = "vouch-form"    // what forms of who is not signed in are bound to
)

var (
	errForm = errors.New("the form came from elsewhere")
	errMay  = errors.New("the role of the viewer does not do this")
)

// overTLS reports whether the browser speaks TLS, to us or to a proxy before us. Who
// says so without a proxy names his own cookies otherwise, and nothing else.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func cookieName(r *http.Request, name string) string {
	if overTLS(r) {
		return "__Host-" + name
	}
	return name
}

func setCookie(w http.ResponseWriter, r *http.Request, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r, name), Value: value, Path: "/", Secure: overTLS(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func dropCookie(w http.ResponseWriter, r *http.Request, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r, name), Path: "/", Secure: overTLS(r), HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1,
	})
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// SessionSecret returns the secret of the session that a request names, or "".
func SessionSecret(r *http.Request) string { return cookie(r, sessionCookie) }

func formCookieSecret(r *http.Request) string { return cookie(r, formCookie) }

// formSecret returns what the forms of this browser are bound to, and sets it where it
// has none.
func formSecret(w http.ResponseWriter, r *http.Request) string {
	if s := formCookieSecret(r); s != "" {
		return s
	}
	var b [32]byte
	rand.Read(b[:])
	s := base64.RawURLEncoding.EncodeToString(b[:])
	setCookie(w, r, formCookie, s)
	return s
}

// token is what forms of who is signed in carry.
func (s *server) token(r *http.Request) string {
	if secret := SessionSecret(r); secret != "" && s.opts.People != nil {
		return s.opts.People.FormToken(secret)
	}
	return ""
}

// checkForm reads a form, and refuses it unless it comes from a page of ours: by what
// the browser says of its origin, and by the token that only such a page can know.
func (s *server) checkForm(w http.ResponseWriter, r *http.Request, secret string) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return errForm
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	want := s.opts.People.FormToken(secret)
	if secret == "" || subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(want)) != 1 {
		return errForm
	}
	return nil
}

// take answers a form by which somebody who is signed in does something: f does it and
// returns where to go next.
func (s *server) take(a Act, f func(*http.Request, Viewer) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.viewer(r)
		switch {
		case err != nil:
		case v.Account == "":
			err = ErrUnauthenticated
		default:
			err = s.checkForm(w, r, SessionSecret(r))
		}
		if err == nil && !v.Can(a) {
			err = errMay
		}
		var next string
		if err == nil {
			next, err = f(r, v)
		}
		if err != nil {
			s.errorPage(w, r, v, err)
			return
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

// remote is where a request comes from. A proxy on this machine says so in the last
// entry of X-Forwarded-For; what others write there is theirs to choose.
func remote(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	if !at.Addr().Unmap().IsLoopback() {
		return at.Addr()
	}
	passed := r.Header.Values("X-Forwarded-For")
	if len(passed) == 0 {
		return at.Addr()
	}
	last := passed[len(passed)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if a, err := netip.ParseAddr(last); err == nil {
		return a
	}
	return at.Addr()
}
