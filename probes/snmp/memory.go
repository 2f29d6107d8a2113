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
	// most is how many bindings an answer may have before the device calls it too big.
	most int
}

type tableMemory struct {
	rows    int
	hollow  bool // no row had a value
	columns []columnMemory
}

type columnMemory struct {
	choice choice
	size   int // mean octets of a binding; 0 where not known
}

// choice is which objects are asked for a column.
type choice byte

const (
	primary choice = iota
	older          // the older column, because the device lacks the newer one
	absent         // neither, because the device has neither
)

// maxBinds is the initial value of memory.most: no limit that a table would reach.
const maxBinds = 1 << 12

// current returns m where it is still believed for the plan, else a fresh one.
func (m *memory) current(p *plan, now time.Time) *memory {
	if m != nil && m.plan == p && now.Sub(m.learned) < relearnAfter {
		return m
	}
	fresh := &memory{plan: p, learned: now, missing: make([]bool, len(p.scalars)), most: maxBinds}
	fresh.tables = make([]tableMemory, len(p.tables))
	for i := range fresh.tables {
		fresh.tables[i].reset(&p.tables[i])
	}
	return fresh
}

// restarted forgets what a restart may have changed.
func (m *memory) restarted() {
	clear(m.missing)
	for i := range m.tables {
		m.tables[i].reset(&m.plan.tables[i])
	}
}

func (tm *tableMemory) reset(t *table) {
	tm.rows, tm.hollow = expectedRows, false
	tm.columns = make([]columnMemory, len(t.columns))
}

// learn notes what a complete reading of the table showed.
func (tm *tableMemory) learn(t *table, columns []column) {
	tm.rows, tm.hollow = 0, !hasCells(columns[:t.fields])
	for i := range columns {
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
	for i := range columns {
		c := &columns[i]
		switch {
		case tm.hollow || c.bad:
			// An empty table may get rows; a column that fails may recover.
			tm.columns[i].choice = primary
		case c.choice != absent && len(c.cells) == 0:
			tm.columns[i].choice = absent
		default:
			tm.columns[i].choice = c.choice
		}
	}
}
