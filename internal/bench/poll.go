// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/wire"
)

// pollOptions says what runs.
type pollOptions struct {
	agent    string // program
	tools    string // directory of the peers; empty for none
	profile  string // where profiles of the agent go; empty for none
	collectd string // directory in which collectd is unpacked; empty where it is not
	devices  []int  // nil for the usual numbers
	short    bool
	out      io.Writer
}

func (o *pollOptions) setDevices(s string) error {
	for f := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 2 || n > 10_000 {
			return fmt.Errorf("%q is not a number of devices: 2 to 10000, with commas between them", f)
		}
		o.devices = append(o.devices, n)
	}
	return nil
}

// Aims of the figures, printed beside them.
const (
	aimMemory  = 20   // MB resident at 20 devices and below
	aimBinary  = 12   // MB stripped
	aimLoop    = 0.65 // CPU of the bare gosnmp loop, at 1,000 devices
	aimMinimum = 1.5  // CPU of the hand-written minimum, at 1,000 devices
	aimDevice  = 20   // KB resident a device above idle, at 1,000 devices
)

// benchPoll measures the agent, with its output, beside the bare gosnmp loop, the
// hand-written minimum and collectd. All run at the same time against the same devices,
// so that whatever else the machine does falls on all of them alike.
func benchPoll(ctx context.Context, o pollOptions) error {
	info, err := os.Stat(o.agent)
	if err != nil {
		return fmt.Errorf("the agent's program: %w", err)
	}
	sizes, windows, each := []int{10, 200, 1000}, 3, 20*time.Second
	if o.short {
		sizes, windows, each = []int{10, 1000}, 1, 10*time.Second
	}
	if o.devices != nil {
		sizes = o.devices
	}
	fmt.Fprintf(o.out, "agent: %.1f MB stripped (aim: under %d)\n", float64(info.Size())/1e6, aimBinary)
	fmt.Fprintf(o.out, "CPU a poll: %d values every %v over SNMPv2c, output included; programs run at the same time; median of %d windows of %v\n",
		valuesPerPoll, interval, windows, each)
	fmt.Fprintln(o.out, "  vouch-agent: batches signed, chained and uploaded over TLS 1.3, sealed every 10 s instead of 60; heartbeats, self-check and host facts with it")
	if o.tools == "" {
		fmt.Fprintln(o.out, "  The bare gosnmp loop and the hand-written minimum are left out: their sources are not here. BENCH_TOOLS=DIR says where they are.")
	}
	if o.tools != "" && o.collectd == "" {
		fmt.Fprintln(o.out, "  collectd is left out: scripts/test-deps unpacks it.")
	}
	requests, err := alone(ctx, o)
	if err != nil {
		return fmt.Errorf("requests of each program: %w", err)
	}
	fmt.Fprintf(o.out, "  KB a device: resident beyond what the same program has at %d devices. requests: those of a poll; of the others each alone with ten devices\n", sizes[0])
	fmt.Fprintf(o.out, "%8s  %-13s%14s%8s%8s%13s%16s%13s%7s%13s%10s%11s  %s\n",
		"devices", "program", "CPU ms a poll", "least", "most", "of the loop", "of the minimum", "MB resident", "most", "KB a device", "requests", "delivered", "aim")
	var idle []row
	for _, n := range sizes {
		rows, err := pollOnce(ctx, o, n, windows, each)
		if err != nil {
			return fmt.Errorf("%d devices: %w", n, err)
		}
		if idle == nil {
			idle = rows
		}
		for i := range rows {
			r := &rows[i]
			if of, ok := requests[r.program]; ok {
				r.requests = of
			}
			r.print(o.out, rows, idle[i])
		}
	}
	return nil
}

// row is one line of the table.
type row struct {
	program  string
	devices  int
	polls    float64 // in a window, as planned
	requests float64 // of a poll; 0 where not known
	usage
	delivered float64 // share of the values that arrived
}

// cost returns the CPU of a poll in a window, in ms; windows are in order of it.
func (r row) cost(window int) float64 { return r.cpu[window].Seconds() * 1000 / r.polls }

// resident returns the median of the resident memory, in MB.
func (r row) resident() float64 { return float64(r.memory[len(r.memory)/2]) / (1 << 20) }

// of returns how the cost compares with that of the program, or 0.
func (r row) of(program string, all []row) float64 {
	for _, other := range all {
		if other.program == program && r.program != program {
			return r.cost(len(r.cpu)/2) / other.cost(len(other.cpu)/2)
		}
	}
	return 0
}

// print prints the row beside the others of its size, and that of the same program
// with the fewest devices.
func (r row) print(w io.Writer, all []row, idle row) {
	known := func(format string, v float64) string {
		if v == 0 {
			return ""
		}
		return fmt.Sprintf(format, v)
	}
	device, aim := 0., ""
	if n := r.devices - idle.devices; n > 0 {
		device = (r.resident() - idle.resident()) * 1024 / float64(n)
	}
	switch {
	case r.program != agentProgram:
	case r.devices <= 20:
		aim = fmt.Sprintf("at most %d MB", aimMemory)
	case r.devices == 1000:
		aim = fmt.Sprintf("at most %.2f of the loop, %.1f of the minimum, %d KB a device", aimLoop, aimMinimum, aimDevice)
	}
	fmt.Fprintf(w, "%8d  %-13s%14.3f%8.3f%8.3f%13s%16s%13.1f%7.1f%13s%10s%9.1f %%  %s\n", r.devices, r.program, r.cost(len(r.cpu)/2), r.cost(0), r.cost(len(r.cpu)-1),
		known("%.2f", r.of(peerLoop, all)), known("%.2f", r.of(peerMinimum, all)), r.resident(), float64(r.memory[len(r.memory)-1])/(1<<20),
		known("%.1f", device), known("%.1f", r.requests), r.delivered*100, aim)
}

// agentProgram is what the agent is called in the table.
const agentProgram = "vouch-agent"

// pollOnce runs everything with n devices.
func pollOnce(ctx context.Context, o pollOptions, n, windows int, each time.Duration) ([]row, error) {
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	peers, err := startPeers(ctx, dir, o, n)
	if err != nil {
		return nil, err
	}
	defer peers.end()

	// The peers begin at the next multiple of the interval, and each needs one more
	// until it has polled every device.
	begin := time.Now().Truncate(interval).Add(interval)
	if time.Until(begin) < agentStartsSoon+time.Second {
		begin = begin.Add(interval)
	}
	if err := pause(ctx, time.Until(begin.Add(-agentStartsSoon))); err != nil {
		return nil, err
	}
	if err := peers.start(ctx, dir, n); err != nil {
		return nil, err
	}
	end, us, err := startAgent(ctx, dir, o, assignment(n, time.Now()))
	if err != nil {
		return nil, err
	}
	defer end.close()
	defer us.end()
	begin = begin.Add(interval + interval/2)
	if err := pause(ctx, time.Until(begin)); err != nil {
		return nil, err
	}
	before := end.taken()
	used, err := watch(ctx, append([]*process{us}, peers.processes()...), begin, windows, each)
	if err != nil {
		return nil, err
	}
	after := end.taken()
	if after.broken != nil {
		fmt.Fprintf(o.out, "  at %d devices the collector's end met: %v\n", n, after.broken)
	}
	polls := float64(n) * each.Seconds() / interval.Seconds()
	total := polls * float64(windows) * valuesPerPoll
	asked := float64(after.sent-before.sent) / max(1, float64(after.polls-before.polls))
	rows := []row{{agentProgram, n, polls, asked, used[0], float64(after.values-before.values) / (total / valuesPerPoll * agentsValues)}}
	for i, p := range peers.peers {
		values, err := p.delivered(ctx, begin, begin.Add(time.Duration(windows)*each))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{p.name, n, polls, 0, used[1+i], float64(values) / total})
	}
	return rows, nil
}

// startAgent starts an agent with some work, and what it delivers to.
func startAgent(ctx context.Context, dir string, o pollOptions, work wire.Assignment) (*endpoint, *process, error) {
	state := filepath.Join(dir, "state")
	vkey, err := agent.VerifierKey(state, agentID)
	if err != nil {
		return nil, nil, err
	}
	end, err := newEndpoint(vkey, work)
	if err != nil {
		return nil, nil, err
	}
	secret, file := filepath.Join(dir, "community"), filepath.Join(dir, "agent.yaml")
	pin := hex.EncodeToString(end.pin[:])
	text := fmt.Sprintf("id: %s\ndata: %s\ncollector: {url: %q, pin: \"sha256:%s\"}\ncredentials:\n  %s: {version: 2c, community: \"file:%s\"}\nmetrics: {off: true}\nlog_level: warn\n",
		agentID, state, end.url, pin, credentialName, secret)
	if err := os.WriteFile(secret, []byte(community+"\n"), 0o600); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	path, args := o.agent, []string{"run", "--config", file}
	if o.profile != "" && len(work.Devices) >= 1000 {
		if path, err = os.Executable(); err != nil {
			return nil, nil, err
		}
		args = strings.Fields("agent " + state + " " + end.url + " " + pin + " " + o.profile)
	}
	p, err := start(ctx, dir, agentProgram, path, args...)
	if err != nil {
		end.close()
		return nil, nil, err
	}
	return end, p, nil
}
