// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/statement"
)

// Statement implements [web.Reader].
func (v view) Statement(ctx context.Context, who web.Viewer, cu vouch.CustomerID, p web.Period) (statement.Statement, error) {
	if _, ok := v.base.customers[cu]; !ok || !who.May(cu) {
		return statement.Statement{}, fmt.Errorf("customer %s: %w", cu, web.ErrNotFound)
	}
	period, err := v.periodOf(cu, p.Month, p.From, p.To)
	if err == nil {
		err = checkPeriod(period)
	}
	if err != nil {
		return statement.Statement{}, fmt.Errorf("%w: %v", web.ErrBadRequest, err)
	}
	return v.statement(ctx, cu, period)
}
