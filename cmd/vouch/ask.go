// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

// dataFlag adds --data, the way to a running collector, and returns a function that
// gives the client.
func dataFlag(c *cobra.Command) func() *admin.Client {
	def := cmp.Or(os.Getenv("VOUCH_DATA"), "/var/lib/vouch")
	dir := c.PersistentFlags().String("data", def, "data directory of the running collector (or VOUCH_DATA)")
	return func() *admin.Client { return admin.Dial(*dir) }
}

// jsonFlag adds --json.
func jsonFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("json", false, "print JSON, for scripts")
}

// printJSON prints v for scripts.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table returns a writer that lines up tab-separated columns; flush it at the end.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// parseInstant reads an instant of a flag: RFC 3339 with offset, or a wall-clock
// time in the machine's zone, or a distance from now such as +90m.
func parseInstant(flag, s string, now time.Time) (time.Time, error) {
	if d, ok := strings.CutPrefix(s, "+"); ok {
		dur, err := time.ParseDuration(d)
		if err != nil {
			return time.Time{}, exit.Misused("--%s %q: not a duration; write for example +90m", flag, s)
		}
		return now.Add(dur), nil
	}
	if s == "now" {
		return now, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit.Misused("--%s %q: not a time; write 2026-11-30T22:00:00+01:00, \"2026-11-30 22:00\" in this machine's zone, or +90m", flag, s)
}

// when prints an instant in the machine's zone, with the zone.
func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// hms prints seconds as h:mm:ss.
func hms(s int64) string {
	return strconv.FormatInt(s/3600, 10) + fmt.Sprintf(":%02d:%02d", s/60%60, s%60)
}

// join prints a list of identifiers.
func join[T ~string](ids []T) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = string(id)
	}
	return strings.Join(parts, " ")
}
