// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package exit is how every command ends: one sentence on standard error under the
// program's name, and an exit code that a script can act on. It also tells what was
// built. It runs nothing.
package exit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// Exit codes of every command, unless its help says otherwise.
const (
	Failed      = 1 // it was tried and did not work, or something was found wrong
	MisusedCode = 2 // the call or its input is at fault
)

// Error carries an exit code with what is said. One without Err has said it already.
type Error struct {
	Code int
	Err  error
}

func (e Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e Error) Unwrap() error { return e.Err }

// Misused marks an error as the caller's.
func Misused(format string, args ...any) error {
	return Error{MisusedCode, fmt.Errorf(format, args...)}
}

// Report prints to w what went wrong, once, and returns the exit code.
func Report(w io.Writer, program string, err error) int {
	if err == nil {
		return 0
	}
	code := Failed
	var e Error
	if errors.As(err, &e) {
		code = e.Code
	}
	if err.Error() != "" {
		fmt.Fprintf(w, "%s: %v\n", program, err)
	}
	return code
}

// Version tells version, commit, and what a program was built with and for. version
// and commit come from the linker (see the Makefile); where it set none, the commit is
// the one that Go recorded.
func Version(program, version, commit string) string {
	if info, ok := debug.ReadBuildInfo(); ok && commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return fmt.Sprintf("%s %s (commit %s, %s, %s/%s)", program, cmp.Or(version, "unreleased"), cmp.Or(commit, "unknown"),
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
