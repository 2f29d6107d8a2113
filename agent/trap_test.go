// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
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

// wireless is a listener into which the test speaks: a socket would hold virtual time up.
// The real one hears real traps in internal/e2e.
type wireless struct {
	hearer atomic.Pointer[probes.TrapHost]
}

// host is on whose behalf it listens.
func (w *wireless) host() *probes.TrapHost { return w.hearer.Load() }

func (w *wireless) Addrs() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("192.0.2.20:162")}
}

func (w *wireless) Run(ctx context.Context, h probes.TrapHost) error {
	w.hearer.Store(&h)
	<-ctx.Done()
	return nil
}

// send is what the real listener does with a trap that is accepted.
func (w *wireless) send(from, oid string) {
	a := netip.MustParseAddr(from)
	if !w.host().Known(a) {
		w.host().Count(probes.TrapUnknownSender, a)
		return
	}
	w.host().Count(probes.TrapAccepted, a)
	w.host().Accept(probes.Trap{From: a, OID: oid})
}

// trapLines returns the points of traps that arrived, by device and name: how many traps
// they count.
func trapLines(t *testing.T, c *collector) map[string]uint64 {
	t.Helper()
	got := map[string]uint64{}
	for _, item := range c.items("acme", vouch.Telemetry) {
		b := item.(evidence.Batch)
		for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
			if err != nil {
				t.Fatal(err)
			}
			if line.Point.Measurement == "trap" {
				if line.Point.Fields[0].Name != "oid" || line.Point.Fields[1].Name != "count" || len(line.Point.Fields) != 2 {
					t.Errorf("a trap's point has the fields %v, want its OID and count alone", line.Point.Fields)
				}
				got[string(line.Sample.Device)+" "+line.Point.Tags[0].Value] += line.Point.Fields[1].Value.Uint()
			}
		}
	}
	return got
}

const linkDown = "1.3.6.1.6.3.1.1.5.3"

func TestTrapHasItsDevicePolledAndIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assignment(3)
		a.Profiles = []vouch.Profile{{Name: "door", Class: vouch.ClassOther, Traps: []vouch.Trap{{OID: "1.3.6.1.4.1.99999.0.1", Name: "doorOpen"}}}}
		for i := range a.Devices {
			a.Devices[i].Checks[0].Interval, a.Devices[i].Checks[0].Timeout = time.Minute, 2*time.Second
		}
		a.Devices[1].Checks[0].Profile = "door"
		b := newBench(t, a)
		radio := &wireless{}
		b.opts.Traps = &agent.Traps{Listener: radio, Credentials: []string{"lab"}}
		b.opts.StatusSocket = ""
		b.start()
		time.Sleep(5 * time.Minute)

		// A quarter of a minute before the slot of the first device.
		var last time.Time
		for _, s := range b.collector.samples("acme") {
			if s.Device == "d1" {
				last = later(last, s.Start)
			}
		}
		for !time.Now().Before(last) {
			last = last.Add(time.Minute)
		}
		time.Sleep(time.Until(last.Add(45 * time.Second)))
		sent := time.Now()
		b.network.set(true, "203.0.113.1") // it falls silent, and says so
		radio.send("203.0.113.1", linkDown)
		radio.send("203.0.113.1", linkDown)
		radio.send("203.0.113.2", "1.3.6.1.4.1.99999.0.1") // as of v1
		radio.send("203.0.113.2", "1.3.6.1.4.1.99999.1")   // as of v2c
		radio.send("203.0.113.2", "1.3.6.1.4.1.99999.0.2")
		radio.send("198.51.100.1", linkDown) // a reference: no device
		radio.send("203.0.113.9", linkDown)
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()

		var extra, turns int
		for _, s := range b.collector.samples("acme") {
			switch {
			case s.Device == "d1" && s.Start.Sub(sent).Abs() < 100*time.Millisecond:
				extra++
				if s.Outcome != vouch.Down {
					t.Errorf("the sample out of turn is %v, want what the poll found: down", s.Outcome)
				}
			case s.Device == "d1":
				turns++
				if s.Start.Before(sent) != (s.Outcome == vouch.Up) {
					t.Errorf("sample at %v is %v; the device fell silent at %v", s.Start, s.Outcome, sent)
				}
			}
		}
		if extra != 1 || turns < 10 || turns > 12 {
			t.Errorf("samples of the device: %d with the trap, %d others, want 1 and about 11", extra, turns)
		}
		want := map[string]uint64{"d1 linkDown": 2, "d2 doorOpen": 2, "d2 other": 1}
		got := trapLines(t, b.collector)
		if len(got) != len(want) || got["d1 linkDown"] != 2 || got["d2 doorOpen"] != 2 || got["d2 other"] != 1 {
			t.Errorf("noted traps = %v, want %v", got, want)
		}
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			contiguous(t, b.collector.items("acme", stream))
		}
	})
}

// What an agent does not measure any more, it does not know.
func TestTrapsFollowTheAssignment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(2))
		radio := &wireless{}
		b.opts.Traps = &agent.Traps{Listener: radio}
		b.start()
		time.Sleep(time.Minute)
		b.collector.assign(assignment(1))
		time.Sleep(2 * time.Minute)
		if !radio.host().Known(netip.MustParseAddr("203.0.113.1")) || radio.host().Known(netip.MustParseAddr("203.0.113.2")) {
			t.Error("the second device is known although it is not assigned, or the first is not")
		}
		b.stop()
		b.down()
	})
}

func TestCredentialsOfTrapsAreThoseOfTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		radio := &wireless{}
		known := map[string]probes.Credential{"lab": {Version: probes.SNMPv2c, Community: "one"}}
		b.opts.Credential = func(name string) (probes.Credential, error) {
			if c, ok := known[name]; ok {
				return c, nil
			}
			return probes.Credential{}, agent.ErrNoCredential
		}
		b.opts.Traps = &agent.Traps{Listener: radio, Credentials: []string{"lab", "core"}}
		b.start()
		time.Sleep(time.Minute)
		for range 100 {
			if got := radio.host().Credentials(); len(got) != 1 || got[0].Community != "one" {
				t.Fatalf("credentials = %v, want lab alone", got)
			}
		}
		known["core"] = probes.Credential{Version: probes.SNMPv3, User: "u"}
		if got := radio.host().Credentials(); len(got) != 2 {
			t.Errorf("credentials after core is known = %v, want both", got)
		}
		b.stop()
		b.down()
		if n := b.logs.count("cannot be taken"); n != 1 {
			t.Errorf("it is said %d times that core is not known, want once", n)
		}
	})
}

// The engine of informs stays the same, and its starts are counted, as RFC 3414 has it.
func TestEngineOfInformsLastsAndCountsItsStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.Assignment{Agent: "a1", Location: "north", Sealing: time.Minute, Heartbeat: 10 * time.Second})
		radio := &wireless{}
		b.opts.Traps = &agent.Traps{Listener: radio}
		var engine []byte
		start := func() uint32 {
			b.start()
			time.Sleep(30 * time.Second)
			b.stop()
			if n := len(radio.host().EngineID); n < 5 || n > 32 || engine != nil && !bytes.Equal(engine, radio.host().EngineID) {
				t.Errorf("engine = %x, want %x", radio.host().EngineID, engine)
			}
			engine = radio.host().EngineID
			return radio.host().Boots
		}
		for want := range uint32(3) {
			if got := start(); got != want+1 {
				t.Errorf("boots = %d, want %d", got, want+1)
			}
		}
		file := filepath.Join(b.opts.StateDir, "trap-boots")
		for _, broken := range []string{"", "seven\n", "-1\n", "2147483647\n"} {
			if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := start(); got != 0 {
				t.Errorf("boots after %q = %d, want 0: unknown", broken, got)
			}
		}
		if b.logs.count("cannot be counted") != 4 {
			t.Errorf("said %d times, want 4", b.logs.count("cannot be counted"))
		}
		b.down()
	})
}

// A port that cannot be had keeps nothing from being measured.
func TestAgentWithoutItsTrapListenerMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.opts.Traps = &agent.Traps{Problem: "permission denied"}
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		if got := b.outcomes("d1"); got["up"] != 30 {
			t.Errorf("samples = %v, want 30 up", got)
		}
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
