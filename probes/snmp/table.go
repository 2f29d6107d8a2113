// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"slices"
)

const (
	// answerBudget is how large an answer is asked for: with the headers of IPv6, UDP
	// and the message it fits an Ethernet frame, and fragments are often dropped.
	answerBudget = 1340
	// usmBudget is answerBudget less what user-based security adds to a message beyond
	// the room that is left there: its header, two engine identifiers, user, digest and
	// padding are about 200 octets with SHA-512.
	usmBudget = answerBudget - 80
	// maxColumns bounds the columns of one request; some agents refuse more.
	maxColumns = 20
	// rowsAhead is how many rows a request asks for when columns are grouped.
	rowsAhead = 20
	// maxRepetitions bounds a request that asks for few columns.
	maxRepetitions = 100
	// maxExchanges and maxReceived bound one attempt, whatever a device sends.
	maxExchanges = 1024
	maxReceived  = 1 << 20
)

// column is a column being read.
type column struct {
	obj    *object // the column itself or its substitute
	choice choice
	fill   int // index of the column whose values stand in for rows that have none; 0 for none
	cells  []cell
	done   bool

	suspect bool // the device failed on it, now or lately
	bad     bool // and has not recovered
}

// cell is one value of a column, copied into the attempt's arena.
type cell struct {
	name oid
	tag  byte
	data []byte
}

// index returns the part of the cell's name that tells the row.
func (c *column) index(i int) oid { return c.cells[i].name[len(c.obj.oid):] }

// next returns the name after which the next cell is to be looked for.
func (c *column) next() oid {
	if n := len(c.cells); n > 0 {
		return c.cells[n-1].name
	}
	return c.obj.oid
}

// readTable reads every column of t into a.columns. The error says why the table is
// incomplete; nothing of it may be used then.
func (a *attempt) readTable(ctx context.Context, t *table, m *tableMemory) error {
	a.startColumns(t, m)
	if m.hollow {
		// Last time no row had a value: names alone are not worth reading.
		if err := a.readAll(ctx, t, m, t.fields); err != nil {
			return err
		}
	}
	if !m.hollow || hasCells(a.columns[:t.fields]) {
		if err := a.readAll(ctx, t, m, len(a.columns)); err != nil {
			return err
		}
	}
	m.learn(t, a.columns)
	return nil
}

func hasCells(columns []column) bool {
	return slices.ContainsFunc(columns, func(c column) bool { return len(c.cells) > 0 })
}

// readAll reads the columns before the given one, and the substitutes of those that
// the device turns out to lack.
func (a *attempt) readAll(ctx context.Context, t *table, m *tableMemory, before int) error {
	if err := a.readColumns(ctx, t, m, before); err != nil {
		return err
	}
	if a.turnToSubstitutes(t, before) {
		if err := a.readColumns(ctx, t, m, before); err != nil {
			return err
		}
	}
	if before >= len(t.columns) && a.fillRows(t) {
		before = len(a.columns)
		if err := a.readColumns(ctx, t, m, before); err != nil {
			return err
		}
	}
	return a.readSuspects(ctx, t, m, before)
}

func (a *attempt) startColumns(t *table, m *tableMemory) {
	// The slice may be shorter than what it holds room for, with buffers worth keeping:
	// it grows only when a table is wider than any before.
	a.columns = a.columns[:cap(a.columns)]
	if missing := len(t.columns) - len(a.columns); missing > 0 {
		a.columns = append(a.columns, make([]column, missing)...)
	}
	a.columns = a.columns[:len(t.columns)]
	for i := range a.columns {
		c := &a.columns[i]
		*c = column{obj: &t.columns[i], choice: m.columns[i].choice, cells: c.cells[:0]}
		switch c.choice {
		case older:
			c.obj = t.columns[i].instead
		case absent:
			c.done = true
		}
		if m.columns[i].suspect && !a.next && m.rows*a.size(i, m) <= a.budget {
			c.suspect, c.bad, c.done = true, true, true
		}
	}
	for i := range t.columns {
		if a.columns[i].choice == both {
			a.addOlder(t, i)
		}
	}
}

// turnToSubstitutes reopens the columns that the device turned out to lack and that
// an older column can stand in for.
func (a *attempt) turnToSubstitutes(t *table, before int) bool {
	any := false
	for i := range a.columns[:min(before, len(t.columns))] {
		c := &a.columns[i]
		if c.choice == primary && len(c.cells) == 0 && !c.bad && t.columns[i].instead != nil {
			c.obj, c.choice, c.done = t.columns[i].instead, older, false
			any = true
		}
	}
	return any
}

// readColumns reads the columns before the given one that are not done, several in
// each request: as many as an answer of the expected rows has room for.
func (a *attempt) readColumns(ctx context.Context, t *table, m *tableMemory, before int) error {
	rows := min(m.rows+1, rowsAhead)
	if a.next {
		rows = 1
	}
	from, count, octets := 0, 0, 0
	for i := range a.columns[:before] {
		if a.columns[i].done {
			continue
		}
		size := a.size(i, m) * rows
		if count > 0 && (octets+size > a.budget || count == maxColumns) {
			if err := a.readSpan(ctx, t, m, from, i); err != nil {
				return err
			}
			from, count, octets = i, 0, 0
		}
		count++
		octets += size
	}
	return a.readSpan(ctx, t, m, from, before)
}

func (a *attempt) size(i int, m *tableMemory) int {
	if i < len(m.columns) && m.columns[i].size > 0 {
		return m.columns[i].size
	}
	return a.columns[i].obj.size
}
