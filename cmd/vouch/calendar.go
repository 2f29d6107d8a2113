// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newMaintenanceExportCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use:   "export [--customer ID]",
		Short: "Write announced maintenance as iCalendar (RFC 5545)",
		Long: "Writes announced maintenance as iCalendar (RFC 5545), times in UTC. A calendar that is to follow it fetches\n" +
			"/api/v1/maintenance.ics of the pages with a token as the password: it shows what that token may see.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := client().Bytes(c.Context(), admin.PathCalendar, url.Values{"customer": {customer}})
			if err != nil {
				return err
			}
			_, err = os.Stdout.Write(out)
			return err
		},
	}
	c.Flags().StringVar(&customer, "customer", "", "of this customer alone")
	return c
}

// maxCalendar is what the collector reads of a calendar, in bytes.
const maxCalendar = 512 << 10

func newMaintenanceImportCmd(client func() *admin.Client) *cobra.Command {
	var device, site, customer, until, reason string
	var apply bool
	c := &cobra.Command{
		Use:   "import FILE.ics --customer ID [--site ID | --device ID]",
		Short: "Announce what an iCalendar file holds; without --apply only say what would be",
		Long: "Reads events of an iCalendar file (RFC 5545), \"-\" for the standard input, as maintenance of one scope: those that\n" +
			"begin from now on, recurring ones as single works. Without --apply nothing is announced: each is listed with what\n" +
			"the contract would make of it. A work that is announced already for that time is left; one that the file calls\n" +
			"off is cancelled; what the file does not hold is listed and left. Times without a zone are the contract's.",
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			data, err := readCalendar(args[0])
			if err != nil {
				return err
			}
			in := admin.NewCalendar{Customer: vouch.CustomerID(customer), Site: vouch.SiteID(site), Device: vouch.DeviceID(device), Data: data, Reason: reason, Apply: apply}
			if until != "" {
				if in.Until, err = parseInstant("until", until, time.Now()); err != nil {
					return err
				}
			}
			var lines []admin.CalendarLine
			if err := client().Post(c.Context(), admin.PathCalendar, in, &lines); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(c.OutOrStdout(), lines)
			}
			return printCalendar(c.OutOrStdout(), lines, apply)
		},
	}
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer; without --site and --device all of its devices")
	f.StringVar(&site, "site", "", "site whose devices are all under maintenance")
	f.StringVar(&device, "device", "", "device under maintenance")
	f.StringVar(&until, "until", "", "leave what begins at or after this time; 400 days ahead at most, which is the default")
	f.StringVar(&reason, "reason", "", "what is done, instead of the title of each event")
	f.BoolVar(&apply, "apply", false, "announce and cancel, instead of saying what would be")
	_ = c.MarkFlagRequired("customer")
	jsonFlag(c)
	return c
}

// readCalendar reads a file, or the standard input where it is "-".
func readCalendar(name string) (string, error) {
	var r io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the calendar: %w", err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxCalendar+1))
	if err == nil && len(b) > maxCalendar {
		err = errors.New("it is larger than 512 KiB: export a part of it")
	}
	if err != nil {
		return "", fmt.Errorf("read the calendar: %w", err)
	}
	return string(b), nil
}

// printCalendar says what became of the events, or what would.
func printCalendar(out io.Writer, lines []admin.CalendarLine, applied bool) error {
	t := table(out)
	fmt.Fprintln(t, "WHAT\tID\tFROM\tTO\tREASON\tTHE CONTRACT")
	change := 0
	for _, l := range lines {
		word := l.Action
		switch {
		case l.Done && l.Action == admin.CalendarNew:
			word = "announced"
		case l.Done:
			word = "cancelled"
		case l.Action == admin.CalendarNew || l.Action == admin.CalendarCancel:
			change++
		}
		says := strings.Join(l.Warnings, "; ")
		if l.Action == admin.CalendarNew && says == "" {
			says = "it counts"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", word, l.ID, when(l.From), when(l.To), l.Reason, says)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !applied && change > 0 {
		fmt.Fprintf(os.Stderr, "nothing was announced or cancelled; --apply does %d of these\n", change)
	}
	return nil
}
