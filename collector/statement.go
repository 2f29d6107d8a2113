// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// statement computes the availability of a customer's services over a period, from
// batches and records alone.
func (c *Collector) statement(ctx context.Context, cu vouch.CustomerID, period contract.Span) (statement.Statement, error) {
	head, err := c.store.Head(ctx, cu)
	if err != nil {
		return statement.Statement{}, err
	}
	in, err := c.statementInput(ctx, cu, period, contract.Floor(c.now()))
	if err != nil {
		return statement.Statement{}, err
	}
	in.Customer.Name, in.Provider = c.base.Load().customers[cu].Name, c.base.Load().Provider
	in.Checkpoint = &statement.Checkpoint{Origin: ledgerOrigin(c.opts.Origin, cu), Size: head.Size, Root: head.Root.String()}
	return statement.Build(in), nil
}

// statementInput computes what a statement is made of.
func (c *Collector) statementInput(ctx context.Context, cu vouch.CustomerID, period contract.Span, now contract.Second) (statement.Input, error) {
	verdicts := map[vouch.DeviceID][]contract.Segment{}
	for _, id := range c.base.Load().scopeOf(cu, "", "") {
		p := c.base.Load().devices[deviceKey{cu, id}]
		span := of(c.book, cu, func(l *book.Book) contract.Span { return l.VerdictSpan(id, period, now) })
		verdict, err := c.figures.verdict(ctx, p, span, now)
		if err != nil {
			return statement.Input{}, err
		}
		verdicts[id] = verdict
	}
	return of(c.book, cu, func(l *book.Book) statement.Input { return l.Input(cu, period, now, verdicts) }), nil
}

// ledgerOrigin is the name of a customer's ledger (C2SP tlog-checkpoint).
func ledgerOrigin(origin string, cu vouch.CustomerID) string { return origin + "/" + string(cu) }

// periodOf reads the period of a statement: a calendar month in the contract's zone,
// or two instants. Without any it is the running month.
func (c *Collector) periodOf(cu vouch.CustomerID, month string, from, to time.Time) (contract.Span, error) {
	terms := contract.TermsAt(c.book.contracts(cu), contract.Floor(c.now()))
	switch {
	case month == "" && from.IsZero() && to.IsZero():
		return monthOf(terms, c.now()), nil
	case month == "":
		return contract.Span{From: contract.Ceil(from), To: contract.Ceil(to)}, nil
	}
	first, err := time.Parse("2006-01", month)
	if err != nil {
		return contract.Span{}, badRequest("month %q: write a year and a month, such as 2026-11", month)
	}
	return terms.Zone.Month(first.Year(), first.Month()), nil
}

// maxPeriod bounds a statement: a year and a leap day, and some.
const maxPeriod contract.Second = 400 * secondsADay

func checkPeriod(s contract.Span) error {
	switch {
	case s.Empty():
		return badRequest("the period ends at %s, which is not after its beginning", s.To.Time().Format(time.RFC3339))
	case s.To-s.From > maxPeriod:
		return badRequest("the period is longer than 400 days; ask for a part of it")
	}
	return nil
}

// statementFor answers `vouch statement`.
func (c *Collector) statementFor(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	if _, ok := c.base.Load().customers[cu]; !ok {
		return nil, badRequest("there is no customer %q in the installed base", cu)
	}
	var from, to time.Time
	if r.FormValue("month") == "" {
		var err error
		if from, err = time.Parse(time.RFC3339, r.FormValue("from")); err != nil {
			return nil, badRequest("from: %v", err)
		}
		if to, err = time.Parse(time.RFC3339, r.FormValue("to")); err != nil {
			return nil, badRequest("to: %v", err)
		}
	}
	format, err := statement.ParseFormat(cmp.Or(r.FormValue("format"), "text"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	lang, err := statement.ParseLanguage(cmp.Or(r.FormValue("lang"), "en"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	period, err := c.periodOf(cu, r.FormValue("month"), from, to)
	if err == nil {
		err = checkPeriod(period)
	}
	if err != nil {
		return nil, err
	}
	s, err := c.statement(r.Context(), cu, period)
	if err != nil {
		return nil, err
	}
	return document(s.Render(format, lang)), nil
}
