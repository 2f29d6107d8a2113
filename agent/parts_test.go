// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

func TestBackoffDoublesWithJitterAndIsBounded(t *testing.T) {
	var b agent.Backoff
	most := time.Second
	for i := range 20 {
		got := b.After(errors.New("no"))
		if got < most/2 || got > most {
			t.Errorf("wait %d = %v, want %v to %v", i, got, most/2, most)
		}
		most = min(2*most, time.Minute)
	}
}

func TestClockOffsetBelievesTheShortestRoundTrip(t *testing.T) {
	zero := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	for _, tt := range []struct {
		name          string
		observe       [][3]int // sent, received, collector's clock
		asked         int
		offset, bound time.Duration
		known         bool
	}{
		{"nothing", nil, 0, 0, 0, false},
		{"received before sent", [][3]int{{100, 50, 70}}, 100, 0, 0, false},
		{"an hour ago: 100 ppm of drift since", [][3]int{{0, 10, 5}}, 3_600_010, 0, 365 * time.Millisecond, true},
		{"behind", [][3]int{{0, 100, 1050}}, 100, -time.Second, 50 * time.Millisecond, true},
		{"ahead", [][3]int{{0, 100, -1950}}, 100, 2 * time.Second, 50 * time.Millisecond, true},
		{"a slow one after a fast one", [][3]int{{0, 10, 5}, {20, 2020, 2000}}, 2010, 0, 5200 * time.Microsecond, true},
		{"a new one beats an old one that was better", [][3]int{{0, 10, 5}, {900_000, 900_100, 900_050}}, 900_100, 0, 50 * time.Millisecond, true},
	} {
		var c agent.ClockOffset
		for _, o := range tt.observe {
			c.Observe(at(o[0]), at(o[1]), at(o[2]), 0)
		}
		offset, bound, known := c.Estimate(at(tt.asked))
		if offset != tt.offset || bound != tt.bound || known != tt.known {
			t.Errorf("%s: Estimate = %v, %v, %v, want %v, %v, %v", tt.name, offset, bound, known, tt.offset, tt.bound, tt.known)
		}
	}
}

func TestTakeCutsAtWholeMilliseconds(t *testing.T) {
	zero := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	fill := func() *agent.Pending {
		var p agent.Pending
		p.Add(at(3), "ccc")
		p.Add(at(1), "aaa")
		p.Add(at(2), "bb")
		p.Add(at(2), "BB")
		return &p
	}
	for _, tt := range []struct {
		through, limit int
		lines, lost    string
		end, left      int
	}{
		{1, 100, "", "", 1, 10},
		{2, 100, "aaa", "", 2, 7},
		{3, 100, "aaabbBB", "", 3, 3},
		{9, 100, "aaabbBBccc", "", 9, 0},
		{9, 7, "aaabbBB", "", 3, 3},
		{9, 6, "aaa", "", 2, 7}, // one millisecond is not divided
		{9, 2, "", "aaa", 2, 7},
	} {
		p := fill()
		lines, lost, end := p.Take(at(tt.through), tt.limit)
		if lines != tt.lines || lost != tt.lost || !end.Equal(at(tt.end)) || p.Bytes() != tt.left {
			t.Errorf("Take(%d ms, %d) = %q, %q, %v, %d bytes left, want %q, %q, %v, %d",
				tt.through, tt.limit, lines, lost, end, p.Bytes(), tt.lines, tt.lost, at(tt.end), tt.left)
		}
	}
}

func TestNewAssignmentIsFetchedWhenAHeartbeatNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(61 * time.Second)
		fetched := b.collector.asked(wire.PathAssignment)
		b.collector.assign(assignment(2))
		time.Sleep(11 * time.Second)
		// This collector lets nobody wait: it is asked for the change, once more whether
		// it does, and at its interval.
		if n := b.collector.asked(wire.PathAssignment) - fetched; n < 1 || n > 3 {
			t.Errorf("requests for the assignment within 11 s of its change = %d, want 1 to 3", n)
		}
		time.Sleep(2 * time.Minute)
		b.stop()
		b.down()
		if got := b.outcomes("d2")["up"]; got < 11 {
			t.Errorf("samples of the new device in 2 minutes = %d, want 12 or so", got)
		}
		if got := b.outcomes("d1")["up"]; got < 18 || got > 20 {
			t.Errorf("samples of the old device = %d, want 19: it was not disturbed", got)
		}
	})
}

func TestUnusableAssignmentIsIgnored(t *testing.T) {
	for name, spoil := range map[string]func(a *wire.Assignment){
		"for another agent":     func(a *wire.Assignment) { a.Agent = "a2" },
		"with an endless hurry": func(a *wire.Assignment) { c := &a.Devices[0].Checks[0]; c.Interval, c.Timeout = 2, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.start()
				time.Sleep(time.Minute)
				a := assignment(1)
				spoil(&a)
				b.collector.assign(a)
				fetched := b.collector.asked(wire.PathAssignment)
				time.Sleep(10 * time.Minute)
				n := b.collector.asked(wire.PathAssignment) - fetched
				b.stop()
				b.down()
				if got := b.outcomes("d1")["up"]; got != 66 {
					t.Errorf("samples = %d, want 66 by the old assignment", got)
				}
				if n > 30 {
					t.Errorf("requests for the bad assignment in 10 minutes = %d, want no storm", n)
				}
			})
		})
	}
}

func TestWhatCannotBeAskedIsUnknownWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assignment(3)
		a.Devices[0].Checks[0].Kind = "carrier-pigeon"
		a.Devices[1].Checks[0].Credential = "nowhere"
		b := newBench(t, a)
		b.opts.Credential = func(name string) (probes.Credential, error) {
			return probes.Credential{}, fmt.Errorf("credential %q is not configured", name)
		}
		b.start()
		time.Sleep(time.Minute + time.Second)
		b.stop()
		b.down()
		for d, want := range map[vouch.DeviceID]string{"d1": "unknown own socket", "d2": "unknown own socket", "d3": "up"} {
			if got := b.outcomes(d); got[want] != 6 || len(got) != 1 {
				t.Errorf("samples of %s = %v, want 6 %s", d, got, want)
			}
		}
	})
}

func TestWatchLimitIsSealedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assignment(1)
		a.Sealing = 5 * time.Minute
		a.Devices[0].Checks[0].Watch.RTT = 50 * time.Millisecond
		b := newBench(t, a)
		b.start()
		time.Sleep(20*time.Minute + 5*time.Second)
		before := len(b.collector.items("acme", vouch.Availability))
		b.network.mu.Lock()
		b.network.rtt = 80 * time.Millisecond
		b.network.mu.Unlock()
		time.Sleep(12 * time.Second)
		after := len(b.collector.items("acme", vouch.Availability))
		b.stop()
		b.down()
		if after != before+1 {
			t.Errorf("batches within 12 s of slow answers = %d, want 1", after-before)
		}
	})
}

func TestBrokenOffAttemptsAreNotEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(5))
		b.network.set(true, "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5")
		for range 10 {
			b.start()
			time.Sleep(33 * time.Second)
			b.stop() // while most attempts wait for their timeout
		}
		b.down()
		for _, s := range b.collector.samples("acme") {
			if s.Reason == vouch.ReasonStopped {
				t.Errorf("sample of %s%s = %v %q, want none that was broken off", s.Device, s.Reference, s.Outcome, s.Reason)
			}
		}
		contiguousNumbers(t, b.collector.items("acme", vouch.Availability))
	})
}

// An agent whose disk has died speaks on, from memory, but not at once: a number that
// left while the disk only hesitated could be given to another batch after a crash.
func TestDeadDiskDoesNotSilenceTheAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		var dead atomic.Bool
		b.opts.SpoolOn(&journaltest.FS{Fail: func(string, string) error {
			if dead.Load() {
				return syscall.EROFS
			}
			return nil
		}})
		b.start()
		time.Sleep(3*time.Minute + 5*time.Second)
		before := len(b.collector.items("acme", vouch.Availability))
		dead.Store(true)
		time.Sleep(55 * time.Second)
		if got := len(b.collector.items("acme", vouch.Availability)); got != before {
			t.Errorf("batches soon after heads cannot be written = %d, want %d", got, before)
		}
		time.Sleep(5*time.Minute - 55*time.Second)
		if got := len(b.collector.items("acme", vouch.Availability)); got < before+3 {
			t.Errorf("batches with a disk that is dead for 5 minutes = %d, want some more than %d", got, before)
		}
		if n := b.logs.count("heads cannot be written"); n != 1 {
			t.Errorf("lines about heads = %d, want 1", n)
		}
		if n := b.logs.count("spool cannot be written"); n != 1 {
			t.Errorf("lines about the spool = %d, want 1", n)
		}
		dead.Store(false)
		time.Sleep(time.Minute)
		b.stop()
		b.down()
		if got := b.outcomes("d1")["up"]; got < 54 {
			t.Errorf("samples = %d, want 55: nothing is lost", got)
		}
		contiguous(t, b.collector.items("acme", vouch.Availability))
	})
}

func TestBatchesStayBelowOneMegabyte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(100))
		for i := range 20 {
			b.network.points = append(b.network.points, vouch.Point{
				Measurement: "bulk", Tags: []vouch.Tag{{Key: "row", Value: fmt.Sprint(i)}},
				Fields: []vouch.Field{{Name: "text", Value: vouch.Text(strings.Repeat("y", 300))}},
			})
		}
		b.start()
		time.Sleep(3 * time.Minute)
		b.stop()
		b.down()
		points := 0
		for _, item := range b.collector.items("acme", vouch.Telemetry) {
			batch := item.(evidence.Batch)
			points += batch.Count
			if len(batch.Raw) > 1_000_000 {
				t.Errorf("batch %d = %d bytes, want at most 1 MB", batch.Seq, len(batch.Raw))
			}
		}
		if want := 100 * 18 * 20; points != want {
			t.Errorf("points = %d, want %d", points, want)
		}
		contiguous(t, b.collector.items("acme", vouch.Telemetry))
	})
}

func TestMetricsAndHealthAreServed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	listen := ln.Addr().String()
	b := newBench(t, assignment(1))
	defer b.down()
	b.opts.MetricsListen = listen
	if err := agent.Run(t.Context(), b.opts); err == nil || !strings.Contains(err.Error(), "listen for metrics on "+listen) {
		t.Errorf("Run on a port in use = %v, want an error that names it", err)
	}
	ln.Close()
	b.start()
	defer b.stop()
	for path, wants := range map[string][]string{
		"/healthz": {"ok"},
		"/metrics": {
			"# TYPE vouch_agent_up gauge\nvouch_agent_up 1\n", "vouch_agent_checks_total{outcome=\"up\"} ", "vouch_agent_queue_bytes ",
			"vouch_agent_dropped_samples_total 0\n", "vouch_agent_heartbeat_errors_total ", "vouch_agent_late_seconds_max ",
		},
	} {
		body := get(t, "http://"+listen+path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("GET %s = %q, want %q in it", path, body, want)
			}
		}
	}
}

// get reads a page, waiting for the server to listen.
func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		check(t, err)
		resp, err := client.Do(req)
		if err == nil {
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			check(t, err)
			return string(body)
		}
		if ctx.Err() != nil {
			t.Fatalf("GET %s = %v", url, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBatchEndsBeforeAttemptsThatAreStillRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(20))
		for i := range 10 {
			b.network.set(true, fmt.Sprintf("203.0.113.%d", i+1)) // two seconds in flight each time
		}
		b.start()
		for i := range 30 { // the others keep changing, so that batches are sealed all the time
			time.Sleep(7 * time.Second)
			for k := 10; k < 20; k++ {
				b.network.set((i+k)%2 == 0, fmt.Sprintf("203.0.113.%d", k+1))
			}
		}
		b.stop()
		b.down() // the collector checked that no line lies outside its batch
		contiguous(t, b.collector.items("acme", vouch.Availability))
		if got := begins(b.collector.items("acme", vouch.Availability)); len(got) != 1 {
			t.Errorf("epochs begin with %q, want one: no sample may come too late for its batch", got)
		}
		for i := range 20 {
			d := vouch.DeviceID(fmt.Sprintf("d%d", i+1))
			sum := 0
			for _, n := range b.outcomes(d) {
				sum += n
			}
			if sum < 20 || sum > 21 {
				t.Errorf("samples of %s = %d, want 21", d, sum)
			}
		}
	})
}
