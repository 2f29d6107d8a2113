// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopLimit bounds how long a process may take to end in good order.
const stopLimit = 30 * time.Second

// process is one program that runs until it is told to end. It is the test's alone:
// should the test binary crash, the kernel ends it, too.
type process struct {
	name  string
	log   string // path of what it says
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // how; read only after that
}

// launch starts a program in a network namespace, or in the test's own if that is
// empty. What it says is added to NAME.log in dir. It is killed at the end of the
// test if it still runs.
func launch(t *testing.T, dir, name, namespace, program string, args ...string) *process {
	t.Helper()
	p := &process{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if namespace != "" {
		args = append([]string{"netns", "exec", namespace, program}, args...)
		program = "ip" // it executes the program in its own place: the process is the same
	}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The kernel watches the thread that started the process, so it has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() { p.kill(t) })
	return p
}

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal without waiting for what it does.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("send %v to %s: %v", s, p.name, err)
	}
}

// kill ends the process as a crash does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.running() {
		p.signal(t, syscall.SIGKILL)
		<-p.ended
	}
}

// stop ends the process in good order, which is to say with exit code 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.kill(t)
		t.Errorf("%s did not end within %v of being asked to", p.name, stopLimit)
		return
	}
	if p.err != nil {
		t.Errorf("%s ended with %v, want exit code 0", p.name, p.err)
	}
}

// run runs a command that ends by itself and returns what it prints.
func run(dir, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %v: %s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// logs fails the test on what no process may ever say, and prints every log of a
// test that failed.
func logs(t *testing.T, dir string) {
	const most = 16 << 10
	files, _ := filepath.Glob(filepath.Join(dir, "*.log")) // fails for a bad pattern only
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Error(err)
		}
		for _, bad := range []string{"panic: ", "fatal error: ", "WARNING: DATA RACE"} {
			if i := strings.Index(string(raw), bad); i >= 0 {
				t.Errorf("%s says:\n%s", filepath.Base(f), raw[i:min(len(raw), i+most)])
			}
		}
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(f), raw[max(0, len(raw)-most):])
		}
	}
}
