// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newKeyCmd() *cobra.Command {
	var file, id, data string
	c := &cobra.Command{
		Use:   "key --config FILE | --id ID --data DIR",
		Short: "Print the agent's public key, for the collector's installed base",
		Long: "key prints the agent's public key as it goes into the collector's installed base (agents, key).\n" +
			"It makes the key where there is none. The secret key stays in the data directory and is never printed.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case file != "" && id == "" && data == "":
				a, problems := configs.LoadAgent(configs.OS(), file)
				if err := problems.Err(); err != nil {
					return exit.Misused("%s:\n%v\nbefore the file is finished, use --id and --data", file, err)
				}
				id, data = string(a.ID), a.Data
			case file == "" && id != "" && data != "":
			default:
				return exit.Misused("say whose key: --config FILE, or --id ID and --data DIR")
			}
			key, err := agent.VerifierKey(data, vouch.AgentID(id))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), key)
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "the agent's `FILE`")
	c.Flags().StringVar(&id, "id", "", "the agent's identifier")
	c.Flags().StringVar(&data, "data", "", "the agent's data directory")
	return c
}
