// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
	"github.com/vouch-sla/vouch/internal/wire"
)

// keeper is a spool with three segments of each stream, all of it acknowledged, an hour
// after the other.
func keeper(t *testing.T) (*agent.Spool, *journaltest.FS, []time.Time) {
	t.Helper()
	dir := t.TempDir()
	maker, err := agent.NewSpoolMaker(dir)
	check(t, err)
	check(t, maker.First(dir))
	disk := &journaltest.FS{}
	s, err := maker.Run(disk, dir)
	check(t, err)
	acknowledge := func([]byte) wire.Result { return wire.Result{Status: wire.StatusStored} }
	s.Upload(1, func() []wire.Head { return nil }, acknowledge)
	var acked []time.Time
	for range 3 {
		maker.Now = maker.Now.Add(time.Second)
		s.Record(vouch.Sample{
			Customer: "acme", Device: "d1", Check: "snmp", Kind: vouch.KindSNMP, Interval: time.Second, Timeout: time.Second,
			Result: vouch.Result{Start: maker.Now, Outcome: vouch.Up, Points: []vouch.Point{{Measurement: "m", Fields: []vouch.Field{{Name: "f", Value: vouch.Uint(1)}}}}},
		})
		maker.Now = maker.Now.Add(time.Second)
		if !s.Seal() || s.Upload(10, nil, acknowledge) != 2 {
			t.Fatal("a batch of each stream is not acknowledged")
		}
		acked = append(acked, time.Now())
		s.Rotate()
		time.Sleep(time.Hour) // virtual
	}
	return s, disk, acked
}

// freed makes room as long as there is any, and returns what went, in order.
func freed(s *agent.Spool, disk *journaltest.FS) (list []string) {
	before := segments(disk)
	for s.Free() {
		after := segments(disk)
		for _, name := range before {
			if !slices.Contains(after, name) {
				list = append(list, strings.Replace(name, "0000000", "", 1))
			}
		}
		before = after
	}
	return list
}

func segments(disk *journaltest.FS) []string {
	return slices.DeleteFunc(disk.Names(), func(name string) bool {
		return strings.HasPrefix(name, "heads") || strings.HasPrefix(name, "samples")
	})
}

// TestWhatIsAnchoredLeavesFirst: when room is needed, batches that no anchored checkpoint
// covers outlast those that one does, telemetry of an hour ago evidence of long ago.
func TestWhatIsAnchoredLeavesFirst(t *testing.T) {
	for _, tt := range []struct {
		name     string
		anchored int // everything up to this round; 0 for nothing
		want     string
	}{
		{"nothing is anchored", 0, "telemetry-1 telemetry-2 availability-1 availability-2"},
		{"the first round is", 1, "telemetry-1 availability-1 telemetry-2 availability-2"},
		{"all is", 3, "telemetry-1 telemetry-2 availability-1 availability-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, disk, acked := keeper(t)
				if tt.anchored > 0 {
					s.Anchored(acked[tt.anchored-1].Add(time.Minute))
				}
				if got := strings.Join(freed(s, disk), " "); got != tt.want {
					t.Errorf("what leaves = %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestHeartbeatTellsWhatIsAnchored: the collector's answer says what leaves first.
func TestHeartbeatTellsWhatIsAnchored(t *testing.T) {
	a := assignment(1)
	a.Heartbeat = 100 * time.Millisecond
	b := newBench(t, a)
	b.opts.StatusSocket = agent.StatusSocket(b.opts.StateDir)
	const ago = time.Hour
	b.start()
	if st := ask(t, b.opts.StateDir, func(st agent.Status) bool { return st.Heartbeats.Sent > 0 }); !st.Spool.Anchored.IsZero() {
		t.Errorf("anchored = %v, want nothing: the collector has not said", st.Spool.Anchored)
	}
	b.collector.set(func(c *collector) { c.anchoredAgo = ago.Milliseconds() })
	st := ask(t, b.opts.StateDir, func(st agent.Status) bool { return !st.Spool.Anchored.IsZero() })
	if d := st.At.Sub(st.Spool.Anchored); d < ago {
		t.Errorf("anchored = what was acknowledged %v ago, want %v or more", d, ago)
	}
	b.stop()
	b.down()
}

// TestCollectorRestoredLongAgoGetsAllOfItAgain restores the collector from a back-up that
// is hours old, after the agent was started anew: what it keeps fills everything.
func TestCollectorRestoredLongAgoGetsAllOfItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(2))
		b.network.noise = 500
		b.start()
		time.Sleep(time.Hour)
		backup := map[string]int{}
		b.collector.set(func(c *collector) {
			for name, items := range c.stored {
				backup[name] = len(items)
			}
		})
		time.Sleep(5 * time.Hour)
		b.stop()
		b.collector.set(func(c *collector) {
			c.tolerant = true
			for name, items := range c.stored {
				n := backup[name]
				if c.stored[name] = items[:n]; n == 0 {
					delete(c.chains, name)
					continue
				}
				l := items[n-1].Link()
				c.chains[name] = evidence.Chain{Epoch: l.Epoch, Seq: l.Seq, Hash: l.Head, Through: l.Through}
			}
		})
		b.start()
		time.Sleep(time.Hour)
		b.stop()
		b.down()
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			items := b.collector.items("acme", stream)
			contiguousNumbers(t, items)
			if list := gaps(items); len(list) != 0 {
				t.Errorf("%s: gaps = %+v, want none", stream, list)
			}
		}
		for _, d := range []vouch.DeviceID{"d1", "d2"} {
			if got, want := b.outcomes(d)["up"], 7*360; got < want-2 || got > want {
				t.Errorf("samples of %s = %d, want %d", d, got, want)
			}
		}
	})
}
