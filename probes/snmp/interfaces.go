// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Interface is one interface by IF-MIB (RFC 2863). What the device does not have is
// nil or empty.
type Interface struct {
	Index               uint32
	Name                string // ifName, else ifDescr
	Alias               string
	Admin, Oper         *int64 // as the MIB numbers them
	Speed               *int64 // bits a second
	InOctets, OutOctets *uint64
	InErrors, OutErrors *uint64
}

// The columns of the list, in the order of interfacePlan.
const (
	colDescr = iota
	colName
	colAlias
	colAdmin
	colOper
	colSpeed
	colHighSpeed
	colInOctets
	colHCInOctets
	colOutOctets
	colHCOutOctets
	colInErrors
	colOutErrors
	columnsOfInterface
)

// interfacePlan reads the columns one by one, without substitutes: who looks at a
// device wants to see each row that any of them has.
func interfacePlan() *plan {
	t := table{name: "interface", key: -1, maxRows: maxRowsAtMost, fields: columnsOfInterface}
	for _, c := range [columnsOfInterface]string{
		ifDescr, ifName, ifAlias, ifEntry + "7", ifEntry + "8", ifSpeed, ifHighSpeed,
		ifInOctets, ifHCInOctets, ifOutOctets, ifHCOutOctets, ifEntry + "14", ifEntry + "20",
	} {
		id := mustOID(c)
		t.columns = append(t.columns, object{oid: id, name: c, kind: vouch.TypeText, divisor: 1, size: guess(id, vouch.TypeText)})
	}
	return &plan{scalars: []object{{oid: mustOID(sysUpTime), in: measurement, name: fieldUpTime, kind: vouch.TypeTicks, divisor: 1}}, tables: []table{t}}
}

// Interfaces asks the target for its interfaces, in the order of their index.
func (p *Prober) Interfaces(ctx context.Context, t probes.Target) ([]Interface, vouch.Result) {
	var list []Interface
	pl := interfacePlan()
	r := p.attempt(ctx, t, pl, func(a *attempt, ctx context.Context) vouch.Result {
		if err := a.readScalars(ctx); err != nil {
			return a.closed(verdict(err))
		}
		if err := a.readTable(ctx, &pl.tables[0], &a.memory.tables[0]); err != nil {
			a.note("interfaces left out: " + err.Error())
			return a.closed(vouch.Result{Outcome: vouch.Up, Detail: a.notes[len(a.notes)-1]})
		}
		a.points.merge(a.columns)
		for _, r := range a.points.rows {
			list = append(list, a.interfaceOf(r))
		}
		return a.closed(vouch.Result{Outcome: vouch.Up})
	})
	return list, r
}

func (a *attempt) interfaceOf(r row) Interface {
	at := func(column int) (cell, bool) {
		i := a.points.at[r.at+column]
		if i < 0 {
			return cell{}, false
		}
		return a.columns[column].cells[i], true
	}
	text := func(columns ...int) string {
		for _, c := range columns {
			if v, ok := at(c); ok && len(bytes.TrimSpace(v.data)) > 0 {
				return string(appendTextOf(nil, v.tag, v.data))
			}
		}
		return ""
	}
	signed := func(column int) *int64 {
		if v, ok := at(column); ok {
			if n, ok := asInt(v.tag, v.data); ok {
				return &n
			}
		}
		return nil
	}
	count := func(columns ...int) *uint64 {
		for _, c := range columns {
			if v, ok := at(c); ok {
				if n, ok := asUint(v.tag, v.data); ok {
					return &n
				}
			}
		}
		return nil
	}
	i := Interface{
		Name: text(colName, colDescr), Alias: text(colAlias), Admin: signed(colAdmin), Oper: signed(colOper),
		Speed:    speed(signed(colSpeed), signed(colHighSpeed)),
		InOctets: count(colHCInOctets, colInOctets), OutOctets: count(colHCOutOctets, colOutOctets),
		InErrors: count(colInErrors), OutErrors: count(colOutErrors),
	}
	if arcs := r.index.arcs(); len(arcs) > 0 {
		i.Index = arcs[0]
	}
	return i
}

// speed is ifSpeed, which tells single bits, where it agrees with ifHighSpeed, and
// ifHighSpeed, which does not end at 4.3 Gb/s, where not (RFC 2863 section 3.1.8).
func speed(bits, mega *int64) *int64 {
	const saturated = 1<<32 - 1
	if mega != nil && *mega > 0 && *mega < 1<<40 {
		high := *mega * 1_000_000
		if bits == nil || *bits == saturated || *bits < high-1_000_000 || *bits > high+1_000_000 {
			return &high
		}
	}
	if bits == nil || *bits == saturated {
		return nil
	}
	return bits
}
