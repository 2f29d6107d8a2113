// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newStatementCmd() *cobra.Command {
	var lang, format string
	c := &cobra.Command{
		Use:   "statement --customer ID (--month 2026-11 | --from TIME --to TIME)",
		Short: "Print the availability of a customer's services over a period",
		Args:  noArgs,
	}
	client, asJSON, asked := dataFlag(c), jsonFlag(c), periodFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		q.Set("lang", lang)
		q.Set("format", format)
		if *asJSON {
			q.Set("format", "json")
		}
		out, err := client().Bytes(c.Context(), admin.PathStatement, q)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(out)
		return err
	}
	f := c.Flags()
	f.StringVar(&lang, "lang", "en", "language: en or nl")
	f.StringVar(&format, "format", "text", "text, html, csv or json")
	c.AddCommand(newIssueCmd(client), newIssuedCmd(client), newStatementPDFCmd(client))
	return c
}

// periodFlags adds the flags that name a customer and a period, and returns a function
// that reads them.
func periodFlags(c *cobra.Command) func() (url.Values, error) {
	var customer, month, from, to string
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer")
	f.StringVar(&month, "month", "", "calendar month in the contract's zone, such as 2026-11")
	f.StringVar(&from, "from", "", "first instant of the period")
	f.StringVar(&to, "to", "", "first instant after the period")
	_ = c.MarkFlagRequired("customer")
	return func() (url.Values, error) {
		q := url.Values{"customer": {customer}}
		switch {
		case month != "" && (from != "" || to != ""):
			return nil, exit.Misused("give --month or --from and --to, not both")
		case month != "":
			q.Set("month", month)
			return q, nil
		case from == "" || to == "":
			return nil, exit.Misused("say which period: --month 2026-11, or --from TIME --to TIME")
		}
		now := time.Now()
		for name, s := range map[string]string{"from": from, "to": to} {
			t, err := parseInstant(name, s, now)
			if err != nil {
				return nil, err
			}
			q.Set(name, t.Format(time.RFC3339))
		}
		return q, nil
	}
}

// newIssueCmd issues a statement: it gets a number and a version, and goes into the
// ledger.
func newIssueCmd(client func() *admin.Client) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "issue --customer ID (--month 2026-11 | --from TIME --to TIME)",
		Short: "Issue a statement: the first version of a period, or the next one where evidence changed it",
		Args:  noArgs,
	}
	asJSON, asked := jsonFlag(c), periodFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		in := admin.NewIssue{Customer: vouch.CustomerID(q.Get("customer")), Month: q.Get("month"), Reason: reason}
		if in.Month == "" {
			in.From, _ = time.Parse(time.RFC3339, q.Get("from")) // it was written so above
			in.To, _ = time.Parse(time.RFC3339, q.Get("to"))
		}
		var out admin.Issued
		if err := client().Post(c.Context(), admin.PathIssued, in, &out); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(os.Stdout, out)
		}
		fmt.Printf("issued: statement %s, version %d (%s), recorded as %s\n", out.Number, out.Version, out.State, out.Record)
		return nil
	}
	c.Flags().StringVar(&reason, "reason", "", "why this version is made; the customer reads it")
	return c
}

func newIssuedCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{Use: "list", Short: "List the statements that were issued", Args: noArgs}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var out []admin.Issued
		if err := client().Get(c.Context(), admin.PathIssued, url.Values{"customer": {customer}}, &out); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(os.Stdout, out)
		}
		if len(out) == 0 {
			fmt.Fprintln(os.Stderr, "no statement was issued yet; see `vouch statement issue --help`")
			return nil
		}
		t := table(os.Stdout)
		fmt.Fprintln(t, "CUSTOMER\tNUMBER\tVERSION\tSTATE\tFROM\tTO\tISSUED\tBY\tREASON")
		for _, i := range out {
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", i.Customer, i.Number, i.Version, i.State, when(i.From), when(i.To), when(i.At), i.Author, i.Reason)
		}
		return t.Flush()
	}
	c.Flags().StringVar(&customer, "customer", "", "of this customer alone")
	return c
}
