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

// newBundleCmd saves all that a statement rests on in one file.
func newBundleCmd() *cobra.Command {
	var out, around string
	var version int
	var full bool
	c := &cobra.Command{
		Use:   "bundle --customer ID (--month 2026-11 | --from TIME --to TIME) -o FILE",
		Short: "Save a statement with all the evidence that it rests on, for `vouch verify`",
		Long: "Saves a statement with all the evidence that it rests on in one zip file, which the customer checks\n" +
			"with vouch-verify, offline and without trusting anybody. A statement that was not issued yet is issued.",
		Args: noArgs,
	}
	client, asked := dataFlag(c), periodFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		if out == "" {
			return exit.Misused("say where to save it: -o FILE")
		}
		if version != 0 {
			q.Set("version", strconv.Itoa(version))
		}
		q.Set("full", strconv.FormatBool(full))
		q.Set("around", around)
		n, err := save(out, func(f io.Writer) (int64, error) { return client().Stream(c.Context(), admin.PathBundle, q, f) })
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "saved %s (%.1f MB); check it with: vouch verify %s\n", out, float64(n)/1e6, out)
		return nil
	}
	f := c.Flags()
	f.StringVarP(&out, "output", "o", "", "file to write")
	f.IntVar(&version, "version", 0, "version of the statement; 0 for the newest")
	f.BoolVar(&full, "full", false, "carry telemetry too")
	f.StringVar(&around, "around", "", "carry the samples of this day (2026-11-03) or incident alone, and of the rest the leaves: small enough for a mail")
	return c
}
