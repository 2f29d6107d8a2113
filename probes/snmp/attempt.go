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
	v1       bool
	next     bool // GETNEXT instead of GETBULK
	most     int  // repetitions of a GETBULK
	budget   int  // octets of bindings that an answer has room for
	// What the check asks beside its profile; nil where it asks nothing.
	identity  *identity
	selection *selection

	rtt       time.Duration // of the first exchange; 0 until an answer came
	exchanges int
	received  int
	garbled   bool // an answer to a request for scalars was
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
func (a *attempt) start(s session, deadline time.Time, p *plan, m *memory, w way) {
	a.session, a.deadline, a.plan, a.memory = s, deadline, p, m
	a.v1, a.next, a.most, a.budget = w.v1, w.v1 || w.noBulk, w.most, w.budget
	a.rtt, a.exchanges, a.received, a.garbled = 0, 0, 0, false
	a.notes, a.arena = a.notes[:0], a.arena[:0]
	if p.problems != "" {
		a.note(p.problems)
	}
}

// way says how a device is asked.
type way struct {
	v1     bool
	noBulk bool
	most   int // repetitions of a GETBULK
	budget int // octets of bindings in an answer
}

// newWay returns how the target is asked under the profile, nil for none.
func newWay(version string, p *vouch.Profile) way {
	w := way{v1: version == probes.SNMPv1, most: maxRepetitions, budget: answerBudget}
	if version == probes.SNMPv3 {
		w.budget = usmBudget
	}
	if p != nil {
		w.noBulk = p.NoBulk
		if p.Repetitions > 0 {
			w.most = min(w.most, p.Repetitions)
		}
	}
	return w
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
	told, other, isOther := a.identify(ctx)
	if isOther {
		return a.closed(other)
	}
	rows := 0
	for i := range a.memory.tables {
		rows += a.memory.tables[i].rows
	}
	a.points.addScalars(a.plan, a.scalars, rows)
	a.points.tell(told)
	whole := true
	for i := range a.plan.tables {
		t, m := &a.plan.tables[i], &a.memory.tables[i]
		err := a.readTable(ctx, t, m)
		if err == nil {
			from := len(a.points.out)
			a.points.addTable(t, a.columns)
			a.choose(t, from)
			continue
		}
		m.reset(t)
		if ends(err) {
			a.points.take()
			return a.closed(verdict(err))
		}
		whole = false
		a.note("table " + t.name + " left out: " + err.Error())
	}
	if whole {
		a.memory.calmed()
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
