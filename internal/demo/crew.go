// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long processes may take. An agent tries for two seconds to upload what it has.
const (
	stopTime   = 6 * time.Second
	helperTime = 30 * time.Second // of a command that answers at once on an idle machine
)

// crew is the processes of a run. Each is the program itself with other arguments, in
// a process group of its own, so that Ctrl-C reaches them only through us. None can
// outlive us: where this process dies without stopping them, the kernel kills them
// (PR_SET_PDEATHSIG).
type crew struct {
	exe  string
	dir  string // where they run; the paths in their arguments are relative to it
	logs string
	stop time.Duration // for processes to end when they are told to
	died chan *member  // one that ended without being told to

	// The kernel means the death of the thread that started the process, not of ours,
	// so that all are started on one thread that lives as long as the crew.
	start chan func()
	gone  sync.WaitGroup

	members []*member
}

// member is one process.
type member struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed once it has ended
	err  error         // how; set before done is closed

	mu      sync.Mutex
	stopped bool // it was told to
}

func newCrew(exe, dir, logs string) *crew {
	c := &crew{exe: exe, dir: dir, logs: logs, stop: stopTime, died: make(chan *member, 16), start: make(chan func())}
	c.gone.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, and who is left with it
		for f := range c.start {
			f()
		}
	})
	return c
}

// launch starts a process that is to run until the crew is dismissed.
func (c *crew) launch(name string, args ...string) (*member, error) {
	m := &member{name: name, log: filepath.Join(c.logs, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(m.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	m.cmd = exec.Command(c.exe, args...)
	m.cmd.Dir, m.cmd.Stdout, m.cmd.Stderr = c.dir, log, log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	c.start <- func() { started <- m.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.members = append(c.members, m)
	c.gone.Go(func() {
		m.err = m.cmd.Wait()
		close(m.done)
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.stopped {
			select {
			case c.died <- m:
			default: // somebody is told already
			}
		}
	})
	return m, nil
}

// ask runs a command that ends by itself and returns what it printed.
func (c *crew) ask(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.exe, args...)
	var out, problems bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("vouch %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(out.String()+problems.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// fate says in words how a process ended that should have run on.
func (m *member) fate() error {
	how := "it ended"
	if m.err != nil {
		how = m.err.Error()
	}
	return fmt.Errorf("%s stopped by itself (%s); the end of its log:\n%s", m.name, how, tail(m.log))
}

// tail returns the last lines of a log, indented.
func tail(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "    " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	const most = 5
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	return "    " + strings.Join(lines, "\n    ")
}

// dismiss ends every process: those started last are told first, so that agents can
// still deliver, and who does not end in time is killed. Afterwards nothing runs.
func (c *crew) dismiss() error {
	var errs []error
	agents, first := c.members, c.members
	if len(c.members) > 0 {
		agents, first = c.members[1:], c.members[:1]
	}
	errs = append(errs, c.end(agents), c.end(first))
	close(c.start)
	c.gone.Wait()
	return errors.Join(errs...)
}

// end ends processes together.
func (c *crew) end(members []*member) error {
	for _, m := range members {
		m.mu.Lock()
		m.stopped = true
		m.mu.Unlock()
		_ = m.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	}
	late := time.NewTimer(c.stop)
	defer late.Stop()
	var errs []error
	for _, m := range members {
		select {
		case <-m.done:
			continue
		case <-late.C:
			late.Reset(0)
		}
		errs = append(errs, fmt.Errorf("%s did not end within %v of being asked to and was killed", m.name, c.stop))
		_ = syscall.Kill(-m.cmd.Process.Pid, syscall.SIGKILL) // the group is the process and what it started
		<-m.done
	}
	return errors.Join(errs...)
}
