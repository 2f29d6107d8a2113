// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newTokenCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "token", Short: "Add, list and remove tokens for reading over HTTP"})
	client := dataFlag(c)
	c.AddCommand(newTokenAddCmd(client), newTokenListCmd(client), newTokenRemoveCmd(client))
	return c
}

func newTokenAddCmd(client func() *admin.Client) *cobra.Command {
	var customer, role string
	var days int
	c := &cobra.Command{
		Use:   "add --customer ID | --role noc",
		Short: "Make a token; its secret is printed once and stored only as a hash",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case customer != "" && role != "" && role != "customer":
				return exit.Misused("--customer makes a token for one customer; leave out --role %s", role)
			case customer != "":
				role = "customer"
			case role != "noc":
				return exit.Misused("say for whom the token is: --customer ID or --role noc")
			}
			var t admin.Token
			if err := client().Post(c.Context(), admin.PathTokens, admin.NewToken{Role: role, Customer: vouch.CustomerID(customer), Days: days}, &t); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(os.Stdout, t)
			}
			fmt.Println(t.Secret)
			fmt.Fprintf(os.Stderr, "vouch: token %s, good until %s; the line above is its secret and is not shown again.\n"+
				"Send it as `Authorization: Bearer ...`, or type it as the password that a browser asks for.\n", t.ID, when(t.Expires))
			return nil
		},
	}
	c.Flags().StringVar(&customer, "customer", "", "customer who may read with it: its own data only")
	c.Flags().StringVar(&role, "role", "", "noc: may read everything")
	c.Flags().IntVar(&days, "days", 365, "days that it is good for")
	jsonFlag(c)
	return c
}

func newTokenListCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List tokens", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var ts []admin.Token
			if err := client().Get(c.Context(), admin.PathTokens, nil, &ts); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(os.Stdout, ts)
			}
			if len(ts) == 0 {
				fmt.Println("There are no tokens.")
				return nil
			}
			w := table(os.Stdout)
			fmt.Fprintln(w, "ID\tROLE\tCUSTOMER\tMADE\tGOOD UNTIL\tBY")
			for _, t := range ts {
				until := "for ever"
				if !t.Expires.IsZero() {
					until = when(t.Expires)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Role, t.Customer, when(t.Created), until, t.Author)
			}
			return w.Flush()
		},
	}
	jsonFlag(c)
	return c
}

func newTokenRemoveCmd(client func() *admin.Client) *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove a token; it stops working at once", Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := client().Delete(c.Context(), admin.PathTokens, url.Values{"id": args}, nil); err != nil {
				return err
			}
			fmt.Printf("token %s removed\n", args[0])
			return nil
		},
	}
}
