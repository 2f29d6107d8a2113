// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
	"github.com/vouch-sla/vouch/internal/wire"
)

// gaps returns the gaps of a chain.
func gaps(items []evidence.Item) (list []evidence.Gap) {
	for _, i := range items {
		if g, ok := i.(evidence.Gap); ok {
			list = append(list, g)
		}
	}
	return list
}

// begins returns why each epoch of a chain began.
func begins(items []evidence.Item) (list []string) {
	for _, i := range items {
		if b, ok := i.(evidence.Batch); ok && b.Seq == 1 {
			list = append(list, b.Begins)
		}
		if g, ok := i.(evidence.Gap); ok && g.First == 1 {
			list = append(list, "gap: "+g.Begins)
		}
	}
	return list
}

func TestRestartGoesOnWithTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		for range 3 {
			b.start()
			time.Sleep(5 * time.Minute)
			b.stop()
			time.Sleep(time.Minute)
		}
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		if got := begins(items); len(got) != 1 || got[0] != evidence.BeginsFirstStart {
			t.Errorf("epochs begin with %q, want one with %q", got, evidence.BeginsFirstStart)
		}
		if got := gaps(items); len(got) != 0 {
			t.Errorf("gaps = %d, want 0", len(got))
		}
		if got := b.outcomes("d1")["up"]; got < 88 || got > 90 {
			t.Errorf("samples = %d, want about 90", got)
		}
	})
}

func TestBatchesLostInMemoryBecomeASignedGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		var full atomic.Bool
		b.opts.SpoolOn(&journaltest.FS{Fail: func(op, name string) error {
			if full.Load() {
				return onlyHeads(op, name)
			}
			return nil
		}})
		b.start()
		time.Sleep(5*time.Minute + 30*time.Second)
		b.down()
		full.Store(true)
		time.Sleep(10 * time.Minute) // sealed, and in memory only
		b.stop()
		full.Store(false)
		had := b.collector.items("acme", vouch.Availability)
		b.up()
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()

		items := b.collector.items("acme", vouch.Availability)
		list := gaps(items)
		if len(list) != 1 {
			t.Fatalf("gaps = %d, want 1", len(list))
		}
		g, before := list[0], had[len(had)-1].Link()
		if g.Reason != "restart" || g.First != before.Seq+1 || g.Seq < g.First+8 || !g.From.Equal(before.Through) {
			t.Errorf("gap = %q, numbers %d to %d from %v, want restart from %d and %v on", g.Reason, g.First, g.Seq, g.From, before.Seq+1, before.Through)
		}
		if d := g.Through.Sub(g.From); d < 9*time.Minute || d > 11*time.Minute {
			t.Errorf("gap covers %v, want about ten minutes", d)
		}
		if len(begins(items)) != 1 {
			t.Errorf("epochs = %q, want one", begins(items))
		}
	})
}

// onlyHeads is a disk on which there is room for what is there already: the heads.
func onlyHeads(op, name string) error {
	if op == "syncdir" || strings.HasPrefix(name, "heads") {
		return nil
	}
	return syscall.ENOSPC
}

func TestNothingEverAcknowledgedBecomesAGapFromTheFirstNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		full := &journaltest.FS{Fail: onlyHeads}
		b.opts.SpoolOn(full)
		b.collector.set(func(c *collector) { c.before = refuse(wire.PathBatches, http.StatusServiceUnavailable, "") })
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		b.collector.set(func(c *collector) { c.before = nil })
		full.Fail = nil
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		if got := begins(items); len(got) != 1 || got[0] != "gap: "+evidence.BeginsFirstStart {
			t.Errorf("epochs begin with %q, want one with a gap that says %q", got, evidence.BeginsFirstStart)
		}
	})
}

func TestLostAndOlderHeadsBeginAnEpochThatSaysSo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, spool, old string)
	}{
		{"removed", func(t *testing.T, spool, _ string) { check(t, os.RemoveAll(spool)) }},
		{"damaged", func(t *testing.T, spool, _ string) {
			for _, name := range names(t, spool) {
				check(t, os.WriteFile(filepath.Join(spool, name), []byte("{"), 0o600))
			}
		}},
		{"empty", func(t *testing.T, spool, _ string) {
			for _, name := range names(t, spool) {
				check(t, os.WriteFile(filepath.Join(spool, name), nil, 0o600))
			}
		}},
		{"from an old back-up", func(t *testing.T, spool, old string) {
			check(t, os.RemoveAll(spool))
			check(t, os.CopyFS(spool, os.DirFS(old)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				spool, old := filepath.Join(b.opts.StateDir, "spool"), filepath.Join(t.TempDir(), "old")
				b.start()
				time.Sleep(3 * time.Minute)
				b.stop()
				check(t, os.CopyFS(old, os.DirFS(spool)))
				b.start()
				time.Sleep(3 * time.Minute)
				b.stop()
				tt.spoil(t, spool, old)
				b.start()
				time.Sleep(3 * time.Minute)
				b.stop()
				b.down()
				got := begins(b.collector.items("acme", vouch.Availability))
				if len(got) != 2 || got[1] != evidence.BeginsHeadLost {
					t.Errorf("epochs begin with %q, want a second with %q", got, evidence.BeginsHeadLost)
				}
				if got := b.outcomes("d1")["up"]; got < 52 || got > 54 {
					t.Errorf("samples = %d, want about 54", got)
				}
			})
		})
	}
}

// names returns what lies in a directory.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCollectorThatForgotGetsItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5 * time.Minute)
		b.collector.set(func(c *collector) {
			c.tolerant = true
			for name, items := range c.stored { // restored from an older back-up
				c.stored[name] = items[:2]
				l := items[1].Link()
				c.chains[name] = evidence.Chain{Epoch: l.Epoch, Seq: l.Seq, Hash: l.Head, Through: l.Through}
			}
		})
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		contiguous(t, items)
		if list := gaps(items); len(list) != 0 {
			t.Errorf("gaps = %+v, want none", list)
		}
		if got := b.outcomes("d1")["up"]; got != 60 {
			t.Errorf("samples = %d, want 60", got)
		}
	})
}

func TestChainThatTheCollectorKnowsOtherwiseBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5 * time.Minute)
		b.collector.set(func(c *collector) {
			c.tolerant = true
			name := chainName("acme", vouch.Availability)
			chain := c.chains[name]
			chain.Hash[0] ^= 1
			c.chains[name] = chain
		})
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		got := begins(b.collector.items("acme", vouch.Availability))
		if len(got) != 2 || got[1] != evidence.BeginsChainRefused {
			t.Errorf("epochs begin with %q, want a second with %q", got, evidence.BeginsChainRefused)
		}
		if got := b.outcomes("d1")["up"]; got != 60 {
			t.Errorf("samples = %d, want 60: what was refused is sealed again", got)
		}
	})
}

func TestClockSetBackBeginsAnEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		began := time.Now()
		b.opts.Now = func() time.Time {
			if time.Since(began) > 5*time.Minute {
				return time.Now().Add(-3 * time.Minute)
			}
			return time.Now()
		}
		b.start()
		time.Sleep(10 * time.Minute)
		b.stop()
		b.down()
		got := begins(b.collector.items("acme", vouch.Availability))
		if len(got) != 2 || got[1] != evidence.BeginsClockStepped {
			t.Errorf("epochs begin with %q, want a second with %q", got, evidence.BeginsClockStepped)
		}
		if got := b.outcomes("d1")["up"]; got < 59 || got > 60 {
			t.Errorf("samples = %d, want 60", got)
		}
	})
}

func TestAgentStartsWithoutTheCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(time.Minute)
		b.stop()
		b.down()
		b.start() // the copy of the assignment is all it has
		time.Sleep(10 * time.Minute)
		b.up()
		time.Sleep(2 * time.Minute)
		b.stop()
		b.down()
		if got := b.outcomes("d1")["up"]; got < 77 || got > 78 {
			t.Errorf("samples = %d, want 78", got)
		}
		if got := gaps(b.collector.items("acme", vouch.Availability)); len(got) != 0 {
			t.Errorf("gaps = %d, want 0: nothing was sealed before the collector was asked", len(got))
		}
	})
}

func TestRelocationBeginsAnewAtTheOtherLocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assignment(1)
		b := newBench(t, a)
		b.start()
		time.Sleep(5 * time.Minute)
		a.Location = "south"
		b.collector.assign(a)
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		seen := map[vouch.LocationID]int{}
		for _, s := range b.collector.samples("acme") {
			if s.Device != "" {
				seen[s.Location]++
			}
		}
		if seen["north"] < 29 || seen["south"] < 27 {
			t.Errorf("samples by location = %v, want about 30 of north, then of south", seen)
		}
		contiguousNumbers(t, b.collector.items("acme", vouch.Availability))
	})
}

// contiguousNumbers is contiguous for chains with holes in time.
func contiguousNumbers(t *testing.T, items []evidence.Item) {
	t.Helper()
	var c evidence.Chain
	var err error
	for i, item := range items {
		if c, err = c.Next(item.Link()); err != nil {
			t.Fatalf("item %d: %v", i, err)
		}
	}
}

func TestSecondAgentOnOneStateDirectoryIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(time.Second)
		cancel, ended := b.cancel, b.ended
		b.start()
		if err := <-b.ended; err == nil {
			t.Error("Run on a state directory in use = nil, want an error")
		}
		b.cancel()
		b.cancel, b.ended = cancel, ended
		b.stop()
		b.down()
	})
}
