// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Aims of the spool.
const (
	aimSpoolCPU   = 1.2 // of an agent without
	aimSpoolBytes = 15  // on disk for each value
)

// benchSpool measures what the spool costs: two agents poll the same devices at the same
// time, one with its spool on disk, one whose spool cannot be written, so that everything
// stays in memory.
func benchSpool(ctx context.Context, o pollOptions) error {
	sizes, windows, each := []int{20, 1000}, 5, 20*time.Second
	if o.short {
		windows, each = 1, 10*time.Second
	}
	if o.devices != nil {
		sizes = o.devices
	}
	fmt.Fprintf(o.out, "spool: two agents ask the same devices for %d values every %v, sealed as often; median of %d windows of %v\n", valuesPerPoll, interval, windows, each)
	fmt.Fprintf(o.out, "%8s%22s%22s%8s%14s  %s\n", "devices", "CPU ms a poll, spool", "without, in memory", "ratio", "B/value", "aim")
	for _, n := range sizes {
		if err := spoolOnce(ctx, o, n, windows, each); err != nil {
			return fmt.Errorf("%d devices: %w", n, err)
		}
	}
	return nil
}

func spoolOnce(ctx context.Context, o pollOptions, n, windows int, each time.Duration) error {
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	targets, err := startTargets(ctx, dir, o.tools, n)
	if err != nil {
		return err
	}
	defer targets.end()
	var agents []*process
	var ends []*endpoint
	for _, name := range []string{"spool", "memory"} {
		home := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(home, "state"), 0o700); err != nil {
			return err
		}
		if name == "memory" { // where nobody can make a file
			if err := os.Symlink("/sys", filepath.Join(home, "state", "spool")); err != nil {
				return err
			}
		}
		end, p, err := startAgent(ctx, home, o, assignment(n, time.Now()))
		if err != nil {
			return err
		}
		defer end.close()
		defer p.end()
		agents, ends = append(agents, p), append(ends, end)
	}
	begin := time.Now().Add(interval + interval/2)
	used, err := watch(ctx, agents, begin, windows, each)
	if err != nil {
		return err
	}
	for i, e := range ends {
		if t := e.taken(); t.broken != nil || t.values == 0 {
			return fmt.Errorf("agent %d delivered %d values: %v", i, t.values, t.broken)
		}
	}
	polls := float64(n) * each.Seconds() / interval.Seconds()
	cost := func(i int) float64 { return used[i].cpu[windows/2].Seconds() * 1000 / polls }
	size, err := notesOnDisk(filepath.Join(dir, "spool", "state", "spool"))
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%8d%22.3f%22.3f%8.2f%14.1f  at most %.1f and %d\n", n, cost(0), cost(1), cost(0)/cost(1), float64(size)/float64(ends[0].taken().values), aimSpoolCPU, aimSpoolBytes)
	return nil
}

// notesOnDisk returns how many bytes are in use of the files of a spool, its journal of
// samples apart, which holds some minutes.
func notesOnDisk(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if name := e.Name(); len(name) < 8 || name[:8] != "samples-" {
			end := len(raw)
			for end > 0 && raw[end-1] == 0 {
				end--
			}
			n += int64(end)
		}
		return nil
	})
	if err == nil && n == 0 {
		err = syscall.ENOENT
	}
	return n, err
}
