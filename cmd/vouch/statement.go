// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newStatementCmd() *cobra.Command {
	var customer, month, from, to, lang, format string
	c := &cobra.Command{
		Use:   "statement --customer ID (--month 2026-11 | --from TIME --to TIME)",
		Short: "Print the availability of a customer's services over a period",
		Args:  noArgs,
	}
	client, asJSON := dataFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q := url.Values{"customer": {customer}, "lang": {lang}, "format": {format}}
		if *asJSON {
			q.Set("format", "json")
		}
		switch {
		case month != "" && (from != "" || to != ""):
			return exit.Misused("give --month or --from and --to, not both")
		case month != "":
			q.Set("month", month)
		case from == "" || to == "":
			return exit.Misused("say which period: --month 2026-11, or --from TIME --to TIME")
		default:
			now := time.Now()
			start, err := parseInstant("from", from, now)
			if err != nil {
				return err
			}
			end, err := parseInstant("to", to, now)
			if err != nil {
				return err
			}
			q.Set("from", start.Format(time.RFC3339))
			q.Set("to", end.Format(time.RFC3339))
		}
		out, err := client().Bytes(c.Context(), admin.PathStatement, q)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(out)
		return err
	}
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer")
	f.StringVar(&month, "month", "", "calendar month in the contract's zone, such as 2026-11")
	f.StringVar(&from, "from", "", "first instant of the period")
	f.StringVar(&to, "to", "", "first instant after the period")
	f.StringVar(&lang, "lang", "en", "language: en or nl")
	f.StringVar(&format, "format", "text", "text, csv or json")
	_ = c.MarkFlagRequired("customer")
	return c
}
