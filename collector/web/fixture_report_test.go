// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"cmp"
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/report"
)

// Report is Noordhaven's: one incident in time and one that was late.
func (r *reader) Report(_ context.Context, v web.Viewer, c vouch.CustomerID, kind web.ReportKind, p web.Period) (report.Report, error) {
	if r.err != nil || c != "noordhaven" || !v.May(c) {
		return nil, cmp.Or(r.err, web.ErrNotFound)
	}
	s := r.w.mayStatement()
	if kind == web.ReportBase {
		return report.Base{Customer: c, CustomerName: s.CustomerName, Provider: s.Provider, AsOf: s.AsOf, Contract: "gold", Checkpoint: "kade.example/ledger/noordhaven 1830802",
			Positions: []report.Position{{Site: "mdk", SiteName: "Moerdijk", Device: "nhv-mdk-fw1", Class: vouch.ClassFirewall, Services: []string{"Internet access, Moerdijk"}, Units: []string{"FX-1029"}, From: s.From, Measured: true}}}, nil
	}
	terms := contract.DefaultTerms()
	terms.Zone = contract.ZoneOf(r.w.now.Location())
	terms.Support.Share.All = true
	terms.Support.Share.Target, _ = contract.ParseTarget("80")
	limit := contract.TimeLimit{N: 2, Unit: contract.HoursUnit}
	from := contract.Floor(s.From.Time()) + 86400
	handled := func(used, exceeded int64) contract.Handling {
		return contract.Handling{Priority: contract.P1, Repair: contract.Repair{Done: true, InTime: exceeded == 0, Seconds: used}, Timers: []contract.Timer{
			{Kind: contract.ClockReaction, Limit: limit, Started: from, Stopped: from + 60, Used: 60, Target: 7200},
			{Kind: contract.ClockResolution, Limit: limit, Started: from, Stopped: from + contract.Second(used), Used: used, Target: 7200, Exceeded: exceeded},
		}}
	}
	return report.BuildIncidents(report.Input{Statement: s, Terms: terms, Cases: []report.Case{
		{ID: "INC-2026-0318", Devices: []vouch.DeviceID{"nhv-mdk-fw1"}, From: from, To: from + 450, Handling: handled(450, 0)},
		{ID: "INC-2026-0366", Devices: []vouch.DeviceID{"nhv-vnl-pbx"}, From: from, To: from + 20000, Handling: handled(20000, 12800)},
	}}), nil
}
