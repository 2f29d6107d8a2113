// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"time"
)

// row is the encoded lines of one sample.
type row struct {
	number uint64    // rows are numbered as they come, from 1, over all runs
	at     time.Time // the stamp of the lines, whole milliseconds
	lines  []byte
}

// pending holds what a chain has not sealed yet, by stamp.
type pending struct {
	rows  []row
	bytes int
}

// add puts r in its place. Samples come nearly in order, because an attempt is
// stamped when it begins and recorded when it ends.
func (p *pending) add(r row) {
	i := len(p.rows)
	for i > 0 && p.rows[i-1].at.After(r.at) {
		i--
	}
	p.rows = slices.Insert(p.rows, i, r)
	p.bytes += len(r.lines)
}

// dropOldest forgets the oldest row and returns it.
func (p *pending) dropOldest() row {
	r := p.rows[0]
	p.rows[0] = row{}
	p.rows = p.rows[1:]
	p.bytes -= len(r.lines)
	return r
}

// take removes the rows before through whose lines fit in limit bytes together and
// returns them with the end of the time that they cover: through, or less where
// not everything fitted. Rows of one millisecond stay together; where they alone
// exceed the limit they are returned as lost, for the caller to count.
func (p *pending) take(through time.Time, limit int) (rows, lost []row, end time.Time) {
	n, size := 0, 0
	for n < len(p.rows) && p.rows[n].at.Before(through) {
		m, group := n, 0
		for m < len(p.rows) && p.rows[m].at.Equal(p.rows[n].at) {
			group += len(p.rows[m].lines)
			m++
		}
		if size+group > limit {
			if n == 0 {
				lost = p.cut(m)
				return nil, lost, lost[0].at.Add(time.Millisecond)
			}
			through = p.rows[n].at
			break
		}
		n, size = m, size+group
	}
	return p.cut(n), nil, through
}

// cut removes the first n rows and returns them.
func (p *pending) cut(n int) []row {
	rows := slices.Clone(p.rows[:n])
	p.rows = slices.Delete(p.rows, 0, n)
	for _, r := range rows {
		p.bytes -= len(r.lines)
	}
	return rows
}
