// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/agentcmd"
	"github.com/vouch-sla/vouch/cmd/exit"
)

// Set by the linker: see the Makefile.
var version, commit string

func versionString() string { return exit.Version("vouch", version, commit) }

// newAgentCmd is vouch-agent inside vouch: a location beside the collector is just
// another agent.
func newAgentCmd() *cobra.Command {
	c := agentcmd.New(versionString())
	c.Use, c.Short = "agent", "The agent, as vouch-agent has it"
	return c
}
