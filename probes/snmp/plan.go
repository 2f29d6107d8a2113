// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
)

// The system group (RFC 3418) and the engine (RFC 3411).
const (
	sysDescr    = "1.3.6.1.2.1.1.1.0"
	sysObjectID = "1.3.6.1.2.1.1.2.0"
	sysUpTime   = "1.3.6.1.2.1.1.3.0"
	sysName     = "1.3.6.1.2.1.1.5.0"
	engineBoots = "1.3.6.1.6.3.10.2.1.2.0"
	engineTime  = "1.3.6.1.6.3.10.2.1.3.0"
)

// Names of the fields that every poll yields.
const (
	measurement   = "snmp"
	tagIndex      = "index"
	fieldUpTime   = "sys_uptime_ticks"
	fieldSysName  = "sys_name"
	defaultRows   = 512
	maxRowsAtMost = 10_000
)

// plan is a profile made ready for asking. It is not changed once made.
type plan struct {
	scalars  []object // the system group first
	tables   []table
	problems string // what of the profile cannot be asked, for people
}

// object is one scalar or column.
type object struct {
	oid     oid
	name    string
	kind    vouch.SymbolType
	tag     bool   // column: stored as a tag
	divisor uint64 // column: 1, or what a substitute is divided by
	size    int    // column: guess at the octets of one binding
	instead *object
}

// table is one table of a profile: fields first, then tags sorted by name.
type table struct {
	name    string
	columns []object
	fields  int // how many of the columns are fields
	key     int // index of the column whose value names a row; -1 for none
	maxRows int
}

// newPlan makes a plan of the profile, nil for the system group alone. Symbols whose
// OID cannot be read are left out and named in problems.
func newPlan(p *vouch.Profile) *plan {
	pl := &plan{scalars: []object{
		{oid: mustOID(sysUpTime), name: fieldUpTime, kind: vouch.TypeTicks, divisor: 1},
		{oid: mustOID(sysName), name: fieldSysName, kind: vouch.TypeText, divisor: 1},
	}}
	if p == nil {
		return pl
	}
	var problems []string
	object := func(s vouch.Symbol, tag bool) (object, bool) {
		o, err := newObject(s, tag)
		if err != nil {
			problems = append(problems, "profile "+p.Name+": "+err.Error())
		}
		return o, err == nil
	}
	for _, s := range p.Scalars {
		if o, ok := object(s, false); ok && !pl.hasScalar(o) {
			pl.scalars = append(pl.scalars, o)
		}
	}
	for _, t := range p.Tables {
		tb := table{name: t.Name, key: -1, maxRows: defaultRows}
		if t.MaxRows > 0 {
			tb.maxRows = min(t.MaxRows, maxRowsAtMost)
		}
		for _, s := range t.Columns {
			if o, ok := object(s, false); ok {
				tb.columns = append(tb.columns, o)
			}
		}
		tb.fields = len(tb.columns)
		tags := slices.SortedStableFunc(slices.Values(t.Tags), func(a, b vouch.Symbol) int { return strings.Compare(a.Name, b.Name) })
		for _, s := range tags {
			if o, ok := object(s, true); ok {
				if s == t.Tags[0] {
					tb.key = len(tb.columns)
				}
				tb.columns = append(tb.columns, o)
			}
		}
		pl.tables = append(pl.tables, tb)
	}
	pl.problems = strings.Join(problems, "; ")
	return pl
}

func (p *plan) hasScalar(o object) bool {
	return slices.ContainsFunc(p.scalars, func(have object) bool { return compare(have.oid, o.oid) == 0 })
}

func newObject(s vouch.Symbol, tag bool) (object, error) {
	text := strings.TrimPrefix(s.OID, ".")
	id, err := parseOID(text)
	if err != nil {
		return object{}, err
	}
	o := object{oid: id, name: s.Name, kind: s.Type, tag: tag, divisor: 1, size: guess(id, s.Type)}
	if sub, ok := substituteFor(text); ok {
		subID := mustOID(sub.oid)
		o.instead = &object{oid: subID, name: s.Name, kind: s.Type, tag: tag, divisor: sub.divisor, size: guess(subID, s.Type)}
	}
	return o, nil
}

// guess returns how large a binding of the column is likely to be: the frames, the
// OID with an index of one octet, and a value as its type usually is.
func guess(o oid, kind vouch.SymbolType) int {
	value := 4
	switch kind {
	case vouch.TypeState:
		value = 1
	case vouch.TypeCounter:
		value = 5
	case vouch.TypeText:
		value = 20
	}
	return 2 + 2 + len(o) + 1 + 2 + value
}
