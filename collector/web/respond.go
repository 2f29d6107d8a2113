// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch"
)

// headers sets what every answer carries. The policy allows our own files and
// nothing else: no inline script or style, no frame, no foreign origin.
func headers(next http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; script-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		// Pages and figures belong to one customer: no cache may keep them.
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// owned is a view that can say whose data it holds.
type owned interface{ owners() []vouch.CustomerID }

// guard is the second lock on the customers' isolation, behind the reader's: a view
// that holds anything of another customer is not sent, whatever the reader thought.
func guard(v Viewer, view owned) error {
	for _, c := range view.owners() {
		if !v.May(c) {
			return errForeign
		}
	}
	return nil
}

var errForeign = errors.New("the reader returned data of another customer than the viewer's")

// errMethod is the answer to anything but GET and HEAD.
var errMethod = errors.New("only GET and HEAD are answered here")

// failure is an error as the outside sees it.
type failure struct {
	Status int    `json:"status"`
	Title  string `json:"error"`
	Text   string `json:"detail"`
	Code   string `json:"code,omitempty"`
}

// explain turns an error into a failure, and logs it when it is ours.
func (s *server) explain(r *http.Request, err error) failure {
	if f, ok := refused(err); ok {
		return f
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return failure{http.StatusNotFound, "There is no such page", "Devices keep their address when they move. This one may have left the installed base, or it is not yours to see.", ""}
	case errors.Is(err, ErrUnauthenticated):
		return failure{http.StatusUnauthorized, "Who is asking?", "This page needs a token: send it as \"Authorization: Bearer ...\", or type it as the password. The provider makes one with vouch token add.", ""}
	case errors.Is(err, errForm):
		return failure{http.StatusForbidden, "This form cannot be taken", "It did not come from a page of this browser, or that page is from before you signed in. Nothing was changed. Go back, load the page again, and send it once more.", ""}
	case errors.Is(err, errMay):
		return failure{http.StatusForbidden, "Your role does not do this", "You may read it. Nothing was changed. Who does what is told in the provider's manual, under roles.", ""}
	case errors.Is(err, ErrForbidden):
		return failure{http.StatusForbidden, "This is not yours to see", "You are known, but that does not reach this far. Nothing of another customer is ever shown.", ""}
	case errors.Is(err, ErrBadRequest):
		return failure{http.StatusBadRequest, "That cannot be read", upper(strings.TrimPrefix(err.Error(), ErrBadRequest.Error()+": ")) + ".", ""}
	case errors.Is(err, errMethod):
		return failure{http.StatusMethodNotAllowed, "Only reading is possible here", "Pages and figures are read with GET. Commands go through the vouch program.", ""}
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return failure{http.StatusServiceUnavailable, "Busy, ask again", "Measuring and recording go on without this page. It should be back in a few seconds.", ""}
	}
	f := failure{http.StatusInternalServerError, "That went wrong on our side", "Measuring and recording go on without this page. Tell your administrator the code.", s.code()}
	if r.Context().Err() == nil { // otherwise the visitor has left, and no one waits
		s.opts.Log.Error("a page could not be made", "path", r.URL.Path, "code", f.Code, "err", err)
	}
	return f
}

// code is what a visitor can name and an administrator can find in the log.
func (s *server) code() string {
	var b [2]byte
	rand.Read(b[:]) // never fails
	return "e-" + hex.EncodeToString(b[:]) + "-" + s.opts.Now().UTC().Format("150405")
}

// status sends the header of a failure.
func (f failure) status(w http.ResponseWriter) {
	h := w.Header()
	switch f.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="vouch", charset="UTF-8"`) // a browser asks for a password: the token
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD")
	}
	w.WriteHeader(f.Status)
}

// api answers with JSON what f returns, or with the file that it is.
func (s *server) api(f func(*http.Request, Viewer) (owned, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		view, err := s.ask(r, f)
		kind, name := "application/json; charset=utf-8", ""
		var body []byte
		switch p, ok := view.(interface {
			file() (body []byte, kind, name string)
		}); {
		case err != nil:
		case ok:
			body, kind, name = p.file()
		default:
			if body, err = json.Marshal(view); err == nil {
				body = append(body, '\n')
			}
		}
		var fail failure
		if err != nil {
			fail = s.explain(r, err)
			body, _ = json.Marshal(fail) // strings and a number: cannot fail
			body = append(body, '\n')
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if name != "" {
			h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		}
		if err != nil {
			fail.status(w)
		}
		w.Write(body)
	}
}

// ask finds out who asks, asks f, and guards what f returns.
func (s *server) ask(r *http.Request, f func(*http.Request, Viewer) (owned, error)) (owned, error) {
	v, err := s.viewer(r)
	if err != nil {
		return nil, err
	}
	view, err := f(r, v)
	if err != nil {
		return nil, err
	}
	return view, guard(v, view)
}

// viewer is who asks. Somebody without a role, or a customer without a name, is
// known and may see nothing.
func (s *server) viewer(r *http.Request) (Viewer, error) {
	v, err := s.opts.Viewer(r)
	switch {
	case err != nil:
		return Viewer{}, err
	case v.reads(), v.Role == RoleCustomer && v.Customer != "":
		return v, nil
	}
	return Viewer{}, ErrForbidden
}
