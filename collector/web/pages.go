// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"
)

//go:embed templates
var templateFS embed.FS

// templates are the parsed pages by name; each holds the frame and the parts.
type templates map[string]*template.Template

func parseTemplates(files *static) templates {
	out := templates{}
	for _, name := range []string{
		"fleet", "device", "incidents", "incident", "statement", "report", "maintenance", "announce", "cancel", "exclusions", "signin", "join", "account", "error",
	} {
		t := template.New("frame.html").Funcs(template.FuncMap{"static": files.url, "mbit": mbit, "speed": speed, "count": count, "reason": reasonWords})
		out[name] = template.Must(t.ParseFS(templateFS, "templates/frame.html", "templates/parts.html", path.Join("templates", name+".html")))
	}
	return out
}

// sheet is a page before it is put into the frame.
type sheet struct {
	view   owned  // what it shows; nil for an error
	name   string // of the template
	title  string // of the document
	nav    string // path of the entry in the navigation that it belongs to
	lang   string // "en" or "nl"
	style  string // file with the style of this page alone; empty for none
	asOf   AsOf
	frozen bool // the page does not fetch itself again
	model  any  // for the template
}

func (p sheet) owners() []ownerID {
	if p.view == nil {
		return nil
	}
	return p.view.owners()
}

// frame is what the template of the frame reads.
type frame struct {
	Lang, Title, Style string
	Links              []link
	Now, Heartbeat     *stamp
	Stale, Wall        bool
	RefreshMS          int64
	Provider, Version  string
	ZoneName, ZoneAbbr string
	Main               any
}

// link is an entry of the navigation.
type link struct {
	Path, Word string
	Current    bool
}

// page answers with HTML what f returns.
func (s *server) page(f func(*http.Request, Viewer) (sheet, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.viewer(r)
		var p sheet
		if err == nil {
			p, err = f(r, v)
		}
		if err == nil {
			err = guard(v, p)
		}
		var body []byte
		if err == nil {
			body, err = s.render(r, v, p)
		}
		switch {
		case err != nil && s.mustSignIn(r, err):
			http.Redirect(w, r, signInPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		case err != nil:
			s.errorPage(w, r, v, err)
		default:
			send(w, http.StatusOK, body)
		}
	}
}

// send sends a page.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// errorPage says what went wrong in the style of the other pages. Should even that
// fail, plain words go out.
func (s *server) errorPage(w http.ResponseWriter, r *http.Request, v Viewer, err error) {
	f := s.explain(r, err)
	back := link{Path: "/", Word: "Fleet"}
	if f.Status == http.StatusInternalServerError || f.Status == http.StatusServiceUnavailable {
		back = link{Path: r.URL.RequestURI(), Word: "Try again"}
	}
	form := f.Status == http.StatusUnauthorized && s.opts.People != nil && r.Header.Get("Authorization") == ""
	if form {
		f.Title, f.Text = "You are not signed in", "Nothing was changed. Sign in, and do it once more."
		back = link{Path: signInPath, Word: "Sign in"}
	}
	body, err := s.render(r, v, sheet{
		name: "error", title: f.Title, frozen: true,
		asOf: AsOf{Now: s.opts.Now()},
		model: struct {
			failure
			Back link
		}{f, back},
	})
	if err != nil {
		body = []byte(f.Title)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if form { // the browser is not to ask for a token
		w.WriteHeader(f.Status)
	} else {
		f.status(w)
	}
	w.Write(body)
}

func (s *server) render(r *http.Request, v Viewer, p sheet) ([]byte, error) {
	c := p.asOf.clock()
	now := c.stamp(p.asOf.Now)
	f := frame{
		Lang: p.lang, Title: p.title, Style: p.style, Links: s.links(v, p.nav),
		Now: &now, Heartbeat: c.opt(p.asOf.HeartbeatAt), Wall: r.URL.Query().Has("wall"),
		RefreshMS: s.opts.Refresh.Milliseconds(), Provider: s.opts.Provider, Version: s.opts.Version,
		ZoneName: c.loc.String(), ZoneAbbr: zoneWords(c.now), Main: p.model,
	}
	if f.Lang == "" {
		f.Lang = "en"
	}
	if p.frozen {
		f.RefreshMS = 0
	}
	if p.name == "error" {
		f.Now = nil
	}
	f.Stale = f.Heartbeat == nil || p.asOf.Now.Sub(*p.asOf.HeartbeatAt) >= s.opts.StaleAfter
	var b bytes.Buffer
	if err := s.pages[p.name].Execute(&b, f); err != nil {
		return nil, fmt.Errorf("render %s: %w", p.name, err)
	}
	return b.Bytes(), nil
}

// links are the pages that exist for a viewer.
func (s *server) links(v Viewer, nav string) []link {
	if v.Role == "" {
		return nil
	}
	out := []link{{Path: "/", Word: "Fleet"}, {Path: "/incidents", Word: "Incidents"}, {Path: "/maintenance", Word: "Maintenance"}}
	if s.opts.Desk != nil {
		out = append(out, link{Path: exclusionsPath, Word: "Exclusions"})
	}
	if v.Role == RoleCustomer {
		out = append(out, link{Path: "/statement/" + string(v.Customer), Word: "Statement"})
	}
	switch {
	case s.opts.People == nil:
	case v.Account != "":
		out = append(out, link{Path: accountPath, Word: v.Login})
	default:
		out = append(out, link{Path: signInPath, Word: "Sign in"})
	}
	for i := range out {
		out[i].Current = out[i].Path == nav
	}
	return out
}

// zoneWords is a zone's abbreviation with its offset at an instant: "CEST, UTC+2".
func zoneWords(t time.Time) string {
	name, offset := t.Zone()
	if offset == 0 {
		return name
	}
	utc := fmt.Sprintf("UTC%+d", offset/3600)
	if m := offset / 60 % 60; m != 0 {
		utc += fmt.Sprintf(":%02d", max(m, -m))
	}
	if name == "" || name[0] == '+' || name[0] == '-' {
		return utc
	}
	return name + ", " + utc
}

func (s *server) noPage(r *http.Request, _ Viewer) (sheet, error) { return sheet{}, nowhere(r) }
