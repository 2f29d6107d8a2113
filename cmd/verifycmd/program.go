// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package verifycmd

import (
	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
)

// Program returns the command line of vouch-verify: `vouch-verify FILE` verifies, the
// other commands stand beside it.
func Program(version string) *cobra.Command {
	root := New()
	root.Use = "vouch-verify FILE"
	root.Version = version
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate("{{.Version}}\n")
	root.Args = cobra.ArbitraryArgs
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.Misused("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(newSamplesCmd(), newNotesCmd(), newKeygenCmd(), newAcceptCmd())
	return root
}
