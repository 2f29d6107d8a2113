// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes/probetest"
)

// pingOptions says what runs.
type pingOptions struct {
	agent   string // program
	profile string // where profiles of the agent go; empty for none
	tools   string // directory of the peers; empty for none
	short   bool
	out     io.Writer
}

// The ICMP checks, beside which the others stand.
const (
	pingTimeout = 2 * time.Second
	pingDevices = 1000
)

// Aims of the figures, printed beside them.
const (
	aimPing       = 1.5 // times the CPU of fping
	aimMemoryMany = 40  // MB resident at 1,000 devices
	aimGap        = interval + 500*time.Millisecond
	aimLateness   = 3 * time.Second
)

// weather is what befalls packets to the hosts.
type weather struct {
	dead    bool    // every fifth host is silent
	loss    float64 // share of requests that are lost
	latency time.Duration
}

func dead(i int) bool { return i%5 == 4 } // as the program that plays the SNMP devices has it

// host is the address of the i-th device for ICMP.
func host(i int) netip.Addr { return probetest.Host(probetest.Hosts4, 10+i) }

// network plays the hosts until end is called. With own it does so in a network
// namespace of its own, from whose thread then is called.
func network(ctx context.Context, w weather, own bool, then func() error) (end func(), err error) {
	ctx, stop := context.WithCancel(ctx)
	ready := make(chan error)
	var playing sync.WaitGroup
	playing.Go(func() {
		if own {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				ready <- err
				return
			}
		}
		h, err := openNetwork()
		if err != nil {
			ready <- err
			return
		}
		var running sync.WaitGroup
		running.Go(func() { _ = h.Run(ctx, w.play) }) // its only error is a device that went
		err = then()
		ready <- err
		<-ctx.Done() // what this thread started lives as long as the thread
		running.Wait()
	})
	end = func() { stop(); playing.Wait() }
	if err := <-ready; err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// openNetwork makes the tunnel and allows ping sockets.
func openNetwork() (*probetest.Hosts, error) {
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0); err != nil {
		return nil, err
	}
	return probetest.OpenHosts("hosts")
}

func (w weather) play(e probetest.Echo, answer func([]byte, time.Duration)) {
	raw := e.To.As4()
	i := int(raw[2])<<8 + int(raw[3]) - 11
	if w.dead && i >= 0 && dead(i) || w.loss > 0 && rand.Float64() < w.loss {
		return
	}
	answer(e.Reply(e.To), w.latency)
}

// pings is the work of asking n hosts by ICMP, with so many requests a round.
func pings(n, count int, spacing time.Duration, now time.Time) wire.Assignment {
	a := assignment(n, now)
	a.Sealing = time.Minute // as by default
	for i := range a.Devices {
		a.Devices[i].Checks = []vouch.Check{ping(i, count, spacing)}
	}
	for i := range a.References {
		r := &a.References[i].Reference
		*r = vouch.Reference{Name: r.Name, Gateway: r.Gateway, Kind: vouch.KindICMP, Addr: probetest.Host(probetest.Hosts4, 1+i)}
	}
	return a
}

func ping(i, count int, spacing time.Duration) vouch.Check {
	return vouch.Check{
		Name: "icmp", Kind: vouch.KindICMP, Addr: host(i), Interval: interval,
		Timeout: pingTimeout + time.Duration(count-1)*spacing, Count: count, Spacing: spacing, Size: 56,
	}
}

// benchPing measures the agent, with its output, beside fping.
func benchPing(ctx context.Context, o pingOptions) error {
	windows, each := 3, 20*time.Second
	if o.short {
		windows, each = 1, 20*time.Second
	}
	end, err := network(ctx, weather{}, false, func() error { return nil })
	if err != nil {
		fmt.Fprintf(o.out, "ping: left out: it needs root, and a tunnel device in a network namespace: %v\n", err)
		return nil
	}
	defer end()
	fmt.Fprintf(o.out, "CPU an echo request: %d hosts every %v, output included; both programs at the same time; median of %d windows of %v\n", pingDevices, interval, windows, each)
	fmt.Fprintln(o.out, "  vouch-agent: every round a sample, signed, chained and uploaded; heartbeats, self-check and host facts with it. fping: 60,000 requests a minute")
	fmt.Fprintf(o.out, "%9s  %-13s%15s%8s%8s%13s%13s%9s%10s%12s  %s\n", "requests", "program", "CPU us a piece", "least", "most", "times fping", "MB resident", "cycles", "gap p99", "lost", "aim")
	for _, count := range []int{1, 3} {
		if err := pingOnce(ctx, o, count, windows, each); err != nil {
			return err
		}
	}
	return nil
}

// pingOnce measures rounds of so many requests.
func pingOnce(ctx context.Context, o pingOptions, count, windows int, each time.Duration) error {
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	end, us, err := startAgent(ctx, dir, pollOptions{agent: o.agent, profile: o.profile}, pings(pingDevices, count, time.Second, time.Now()))
	if err != nil {
		return err
	}
	defer end.close()
	defer us.end()
	begin := time.Now().Add(interval + interval/2)
	ps := []*process{us}
	var peer *process
	gone, err := network(ctx, weather{}, true, func() (err error) {
		peer, err = startFping(ctx, dir, pingDevices, interval/time.Duration(count))
		return err
	})
	if err != nil {
		fmt.Fprintf(o.out, "  fping is left out: %v\n", err)
	} else {
		defer gone()
		defer peer.end()
		ps = append(ps, peer)
	}
	if err := pause(ctx, time.Until(begin)); err != nil {
		return err
	}
	used, err := watch(ctx, ps, begin, windows, each)
	if err != nil {
		return err
	}
	to := begin.Add(time.Duration(windows) * each)
	requests := float64(pingDevices*count) * each.Seconds() / interval.Seconds()
	mb := func(b []int64) float64 { return float64(b[len(b)-1]) / (1 << 20) }
	cost := func(u usage, w int) float64 { return u.cpu[w].Seconds() * 1e6 / requests }
	if err := pause(ctx, interval/2); err != nil { // what began at the end is under way
		return err
	}
	us.end() // brings out what it holds
	c := end.cycles("icmp", func(vouch.DeviceID) bool { return true }, begin, to)
	ratio := ""
	aim := fmt.Sprintf("at most %d MB, all cycles, none lost", aimMemoryMany)
	if len(used) > 1 {
		ratio = fmt.Sprintf("%.2f", cost(used[0], windows/2)/cost(used[1], windows/2))
		aim = fmt.Sprintf("at most %.1f times, ", aimPing) + aim
	}
	fmt.Fprintf(o.out, "%9d  %-13s%15.1f%8.1f%8.1f%13s%13.1f%7.2f %%%8.2f s%10.3f %%  %s\n", count, "vouch-agent", cost(used[0], windows/2), cost(used[0], 0), cost(used[0], windows-1),
		ratio, mb(used[0].memory), c.share*100, c.gap.Seconds(), c.lost*100, aim)
	if len(used) > 1 {
		sent, received, err := fpingTally(peer)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%9d  %-13s%15.1f%8.1f%8.1f%13s%13.1f%9s%10s%10.3f %%\n", count, "fping", cost(used[1], windows/2), cost(used[1], 0), cost(used[1], windows-1),
			"", mb(used[1].memory), "", "", 100*float64(sent-received)/float64(max(sent, 1)))
	}
	return nil
}

// startFping asks the same hosts without end, spread over the interval as the agent
// does. It has a network of its own: its raw socket hears every reply there is.
func startFping(ctx context.Context, dir string, n int, every time.Duration) (*process, error) {
	program, err := exec.LookPath("fping")
	if err != nil {
		return nil, errors.New("it is not installed: apt-get install fping")
	}
	var list strings.Builder
	for i := range n {
		fmt.Fprintln(&list, host(i))
	}
	file := filepath.Join(dir, "hosts")
	if err := os.WriteFile(file, []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	args := fmt.Sprintf("-l -q -p %d -i %.2f -t %d -f %s", every.Milliseconds(), every.Seconds()*1000/float64(n), pingTimeout.Milliseconds(), file)
	return start(ctx, dir, "fping", program, strings.Fields(args)...)
}

// fpingTally ends fping so that it says how many requests it sent and how many
// replies it got.
func fpingTally(p *process) (sent, received int, err error) {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return 0, 0, err
	}
	_ = p.cmd.Wait()
	f, err := os.Open(p.log)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		_, numbers, ok := strings.Cut(lines.Text(), "xmt/rcv/%loss = ")
		var s, r int
		if n, _ := fmt.Sscanf(numbers, "%d/%d", &s, &r); !ok || n < 2 {
			continue
		}
		sent, received = sent+s, received+r
	}
	if sent == 0 {
		return 0, 0, errors.New("fping says nothing of what it sent")
	}
	return sent, received, nil
}
