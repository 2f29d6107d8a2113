// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"cmp"
	"fmt"
	"regexp"
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
	engineID    = "1.3.6.1.6.3.10.2.1.1.0"
	engineBoots = "1.3.6.1.6.3.10.2.1.2.0"
	engineTime  = "1.3.6.1.6.3.10.2.1.3.0"
	hostUpTime  = "1.3.6.1.2.1.25.1.1.0" // HOST-RESOURCES-MIB (RFC 2790)
)

// Names of the fields that every poll yields.
const (
	measurement  = "snmp"
	tagIndex     = "index"
	fieldUpTime  = "sys_uptime_ticks"
	fieldSysName = "sys_name"

	// What tells a restart from a wrap of sysUpTime, where the device has it.
	fieldHostUpTime  = "host_uptime_ticks"
	fieldEngineBoots = "engine_boots"
	fieldEngineTime  = "engine_time_seconds"

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
	in      string // scalar: the measurement
	name    string
	kind    vouch.SymbolType
	tag     bool    // column: stored as a tag
	bits    int     // counter: how wide the profile says it is, 0 for 64
	older   bool    // column: a substitute; its counters have 32 bits
	divisor uint64  // column: 1, or what a substitute is divided by
	scale   float64 // gauge: 0, or what the value is multiplied by
	extract *regexp.Regexp
	mapping []vouch.Mapped // tag: names of its values
	size    int            // column: guess at the octets of one binding
	instead *object
}

// part is a tag that comes from the row's index: the number at a position from 1 on,
// or the whole as a text.
type part struct {
	name    string
	at      int
	mapping []vouch.Mapped
}

// table is one table of a profile: fields first, then tags sorted by name.
type table struct {
	name    string
	columns []object
	fields  int    // how many of the columns are fields
	key     int    // index of the column whose value names a row; -1 for none
	parts   []part // sorted by name; the index is told whole where rows need it
	maxRows int
	rules   []rule // which rows are kept; empty for all
}

// newPlan makes a plan of the profile, nil for the system group alone. Symbols whose
// OID cannot be read are left out and named in problems.
func newPlan(p *vouch.Profile) *plan {
	pl := &plan{scalars: []object{
		{oid: mustOID(sysUpTime), in: measurement, name: fieldUpTime, kind: vouch.TypeTicks, divisor: 1},
		{oid: mustOID(sysName), in: measurement, name: fieldSysName, kind: vouch.TypeText, divisor: 1},
		{oid: mustOID(hostUpTime), in: measurement, name: fieldHostUpTime, kind: vouch.TypeTicks, divisor: 1},
		{oid: mustOID(engineBoots), in: measurement, name: fieldEngineBoots, kind: vouch.TypeGauge, divisor: 1},
		{oid: mustOID(engineTime), in: measurement, name: fieldEngineTime, kind: vouch.TypeGauge, divisor: 1},
	}}
	group := len(pl.scalars)
	if p == nil {
		return pl
	}
	var problems []string
	type scalarObject = object
	object := func(s vouch.Symbol, tag bool) (object, bool) {
		o, err := newObject(s, tag)
		if err != nil {
			problems = append(problems, "profile "+p.Name+": "+err.Error())
		}
		return o, err == nil
	}
	for _, s := range p.Scalars {
		if o, ok := object(s, false); ok && !pl.hasScalar(o) {
			o.in, o.name = s.Measurement()
			pl.scalars = append(pl.scalars, o)
		}
	}
	// The system group stays first: attempt.uptime relies on it.
	slices.SortStableFunc(pl.scalars[group:], func(a, b scalarObject) int {
		return cmp.Or(cmp.Compare(later(a.in), later(b.in)), strings.Compare(a.in, b.in))
	})
	for _, t := range p.Tables {
		tb := table{name: t.Name, key: -1, maxRows: defaultRows}
		if t.MaxRows > 0 {
			tb.maxRows = min(t.MaxRows, maxRowsAtMost)
		}
		for _, r := range t.Rules {
			if c, err := newRule(r); err != nil {
				problems = append(problems, "profile "+p.Name+": "+err.Error())
			} else {
				tb.rules = append(tb.rules, c)
			}
		}
		for _, s := range t.Columns {
			if o, ok := object(s, false); ok {
				tb.columns = append(tb.columns, o)
			}
		}
		tb.fields = len(tb.columns)
		tags := slices.SortedStableFunc(slices.Values(t.Tags), func(a, b vouch.Symbol) int { return strings.Compare(a.Name, b.Name) })
		for _, s := range tags {
			if s.Index != 0 {
				tb.parts = append(tb.parts, part{s.Name, s.Index, s.Mapping})
				continue
			}
			if o, ok := object(s, true); ok {
				if s.Name == t.Tags[0].Name {
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

// later puts the measurement of the system group before the others.
func later(measurementOf string) int {
	if measurementOf == measurement {
		return 0
	}
	return 1
}

// hasScalar reports whether the object is read already; one text may hold several
// values.
func (p *plan) hasScalar(o object) bool {
	return o.extract == nil && slices.ContainsFunc(p.scalars, func(have object) bool { return have.extract == nil && compare(have.oid, o.oid) == 0 })
}

func newObject(s vouch.Symbol, tag bool) (object, error) {
	text := strings.TrimPrefix(s.OID, ".")
	id, err := parseOID(text)
	if err != nil {
		return object{}, err
	}
	o := object{oid: id, name: s.Name, kind: s.Type, tag: tag, bits: s.Bits, divisor: 1, scale: s.Scale, mapping: s.Mapping, size: guess(id, s.Type)}
	if s.Extract != "" {
		if o.extract, err = regexp.Compile(s.Extract); err != nil || o.extract.NumSubexp() != 1 {
			return object{}, fmt.Errorf("extract of %s is no pattern with one group", s.Name)
		}
	}
	if sub, ok := substituteFor(text); ok {
		subID := mustOID(sub.oid)
		o.instead = &object{oid: subID, name: s.Name, kind: s.Type, tag: tag, bits: s.Bits, older: true, divisor: sub.divisor, size: guess(subID, s.Type)}
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
