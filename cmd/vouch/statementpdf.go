// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
)

func newStatementPDFCmd(client func() *admin.Client) *cobra.Command {
	var lang, out string
	var version int
	c := &cobra.Command{
		Use:   "pdf --customer ID (--month 2026-11 | --from TIME --to TIME) -o FILE",
		Short: "Save a statement as a PDF on A4, with its JSON attached to the file",
		Long: "Saves a statement as a PDF on A4: the newest version that was issued, or the figures as they are now where\n" +
			"none was. The statement's JSON is attached to the file. The same statement gives the same bytes.",
		Args: noArgs,
	}
	asked := periodFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		if out == "" {
			return exit.Misused("say where to save it: -o FILE")
		}
		q.Set("lang", lang)
		q.Set("version", strconv.Itoa(version))
		n, err := save(out, func(f io.Writer) (int64, error) {
			return client().Stream(c.Context(), admin.PathStatementPDF, q, f)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "saved %s (%.0f kB)\n", out, float64(n)/1e3)
		return nil
	}
	f := c.Flags()
	f.StringVarP(&out, "output", "o", "", "file to write")
	f.StringVar(&lang, "lang", "en", "language: en or nl")
	f.IntVar(&version, "version", 0, "version of the statement; 0 for the newest that was issued")
	return c
}
