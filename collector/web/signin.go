// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// People knows who may sign in. What a person can mend comes back as a [Refusal].
type People interface {
	// SignIn checks a password and returns the secret of a new session. from is where
	// the attempt comes from.
	SignIn(ctx context.Context, login, password string, from netip.Addr) (secret string, err error)
	// SignOut ends a session, or every session of its account.
	SignOut(ctx context.Context, secret string, everywhere bool) error
	// Invited returns the login name that a one-time link is for, empty where its owner
	// chooses one.
	Invited(ctx context.Context, link string) (login string, err error)
	// Join sets the password of a one-time link's account, and its login name where it
	// has none.
	Join(ctx context.Context, link, login, password string) error
	// FormToken is what a form carries to show that it came from a page of the browser
	// that holds the secret.
	FormToken(secret string) string
}

// Refusal is why somebody is not let in, for him to read.
type Refusal struct {
	Status         int // of the answer
	English, Dutch string
	After          time.Duration // before he may try again; 0 for at once
}

func (r Refusal) Error() string { return r.English }

const (
	signInPath  = "/sign-in"
	accountPath = "/account"
)

func (s *server) signIn(mux *http.ServeMux) {
	if s.opts.People == nil {
		return
	}
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) { s.signInForm(w, r, nil) })
	mux.HandleFunc("POST /sign-in", s.takeSignIn)
	mux.HandleFunc("GET /join/{link}", func(w http.ResponseWriter, r *http.Request) { s.joinForm(w, r, nil) })
	mux.HandleFunc("POST /join/{link}", s.takeJoin)
	mux.HandleFunc("GET /account", s.page(s.accountPage))
	mux.HandleFunc("POST /sign-out", s.takeSignOut)
}

// mustSignIn reports whether who asks for a page is led to the form: a person with a
// browser, not a program with a token that is wrong.
func (s *server) mustSignIn(r *http.Request, err error) bool {
	return s.opts.People != nil && errors.Is(err, ErrUnauthenticated) && r.Header.Get("Authorization") == "" &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// formModel is what the forms of who is not signed in read.
type formModel struct {
	Lang, Token, Next, Login, Says string
	Link, Choose                   bool // Link: it is worth something; Choose: its owner chooses a login name
}

func (s *server) newForm(w http.ResponseWriter, r *http.Request, why error) formModel {
	m := formModel{Lang: "en", Token: s.opts.People.FormToken(formSecret(w, r)), Next: localPath(r.FormValue("next")), Login: r.PostFormValue("login")}
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "nl") {
		m.Lang = "nl"
	}
	var no Refusal
	if errors.As(why, &no) {
		m.Says = no.English
		if m.Lang == "nl" {
			m.Says = cmp.Or(no.Dutch, no.English)
		}
		m.Says = upper(m.Says) + "."
	}
	return m
}

// sendForm sends a form, or what went wrong where why is not for the person to mend.
func (s *server) sendForm(w http.ResponseWriter, r *http.Request, name, title string, m formModel, why error) {
	status := http.StatusOK
	var no Refusal
	switch {
	case errors.As(why, &no):
		status = no.Status
		if no.After > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(no.After/time.Second)+1))
		}
	case why != nil:
		s.errorPage(w, r, Viewer{}, why)
		return
	}
	body, err := s.render(r, Viewer{}, sheet{name: name, title: title, lang: m.Lang, frozen: true, asOf: AsOf{Now: s.opts.Now()}, model: m})
	if err != nil {
		s.errorPage(w, r, Viewer{}, err)
		return
	}
	send(w, status, body)
}

func (s *server) signInForm(w http.ResponseWriter, r *http.Request, why error) {
	m := s.newForm(w, r, why)
	title := "Sign in"
	if m.Lang == "nl" {
		title = "Inloggen"
	}
	s.sendForm(w, r, "signin", title, m, why)
}

func (s *server) takeSignIn(w http.ResponseWriter, r *http.Request) {
	if err := s.checkForm(w, r, formCookieSecret(r)); err != nil {
		s.errorPage(w, r, Viewer{}, err)
		return
	}
	secret, err := s.opts.People.SignIn(r.Context(), r.PostFormValue("login"), r.PostFormValue("password"), remote(r))
	if err != nil {
		s.signInForm(w, r, err)
		return
	}
	// The session that this browser had, whoever planted it, is over.
	if old := SessionSecret(r); old != "" {
		if err := s.opts.People.SignOut(r.Context(), old, false); err != nil {
			s.errorPage(w, r, Viewer{}, err)
			return
		}
	}
	setCookie(w, r, sessionCookie, secret)
	dropCookie(w, r, formCookie)
	http.Redirect(w, r, localPath(r.PostFormValue("next")), http.StatusSeeOther)
}

func (s *server) joinForm(w http.ResponseWriter, r *http.Request, why error) {
	// The address holds a secret: no other page is told where this one was.
	w.Header().Set("Referrer-Policy", "no-referrer")
	login, err := s.opts.People.Invited(r.Context(), r.PathValue("link"))
	if err != nil {
		why = err
	}
	m := s.newForm(w, r, why)
	m.Link, m.Choose = err == nil, err == nil && login == ""
	if !m.Choose {
		m.Login = login
	}
	title := "Choose a password"
	if m.Lang == "nl" {
		title = "Kies een wachtwoord"
	}
	s.sendForm(w, r, "join", title, m, why)
}

func (s *server) takeJoin(w http.ResponseWriter, r *http.Request) {
	err := s.checkForm(w, r, formCookieSecret(r))
	if err != nil {
		s.errorPage(w, r, Viewer{}, err)
		return
	}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		err = Refusal{Status: http.StatusUnprocessableEntity, English: "the two passwords differ", Dutch: "de twee wachtwoorden verschillen"}
	} else {
		err = s.opts.People.Join(r.Context(), r.PathValue("link"), r.PostFormValue("login"), password)
	}
	if err != nil {
		s.joinForm(w, r, err)
		return
	}
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
}

// accountModel is what the page of an account reads.
type accountModel struct{ Login, ID, Role, Customer, Token string }

func (m accountModel) owners() []ownerID {
	if m.Customer == "" {
		return nil
	}
	return []ownerID{ownerID(m.Customer)}
}

func (s *server) accountPage(r *http.Request, v Viewer) (sheet, error) {
	if v.Account == "" {
		return sheet{}, ErrUnauthenticated
	}
	m := accountModel{v.Login, v.Account, string(v.Role), string(v.Customer), s.token(r)}
	return sheet{view: m, name: "account", title: "Your account", nav: accountPath, frozen: true, asOf: AsOf{Now: s.opts.Now()}, model: m}, nil
}

func (s *server) takeSignOut(w http.ResponseWriter, r *http.Request) {
	err := s.checkForm(w, r, SessionSecret(r))
	if err == nil {
		err = s.opts.People.SignOut(r.Context(), SessionSecret(r), r.PostFormValue("everywhere") != "")
	}
	if err != nil {
		s.errorPage(w, r, Viewer{}, err)
		return
	}
	dropCookie(w, r, sessionCookie)
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
}

// localPath is a path on this server, whatever was given: "/" for one that is not.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
