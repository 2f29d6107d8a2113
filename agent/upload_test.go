// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
	"github.com/vouch-sla/vouch/internal/wire"
)

// refuse answers requests for a path with a status.
func refuse(path string, code int, after string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, `{"error":"busy"}`)
		return true
	}
}

func TestTroubleAtTheCollectorLosesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(http.ResponseWriter, *http.Request) bool
		after  func(http.ResponseWriter, *wire.BatchesAnswer) bool
	}{
		{"503 with Retry-After", refuse(wire.PathBatches, http.StatusServiceUnavailable, "20"), nil},
		{"429", refuse(wire.PathBatches, http.StatusTooManyRequests, ""), nil},
		{"403", refuse(wire.PathBatches, http.StatusForbidden, ""), nil},
		{"redirect", func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == wire.PathBatches {
				http.Redirect(w, r, "https://elsewhere.test/", http.StatusTemporaryRedirect)
				return true
			}
			return false
		}, nil},
		{"no answer", func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == wire.PathBatches {
				panic(http.ErrAbortHandler)
			}
			return false
		}, nil},
		{"garbage instead of heads", func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == wire.PathHeads {
				fmt.Fprint(w, "\x00\xff{{{")
				return true
			}
			return false
		}, nil},
		{"stored, then 500", nil, func(w http.ResponseWriter, _ *wire.BatchesAnswer) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}},
		{"stored, then garbage", nil, func(w http.ResponseWriter, _ *wire.BatchesAnswer) bool {
			fmt.Fprint(w, "<html>")
			return true
		}},
		{"stored, then too few results", nil, func(w http.ResponseWriter, a *wire.BatchesAnswer) bool {
			fmt.Fprint(w, `{"results":[]}`)
			return true
		}},
		{"stored, then an endless answer", nil, func(w http.ResponseWriter, _ *wire.BatchesAnswer) bool {
			for range 300 {
				fmt.Fprint(w, strings.Repeat(" ", 8<<10))
			}
			return true
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.collector.set(func(c *collector) { c.before, c.after = tt.before, tt.after })
				b.start()
				time.Sleep(10 * time.Minute)
				b.collector.set(func(c *collector) { c.before, c.after = nil, nil })
				time.Sleep(5 * time.Minute)
				b.stop()
				b.down()
				const want = 90
				if got := b.outcomes("d1")["up"]; got < want-1 || got > want {
					t.Errorf("samples = %d, want %d", got, want)
				}
				if n := b.logs.count("upload fails"); n != 1 {
					t.Errorf("lines about a failing upload = %d, want 1", n)
				}
				if n := b.logs.count("upload works again"); n != 1 {
					t.Errorf("lines about a working upload = %d, want 1", n)
				}
				if n := len(gaps(b.collector.items("acme", vouch.Availability))); n != 0 {
					t.Errorf("gaps = %d, want 0", n)
				}
			})
		})
	}
}

func TestUploadBacksOffAndRespectsRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		after     string
		most, few int
	}{
		{"", 40, 20},      // doubling from 1 s to 1 min: some 25 in 20 minutes
		{"120", 11, 9},    // every two minutes and a little
		{"99999", 5, 4},   // bounded: every five minutes
		{"never", 40, 20}, // not a Retry-After
	} {
		t.Run("after "+tt.after, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.collector.set(func(c *collector) { c.before = refuse(wire.PathBatches, http.StatusServiceUnavailable, tt.after) })
				b.start()
				time.Sleep(20 * time.Minute)
				n := b.collector.asked(wire.PathBatches)
				beats := b.collector.asked(wire.PathHeartbeats)
				b.stop()
				b.down()
				if n > tt.most || n < tt.few {
					t.Errorf("requests in 20 minutes of 503 = %d, want %d to %d", n, tt.few, tt.most)
				}
				if beats < 118 {
					t.Errorf("heartbeats meanwhile = %d, want 120: they do not wait for batches", beats)
				}
			})
		})
	}
}

func TestWrongPinIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.opts.Pin[0] ^= 1
		b.start()
		time.Sleep(10 * time.Minute)
		b.stop()
		b.down()
		for path, n := range b.collector.requests {
			t.Errorf("requests for %s = %d, want 0: the server is not the pinned one", path, n)
		}
		if b.logs.count("is not the pinned one") == 0 {
			t.Error("log says nothing of the pin")
		}
	})
}

func TestRefusedCustomerDoesNotHoldUpAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assignment(1)
		a.Customers = append(a.Customers, "other")
		other := a.Devices[0]
		other.Customer = "other"
		a.Devices = append(a.Devices, other)
		b := newBench(t, a)
		b.collector.set(func(c *collector) {
			c.tolerant = true
			c.chains[chainName("other", vouch.Availability)] = evidence.Chain{Epoch: 1 << 62, Seq: 1} // takes no note
		})
		b.start()
		time.Sleep(20 * time.Minute)
		requests := b.collector.asked(wire.PathBatches)
		b.stop()
		b.down()
		if got := b.outcomes("d1")["up"]; got != 120 {
			t.Errorf("samples of acme = %d, want 120", got)
		}
		if requests > 100 {
			t.Errorf("requests = %d, want no storm because of the other customer", requests)
		}
	})
}

func TestFullQueueDropsBeforeSealingAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(20))
		b.opts.QueueBytes = 4 << 20
		b.opts.SpoolOn(&journaltest.FS{Fail: onlyHeads}) // all that is left is memory
		b.network.points = []vouch.Point{{Measurement: "bulk", Fields: []vouch.Field{{Name: "text", Value: vouch.Text(strings.Repeat("x", 8000))}}}}
		b.collector.set(func(c *collector) { c.before = refuse(wire.PathBatches, http.StatusServiceUnavailable, "") })
		b.start()
		time.Sleep(2 * time.Hour) // 115 MB of telemetry, 3.6 MB of evidence
		b.collector.set(func(c *collector) { c.before = nil })
		time.Sleep(10 * time.Minute)
		b.stop()
		b.down()

		kept, dropped, points := 0, uint64(0), 0
		for _, item := range b.collector.items("acme", vouch.Telemetry) {
			batch := item.(evidence.Batch)
			points += batch.Count
			dropped += batch.Dropped
		}
		if size := points * 8000; size < 2<<20 || size > 20<<20 {
			t.Errorf("telemetry that survived = %d bytes, want at least the 2 MB of the queue that it may fill", size)
		}
		if want := 20 * 6 * 130; points+int(dropped) < want-40 || points+int(dropped) > want {
			t.Errorf("points stored + dropped = %d + %d, want %d together: nothing is lost in silence", points, dropped, want)
		}
		for _, s := range b.collector.samples("acme") {
			if s.Device != "" {
				kept++
			}
		}
		if kept < 20*6*55 {
			t.Errorf("samples of availability = %d of %d, want the half of the queue that telemetry may not fill", kept, 20*6*130)
		}
		contiguous(t, b.collector.items("acme", vouch.Telemetry))
	})
}

func TestAgentOverARealSocket(t *testing.T) {
	a := assignment(2)
	a.Sealing, a.Heartbeat = 100*time.Millisecond, 100*time.Millisecond
	for i := range a.Devices {
		a.Devices[i].Checks[0].Interval, a.Devices[i].Checks[0].Timeout = 100*time.Millisecond, 50*time.Millisecond
	}
	b := newBench(t, a)
	b.down()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.collector.listen(ln)
	b.opts.Dial, b.opts.CollectorURL = nil, "https://"+ln.Addr().String()
	b.opts.MetricsListen = "127.0.0.1:0"
	b.start()
	deadline := time.Now().Add(20 * time.Second)
	for b.outcomes("d1")["up"] < 5 || b.outcomes("d2")["up"] < 5 {
		if time.Now().After(deadline) {
			t.Fatalf("samples after 20 s = %v, want five of each device; log:\n%s", b.outcomes("d1"), b.logs.buf.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.stop()
	b.collector.close()
	contiguous(t, b.collector.items("acme", vouch.Availability))
}

// A collector that comes back is brought what waits as soon as a heartbeat shows it, not
// when a back-off that has grown to a minute ends.
func TestUploadFollowsTheFirstHeartbeatThatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5 * time.Minute)
		b.collector.set(func(c *collector) {
			c.before = func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
		})
		time.Sleep(20 * time.Minute)
		before := len(b.collector.samples("acme"))
		beats := len(b.collector.beaten())
		b.collector.set(func(c *collector) { c.before = nil })
		for len(b.collector.beaten()) == beats {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second) // of virtual time: the moment by which agents are spread, and some
		after := len(b.collector.samples("acme"))
		b.stop()
		b.down()
		if after <= before {
			t.Errorf("samples at the collector 2 s after a heartbeat works again = %d, want more than the %d before", after, before)
		}
	})
}
