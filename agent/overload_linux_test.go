// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/probes"
)

// asker is a prober with a socket of its own for each attempt: it asks over UDP and waits.
type asker struct{}

func (asker) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	deadline := time.Now().Add(t.Check.Timeout)
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", netip.AddrPortFrom(t.Check.Addr, t.Check.Port).String())
	if err != nil {
		return a.End(probes.SendError(err))
	}
	defer c.Close()
	_ = c.SetDeadline(deadline)
	if _, err := c.Write([]byte("?")); err != nil {
		return a.End(probes.SendError(err))
	}
	r := vouch.Result{Outcome: vouch.Up, Sent: 1}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		r = probes.ReceiveError(err)
		r.Sent, r.Lost = 1, 1
	}
	return a.End(r)
}

// answering answers each question after a while, as a device far away does, and returns its
// port.
func answering(t *testing.T, after time.Duration) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	check(t, err)
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 64)
		for {
			_, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			time.AfterFunc(after, func() { _, _ = c.WriteToUDPAddrPort([]byte("!"), from) })
		}
	}()
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
}

// asking makes every device of the plant one at that port, asked so often.
func (p *plant) asking(port uint16, n int, interval, timeout time.Duration) {
	a := assignment(n)
	a.References, a.Sealing, a.Heartbeat = nil, 300*time.Millisecond, time.Second
	for i := range a.Devices {
		c := &a.Devices[i].Checks[0]
		c.Addr, c.Port, c.Interval, c.Timeout = netip.MustParseAddr("127.0.0.1"), port, interval, timeout
	}
	p.asks = "yes"
	p.collector.assign(a)
}

// sums counts the samples of the plant's devices by outcome and reason.
func (p *plant) sums() map[string]int {
	sums := map[string]int{}
	for _, s := range p.collector.samples("acme") {
		sums[s.Outcome.String()+" "+string(s.Reason)]++
	}
	return sums
}

// until waits until what is stored is enough.
func (p *plant) until(what string, ok func(sums map[string]int) bool) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok(p.sums()) {
		if time.Now().After(deadline) {
			p.t.Fatalf("after a minute not: %s; samples are %v\n%s", what, p.sums(), p.log.String())
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// TestStoppedAgentAccusesNobody stops the agent as a starved host does, while answers are on
// their way, and lets it go on after their time is over.
func TestStoppedAgentAccusesNobody(t *testing.T) {
	p := newPlant(t)
	p.asking(answering(t, 50*time.Millisecond), 8, 400*time.Millisecond, 300*time.Millisecond)
	c := p.start("")
	p.until("samples", func(s map[string]int) bool { return s["up "] >= 16 })
	for range 4 {
		check(t, c.cmd.Process.Signal(syscall.SIGSTOP))
		time.Sleep(1500 * time.Millisecond) // the stall is what is tested
		check(t, c.cmd.Process.Signal(syscall.SIGCONT))
		before := p.sums()["up "]
		p.until("that it goes on", func(s map[string]int) bool { return s["up "] >= before+16 })
	}
	p.end(c, syscall.SIGTERM)
	p.until("that the overload is told", func(s map[string]int) bool { return s["unknown overload"] > 0 })
	for outcome, n := range p.sums() {
		// Where this test's own process starves, answers are late for the agent, too: those
		// are the only ones that may be missed.
		if outcome != "up " && outcome != "unknown overload" {
			t.Errorf("samples that are %s = %d, want none: every device answers. %v", outcome, n, p.sums())
		}
	}
	if !p.logged("did not get to run", 1)() {
		t.Errorf("no line on the stall:\n%s", p.log.String())
	}
}

// TestFewFileDescriptors runs the agent with hardly more descriptors than it needs itself.
func TestFewFileDescriptors(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Skip("prlimit is not there: apt-get install util-linux")
	}
	p := newPlant(t)
	p.asking(answering(t, 400*time.Millisecond), 120, time.Second, 900*time.Millisecond)
	c := p.start("", "prlimit", "--nofile=64:64")
	p.until("overload that is told, beside answers", func(s map[string]int) bool { return s["unknown overload"] >= 50 && s["up "] >= 20 })
	p.end(c, syscall.SIGTERM)
	for outcome, n := range p.sums() {
		if outcome != "up " && outcome != "unknown overload" {
			t.Errorf("samples that are %s = %d, want none: %v", outcome, n, p.sums())
		}
	}
	if !p.logged("the limit on open files bounds the attempts at once", 1)() {
		t.Errorf("no line on the limit:\n%s", p.log.String())
	}
}

// TestOtherMonotonicClock runs an agent whose monotonic clock says something else, as after a
// boot or in a container: nothing of it gets into stamps.
func TestOtherMonotonicClock(t *testing.T) {
	for _, offset := range []string{"864000", "-1"} {
		with := []string{"unshare", "--time", "--fork", "--kill-child=SIGTERM", "--monotonic", offset, "--boottime", offset}
		if out, err := exec.Command(with[0], append(with[1:], "true")...).CombinedOutput(); err != nil {
			t.Skipf("a time namespace needs root and unshare: %v %s", err, out)
		}
		p := newPlant(t)
		began := time.Now()
		p.asking(answering(t, time.Millisecond), 4, 200*time.Millisecond, 100*time.Millisecond)
		c := p.start("", with...)
		p.until("samples", func(s map[string]int) bool { return s["up "] >= 20 })
		p.end(c, os.Kill) // unshare, which then tells the agent to stop
		for _, s := range p.collector.samples("acme") {
			if s.Start.Before(began.Add(-time.Second)) || s.Start.After(time.Now()) || s.Duration > time.Minute {
				t.Errorf("a sample is stamped %v and took %v, want between %v and now", s.Start, s.Duration, began)
			}
		}
		for _, item := range p.collector.items("acme", vouch.Availability) {
			if b := item.(evidence.Batch); b.Clock.Known && b.Clock.Offset.Abs() > b.Clock.Bound+time.Second {
				t.Errorf("the clock of a batch = %+v, want about 0", b.Clock)
			}
		}
	}
}
