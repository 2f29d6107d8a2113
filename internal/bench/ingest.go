// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/vouch-sla/vouch/collector"
)

// ingestOptions says what takes in.
type ingestOptions struct {
	collector string // program
	short     bool
	out       io.Writer
}

// load is one line of the table: so many agents at once, each with one request of so
// many batches under way, until all they signed is stored.
type load struct{ writers, batches, requests int }

// benchIngest measures how many batches a second a collector takes in: a process of
// its own with its store on disk, TLS, and every batch verified, read and committed
// before it is acknowledged.
func benchIngest(ctx context.Context, o ingestOptions) error {
	loads := []load{{1, 1, 600}, {64, 1, 60}, {64, 8, 12}}
	if o.short {
		loads = []load{{1, 1, 150}, {64, 1, 10}}
	}
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	writers := make([]*writer, 64)
	for i := range writers {
		if writers[i], err = newWriter(i); err != nil {
			return err
		}
	}
	p, url, err := startCollector(ctx, dir, o.collector, writers)
	if err != nil {
		return err
	}
	defer p.end()
	fmt.Fprintf(o.out, "ingest: a real collector process over TLS, signed batches of %d values; it verifies, reads, chains and commits durably, then acknowledges;\n", batchValues)
	fmt.Fprintln(o.out, "  the writers share the processors with it; BenchmarkAppend above is the store alone")
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "writers\tbatches a request\tbatches/s\tvalues/s\tp50 ms\tp99 ms\tcollector CPU ms a batch\tMB resident\t")
	for _, l := range loads {
		if err := l.run(ctx, table, p, url, writers[:l.writers]); err != nil {
			return err
		}
	}
	return table.Flush()
}

// run signs everything first, then lets all writers loose.
func (l load) run(ctx context.Context, out io.Writer, p *process, url string, writers []*writer) error {
	var group sync.WaitGroup
	errs := make([]error, len(writers))
	for i, w := range writers {
		group.Go(func() { errs[i] = w.prepare(l.requests, l.batches) })
	}
	group.Wait()
	if err := firstError(errs); err != nil {
		return err
	}
	before, err := cpuTime(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	took := make([][]time.Duration, len(writers))
	begin := time.Now()
	for i, w := range writers {
		group.Go(func() { took[i], errs[i] = w.post(limited, url) })
	}
	group.Wait()
	elapsed := time.Since(begin)
	if err := firstError(errs); err != nil {
		return err
	}
	after, err := cpuTime(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	memory, err := resident(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	batches := float64(len(all) * l.batches)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	fmt.Fprintf(out, "%d\t%d\t%.0f\t%.0f\t%.1f\t%.1f\t%.2f\t%.0f\t\n", l.writers, l.batches, batches/elapsed.Seconds(), batches*batchValues/elapsed.Seconds(),
		ms(all[len(all)/2]), ms(all[len(all)*99/100]), ms(after-before)/batches, float64(memory)/(1<<20))
	return nil
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// startCollector starts a collector that knows the writers as its agents, and
// returns where they deliver.
func startCollector(ctx context.Context, dir, program string, writers []*writer) (*process, string, error) {
	listen, err1 := freePort()
	web, err2 := freePort()
	if err := firstError([]error{err1, err2}); err != nil {
		return nil, "", err
	}
	data := filepath.Join(dir, "data")
	if _, err := collector.Pin(data); err != nil { // makes the directory and the key
		return nil, "", err
	}
	files := map[string]string{
		"collector.yaml": fmt.Sprintf("data: %s\norigin: bench.vouch.example\nlisten: %q\nweb: {listen: %q}\nbase: base.yaml\ncontracts: [contract.yaml]\nlog_level: warn\n", data, listen, web),
		"contract.yaml":  contractFile,
		"base.yaml":      baseFile(writers),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, "", err
		}
	}
	p, err := start(ctx, dir, "collector", program, "collector", "--config", filepath.Join(dir, "collector.yaml"))
	if err != nil {
		return nil, "", err
	}
	if err := answers(ctx, p, "http://"+web+"/healthz"); err != nil {
		p.end()
		return nil, "", err
	}
	return p, "https://" + listen, nil
}

const contractFile = `id: bench
versions:
  - number: 1
    in_force: 2026-01-01T00:00:00+01:00
    timezone: Europe/Brussels
    windows: {availability: {hours: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: 00:00, to: 24:00}]}}
    quorum: {rule: two_sided, q: 1}
    voters: [bench]
    measure: {snmp: {interval: 10s, timeout: 2s}}
    reachable_by: [snmp]
    incident: {confirm: 2m}
`

// ingestCustomers have ten devices each.
const ingestCustomers = 16

func baseFile(writers []*writer) string {
	var b strings.Builder
	b.WriteString("provider: {name: Example Networks}\ncredentials: [bench]\nlocations: [{id: bench, name: Bench, custody: provider}]\nagents:\n")
	for _, w := range writers {
		fmt.Fprintf(&b, "  - {id: %s, location: bench, key: %s}\n", w.id, w.public)
	}
	b.WriteString("customers:\n")
	for c := range ingestCustomers {
		fmt.Fprintf(&b, "  - id: %s\n    name: Customer %d\n    contract: bench\n    sites:\n      - id: site\n        name: Site\n        devices:\n", customer(c), c)
		for d := range batchDevices {
			fmt.Fprintf(&b, "          - {id: router-%d, class: router, address: %s, profile: generic, credential: bench, lease: {from: 2026-01-01}}\n", d, deviceAddr(c*batchDevices+d))
		}
	}
	return b.String()
}
