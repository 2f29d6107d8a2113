// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch/configs"
)

// Bounds of the programs that give secrets.
const (
	programTime   = 10 * time.Second // of one
	programsTime  = 30 * time.Second // of all that one file names
	programOutput = 64 << 10
)

// source is where the agent's file and its secrets come from when it is read to be used:
// of the commands, only those that need the secrets run programs.
func source(ctx context.Context) configs.Source {
	src := configs.OS()
	deadline := time.Now().Add(programsTime)
	src.Run = func(words []string) ([]byte, error) {
		ctx, cancel := context.WithDeadline(ctx, earlier(deadline, time.Now().Add(programTime)))
		defer cancel()
		return output(ctx, words)
	}
	return src
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// output runs a program and returns what it prints. It gets no standard input and of the
// environment the path and the home alone: the agent's own may hold secrets. What it says
// on standard error goes nowhere, since a secret could stand there. At the end of its
// time it is killed with all that it started.
func output(ctx context.Context, words []string) ([]byte, error) {
	var out bounded
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	c.Stdout = &out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	err := c.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("it did not end within %v; run it as the agent's account to see why", programTime)
	case out.over:
		return nil, fmt.Errorf("it printed more than %d bytes", programOutput)
	case errors.As(err, &failed):
		return nil, fmt.Errorf("it ended with %s; run it as the agent's account to see why", failed.ProcessState)
	case err != nil:
		return nil, err
	}
	return out.text, nil
}

// bounded takes what fits and refuses the rest, which ends the program that prints it.
type bounded struct {
	text []byte // not a bytes.Buffer: that would read by itself, past the bound
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > programOutput {
		b.over = true
		return 0, errors.New("too much output")
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
