// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// backlog fills the spool of an agent that has not run yet with a batch of each stream a
// minute, until now, and returns how many notes lie there.
func backlog(t *testing.T, dir string, minutes, devices int) int {
	t.Helper()
	maker, err := agent.NewSpoolMaker(dir)
	check(t, err)
	maker.Size = 64 << 20
	maker.Now = time.Now().UTC().Add(-time.Duration(minutes) * time.Minute)
	s, err := maker.Run(journal.Dir(filepath.Join(dir, "spool")), dir)
	check(t, err)
	s.Upload(1, func() []wire.Head { return nil }, nil) // it has spoken with its collector once
	for range minutes {
		for d := range devices {
			s.Record(vouch.Sample{
				Customer: "acme", Device: vouch.DeviceID(fmt.Sprintf("d%d", d+1)), Check: "icmp", Kind: vouch.KindICMP, Interval: time.Minute, Timeout: time.Second,
				Result: vouch.Result{Start: maker.Now, Outcome: vouch.Up, Sent: 1, RTT: vouch.RTT{Min: 1, Avg: 1, Max: 1},
					Points: []vouch.Point{{Measurement: "m", Fields: []vouch.Field{{Name: "f", Value: vouch.Uint(uint64(maker.Now.UnixNano()))}}}}},
			})
		}
		maker.Now = maker.Now.Add(time.Minute)
		if !s.Seal() {
			t.Fatal("the backlog does not lie on disk")
		}
	}
	s.Close()
	return 2 * minutes
}

// TestHeartbeatsStayFreshDuringAWeekOfBacklog lets a week (two days in a short round) go up to a collector that takes
// a quarter of a minute for a request, breaks some off, and is restarted by an agent in
// the middle: heartbeats come every ten seconds with what is found now, batches in the
// order of their chains, many in a request and within bounds, and none twice but those of
// requests that broke off.
func TestHeartbeatsStayFreshDuringAWeekOfBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		days := 2
		if os.Getenv("VOUCH_SOAK") != "" {
			days = 7
		}
		want := backlog(t, b.opts.StateDir, days*24*60, 1)
		var requests, broken atomic.Int64
		b.collector.set(func(c *collector) {
			c.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != wire.PathBatches {
					return false
				}
				body, err := io.ReadAll(r.Body)
				if err != nil { // the agent was stopped
					broken.Add(1)
					panic(http.ErrAbortHandler)
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				n := requests.Add(1)
				time.Sleep(15 * time.Second)
				if n%10 == 3 {
					broken.Add(1)
					panic(http.ErrAbortHandler)
				}
				return false
			}
		})
		began := time.Now()
		arrived := func() int {
			return len(b.collector.items("acme", vouch.Availability)) + len(b.collector.items("acme", vouch.Telemetry))
		}
		b.start()
		for stopped := false; arrived() < want && time.Since(began) < 24*time.Hour; {
			time.Sleep(time.Minute)
			if !stopped && arrived() > want/2 {
				stopped = true
				b.stop()
				b.start()
			}
		}
		ended := time.Now()
		b.stop()
		time.Sleep(time.Minute) // what was under way at the collector ends
		b.down()
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			items := b.collector.items("acme", stream)
			contiguousNumbers(t, items)
			if n := len(gaps(items)); n != 0 || len(items) < days*24*60 {
				t.Errorf("%s: %d items, %d gaps, want %d batches or more and no gap", stream, len(items), n, days*24*60)
			}
		}
		if n, least := int(requests.Load()), want/wire.MaxNotes; n < least || n > least+least/4+int(broken.Load())+30 {
			t.Errorf("requests for %d notes = %d, %d of them broken off, want little more than %d", want, n, broken.Load(), least)
		}
		last := began
		for _, h := range b.collector.beaten() {
			if h.At.After(ended) {
				break
			}
			if gap := h.At.Sub(last); gap > 13*time.Second { // an interval, and a restart
				t.Errorf("%v without a heartbeat at %v, want 10 s while a backlog goes up", gap, h.At.Sub(began))
			}
			last = h.At
			if h.At.Sub(began) < time.Minute {
				continue
			}
			for l, err := range evidence.DecodeLines(vouch.Availability, h.Lines) {
				check(t, err)
				if age := h.At.Sub(l.Sample.Start); age > 15*time.Second {
					t.Errorf("a heartbeat tells of %s%s as it was %v ago, want an interval at most", l.Sample.Device, l.Sample.Reference, age)
				}
			}
		}
		t.Logf("%d notes in %d requests, %d broken off, %v; %d heartbeats meanwhile", want, requests.Load(), broken.Load(), ended.Sub(began), len(b.collector.beaten()))
	})
}

// TestRetryAfterIsADate: a collector may say until when to wait, as RFC 9110, 10.2.3, has it.
func TestRetryAfterIsADate(t *testing.T) {
	for _, tt := range []struct {
		name      string
		code      int
		after     time.Duration
		most, few int // requests in 20 minutes
	}{
		{"in two minutes", http.StatusTooManyRequests, 2 * time.Minute, 11, 9},
		{"in a year", http.StatusServiceUnavailable, 365 * 24 * time.Hour, 5, 4}, // bounded: every five minutes
		{"in the past", http.StatusTooManyRequests, -time.Hour, 40, 20},          // the usual back-off
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.collector.set(func(c *collector) {
					c.before = func(w http.ResponseWriter, r *http.Request) bool {
						return refuse(wire.PathBatches, tt.code, time.Now().Add(tt.after).UTC().Format(http.TimeFormat))(w, r)
					}
				})
				b.start()
				time.Sleep(20 * time.Minute)
				n := b.collector.asked(wire.PathBatches)
				b.stop()
				b.down()
				if n > tt.most || n < tt.few {
					t.Errorf("requests in 20 minutes = %d, want %d to %d", n, tt.few, tt.most)
				}
			})
		})
	}
}
