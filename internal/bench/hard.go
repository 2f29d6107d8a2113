// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// benchHard measures what the agent delivers of devices that are dead or far away,
// beside what the peers do.
func benchHard(ctx context.Context, o pingOptions) error {
	length := time.Minute
	if o.short {
		length = 2 * interval
	}
	if o.tools == "" {
		fmt.Fprintln(o.out, "hard: left out: its devices are a program whose source is not here. BENCH_TOOLS=DIR says where it is.")
		return nil
	}
	fmt.Fprintf(o.out, "Devices that are dead or far away: %d, each asked by SNMP and by ICMP every %v, for %v; all programs at the same time\n", pingDevices, interval, length)
	fmt.Fprintln(o.out, "  cycles: attempts of healthy devices that were made and found them up, of those that the interval asks for. late: from when an attempt is due to its last answer")
	fmt.Fprintf(o.out, "%-22s  %-13s%8s%12s%10s%10s%16s  %s\n", "devices", "program", "check", "cycles", "gap p99", "late p95", "requests lost", "aim")
	for _, w := range []struct {
		name string
		weather
		aim string
	}{
		{"one in five is dead", weather{dead: true}, fmt.Sprintf("100 %%, gap at most %v", aimGap)},
		{"2 % loss and 30 ms", weather{loss: 0.02, latency: 30 * time.Millisecond}, fmt.Sprintf("100 %%, late at most %v", aimLateness)},
	} {
		if err := hardOnce(ctx, o, w.name, w.weather, length, w.aim); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// both is the work of asking n devices by SNMP and by ICMP.
func both(n int, now time.Time) wire.Assignment {
	a := assignment(n, now)
	for i := range a.Devices {
		c := ping(i, 3, 500*time.Millisecond)
		c.Timeout = 5 * time.Second / 2 // of which a lost last reply takes 1.5 s
		a.Devices[i].Checks = append(a.Devices[i].Checks, c)
	}
	return a
}

func hardOnce(ctx context.Context, o pingOptions, name string, w weather, length time.Duration, aim string) error {
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	share := "0"
	if w.dead {
		share = "0.2"
	}
	peers, err := startTargets(ctx, dir, o.tools, pingDevices, "-dead", share, "-loss", strconv.FormatFloat(w.loss, 'f', -1, 64), "-latency", w.latency.String())
	if err != nil {
		return err
	}
	defer peers.end()
	work := both(pingDevices, time.Now())
	gone, err := network(ctx, w, false, func() error { return nil })
	if err != nil {
		fmt.Fprintf(o.out, "  ICMP is left out: it needs root, and a tunnel device in a network namespace: %v\n", err)
		work = assignment(pingDevices, time.Now())
	} else {
		defer gone()
	}
	if err := peers.start(ctx, dir, pingDevices); err != nil {
		return err
	}
	end, us, err := startAgent(ctx, dir, pollOptions{agent: o.agent}, work)
	if err != nil {
		return err
	}
	end.bad = true
	defer end.close()
	defer us.end()
	from := time.Now().Add(2 * interval)
	to := from.Add(length)
	if err := pause(ctx, time.Until(to.Add(interval))); err != nil { // what began at the end is under way
		return err
	}
	if err := us.alive(); err != nil {
		return err
	}
	us.end() // brings out what it holds
	number := func(d vouch.DeviceID) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(string(d), "router-"))
		return n
	}
	healthy := func(d vouch.DeviceID) bool { return !w.dead || !dead(number(d)) }
	for _, check := range []vouch.CheckName{"snmp", "icmp"} {
		if c := end.cycles(check, healthy, from, to); c.share > 0 {
			fmt.Fprintf(o.out, "%-22s  %-13s%8s%10.2f %%%8.2f s%8.2f s%14.2f %%  %s\n", name, "vouch-agent", check, c.share*c.up*100, c.gap.Seconds(), c.lateness.Seconds(), c.lost*100, aim)
		}
	}
	alive := pingDevices
	if w.dead {
		alive -= pingDevices / 5
	}
	for _, p := range peers.peers {
		report, err := p.report(ctx, from, to)
		if err != nil {
			return err
		}
		made := float64(report["snmp"].Polls) / (float64(alive) * length.Seconds() / interval.Seconds())
		fmt.Fprintf(o.out, "%-22s  %-13s%8s%10.2f %%%8.2f s\n", name, p.name, "snmp", made*100, report["snmp"].Gap99)
	}
	return nil
}
