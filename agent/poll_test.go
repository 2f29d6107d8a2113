// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// patience makes the little collector let requests for an assignment wait, as a real
// one does.
type patience struct {
	mu      sync.Mutex
	changed chan struct{}
	deaf    bool // a request that waits is never answered
	most    int  // requests that waited at a time
	now     int
}

func (p *patience) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *patience) before(c *collector) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		wait := wire.Wait(r.Header)
		c.mu.Lock()
		same := r.Header.Get("If-None-Match") == wire.ETag(c.assignment)
		c.mu.Unlock()
		if r.URL.Path != wire.PathAssignment || wait == 0 || !same {
			return false
		}
		p.mu.Lock()
		changed, deaf := p.changed, p.deaf
		p.now++
		p.most = max(p.most, p.now)
		p.mu.Unlock()
		if deaf {
			changed, wait = nil, time.Hour
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-changed:
		case <-timer.C:
		case <-r.Context().Done():
		}
		p.mu.Lock()
		p.now--
		p.mu.Unlock()
		return false
	}
}

// everyTen checks that samples are 10 s apart: none missed, none doubled.
func everyTen(t *testing.T, c *collector, device vouch.DeviceID) (starts []time.Time) {
	t.Helper()
	for _, s := range c.samples("acme") {
		if s.Device == device {
			starts = append(starts, s.Start)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	for i := 1; i < len(starts); i++ {
		if gap := starts[i].Sub(starts[i-1]); gap != 10*time.Second {
			t.Errorf("%s: sample %d is %v after the one before, want 10s", device, i, gap)
		}
	}
	return starts
}

// A change reaches an agent that waits for it at once, whatever is changed beside, and
// what did not change keeps its phase.
func TestChangeReachesAWaitingAgentAndDisturbsNothingElse(t *testing.T) {
	for name, deaf := range map[string]bool{"the collector answers": false, "the connection that waits is dead": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(2))
				p := &patience{changed: make(chan struct{}), deaf: deaf}
				b.collector.set(func(c *collector) { c.before = p.before(c) })
				b.start()
				time.Sleep(10 * time.Minute)
				quiet := b.collector.asked(wire.PathAssignment)
				if !deaf && quiet > 15 {
					t.Errorf("requests in 10 quiet minutes = %d, want one for each time of waiting", quiet)
				}

				var changes []time.Time
				for i := range 10 { // device 3 comes and goes, device 1 is asked otherwise
					a := assignment(2 + i%2)
					a.Devices[0].Checks[0].Count = i + 1
					b.collector.assign(a)
					p.tell()
					changes = append(changes, time.Now())
					time.Sleep(33 * time.Second)
				}
				b.stop()
				b.down()
				if starts := everyTen(t, b.collector, "d2"); len(starts) < 92 || len(starts) > 93 {
					t.Errorf("samples of the untouched device in 930 s = %d, want one every 10 s", len(starts))
				}
				var third []time.Time
				for _, s := range b.collector.samples("acme") {
					if s.Device == "d3" {
						third = append(third, s.Start)
					}
				}
				for i, at := range changes {
					there := func(s time.Time) bool { return s.After(at) && s.Before(at.Add(33*time.Second)) }
					reached := slices.IndexFunc(third, there) >= 0 && third[slices.IndexFunc(third, there)].Before(at.Add(20*time.Second))
					late := slices.ContainsFunc(third, func(s time.Time) bool { return s.After(at.Add(13*time.Second)) && s.Before(at.Add(33*time.Second)) })
					if i%2 == 1 && !reached {
						t.Errorf("change %d: no sample of the new device within 10 s and its interval", i)
					}
					if i%2 == 0 && late {
						t.Errorf("change %d: a device that is gone was asked 13 s later", i)
					}
				}
				if p.most > 1 {
					t.Errorf("requests that waited at a time = %d, want 1", p.most)
				}
			})
		})
	}
}
