// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// outcomes remembers how each check and reference ended last, for the heartbeat and
// to see what changes.
type outcomes struct {
	wake chan struct{} // capacity 1: an outcome changed

	mu       sync.Mutex // guards all below
	customer map[vouch.CustomerID]map[asked]*last
	changed  map[vouch.CustomerID]bool
}

// asked names what was asked: a check of a device, or a reference.
type asked struct {
	Device    vouch.DeviceID
	Check     vouch.CheckName
	Reference string
}

// last is the latest sample of what was asked.
type last struct {
	at      time.Time
	era     uint64 // of the stamp
	outcome vouch.Outcome
	reason  vouch.Reason
	beyond  bool // a watch limit was crossed
	line    []byte
}

func newOutcomes() *outcomes {
	return &outcomes{
		wake:     make(chan struct{}, 1),
		customer: map[vouch.CustomerID]map[asked]*last{},
		changed:  map[vouch.CustomerID]bool{},
	}
}

// keep forgets what is not assigned any more.
func (o *outcomes) keep(jobs []job, refs []wire.Reference) {
	stay := map[vouch.CustomerID]map[asked]bool{}
	add := func(c vouch.CustomerID, a asked) {
		if stay[c] == nil {
			stay[c] = map[asked]bool{}
		}
		stay[c][a] = true
	}
	for _, r := range refs {
		for _, c := range r.Customers {
			add(c, asked{Reference: r.Name})
		}
	}
	for _, j := range jobs {
		add(j.Customer, asked{Device: j.Device, Check: j.Check.Name})
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for c, list := range o.customer {
		for a := range list {
			if !stay[c][a] {
				delete(list, a)
			}
		}
		if len(list) == 0 {
			delete(o.customer, c)
		}
	}
}

// fell reports whether an attempt that found the device silent is the first to do so.
func (o *outcomes) fell(customer vouch.CustomerID, a asked) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.customer[customer][a]
	return l == nil || l.outcome == vouch.Up
}

// note compares a sample with the one before it and returns what it means for
// sealing. The first sample of a check is news only when it is not up.
func (o *outcomes) note(m vouch.Sample, w vouch.Watch, era uint64) event {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.customer[m.Customer]
	if list == nil {
		list = map[asked]*last{}
		o.customer[m.Customer] = list
	}
	a := asked{m.Device, m.Check, m.Reference}
	before := list[a]
	if before == nil {
		before = &last{outcome: vouch.Up}
		list[a] = before
	}
	if era < before.era || era == before.era && m.Start.Before(before.at) {
		return event{era: era} // it waited for the self-check and was overtaken: no news
	}
	now := last{at: m.Start, era: era, outcome: m.Outcome, reason: m.Reason, beyond: beyond(m.Result, w), line: before.line}
	e := event{era: era, urgent: now.outcome != before.outcome || now.beyond != before.beyond}
	if now.outcome != before.outcome && now.outcome != vouch.Up && m.Device != "" {
		e.hot = m.Interval
	}
	*before = now
	if e.urgent {
		o.changed[m.Customer] = true
	}
	return e
}

// beyond reports whether a result has crossed a watch limit.
func beyond(r vouch.Result, w vouch.Watch) bool {
	if r.Outcome != vouch.Up {
		return false
	}
	return w.RTT > 0 && r.RTT.Avg > w.RTT || w.Loss > 0 && r.Sent > 0 && r.Lost*100 > w.Loss*r.Sent
}

// say keeps the line of the latest sample, and wakes the heartbeat when the outcome
// is news.
func (o *outcomes) say(m vouch.Sample, line []byte, urgent bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l := o.customer[m.Customer][asked{m.Device, m.Check, m.Reference}]; l != nil && m.Start.Equal(l.at) {
		l.line = line
	}
	if urgent {
		poke(o.wake)
	}
}

// news returns the customers with a change since it was asked last.
func (o *outcomes) news() []vouch.CustomerID {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := slices.Sorted(maps.Keys(o.changed))
	clear(o.changed)
	return list
}

// lines returns the latest line of everything that was asked for a customer, as far
// as it is not stamped after at: a clock that was set back leaves such lines behind.
func (o *outcomes) lines(customer vouch.CustomerID, at time.Time) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.customer[customer]
	keys := make([]asked, 0, len(list))
	for a, l := range list {
		if l.line != nil && !l.at.After(at) {
			keys = append(keys, a)
		}
	}
	sort.Slice(keys, func(i, k int) bool {
		a, b := &keys[i], &keys[k]
		return cmp.Or(strings.Compare(string(a.Device), string(b.Device)), strings.Compare(string(a.Check), string(b.Check)), strings.Compare(a.Reference, b.Reference)) < 0
	})
	var out bytes.Buffer
	for _, a := range keys {
		out.Write(list[a].line)
	}
	return out.Bytes()
}
