// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
)

// defaultFile is where the packages put the agent's file.
const defaultFile = "/etc/vouch-agent/agent.yaml"

func newStatusCmd() *cobra.Command {
	var file, data string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status [--config FILE | --data DIR] [--json]",
		Short: "Say how the running agent stands: what it polls, what waits, the collector, the clock",
		Long: "status asks the agent that runs on this machine, over a socket in its data directory.\n" +
			"Exit code 0: it runs, 1: it does not or may not be asked, 2: misused.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if data == "" {
				a, problems := configs.LoadAgent(configs.OS(), file)
				if err := problems.Err(); err != nil {
					return exit.Misused("%s:\n%v\nto ask without the file, use --data", file, err)
				}
				data = a.Data
			}
			st, err := agent.ReadStatus(c.Context(), data)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(st)
			}
			return printStatus(c.OutOrStdout(), st)
		},
	}
	c.Flags().StringVar(&file, "config", defaultFile, "the agent's `FILE`")
	c.Flags().StringVar(&data, "data", "", "the agent's data `DIR`, instead of its file")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// printStatus prints the status for a person. Times are told as ages by the agent's
// own clock: whether that is right is the line clock.
func printStatus(out io.Writer, st agent.Status) error {
	ago := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return st.At.Sub(t).Round(time.Second).String() + " ago"
	}
	location := string(st.Location)
	if location == "" {
		location = "no location yet"
	}
	fmt.Fprintf(out, "agent      %s at %s, %s, started %s\n", st.Agent, location, st.Version, ago(st.Started))
	fmt.Fprintf(out, "           the run before ended: %s", st.LastStop)
	if !st.LastSeen.IsZero() {
		fmt.Fprintf(out, ", its last sample is from %s", ago(st.LastSeen))
	}
	fmt.Fprintln(out)
	fmt.Fprintf(out, "key        %s\n", st.Key)
	fmt.Fprintf(out, "collector  %s, pin %s\n", st.Collector.URL, st.Collector.Pin)
	fmt.Fprintf(out, "           last acknowledgement %s; heartbeats: %d arrived, %d failed\n", ago(st.Collector.LastAck), st.Heartbeats.Sent, st.Heartbeats.Failed)
	if c := st.Collector; !c.Unreached.IsZero() {
		fmt.Fprintf(out, "           NOT REACHED for %s: %s\n", st.At.Sub(c.Unreached).Round(time.Second), c.Reason)
	}
	if st.Alarm != nil {
		fmt.Fprintf(out, "alarm      %s\n", alarmText(*st.Alarm))
	}
	if st.Traps != nil {
		printTraps(out, *st.Traps, ago)
	}
	fmt.Fprintf(out, "waiting    %d bytes not sealed, %d batches of %d bytes (at most %d)", st.Spool.Pending, st.Spool.Notes, st.Spool.Queued, st.Spool.Limit)
	if !st.Spool.Oldest.IsZero() {
		fmt.Fprintf(out, ", the oldest from %s", ago(st.Spool.Oldest))
	}
	fmt.Fprintf(out, "\nspool      %.1f MB of at most %.1f MB on disk", float64(st.Spool.Disk)/1e6, float64(st.Spool.DiskLimit)/1e6)
	if !st.Spool.Anchored.IsZero() {
		fmt.Fprintf(out, "; anchored: what was acknowledged more than %s", ago(st.Spool.Anchored))
	}
	fmt.Fprintln(out)
	if st.Spool.Failing != "" {
		fmt.Fprintf(out, "           cannot be written, since %s: %s\n           What is measured waits in memory. Make room, or see to the disk.\n", ago(st.Spool.Since), st.Spool.Failing)
	}
	if c := st.Certificate; c != nil {
		until := "there is none that can be read"
		if !c.Until.IsZero() {
			until = "until " + c.Until.Format(time.RFC3339)
		}
		if c.Problem != "" {
			until += "; not renewed: " + c.Problem
		}
		fmt.Fprintf(out, "certificate %s\n", until)
	}
	printClock(out, st.Clock)
	fmt.Fprintf(out, "samples    %d up, %d down, %d unknown, %d dropped; %d attempts not made in time, latest by %.1f s\n",
		st.Samples.Up, st.Samples.Down, st.Samples.Unknown, st.Samples.Dropped, st.Attempts.Overload, st.Attempts.LateMax)
	if st.Attempts.Stalls > 0 {
		fmt.Fprintf(out, "           did not get to run %d times, at most for %.1f s: silences meanwhile are unknown (overload)\n", st.Attempts.Stalls, st.Attempts.StallMax)
	}
	if a := st.Attempts; a.OpenFilesLimit > 0 {
		fmt.Fprintf(out, "files      %d open of %d; at most %d attempts at once, %d are needed when no device answers\n", a.OpenFiles, a.OpenFilesLimit, a.Limit, a.Needed)
	}
	if st.Trouble != "" {
		fmt.Fprintf(out, "trouble    silences prove nothing now: %s\n", st.Trouble)
	}
	if !st.Assigned {
		_, err := fmt.Fprintln(out, "\nNothing is assigned yet: nothing is measured. See vouch-agent doctor.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nCUSTOMER\tDEVICE\tCHECK\tADDRESS\tEVERY\tLAST\tOUTCOME")
	row := func(c agent.CheckStatus, customer, device string) {
		outcome := c.Outcome
		if outcome == "" {
			outcome = "not asked yet"
		}
		if c.Reason != "" {
			outcome += " (" + string(c.Reason) + ")"
		}
		every := time.Duration(c.Interval * float64(time.Second)).Round(time.Millisecond)
		fmt.Fprintln(w, strings.Join([]string{customer, device, c.Name, c.Address, every.String(), ago(c.At), outcome}, "\t"))
	}
	for _, c := range st.Checks {
		row(c, string(c.Customer), string(c.Device))
	}
	for _, c := range st.References {
		row(c, "-", "(reference)")
	}
	return w.Flush()
}

// printTraps prints what became of what came in as traps: one line for each way in which
// that ended, so that a technician sees why a trap was not taken.
func printTraps(out io.Writer, st agent.TrapStatus, ago func(time.Time) string) {
	if st.Problem != "" {
		fmt.Fprintf(out, "traps      NOT HEARD: %s\n", st.Problem)
		return
	}
	var on []string
	for _, a := range st.Listen {
		on = append(on, a.String())
	}
	fmt.Fprintf(out, "traps      heard on %s: %d taken", strings.Join(on, ", "), st.Counts[probes.TrapAccepted.String()].N)
	if c := st.Counts[probes.TrapAccepted.String()]; c.N > 0 {
		fmt.Fprintf(out, ", the last from %s, %s", c.From, ago(c.At))
	}
	fmt.Fprintln(out)
	for _, o := range probes.TrapOutcomes()[1:] {
		if c := st.Counts[o.String()]; c.N > 0 {
			fmt.Fprintf(out, "           %d %s, the last from %s, %s\n", c.N, trapText(o), c.From, ago(c.At))
		}
	}
}

// trapText says why a trap was not taken.
func trapText(o probes.TrapOutcome) string {
	switch o {
	case probes.TrapUnknownSender:
		return "not taken: no device that is measured here has the sender's address"
	case probes.TrapRateLimited:
		return "not taken: too many from one sender"
	case probes.TrapMalformed:
		return "not taken: not to be read as a trap"
	case probes.TrapBadVersion:
		return "not taken: no credential under traps is for its version of SNMP"
	case probes.TrapWrongCommunity:
		return "not taken: wrong community"
	case probes.TrapNotAuthentic:
		return "not taken: wrong user, security level, password or protocol"
	case probes.TrapNotInWindow:
		return "not taken: too old (replayed, or the device's engine lost its count of starts: restart the agent)"
	case probes.TrapHandshake:
		return "questions for the agent's engine or its time, as informs of SNMPv3 begin with"
	}
	return o.String()
}

// alarmText tells a person how the alarm stands.
func alarmText(a agent.AlarmStatus) string {
	after, lasted := time.Duration(a.After*float64(time.Second)), time.Duration(a.Lasted*float64(time.Second)).Round(time.Second)
	text := fmt.Sprintf("quiet: it is raised when the collector is not reached for %s", after)
	switch {
	case a.Over:
		text = fmt.Sprintf("raised, messages delivered: %d; the collector is reached again, and that is not told yet", a.Delivered)
	case a.Raised:
		text = fmt.Sprintf("RAISED: not reached for %s, since %s; messages delivered: %d", lasted, a.Since.Format(time.RFC3339), a.Delivered)
	case !a.Since.IsZero() && lasted < after:
		text = fmt.Sprintf("not reached for %s; it is raised after %s", lasted, after)
	case !a.Since.IsZero():
		text = fmt.Sprintf("NOBODY WAS TOLD that the collector was not reached for %s, since %s", lasted, a.Since.Format(time.RFC3339))
	}
	if a.Problem != "" {
		text += "; the last attempt: " + a.Problem
	}
	return text
}

// printClock prints what is known of the agent's clock, and by whom.
func printClock(out io.Writer, c agent.ClockStatus) {
	ms := func(s float64) string {
		switch {
		case s > 10 || s < -10:
			return time.Duration(s * float64(time.Second)).Round(time.Second).String()
		default:
			return fmt.Sprintf("%.1f ms", s*1000)
		}
	}
	sign := func(s float64) string {
		if s >= 0 {
			return "+" + ms(s)
		}
		return ms(s)
	}
	clock := "offset unknown: nobody has told the time yet; samples are unknown (clock) until somebody does"
	switch {
	case c.Known && c.Source == "disputed":
		clock = fmt.Sprintf("its sources contradict each other: off by %s, known to %s only", sign(c.Offset), ms(c.Bound))
	case c.Known:
		clock = fmt.Sprintf("off by %s, known to %s, by %s", sign(c.Offset), ms(c.Bound), c.Source)
	}
	fmt.Fprintf(out, "clock      %s\n", clock)
	if c.Steps > 0 {
		fmt.Fprintf(out, "           set %d times, last by %s, %s ago\n", c.Steps, sign(c.StepBy), time.Duration(c.StepAgo*float64(time.Second)).Round(time.Second))
	}
	for _, s := range c.Sources {
		name := s.Name
		if s.Address != "" && s.Address != s.Name {
			name += " (" + s.Address + ")"
		}
		told := "gave no time yet"
		if !s.At.IsZero() {
			told = fmt.Sprintf("off by %s, known to %s", sign(s.Offset), ms(s.Bound))
			if !s.Agrees {
				told += ", does not agree with most"
			}
		}
		if s.Problem != "" {
			told += "; last asked: " + s.Problem
		}
		fmt.Fprintf(out, "           %s: %s\n", name, told)
	}
}
