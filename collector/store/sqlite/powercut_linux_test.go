// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// controlFile is written and never synced: a power cut that loses nothing of it was none.
const controlFile = "control"

// TestPowerCut takes a copy of a real file system under a writing process, as the disk
// holds it at that instant, and goes on from the copy: what was acknowledged is there,
// and what nobody synced is not.
func TestPowerCut(t *testing.T) {
	rounds := 2
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds = 20
	}
	total := 0
	for round := range rounds {
		dir := t.TempDir()
		live, disk := filepath.Join(dir, "live"), filepath.Join(dir, "disk.img")
		run(t, "truncate", "-s", "96M", disk)
		run(t, "mkfs.ext4", "-q", "-F", disk)
		mount(t, disk, live, "loop,commit=300")
		data := filepath.Join(live, "data")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		run(t, "sync", "-f", live)
		if err := os.WriteFile(filepath.Join(live, controlFile), make([]byte, 4096), 0o600); err != nil {
			t.Fatal(err)
		}
		snapshot := filepath.Join(dir, "snap.img")
		acked := map[vouch.CustomerID]map[int64]string{}
		for _, a := range cut(t, data, disk, snapshot) {
			if acked[a.customer] == nil {
				acked[a.customer] = map[int64]string{}
			}
			acked[a.customer][a.leaf] = a.hash
			total++
		}
		after := filepath.Join(dir, "after")
		mount(t, snapshot, after, "loop")
		if info, err := os.Stat(filepath.Join(after, controlFile)); err == nil && info.Size() > 0 {
			t.Error("what nobody synced survived: this was no power cut")
		}
		s, err := sqlite.Open(t.Context(), filepath.Join(after, "data"), sqlite.Options{})
		if err != nil {
			t.Fatalf("round %d: Open after a power cut = %v", round, err)
		}
		for customer, leaves := range acked {
			checkAcked(t, s, customer, leaves)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total == 0 {
		t.Error("nothing was acknowledged: the test has shown nothing")
	}
	t.Logf("%d power cuts, %d acknowledged entries, none lost", rounds, total)
}

// cut runs a child that appends, stops it at some instant, copies the disk as it is, and
// returns what was acknowledged before.
func cut(t *testing.T, dir, disk, snapshot string) (acks []ack) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childTask+"=append")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	copied := make(chan error, 1)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var a ack
		if n, _ := fmt.Sscanf(line, "ack %s %d %s", &a.customer, &a.leaf, &a.hash); n == 3 {
			acks = append(acks, a)
		} else if line == "open\n" {
			time.AfterFunc(time.Duration(100+rand.IntN(400))*time.Millisecond, func() { copied <- snap(cmd.Process, disk, snapshot) })
		}
	}
	if err := <-copied; err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: that it says so is no news
	return acks
}

// snap stops a process, copies the disk under it and kills it.
func snap(p *os.Process, disk, snapshot string) error {
	defer func() { _ = p.Kill() }()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for stopped := false; !stopped; {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.Pid))
		if err != nil {
			return err
		}
		stopped = len(tasks) > 0
		for _, task := range tasks {
			raw, err := os.ReadFile(task)
			var pid int
			var name, state string
			if _, serr := fmt.Sscan(string(raw), &pid, &name, &state); err != nil || serr != nil || state != "T" {
				stopped = false
			}
		}
	}
	if out, err := exec.Command("cp", "--sparse=always", disk, snapshot).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w: %s", err, out)
	}
	return nil
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Skipf("a power cut needs %s: %v %s", name, err, out)
	}
}

// mount mounts an image until the test ends.
func mount(t *testing.T, image, dir, options string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, "mount", "-o", options, image, dir)
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v %s", dir, err, out)
		}
	})
}
