// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Command vouch-agent measures at a monitoring location. The centre is the command
// vouch.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/vouch-sla/vouch/cmd/agentcmd"
	"github.com/vouch-sla/vouch/cmd/exit"
)

// Set by the linker: see the Makefile.
var version, commit string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := agentcmd.New(exit.Version("vouch-agent", version, commit)).ExecuteContext(ctx)
	stop()
	os.Exit(exit.Report(os.Stderr, "vouch-agent", err))
}
