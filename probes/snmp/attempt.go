// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// attempt is one poll of one device. What it holds in slices is reused from attempt
// to attempt; nothing of it is kept in the result.
type attempt struct {
	session  session
	deadline time.Time
	plan     *plan
	memory   *memory
	next     bool // SNMPv1: GETNEXT instead of GETBULK

	rtt       time.Duration // of the first exchange; 0 until an answer came
	exchanges int
	received  int
	notes     []string

	req     request
	active  []int
	scalars []scalar
	columns []column
	arena   []byte
	points  points
	buffers buffers
}

// start makes a reused attempt ready.
func (a *attempt) start(s session, deadline time.Time, p *plan, m *memory, next bool) {
	a.session, a.deadline, a.plan, a.memory, a.next = s, deadline, p, m, next
	a.rtt, a.exchanges, a.received = 0, 0, 0
	a.notes, a.arena = a.notes[:0], a.arena[:0]
	if p.problems != "" {
		a.note(p.problems)
	}
}

// note adds a sentence for people to the result.
func (a *attempt) note(s string) { a.notes = append(a.notes, s) }

// run reads what the plan says. The device is up once it has answered; what fails
// after that only costs values, and the detail says which.
func (a *attempt) run(ctx context.Context) vouch.Result {
	err := a.readScalars(ctx)
	if err != nil && (a.rtt == 0 || ends(err)) {
		return a.closed(verdict(err))
	}
	if err != nil {
		a.note("scalars incomplete: " + err.Error())
	}
	if up, ok := a.uptime(); ok {
		if up < a.memory.uptime {
			a.memory.restarted()
		}
		a.memory.uptime = up
	}
	rows := 0
	for i := range a.memory.tables {
		rows += a.memory.tables[i].rows
	}
	a.points.addScalars(a.plan, a.scalars, rows)
	for i := range a.plan.tables {
		t, m := &a.plan.tables[i], &a.memory.tables[i]
		err := a.readTable(ctx, t, m)
		if err == nil {
			a.points.addTable(t, a.columns)
			continue
		}
		m.reset(t)
		if ends(err) {
			a.points.take()
			return a.closed(verdict(err))
		}
		a.note("table " + t.name + " left out: " + err.Error())
	}
	r := vouch.Result{
		Outcome: vouch.Up,
		RTT:     vouch.RTT{Min: a.rtt, Avg: a.rtt, Max: a.rtt},
		Detail:  strings.Join(a.notes, "; "),
		Points:  a.points.take(),
	}
	return a.closed(r)
}

// ends reports whether an error after the first answer still decides the attempt,
// because the attempt was broken off.
func ends(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.result.Reason == vouch.ReasonStopped
}

// closed adds the counts of the session to r.
func (a *attempt) closed(r vouch.Result) vouch.Result {
	t := a.session.tally()
	r.Sent, r.Lost = t.sent, max(t.sent-t.answered, 0)
	return r
}

// uptime returns sysUpTime in hundredths of a second.
func (a *attempt) uptime() (uint64, bool) {
	s := a.scalars[0]
	if s.tag != tagTimeTicks {
		return 0, false
	}
	return asUint(s.tag, s.data)
}

// unknownCredential returns the result for a credential that cannot be used.
func unknownCredential(err error) vouch.Result {
	return probes.Unknown(vouch.ReasonCredentials, strings.ReplaceAll(err.Error(), "\n", "; "))
}
