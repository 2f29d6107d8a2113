// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package series says what successive polls of one device tell together: whether it
// restarted between them, and how fast its counters grew. It is pure: values and the
// times of the polls come in, answers and their reasons go out.
//
// "Cannot tell" is an answer. A restart that was none would explain an outage that
// nothing explains, and a rate that is wrong is worse than no rate.
package series

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Number is a number that a device may not have told.
type Number struct {
	N     uint64
	Known bool
}

// Known returns a number that was told.
func Known(n uint64) Number { return Number{n, true} }

// Clocks are what a device said in one poll of how long it has been running.
type Clocks struct {
	At     time.Time // when it was asked
	Sys    Number    // sysUpTime (RFC 3418): hundredths of a second since the SNMP agent started, modulo 2^32
	Host   Number    // hrSystemUptime (RFC 2790): hundredths of a second since the host started, modulo 2^32
	Boots  Number    // snmpEngineBoots (RFC 3414): how often the SNMP engine started
	Engine Number    // snmpEngineTime (RFC 3414): seconds since then, modulo 2^31
}

// Kind says what happened between two polls.
type Kind byte

const (
	Unclear         Kind = iota // cannot tell
	None                        // the device and its SNMP agent ran on
	AgentRestarted              // the SNMP agent alone
	DeviceRestarted             // the device, as far as it tells: without hrSystemUptime, sysUpTime stands for it
	Replaced                    // snmpEngineBoots fell: another box, or one whose state was wiped
)

// Restart is what happened between two polls.
type Restart struct {
	Kind   Kind
	At     time.Time     // when; zero where nothing restarted
	Within time.Duration // At is right to this, either way
	Clock  vouch.Clock   // which clock told when; empty where none did, and At is the middle between the polls
}

// Watch follows the clocks of one device from poll to poll, as one agent reads them:
// two agents' clocks differ. The zero value has seen nothing.
type Watch struct {
	at                time.Time // of the last poll
	unbroken          time.Time
	sys, host, engine tick
	boots             Number
}

// tick is what a clock said last, and when.
type tick struct {
	at   time.Time
	n    int64 // hundredths of a second
	told bool
}

// Unbroken returns the time of the first poll since which every poll shows that the
// device ran on, or says nothing. Zero before the first.
func (w *Watch) Unbroken() time.Time { return w.unbroken }

// A clock is as expected when it is off by no more than slack, and by no more than a
// thousandth of the time that went by.
//
// The slack covers that the answer comes up to ten seconds after the instant that the
// poll bears (a request that was lost is repeated), at either poll, and agents that
// renew the value every few seconds. A thousandth is ten times what a quartz may be
// off; devices that count interrupts of a timer lose some under load.
//
// It costs little: a restart goes unseen only where the device had run for less than
// the tolerance when it restarted again, and then the restart before it was seen.
const slack = 15 * time.Second

func tolerance(elapsed time.Duration) time.Duration { return slack + elapsed/1000 }

const (
	hundredth = 10 * time.Millisecond
	// ticksTurn and engineTurn are after how many hundredths clocks begin anew: 497.1
	// days and 68 years.
	ticksTurn  = 1 << 32
	engineTurn = 100 << 31
)

// word is what a clock says of the time between two readings.
type word byte

const (
	silent    word = iota // nothing: absent, zero, standing still, or read too long ago
	ranOn                 // it ran on
	restarted             // it began anew in between
	odd                   // it was set, or it is another clock
)

// Next takes the next poll in, and says what happened since the one before. After the
// first poll, and where polls are not in order of time, nothing can be told.
func (w *Watch) Next(c Clocks) Restart {
	boots := c.Boots
	boots.Known = boots.Known && boots.N > 0 && boots.N < 1<<31
	if w.at.IsZero() || !c.At.After(w.at) {
		*w = Watch{at: c.At, unbroken: c.At, boots: boots}
		w.sys.judge(c.Sys, 1, ticksTurn, c.At)
		w.host.judge(c.Host, 1, ticksTurn, c.At)
		w.engine.judge(c.Engine, 100, engineTurn, c.At)
		return Restart{}
	}
	words := words{
		sys:    w.sys.judge(c.Sys, 1, ticksTurn, c.At),
		host:   w.host.judge(c.Host, 1, ticksTurn, c.At),
		engine: w.engine.judge(c.Engine, 100, engineTurn, c.At),
	}
	if boots.Known && w.boots.Known {
		words.rose, words.fell = boots.N > w.boots.N, boots.N < w.boots.N
	}
	r := w.restart(words, c.At)
	if r.Kind > None || r.Kind == Unclear && (words.sys == odd || words.host == odd) {
		w.unbroken = c.At
	}
	w.at = c.At
	if boots.Known {
		w.boots = boots
	}
	return r
}

// words are what the clocks say of the time between two polls.
type words struct {
	sys, host, engine word
	rose, fell        bool // snmpEngineBoots
}

// kind decides. A clock that ran on proves that what it counts did not restart.
// snmpEngineTime decides alone only where nothing better is told, because some devices
// count something else there.
func (w words) kind() Kind {
	switch {
	case w.fell && w.host != ranOn && w.sys != ranOn:
		return Replaced
	case w.host == restarted && w.sys != ranOn:
		return DeviceRestarted
	case w.rose, w.fell:
		if w.host == silent && w.sys == restarted {
			return DeviceRestarted
		}
		return AgentRestarted
	case w.sys == ranOn:
		return None
	case w.sys == restarted && w.host == silent:
		return DeviceRestarted
	case w.sys == restarted:
		return AgentRestarted // the host has been running for longer than since the last poll
	case w.host == ranOn:
		return None // sysUpTime is silent or was set; it did not begin anew
	case w.sys == silent && w.host == silent && w.engine == ranOn:
		return None
	case w.sys == silent && w.host == silent && w.engine == restarted:
		return AgentRestarted
	}
	return Unclear
}

// restart adds the instant: by the clock of what restarted, else by the next best.
func (w *Watch) restart(words words, at time.Time) Restart {
	r := Restart{Kind: words.kind()}
	if r.Kind <= None {
		return r
	}
	for _, c := range []struct {
		clock vouch.Clock
		said  word
		tick  tick
	}{{vouch.ClockHost, words.host, w.host}, {vouch.ClockSys, words.sys, w.sys}, {vouch.ClockEngine, words.engine, w.engine}} {
		if c.said == restarted && (r.Kind != AgentRestarted || c.clock != vouch.ClockHost) {
			run := time.Duration(c.tick.n) * hundredth
			r.Clock, r.Within, r.At = c.clock, tolerance(run), at.Add(-run)
			if r.At.Before(w.at) {
				r.At = w.at
			}
			return r
		}
	}
	r.Within = at.Sub(w.at) / 2
	r.At = w.at.Add(r.Within)
	return r
}

// judge compares a reading of a clock with the one before, which it replaces unless
// nothing was said. unit is how many hundredths its numbers are, turn after how many
// it begins anew.
func (t *tick) judge(n Number, unit, turn int64, at time.Time) word {
	if !n.Known || n.N == 0 || n.N > uint64(turn/unit) {
		return silent // 0 is what many decoders make of what they cannot read
	}
	was, is := *t, tick{at, int64(n.N) * unit, true}
	elapsed := at.Sub(was.at)
	if !was.told {
		*t = is
		return silent
	}
	if elapsed > time.Duration(turn/2)*hundredth {
		*t = is
		return silent
	}
	// How far it is off what it should be, the shorter way round.
	off := (is.n - was.n - int64(elapsed/hundredth)) % turn
	if off < -turn/2 {
		off += turn
	} else if off >= turn/2 {
		off -= turn
	}
	tolerance := tolerance(elapsed)
	ran := (time.Duration(off) * hundredth).Abs() <= tolerance
	if is.n == was.n { // to the hundredth: it is remembered since when it stands still
		if ran {
			return ranOn
		}
		return silent
	}
	switch {
	case ran:
		*t = is
		return ranOn
	case time.Duration(is.n)*hundredth <= elapsed+tolerance:
		*t = is
		return restarted
	}
	*t = is
	return odd
}
