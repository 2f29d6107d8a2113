// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Command vouch is the centre and the tool for people: the collector, the demo, and
// the commands that ask a running collector. It parses flags, wires and exits; the
// work is done in the packages that it names.
package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // contracts name zones; a container or a router may have no zone files

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/cmd/verifycmd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRootCmd().ExecuteContext(ctx)
	if err != nil && strings.HasPrefix(err.Error(), "required flag(s)") {
		err = exit.Misused("%v; see `vouch help`", err) // cobra has no hook for these
	}
	stop()
	os.Exit(exit.Report(os.Stderr, "vouch", err))
}

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "vouch",
		Short:         "Availability of leased network hardware, measured by at least two witnesses",
		Long:          "vouch decides the availability of leased network hardware from at least two monitoring\nlocations, by the contract's own rules, and keeps the evidence.",
		Version:       versionString(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
	}
	root.RunE = func(*cobra.Command, []string) error { return exit.Misused("say what to do; see `vouch --help`") }
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.Misused("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(
		newDemoCmd(), newLabCmd(), newInitCmd(), newCheckCmd(),
		newAgentCmd(), newAgentsCmd(), newCollectorCmd(), newWitnessCmd(), newPinCmd(), newStatusCmd(), newReloadCmd(), newTokenCmd(), newPeopleCmd(), newSecretCmd(), newRebuildCmd(), newLedgerCmd(),
		newMaintenanceCmd(), newExclusionCmd(), newAcceptCmd(), newHoldCmd(), newNotifyCmd(), newMuteCmd(), newIncidentCmd(), newStatementCmd(), newReportCmd(), newBundleCmd(), verifycmd.New(),
		newContractCmd(), newAvailabilityCmd(), newClockCmd(),
	)
	return root
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Misused("%q is not understood; see `%s --help`", args[0], c.CommandPath())
	}
	return nil
}

func oneArg(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return exit.Misused("one argument is needed: %s", c.UseLine())
	}
	return nil
}

// group is a command that only holds others: alone it is not understood.
func group(c *cobra.Command) *cobra.Command {
	c.Args = noArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		return exit.Misused("say what to do; see `%s --help`", c.CommandPath())
	}
	return c
}
