// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
)

// metric reads one scalar (symbol) or one table (table, symbols, metric_tags).
func (p *placedProfile) metric(m *mapping) {
	defer m.done()
	scalar, table := m.get("symbol"), m.get("table")
	symbols, tags, maxRows := m.get("symbols"), m.get("metric_tags"), m.get("max_rows")
	only, except := m.get("only"), m.get("except")
	if m.absent() {
		return
	}
	if scalar.absent() == table.absent() {
		m.wrong("%s needs exactly one of the keys symbol and table", m.key)
		return
	}
	if !scalar.absent() {
		for _, v := range []value{symbols, tags, maxRows, only, except} {
			if !v.absent() {
				v.wrong("%s belongs to a table, allowed beside symbol is nothing", v.key)
			}
		}
		if s, ok := object(scalar); ok {
			if slices.ContainsFunc(p.Scalars, func(o vouch.Symbol) bool { return o.Name == s.Name }) {
				scalar.wrong("%s is read twice under the name %s, allowed is once", scalar.key, s.Name)
			}
			p.Scalars = append(p.Scalars, s)
		}
		return
	}
	t := table.mapping()
	out := vouch.Table{Name: t.need("name", "the measurement's name, as interface").id(), MaxRows: int(maxRows.integer(1, 10000, 0))}
	t.done()
	for _, e := range symbols.list() {
		if s, ok := object(e); ok {
			if out.Has(s.Name) || slices.ContainsFunc(p.Tables, func(o vouch.Table) bool { return o.Name == out.Name && o.Has(s.Name) }) {
				e.wrong("%s reads %s.%s a second time, allowed is once", e.key, out.Name, s.Name)
			}
			out.Columns = append(out.Columns, s)
		}
	}
	if len(symbols.list()) == 0 {
		m.wrong("%s is a table without symbols, needed is at least one column", m.key)
	}
	for _, e := range tags.list() {
		if s, ok := tag(e.mapping()); ok {
			out.Tags = append(out.Tags, s)
		}
	}
	out.Rules = append(rules(only, out.Tags, false), rules(except, out.Tags, true)...)
	p.Tables = append(p.Tables, out)
}

// rules reads a mapping of tags to patterns of their values.
func rules(v value, tags []vouch.Symbol, except bool) []vouch.Rule {
	var out []vouch.Rule
	for _, e := range v.mapping().entries {
		if !slices.ContainsFunc(tags, func(t vouch.Symbol) bool { return t.Name == e.name }) {
			e.val.wrong("%s is about the tag %s, which the table has not, allowed are those of metric_tags", v.key, show(e.name))
			continue
		}
		if match := e.val.pattern(-1); match != "" {
			out = append(out, vouch.Rule{Tag: e.name, Match: match, Except: except})
		}
	}
	return out
}

// tag reads what is stored as a tag: a column, a number of the row's index, or the
// whole index as a text.
func tag(m *mapping) (s vouch.Symbol, ok bool) {
	defer m.done()
	name := m.need("tag", "the tag's name").id()
	index, symbol := m.get("index"), m.get("symbol")
	switch {
	case m.absent():
		return s, false
	case index.absent() == symbol.absent():
		m.wrong("%s needs exactly one of the keys symbol and index", m.key)
		return s, false
	case !index.absent():
		if word, isWord := index.word(); isWord {
			if word != "ascii" {
				index.wrong("index %s is no part of an index, allowed are a position from 1 on, and ascii", show(word))
			}
			s.Index = vouch.IndexText
		} else {
			s.Index = int(index.integer(1, 127, 0))
		}
		s.Mapping = mapped(m.get("mapping"))
		ok = s.Index != 0
	default:
		o := symbol.mapping()
		s.OID = o.need("OID", "a numeric object identifier").oid()
		s.Mapping = mapped(o.get("mapping"))
		o.done()
		ok = s.OID != ""
	}
	s.Name, s.Type = name, vouch.TypeText
	return s, ok && name != ""
}

// object reads one symbol of metrics.
func object(v value) (s vouch.Symbol, ok bool) {
	m := v.mapping()
	defer m.done()
	s.OID = m.need("OID", "a numeric object identifier").oid()
	name := m.need("name", "the field's name")
	if s.Name = name.id(); s.Name == vouch.FieldCounterBits {
		name.wrong("name %s is the product's own, allowed is any other", s.Name)
	}
	kind := m.need("type", "how the value is stored")
	s.Type = vouch.SymbolType(kind.oneOf("", string(vouch.TypeGauge), string(vouch.TypeCounter), string(vouch.TypeState),
		string(vouch.TypeBitmask), string(vouch.TypeText), string(vouch.TypeTicks)))
	s.Unit = m.get("unit").text("")
	s.Extract = m.get("extract").pattern(1)
	s.Bits = counterBits(m.get("bits"), s.Type)
	scale, mapping, good, ignored := m.get("scale"), m.get("mapping"), m.get("ok"), m.get("ignore")
	s.Scale = scale.factor()
	s.Mapping = mapped(mapping)
	names := s.Type == vouch.TypeState || s.Type == vouch.TypeBitmask
	if !scale.absent() && s.Type != vouch.TypeGauge && s.Type != "" {
		scale.wrong("scale belongs to a gauge, allowed beside %s is none", s.Type)
	}
	for _, v := range []value{mapping, good, ignored} {
		if !v.absent() && !names && s.Type != "" {
			v.wrong("%s belongs to a state or a bitmask, allowed beside %s is none", v.key, s.Type)
		}
	}
	s.OK, s.Ignore = stateNames(good, s.Mapping), stateNames(ignored, s.Mapping)
	return s, s.OID != "" && s.Name != "" && s.Type != ""
}

// counterBits reads how wide a counter is, 0 for 64.
func counterBits(v value, kind vouch.SymbolType) int {
	n := v.integer(32, 64, 64)
	switch {
	case v.absent():
	case kind != vouch.TypeCounter && kind != "":
		v.wrong("bits belongs to a counter, allowed beside %s is none", kind)
	case n != 32 && n != 64:
		v.wrong("%s %d is no width of a counter, allowed are 32 and 64", v.key, n)
	}
	if n == 32 {
		return 32
	}
	return 0
}

// mapped reads a mapping of numbers or texts to names, in the order of the file.
func mapped(v value) []vouch.Mapped {
	var out []vouch.Mapped
	for _, e := range v.mapping().entries {
		if name := e.val.text(""); name != "" {
			out = append(out, vouch.Mapped{Value: e.name, Name: name})
		}
	}
	return out
}

// stateNames reads a list of names that a mapping gives.
func stateNames(v value, of []vouch.Mapped) []string {
	var out []string
	for _, e := range v.list() {
		name := e.text("")
		if name == "" {
			continue
		}
		if !slices.ContainsFunc(of, func(m vouch.Mapped) bool { return m.Name == name }) {
			e.wrong("%s %s is no name that mapping gives", e.key, show(name))
			continue
		}
		out = append(out, name)
	}
	return out
}

// trap reads the name of a notification.
func (p *placedProfile) trap(m *mapping) {
	defer m.done()
	t := vouch.Trap{OID: m.need("OID", "the snmpTrapOID").oid(), Name: m.need("name", "what people call it").id()}
	if t.OID != "" && t.Name != "" {
		p.Traps = append(p.Traps, t)
	}
}

// factor returns a number that is not 0, or 0 for none.
func (v value) factor() float64 {
	switch v.node.(type) {
	case nil:
		return 0
	case *ast.IntegerNode, *ast.FloatNode:
		if f, err := strconv.ParseFloat(v.node.GetToken().Value, 64); err == nil && f != 0 && f > -1e12 && f < 1e12 {
			return f
		}
	}
	v.wrong("%s is no factor, allowed are numbers other than 0, as 0.1 or 1024", v.key)
	return 0
}

// maxPattern bounds a regular expression, in bytes.
const maxPattern = 300

// pattern returns a regular expression with so many groups, any number where that is
// negative, or "".
func (v value) pattern(groups int) string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	re, err := regexp.Compile(s)
	switch {
	case len(s) > maxPattern:
		v.wrong("%s is %d bytes long, allowed are at most %d", v.key, len(s), maxPattern)
	case err != nil:
		v.wrong("%s is no regular expression (RE2): %s", v.key, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case groups >= 0 && re.NumSubexp() != groups:
		v.wrong("%s has %d groups in parentheses, needed are %d; (?:...) is none", v.key, re.NumSubexp(), groups)
	default:
		return s
	}
	return ""
}
