// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/internal/demo"
)

func TestCrewTellsOfOneThatStopped(t *testing.T) {
	c := demo.NewCrew("/bin/sh", t.TempDir(), time.Minute)
	if _, err := c.Launch("quitter", "-c", "echo about to go; exit 4"); err != nil {
		t.Fatal(err)
	}
	err := c.Fate()
	if err == nil || !strings.Contains(err.Error(), "quitter") || !strings.Contains(err.Error(), "exit status 4") || !strings.Contains(err.Error(), "about to go") {
		t.Errorf("fate() = %v, want the name, the exit status and the end of the log", err)
	}
	if err := c.Dismiss(); err != nil {
		t.Errorf("dismiss() = %v, want nil: it had ended already", err)
	}
}

func TestCrewLeavesNothingRunning(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		stop         time.Duration
		killed       bool
	}{
		{"deaf", "trap '' TERM; echo ready; while :; do sleep 0.1; done", 200 * time.Millisecond, true},
		{"polite", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done", time.Minute, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			c := demo.NewCrew("/bin/sh", dir, tc.stop)
			var pids []int
			for _, name := range []string{"first", "second", "third"} {
				pid, err := c.Launch(name, "-c", tc.script)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
				awaitLog(t, filepath.Join(dir, name+".log"), "ready")
			}
			err := c.Dismiss()
			if killed := err != nil && strings.Contains(err.Error(), "was killed"); killed != tc.killed || (err != nil) != tc.killed {
				t.Errorf("dismiss() = %v, want that they were killed: %t", err, tc.killed)
			}
			for _, pid := range pids {
				if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("the process %d is still there: %v", pid, err)
				}
			}
		})
	}
}

func TestCrewStartsWhatIsNotThere(t *testing.T) {
	c := demo.NewCrew(filepath.Join(t.TempDir(), "missing"), t.TempDir(), time.Minute)
	if _, err := c.Launch("nobody"); err == nil || !strings.Contains(err.Error(), "start nobody") {
		t.Errorf("launch(missing program) = %v, want an error that names it", err)
	}
	if err := c.Dismiss(); err != nil {
		t.Errorf("dismiss() = %v, want nil", err)
	}
}

// awaitLog waits until a log holds a text.
func awaitLog(t *testing.T, path, text string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		raw, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(raw), text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not say %q: %q, %v", path, text, raw, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
