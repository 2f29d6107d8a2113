// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// runProfiled is the agent inside this program, so that a profiler can look at it:
// the product has no switch for that. It takes the state directory, the collector's
// address, the pin, and where the profiles go.
func runProfiled(ctx context.Context, args []string) (err error) {
	if len(args) != 4 {
		return errors.New("agent takes a state directory, an address, a pin and a file")
	}
	opts := agent.Options{
		ID: agentID, StateDir: args[0], CollectorURL: args[1], Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Credential: func(string) (probes.Credential, error) {
			return probes.Credential{Version: probes.SNMPv2c, Community: community}, nil
		},
	}
	if _, err := hex.Decode(opts.Pin[:], []byte(args[2])); err != nil {
		return fmt.Errorf("pin: %v", err)
	}
	prober := snmp.New()
	defer prober.Close()
	mode, err := icmp.Access(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	pinger := icmp.New(mode)
	defer pinger.Close()
	opts.Probers = map[vouch.Kind]probes.Prober{vouch.KindSNMP: prober, vouch.KindICMP: pinger}
	cpu, err := os.Create(args[3] + ".cpu")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	err = agent.Run(ctx, opts)
	pprof.StopCPUProfile()
	return errors.Join(err, writeAllocs(args[3]+".allocs"))
}

func writeAllocs(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}
