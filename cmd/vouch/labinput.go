// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/lab"
)

// labInput is where commands come from line by line.
type labInput struct {
	from io.ReadCloser // nil for nowhere
	name string        // of the script; empty for a person, who may make mistakes
}

// commands returns the script, or the terminal that a person types into.
func (o labOptions) commands(stdin io.Reader) (labInput, error) {
	switch o.script {
	case "":
		if f, ok := stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return labInput{from: io.NopCloser(f)}, nil
		}
		return labInput{}, nil
	case "-":
		return labInput{from: io.NopCloser(stdin), name: "standard input"}, nil
	}
	f, err := os.Open(o.script)
	if err != nil {
		return labInput{}, exit.Misused("script: %v", err)
	}
	return labInput{from: f, name: o.script}, nil
}

// typed reports whether a person types the commands.
func (in labInput) typed() bool { return in.from != nil && in.name == "" }

func (in labInput) close() {
	if in.from != nil {
		_ = in.from.Close() // it was only read
	}
}

// run carries out line after line, until there is none or one is quit, which it
// reports. A mistake in a script ends it; a person is told of it.
func (in labInput) run(ctx context.Context, l *lab.Lab, out *labPrinter) (quit bool, err error) {
	if in.from == nil {
		return false, nil
	}
	lines := make(chan string)
	go func() { // a terminal cannot be told to stop reading: this ends with the program
		defer close(lines)
		for sc := bufio.NewScanner(in.from); sc.Scan(); {
			select {
			case lines <- sc.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return false, nil
		case line, more := <-lines:
			if !more {
				return false, nil
			}
			quit, err := in.line(ctx, strings.TrimSpace(line), l, out)
			switch {
			case quit:
				return true, nil
			case err != nil && in.name != "":
				return false, exit.Misused("%s:%d: %v", in.name, n, err)
			case err != nil:
				out.say(err.Error())
			}
		}
	}
}

func (in labInput) line(ctx context.Context, line string, l *lab.Lab, out *labPrinter) (quit bool, err error) {
	switch word, rest, _ := strings.Cut(line, " "); {
	case line == "" || line[0] == '#':
		return false, nil
	case line == "quit" || line == "exit":
		return true, nil
	case line == "help":
		out.say(lab.Help + "  quit                          ends the lab")
		return false, nil
	case word == "wait":
		d, err := time.ParseDuration(strings.TrimSpace(rest))
		if err != nil || d < 0 {
			return false, fmt.Errorf("wait %q: write a duration, as 30s", rest)
		}
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		return false, nil
	}
	e, err := l.Do(line)
	if err != nil {
		return false, err
	}
	out.effect(e)
	return false, nil
}
