// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/collector/admin"
)

func newIncidentCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use: "incident", Short: "List, open and handle incidents: who was told when, and what the contract's clocks make of it",
		Long: "An incident is opened by the measurements, or by `vouch incident open` when somebody reports one. Then it is\n" +
			"picked up (no clock stops), the customer is told (the reaction clock stops), and the service is brought back.\n" +
			"Each step is a record of the customer's ledger under the account that typed it; nothing is edited.\n\n" +
			"An incident is named CUSTOMER/ID, or ID where only one customer has it. `vouch incident show` says what is\n" +
			"allowed next. --at says when something happened, where that was not now: what speaks for the provider (told,\n" +
			"suspended, operational) then still counts from its recording.",
	})
	client := dataFlag(c)
	c.AddCommand(newIncidentListCmd(client), newIncidentShowCmd(client), newIncidentOpenCmd(client))
	c.AddCommand(newIncidentStepCmds(client)...)
	return c
}

func newIncidentListCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use: "list", Short: "List incidents, open ones first, then the newest first", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var list []admin.Incident
			if err := client().Get(c.Context(), admin.PathIncidents, url.Values{"customer": {customer}}, &list); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(os.Stdout, list)
			}
			if len(list) == 0 {
				fmt.Println("There are no incidents.")
				return nil
			}
			w := table(os.Stdout)
			fmt.Fprintln(w, "INCIDENT\tCUSTOMER\tPRIO\tDEVICES\tSTATUS\tFROM\tTO\tCOUNTED\tSEEN BY\tNOTES")
			for _, i := range list {
				to := "still down"
				if i.To != nil {
					to = when(*i.To)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, i.Customer, i.Priority, someDevices(i.Devices), standOf(i),
					when(i.From), to, hms(i.Counted), join(i.Witnesses), notes(i))
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&customer, "customer", "", "only this customer's")
	jsonFlag(c)
	return c
}

// notes says what a reader must know before relying on an incident.
func notes(i admin.Incident) string {
	var n []string
	if i.Clock != nil {
		n = append(n, clockWords(*i.Clock))
	}
	if i.Pending {
		n = append(n, "evidence pending")
	}
	if i.Single {
		n = append(n, "rests on one witness")
	}
	if i.FoundLate {
		n = append(n, "found late")
	}
	return strings.Join(n, ", ")
}
