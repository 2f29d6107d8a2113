// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
)

// Whatever becomes of a clock, no batch says of a wrong stamp that it is right, and right
// stamps are believed again soon after the clock is. In virtual time the bubble's own
// clock is the true one.
func TestStampsAreNeverSilentlyWrong(t *testing.T) {
	const total = 10 * time.Minute
	for _, tt := range []struct {
		name string
		// wrong is by how much the clock is off, so long after the start of the agent.
		wrong    func(at time.Duration) time.Duration
		eras     int // the clock was set so often
		believed int // at least so many of the 60 samples of each device
	}{
		{"right", func(time.Duration) time.Duration { return 0 }, 0, 60},
		{"unset at boot, set after five minutes", func(at time.Duration) time.Duration {
			if at < 5*time.Minute+3*time.Second {
				return time.Unix(30, 0).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
			}
			return 0
		}, 1, 28},
		{"an hour slow, put right just before a seal", func(at time.Duration) time.Duration {
			if at < 4*time.Minute+59*time.Second {
				return -time.Hour
			}
			return 0
		}, 1, 28},
		{"a day fast, put right", func(at time.Duration) time.Duration {
			if at < 5*time.Minute {
				return 24 * time.Hour
			}
			return 0
		}, 1, 28},
		{"goes wrong for two minutes", func(at time.Duration) time.Duration {
			if at > 4*time.Minute && at < 6*time.Minute {
				return -20 * time.Second
			}
			return 0
		}, 2, 44},
		{"runs backwards for a minute", func(at time.Duration) time.Duration {
			return -2 * max(0, min(at-4*time.Minute, time.Minute))
		}, -1, 22},
		{"is set a little", func(at time.Duration) time.Duration {
			if at > 5*time.Minute {
				return -200 * time.Millisecond
			}
			return 0
		}, 1, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := assignment(3)
				a.From = time.Unix(0, 0)
				b := newBench(t, a)
				b.network.rtt = 1500 * time.Millisecond // most instants lie within an attempt
				began := time.Now()
				b.opts.Now = func() time.Time { return time.Now().Add(tt.wrong(time.Since(began))) }
				b.start()
				time.Sleep(total)
				b.stop()
				b.down()

				items := b.collector.items("acme", vouch.Availability)
				contiguousNumbers(t, items)
				samples, believed := 0, 0
				for _, item := range items {
					batch := item.(evidence.Batch)
					doubted := !batch.Clock.Known || 2*(batch.Clock.Offset.Abs()+batch.Clock.Bound) > 10*time.Second
					var may []time.Duration // by how much the clock may have been off that stamped all of its lines
					for line, err := range evidence.DecodeLines(vouch.Availability, batch.Lines) {
						if err != nil {
							t.Fatal(err)
						}
						s := line.Sample
						if s.Start.Before(batch.From) || !s.Start.Before(batch.Through) {
							t.Errorf("a stamp %v lies outside the batch's [%v, %v)", s.Start, batch.From, batch.Through)
						}
						if s.Device == "" {
							continue
						}
						samples++
						if !doubted {
							believed++
						}
						off := offBy(began, s.Start, total, tt.wrong)
						if may == nil {
							may = off
						}
						may = slices.DeleteFunc(may, func(d time.Duration) bool { return !slices.Contains(off, d) })
						if len(may) == 0 && tt.eras >= 0 {
							t.Fatalf("the batch [%v, %v) holds stamps of clocks that were off by different times", batch.From, batch.Through)
						}
					}
					excluded := func(d time.Duration) bool {
						return batch.Clock.Known && (batch.Clock.Offset-d).Abs() > batch.Clock.Bound+20*time.Millisecond
					}
					if len(may) > 0 && !slices.ContainsFunc(may, func(d time.Duration) bool { return !excluded(d) }) {
						t.Errorf("the clock of the batch [%v, %v) says %+v, which excludes the truth: it was off by %v", batch.From, batch.Through, batch.Clock, may)
					}
					if span := batch.Through.Sub(batch.From); span > 2*time.Minute {
						t.Errorf("the batch [%v, %v) claims %v", batch.From, batch.Through, span)
					}
				}
				if samples < 3*60-3 || samples > 3*60 { // those that the end broke off
					t.Errorf("samples = %d, want 180", samples)
				}
				if believed < 3*tt.believed-3 {
					t.Errorf("samples that are believed = %d, want %d at least", believed, 3*tt.believed)
				}
				if n := b.logs.count("clock was set"); tt.eras >= 0 && n != min(tt.eras, 2) {
					t.Errorf("lines on clocks that were set = %d, want %d:\n%s", n, tt.eras, b.logs.buf.String())
				}
			})
		})
	}
}

// offBy returns by how much the clock may have been off that made a stamp.
func offBy(began, at time.Time, total time.Duration, wrong func(time.Duration) time.Duration) (list []time.Duration) {
	for d := time.Duration(0); d <= total; d += 5 * time.Millisecond {
		if w := wrong(d); began.Add(d).Add(w).Sub(at).Abs() <= 5*time.Millisecond && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// What an earlier run measured is sealed with what was known of the clock then, not with what
// this run knows of one that was put right since.
func TestJournalledSamplesKeepTheirClock(t *testing.T) {
	known := func(offset time.Duration) evidence.Clock {
		return evidence.Clock{Known: true, Offset: offset, Bound: time.Millisecond, Source: "ntp.example"}
	}
	for _, tt := range []struct {
		name string
		then []evidence.Clock // as each sample was journalled
		want evidence.Clock
	}{
		{"an hour slow", []evidence.Clock{known(-time.Hour), known(-time.Hour)}, known(-time.Hour)},
		{"not known", []evidence.Clock{{}, {}}, evidence.Clock{}},
		{"not known at first", []evidence.Clock{{}, known(0)}, evidence.Clock{}},
		{"the worst of it", []evidence.Clock{known(time.Millisecond), known(-time.Minute), known(time.Second)}, known(-time.Minute)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			maker, err := agent.NewSpoolMaker(dir)
			check(t, err)
			w := newWorld(t, maker, dir, 1, func(int) bool { return false })
			for _, clock := range tt.then {
				maker.Clock = clock
				w.step(t, 'r')
				w.step(t, 'y')
			}
			w.step(t, 'k')
			maker.Clock = known(0)
			for range 4 {
				w.step(t, 'u')
				w.step(t, 's')
			}
			w.step(t, 'u')
			samples := 0
			for _, item := range w.notes {
				b := item.(evidence.Batch)
				samples += b.Count
				if b.Count > 0 && b.Clock != tt.want {
					t.Errorf("the clock of a batch with samples = %+v, want %+v", b.Clock, tt.want)
				}
			}
			if samples != len(tt.then) {
				t.Errorf("samples = %d, want %d\n%s", samples, len(tt.then), w.log.String())
			}
		})
	}
}
