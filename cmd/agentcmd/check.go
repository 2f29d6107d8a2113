// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Report every mistake in an agent's file at once, with its place",
		Long: "check reads the files of agents, and the secrets that they name, and prints every mistake as\n" +
			"file:line:column: what is wrong, what is allowed. Warnings are marked as such. `vouch check` knows\n" +
			"the other files, too, and whether they fit each other.\n" +
			"Exit code 0: no mistake, 1: mistakes, 2: misused.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Misused("say what to check: vouch-agent check FILE...")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return checkFiles(c.OutOrStdout(), args)
		},
	}
}

// checkFiles prints the problems of the files to out.
func checkFiles(out io.Writer, files []string) error {
	problems := configs.CheckAgent(configs.OS(), files...)
	for _, p := range problems {
		if _, err := fmt.Fprintln(out, p); err != nil {
			return err
		}
	}
	if problems.Err() != nil {
		return exit.Error{Code: exit.Failed} // the problems are the message
	}
	return nil
}
