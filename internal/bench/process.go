// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a program that runs beside this one.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string // what it writes
	stop context.CancelFunc
}

// start runs a program until stopped or until ctx ends. It dies with this one.
func start(ctx context.Context, dir, name, path string, args ...string) (*process, error) {
	ctx, stop := context.WithCancel(ctx)
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		stop()
		return nil, err
	}
	defer log.Close() // the child has its own
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		stop()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{name, cmd, log.Name(), stop}, nil
}

// end stops the program and waits for it. How it ended does not matter any more.
func (p *process) end() {
	p.stop()
	_ = p.cmd.Wait()
}

// alive returns an error with the last of what it wrote when the program has ended.
func (p *process) alive() error {
	if _, err := cpuTime(p.cmd.Process.Pid); err == nil {
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid)); err == nil && !ended(state) {
			return nil
		}
	}
	text, err := os.ReadFile(p.log)
	return errors.Join(fmt.Errorf("%s ended: %s", p.name, text[max(0, len(text)-2000):]), err)
}

// ended reports whether a line of /proc/PID/stat is of a process that waits to be
// collected (proc(5): the letter after the name in parentheses).
func ended(stat []byte) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 >= len(stat) || stat[i+2] == 'Z' || stat[i+2] == 'X'
		}
	}
	return true
}

// cpuTime returns the processor time that a process has used, user and system, to
// the nanosecond: /proc counts in ticks of 10 ms, as much as twenty polls cost.
func cpuTime(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the complement of the number, then CPUCLOCK_SCHED.
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// resident returns the bytes of memory that a process has resident.
func resident(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(raw), &size, &pages); err != nil {
		return 0, fmt.Errorf("read memory of process %d: %v", pid, err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// usage is what a process used.
type usage struct {
	cpu    []time.Duration // in each window
	memory []int64         // resident bytes, one reading a second, least first
}

// watch measures processes over windows of the length each, the first from begin on.
func watch(ctx context.Context, ps []*process, begin time.Time, windows int, each time.Duration) ([]usage, error) {
	used := make([]usage, len(ps))
	before := make([]time.Duration, len(ps))
	for w := range windows + 1 {
		for until := begin.Add(time.Duration(w) * each); time.Until(until) > 0; {
			if err := pause(ctx, min(time.Until(until), time.Second)); err != nil {
				return nil, err
			}
			for i, p := range ps {
				if m, err := resident(p.cmd.Process.Pid); err == nil && w > 0 {
					used[i].memory = append(used[i].memory, m)
				}
			}
		}
		for i, p := range ps {
			if err := p.alive(); err != nil {
				return nil, err
			}
			now, err := cpuTime(p.cmd.Process.Pid)
			if err != nil {
				return nil, err
			}
			if w > 0 {
				used[i].cpu = append(used[i].cpu, now-before[i])
			}
			before[i] = now
		}
	}
	for _, u := range used {
		slices.Sort(u.cpu)
		slices.Sort(u.memory)
	}
	return used, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// answers waits until something answers at a URL.
func answers(ctx context.Context, p *process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			return resp.Body.Close()
		}
		if err := p.alive(); err != nil {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("%s does not answer at %s: %w", p.name, url, err)
		}
	}
}

// freePort returns a port of loopback that nothing listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
