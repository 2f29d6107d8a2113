// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newReportCmd() *cobra.Command {
	c := group(&cobra.Command{Use: "report", Short: "Reports beside the statement: how incidents were handled, credit, the installed base"})
	client := dataFlag(c)
	c.AddCommand(newReportIncidentsCmd(client), newReportCreditCmd(client), newReportBaseCmd(client))
	return c
}

// formFlags adds the flags that choose the form of a report.
func formFlags(c *cobra.Command) func(url.Values) error {
	var lang string
	forms := map[string]*bool{}
	f := c.Flags()
	f.StringVar(&lang, "lang", "en", "language: en or nl")
	for _, name := range []string{"json", "csv", "html"} {
		forms[name] = f.Bool(name, false, "write "+map[string]string{"json": "JSON", "csv": "CSV (RFC 4180); a cell that a spreadsheet would take for a formula begins with an apostrophe", "html": "an HTML page that prints on A4"}[name])
	}
	return func(q url.Values) error {
		q.Set("lang", lang)
		for name, on := range forms {
			if *on && q.Has("format") {
				return exit.Misused("give one of --json, --csv and --html")
			}
			if *on {
				q.Set("format", name)
			}
		}
		return nil
	}
}

// printReport asks for a report and prints it as it comes.
func printReport(c *cobra.Command, client *admin.Client, path string, q url.Values) error {
	out, err := client.Bytes(c.Context(), path, q)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

func newReportIncidentsCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use:   "incidents --customer ID (--month 2026-11 | --from TIME --to TIME)",
		Short: "How incidents were handled over a period: clocks by priority, and the share resolved in time",
		Long: "Says of each priority how many reactions and resolutions were in time, of those whose clock ended in the period\n" +
			"and of all whose clock ran in it, and within which service time 80 and 95 of a hundred were done; and how the\n" +
			"share resolved in time stands to what the contract agrees. Below the agreed coverage that cannot be assessed.\n" +
			"Incidents are counted as they stood at the end of the period.",
		Args: noArgs,
	}
	asked, form := periodFlags(c), formFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err == nil {
			err = form(q)
		}
		if err != nil {
			return err
		}
		return printReport(c, client(), admin.PathReportIncidents, q)
	}
	return c
}

func newReportCreditCmd(client func() *admin.Client) *cobra.Command {
	var invoices, granted []string
	c := &cobra.Command{
		Use:   "credit --customer ID --month 2026-11 --invoice 2026-10=1240.00",
		Short: "What overruns of a period are due by the contract: a proposal, people grant",
		Long: "Proposes what the contract gives for overruns whose deadline passed in the period. What was invoiced for the\n" +
			"level of service (not for the lease) stands in no ledger: give the months that the contract takes its share of.",
		Args: noArgs,
	}
	asked, form := periodFlags(c), formFlags(c)
	f := c.Flags()
	f.StringArrayVar(&invoices, "invoice", nil, "month and sum, 2026-10=1240.00, or 2026-10=1240.00/1000.00 where less was paid; may be repeated")
	f.StringArrayVar(&granted, "granted", nil, "credit that was given, by the day of its overrun: 2026-10-03=124.00; may be repeated")
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err == nil {
			err = form(q)
		}
		if err != nil {
			return err
		}
		q["invoice"], q["granted"] = invoices, granted
		return printReport(c, client(), admin.PathReportCredit, q)
	}
	return c
}

func newReportBaseCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use:   "base --customer ID",
		Short: "The installed base of a customer, as a list for him to confirm",
		Args:  noArgs,
	}
	form := formFlags(c)
	c.Flags().StringVar(&customer, "customer", "", "customer")
	_ = c.MarkFlagRequired("customer")
	c.RunE = func(c *cobra.Command, _ []string) error {
		q := url.Values{"customer": {customer}}
		if err := form(q); err != nil {
			return err
		}
		return printReport(c, client(), admin.PathReportBase, q)
	}
	return c
}
