// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package demo shows the main job end to end on one machine: it plays a script on
// simulated devices, has a collector and four agents, which are processes of their
// own, measure and judge it over the real wire, shows what they see, and compares
// their statement with what the script did.
//
// It is not a second implementation of anything. Devices are those of package
// lab, configuration is files that a user could have written, and everything
// that is measured comes from the running collector. It computes no availability.
//
//	world.go     who leases what, and who measures it
//	pace.go      how fast everything goes, from the length of the run
//	plan.go      the script: what happens when, and what must come of it
//	network.go   loopback addresses of its own
//	cast.go      the simulated devices, as the script moves them
//	config.go    the configuration files
//	crew.go      the processes
//	prepare.go   getting going; play.go one run; script.go the acts of it
//	live.go      what changes while it runs; witness.go what single locations say
//	table.go     the live table; screen.go draws it, plain.go prints lines instead
//	expect.go    what must come of it; found.go what did; compare.go both together
//	report.go    the words at the end; record.go and output.go the files
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of the length of a run. Below the shortest, outages would be no longer than
// what may be off at their edges.
const (
	Shortest = 20 * time.Second
	Longest  = 24 * time.Hour
)

// Options say how the demo runs.
type Options struct {
	For    time.Duration // length of the script; whole seconds from [Shortest] to [Longest]
	Out    string        // directory that keeps everything; empty keeps nothing
	Listen string        // HOST:PORT of the page; empty for 127.0.0.1:7480, or a free port where that is taken
	Exe    string        // path of the program vouch, which is started as collector and as agents

	Stdout io.Writer // the result
	Stderr io.Writer // everything on the way there
	Screen *Screen   // terminal for the live table; nil prints a line for each event
}

// ErrInterrupted says that the run was broken off. Nothing runs any more.
var ErrInterrupted = errors.New("interrupted")

// Misuse is an error of whoever called: a sentence that says what to do instead.
type Misuse struct{ message string }

func (m *Misuse) Error() string { return m.message }

func misuse(format string, args ...any) error { return &Misuse{fmt.Sprintf(format, args...)} }

// Check returns a [Misuse] where the options cannot be.
func (o Options) Check() error {
	switch {
	case o.For < Shortest:
		return misuse("--for %v: the script needs at least %v, or outages would be shorter than what may be off at their edges", o.For, Shortest)
	case o.For > Longest:
		return misuse("--for %v: at most %v", o.For, Longest)
	case o.For%time.Second != 0:
		return misuse("--for %v: availability is counted in whole seconds; write for example --for %v", o.For, o.For.Truncate(time.Second))
	}
	return nil
}

// Run plays the script once and writes the result to Stdout. It returns when nothing
// runs any more; its errors are [Misuse], [ErrInterrupted], and whatever kept the run
// from coming to an end. A run that came to an end has an [Outcome].
func Run(ctx context.Context, o Options) (Outcome, error) {
	if err := o.Check(); err != nil {
		return Outcome{}, err
	}
	f, err := openFolder(o.Out)
	if err != nil {
		return Outcome{}, err
	}
	out, err := play(ctx, o, f)
	return out, errors.Join(err, f.close())
}
