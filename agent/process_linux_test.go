// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/probes"
)

// What a child of a test is told.
const (
	childState = "VOUCH_AGENT_STATE" // the state directory
	childURL   = "VOUCH_AGENT_URL"
	childPin   = "VOUCH_AGENT_PIN"
	childMount = "VOUCH_AGENT_MOUNT" // options of a small file system to put there first
	childAsks  = "VOUCH_AGENT_ASKS"  // not empty: checks go to real sockets
	childLimit = "VOUCH_AGENT_LIMIT" // largest file, in bytes
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childState); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// teller is a prober that numbers its answers and says each before it gives it.
type teller struct {
	mu sync.Mutex
	n  uint64
}

func (p *teller) Probe(context.Context, probes.Target) vouch.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	id := uint64(os.Getpid())<<32 | p.n
	fmt.Println("made", id)
	text := make([]byte, 4000)
	for i := range text {
		text[i] = byte('0' + rand.IntN(64))
	}
	return vouch.Result{Outcome: vouch.Up, Points: []vouch.Point{{Measurement: "told", Fields: []vouch.Field{
		{Name: "id", Value: vouch.Uint(id)}, {Name: "noise", Value: vouch.Text(string(text))},
	}}}}
}

// child is an agent as a process of its own: agent.Run on a real disk and a real socket.
func child(dir string) error {
	if options := os.Getenv(childMount); options != "" {
		seed := dir + ".seed"
		if err := os.CopyFS(seed, os.DirFS(dir)); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
		for _, name := range []string{"key", "heads"} {
			raw, err := os.ReadFile(filepath.Join(seed, name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				return err
			}
		}
	}
	o := agent.Options{
		ID: "a1", StateDir: dir, CollectorURL: os.Getenv(childURL), SpoolBytes: 8 << 20,
		Probers: map[vouch.Kind]probes.Prober{vouch.KindICMP: &teller{}},
		Log:     slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if os.Getenv(childAsks) != "" {
		o.Probers[vouch.KindICMP] = asker{}
	}
	if _, err := hex.Decode(o.Pin[:], []byte(os.Getenv(childPin))); err != nil {
		return err
	}
	o.Patience(2 * time.Second)
	signal.Ignore(syscall.SIGXFSZ) // as the command does
	if limit, err := strconv.ParseUint(os.Getenv(childLimit), 10, 64); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: unix.RLIM_INFINITY}); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("begins")
	return agent.Run(ctx, o)
}

// plant is a collector in this process and agents as processes of their own, one after
// the other.
type plant struct {
	t         *testing.T
	state     string
	url       string
	collector *collector
	ln        net.Listener

	mu   sync.Mutex
	made map[uint64]time.Time // by id: when the agent said it
	log  bytes.Buffer
	note chan struct{} // capacity 1: something was said

	asks  string      // not empty: checks go to real sockets
	limit string      // of a file, in bytes; empty for none
	stops []time.Time // when agents were told to stop: attempts under way are broken off
}

// whole skips what takes long in real time, but in `make test`.
func whole(t *testing.T) {
	t.Helper()
	if os.Getenv("VOUCH_WHOLE") == "" {
		t.Skip("it takes long: `make test` runs it, or VOUCH_WHOLE=1")
	}
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	whole(t)
	state := filepath.Join(t.TempDir(), "state")
	vkey, err := agent.VerifierKey(state, "a1")
	check(t, err)
	a := assignment(5)
	a.References = nil
	a.Sealing, a.Heartbeat = 300*time.Millisecond, time.Second
	for i := range a.Devices {
		a.Devices[i].Checks[0].Interval, a.Devices[i].Checks[0].Timeout = 100*time.Millisecond, 50*time.Millisecond
	}
	p := &plant{t: t, state: state, collector: newCollector(t, vkey), made: map[uint64]time.Time{}, note: make(chan struct{}, 1)}
	p.collector.assign(a)
	p.ln, err = net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	p.collector.listen(p.ln)
	t.Cleanup(p.collector.close)
	p.url = "https://" + p.ln.Addr().String()
	return p
}

// process is an agent that runs.
type process struct {
	cmd  *exec.Cmd
	read sync.WaitGroup
}

// start runs an agent, on a small file system of its own where there are options for
// one, and by another program where wrap names one with its arguments.
func (p *plant) start(mount string, wrap ...string) *process {
	p.t.Helper()
	args := append(wrap, os.Args[0])
	c := &process{cmd: exec.Command(args[0], args[1:]...)}
	c.cmd.Env = append(os.Environ(), childState+"="+p.state, childURL+"="+p.url, childPin+"="+hex.EncodeToString(p.collector.pin[:]), childMount+"="+mount, childLimit+"="+p.limit, childAsks+"="+p.asks)
	if mount != "" {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // mounts go with the process
	}
	out, err := c.cmd.StdoutPipe()
	check(p.t, err)
	errs, err := c.cmd.StderrPipe()
	check(p.t, err)
	if err := c.cmd.Start(); err != nil {
		if errors.Is(err, syscall.EPERM) {
			p.t.Skip("a file system of its own needs root: run the tests as root")
		}
		p.t.Fatal(err)
	}
	for _, r := range []*bufio.Scanner{bufio.NewScanner(out), bufio.NewScanner(errs)} {
		c.read.Go(func() {
			for r.Scan() {
				p.hear(r.Text())
			}
		})
	}
	p.t.Cleanup(func() { _ = c.cmd.Process.Kill() }) // where the test gave up
	return c
}

func (p *plant) hear(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var id uint64
	if n, _ := fmt.Sscanf(line, "made %d", &id); n == 1 {
		p.made[id] = time.Now()
	} else {
		fmt.Fprintln(&p.log, line)
	}
	select {
	case p.note <- struct{}{}:
	default:
	}
}

// end sends a signal and waits for the end of the process. It returns when the signal was
// sent.
func (p *plant) end(c *process, s os.Signal) time.Time {
	p.t.Helper()
	at := time.Now()
	check(p.t, c.cmd.Process.Signal(s))
	if s != os.Kill {
		p.stops = append(p.stops, at)
	}
	c.read.Wait()
	if err := c.cmd.Wait(); err != nil && s != os.Kill {
		p.t.Fatalf("agent = %v:\n%s", err, p.log.String())
	}
	return at
}

// wait waits until the agents have said something, or made more samples.
func (p *plant) wait(what string, done func() bool) {
	p.t.Helper()
	limit := time.After(time.Minute)
	for {
		p.mu.Lock()
		ok := done()
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-p.note:
		case <-limit:
			p.t.Fatalf("after a minute not: %s\n%s", what, p.log.String())
		}
	}
}

func (p *plant) logged(s string, n int) func() bool {
	return func() bool { return strings.Count(p.log.String(), s) >= n }
}

// more waits for n samples more.
func (p *plant) more(n int) {
	p.t.Helper()
	p.mu.Lock()
	want := len(p.made) + n
	p.mu.Unlock()
	p.wait("more samples", func() bool { return len(p.made) >= want })
}

// judge wants everything stored once, but for what was said less than grace before one of
// the ends or as an agent was told to stop, and no gap.
func (p *plant) judge(ends []time.Time, grace time.Duration) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	stored := map[uint64]int{}
	items := p.collector.items("acme", vouch.Telemetry)
	contiguousNumbers(p.t, items)
	dropped := 0
	for _, item := range items {
		switch x := item.(type) {
		case evidence.Gap:
			p.t.Errorf("a gap %q over %d to %d, want none", x.Reason, x.First, x.Seq)
		case evidence.Batch:
			dropped += int(x.Dropped)
			for l, err := range evidence.DecodeLines(x.Stream, x.Lines) {
				check(p.t, err)
				for _, f := range l.Point.Fields {
					if f.Name == "id" {
						stored[f.Value.Uint()]++
					}
				}
			}
		}
	}
	// What an agent says comes to its spool in order: nothing is lost in the middle.
	last := map[uint64]uint64{} // by agent, the latest that is stored
	for id := range stored {
		last[id>>32] = max(last[id>>32], id)
	}
	const underWay = 10 // attempts that may end out of order
	for id := range p.made {
		if stored[id] == 0 && id+underWay < last[id>>32] {
			p.t.Errorf("sample %d of process %d is lost, and %d is stored", uint32(id), id>>32, uint32(last[id>>32]))
		}
	}
	lost, late := 0, 0
	for id, at := range p.made {
		switch stored[id] {
		case 0:
			excused := false
			for _, e := range ends {
				excused = excused || at.Before(e.Add(time.Second)) && at.After(e.Add(-grace))
			}
			for _, e := range p.stops {
				excused = excused || at.Before(e.Add(time.Second)) && at.After(e.Add(-100*time.Millisecond))
			}
			if excused {
				late++
			} else {
				lost++
			}
		case 1:
		default:
			p.t.Errorf("sample %d is stored %d times", id, stored[id])
		}
	}
	if lost > 0 {
		p.t.Errorf("%d of %d samples are lost\n%s", lost, len(p.made), p.log.String())
	}
	if len(stored) == 0 {
		p.t.Error("nothing is stored: the test has shown nothing")
	}
	p.t.Logf("%d samples made, %d stored, %d made within %v before one of %d ends and not stored, %d counted as broken off",
		len(p.made), len(stored), late, grace, len(ends), dropped)
}

// TestKillLoop kills agents at some instant, again and again, while the collector comes
// and goes. Several stand beside each other, so that a thousand rounds end in minutes.
func TestKillLoop(t *testing.T) {
	plants, rounds := 1, 5
	if os.Getenv("VOUCH_SOAK") != "" {
		plants, rounds = 8, 125
	}
	for i := range plants {
		t.Run(fmt.Sprint("agent ", i), func(t *testing.T) {
			t.Parallel()
			p := newPlant(t)
			var ends []time.Time
			for range rounds {
				if rand.IntN(3) == 0 {
					p.collector.set(away)
				} else {
					p.collector.set(back)
				}
				c := p.start("")
				p.more(1)
				time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond) // the instant is what is tested
				ends = append(ends, p.end(c, os.Kill))
			}
			p.deliver("")
			p.judge(ends, time.Second)
		})
	}
}

// deliver lets an agent run until the collector has everything, and stops it.
func (p *plant) deliver(mount string) {
	p.t.Helper()
	p.collector.set(back)
	c := p.start(mount)
	p.more(20)
	p.end(c, syscall.SIGTERM)
	for range 20 { // what two seconds of stopping were too short for
		before := len(p.collector.items("acme", vouch.Telemetry))
		c := p.start(mount)
		p.more(5)
		p.end(c, syscall.SIGTERM)
		if len(p.collector.items("acme", vouch.Telemetry)) < before+10 {
			return
		}
	}
}
