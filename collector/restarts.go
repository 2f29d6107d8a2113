// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/series"
)

// The measurement and the fields that every poll over SNMP yields.
const (
	measurementSystem    = "snmp"
	measurementInterface = "interface"
	measurementTrap      = "trap" // what it sent by itself: told once
	fieldSysUpTime       = "sys_uptime_ticks"
	fieldHostUpTime      = "host_uptime_ticks"
	fieldEngineBoots     = "engine_boots"
	fieldEngineTime      = "engine_time_seconds"
	fieldDiscontinuity   = "discontinuity_ticks"
)

// told is what is remembered of one device.
type told struct {
	points  map[string]*reading
	watches map[vouch.AgentID]*deviceWatch
	device  seenRestart // the last of the device
	agent   seenRestart // the last of its SNMP agent alone
	swept   time.Time   // when points were last forgotten
}

// deviceWatch are the device's clocks as one agent reads them.
type deviceWatch struct {
	series.Watch
	at   time.Time   // of its last poll
	kind series.Kind // what that said
}

// seenRestart is a restart with the first poll that showed it.
type seenRestart struct {
	series.Restart
	seen time.Time
}

// follow takes in what a poll said of the device's clocks.
func (d *told) follow(agent vouch.AgentID, at time.Time, fields []vouch.Field) {
	w := d.watches[agent]
	if w == nil {
		if len(d.watches) >= maxAnswers {
			return
		}
		w = &deviceWatch{}
		d.watches[agent] = w
	}
	r := w.Next(clocksOf(at, fields))
	w.at, w.kind = at, r.Kind
	switch r.Kind {
	case series.DeviceRestarted, series.Replaced:
		d.device.take(r, at)
	case series.AgentRestarted:
		d.agent.take(r, at)
	}
}

// take notes a restart, unless it is the one that another agent saw before.
func (s *seenRestart) take(r series.Restart, seen time.Time) {
	switch {
	case s.Kind != series.Unclear && r.At.Sub(s.At).Abs() <= r.Within+s.Within:
		if seen.Before(s.seen) {
			s.seen = seen
		}
		if r.Within < s.Within {
			s.Restart = r
		}
	case r.At.After(s.At):
		*s = seenRestart{r, seen}
	}
}

// forget drops the points that nobody has told for a while, but traps.
func (d *told) forget(now time.Time) {
	if now.Sub(d.swept).Abs() < forgetAfter/6 {
		return
	}
	d.swept = now
	for name, p := range d.points {
		if p.measurement == measurementTrap {
			continue
		}
		p.answers = slices.DeleteFunc(p.answers, func(w latest) bool { return now.Sub(w.time()) > forgetAfter })
		if len(p.answers) == 0 {
			delete(d.points, name)
		}
	}
}

func clocksOf(at time.Time, fields []vouch.Field) series.Clocks {
	c := series.Clocks{At: at}
	for _, f := range fields {
		n := series.Known(f.Value.Uint()) // the bits; a signed number below zero is left out
		switch {
		case f.Value.Kind() == vouch.ValueInt && f.Value.Int() < 0 || f.Value.Kind() > vouch.ValueUint:
		case f.Name == fieldSysUpTime:
			c.Sys = n
		case f.Name == fieldHostUpTime:
			c.Host = n
		case f.Name == fieldEngineBoots:
			c.Boots = n
		case f.Name == fieldEngineTime:
			c.Engine = n
		}
	}
	return c
}
