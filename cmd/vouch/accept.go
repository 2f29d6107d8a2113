// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newAcceptCmd() *cobra.Command {
	var in admin.NewAcceptance
	var customer, file string
	c := &cobra.Command{
		Use:   "accept --customer ID --record RECORD [--object] (--by ACCOUNT | --note FILE)",
		Short: "Record the customer's word on a claim, a maintenance, a contract version, a lease or a statement",
		Long: "accept records that the customer accepts a record of his ledger, or with --object that he objects to it.\n" +
			"With --by it is your word that he did. With --note it is his own: a note that he signed with a key of his\n" +
			"(docs/evidence-format.md, \"Acceptance\"). A lease and a contract version that he accepts count from their\n" +
			"own dates, others only from their recording. `vouch accept list` prints what he can accept.",
		Args: noArgs,
	}
	client, asJSON := dataFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		in.Customer = vouch.CustomerID(customer)
		if file != "" {
			var err error
			if in.Note, err = reading("note", file, 64<<10); err != nil {
				return err
			}
		}
		var a admin.Acceptance
		if err := client().Post(c.Context(), admin.PathAcceptances, in, &a); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), a)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s %s record %s (%s)\n", a.ID, a.By, says(a.Objects), a.Record, a.Kind)
		if a.Key != "" {
			fmt.Fprintf(c.OutOrStdout(), "The note bears the key %s. Whether it is the customer's, who verifies knows: he pins it.\n", a.Key)
		}
		return nil
	}
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer whose word it is")
	f.StringVar(&in.Record, "record", "", "record in his ledger, or the ID of a claim or maintenance")
	f.BoolVar(&in.Objects, "object", false, "he objects rather than accepts")
	f.StringVar(&in.By, "by", "", "account that spoke for the customer; an id, not a person's name")
	f.StringVar(&file, "note", "", "file with the customer's signed note")
	for _, name := range []string{"customer", "record"} {
		_ = c.MarkFlagRequired(name)
	}
	c.AddCommand(newAcceptListCmd(client))
	return c
}

func says(objects bool) string {
	if objects {
		return "objects to"
	}
	return "accepts"
}

func newAcceptListCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use: "list --customer ID", Args: noArgs,
		Short: "List the records that a customer can accept, and what he said of them",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var xs []admin.Acceptable
		if err := client().Get(c.Context(), admin.PathAcceptances, url.Values{"customer": {customer}}, &xs); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), xs)
		}
		if len(xs) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "There is nothing to accept.")
			return nil
		}
		w := table(c.OutOrStdout())
		fmt.Fprintln(w, "RECORD\tABOUT\tRECORDED\tEFFECTIVE\tTHE CUSTOMER\tHASH OF ITS NOTE")
		for _, x := range xs {
			said := ""
			for _, a := range x.Said {
				if said != "" {
					said += ", "
				}
				said += fmt.Sprintf("%s (%s, %s)", says(a.Objects), a.By, when(a.RecordedAt))
			}
			if said == "" {
				said = "said nothing"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Record, x.About, when(x.RecordedAt), when(x.Effective), said, x.Note)
		}
		return w.Flush()
	}
	c.Flags().StringVar(&customer, "customer", "", "customer")
	_ = c.MarkFlagRequired("customer")
	return c
}
