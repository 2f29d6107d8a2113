// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newMaintenanceCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "maintenance", Short: "Announce, list and cancel maintenance, and exchange it as iCalendar"})
	client := dataFlag(c)
	c.AddCommand(newMaintenanceAddCmd(client), newMaintenanceListCmd(client), newMaintenanceCancelCmd(client),
		newMaintenanceExportCmd(client), newMaintenanceImportCmd(client))
	return c
}

func newMaintenanceAddCmd(client func() *admin.Client) *cobra.Command {
	var device, site, customer, from, to, reason, corrects string
	c := &cobra.Command{
		Use:   "add --customer ID [--site ID | --device ID] --from TIME --to TIME --reason TEXT",
		Short: "Announce a maintenance; it is announced at the instant it is recorded",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			now := time.Now()
			customer, device, err := ownerOf(customer, device)
			if err != nil {
				return err
			}
			start, err := parseInstant("from", from, now)
			if err != nil {
				return err
			}
			end, err := parseInstant("to", to, now)
			if err != nil {
				return err
			}
			var m admin.Maintenance
			err = client().Post(c.Context(), admin.PathMaintenance, admin.NewMaintenance{
				Customer: vouch.CustomerID(customer), Site: vouch.SiteID(site), Device: vouch.DeviceID(device),
				From: start, To: end, Reason: reason, Corrects: corrects,
			}, &m)
			if err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(c.OutOrStdout(), m)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s announced at %s for %s, from %s to %s\n", m.ID, when(m.AnnouncedAt), scope(m), when(m.From), when(m.To))
			warn(c.ErrOrStderr(), m.Warnings)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&device, "device", "", "device under maintenance, as ID, or CUSTOMER/ID")
	f.StringVar(&site, "site", "", "site whose devices are all under maintenance")
	f.StringVar(&customer, "customer", "", "customer; without --site and --device all of its devices")
	f.StringVar(&from, "from", "", "when it begins")
	f.StringVar(&to, "to", "", "when it ends")
	f.StringVar(&reason, "reason", "", "what is done, in words the customer will read")
	f.StringVar(&corrects, "corrects", "", "maintenance, by its ID or its record, that this one takes the place of")
	for _, name := range []string{"from", "to", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	jsonFlag(c)
	return c
}

// scope says in words what a maintenance covers.
func scope(m admin.Maintenance) string { return scopeOf(m.Customer, m.Site, m.Device) }

func scopeOf(customer vouch.CustomerID, site vouch.SiteID, device vouch.DeviceID) string {
	switch {
	case device != "":
		return fmt.Sprintf("device %s of %s", device, customer)
	case site != "":
		return fmt.Sprintf("site %s of %s", site, customer)
	}
	return fmt.Sprintf("all devices of %s", customer)
}

func newMaintenanceListCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List announced maintenance", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var ms []admin.Maintenance
			if err := client().Get(c.Context(), admin.PathMaintenance, nil, &ms); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(c.OutOrStdout(), ms)
			}
			if len(ms) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "No maintenance is announced.")
				return nil
			}
			w := table(c.OutOrStdout())
			fmt.Fprintln(w, "ID\tSCOPE\tFROM\tTO\tANNOUNCED\tSTATE\tREASON")
			for _, m := range ms {
				state := "announced"
				switch {
				case m.CorrectedBy != "":
					state = "corrected by " + m.CorrectedBy + " " + when(m.CancelledAt)
				case !m.CancelledAt.IsZero():
					state = "cancelled " + when(m.CancelledAt)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, scope(m), when(m.From), when(m.To), when(m.AnnouncedAt), state, m.Reason)
			}
			return w.Flush()
		},
	}
	jsonFlag(c)
	return c
}

func newMaintenanceCancelCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use: "cancel ID", Short: "Cancel a maintenance from now on; time that has passed under it stays", Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			var m admin.Maintenance
			err := client().Delete(c.Context(), admin.PathMaintenance, url.Values{"id": args, "customer": {customer}}, &m)
			if err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(c.OutOrStdout(), m)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s cancelled at %s by %s\n", m.ID, when(m.CancelledAt), cmp.Or(m.CancelledBy, "unknown"))
			return nil
		},
	}
	c.Flags().StringVar(&customer, "customer", "", "customer, where two have an announcement of this number")
	jsonFlag(c)
	return c
}
