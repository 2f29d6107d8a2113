// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/report"
)

// Report implements [web.Reader].
func (v view) Report(ctx context.Context, who web.Viewer, cu vouch.CustomerID, kind web.ReportKind, p web.Period) (report.Report, error) {
	period, err := v.period(who, cu, p)
	if err != nil {
		return nil, err
	}
	if kind == web.ReportBase {
		return v.installedBase(ctx, cu)
	}
	in, err := v.reportInput(ctx, cu, period, billing{})
	if err != nil {
		return nil, err
	}
	return report.BuildIncidents(in), nil
}
