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

// away makes a collector that takes no batches.
func away(c *collector) { c.before = refuse(wire.PathBatches, http.StatusServiceUnavailable, "") }

func back(c *collector) { c.before = nil }

func TestBacklogSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5 * time.Minute)
		b.collector.set(away)
		time.Sleep(2 * time.Hour)
		b.stop()
		b.start()
		time.Sleep(2 * time.Hour)
		b.collector.set(back)
		time.Sleep(3 * time.Minute)
		b.stop()
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		contiguousNumbers(t, items)
		if list := gaps(items); len(list) != 0 {
			t.Errorf("gaps = %+v, want none", list)
		}
		if got, want := b.outcomes("d1")["up"], 6*(5+120+120+3); got < want-2 || got > want {
			t.Errorf("samples = %d, want %d", got, want)
		}
	})
}

func TestHeadsOfAnOlderVersionAreTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		// As an agent without a spool left it: the heads in a file of their own.
		spool, heads := filepath.Join(b.opts.StateDir, "spool"), filepath.Join(b.opts.StateDir, "heads")
		if _, err := os.Stat(heads); err == nil {
			t.Error("heads beside the spool are still there: they would mislead")
		}
		raw, err := os.ReadFile(filepath.Join(spool, "heads.0"))
		check(t, err)
		other, err := os.ReadFile(filepath.Join(spool, "heads.1"))
		check(t, err)
		newest := text(raw)
		if newer(other, raw) {
			newest = text(other)
		}
		check(t, os.WriteFile(heads, []byte(newest), 0o600))
		check(t, os.RemoveAll(spool))
		b.start()
		time.Sleep(5 * time.Minute)
		b.stop()
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		contiguousNumbers(t, items)
		if got := begins(items); len(got) != 1 {
			t.Errorf("epochs begin with %q, want one: the heads go on", got)
		}
	})
}

// text returns the JSON in one of the two files of heads; newer compares their versions.
func text(file []byte) string {
	s := string(file[strings.Index(string(file), `{"version"`):])
	return s[:strings.Index(s, "\n")+1]
}

func newer(a, b []byte) bool { return a[13] > b[13] }

func TestFullSpoolDropsTheOldestWithAGap(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limit  func(*bench)
		away   time.Duration
		reason string
	}{
		{"bytes", func(b *bench) { b.opts.SpoolBytes = 4 << 20 }, time.Hour, evidence.GapQueueFull},
		{"age", func(b *bench) { b.opts.SpoolAge = time.Hour }, 2 * time.Hour, evidence.GapTooOld},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(5))
				b.network.noise = 8000
				tt.limit(b)
				b.collector.set(away)
				b.start()
				time.Sleep(tt.away)
				b.collector.set(back)
				time.Sleep(3 * time.Minute)
				b.stop()
				b.down()
				items := b.collector.items("acme", vouch.Telemetry)
				contiguous(t, items)
				// More than one only where another segment had to go after the first gap was
				// on its way; nothing lies between them.
				list := gaps(items)
				for i, g := range list {
					if g.Reason != tt.reason || g.First != 1 && (i == 0 || g.First != list[i-1].Seq+1) {
						t.Fatalf("gap %d is over %d to %d, %q, want the oldest and the reason %q", i, g.First, g.Seq, g.Reason, tt.reason)
					}
				}
				if len(list) == 0 || len(list) > 3 {
					t.Fatalf("gaps = %d, want one, or few", len(list))
				}
				stored := 0
				for _, item := range items {
					if batch, ok := item.(evidence.Batch); ok {
						stored += batch.Count
						if batch.Dropped > 0 {
							t.Errorf("batch %d says that %d samples were dropped, want 0: they lie in the gap", batch.Seq, batch.Dropped)
						}
					}
				}
				if stored == 0 {
					t.Error("nothing survived")
				}
				if n := b.logs.count("are dropped: the spool has reached its bound"); n != 1 {
					t.Errorf("lines about the bound = %d, want 1", n)
				}
			})
		})
	}
}

func TestDamagedBatchBecomesAGap(t *testing.T) {
	for _, tt := range []struct {
		name    string
		restart bool // it is found when the agent starts, or else when it is to be sent
	}{{"at a start", true}, {"when it is sent", false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.opts.QueueBytes = 1 << 20
				fs := &journaltest.FS{}
				b.opts.SpoolOn(fs)
				b.network.noise = 3000
				b.collector.set(away)
				b.start()
				time.Sleep(20 * time.Minute)
				if tt.restart {
					b.stop()
				}
				for _, name := range fs.Names() {
					if strings.HasPrefix(name, "telemetry-") {
						fs.Damage(name, func(raw []byte) { damageFrame(raw, 5) })
						break
					}
				}
				b.collector.set(back)
				if tt.restart {
					b.start()
				}
				time.Sleep(5 * time.Minute)
				b.stop()
				b.down()
				items := b.collector.items("acme", vouch.Telemetry)
				contiguousNumbers(t, items)
				// The frame may hold a batch of the provider's chain, which lies in the same log.
				list := append(gaps(items), gaps(b.collector.items(vouch.Provider, vouch.Telemetry))...)
				if len(list) != 1 || list[0].Reason != evidence.GapDamaged || list[0].First != list[0].Seq {
					t.Errorf("gaps = %+v, want one of one batch with the reason %q", list, evidence.GapDamaged)
				}
			})
		})
	}
}

// damageFrame flips a bit in the middle of the n-th frame of a segment.
func damageFrame(raw []byte, n int) {
	at := 0
	for range n {
		at += 1 + strings.Index(string(raw[at+1:]), "\xffvj\x01")
	}
	raw[at+200] ^= 4
}

func TestDiskThatFailsAndComesBackLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(2))
		var dead atomic.Bool
		b.opts.SpoolOn(&journaltest.FS{Fail: func(string, string) error {
			if dead.Load() {
				return syscall.EIO
			}
			return nil
		}})
		b.start()
		for range 5 {
			time.Sleep(3*time.Minute + 3*time.Second)
			dead.Store(true)
			time.Sleep(7 * time.Minute)
			dead.Store(false)
		}
		b.stop()
		b.down()
		items := b.collector.items("acme", vouch.Availability)
		contiguous(t, items)
		for _, d := range []vouch.DeviceID{"d1", "d2"} {
			if got, want := b.outcomes(d)["up"], 6*50; got < want || got > want+2 {
				t.Errorf("samples of %s = %d, want %d", d, got, want)
			}
		}
		if down, up := b.logs.count("spool cannot be written"), b.logs.count("spool is written again"); down != 5 || up < 4 {
			t.Errorf("lines about the spool = %d down, %d up, want 5 each: once per change", down, up)
		}
	})
}
