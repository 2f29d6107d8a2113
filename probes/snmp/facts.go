// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/series"
)

// Facts are what a device says it is: the system group and its engine, for a person
// who sets up a check. What the device does not tell is empty, and an uptime zero.
type Facts struct {
	SysDescr    string
	SysObjectID string // dotted
	SysName     string
	UpTime      time.Duration // sysUpTime, which wraps after 497 days
	EngineBoots int64         // snmpEngineBoots
	EngineTime  time.Duration // snmpEngineTime; not every device's is its uptime
	HostUpTime  time.Duration // hrSystemUptime, which wraps as well
	EngineID    string        // snmpEngineID, hexadecimal

	descr string // sysDescr as a line of text, to look for patterns in
}

// Facts asks the target for its facts, by one request where the device allows it.
// The result has no points; the facts are empty unless it is Up.
func (p *Prober) Facts(ctx context.Context, t probes.Target) (Facts, vouch.Result) {
	var f Facts
	symbol := func(oid string) object { return object{oid: mustOID(oid), kind: vouch.TypeText, divisor: 1} }
	// The uptime comes first: attempt.uptime relies on it.
	pl := &plan{scalars: []object{symbol(sysUpTime), symbol(sysDescr), symbol(sysObjectID), symbol(sysName), symbol(engineBoots), symbol(engineTime), symbol(hostUpTime), symbol(engineID)}}
	r := p.attempt(ctx, t, pl, func(a *attempt, ctx context.Context) vouch.Result {
		r := a.run(ctx)
		r.Points = nil
		if r.Outcome == vouch.Up {
			f = a.facts()
		}
		return r
	})
	return f, r
}

func (a *attempt) facts() Facts {
	text := func(i int) string {
		if a.scalars[i].tag == 0 {
			return ""
		}
		return string(appendTextOf(nil, a.scalars[i].tag, a.scalars[i].data))
	}
	number := func(i int) int64 {
		v, ok := asInt(a.scalars[i].tag, a.scalars[i].data)
		if !ok || v < 0 || v > 1<<32 {
			return 0
		}
		return v
	}
	return Facts{
		UpTime:      time.Duration(number(0)) * 10 * time.Millisecond,
		SysDescr:    text(1),
		SysObjectID: text(2),
		SysName:     text(3),
		EngineBoots: number(4),
		EngineTime:  time.Duration(number(5)) * time.Second,
		HostUpTime:  time.Duration(number(6)) * 10 * time.Millisecond,
		EngineID:    hex.EncodeToString(a.scalars[7].data),
		descr:       oneLine(a.scalars[1].data),
	}
}

// Running returns how long the device has been running, by the best of the clocks that
// it has ([series.Clocks.Running]).
func (f Facts) Running(clocks []vouch.Clock) (time.Duration, bool) {
	up, _, ok := series.Clocks{
		Sys:    series.Known(uint64(f.UpTime / (10 * time.Millisecond))),
		Host:   series.Known(uint64(f.HostUpTime / (10 * time.Millisecond))),
		Engine: series.Known(uint64(f.EngineTime / time.Second)),
	}.Running(clocks)
	return up, ok
}
