// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// image makes a file system in a file, puts the plant's state on it, and mounts it.
func (p *plant) image(options string) (disk, live string) {
	p.t.Helper()
	dir := filepath.Dir(p.state)
	disk, live = filepath.Join(dir, "disk.img"), filepath.Join(dir, "live")
	command(p.t, "truncate", "-s", "64M", disk)
	command(p.t, "mkfs.ext4", "-q", "-F", disk)
	mount(p.t, disk, live, options)
	check(p.t, os.CopyFS(filepath.Join(live, "state"), os.DirFS(p.state)))
	check(p.t, os.Chmod(filepath.Join(live, "state", "key"), 0o600))
	command(p.t, "sync", "-f", live)
	p.state = filepath.Join(live, "state")
	return disk, live
}

// TestDiskThatDies takes the disk away under a running agent, in two ways: it measures
// on, delivers from memory, and says so once. With the disk mended, the next run goes on,
// and nothing is stored twice, though what was delivered last is in no file.
func TestDiskThatDies(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root: run the tests as root")
	}
	for _, tt := range []struct {
		name, options string
		die           func(t *testing.T, live string)
	}{
		{"turns read-only", "loop,errors=remount-ro", func(t *testing.T, live string) {
			out, err := exec.Command("findmnt", "-n", "-o", "SOURCE", live).Output()
			check(t, err)
			trigger := filepath.Join("/sys/fs/ext4", filepath.Base(strings.TrimSpace(string(out))), "trigger_fs_error")
			if err := os.WriteFile(trigger, []byte("test"), 0o200); err != nil {
				t.Skipf("this kernel makes no errors of a file system: %v", err)
			}
		}},
		{"is shut down", "loop", func(t *testing.T, live string) {
			d, err := os.Open(live)
			check(t, err)
			defer d.Close()
			const shutdown, noFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
			if err := unix.IoctlSetPointerInt(int(d.Fd()), shutdown, noFlush); err != nil {
				t.Skipf("this kernel shuts no file system down: %v", err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlant(t)
			disk, live := p.image(tt.options)
			c := p.start("")
			p.delivered(20)
			p.collector.set(away)
			p.more(20)
			tt.die(t, live)
			p.wait("that the disk is dead", p.logged("spool cannot be written", 1))
			p.wait("that heads cannot be written", p.logged("heads cannot be written", 1))
			p.more(20)
			p.collector.set(back)
			p.delivered(20) // of what lies in memory alone
			p.end(c, syscall.SIGTERM)
			if n := strings.Count(p.log.String(), "spool cannot be written"); n != 1 {
				t.Errorf("lines about the spool = %d, want 1:\n%s", n, p.log.String())
			}
			command(t, "umount", live)
			if out, err := exec.Command("e2fsck", "-f", "-y", disk).CombinedOutput(); err != nil && !strings.Contains(err.Error(), "exit status 1") {
				t.Fatalf("e2fsck: %v\n%s", err, out)
			}
			command(t, "mount", "-o", "loop", disk, live)
			p.deliver("")
			p.judge(nil, 0)
		})
	}
}

// TestReadOnlyDiskAtTheStart starts an agent where nothing can be written: it measures,
// delivers from memory, and writes once it can.
func TestReadOnlyDiskAtTheStart(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root: run the tests as root")
	}
	for _, fresh := range []bool{true, false} {
		t.Run(fmt.Sprintf("first start %v", fresh), func(t *testing.T) {
			t.Parallel()
			p := newPlant(t)
			_, live := p.image("loop")
			var ends []time.Time
			if !fresh {
				p.collector.set(away)
				c := p.start("")
				p.more(50)
				ends = append(ends, p.end(c, os.Kill))
				p.collector.set(back)
			}
			command(t, "mount", "-o", "remount,ro", live)
			c := p.start("")
			p.wait("that nothing can be written", p.logged("spool cannot be written", 1))
			p.delivered(20)
			command(t, "mount", "-o", "remount,rw", live)
			p.wait("that it is written again", p.logged("spool is written again", 1))
			p.delivered(20)
			p.end(c, syscall.SIGTERM)
			if n := strings.Count(p.log.String(), "spool cannot be written"); n != 1 {
				t.Errorf("lines about the spool = %d, want 1:\n%s", n, p.log.String())
			}
			p.deliver("")
			p.judge(ends, time.Second)
		})
	}
}

// TestFileTooLarge runs an agent that may make no file larger than some bytes, and lets
// it have larger ones later.
func TestFileTooLarge(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.collector.set(away)
	p.limit = "50000" // less than a segment: not even the heads are written anew
	c := p.start("")
	p.wait("that no file may grow", p.logged("spool cannot be written", 1))
	p.more(20)
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	check(t, unix.Prlimit(c.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unlimited, nil))
	p.wait("that it goes on", p.logged("spool is written again", 1))
	p.collector.set(back)
	p.delivered(20)
	p.end(c, syscall.SIGTERM)
	p.judge(nil, 0)
}

// TestSystemCallsFail runs an agent of which system calls fail or last, then one that is
// well: nothing is lost, and nothing twice.
func TestSystemCallsFail(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("this test needs strace")
	}
	if out, err := exec.Command("strace", "-f", "-qq", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		t.Skipf("strace cannot be used here: %v %s", err, out)
	}
	for _, tt := range []struct{ name, inject string }{
		{"every 3rd fsync", "fsync:error=EIO:when=3+3"},
		{"all fsyncs from the 10th of a thread on", "fsync:error=EIO:when=10+"},
		{"every fsync lasts 300 ms", "fsync:delay_exit=300000"},
		{"every 7th write to the spool", "pwrite64:error=ENOSPC:when=7+7"},
		{"every 2nd segment", "fallocate:error=ENOSPC:when=2+2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlant(t)
			p.collector.set(away)
			call, _, _ := strings.Cut(tt.inject, ":")
			c := p.start("", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", "inject="+tt.inject)
			p.more(60)
			p.collector.set(back)
			p.delivered(40)
			p.more(20)
			p.end(c, syscall.SIGTERM) // it brings out what no disk took
			p.deliver("")
			p.judge(nil, 0)
		})
	}
}

// delivered waits until the collector has so many samples more than now.
func (p *plant) delivered(n int) {
	p.t.Helper()
	count := func() (n int) {
		for _, item := range p.collector.items("acme", vouch.Telemetry) {
			if b, ok := item.(evidence.Batch); ok {
				n += b.Count
			}
		}
		return n
	}
	want := count() + n
	p.wait("that samples are delivered", func() bool { return count() >= want })
}

// TestSmallDisk fills the disk, or uses up its inodes, under a running agent, and makes
// room again: nothing is lost, and it is said once.
func TestSmallDisk(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"full", "size=900k", "size=64m"},
		{"inodes", "size=64m,nr_inodes=13", "nr_inodes=4096"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if os.Geteuid() != 0 {
				t.Skip("mounting a small file system needs root: run the tests as root")
			}
			t.Parallel()
			p := newPlant(t)
			p.collector.set(away)
			c := p.start(tt.before)
			p.wait("a full disk", p.logged("spool cannot be written", 1))
			p.more(20)
			if out, err := exec.Command("nsenter", "-t", fmt.Sprint(c.cmd.Process.Pid), "-m", "mount", "-o", "remount,"+tt.after, p.state).CombinedOutput(); err != nil {
				t.Skipf("making room needs nsenter and mount: %v %s", err, out)
			}
			p.wait("that it goes on", p.logged("spool is written again", 1))
			p.collector.set(back)
			p.more(20)
			p.end(c, syscall.SIGTERM)
			p.judge(nil, 0)
			if n := strings.Count(p.log.String(), "spool cannot be written"); n != 1 {
				t.Errorf("lines about the spool = %d, want 1:\n%s", n, p.log.String())
			}
		})
	}
}
