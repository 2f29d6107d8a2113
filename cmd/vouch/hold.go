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

func newHoldCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "hold", Short: "Place, list and remove legal holds: while one stands, nothing of a customer is erased"})
	client := dataFlag(c)
	c.AddCommand(newHoldAddCmd(client), newHoldListCmd(client), newHoldRemoveCmd(client))
	return c
}

func newHoldAddCmd(client func() *admin.Client) *cobra.Command {
	var customer, reason string
	c := &cobra.Command{
		Use: "add --customer ID --reason TEXT", Args: noArgs,
		Short: "Keep everything of a customer from now on, whatever the retention",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var h admin.Hold
		if err := client().Post(c.Context(), admin.PathHolds, admin.NewHold{Customer: vouch.CustomerID(customer), Reason: reason}, &h); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), h)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s placed at %s: nothing of %s is erased until it is removed\n", h.ID, when(h.PlacedAt), h.Customer)
		return nil
	}
	c.Flags().StringVar(&customer, "customer", "", "customer")
	c.Flags().StringVar(&reason, "reason", "", "why everything must be kept; it stands in the ledger")
	for _, name := range []string{"customer", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func newHoldListCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{Use: "list [--customer ID]", Short: "List legal holds, removed ones too", Args: noArgs}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var hs []admin.Hold
		if err := client().Get(c.Context(), admin.PathHolds, url.Values{"customer": {customer}}, &hs); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), hs)
		}
		if len(hs) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "There is no legal hold.")
			return nil
		}
		w := table(c.OutOrStdout())
		fmt.Fprintln(w, "ID\tCUSTOMER\tPLACED\tBY\tSTATE\tREASON")
		for _, h := range hs {
			state := "stands"
			if !h.RemovedAt.IsZero() {
				state = fmt.Sprintf("removed %s by %s: %s", when(h.RemovedAt), h.RemovedBy, h.RemovedFor)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", h.ID, h.Customer, when(h.PlacedAt), h.Author, state, h.Reason)
		}
		return w.Flush()
	}
	c.Flags().StringVar(&customer, "customer", "", "only this customer's")
	return c
}

func newHoldRemoveCmd(client func() *admin.Client) *cobra.Command {
	var customer, reason string
	c := &cobra.Command{
		Use: "remove ID --customer ID --reason TEXT", Args: oneArg,
		Short: "Remove a legal hold; what retention lets go is erased again from the next day on",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var h admin.Hold
		err := client().Delete(c.Context(), admin.PathHolds, url.Values{"id": args, "customer": {customer}, "reason": {reason}}, &h)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), h)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s removed at %s by %s\n", h.ID, when(h.RemovedAt), h.RemovedBy)
		return nil
	}
	c.Flags().StringVar(&customer, "customer", "", "customer")
	c.Flags().StringVar(&reason, "reason", "", "why it may end; it stands in the ledger")
	for _, name := range []string{"customer", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}
