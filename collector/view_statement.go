// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// Statement implements [web.Reader].
func (v view) Statement(ctx context.Context, who web.Viewer, cu vouch.CustomerID, p web.Period) (statement.Statement, error) {
	period, err := v.period(who, cu, p)
	if err != nil {
		return statement.Statement{}, err
	}
	if p.Version == 0 {
		return v.statement(ctx, cu, period)
	}
	i, err := v.issuedStatement(cu, "", period, p.Version)
	if err != nil {
		return statement.Statement{}, fmt.Errorf("version %d: %w", p.Version, web.ErrNotFound)
	}
	return i.Open()
}

// Issued implements [web.Reader].
func (v view) Issued(_ context.Context, who web.Viewer, cu vouch.CustomerID, p web.Period) ([]web.Issued, error) {
	period, err := v.period(who, cu, p)
	if err != nil {
		return nil, err
	}
	var out []web.Issued
	for _, i := range slices.Backward(of(v.book, cu, (*book.Book).Issues)) {
		if i.Period() == period {
			out = append(out, web.Issued{Number: i.Number, Version: i.Version, At: i.Recorded, Reason: i.Reason, Bundle: bundlePath(cu, i)})
		}
	}
	return out, nil
}

// period reads the period that a viewer may ask about.
func (v view) period(who web.Viewer, cu vouch.CustomerID, p web.Period) (contract.Span, error) {
	if _, ok := v.base.Load().customers[cu]; !ok || !who.May(cu) {
		return contract.Span{}, fmt.Errorf("customer %s: %w", cu, web.ErrNotFound)
	}
	period, err := v.periodOf(cu, p.Month, p.From, p.To)
	if err == nil {
		err = checkPeriod(period)
	}
	if err != nil {
		return contract.Span{}, fmt.Errorf("%w: %v", web.ErrBadRequest, err)
	}
	return period, nil
}

// bundlePath is where the evidence of a version is fetched over the pages.
func bundlePath(cu vouch.CustomerID, i book.Issue) string {
	return fmt.Sprintf("/bundle/%s/%s/%d", cu, i.Number, i.Version)
}

// bundleTimeout bounds how long the evidence of one statement is sent for.
const bundleTimeout = 30 * time.Minute

// bundlePage sends the evidence of a version that was issued, to who may see the
// customer. What does not exist and what is another's look the same.
func (c *Collector) bundlePage(viewer func(*http.Request) (web.Viewer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := viewer(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="vouch"`)
			http.Error(w, "a token is needed", http.StatusUnauthorized)
			return
		}
		cu := vouch.CustomerID(r.PathValue("customer"))
		version, err := strconv.Atoi(r.PathValue("version"))
		if err != nil || version < 1 || !who.May(cu) {
			http.NotFound(w, r)
			return
		}
		i, err := c.issuedStatement(cu, r.PathValue("number"), contract.Span{}, version)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bundleTimeout)) // where it cannot be set, the usual one holds
		c.sendBundle(w, r, cu, i, bundleChoice{telemetry: r.FormValue("full") == "true"})
	}
}
