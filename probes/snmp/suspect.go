// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
)

// blame takes the column at fault out of the lot, by its error-index or because it
// is alone.
func (a *attempt) blame(active []int, index int) bool {
	if index == 0 && len(active) == 1 {
		index = 1
	}
	if index < 1 || index > len(active) {
		return false
	}
	c := &a.columns[active[index-1]]
	c.suspect, c.bad, c.done, c.cells = true, true, true, c.cells[:0]
	return true
}

// readSuspects reads the columns that the device failed on once more, each alone and
// only as far as the rows of the others go: the failure may have lain beyond the end
// of the column, in what follows it.
func (a *attempt) readSuspects(ctx context.Context, t *table, m *tableMemory, before int) error {
	rows, last := 0, oid(nil)
	for i := range a.columns[:before] {
		if c := &a.columns[i]; len(c.cells) > rows {
			rows, last = len(c.cells), c.index(len(c.cells)-1)
		}
	}
	for i := range a.columns[:before] {
		c := &a.columns[i]
		if !c.bad || a.exchanges >= maxExchanges {
			continue
		}
		if fits := a.budget / a.size(i, m); rows > 0 && rows <= fits && !a.next {
			a.active = append(a.active[:0], i)
			c.done = false
			ans, err := a.exchange(ctx, a.tableRequest(a.active, rows))
			switch {
			case errors.Is(err, errGarbled):
			case err != nil:
				return err
			case ans.status == statusNoError:
				if err := a.accept(t, a.active, rows, ans.binds); err != nil {
					return err
				}
				n := len(c.cells)
				c.bad = n == 0 || compare(c.index(n-1), last) != 0
			}
			c.done = true
		}
		if c.bad {
			c.cells = c.cells[:0]
			a.note("the device fails on column " + c.obj.oid.String())
		}
	}
	return nil
}
