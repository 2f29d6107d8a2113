// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// errTooBig says that not even one value of one column fits an answer.
var errTooBig = errors.New("the device says that one value is too big for an answer")

// readSpan reads the columns in [from, to) that are not done, to their ends. Where
// the device fails on the lot without saying which column is at fault, it halves.
func (a *attempt) readSpan(ctx context.Context, t *table, m *tableMemory, from, to int) error {
	for {
		active := a.activeIn(from, to)
		if len(active) == 0 {
			return nil
		}
		if a.exchanges >= maxExchanges || a.received > maxReceived {
			return fmt.Errorf("more than %d requests or %d octets", maxExchanges, maxReceived)
		}
		reps := a.repetitions(active, m)
		ans, err := a.exchange(ctx, a.tableRequest(active, reps))
		switch {
		case errors.Is(err, errGarbled) && reps > 1:
			// Perhaps it is too long for the device or for the way.
			a.memory.shrink(len(active) * reps)
			continue
		case errors.Is(err, errGarbled) && a.timeLeft() || err == nil && a.broken(ans.status):
			if a.blame(active, ans.index) {
				if err != nil {
					a.memory.most = maxBinds // it was the column, not the length
				}
				continue
			}
		case errors.Is(err, errSilent) && reps > 1:
			// Scalars were answered: long answers may get lost. There is no time left to
			// try; the next attempt asks for less.
			a.memory.shrink(len(active) * reps)
			return err
		case err != nil:
			return err
		case ans.status == statusTooBig || ans.status == statusNoError && len(ans.binds) == 0:
			if len(active)*reps > 1 {
				a.memory.shrink(len(active) * reps)
				if reps > 1 {
					continue
				}
				break
			}
			return errTooBig
		case ans.status == statusNoSuchName:
			if a.endColumn(active, ans.index) {
				continue
			}
		default:
			if err := a.accept(t, active, reps, ans.binds); err != nil {
				return err
			}
			continue
		}
		mid := active[len(active)/2]
		if err := a.readSpan(ctx, t, m, from, mid); err != nil {
			return err
		}
		from = mid
	}
}

// broken reports whether a status is an error. An agent of SNMPv1 says by noSuchName
// that there is nothing more; an answer to a GETBULK says that otherwise.
func (a *attempt) broken(status int) bool {
	return status > statusNoSuchName || status == statusNoSuchName && !a.next
}

// endColumn ends the column that an SNMPv1 agent has no more of.
func (a *attempt) endColumn(active []int, index int) bool {
	if index == 0 && len(active) == 1 {
		index = 1
	}
	if index < 1 || index > len(active) {
		return false
	}
	a.columns[active[index-1]].done = true
	return true
}

func (a *attempt) activeIn(from, to int) []int {
	a.active = a.active[:0]
	for i := from; i < to; i++ {
		if !a.columns[i].done {
			a.active = append(a.active, i)
		}
	}
	return a.active
}

// repetitions returns how many rows to ask for: those expected and one more, which
// shows that the table ends, as far as an answer has room for them.
func (a *attempt) repetitions(active []int, m *tableMemory) int {
	if a.next {
		return 1
	}
	octets := 0
	for _, i := range active {
		octets += a.size(i, m)
	}
	want := m.rows + 1 - len(a.columns[active[0]].cells)
	if want < 1 {
		want = expectedRows
	}
	fit := min(a.budget/octets, a.memory.most/len(active), a.most)
	return max(min(want, fit), 1)
}

func (a *attempt) tableRequest(active []int, reps int) *request {
	a.req.pdu, a.req.repetitions = pduGetBulk, reps
	if a.next {
		a.req.pdu, a.req.repetitions = pduGetNext, 0
	}
	a.req.names = a.req.names[:0]
	for _, i := range active {
		a.req.names = append(a.req.names, a.columns[i].next())
	}
	return &a.req
}

// accept takes the bindings of an answer over, row by row. Names must be those of
// the column and grow strictly, inside an answer and from one to the next: an agent
// that goes in circles or back is not believed.
func (a *attempt) accept(t *table, active []int, reps int, binds []bind) error {
	progress := false
	for i, b := range binds[:min(len(binds), len(active)*reps)] {
		c := &a.columns[active[i%len(active)]]
		if c.done {
			continue
		}
		progress = true
		if b.tag == tagEndOfMibView || b.tag == tagNoSuchObject || b.tag == tagNoSuchInstance {
			c.done = true
			continue
		}
		if compare(b.name, c.next()) <= 0 {
			return fmt.Errorf("the device's answers do not increase at %s", b.name)
		}
		if len(b.name) <= len(c.obj.oid) || !bytes.HasPrefix(b.name, c.obj.oid) {
			c.done = true
			continue
		}
		if len(c.cells) == t.maxRows {
			return fmt.Errorf("more than %d rows", t.maxRows)
		}
		c.cells = append(c.cells, cell{name: a.keep(b.name), tag: b.tag, data: a.keep(b.data)})
	}
	if !progress {
		return errors.New("the device's answers make no progress")
	}
	return nil
}

// keep copies b out of the session's buffer.
func (a *attempt) keep(b []byte) []byte {
	from := len(a.arena)
	a.arena = append(a.arena, b...)
	return a.arena[from:len(a.arena):len(a.arena)]
}
