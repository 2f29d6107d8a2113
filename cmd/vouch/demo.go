// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/demo"
)

// Exit codes of the demo beside those of every command.
const (
	exitTooBusy     = 3   // the machine did not keep the script's times
	exitInterrupted = 130 // as shells say it of SIGINT
)

func newDemoCmd() *cobra.Command {
	var o demo.Options
	var lines bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on this machine: four agents, six simulated devices, one collector",
		Long: "demo starts a collector and four agents as processes of their own, which measure six simulated devices over\n" +
			"the real wire, on loopback. A script makes devices fail in ways that must and must not become incidents. At the\n" +
			"end it compares the availability statement with what the script did.\n\n" +
			"Exit code 0: what was measured is what was done. 1: it is not, or something failed. 2: misused.\n" +
			"3: the machine was too busy to keep the script's times, so that nothing is proven. 130: interrupted.",
		Example: "  vouch demo\n  vouch demo --for 30s --plain --out run",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Misused("%q is not understood; see `%s --help`", args[0], c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			o.Stdout, o.Stderr = c.OutOrStdout(), c.ErrOrStderr()
			if !lines {
				o.Screen = screen(os.Stderr)
			}
			return runDemo(c.Context(), o)
		},
	}
	f := c.Flags()
	f.DurationVar(&o.For, "for", 90*time.Second, "`length` of the script, at least 20s; starting and ending take some seconds more")
	f.StringVar(&o.Out, "out", "", "keep everything in this new or empty `directory`")
	f.StringVar(&o.Listen, "listen", "", "`address` of the page, as HOST:PORT (default 127.0.0.1:7480, or a free port)")
	f.BoolVar(&lines, "plain", false, "print a line for each event instead of the live table")
	return c
}

// runDemo runs it and turns what came of it into an exit code.
func runDemo(ctx context.Context, o demo.Options) error {
	// Beside Ctrl-C: a terminal that is closed, and a pipe that nobody reads any more.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	var err error
	if o.Exe, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program, to start it as collector and agents: %w", err)
	}
	out, err := demo.Run(ctx, o)
	var wrong *demo.Misuse
	switch {
	case errors.Is(err, demo.ErrInterrupted):
		return exit.Error{Code: exitInterrupted, Err: err}
	case errors.As(err, &wrong):
		return exit.Error{Code: exit.MisusedCode, Err: err}
	case err != nil:
		return err
	case out.Verdict == demo.TooBusy:
		return exit.Error{Code: exitTooBusy, Err: errors.New("the machine was too busy to keep the script's times; nothing is proven")}
	case out.Verdict != demo.Matches:
		return exit.Error{Code: exit.Failed, Err: errors.New("what was measured is not what the script did")}
	}
	return nil
}

// screen returns the terminal behind f, nil where there is none that can be drawn on.
func screen(f *os.File) *demo.Screen {
	fd := int(f.Fd())
	if kind := os.Getenv("TERM"); !term.IsTerminal(fd) || kind == "" || kind == "dumb" {
		return nil
	}
	return &demo.Screen{
		Size:  func() (int, int, error) { return term.GetSize(fd) },
		Color: os.Getenv("NO_COLOR") == "", // no-color.org
	}
}
