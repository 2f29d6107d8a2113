// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench prints what vouch costs: processor time and memory of the agent a
// poll and a ping, beside other programs that do the same work at the same time, what
// it delivers of devices that are dead or far away, and how many batches a second the
// collector takes in. scripts/bench builds everything and runs
// it in a network namespace of its own.
//
// It prints figures and asserts none. It is not part of the product, and all its
// traffic stays on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to measure: poll, spool, ping, hard or ingest (scripts/bench does all)")
	}
	flags := flag.NewFlagSet("bench "+args[0], flag.ContinueOnError)
	short := flags.Bool("short", false, "measure for less time")
	switch args[0] {
	case "poll", "spool":
		o := pollOptions{out: os.Stdout}
		flags.StringVar(&o.agent, "agent", "", "the agent's program")
		flags.StringVar(&o.tools, "tools", "", "directory with target, sink, gosnmploop and minpoll; empty where there are none")
		flags.StringVar(&o.collectd, "collectd", "", "directory in which collectd is unpacked; empty where it is not")
		flags.StringVar(&o.profile, "profile", "", "write profiles of the agent at the most devices to `FILE`.cpu and FILE.allocs; it then runs inside this program")
		flags.Func("devices", "how many devices there are, as 20,200,1000", o.setDevices)
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.short = *short
		if args[0] == "spool" {
			return benchSpool(ctx, o)
		}
		return benchPoll(ctx, o)
	case "ping", "hard":
		o := pingOptions{out: os.Stdout}
		flags.StringVar(&o.agent, "agent", "", "the agent's program")
		flags.StringVar(&o.profile, "profile", "", "as of poll")
		flags.StringVar(&o.tools, "tools", "", "directory with target, sink, gosnmploop and minpoll; empty where there are none")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.short = *short
		if args[0] == "hard" {
			return benchHard(ctx, o)
		}
		return benchPing(ctx, o)
	case "ingest":
		o := ingestOptions{out: os.Stdout}
		flags.StringVar(&o.collector, "collector", "", "the collector's program")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.short = *short
		return benchIngest(ctx, o)
	case "agent":
		return runProfiled(ctx, args[1:])
	}
	return fmt.Errorf("%q cannot be measured: poll, spool, ping, hard and ingest can", args[0])
}
