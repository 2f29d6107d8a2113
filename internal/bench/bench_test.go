// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "poll, spool, ping, hard or ingest"},
		{"everything", `"everything" cannot be measured`},
		{"poll -devices 20,many", `"many" is not a number of devices`},
		{"poll -devices 1", `"1" is not a number of devices`},
		{"poll -agent /nonexistent", "the agent's program"},
		{"ingest -collector /nonexistent", "start collector"},
		{"agent one two", "agent takes"},
	} {
		err := run(t.Context(), strings.Fields(c.args))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("run(%s) = %v, want an error with %q", c.args, err, c.want)
		}
	}
}

// A process that is gone must not be taken for one that costs nothing.
func TestWatchNoticesTheEnd(t *testing.T) {
	p, err := start(t.Context(), t.TempDir(), "short", "/bin/sh", "-c", "echo because >&2")
	if err != nil {
		t.Fatal(err)
	}
	defer p.end()
	for p.alive() == nil {
		if err := pause(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	_, err = watch(t.Context(), []*process{p}, time.Now(), 1, time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "because") {
		t.Errorf("watch of a process that ended = %v, want an error with what it wrote", err)
	}
}

func TestCPUTime(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; {
		before += 0 // work
	}
	after, err := cpuTime(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("cpuTime = %v after %v, %v: want more", after, before, err)
	}
	if _, err := cpuTime(1 << 23); err == nil {
		t.Error("cpuTime of a number beyond that of any process: no error")
	}
}

// A real agent that polls one device delivers the values that the figures divide by.
func TestEndpointCounts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	device, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), lab.Gateway(interfacesARow), lab.Options{Community: community})
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	vkey, err := agent.VerifierKey(state, agentID)
	if err != nil {
		t.Fatal(err)
	}
	work := assignment(2, time.Now())
	work.Devices, work.References, work.Sealing, work.Heartbeat = work.Devices[:1], nil, 100*time.Millisecond, 100*time.Millisecond
	check := &work.Devices[0].Checks[0]
	check.Addr, check.Port, check.Interval, check.Timeout = device.Addr().Addr(), device.Addr().Port(), time.Second, 900*time.Millisecond
	end, err := newEndpoint(vkey, work)
	if err != nil {
		t.Fatal(err)
	}
	defer end.close()
	prober := snmp.New()
	defer prober.Close()
	done := make(chan error, 2)
	go func() { done <- device.Run(ctx) }()
	go func() {
		done <- agent.Run(ctx, agent.Options{
			ID: agentID, StateDir: state, CollectorURL: end.url, Pin: end.pin,
			Credential: func(string) (probes.Credential, error) {
				return probes.Credential{Version: probes.SNMPv2c, Community: community}, nil
			},
			Probers: map[vouch.Kind]probes.Prober{vouch.KindSNMP: prober},
		})
	}()
	for got := end.taken(); got.polls < 3 || got.values < 3*agentsValues; got = end.taken() {
		if pause(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	got := end.taken()
	if got.polls < 3 || got.values < 3*agentsValues || got.values%agentsValues != 0 || got.sent == 0 || got.beats == 0 || got.refused != 0 || got.broken != nil {
		t.Errorf("taken = %+v (%v), want 3 polls or more, %d values each, heartbeats and nothing refused", got, got.broken, agentsValues)
	}
}

// What the writers sign is what a collector takes.
func TestWriterBatches(t *testing.T) {
	w, err := newWriter(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.prepare(2, 3); err != nil {
		t.Fatal(err)
	}
	verifier, err := evidence.NewVerifier(w.public)
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{verifier: verifier, seen: map[evidence.Hash]bool{}, heads: map[chainKey]wire.Head{}}
	for _, body := range w.bodies {
		raw, err := e.bodies.Read(io.LimitReader(strings.NewReader(string(body)), 1<<20), wire.EncodingZstd)
		if err != nil {
			t.Fatal(err)
		}
		notes, err := wire.SplitNotes(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notes {
			e.open(n)
		}
	}
	if got := e.taken(); got.notes != 6 || got.values != 6*batchValues || got.refused != 0 || got.broken != nil {
		t.Errorf("taken = %+v, want 6 notes with %d values each", got, batchValues)
	}
}

// The figures of the timeline are those of what it was told.
func TestCycles(t *testing.T) {
	begin := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	all := timeline{}
	tell := func(d vouch.DeviceID, at time.Duration, took time.Duration, o vouch.Outcome, lost int) {
		all.note(vouch.Sample{Device: d, Check: "icmp", Result: vouch.Result{Start: begin.Add(at), Duration: took, Outcome: o, Sent: 2, Lost: lost}})
	}
	for i := range 10 {
		tell("on time", time.Duration(i)*interval+3*time.Second, time.Second, vouch.Up, 0)
		if i != 5 { // and one cycle is missing
			tell("late", time.Duration(i)*interval+time.Duration(i%2)*2*time.Second, time.Second, vouch.Up, i%2)
		}
		tell("dead", time.Duration(i)*interval, time.Second, vouch.Down, 2)
	}
	healthy := func(d vouch.DeviceID) bool { return d != "dead" }
	got := all.cycles("icmp", healthy, begin, begin.Add(10*interval), interval)
	want := cycles{share: 0.95, up: 1, lost: 4. / 38, gap: 20 * time.Second, lateness: 3 * time.Second}
	if got != want {
		t.Errorf("cycles = %+v, want %+v", got, want)
	}
	if got := all.cycles("snmp", healthy, begin, begin.Add(time.Hour), interval); got != (cycles{}) {
		t.Errorf("cycles of a check that never ran = %+v, want nothing", got)
	}
	if got := all.cycles("icmp", func(d vouch.DeviceID) bool { return d == "dead" }, begin, begin.Add(2*interval), interval); got.up != 0 || got.share != 1 {
		t.Errorf("cycles of a dead device = %+v, want all made and none up", got)
	}
}
