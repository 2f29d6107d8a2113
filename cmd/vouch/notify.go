// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/collector/admin"
)

func newNotifyCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "notify", Short: "List the messages about incidents and what became of them, and try a channel"})
	client := dataFlag(c)
	c.AddCommand(newNotifyListCmd(client), newNotifyTestCmd(client))
	return c
}

func newNotifyListCmd(client func() *admin.Client) *cobra.Command {
	var customer, channel string
	var n int
	c := &cobra.Command{
		Use: "list [--customer ID] [--channel NAME] [--n COUNT]", Args: noArgs,
		Short: "List the newest messages: delivered, waiting, silenced or given up",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var ds []admin.Delivery
		if err := client().Get(c.Context(), admin.PathDeliveries, url.Values{"customer": {customer}, "channel": {channel}, "n": {strconv.Itoa(n)}}, &ds); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), ds)
		}
		if len(ds) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "There is no message.")
			return nil
		}
		w := table(c.OutOrStdout())
		fmt.Fprintln(w, "MADE\tCHANNEL\tCUSTOMER\tINCIDENT\tTRANSITION\tSTATE\tATTEMPTS\tANSWER")
		for _, d := range ds {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", when(d.Created), d.Channel, cmp.Or(string(d.Customer), "-"), cmp.Or(string(d.Incident), "-"),
				d.Transition, d.State, d.Attempts, cmp.Or(d.Error, d.Answer))
		}
		return w.Flush()
	}
	c.Flags().StringVar(&customer, "customer", "", "only this customer's")
	c.Flags().StringVar(&channel, "channel", "", "only over this channel")
	c.Flags().IntVar(&n, "n", 50, "at most so many, 1 to 1000")
	return c
}

func newNotifyTestCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use: "test CHANNEL", Args: oneArg,
		Short: "Send a message that is marked as a test, once, and say what the server answered",
		Long: "Send a message that is marked as a test over one channel of the collector's file, once,\n" +
			"and say what the server answered. A mail and a webhook get a message that says so,\n" +
			"Alertmanager an alert VouchTest for a minute, PagerDuty an event that is resolved at\n" +
			"once. Of a service desk only a search is asked: no ticket is made.",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var d admin.Delivery
		if err := client().Post(c.Context(), admin.PathTest, admin.NewTest{Channel: args[0]}, &d); err != nil {
			return err
		}
		switch {
		case *asJSON:
			if err := printJSON(c.OutOrStdout(), d); err != nil {
				return err
			}
		case d.State == "delivered":
			fmt.Fprintf(c.OutOrStdout(), "%s took the test at %s: %s\n", d.Channel, when(d.Done), cmp.Or(d.Answer, "no further word"))
		}
		if d.State != "delivered" {
			return fmt.Errorf("%s did not take the test: %s", d.Channel, d.Error)
		}
		return nil
	}
	return c
}
