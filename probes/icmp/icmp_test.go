// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp_test

import (
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
)

func prober(t *testing.T) *icmp.Prober {
	t.Helper()
	mode, err := icmp.Access(t.Context())
	if err != nil {
		t.Skip(err)
	}
	return icmp.New(mode)
}

func target(addr string) probes.Target {
	return probes.Target{Check: vouch.Check{
		Kind: vouch.KindICMP, Addr: netip.MustParseAddr(addr), Timeout: 10 * time.Second,
		Count: 4, Spacing: 10 * time.Millisecond, Size: 64,
	}}
}

func TestProbe(t *testing.T) {
	p := prober(t)
	for _, addr := range []string{"127.0.0.1", "127.9.9.9", "::1"} {
		tg := target(addr)
		r := p.Probe(t.Context(), tg)
		if addr == "::1" && r.Reason == vouch.ReasonSocket {
			t.Logf("no IPv6 on this host: %s", r.Detail)
			continue
		}
		if r.Outcome != vouch.Up || r.Sent != 4 || r.Lost != 0 {
			t.Errorf("Probe(%s) = %v %v (%s) sent %d lost %d, want up, 4 sent, none lost", addr, r.Outcome, r.Reason, r.Detail, r.Sent, r.Lost)
		}
		if r.RTT.Jitter%time.Microsecond != 0 {
			t.Errorf("Probe(%s): jitter = %v, want whole microseconds", addr, r.RTT.Jitter)
		}
	}
}

func TestProbeFromSource(t *testing.T) {
	tg := target("127.0.0.1")
	tg.Source = netip.MustParseAddr("127.0.0.5")
	if r := prober(t).Probe(t.Context(), tg); r.Outcome != vouch.Up {
		t.Errorf("Probe from 127.0.0.5 = %v %v (%s), want up", r.Outcome, r.Reason, r.Detail)
	}
}

func TestProbeWithoutRights(t *testing.T) {
	r := icmp.New(icmp.None).Probe(t.Context(), target("127.0.0.1"))
	if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonSocket || !strings.Contains(r.Detail, "setcap") {
		t.Errorf("Probe = %v %v (%s), want unknown, own socket, with the cure", r.Outcome, r.Reason, r.Detail)
	}
}

// A kernel that keeps refusing to send makes pro-bing try for ever; the attempt must
// end all the same.
func TestEndlessSending(t *testing.T) {
	for _, err := range []error{syscall.EACCES, syscall.ENOBUFS} {
		if got := icmp.TriesUntilGivenUp(err); got != 2 {
			t.Errorf("%v: gave up at try %d, want 2", err, got)
		}
	}
}

func TestSummary(t *testing.T) {
	const us = time.Microsecond
	tests := []struct {
		name string
		rtts []time.Duration
		want vouch.RTT
	}{
		{"none", nil, vouch.RTT{}},
		{"all lost", []time.Duration{-1, -1}, vouch.RTT{}},
		{"one reply has no jitter", []time.Duration{-1, 7 * us}, vouch.RTT{Min: 7 * us, Avg: 7 * us, Max: 7 * us}},
		{"lost ones are passed over", []time.Duration{10 * us, -1, 30 * us, 20 * us}, vouch.RTT{Min: 10 * us, Avg: 20 * us, Max: 30 * us, Jitter: 15 * us}},
		{"jitter is cut to microseconds", []time.Duration{10 * us, 11 * us, 13 * us}, vouch.RTT{Min: 10 * us, Avg: 34 * us / 3, Max: 13 * us, Jitter: us}},
	}
	for _, test := range tests {
		if got := icmp.Summary(test.rtts); got != test.want {
			t.Errorf("%s: Summary(%v) = %+v, want %+v", test.name, test.rtts, got, test.want)
		}
	}
}

// An attempt allocates nothing of its own, and a packet neither.
func TestProbeAllocates(t *testing.T) {
	p := prober(t)
	icmp.ShareNow(p)
	defer p.Close()
	tg := target("127.0.0.1")
	tg.Check.Count, tg.Check.Spacing = 2, time.Microsecond
	if got := testing.AllocsPerRun(100, func() { p.Probe(t.Context(), tg) }); got > 1 {
		t.Errorf("an attempt of two requests allocates %v times, want at most once", got)
	}
}

// Reports the cost of a round of one request over a shared socket and by pro-bing.
func BenchmarkProbe(b *testing.B) {
	for _, own := range []bool{true, false} {
		b.Run(map[bool]string{true: "shared", false: "pro-bing"}[own], func(b *testing.B) {
			mode, err := icmp.Access(b.Context())
			if err != nil {
				b.Skip(err)
			}
			p := icmp.New(mode)
			defer p.Close()
			if own {
				icmp.ShareNow(p)
			}
			tg := target("127.0.0.1")
			tg.Check.Count = 1
			for b.Loop() {
				p.Probe(b.Context(), tg)
			}
		})
	}
}
