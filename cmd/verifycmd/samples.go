// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package verifycmd

import (
	"bufio"

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
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exit.Misused("name one bundle: %s", c.UseLine())
		}
		f, size, err := open(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		w := bufio.NewWriterSize(c.OutOrStdout(), 1<<16)
		if err := bundle.Lines(f, size, w); err != nil {
			return exit.Misused("%s: %v", args[0], err)
		}
		return w.Flush()
	}
	return c
}
