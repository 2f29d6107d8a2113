// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch/contract"
)

// CSV returns the figures as RFC 4180 text: a line of names, then one line for the
// customer as a whole, one for each service and one for each device. A percentage
// that does not exist is empty.
func (s Statement) CSV() []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	put := func(record ...string) {
		if err := w.Write(record); err != nil {
			panic("statement: write CSV: " + err.Error()) // a strings.Builder takes everything
		}
	}
	put("scope", "id", "name", "from", "to", "counted_until",
		"agreed_s", "excluded_s", "up_s", "down_s", "unknown_s", "eligible_s",
		"availability_pct", "availability_if_unknown_down_pct", "availability_if_unknown_up_pct", "coverage_pct",
		"target_pct", "result", "incidents", "short_interruptions", "short_down_s",
		"degraded_s", "outside_window_s", "not_measured_s", "excluded_maintenance_s", "down_under_maintenance_s")
	until := ""
	if s.CountedUntil != nil {
		until = *s.CountedUntil
	}
	line := func(scope, id, name string, x Body) {
		target := ""
		if x.Target != nil {
			target = *x.Target
		}
		record := []string{scope, inert(id), inert(name), s.From, s.To, until}
		for _, n := range []int64{x.Agreed, x.Excluded, x.Up, x.Down, x.Unknown, x.Eligible} {
			record = append(record, fmt.Sprint(n))
		}
		for _, p := range []contract.Percent{x.Availability, x.IfUnknownDown, x.IfUnknownUp, x.Coverage} {
			record = append(record, p.String())
		}
		record = append(record, target, string(x.Result), fmt.Sprint(len(x.Incidents)), fmt.Sprint(x.Short.Count))
		for _, n := range []int64{x.Short.Down, x.Degraded, x.OutsideWindow, x.NotMeasured, x.ExcludedMaintenance, x.DownUnderMaintenance} {
			record = append(record, fmt.Sprint(n))
		}
		put(record...)
	}
	line("customer", string(s.Customer), s.CustomerName, s.Body)
	for _, x := range s.Services {
		line("service", x.ID, x.Name, x.Body)
	}
	for _, x := range s.Devices {
		line("device", x.ID, x.Name, x.Body)
	}
	w.Flush()
	return []byte(b.String())
}

// inert keeps a spreadsheet from taking a name for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
