// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/contract"
)

func newAvailabilityCmd() *cobra.Command {
	return newExampleCmd(contract.SchemaCase, &cobra.Command{
		Use:   "availability CASE.json|-",
		Short: "Compute a worked case of availability (schema vouch-case/1)",
		Long: "availability computes one case, or each of a list of cases in order, by the rules that\n" +
			"statements are computed by. With --json it prints exactly the fields of `expected`.\n" +
			"With --explain it also prints the stretches of time that add up to the totals, with who\n" +
			"said what in each, and every exclusion with the reason where it does not count.",
	})
}

func newClockCmd() *cobra.Command {
	return newExampleCmd(contract.SchemaClock, &cobra.Command{
		Use:   "clock CASE.json|-",
		Short: "Compute a worked clock and credit (schema vouch-clock/1)",
	})
}

func newExampleCmd(schema string, c *cobra.Command) *cobra.Command {
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exit.Misused("name one file, or - for standard input; see `vouch %s --help`", c.Name())
		}
		return nil
	}
	asJSON, explained := jsonFlag(c), new(bool)
	if schema == contract.SchemaCase {
		c.Flags().BoolVar(explained, "explain", false, "print where every second comes from")
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return computeExamples(c.OutOrStdout(), c.InOrStdin(), schema, args[0], *asJSON, *explained)
	}
	return c
}

func computeExamples(out io.Writer, stdin io.Reader, schema, name string, asJSON, explained bool) error {
	in, shown := stdin, "standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return exit.Misused("%v", err)
		}
		defer f.Close()
		in, shown = f, name
	}
	examples, list, err := contract.DecodeExamples(in, schema, time.LoadLocation)
	if err != nil {
		// One line for each mistake, each with the file before its place.
		return exit.Misused("%s: %s", shown, strings.ReplaceAll(err.Error(), "\n", "\nvouch: "+shown+": "))
	}
	if !asJSON {
		for _, e := range examples {
			printExample(out, e, explained)
		}
		return nil
	}
	answers := make([]any, len(examples))
	for i, e := range examples {
		answers[i] = e.Answer()
		if explained && e.Case != nil {
			answers[i] = explain(e.Case)
		}
	}
	if list {
		return printJSON(out, answers)
	}
	return printJSON(out, answers[0])
}

// printExample prints an example and what it comes to, for a person.
func printExample(out io.Writer, e contract.Example, explained bool) {
	if e.Clock != nil {
		printClock(out, e.Clock)
		return
	}
	a := e.Case.Answer()
	fmt.Fprintf(out, "%s  %s\n", e.Case.ID, e.Case.Title)
	w := table(out)
	fmt.Fprintf(w, "  agreed\t%s\n  excluded\t%s\n  up\t%s\n  down\t%s\n  unknown\t%s\n", hms(a.Agreed), hms(a.Excluded), hms(a.Up), hms(a.Down), hms(a.Unknown))
	fmt.Fprintf(w, "  availability\t%s\n  coverage\t%s\n", percent(a.Availability), percent(a.Coverage))
	fmt.Fprintf(w, "  if unknown were down\t%s\n  if unknown were up\t%s\n", percent(a.IfUnknownDown), percent(a.IfUnknownUp))
	_ = w.Flush() // what cannot be written cannot be complained about either
	for _, i := range a.Incidents {
		to := "still open"
		if i.To != nil {
			to = *i.To
		}
		fmt.Fprintf(out, "  incident from %s to %s, %s counted as down\n", i.From, to, hms(i.CountedDown))
	}
	fmt.Fprintln(out)
	if explained {
		printExplanation(out, e.Case, explain(e.Case))
	}
}

func printClock(out io.Writer, c *contract.ClockCase) {
	a := c.Answer()
	deadline := "never reached"
	if a.Deadline != nil {
		deadline = *a.Deadline
	}
	fmt.Fprintf(out, "%s  %s\n  deadline %s, exceeded by %s, %d days, credit %d.%02d\n\n", c.ID, c.Title, deadline, hms(a.Exceeded), a.Days, a.Cents/100, a.Cents%100)
}

// percent prints a percentage, or says that there is none.
func percent(p contract.Percent) string {
	if !p.Valid() {
		return "none (nothing to divide by)"
	}
	return p.String() + " %"
}
