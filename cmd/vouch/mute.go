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

func newMuteCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use: "mute", Short: "Silence messages for a while: never evidence, and no exclusion",
		Long: "Silence the messages about a customer, a site or a device for a while, over one channel\n" +
			"or all. Measuring, verdicts, incidents and figures go on as they are: a mute is no\n" +
			"exclusion. It is a record that the customer can read.",
	})
	client := dataFlag(c)
	c.AddCommand(newMuteAddCmd(client), newMuteListCmd(client), newMuteEndCmd(client))
	return c
}

func newMuteAddCmd(client func() *admin.Client) *cobra.Command {
	var customer, site, device, channel, until, reason string
	c := &cobra.Command{
		Use: "add --customer ID [--site ID | --device ID] [--channel NAME] --until TIME --reason TEXT", Args: noArgs,
		Short: "Silence messages from now on, for 30 days at most",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		customer, device, err := ownerOf(customer, device)
		if err != nil {
			return err
		}
		end, err := parseInstant("until", until, time.Now())
		if err != nil {
			return err
		}
		var m admin.Mute
		if err := client().Post(c.Context(), admin.PathMutes, admin.NewMute{
			Customer: vouch.CustomerID(customer), Site: vouch.SiteID(site), Device: vouch.DeviceID(device), Channel: channel, Until: end, Reason: reason,
		}, &m); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), m)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: no messages about %s until %s; incidents and figures go on\n", m.ID, muted(m), when(m.Until))
		return nil
	}
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer; without --site and --device all of it")
	f.StringVar(&site, "site", "", "only this site")
	f.StringVar(&device, "device", "", "only this device, as ID, or CUSTOMER/ID")
	f.StringVar(&channel, "channel", "", "only over this channel")
	f.StringVar(&until, "until", "", "when messages go out again, as +2h or 2026-11-30T22:00:00+01:00")
	f.StringVar(&reason, "reason", "", "why nobody need be told; it stands in the ledger")
	for _, name := range []string{"until", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

// muted says what a mute covers.
func muted(m admin.Mute) string {
	s := string(m.Customer)
	switch {
	case m.Device != "":
		s += "/" + string(m.Device)
	case m.Site != "":
		s += ", site " + string(m.Site)
	}
	if m.Channel != "" {
		s += " over " + m.Channel
	}
	return s
}

func newMuteListCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	var all bool
	c := &cobra.Command{Use: "list [--customer ID] [--all]", Short: "List the mutes that stand, with --all those that are over too", Args: noArgs}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var ms []admin.Mute
		if err := client().Get(c.Context(), admin.PathMutes, url.Values{"customer": {customer}, "all": {fmt.Sprint(all)}}, &ms); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), ms)
		}
		if len(ms) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "Nothing is muted.")
			return nil
		}
		w := table(c.OutOrStdout())
		fmt.Fprintln(w, "ID\tABOUT\tFROM\tUNTIL\tBY\tSTATE\tREASON")
		for _, m := range ms {
			state := "stands"
			switch {
			case !m.EndedAt.IsZero():
				state = fmt.Sprintf("ended %s by %s: %s", when(m.EndedAt), m.EndedBy, m.EndedFor)
			case !m.Stands:
				state = "over"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, muted(m), when(m.From), when(m.Until), cmp.Or(m.Author, "-"), state, m.Reason)
		}
		return w.Flush()
	}
	c.Flags().StringVar(&customer, "customer", "", "only this customer's")
	c.Flags().BoolVar(&all, "all", false, "those that are over too")
	return c
}

func newMuteEndCmd(client func() *admin.Client) *cobra.Command {
	var customer, reason string
	c := &cobra.Command{
		Use: "end ID --customer ID --reason TEXT", Args: oneArg,
		Short: "End a mute before its time; what it silenced is not sent afterwards",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var m admin.Mute
		if err := client().Delete(c.Context(), admin.PathMutes, url.Values{"id": args, "customer": {customer}, "reason": {reason}}, &m); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), m)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s ended at %s by %s\n", m.ID, when(m.EndedAt), m.EndedBy)
		return nil
	}
	c.Flags().StringVar(&customer, "customer", "", "customer")
	c.Flags().StringVar(&reason, "reason", "", "why messages go out again; it stands in the ledger")
	for _, name := range []string{"customer", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}
