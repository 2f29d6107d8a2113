// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newPeopleCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use: "people", Short: "Invite people to the pages, list them, reset a password, disable an account",
		Long: `Invite people to the pages, list them, reset a password, disable an account.

Everybody has an account of his own: records name who did what. Roles:
  noc               reads everything; announces and cancels maintenance
  contract-manager  the same; approves and refuses exclusion claims
  auditor           reads everything, the provider's own ledger too; changes nothing
  customer          reads what is his; changes nothing`,
	})
	client := dataFlag(c)
	c.AddCommand(newPeopleInviteCmd(client), newPeopleListCmd(client), newPeopleResetCmd(client), newPeopleDisableCmd(client))
	return c
}

// printLink prints a one-time link alone to stdout, and what to do with it beside it.
func printLink(c *cobra.Command, p admin.Person, asJSON bool) error {
	if asJSON {
		return printJSON(c.OutOrStdout(), p)
	}
	fmt.Fprintln(c.OutOrStdout(), p.Link)
	fmt.Fprintf(c.ErrOrStderr(), "vouch: the line above lets %s choose a password, once, until %s. It is not shown again:\n"+
		"hand it over so that nobody else reads it. Records name %s.\n", p.Login, when(p.Expires), p.ID)
	return nil
}

func newPeopleInviteCmd(client func() *admin.Client) *cobra.Command {
	var in admin.NewPerson
	var customer string
	c := &cobra.Command{
		Use: "invite NAME --role ROLE | --customer ID", Args: oneArg,
		Short: "Make an account and print the one-time link by which its owner begins",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in.Login, in.Customer = args[0], vouch.CustomerID(customer)
		switch {
		case in.Role == "" && customer != "":
			in.Role = "customer"
		case in.Role == "":
			return exit.Misused("say what the account may do: --role noc, contract-manager or auditor, or --customer ID")
		}
		var p admin.Person
		if err := client().Post(c.Context(), admin.PathPeople, in, &p); err != nil {
			return err
		}
		return printLink(c, p, *asJSON)
	}
	c.Flags().StringVar(&in.Role, "role", "", "noc, contract-manager, auditor or customer")
	c.Flags().StringVar(&customer, "customer", "", "customer whose data alone it reads")
	c.Flags().StringVar(&in.SameAs, "same-as", "", "account on this machine of the same person, as records name it (uid:1000), so that he is no second person to himself")
	return c
}

func newPeopleListCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List accounts", Args: noArgs}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var ps []admin.Person
		if err := client().Get(c.Context(), admin.PathPeople, nil, &ps); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), ps)
		}
		if len(ps) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "There is no account; `vouch people invite` makes one.")
			return nil
		}
		w := table(c.OutOrStdout())
		fmt.Fprintln(w, "NAME\tROLE\tCUSTOMER\tSTATE\tIN RECORDS\tSAME AS\tINVITED\tBY")
		for _, p := range ps {
			name := p.Login
			if name == "" {
				name = "(first)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, p.Role, p.Customer, p.State, p.ID, p.SameAs, when(p.Created), p.Author)
		}
		return w.Flush()
	}
	return c
}

func newPeopleResetCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use: "reset NAME | ID", Args: oneArg,
		Short: "End a password and every session of an account, and print another one-time link",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var p admin.Person
		if err := client().Post(c.Context(), admin.PathPeopleReset, admin.ResetPerson{Login: args[0]}, &p); err != nil {
			return err
		}
		return printLink(c, p, *asJSON)
	}
	return c
}

func newPeopleDisableCmd(client func() *admin.Client) *cobra.Command {
	return &cobra.Command{
		Use: "disable NAME | ID", Args: oneArg,
		Short: "Keep an account from signing in, for good; its sessions end at once",
		RunE: func(c *cobra.Command, args []string) error {
			var p admin.Person
			if err := client().Delete(c.Context(), admin.PathPeople, url.Values{"login": args}, &p); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is disabled\n", args[0])
			return nil
		},
	}
}
