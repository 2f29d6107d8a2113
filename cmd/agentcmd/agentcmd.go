// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package agentcmd is the agent's command line: it parses flags, wires and runs. It
// stands in vouch-agent, which is all of it, and in vouch, under `vouch agent`. The
// work is done in the packages that it names.
package agentcmd

import (
	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
)

// New returns the command with everything below it; version is what --version prints.
func New(version string) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "vouch-agent",
		Short: "Measures leased network hardware at a monitoring location",
		Long: "vouch-agent measures leased network hardware at a monitoring location: it asks the devices that the\n" +
			"collector assigned to it, and sends what it found, signed and chained.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if showVersion {
				return printVersion(c.OutOrStdout(), version)
			}
			return exit.Misused("say what to do; see `vouch-agent --help`")
		},
	}
	// Not cobra's own flag: its template links text/template, and with that every
	// method of every type, which costs 2 MB.
	root.Flags().BoolVar(&showVersion, "version", false, "print version and commit")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.Misused("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(newEnrolCmd(), newRunCmd(version), newStatusCmd(), newDoctorCmd(), newAlarmCmd(), newKeyCmd(), newProbeCmd(), newProfileCmd(), newDiscoverCmd(), newCheckCmd(), newVersionCmd(version))
	return root
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Misused("%q is not understood; see `%s --help`", args[0], c.CommandPath())
	}
	return nil
}
