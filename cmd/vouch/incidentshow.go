// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
)

func newIncidentShowCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use: "show CUSTOMER/ID", Short: "Show one incident: its clocks, what happened, and what is allowed next", Args: oneArg,
	}
	asJSON := jsonFlag(c)
	c.Flags().StringVar(&customer, "customer", "", "customer, where two have an incident of this ID")
	c.RunE = func(c *cobra.Command, args []string) error {
		cu, id, err := incidentOf(customer, args[0])
		if err != nil {
			return err
		}
		d, err := getIncident(c, client(), cu, id)
		if err != nil {
			return err
		}
		return printIncident(c, *asJSON, d)
	}
	return c
}

func getIncident(c *cobra.Command, client *admin.Client, cu vouch.CustomerID, id incident.ID) (d admin.IncidentDetail, err error) {
	err = client.Get(c.Context(), admin.PathIncident, url.Values{"customer": {string(cu)}, "id": {string(id)}}, &d)
	return d, err
}

func printIncident(c *cobra.Command, asJSON bool, d admin.IncidentDetail) error {
	out := c.OutOrStdout()
	if asJSON {
		return printJSON(out, d)
	}
	fmt.Fprintf(out, "%s of %s, site %s: %s\n", d.ID, d.Customer, d.Site, someDevices(d.Devices))
	prio := "no priority yet"
	if s := d.Priority.String(); s != "" {
		prio = "priority " + s
	}
	fmt.Fprintf(out, "%s, %s, tier %d of escalation\n", standOf(d.Incident), prio, d.Tier)
	if d.To == nil {
		fmt.Fprintf(out, "since %s\n", when(d.From))
	} else {
		fmt.Fprintf(out, "from %s to %s\n", when(d.From), when(*d.To))
	}
	fmt.Fprintln(out)
	if len(d.Clocks) == 0 {
		fmt.Fprintln(out, "No clock runs: the contract promises no time for it, or nothing started one yet.")
	}
	for _, k := range d.Clocks {
		fmt.Fprintf(out, "%s, %s within %s of service time\n  %s\n", k.Kind, k.Priority, k.Promised, clockWords(k))
		for _, w := range k.Why {
			fmt.Fprintf(out, "  - %s\n", w)
		}
	}
	for _, f := range d.Flags {
		fmt.Fprintf(out, "note: %s\n", f)
	}
	fmt.Fprintln(out)
	for _, e := range d.Events {
		late := ""
		if e.RecordedAt.Sub(e.At).Abs().Seconds() >= 60 {
			late = ", recorded " + when(e.RecordedAt)
		}
		fmt.Fprintf(out, "%s  %s (%s%s)\n", when(e.At), e.Text, e.Author, late)
	}
	if len(d.Next) > 0 {
		fmt.Fprintf(out, "\nAllowed next:\n  %s\n", strings.Join(d.Next, "\n  "))
	}
	return nil
}

// standOf is where an incident stands: its status, and while it is open its stage.
func standOf(i admin.Incident) string {
	if i.Status == incident.Open && i.Stage != "" {
		return string(i.Status) + ", " + string(i.Stage)
	}
	return string(i.Status)
}

// clockWords says how a clock stands.
func clockWords(k admin.IncidentClock) string {
	s := hms(k.Used) + " of " + hms(k.Target) + " used"
	switch {
	case k.Exceeded > 0 && k.Running:
		return fmt.Sprintf("%s overrun since %s (%s)", k.Kind, when(*k.Deadline), s)
	case k.Exceeded > 0:
		return fmt.Sprintf("%s overrun: due %s, done %s late (%s)", k.Kind, when(*k.Deadline), hms(k.Exceeded), s)
	case !k.Running:
		return fmt.Sprintf("%s in time (%s)", k.Kind, s)
	case k.Suspended && k.Deadline == nil:
		return fmt.Sprintf("%s suspended (%s)", k.Kind, s)
	case k.Deadline == nil:
		return fmt.Sprintf("%s without a deadline (%s)", k.Kind, s)
	case k.Suspended:
		return fmt.Sprintf("%s suspended, due %s (%s)", k.Kind, when(*k.Deadline), s)
	}
	return fmt.Sprintf("%s due %s, %s left", k.Kind, when(*k.Deadline), hms(k.Left))
}

// someDevices names the first few devices of an incident.
func someDevices(ids []vouch.DeviceID) string {
	const most = 4
	if len(ids) <= most {
		return join(ids)
	}
	return fmt.Sprintf("%s and %d more", join(ids[:most]), len(ids)-most)
}
