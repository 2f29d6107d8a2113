// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import "time"

// relearnAfter is how long it is believed that a device lacks an object. A firmware
// update comes with a restart, which is noticed at once; a module may be plugged in.
const relearnAfter = time.Hour

// expectedRows is how many rows a table is expected to have before it was ever read.
const expectedRows = 10

// memory is what earlier attempts taught about a device. It changes how much a poll
// costs, never what it finds.
type memory struct {
	plan    *plan
	learned time.Time
	uptime  uint64 // last sysUpTime; a lower one means a restart
	missing []bool // scalars that an SNMPv1 agent does not have, which cost a request each
	tables  []tableMemory
	// most is how many bindings an answer may have before the device calls it too big,
	// breaks it off, or it is lost on the way.
	most     int
	calm     int // attempts since then, or since most was raised
	patience int // how many of them until more is tried
}

type tableMemory struct {
	rows    int
	hollow  bool // no row had a value
	columns []columnMemory
}

type columnMemory struct {
	choice  choice
	size    int  // mean octets of a binding; 0 where not known
	suspect bool // the device failed on it: it is read alone, after the others
}

// choice is which objects are asked for a column.
type choice byte

const (
	primary choice = iota
	older          // the older column, because the device lacks the newer one
	absent         // neither, because the device has neither
	both           // the older column as well, because some rows lack the newer one
	alone          // the newer one, though some rows lack it: the older one has no more
)

// maxBinds is the initial value of memory.most: no limit that a table would reach.
const maxBinds = 1 << 12

// current returns m where it is still believed for the plan, else a fresh one.
func (m *memory) current(p *plan, now time.Time) *memory {
	if m != nil && m.plan == p && now.Sub(m.learned) < relearnAfter {
		return m
	}
	fresh := &memory{plan: p, learned: now, missing: make([]bool, len(p.scalars)), most: maxBinds}
	if m != nil && m.plan == p {
		// What the way to the device can carry has not changed because an hour is over.
		fresh.most, fresh.calm, fresh.patience = m.most, m.calm, m.patience
	}
	fresh.tables = make([]tableMemory, len(p.tables))
	for i := range fresh.tables {
		fresh.tables[i].reset(&p.tables[i])
	}
	return fresh
}

// restarted forgets what a restart may have changed.
func (m *memory) restarted() {
	clear(m.missing)
	m.most, m.calm, m.patience = maxBinds, 0, 0
	for i := range m.tables {
		m.tables[i].reset(&m.plan.tables[i])
	}
}

// Bounds of memory.patience: asking for too much costs a request where the device says
// so, and a table where the answer is lost.
const (
	leastPatience = 8
	mostPatience  = 1024
)

// shrink notes that so many bindings were too much for one answer.
func (m *memory) shrink(asked int) {
	m.most, m.calm = max(asked/2, 1), 0
	m.patience = min(max(2*m.patience, leastPatience), mostPatience)
}

// calmed notes that an attempt went well. After a while of that more is asked for.
func (m *memory) calmed() {
	if m.most == maxBinds {
		return
	}
	if m.calm++; m.calm >= m.patience {
		m.most, m.calm = min(2*m.most, maxBinds), 0
	}
}

func (tm *tableMemory) reset(t *table) {
	tm.rows, tm.hollow = expectedRows, false
	tm.columns = make([]columnMemory, len(t.columns))
}

// learn notes what a complete reading of the table showed.
func (tm *tableMemory) learn(t *table, columns []column) {
	tm.rows, tm.hollow = 0, !hasCells(columns[:t.fields])
	for i := range tm.columns {
		c := &columns[i]
		tm.rows = max(tm.rows, len(c.cells))
		if n := len(c.cells); n > 0 {
			octets := 0
			for _, cell := range c.cells {
				octets += len(cell.name) + len(cell.data) + 6
			}
			tm.columns[i].size = (octets + n - 1) / n
		}
	}
	for i := range tm.columns {
		c := &columns[i]
		tm.columns[i].suspect = !tm.hollow && c.suspect
		switch {
		case tm.hollow || c.suspect:
			// An empty table may get rows; a column that fails may recover within the hour.
			tm.columns[i].choice = primary
		case c.fill > 0:
			tm.columns[i].choice = filled(c, &columns[c.fill])
		case c.choice != absent && len(c.cells) == 0:
			tm.columns[i].choice = absent
		default:
			tm.columns[i].choice = c.choice
		}
	}
}
