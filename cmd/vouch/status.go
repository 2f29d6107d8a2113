// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newStatusCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "status", Short: "Say how the running collector is: agents, ledgers, stores, messages", Args: noArgs,
	}
	client, asJSON := dataFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var s admin.Status
		if err := client().Get(c.Context(), admin.PathStatus, nil, &s); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(os.Stdout, s)
		}
		return printStatus(os.Stdout, s, time.Now())
	}
	return c
}

func printStatus(out io.Writer, s admin.Status, now time.Time) error {
	fmt.Fprintf(out, "vouch %s, ledger %s, running since %s\n", s.Version, s.Origin, when(s.Started))
	fmt.Fprintf(out, "agents pin %s\nledger key %s\n           (for the annex of contracts: customers name it to vouch-verify)\n\n", s.Pin, s.Key)
	w := table(out)
	fmt.Fprintln(w, "AGENT\tLOCATION\tCUSTODY\tLAST HEARTBEAT\tBATCHES THROUGH\tCLOCK\tDROPPED")
	for _, a := range s.Agents {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", a.Agent, a.Location, a.Custody, ago(a.Heartbeat, now), ago(a.Through, now), clockOf(a), a.Dropped)
	}
	fmt.Fprintln(w, "\nLEDGER\tLEAVES\tROOT\tFORKS\t\t\t")
	for _, l := range s.Ledgers {
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t\t\t\n", l.Customer, l.Size, l.Root, l.Forks)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printTroubles(out, s.Agents, now)
	fmt.Fprintln(out)
	if len(s.Sinks) == 0 {
		fmt.Fprintln(out, "time-series store: none configured; the embedded ledger serves everything")
	}
	for _, k := range s.Sinks {
		fmt.Fprintf(out, "time-series store %s: %d batches written, %d skipped, %d leaves (%s) behind", k.Name, k.Written, k.Skipped, k.LagLeaves, hms(k.LagS))
		if k.Error != "" {
			fmt.Fprintf(out, "; failing since %s: %s", when(k.Since), k.Error)
		}
		fmt.Fprintln(out)
	}
	printAnchors(out, s.Anchors, now)
	fmt.Fprintf(out, "open incidents: %d; messages waiting: %d, given up: %d\n", s.Incidents, s.Messages.Pending, s.Messages.Failed)
	for _, ch := range s.Channels {
		fmt.Fprintf(out, "channel %s (%s): last delivery %s; waiting: %d, given up: %d\n", ch.Name, ch.Type, ago(ch.Last, now), ch.Pending, ch.Failed)
	}
	for _, m := range s.Mutes {
		fmt.Fprintf(out, "muted: %s until %s (%s): %s\n", muted(m), when(m.Until), m.ID, m.Reason)
	}
	for _, u := range s.Units {
		fmt.Fprintf(out, "%s/%s: another unit than recorded since %s: ", u.Customer, u.Device, when(u.Since))
		if u.Says != "" {
			fmt.Fprintf(out, "it says %s, ", u.Says)
		}
		fmt.Fprintf(out, "on record is %s; record the swap (a line under the device's units, then `vouch reload`) or put the box back\n", cmp.Or(u.OnRecord, "none"))
	}
	for _, r := range s.Refused {
		fmt.Fprintf(out, "refused %d times: %s\n", r.Count, r.Reason)
	}
	return nil
}

// printAnchors says who vouches for the ledgers, and how well.
func printAnchors(out io.Writer, a admin.Anchors, now time.Time) {
	fmt.Fprintf(out, "anchors: last written %s; key for who watches them: %s\n", ago(a.Last, now), a.Key)
	if len(a.Parties) == 0 {
		fmt.Fprintln(out, "anchors: nobody outside vouches for them: only your own key says when anything was recorded (anchor: in the collector's file)")
	}
	for _, p := range a.Parties {
		fmt.Fprintf(out, "%s %s: last word %s", p.Kind, p.Name, ago(p.Last, now))
		if a.Behind(p) > 0 {
			fmt.Fprintf(out, ", the latest anchors wait")
		}
		if p.Error != "" {
			fmt.Fprintf(out, "; failing since %s: %s", when(p.Since), p.Error)
		}
		fmt.Fprintln(out)
	}
}

// ago says how long ago an instant was.
func ago(t *time.Time, now time.Time) string {
	if t == nil {
		return "never"
	}
	return now.Sub(*t).Round(100*time.Millisecond).String() + " ago"
}

// lately is how long a stop that nobody ordered is told.
const lately = 24 * time.Hour

// printTroubles says what agents tell of their own hosts: that the power failed at a site,
// or that they cannot keep up.
func printTroubles(out io.Writer, agents []admin.AgentStatus, now time.Time) {
	for _, a := range agents {
		var what string
		switch a.LastStop {
		case "host went down":
			what = "its host went down (a power cut, a crash or a reset)"
		case "killed":
			what = "it was killed, or crashed, and its host ran on"
		}
		if what != "" && now.Sub(a.Started) < lately {
			seen := ""
			if !a.LastSeen.IsZero() {
				seen = ", its last sample before is from " + when(a.LastSeen)
			}
			fmt.Fprintf(out, "agent %s: %s; it runs again since %s%s\n", a.Agent, what, when(a.Started), seen)
		}
		var load []string
		if a.Overload > 0 {
			load = append(load, fmt.Sprintf("made %d attempts not in time", a.Overload))
		}
		if a.Stalls > 0 {
			load = append(load, fmt.Sprintf("did not get to run %d times", a.Stalls))
		}
		if a.ClockSteps > 0 {
			load = append(load, fmt.Sprintf("had its clock set %d times", a.ClockSteps))
		}
		if len(load) > 0 {
			fmt.Fprintf(out, "agent %s: since %s it %s\n", a.Agent, when(a.Started), strings.Join(load, ", "))
		}
	}
}

// clockOf is how far an agent's clock is off, how well that is known, and by whom.
func clockOf(a admin.AgentStatus) string {
	if a.OffsetUS == nil {
		return "unknown"
	}
	s := fmt.Sprintf("%+.1f ms", float64(*a.OffsetUS)/1000)
	if a.BoundUS != nil {
		s += fmt.Sprintf(" ±%.1f", float64(*a.BoundUS)/1000)
	}
	if a.ClockSource != "" {
		s += " (" + a.ClockSource + ")"
	}
	return s
}

func newRebuildCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "rebuild", Short: "Derive everything below the ledger anew; numbers stay the same, nothing is sent", Args: noArgs,
	}
	client := dataFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := client().Post(c.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
			return err
		}
		fmt.Println("Rebuilt from the ledger.")
		return nil
	}
	return c
}

func newLedgerCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "ledger", Short: "Look after the ledgers"})
	client := dataFlag(c)
	check := &cobra.Command{
		Use: "check", Short: "Read every entry again and compare it with the hashes", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var damage []string
			if err := client().Get(c.Context(), admin.PathCheck, nil, &damage); err != nil {
				return err
			}
			for _, d := range damage {
				fmt.Println(d)
			}
			if len(damage) > 0 {
				return exit.Error{Code: exit.Failed, Err: fmt.Errorf("%d places are damaged; the rest stands", len(damage))}
			}
			fmt.Println("Every entry is as it was written.")
			return nil
		},
	}
	c.AddCommand(check)
	return c
}
