// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPowerCut copies a real file system under the agent as the disk holds it at some
// instant, and goes on from the copy: what was measured more than five seconds before is
// there.
func TestPowerCut(t *testing.T) {
	rounds := 1
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds = 50
	}
	for range rounds {
		p := newPlant(t)
		dir := filepath.Dir(p.state)
		live, disk, snapshot := filepath.Join(dir, "live"), filepath.Join(dir, "disk.img"), filepath.Join(dir, "snap.img")
		command(t, "truncate", "-s", "96M", disk)
		command(t, "mkfs.ext4", "-q", "-F", disk)
		mount(t, disk, live, "loop,commit=300")
		check(t, os.CopyFS(filepath.Join(live, "state"), os.DirFS(p.state)))
		check(t, os.Chmod(filepath.Join(live, "state", "key"), 0o600))
		command(t, "sync", "-f", live)
		p.state = filepath.Join(live, "state")
		p.collector.set(away)
		slowest := stallsOf(t, dir)
		c := p.start("")
		p.more(1)
		time.Sleep(time.Duration(6000+rand.IntN(2000)) * time.Millisecond) // the instant is what is tested
		// Never synced. It is written now, because the kernel writes out by itself what is
		// older than half a minute.
		check(t, os.WriteFile(filepath.Join(live, "control"), make([]byte, 4096), 0o600))
		check(t, c.cmd.Process.Signal(syscall.SIGSTOP))
		at := time.Now()
		stopped(t, c.cmd.Process.Pid)
		stall := slowest()
		command(t, "cp", "--sparse=always", disk, snapshot)
		p.end(c, os.Kill)
		after := filepath.Join(dir, "after")
		mount(t, snapshot, after, "loop")
		if info, err := os.Stat(filepath.Join(after, "control")); err == nil && info.Size() > 0 {
			t.Error("what nobody synced survived: this was no power cut")
		}
		p.state = filepath.Join(after, "state")
		p.deliver("")
		p.judge([]time.Time{at}, 5*time.Second+stall)
	}
}

// stallsOf measures how long what should take no time takes at the worst on the disk of a
// folder: an agent that gets no processor, or whose disk is busy for others, is late by
// as much. What it returns ends the measurement.
func stallsOf(t *testing.T, dir string) func() time.Duration {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "stall"))
	check(t, err)
	done, worst := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		const each = 200 * time.Millisecond
		var out time.Duration
		tick := time.NewTicker(each)
		defer tick.Stop()
		for last := time.Now(); ; last = time.Now() {
			select {
			case <-done:
				worst <- max(out, time.Since(last)-each)
				return
			case <-tick.C:
			}
			_, _ = f.WriteAt(make([]byte, 4096), 0) // that it takes long is what counts
			_ = f.Sync()
			out = max(out, time.Since(last)-each)
		}
	}()
	return func() time.Duration {
		close(done)
		defer f.Close()
		return <-worst
	}
}

// stopped waits until every thread of a process has stopped.
func stopped(t *testing.T, pid int) {
	t.Helper()
	for all := false; !all; {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		check(t, err)
		all = len(tasks) > 0
		for _, task := range tasks {
			raw, err := os.ReadFile(task)
			check(t, err)
			_, rest, _ := strings.Cut(string(raw), ") ")
			all = all && strings.HasPrefix(rest, "T")
		}
	}
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Skipf("this test needs %s as root: %v %s", name, err, out)
	}
}

// mount mounts an image until the test ends.
func mount(t *testing.T, image, dir, options string) {
	t.Helper()
	check(t, os.MkdirAll(dir, 0o700))
	command(t, "mount", "-o", options, image, dir)
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v %s", dir, err, out)
		}
	})
}
