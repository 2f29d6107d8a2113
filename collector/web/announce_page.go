// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// announceModel is what the form of a maintenance reads.
type announceModel struct {
	Customers        []vouch.Customer // to choose from; empty once one is chosen
	Customer         *vouch.Customer
	Abbr, Token      string
	Scope            string // "", "site:ID" or "device:ID"
	From, To, Reason string
	Says             string // what is wrong with what was typed
	Warns            []warning
	Sure             bool // what speaks against it was shown
}

// warning is a sentence with the edge of a state.
type warning struct{ Class, Glyph, Strong, Text string }

func (s *server) announcePage(r *http.Request, v Viewer) (sheet, error) {
	p, m, _, err := s.announceForm(r, v)
	return s.announceSheet(p, m), err
}

func (s *server) announceSheet(p Places, m announceModel) sheet {
	return sheet{view: p, name: "announce", title: "Announce maintenance", nav: "/maintenance", asOf: p.AsOf, frozen: true, model: m}
}

// announceForm reads the form as far as it is filled in. c is the clock of the customer's
// contract.
func (s *server) announceForm(r *http.Request, v Viewer) (p Places, m announceModel, c clock, err error) {
	if err := mayOrSignIn(v, ActMaintenance); err != nil {
		return p, m, c, err
	}
	id := vouch.CustomerID(r.FormValue("customer"))
	if p, err = s.opts.Desk.Places(r.Context(), v); err != nil {
		return p, m, c, err
	}
	if id == "" && len(p.Customers) == 1 {
		id = p.Customers[0].ID
	}
	m = announceModel{Token: s.token(r), Scope: r.FormValue("scope"), From: r.FormValue("from"), To: r.FormValue("to"), Reason: strings.TrimSpace(r.FormValue("reason"))}
	for i := range p.Customers {
		if p.Customers[i].ID == id {
			m.Customer = &p.Customers[i]
		}
	}
	switch {
	case m.Customer != nil:
	case id == "":
		m.Customers = p.Customers
		return p, m, p.clock(), nil
	default:
		return p, m, c, ErrNotFound
	}
	// The zone is that of the customer's contract, which weighing nothing tells.
	w, err := s.opts.Desk.Weigh(r.Context(), v, NewWork{Customer: id})
	if err != nil {
		return p, m, c, err
	}
	p.AsOf = w.AsOf
	c = p.clock()
	m.Abbr = c.stamp(p.Now).Zone()
	return p, m, c, nil
}

// takeAnnounce answers the form: it says what the contract would make of it, and
// announces only once that was seen, or nothing speaks against it.
func (s *server) takeAnnounce(w http.ResponseWriter, r *http.Request) {
	v, err := s.viewer(r)
	if err == nil && v.Account == "" {
		err = ErrUnauthenticated
	}
	if err == nil {
		err = s.checkForm(w, r, SessionSecret(r))
	}
	var p Places
	var m announceModel
	var c clock
	if err == nil {
		p, m, c, err = s.announceForm(r, v)
	}
	if err != nil {
		s.errorPage(w, r, v, err)
		return
	}
	next, status, err := s.announce(r, v, &m, c)
	switch {
	case err != nil:
		s.errorPage(w, r, v, err)
	case next != "":
		http.Redirect(w, r, next, http.StatusSeeOther)
	default:
		body, err := s.render(r, v, s.announceSheet(p, m))
		if err != nil {
			s.errorPage(w, r, v, err)
			return
		}
		send(w, status, body)
	}
}

// announce weighs and announces. It returns where to go, or the status of the form that
// is shown again.
func (s *server) announce(r *http.Request, v Viewer, m *announceModel, c clock) (next string, status int, err error) {
	again := func(err error) (string, int, error) {
		var no Refusal
		if !errors.As(err, &no) {
			return "", 0, err
		}
		m.Says = upper(no.English) + "."
		return "", no.Status, nil
	}
	work, err := m.work(c)
	if err != nil {
		return again(err)
	}
	weighed, err := s.opts.Desk.Weigh(r.Context(), v, work)
	if err != nil {
		return again(err)
	}
	var against bool
	m.Warns, against = weighed.warnings(c)
	if r.PostForm.Get("check") != "" || against && r.PostForm.Get("sure") == "" {
		m.Sure = against
		return "", http.StatusOK, nil
	}
	id, err := s.opts.Desk.Announce(r.Context(), v, work)
	if err != nil {
		return again(err)
	}
	return "/maintenance#" + Work{ID: id, Customer: work.Customer}.Anchor(), 0, nil
}

func mend(format string, args ...any) error {
	return Refusal{Status: http.StatusUnprocessableEntity, English: fmt.Sprintf(format, args...)}
}

// work reads what was typed.
func (m announceModel) work(c clock) (NewWork, error) {
	w := NewWork{Reason: m.Reason}
	if m.Customer == nil {
		return w, mend("choose a customer")
	}
	w.Customer = m.Customer.ID
	kind, id, _ := strings.Cut(m.Scope, ":")
	switch {
	case m.Scope == "":
	case kind == "site":
		w.Site = vouch.SiteID(id)
	case kind == "device":
		w.Device = vouch.DeviceID(id)
	default:
		return w, mend("choose what it is about")
	}
	var err error
	if w.From, err = typed("from", m.From, c); err != nil {
		return w, err
	}
	if w.To, err = typed("until", m.To, c); err != nil {
		return w, err
	}
	switch {
	case !w.From.Before(w.To):
		return w, mend("it ends before it begins, or at once")
	case w.Reason == "":
		return w, mend("say what is done: the customer reads it")
	}
	return w, nil
}

// typed reads a time of day in the contract's zone. One that a clock change skips is
// refused; of one that comes twice, the first is meant.
func typed(field, s string, c clock) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		t, err := time.ParseInLocation(layout, strings.TrimSpace(s), c.loc)
		if err != nil {
			continue
		}
		if t.Format(layout) != strings.TrimSpace(s) {
			return t, mend("%s: the clocks change, and there is no %s that day", field, t.Add(-time.Hour).Format("15:04"))
		}
		if before := t.Add(-time.Hour); before.Format(layout) == t.Format(layout) {
			t = before
		}
		return t, nil
	}
	return time.Time{}, mend("%s: write a date and a time, such as %s", field, c.now.Format("2006-01-02 15:04"))
}

// warnings say what the contract would make of a maintenance, and whether something
// speaks against announcing it as it is.
func (w Weighed) warnings(c clock) (out []warning, against bool) {
	name := cmp.Or(w.Contract, "the contract")
	for _, e := range w.Effects {
		devices := fewOf(e.Devices)
		switch {
		case e.Why != "" && e.Counts == 0:
			out = append(out, warning{"down", "down", "It will not count for " + devices + ": " + string(e.Why) + ".", "Under " + name + " it is down time like any other."})
			against = true
		case e.Why != "":
			out = append(out, warning{"degraded", "degraded", "Not all of it counts for " + devices + ": " + string(e.Why) + ".", e.Lost.Exact() + " of the service hours is down time like any other under " + name + "."})
			against = true
		}
		if e.Counts == 0 {
			continue
		}
		for _, n := range e.Notes {
			out = append(out, warning{"degraded", "degraded", upper(string(n)) + ": " + devices + ".", "Under " + name + " it still counts, and the statement says so."})
			against = true
		}
	}
	notice := "Announced " + spoken(w.Notice) + " before it begins."
	if w.Notice <= 0 {
		notice = "It has begun: there is no notice."
	}
	var most Seconds
	for _, e := range w.Effects {
		most = max(most, e.Counts)
	}
	out = append(out, warning{"maint", "maint", notice, fmt.Sprintf("%s of %s lies inside the service hours; %s is taken out of the count.", w.InWindow.Exact(), w.Whole.Exact(), most.Exact())})
	return out, against
}

// fewOf names a few devices and counts the others.
func fewOf(ids []vouch.DeviceID) string {
	const few = 3
	var names []string
	for _, id := range ids[:min(few, len(ids))] {
		names = append(names, string(id))
	}
	if more := len(ids) - few; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return list(names)
}
