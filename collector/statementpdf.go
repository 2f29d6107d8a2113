// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
	"github.com/vouch-sla/vouch/statement/pdf"
)

// statementPDF answers `vouch statement pdf`.
func (c *Collector) statementPDF(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	period, err := c.periodAsked(r, cu)
	if err != nil {
		return nil, err
	}
	lang, err := statement.ParseLanguage(cmp.Or(r.FormValue("lang"), "en"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	version := 0
	if s := r.FormValue("version"); s != "" {
		if version, err = strconv.Atoi(s); err != nil || version < 0 {
			return nil, badRequest("version %q: write a number from 1 on, or 0 for the newest", s)
		}
	}
	s, err := c.newestStatement(r.Context(), cu, period, version)
	if err != nil {
		return nil, err
	}
	out, err := pdf.Render(s, lang)
	return document(out), err
}

// periodAsked reads the period that a command asks about: month, or from and to.
func (c *Collector) periodAsked(r *http.Request, cu vouch.CustomerID) (contract.Span, error) {
	var from, to time.Time
	for name, t := range map[string]*time.Time{"from": &from, "to": &to} {
		if s := r.FormValue(name); s != "" {
			var err error
			if *t, err = time.Parse(time.RFC3339, s); err != nil {
				return contract.Span{}, badRequest("%s: %v", name, err)
			}
		}
	}
	return c.periodFor(cu, r.FormValue("month"), from, to)
}

// newestStatement returns a version as it was issued: 0 for the newest, or the figures
// as they are now where none was.
func (c *Collector) newestStatement(ctx context.Context, cu vouch.CustomerID, period contract.Span, version int) (statement.Statement, error) {
	i, err := c.issuedStatement(cu, "", period, version)
	switch {
	case err == nil:
		return i.Open()
	case !errors.Is(err, store.ErrNotFound):
		return statement.Statement{}, err
	case version == 0:
		return c.statement(ctx, cu, period)
	}
	return statement.Statement{}, badRequest("no version %d of this statement was issued; see `vouch statement list`", version)
}
