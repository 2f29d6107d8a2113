// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import "bytes"

// Some devices have the newer objects for some of their rows alone, as 64-bit counters
// for their ports and none for their tunnels. There the older column is read beside
// the newer one and fills the rows that lack it.

// addOlder adds the older of a column to those that are read.
func (a *attempt) addOlder(t *table, i int) {
	n := len(a.columns)
	if n < cap(a.columns) {
		a.columns = a.columns[:n+1]
	} else {
		a.columns = append(a.columns, column{})
	}
	a.columns[i].fill = n
	a.columns[n] = column{obj: t.columns[i].instead, choice: both, cells: a.columns[n].cells[:0]}
}

// fillRows adds the older of every column that turned out to have fewer rows than the
// table, and reports whether there is any.
func (a *attempt) fillRows(t *table) bool {
	rows := 0
	for i := range a.columns {
		rows = max(rows, len(a.columns[i].cells))
	}
	any := false
	for i := range t.columns {
		c := &a.columns[i]
		if c.choice == primary && !c.bad && len(c.cells) > 0 && len(c.cells) < rows && t.columns[i].instead != nil {
			a.addOlder(t, i)
			any = true
		}
	}
	return any
}

// filled returns what is worth asking next time: the older column has to have rows that
// the newer one lacks.
func filled(newer, old *column) choice {
	if old.bad {
		return alone
	}
	missing := 0
	for i, at := 0, 0; i < len(old.cells); i++ {
		for at < len(newer.cells) && compare(newer.index(at), old.index(i)) < 0 {
			at++
		}
		if at == len(newer.cells) || !bytes.Equal(newer.index(at), old.index(i)) {
			missing++
		}
	}
	if missing > 0 {
		return both
	}
	return alone
}
