// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/witness"
)

func newWitnessCmd() *cobra.Command {
	var o witness.Options
	var listen string
	c := &cobra.Command{
		Use:   "witness --data DIR --log KEY... [--name NAME]",
		Short: "Watch from outside that a provider's ledgers only grow, and say so with a signature",
		Long: "witness cosigns the checkpoints of a provider's anchor ledger (C2SP tlog-witness), each only after it was\n" +
			"shown to have grown out of the one before. It prints its own public key, for the provider's file and for\n" +
			"whoever checks what it signed, and runs until it is interrupted. It sees sizes and hashes, nothing else.\n\n" +
			"It speaks HTTP: what goes over it is signed and no secret. Never restore its directory from a back-up.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Dir == "" {
				return exit.Misused("say where the witness keeps its key and what it signed: --data DIR")
			}
			o.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
			return runWitness(c.Context(), c.OutOrStdout(), o, listen)
		},
	}
	c.Flags().StringVar(&o.Dir, "data", "", "its `DIR`, for its key and its memory; made where there is none")
	c.Flags().StringVar(&o.Name, "name", "", "`NAME` of its key, as witness.example.org; needed at the first start")
	c.Flags().StringArrayVar(&o.Logs, "log", nil, "public `KEY` of a ledger to watch, as `vouch status` prints it on the collector; once for each")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:7490", "`HOST:PORT` to answer on")
	return c
}

func runWitness(ctx context.Context, out io.Writer, o witness.Options, listen string) (err error) {
	w, err := witness.Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; stop what uses it, or give another address (--listen)", listen, err)
	}
	fmt.Fprintln(out, w.Key())
	o.Log.Info("witness is running", "listen", l.Addr().String(), "ledgers", len(o.Logs))
	return w.Run(ctx, l)
}
