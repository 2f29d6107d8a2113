// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// issueFor answers `vouch statement issue`.
func (c *Collector) issueFor(r *http.Request) (any, error) {
	var in admin.NewIssue
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	if len(in.Reason) > statement.MaxReason {
		return nil, badRequest("the reason has %d bytes, at most %d are allowed: the customer reads it", len(in.Reason), statement.MaxReason)
	}
	period, err := c.periodFor(in.Customer, in.Month, in.From, in.To)
	if err != nil {
		return nil, err
	}
	i, err := c.issueStatement(r.Context(), in.Customer, period, author(r.Context()), in.Reason)
	if err != nil {
		return nil, err
	}
	return c.issuedOf(in.Customer, i), nil
}

// periodFor reads and checks the period that somebody asks about.
func (c *Collector) periodFor(cu vouch.CustomerID, month string, from, to time.Time) (contract.Span, error) {
	if _, ok := c.base.Load().customers[cu]; !ok {
		return contract.Span{}, badRequest("there is no customer %q in the installed base", cu)
	}
	period, err := c.periodOf(cu, month, from, to)
	if err == nil {
		err = checkPeriod(period)
	}
	return period, err
}

// issuedList lists the statements that were issued, of one customer or of all.
func (c *Collector) issuedList(cu vouch.CustomerID) []admin.Issued {
	out := []admin.Issued{}
	for _, x := range c.base.Load().Customers {
		if cu != "" && cu != x.ID {
			continue
		}
		for _, i := range of(c.book, x.ID, (*book.Book).Issues) {
			out = append(out, c.issuedOf(x.ID, i))
		}
	}
	return out
}

func (c *Collector) issuedOf(cu vouch.CustomerID, i book.Issue) admin.Issued {
	out := admin.Issued{
		Customer: cu, Number: i.Number, Version: i.Version, State: i.State, From: i.From, To: i.To, At: i.Recorded,
		Author: i.Author, Record: i.Record, Reason: i.Reason, SHA256: i.Statement,
	}
	if i.State == string(statement.StateIssued) {
		at := contract.Ceil(i.Recorded)
		final := contract.TermsAt(c.book.contracts(cu), at).FinalAt(at)
		out.Final = final.Time()
		if final <= contract.Floor(c.now()) {
			out.State = string(statement.StateFinal)
		}
	}
	return out
}

// bundleFor answers `vouch bundle`.
func (c *Collector) bundleFor(w http.ResponseWriter, r *http.Request) {
	i, cu, choice, err := c.bundleChoice(r)
	if err != nil {
		c.reply(w, nil, err)
		return
	}
	c.sendBundle(w, r, cu, i, choice)
}

// sendBundle writes a bundle as the answer to a request. What fails after the first byte
// breaks the connection: half a bundle must not look like a whole one.
func (c *Collector) sendBundle(w http.ResponseWriter, r *http.Request, cu vouch.CustomerID, i book.Issue, choice bundleChoice) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+bundleName(cu, i)+`"`)
	if err := c.bundle(r.Context(), w, cu, i, choice); err != nil {
		c.log.Error("a bundle could not be made", "customer", cu, "err", err)
		panic(http.ErrAbortHandler)
	}
}

// bundleName is the name that a bundle is saved under.
func bundleName(cu vouch.CustomerID, i book.Issue) string {
	return "vouch-" + string(cu) + "-" + i.Number + "-v" + strconv.Itoa(i.Version) + ".zip"
}

// bundleChoice reads which bundle is asked for, and issues the statement where nobody
// has yet.
func (c *Collector) bundleChoice(r *http.Request) (i book.Issue, cu vouch.CustomerID, choice bundleChoice, err error) {
	cu = vouch.CustomerID(r.FormValue("customer"))
	period, err := c.periodAsked(r, cu)
	if err != nil {
		return i, cu, choice, err
	}
	version := 0
	if s := r.FormValue("version"); s != "" {
		if version, err = strconv.Atoi(s); err != nil || version < 1 {
			return i, cu, choice, badRequest("version %q: write a number from 1 on", s)
		}
	}
	choice.telemetry = r.FormValue("full") == "true"
	if choice.around, err = c.around(cu, r.FormValue("around"), period); err != nil {
		return i, cu, choice, err
	}
	i, err = c.bundled(r.Context(), cu, period, version, author(r.Context()))
	return i, cu, choice, err
}

// around reads a day, or the number of an incident, as whole days of UTC.
func (c *Collector) around(cu vouch.CustomerID, s string, period contract.Span) (contract.Span, error) {
	if s == "" {
		return contract.Span{}, nil
	}
	var span contract.Span
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		from := contract.Floor(day)
		span = contract.Span{From: from, To: from + book.SecondsADay}
	} else {
		found := false
		for _, x := range c.book.known(cu) {
			if x.ID == incident.ID(s) {
				to, ended := x.To()
				if !ended {
					to = contract.Floor(c.now())
				}
				span, found = contract.Span{From: x.From(), To: to + 1}, true
			}
		}
		if !found {
			return span, badRequest("around %q: write a day, such as 2026-11-03, or the number of an incident of the customer", s)
		}
		span.From -= span.From % book.SecondsADay
		if rest := span.To % book.SecondsADay; rest > 0 {
			span.To += book.SecondsADay - rest
		}
	}
	if !span.Overlaps(period) {
		return span, badRequest("around %q: it does not lie in the period of the statement", s)
	}
	return span, nil
}
