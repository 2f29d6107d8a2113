// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package series_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/series"
)

var start = time.Date(2026, 6, 9, 12, 0, 0, 0, time.UTC)

// poll is what a device says so long after the start; negative numbers are not told.
// sys and host are hundredths, engine seconds.
type poll struct {
	after                    time.Duration
	sys, host, boots, engine int64
}

func (p poll) clocks() series.Clocks {
	told := func(n int64) series.Number { return series.Number{N: uint64(max(n, 0)), Known: n >= 0} }
	return series.Clocks{At: start.Add(p.after), Sys: told(p.sys), Host: told(p.host), Boots: told(p.boots), Engine: told(p.engine)}
}

const (
	turn = 1 << 32
	day  = 24 * time.Hour
)

func TestRestart(t *testing.T) {
	const m = time.Minute
	for _, tt := range []struct {
		name  string
		polls []poll
		want  series.Kind   // of the last poll
		clock vouch.Clock   // that told when
		at    time.Duration // after the start, where something restarted
	}{
		{"one poll tells nothing", []poll{{0, 100, 100, 1, 1}}, series.Unclear, "", 0},
		{"it ran on", []poll{{0, 100_000, -1, -1, -1}, {m, 106_000, -1, -1, -1}}, series.None, "", 0},
		{"the answer came late", []poll{{0, 100_000, -1, -1, -1}, {m, 106_900, -1, -1, -1}}, series.None, "", 0},
		// 2^32 hundredths are 497 days 02:27:52.96.
		{"sysUpTime wraps after 497.1 days", []poll{{0, turn - 3_000, -1, -1, -1}, {m, 3_000, -1, -1, -1}}, series.None, "", 0},
		{"hrSystemUptime wraps after 497.1 days", []poll{{0, 50_000, turn - 3_000, -1, -1}, {m, 56_000, 3_000, -1, -1}}, series.None, "", 0},
		{"both wrap at once", []poll{{0, turn - 3_000, turn - 2_900, 4, 42_949_642}, {m, 3_000, 3_100, 4, 42_949_702}}, series.None, "", 0},
		{"it wrapped in a gap of a day", []poll{{0, turn - 100_000, -1, -1, -1}, {day, 8_540_000, -1, -1, -1}}, series.None, "", 0},
		{"a restart just before the wrap", []poll{{0, turn - 3_000, -1, -1, -1}, {5 * m, 6_000, -1, -1, -1}}, series.DeviceRestarted, vouch.ClockSys, 4 * m},
		{"sysUpTime fell", []poll{{0, 100_000, -1, -1, -1}, {m, 2_000, -1, -1, -1}}, series.DeviceRestarted, vouch.ClockSys, 40 * time.Second},
		{"it runs for longer again than at the last poll", []poll{{0, 12_000, -1, -1, -1}, {10 * m, 54_000, -1, -1, -1}}, series.DeviceRestarted, vouch.ClockSys, m},
		{"both clocks fell", []poll{{0, 100_000, 120_000, 3, 1000}, {m, 1_000, 3_000, 4, 10}}, series.DeviceRestarted, vouch.ClockHost, 30 * time.Second},
		{"the SNMP agent alone", []poll{{0, 100_000, 120_000, 3, 1000}, {m, 1_000, 126_000, 4, 10}}, series.AgentRestarted, vouch.ClockSys, 50 * time.Second},
		{"the SNMP agent alone, which keeps no boots", []poll{{0, 100_000, 120_000, 1, 1000}, {m, 1_000, 126_000, 1, 10}}, series.AgentRestarted, vouch.ClockSys, 50 * time.Second},
		{"the agent while the host's clock wraps", []poll{{0, 100_000, turn - 1_000, 3, 1000}, {m, 1_000, 5_000, 4, 10}}, series.AgentRestarted, vouch.ClockSys, 50 * time.Second},
		{"boots rose and sysUpTime is the host's", []poll{{0, 100_000, -1, 3, 1000}, {m, 106_000, -1, 4, 10}}, series.AgentRestarted, vouch.ClockEngine, 50 * time.Second},
		{"boots rose and nothing tells when", []poll{{0, 100_000, -1, 3, -1}, {m, 106_000, -1, 4, -1}}, series.AgentRestarted, "", 30 * time.Second},
		{"boots fell to 1: another box, new", []poll{{0, 100_000, -1, 7, 1000}, {m, 2_000, -1, 1, 20}}, series.Replaced, vouch.ClockSys, 40 * time.Second},
		{"boots fell to 1: another box, long running", []poll{{0, 100_000, 100_000, 7, 1000}, {m, 9_000_000, 9_000_000, 1, 90_000}}, series.Replaced, "", 30 * time.Second},
		{"boots fell, and the host ran on", []poll{{0, 100_000, 100_000, 7, 1000}, {m, 2_000, 106_000, 1, 20}}, series.AgentRestarted, vouch.ClockSys, 40 * time.Second},
		{"boots of 0 are none", []poll{{0, 100_000, -1, 7, -1}, {m, 106_000, -1, 0, -1}}, series.None, "", 0},
		{"RouterOS: engine time is no uptime", []poll{{0, 430_400, 430_500, 1, 3_703_088}, {m, 436_400, 436_500, 1, 17}}, series.None, "", 0},
		{"engine time alone", []poll{{0, -1, -1, 1, 5_000}, {m, -1, -1, 1, 20}}, series.AgentRestarted, vouch.ClockEngine, 40 * time.Second},
		{"engine time passes 2^31", []poll{{0, -1, -1, 1, 1<<31 - 10}, {m, -1, -1, 1, 50}}, series.None, "", 0},
		{"no clock", []poll{{0, -1, -1, -1, -1}, {m, -1, -1, -1, -1}}, series.Unclear, "", 0},
		{"a clock that stands still says nothing", []poll{{0, 500, -1, -1, -1}, {m, 500, -1, -1, -1}}, series.Unclear, "", 0},
		{"polled every 10 s, it stands still", []poll{{0, 500, -1, -1, -1}, {m / 6, 500, -1, -1, -1}, {m / 3, 500, -1, -1, -1}}, series.Unclear, "", 0},
		{"one that stands still beside one that runs", []poll{{0, 100_000, 500, -1, -1}, {m, 106_000, 500, -1, -1}}, series.None, "", 0},
		{"0 is no restart", []poll{{0, 100_000, -1, -1, -1}, {m, 0, -1, -1, -1}}, series.Unclear, "", 0},
		{"0 in between hides nothing", []poll{{0, 100_000, -1, -1, -1}, {m, 0, -1, -1, -1}, {2 * m, 6_000, -1, -1, -1}}, series.DeviceRestarted, vouch.ClockSys, m},
		{"0 in between invents nothing", []poll{{0, 100_000, -1, -1, -1}, {m, 0, -1, -1, -1}, {2 * m, 112_000, -1, -1, -1}}, series.None, "", 0},
		{"beyond 2^32 is no sysUpTime", []poll{{0, 100_000, -1, -1, -1}, {m, turn + 5, -1, -1, -1}}, series.Unclear, "", 0},
		{"a clock that was set forward", []poll{{0, 100_000, -1, -1, -1}, {m, 900_000, -1, -1, -1}}, series.Unclear, "", 0},
		{"a machine that was paused", []poll{{0, 900_000, 900_000, 1, 9_000}, {10 * m, 901_000, 901_000, 1, 9_010}}, series.Unclear, "", 0},
		{"a gap longer than half a turn", []poll{{0, 100_000, -1, -1, -1}, {300 * day, 100_000, -1, -1, -1}}, series.Unclear, "", 0},
		{"polls out of order", []poll{{m, 106_000, -1, -1, -1}, {0, 100_000, -1, -1, -1}}, series.Unclear, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w series.Watch
			var got series.Restart
			for _, p := range tt.polls {
				got = w.Next(p.clocks())
			}
			if got.Kind != tt.want || got.Clock != tt.clock {
				t.Fatalf("Next = %+v, want kind %d by %q", got, tt.want, tt.clock)
			}
			if got.Kind > series.None && !got.At.Equal(start.Add(tt.at)) {
				t.Errorf("restarted at %v, want %v", got.At, start.Add(tt.at))
			}
			if got.Kind <= series.None && !got.At.IsZero() {
				t.Errorf("at = %v where nothing restarted", got.At)
			}
		})
	}
}

func TestUnbroken(t *testing.T) {
	var w series.Watch
	const m = time.Minute
	for i, p := range []struct {
		poll
		since time.Duration
	}{
		{poll{0, 100_000, -1, -1, -1}, 0},
		{poll{m, 106_000, -1, -1, -1}, 0},
		{poll{2 * m, 0, -1, -1, -1}, 0}, // says nothing
		{poll{3 * m, 118_000, -1, -1, -1}, 0},
		{poll{4 * m, 3_000, -1, -1, -1}, 4 * m}, // restarted
		{poll{5 * m, 9_000, -1, -1, -1}, 4 * m},
		{poll{6 * m, 5_000_000, -1, -1, -1}, 6 * m}, // odd
		{poll{7 * m, 5_006_000, -1, -1, -1}, 6 * m},
	} {
		w.Next(p.clocks())
		if got := w.Unbroken(); !got.Equal(start.Add(p.since)) {
			t.Errorf("after poll %d: unbroken since %v, want %v", i, got, start.Add(p.since))
		}
	}
}

// box is a device as it really is: it knows when it and its agent started, and its
// clocks are off by a fixed part.
type box struct {
	hosted, agent time.Time
	boots         int64
	ppm           int64
}

func (b box) says(polled, answered time.Time) series.Clocks {
	ticks := func(since time.Time) uint64 {
		run := answered.Sub(since)
		return uint64((run+run/1_000_000*time.Duration(b.ppm))/(10*time.Millisecond)) % turn
	}
	return series.Clocks{
		At: polled, Sys: series.Known(ticks(b.agent)), Host: series.Known(ticks(b.hosted)),
		Boots: series.Known(uint64(b.boots)), Engine: series.Known(uint64(answered.Sub(b.agent) / time.Second)),
	}
}

// Whatever a device does, polled at whatever times and with answers up to ten seconds
// late: every restart is found with its instant, and none is made up.
func TestRestartProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		length := func(most time.Duration, name string) time.Duration {
			return rapid.Custom(func(t *rapid.T) time.Duration {
				scale := rapid.SampledFrom([]time.Duration{most, most / 100, most / 10_000}).Draw(t, "scale")
				return time.Duration(rapid.Int64Range(int64(scale/10), int64(scale)).Draw(t, "length"))
			}).Draw(t, name)
		}
		b := box{boots: rapid.Int64Range(1, 9).Draw(t, "boots"), ppm: rapid.Int64Range(-500, 500).Draw(t, "ppm")}
		b.hosted = now.Add(-length(1200*day, "uptime") - time.Minute)
		b.agent = now.Add(-length(now.Sub(b.hosted), "agent's uptime"))
		keepsBoots := rapid.Bool().Draw(t, "keeps boots")
		var w series.Watch
		w.Next(b.says(now, now.Add(time.Second)))
		said := b.says(now, now.Add(time.Second)).Sys
		for range 6 {
			elapsed := 20*time.Second + length(100*day, "gap")
			event := rapid.SampledFrom([]series.Kind{series.None, series.None, series.AgentRestarted, series.DeviceRestarted}).Draw(t, "event")
			// A restart comes a while after the poll before, and before this one.
			at := now.Add(12*time.Second + time.Duration(rapid.Int64Range(0, int64(elapsed-16*time.Second)).Draw(t, "at")))
			before := b
			if event > series.None {
				b.agent = at
				if keepsBoots {
					b.boots++
				}
				if event == series.DeviceRestarted {
					b.hosted = at
				}
			}
			polled := now.Add(elapsed)
			answered := polled.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "late")))
			// Where the clock stands by chance where it would without the restart, and
			// where it had hardly begun to run, nobody can tell.
			hidden := func(was, is time.Time) bool {
				off := is.Sub(was) % (turn * 10 * time.Millisecond)
				near := 40*time.Second + elapsed/500
				return !is.Equal(was) && (off < near || off > turn*10*time.Millisecond-near)
			}
			if hidden(before.agent, b.agent) || hidden(before.hosted, b.hosted) {
				return
			}
			says := b.says(polled, answered)
			if said == says.Sys {
				return // to the hundredth what it said before: it might stand still
			}
			said = says.Sys
			got := w.Next(says)
			if got.Kind != event {
				t.Fatalf("after %v: kind %d, want %d", elapsed, got.Kind, event)
			}
			if event > series.None && got.At.Sub(at).Abs() > got.Within {
				t.Fatalf("restarted at %v within %v, want %v", got.At, got.Within, at)
			}
			if since := w.Unbroken(); event > series.None && !since.Equal(polled) || event == series.None && since.Equal(polled) {
				t.Fatalf("unbroken since %v at the poll of %v, event %d", since, polled, event)
			}
			now = polled
		}
	})
}
