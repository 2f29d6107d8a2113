// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package verifycmd

import (
	"bufio"
	"io"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// newSamplesCmd prints what the agents measured, for a database of one's own.
func newSamplesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "samples FILE",
		Short: "Print the samples of a bundle as InfluxDB line protocol (time stamps in milliseconds)",
		Long: "Prints the lines that the agents signed, as they signed them, for a database of one's own, for example\n" +
			"  vouch-verify samples FILE | influx write --precision ms ...\n" +
			"It verifies nothing: do that first.",
	}
	c.RunE = printed(bundle.Lines)
	return c
}

// newNotesCmd prints what the agents signed, for whoever wants to see it.
func newNotesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "notes FILE",
		Short: "Print what the agents signed, as they signed it, text by text",
		Long: "Prints every batch and every gap of a bundle: signed notes (C2SP signed-note), each ended by\n" +
			"its signature, day by day, in the order of the ledger. It verifies nothing: do that first.",
	}
	c.RunE = printed(bundle.Notes)
	return c
}

// printed runs a command that prints a part of the bundle that its argument names.
func printed(write func(r io.ReaderAt, size int64, w io.Writer) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exit.Misused("name one bundle: %s", c.UseLine())
		}
		f, size, err := open(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		w := bufio.NewWriterSize(c.OutOrStdout(), 1<<16)
		if err := write(f, size, w); err != nil {
			return exit.Misused("%s: %v", args[0], err)
		}
		return w.Flush()
	}
}
