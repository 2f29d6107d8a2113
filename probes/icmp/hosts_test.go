// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/probes/probetest"
)

// inNamespace runs the calling test once more in a network namespace of its own, and
// returns true there. Where none can be made, it skips.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "VOUCH_TEST_NAMESPACE"
	if os.Getenv(mark) != "" {
		return true
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.parallel=100", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	_, ran := err.(*exec.ExitError)
	switch {
	case err != nil && !ran:
		t.Skipf("needs a network namespace: %v", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skip(strings.TrimSpace(string(out)))
	case err != nil:
		t.Errorf("in a namespace: %v\n%s", err, out)
	}
	return false
}

// hosts plays a network for the rest of the test. Ping sockets are allowed in it.
func hosts(t *testing.T, play func(e probetest.Echo, answer func([]byte, time.Duration))) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0); err != nil {
		t.Skip(err)
	}
	h, err := probetest.OpenHosts("hosts")
	if err != nil {
		t.Skip(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var playing sync.WaitGroup
	playing.Go(func() {
		err := h.Run(ctx, func(e probetest.Echo, answer func([]byte, time.Duration)) {
			if e.To == probetest.Host(probetest.Hosts4, ready) || e.To == probetest.Host(probetest.Hosts6, ready) {
				answer(e.Reply(e.To), 0)
				return
			}
			play(e, answer)
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); playing.Wait() })
	// The kernel drops what comes over IPv6 while it is not done with the new link.
	p := shared(t, icmp.PingSocket)
	for _, network := range []netip.Prefix{probetest.Hosts4, probetest.Hosts6} {
		tg := target(probetest.Host(network, ready).String())
		tg.Check.Count, tg.Check.Timeout = 1, time.Second
		for tries := 0; p.Probe(t.Context(), tg).Outcome != vouch.Up; tries++ {
			if tries == 60 {
				t.Fatalf("no way to %s", network)
			}
		}
	}
}

// shared returns a prober that has more than one address to ask.
func shared(t *testing.T, mode icmp.Mode) *icmp.Prober {
	p := icmp.New(mode)
	t.Cleanup(p.Close)
	icmp.ShareNow(p)
	return p
}

// timeout is long enough for a round on a machine that is busy.
const timeout = 2 * time.Second

// What hosts do in TestHosts, by number, for each mode anew.
const (
	each  = 100
	ready = 7 // answers always

	answering = 8 + iota
	silent
	answeringTwice
	late       // its reply comes after the round, in the middle of the next
	fromOther  // another address replies
	wrongToken // a reply that was not asked for
	wrongNumber
	ownUnreachable
	hostUnreachable // told by the last router
	netUnreachable  // told by some router
	prohibited
	circling // time exceeded
	curt     // an error that quotes no more than the header of the request
	lying    // an error about somebody else's request
	lossy    // the first request is lost
	slow     // 30 ms
	unreachableOnce
)

func TestHosts(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	var mu sync.Mutex
	got := map[netip.Addr]int{} // requests so far
	hosts(t, func(e probetest.Echo, answer func([]byte, time.Duration)) {
		mu.Lock()
		got[e.To]++
		nth := got[e.To]
		mu.Unlock()
		raw := e.To.As16()
		number := (int(binary.BigEndian.Uint16(raw[14:])) - 1) % each
		network, router := probetest.Hosts4, probetest.Host(probetest.Hosts4, 1)
		// Codes of the errors by family: host, net, prohibited, exceeded.
		unreachable, exceeded, host, net, denied := byte(3), byte(11), byte(1), byte(0), byte(13)
		if e.To.Is6() {
			network, router = probetest.Hosts6, probetest.Host(probetest.Hosts6, 1)
			unreachable, exceeded, host, net, denied = 1, 3, 3, 0, 1
		}
		switch number {
		case answering:
			answer(e.Reply(e.To), 0)
		case answeringTwice:
			answer(e.Reply(e.To), 0)
			answer(e.Reply(e.To), 0)
			answer(e.Reply(e.To), 0)
		case late:
			if nth == 1 {
				answer(e.Reply(e.To), timeout*5/4)
			}
		case fromOther:
			answer(e.Reply(probetest.Host(network, answering)), 0)
		case wrongToken:
			e.Payload()[3]++
			answer(e.Reply(e.To), 0)
		case wrongNumber:
			answer(e.Renumber(e.Seq+3).Reply(e.To), 0)  // a request that is not made
			answer(e.Renumber(e.Seq|31).Reply(e.To), 0) // nor can be
			answer(e.Renumber(e.Seq+32).Reply(e.To), 0) // of another round
		case ownUnreachable:
			answer(e.Error(e.To, unreachable, net, 200), 0)
		case hostUnreachable:
			answer(e.Error(router, unreachable, host, 200), 0)
		case netUnreachable:
			answer(e.Error(router, unreachable, net, 200), 0)
		case prohibited:
			answer(e.Error(router, unreachable, denied, 200), 0)
		case circling:
			answer(e.Error(router, exceeded, 0, 200), 0)
		case curt:
			answer(e.Error(router, unreachable, host, 8), 0)
		case lying:
			e.Payload()[3]++
			answer(e.Error(router, unreachable, host, 200), 0)
		case lossy:
			if nth > 1 {
				answer(e.Reply(e.To), 0)
			}
		case slow:
			answer(e.Reply(e.To), 30*time.Millisecond)
		case unreachableOnce:
			if nth == 1 {
				answer(e.Error(router, unreachable, denied, 200), 0)
			} else {
				answer(e.Reply(e.To), 0)
			}
		}
	})
	tests := []struct {
		host         int
		outcome      vouch.Outcome
		reason       vouch.Reason
		lost, rounds int
	}{
		{answering, vouch.Up, "", 0, 1},
		{silent, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{answeringTwice, vouch.Up, "", 0, 1},
		{late, vouch.Down, vouch.ReasonTimeout, 3, 2},
		{fromOther, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{wrongToken, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{wrongNumber, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{ownUnreachable, vouch.Down, vouch.ReasonUnreachable, 3, 1},
		{hostUnreachable, vouch.Down, vouch.ReasonUnreachable, 3, 1},
		{netUnreachable, vouch.Unknown, vouch.ReasonFiltered, 3, 1},
		{prohibited, vouch.Unknown, vouch.ReasonFiltered, 3, 1},
		{circling, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{curt, vouch.Down, vouch.ReasonUnreachable, 3, 1},
		{lying, vouch.Down, vouch.ReasonTimeout, 3, 1},
		{lossy, vouch.Up, "", 1, 1},
		{slow, vouch.Up, "", 0, 1},
		{unreachableOnce, vouch.Up, "", 1, 1},
	}
	t.Run("all", func(t *testing.T) {
		for _, mode := range []icmp.Mode{icmp.PingSocket, icmp.RawSocket} {
			for _, network := range []netip.Prefix{probetest.Hosts4, probetest.Hosts6} {
				p := shared(t, mode)
				t.Run(mode.String()+" "+network.String(), func(t *testing.T) {
					t.Parallel()
					for _, test := range tests {
						t.Run(strconv.Itoa(test.host), func(t *testing.T) {
							t.Parallel()
							tg := target(probetest.Host(network, each*int(mode)+test.host).String())
							tg.Check.Count, tg.Check.Spacing, tg.Check.Timeout = 3, 10*time.Millisecond, timeout
							if test.lost == 0 {
								tg.Check.Timeout = time.Minute // ends with the last reply
							}
							for range test.rounds {
								began := time.Now()
								r := p.Probe(t.Context(), tg)
								if test.lost == 0 && time.Since(began) >= tg.Check.Timeout {
									t.Errorf("a round whose every request was answered took until the timeout")
								}
								if r.Outcome != test.outcome || r.Reason != test.reason || r.Sent != 3 || r.Lost != test.lost {
									t.Errorf("Probe = %v %q (%s) sent %d lost %d, want %v %q sent 3 lost %d",
										r.Outcome, r.Reason, r.Detail, r.Sent, r.Lost, test.outcome, test.reason, test.lost)
								}
								if test.host == slow && r.RTT.Min < 30*time.Millisecond {
									t.Errorf("a host 30 ms away has a round trip of %v", r.RTT.Min)
								}
							}
						})
					}
				})
			}
		}
	})
}

// Both ways of asking keep what every prober promises.
func TestSuite(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	hosts(t, func(e probetest.Echo, answer func([]byte, time.Duration)) {
		if e.To != probetest.Host(probetest.Hosts4, silent) && e.To != probetest.Host(probetest.Hosts6, silent) {
			answer(e.Reply(e.To), 0)
		}
	})
	suite := func(p probes.Prober, network netip.Prefix, nowhere string) probetest.Suite {
		s := probetest.Suite{Prober: p}
		s.Answers, s.Silent = target(probetest.Host(network, answering).String()), target(probetest.Host(network, silent).String())
		s.Silent.Check.Count = 1 // on a busy machine more may not leave in the short timeouts of the suite
		s.Unsendable = s.Answers
		s.Unsendable.Source = netip.MustParseAddr(nowhere)
		return s
	}
	t.Run("all", func(t *testing.T) {
		for _, mode := range []icmp.Mode{icmp.PingSocket, icmp.RawSocket} {
			own, library := shared(t, mode), icmp.New(mode)
			icmp.ShareNever(library)
			t.Run(mode.String(), func(t *testing.T) {
				t.Parallel()
				probetest.Run(t, suite(own, probetest.Hosts4, "192.0.2.77"))
				probetest.Run(t, suite(own, probetest.Hosts6, "2001:db8::77"))
				probetest.Run(t, suite(library, probetest.Hosts4, "192.0.2.77"))
			})
		}
	})
}

// A round trip is as long as it took, and a reply as late as it came, however long it
// lies in the socket before it is read.
func TestLateReader(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	hosts(t, func(e probetest.Echo, answer func([]byte, time.Duration)) { answer(e.Reply(e.To), 0) })
	for _, mode := range []icmp.Mode{icmp.PingSocket, icmp.RawSocket} {
		p := shared(t, mode)
		tg := target(probetest.Host(probetest.Hosts4, answering).String())
		tg.Check.Count, tg.Check.Timeout = 1, 300*time.Millisecond
		if r := p.Probe(t.Context(), tg); r.Outcome != vouch.Up {
			t.Fatalf("%s: %v %v (%s), want up", mode, r.Outcome, r.Reason, r.Detail)
		}
		resume := icmp.StopReader(p) // until after the timeout
		time.AfterFunc(time.Second, resume)
		r := p.Probe(t.Context(), tg)
		if r.Outcome != vouch.Up || r.RTT.Max > 300*time.Millisecond {
			t.Errorf("%s: read late: %v %v (%s), round trip %v, want up, within the timeout", mode, r.Outcome, r.Reason, r.Detail, r.RTT.Max)
		}
	}
}

// A host that floods us with replies takes nothing from the others, and what the
// kernel has to drop is never told as the silence of a device.
func TestFlood(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	const n = 20_000
	hosts(t, func(e probetest.Echo, answer func([]byte, time.Duration)) {
		if e.To == probetest.Host(probetest.Hosts4, answering) {
			for range n {
				answer(e.Reply(e.To), 0)
			}
		}
	})
	p := shared(t, icmp.PingSocket)
	flooded, other := target(probetest.Host(probetest.Hosts4, answering).String()), target(probetest.Host(probetest.Hosts4, silent).String())
	for _, tg := range []*probes.Target{&flooded, &other} {
		tg.Check.Count, tg.Check.Timeout = 1, time.Second
	}
	p.Probe(t.Context(), other) // opens the socket
	var rs [2]vouch.Result
	var asking sync.WaitGroup
	resume := icmp.StopReader(p)
	asking.Go(func() { rs[0] = p.Probe(t.Context(), other) })
	asking.Go(func() { rs[1] = p.Probe(t.Context(), flooded) })
	time.AfterFunc(3*time.Second, resume)
	asking.Wait()
	if rs[0].Outcome != vouch.Unknown || rs[0].Reason != vouch.ReasonOverload {
		t.Errorf("silent while packets were dropped = %v %q, want unknown, overload", rs[0].Outcome, rs[0].Reason)
	}
	if rs[1].Outcome != vouch.Up || rs[1].Sent != 1 || rs[1].Lost != 0 {
		t.Errorf("flooded = %v, sent %d lost %d, want up, 1 sent, none lost", rs[1].Outcome, rs[1].Sent, rs[1].Lost)
	}
}

// Where it is this host that finds nobody at the next hop, a device next to it is not
// there; of one farther away it says nothing.
func TestNextHop(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	for _, args := range []string{
		"link set lo up", "link add here type veth peer name there", "link set here up", "link set there up",
		"addr add 198.51.100.1/24 dev here", "route add 203.0.113.0/24 via 198.51.100.2",
		"-6 addr add 2001:db8:1::1/64 dev here nodad", "-6 route add 2001:db8:2::/64 via 2001:db8:1::2",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v: %s", args, err, out)
		}
	}
	p := shared(t, icmp.RawSocket)
	var asking sync.WaitGroup
	for addr, want := range map[string]vouch.Reason{
		"198.51.100.3": vouch.ReasonUnreachable, "203.0.113.1": vouch.ReasonLocation,
		"2001:db8:1::3": vouch.ReasonUnreachable, "2001:db8:2::1": vouch.ReasonLocation,
	} {
		asking.Go(func() {
			tg := target(addr)
			tg.Check.Count, tg.Check.Timeout = 1, 20*time.Second // the kernel looks for a neighbour for 3 s
			ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
			defer stop()
			if r := p.Probe(ctx, tg); r.Reason != want {
				t.Errorf("%s = %v %q (%s), want %q", addr, r.Outcome, r.Reason, r.Detail, want)
			}
		})
	}
	asking.Wait()
}
