// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
)

// genericID begins the object identifiers that net-snmp gives to every device.
const genericID = "1.3.6.1.4.1.8072.3.2."

// maxExists bounds the objects that one way to recognise a device asks for.
const maxExists = 4

// matches reads a mapping, or a list of mappings of which one must hold.
func matches(v value) []vouch.Match {
	var out []vouch.Match
	list := []value{v}
	if _, many := v.node.(*ast.SequenceNode); many {
		list = v.list()
	}
	for _, e := range list {
		if !e.absent() {
			out = append(out, match(e.mapping()))
		}
	}
	return out
}

func match(m *mapping) vouch.Match {
	defer m.done()
	var out vouch.Match
	ids := m.get("sysobjectid")
	for _, e := range ids.list() {
		if oid := e.oidPattern(); oid != "" {
			out.SysObjectID = append(out.SysObjectID, oid)
		}
	}
	out.SysDescr = m.get("sysdescr").pattern(0)
	exists := m.get("exists")
	for _, e := range exists.list() {
		if oid := e.oid(); oid != "" {
			out.Exists = append(out.Exists, oid)
		}
	}
	if len(out.Exists) > maxExists {
		exists.wrong("exists lists %d objects, allowed are at most %d", len(out.Exists), maxExists)
	}
	switch generic := slices.ContainsFunc(out.SysObjectID, func(id string) bool { return strings.HasPrefix(id, genericID) }); {
	case m.absent():
	case !m.has("sysobjectid") && !m.has("sysdescr") && !m.has("exists"):
		m.wrong("%s would match every device, needed is at least one of the keys sysobjectid, sysdescr and exists", m.key)
	case generic && !m.has("sysdescr") && !m.has("exists"):
		ids.wrong("%s holds an identifier that net-snmp gives to every device, needed beside it is at least one of the keys sysdescr and exists", ids.key)
	}
	return out
}

// poll reads the quirks of a device.
func (p *placedProfile) poll(m *mapping) {
	defer m.done()
	p.NoBulk = !m.get("bulk").boolean(true)
	p.Repetitions = int(m.get("max_repetitions").integer(1, 100, 0))
	for _, e := range m.get("uptime").list() {
		if c := e.oneOf("", string(vouch.ClockEngine), string(vouch.ClockHost), string(vouch.ClockSys)); c != "" {
			p.Uptime = append(p.Uptime, vouch.Clock(c))
		}
	}
}

// metadata reads where the facts of the device are found.
func (p *placedProfile) metadata(m *mapping) {
	defer m.done()
	device := m.get("device").mapping()
	fields := device.get("fields").mapping()
	for _, f := range []struct {
		key  string
		into *[]vouch.FactSource
	}{{"vendor", &p.Facts.Vendor}, {"model", &p.Facts.Model}, {"version", &p.Facts.Version}, {"serial_number", &p.Facts.Serial}} {
		*f.into = sources(fields.get(f.key).mapping())
	}
	fields.done()
	device.done()
}

// sources reads value, symbol or symbols.
func sources(m *mapping) []vouch.FactSource {
	defer m.done()
	fixed, symbol, symbols := m.get("value"), m.get("symbol"), m.get("symbols")
	given := 0
	for _, v := range []value{fixed, symbol, symbols} {
		if !v.absent() {
			given++
		}
	}
	if given != 1 && !m.absent() {
		m.wrong("%s needs exactly one of the keys value, symbol and symbols", m.key)
		return nil
	}
	var out []vouch.FactSource
	if text := fixed.text(""); text != "" {
		out = append(out, vouch.FactSource{Value: text})
	}
	list := symbols.list()
	if !symbol.absent() {
		list = []value{symbol}
	}
	for _, e := range list {
		if s, ok := source(e.mapping()); ok {
			out = append(out, s)
		}
	}
	return out
}

// source reads one object: a fixed text, an object with its instance, or a column.
func source(m *mapping) (s vouch.FactSource, ok bool) {
	defer m.done()
	if fixed := m.get("value"); !fixed.absent() {
		s.Value = fixed.text("")
		return s, s.Value != ""
	}
	s.OID = m.need("OID", "a numeric object identifier").oid()
	s.Extract = m.get("extract").pattern(1)
	s.Mapping = mapped(m.get("mapping"))
	if where := m.get("where").mapping(); !where.absent() {
		s.Where = where.need("OID", "a column of the same table").oid()
		equals := where.need("equals", "the value that it must have")
		if n, number := equals.node.(*ast.IntegerNode); number {
			s.WhereEquals = n.Token.Value
		} else {
			s.WhereEquals = equals.text("")
		}
		where.done()
	}
	return s, s.OID != ""
}
