// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

// network is a prober whose targets answer as the test says.
type network struct {
	mu     sync.Mutex
	silent map[netip.Addr]bool
	rtt    time.Duration
	points []vouch.Point
	noise  int // bytes of a point that does not compress
	dice   *rand.Rand
	asked  map[netip.Addr]int
}

func newNetwork() *network {
	return &network{silent: map[netip.Addr]bool{}, rtt: 5 * time.Millisecond, asked: map[netip.Addr]int{}, dice: rand.New(rand.NewPCG(1, 2))}
}

func (n *network) set(silent bool, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range addrs {
		n.silent[netip.MustParseAddr(a)] = silent
	}
}

func (n *network) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	n.mu.Lock()
	n.asked[t.Check.Addr]++
	silent, rtt, points := n.silent[t.Check.Addr], n.rtt, n.points
	if n.noise > 0 {
		text := make([]byte, n.noise)
		for i := range text {
			text[i] = byte('0' + n.dice.IntN(64))
		}
		points = []vouch.Point{{Measurement: "bulk", Fields: []vouch.Field{{Name: "text", Value: vouch.Text(string(text))}}}}
	}
	n.mu.Unlock()
	wait := rtt
	if silent {
		wait = t.Check.Timeout
	}
	select {
	case <-ctx.Done():
		return a.End(probes.Unknown(vouch.ReasonStopped, ""))
	case <-time.After(wait):
	}
	if silent {
		r := probes.Down(vouch.ReasonTimeout, "")
		r.Sent, r.Lost = 1, 1
		return a.End(r)
	}
	return a.End(vouch.Result{Outcome: vouch.Up, Sent: 1, RTT: vouch.RTT{Min: rtt, Avg: rtt, Max: rtt}, Points: points})
}

// logs collects what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), s)
}

// bench is an agent with its collector and its network, in virtual time.
type bench struct {
	t         *testing.T
	opts      agent.Options
	network   *network
	collector *collector
	memory    atomic.Pointer[memory]
	logs      *logs

	cancel context.CancelFunc
	ended  chan error
}

// assignment is n devices of the customer acme, each asked every 10 s, and the
// references gateway and beyond.
func assignment(n int) wire.Assignment {
	a := wire.Assignment{
		Agent: "a1", Location: "north", Customers: []vouch.CustomerID{"acme"},
		From: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), Sealing: time.Minute, Heartbeat: 10 * time.Second,
		References: []wire.Reference{
			{Reference: vouch.Reference{Name: "gateway", Gateway: true, Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.1")}, Customers: []vouch.CustomerID{"acme"}},
			{Reference: vouch.Reference{Name: "beyond", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("198.51.100.1")}, Customers: []vouch.CustomerID{"acme"}},
		},
	}
	for i := range n {
		a.Devices = append(a.Devices, wire.Device{
			Customer: "acme", ID: vouch.DeviceID(fmt.Sprintf("d%d", i+1)), Class: vouch.ClassRouter,
			Checks: []vouch.Check{{
				Name: "icmp", Kind: vouch.KindICMP, Addr: netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}),
				Interval: 10 * time.Second, Timeout: 2 * time.Second,
			}},
		})
	}
	return a
}

// newBench makes a bench whose collector serves.
func newBench(t *testing.T, a wire.Assignment) *bench {
	t.Helper()
	dir := t.TempDir()
	vkey, err := agent.VerifierKey(dir, "a1")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, network: newNetwork(), collector: newCollector(t, vkey), logs: &logs{}}
	b.collector.assign(a)
	b.opts = agent.Options{
		ID: "a1", StateDir: dir, CollectorURL: "https://collector.test:8443", Pin: b.collector.pin,
		Probers: map[vouch.Kind]probes.Prober{vouch.KindICMP: b.network, vouch.KindSNMP: b.network},
		Log:     slog.New(slog.NewTextHandler(b.logs, nil)),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return b.memory.Load().Dial(ctx, network, address)
		},
	}
	b.up()
	return b
}

// up and down make the collector reachable or not.
func (b *bench) up() {
	m := newMemory()
	b.memory.Store(m)
	b.collector.listen(m)
}

func (b *bench) down() {
	b.memory.Load().Close()
	b.collector.close()
}

// start runs the agent; stop ends it and waits.
func (b *bench) start() {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	b.cancel, b.ended = cancel, ended
	go func() { ended <- agent.Run(ctx, b.opts) }()
}

func (b *bench) stop() {
	b.t.Helper()
	b.cancel()
	if err := <-b.ended; err != nil {
		b.t.Errorf("Run = %v, want nil", err)
	}
}

// outcomes sums the samples of a device up by outcome and reason.
func (b *bench) outcomes(device vouch.DeviceID) map[string]int {
	b.t.Helper()
	sums := map[string]int{}
	for _, s := range b.collector.samples("acme") {
		if s.Device == device {
			sums[strings.TrimSuffix(s.Outcome.String()+" "+string(s.Reason), " ")]++
		}
	}
	return sums
}

// contiguous checks that the batches of a chain follow one another without a hole in
// numbers or, within an epoch, in time.
func contiguous(t *testing.T, items []evidence.Item) {
	t.Helper()
	var c evidence.Chain
	for i, item := range items {
		l := item.Link()
		next, err := c.Next(l)
		if err != nil {
			t.Fatalf("item %d: %v", i, err)
		}
		if i > 0 && l.First > 1 && !l.From.Equal(c.Through) {
			t.Errorf("item %d begins at %v, want %v where the one before ended", i, l.From, c.Through)
		}
		c = next
	}
}

func TestSamplesArriveOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(3))
		b.network.points = []vouch.Point{{Measurement: "interface", Tags: []vouch.Tag{{Key: "name", Value: "wan"}}, Fields: []vouch.Field{{Name: "in", Value: vouch.Uint(1 << 63)}}}}
		b.start()
		time.Sleep(10 * time.Minute)
		b.stop()
		b.down()

		for _, d := range []vouch.DeviceID{"d1", "d2", "d3"} {
			if got := b.outcomes(d); got["up"] != 60 || len(got) != 1 {
				t.Errorf("samples of %s = %v, want 60 up", d, got)
			}
		}
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			items := b.collector.items("acme", stream)
			contiguous(t, items)
			if n := len(items); n < 10 || n > 12 {
				t.Errorf("batches of %s in ten minutes = %d, want one a minute", stream, n)
			}
			first := items[0].(evidence.Batch)
			if first.Begins != evidence.BeginsFirstStart {
				t.Errorf("first batch of %s begins with %q, want %q", stream, first.Begins, evidence.BeginsFirstStart)
			}
			if last := items[len(items)-1].(evidence.Batch); !last.Clock.Known || last.Clock.Offset.Abs() > 10*time.Millisecond {
				t.Errorf("clock of the last batch = %+v, want a known offset near 0", last.Clock)
			}
		}
		if len(b.collector.items(vouch.Provider, vouch.Telemetry)) == 0 {
			t.Error("batches of the provider's telemetry = 0, want the facts of the host")
		}
		references := 0
		for _, s := range b.collector.samples("acme") {
			if s.Reference != "" {
				references++
			}
		}
		if references < 110 || references > 124 {
			t.Errorf("samples of two references = %d, want about 120", references)
		}
	})
}

func TestHeartbeatsTellTheLatestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(2))
		b.start()
		time.Sleep(65 * time.Second)
		regular := len(b.collector.beaten())
		b.network.set(true, "203.0.113.1")
		fell := time.Now()
		time.Sleep(55 * time.Second)
		b.stop()
		b.down()

		if regular < 6 || regular > 8 {
			t.Errorf("heartbeats in 65 s = %d, want one each 10 s", regular)
		}
		for _, h := range b.collector.beaten()[regular:] {
			for l, err := range evidence.DecodeLines(vouch.Availability, h.Lines) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Sample.Device == "d1" && l.Sample.Outcome == vouch.Down {
					// Interval, timeout, and the round of references that is waited for.
					if late := h.At.Sub(l.Sample.Start); late > 2*time.Second+1100*time.Millisecond {
						t.Errorf("heartbeat told of the silence %v after the attempt began, want at most timeout + 1.1 s", late)
					}
					if h.At.Sub(fell) > 14*time.Second {
						t.Errorf("heartbeat told of the silence after %v, want at most interval + timeout + 1 s", h.At.Sub(fell))
					}
					if len(h.Heads) == 0 {
						t.Error("heartbeat names no chain head, want the availability chain")
					}
					return
				}
			}
		}
		t.Error("no heartbeat tells that d1 is down")
	})
}

func TestChangeIsSealedAtOnceAndWatchedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5*time.Minute + 3*time.Second)
		before := len(b.collector.items("acme", vouch.Availability))
		b.network.set(true, "203.0.113.1")
		time.Sleep(14 * time.Second)
		if got := b.outcomes("d1")["down timeout"]; got != 1 {
			t.Errorf("stored down samples 14 s after the device fell silent = %d, want 1", got)
		}
		time.Sleep(5 * time.Minute)
		hot := len(b.collector.items("acme", vouch.Availability)) - before
		b.network.set(false, "203.0.113.1")
		time.Sleep(20 * time.Minute)
		cold := len(b.collector.items("acme", vouch.Availability))
		time.Sleep(5 * time.Minute)
		later := len(b.collector.items("acme", vouch.Availability)) - cold
		b.stop()
		b.down()
		if hot < 28 || hot > 38 {
			t.Errorf("batches in the five minutes after a change to down = %d, want about one each check interval of 10 s", hot)
		}
		if later < 5 || later > 6 {
			t.Errorf("batches in five minutes long after = %d, want one a minute", later)
		}
		contiguous(t, b.collector.items("acme", vouch.Availability))
		if n := len(b.collector.items("acme", vouch.Telemetry)); n != 0 {
			t.Errorf("batches of telemetry without a point = %d, want 0", n)
		}
	})
}

func TestAnswersOfTheDeviceAreNeverExcused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(2))
		b.start()
		time.Sleep(30 * time.Second)
		b.network.set(true, "192.0.2.1", "198.51.100.1", "203.0.113.2") // d1 goes on answering
		time.Sleep(60 * time.Second)
		b.stop()
		b.down()
		if got := b.outcomes("d1"); got["up"] != 9 || len(got) != 1 {
			t.Errorf("samples of d1 = %v, want 9 up", got)
		}
		if got := b.outcomes("d2"); got["down timeout"] != 0 || got["unknown location"] < 5 {
			t.Errorf("samples of d2 = %v, want unknown (location) and never down", got)
		}
	})
}

func TestOwnOutageIsNeverToldAsTheDevices(t *testing.T) {
	for _, tt := range []struct {
		name   string
		silent []string
		want   string
	}{
		{"gateway gone", []string{"192.0.2.1", "198.51.100.1"}, "unknown location"},
		{"references beyond gone", []string{"198.51.100.1"}, "unknown provider network"},
		{"all well", nil, "down timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(5))
				b.start()
				time.Sleep(31 * time.Second)
				b.network.set(true, tt.silent...)
				b.network.set(true, "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5")
				time.Sleep(2 * time.Minute)
				b.stop()
				b.down()
				for i := range 5 {
					d := vouch.DeviceID(fmt.Sprintf("d%d", i+1))
					got := b.outcomes(d)
					if got[tt.want] < 10 || len(got) != 2 {
						t.Errorf("samples of %s = %v, want some up and then only %s", d, got, tt.want)
					}
				}
			})
		})
	}
}

func TestRunRefusesWrongOptions(t *testing.T) {
	err := agent.Run(t.Context(), agent.Options{ID: "a b", CollectorURL: "http://x", QueueBytes: 1, Concurrency: -1, ReferenceInterval: time.Hour})
	for _, want := range []string{"identifier", "state directory", "address of the collector", "pin", "prober", "queue", "concurrency", "reference interval"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run = %v, want a mistake about %q", err, want)
		}
	}
}
