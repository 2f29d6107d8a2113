// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newAgentsCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use: "agents", Short: "Let agents in, list them, replace and revoke their keys",
		Long: "agents lets the agents of the installed base in, by join strings, and takes their keys away again.\n" +
			"Where an agent stands, and so for whom it may speak, the installed base says.",
	})
	client := dataFlag(c)
	c.AddCommand(newAgentsListCmd(client), newAgentsTokenCmd(client), newAgentsRotateCmd(client), newAgentsRevokeCmd(client))
	return c
}

func newAgentsTokenCmd(client func() *admin.Client) *cobra.Command {
	var in admin.NewJoin
	c := &cobra.Command{
		Use: "token --agent ID [--location ID] [--address HOST:PORT]", Args: noArgs,
		Short: "Print a join string, with which an agent enrols within an hour",
		Long: "token prints one line, for `vouch-agent enrol` on the machine of the agent: the collector's address, its pin\n" +
			"and a secret. It is good for one hour and for the first key that uses it; used again with that key it does no\n" +
			"harm. Who has the line can pose as the agent within that hour: send it as you would a password.",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if in.Agent == "" {
			return exit.Misused("say which agent of the installed base: --agent ID")
		}
		return printJoin(c, client(), in, *asJSON)
	}
	c.Flags().StringVar((*string)(&in.Agent), "agent", "", "the agent's `ID` in the installed base")
	c.Flags().StringVar((*string)(&in.Location), "location", "", "`ID` of its location; compared with the installed base, where it is given")
	c.Flags().StringVar(&in.Address, "address", "", "`HOST:PORT` at which the agent reaches this collector (default agents.address of the collector's file, or this machine's name)")
	return c
}

func newAgentsRotateCmd(client func() *admin.Client) *cobra.Command {
	in := admin.NewJoin{Rotate: true}
	c := &cobra.Command{
		Use: "rotate AGENT [--address HOST:PORT]", Args: oneArg,
		Short: "Print a join string, with which a new key takes the place of the agent's",
		Long: "rotate prints a join string for `vouch-agent enrol --new-key`. Nothing changes until it is used. Then the\n" +
			"old key is revoked and its chains end, and the new key's begin.",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in.Agent = vouch.AgentID(args[0])
		return printJoin(c, client(), in, *asJSON)
	}
	c.Flags().StringVar(&in.Address, "address", "", "`HOST:PORT` at which the agent reaches this collector")
	return c
}

// printJoin makes a join string: alone on standard output, what it is good for beside it.
func printJoin(c *cobra.Command, client *admin.Client, in admin.NewJoin, asJSON bool) error {
	var j admin.Join
	if err := client.Post(c.Context(), admin.PathJoin, in, &j); err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), j)
	}
	if _, err := fmt.Fprintln(c.OutOrStdout(), j.Join); err != nil {
		return err
	}
	command := "vouch-agent enrol"
	if j.NewKey {
		command += " --new-key"
	}
	w := c.ErrOrStderr()
	fmt.Fprintf(w, "vouch: the line above lets agent %s in, once, until %s. It measures at %s for %s.\n", j.Agent, when(j.Expires), j.Location, orNobody(j.Customers))
	fmt.Fprintf(w, "vouch: next, on its machine, as root: %s 'THE LINE'. It will reach this collector at %s; --address names another.\n", command, j.Address)
	if j.Key != "" {
		fmt.Fprintf(w, "vouch: note: the agent has the key %s already, and only that one can use the line; for a new one: vouch agents rotate %s\n", keyName(j.Key), j.Agent)
	}
	return nil
}

func orNobody(customers []vouch.CustomerID) string {
	if len(customers) == 0 {
		return "no customer yet"
	}
	return join(customers)
}

// keyName shortens a verifier key to its name and hash.
func keyName(vkey string) string {
	part := strings.SplitN(vkey, "+", 3)
	return strings.Join(part[:min(len(part), 2)], "+")
}

func newAgentsListCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the agents of the installed base, with location, key and certificate", Args: noArgs}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var as []admin.Agent
		if err := client().Get(c.Context(), admin.PathAgents, nil, &as); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), as)
		}
		return printAgents(c.OutOrStdout(), as, time.Now())
	}
	return c
}

func printAgents(out io.Writer, as []admin.Agent, now time.Time) error {
	if len(as) == 0 {
		_, err := fmt.Fprintln(out, "There are no agents in the installed base.")
		return err
	}
	w := table(out)
	fmt.Fprintln(w, "AGENT\tLOCATION\tCUSTOMERS\tSTATE\tKEY\tCERTIFICATE UNTIL\tLAST HEARD")
	for _, a := range as {
		key, until, state := "-", "-", a.State
		if a.Key != "" {
			key = keyName(a.Key)
		}
		if !a.Until.IsZero() {
			until = when(a.Until)
			if now.After(a.Until) {
				until += " (expired)"
			}
		}
		if !a.Revoked.IsZero() {
			state += " " + when(a.Revoked)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Agent, a.Location, orNobody(a.Customers), state, key, until, ago(a.Heartbeat, now))
	}
	return w.Flush()
}

func newAgentsRevokeCmd(client func() *admin.Client) *cobra.Command {
	var in admin.Revocation
	c := &cobra.Command{
		Use: "revoke AGENT --reason TEXT", Args: oneArg,
		Short: "Take an agent's key away, for good: its connections are cut, what it signs is not taken in any more",
		Long: "revoke ends the key of an agent at once and for good, and writes that into every ledger that it spoke in.\n" +
			"What came in before stays evidence. The agent gets in again with a new key (`vouch agents token`, then\n" +
			"`vouch-agent enrol --new-key`).",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in.Agent = vouch.AgentID(args[0])
		var out admin.Revoked
		if err := client().Post(c.Context(), admin.PathRevoke, in, &out); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), out)
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "The key %s of agent %s is revoked from %s on.\n", keyName(out.Key), out.Agent, when(out.At))
		return err
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why; it stands in the ledgers")
	_ = c.MarkFlagRequired("reason")
	return c
}
