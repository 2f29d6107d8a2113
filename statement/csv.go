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
// customer as a whole, one for each service and one for each device. What does not
// exist is empty: a percentage of nothing, and in a draft whatever only an issued
// statement says. The last columns are about the statement and stand on the
// customer's line; by how much a version moved stands on that and on the devices'.
func (s Statement) CSV() []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	put := func(record ...string) {
		if err := w.Write(record); err != nil {
			panic("statement: write CSV: " + err.Error()) // a strings.Builder takes everything
		}
	}
	head := []string{"scope", "id", "name", "from", "to", "counted_until",
		"agreed_s", "excluded_s", "up_s", "down_s", "unknown_s", "eligible_s",
		"availability_pct", "availability_if_unknown_down_pct", "availability_if_unknown_up_pct", "coverage_pct",
		"target_pct", "result", "incidents", "short_interruptions", "short_down_s",
		"degraded_s", "outside_window_s", "not_measured_s", "excluded_maintenance_s", "down_under_maintenance_s",
		"moved_agreed_s", "moved_excluded_s", "moved_up_s", "moved_down_s", "moved_unknown_s",
		"state", "number", "version", "issued_at", "issued_by", "issue_record", "issue_reason",
		"replaces_version", "replaces_sha256", "replaces_reason",
		"checkpoint_origin", "checkpoint_size", "checkpoint_root", "manifest_sha256"}
	put(head...)
	until := ""
	if s.CountedUntil != nil {
		until = string(*s.CountedUntil)
	}
	line := func(scope, id, name string, x Body, rest ...string) {
		target := ""
		if x.Target != nil {
			target = *x.Target
		}
		record := []string{scope, inert(id), inert(name), string(s.From), string(s.To), until}
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
		record = append(record, rest...)
		put(append(record, make([]string, len(head)-len(record))...)...)
	}
	whole, devices := s.moves()
	line("customer", string(s.Customer), s.CustomerName, s.Body, append(whole, s.about()...)...)
	for _, x := range s.Services {
		line("service", x.ID, x.Name, x.Body)
	}
	for _, x := range s.Devices {
		line("device", x.ID, x.Name, x.Body, devices(x.ID)...)
	}
	w.Flush()
	return []byte(b.String())
}

// moves returns by how much the customer as a whole moved from the version before, and
// how to ask it of a device.
func (s Statement) moves() (whole []string, device func(id string) []string) {
	cells := func(x Shift) (out []string) {
		for _, n := range []int64{x.Agreed, x.Excluded, x.Up, x.Down, x.Unknown} {
			out = append(out, fmt.Sprint(n))
		}
		return out
	}
	if s.Replaces == nil {
		return make([]string, 5), func(string) []string { return nil }
	}
	of := map[string]Shift{}
	for _, d := range s.Replaces.Difference.Devices {
		of[string(d.Device)] = d.Shift
	}
	return cells(s.Replaces.Difference.Shift), func(id string) []string { return cells(of[id]) }
}

// about returns what is said of the statement itself.
func (s Statement) about() []string {
	out := []string{string(s.State), inert(s.Number), number(int64(s.Revision))}
	if i := s.Issued; i != nil {
		out = append(out, string(i.At), inert(i.Author), inert(i.Record), inert(i.Reason))
	} else {
		out = append(out, "", "", "", "")
	}
	if r := s.Replaces; r != nil {
		out = append(out, number(int64(r.Version)), r.SHA256, inert(r.Reason))
	} else {
		out = append(out, "", "", "")
	}
	if c := s.Checkpoint; c != nil {
		out = append(out, inert(c.Origin), fmt.Sprint(c.Size), inert(c.Root))
	} else {
		out = append(out, "", "", "")
	}
	return append(out, s.Manifest)
}

// number prints a number of which zero means none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// inert keeps a spreadsheet from taking a name for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
