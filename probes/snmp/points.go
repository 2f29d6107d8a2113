// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"slices"

	"github.com/vouch-sla/vouch"
)

// points builds the points of one attempt, table by table. The slices of tags and
// fields of a table are made once, large enough, and belong to the result; its texts
// are gathered and become one string at the end.
type points struct {
	out    []vouch.Point
	tags   []vouch.Tag
	fields []vouch.Field
	text   []byte
	texts  []textAt
	rows   []row
	at     []int
	narrow bool // the point being built holds a counter that was to have more bits
}

// textAt says where a piece of the text belongs: to the tag or the field at the
// index, the other one being negative.
type textAt struct{ tag, field, from, to int }

// row is one row of a table: for each column the index of its cell, negative where
// the row has none, in points.at from the offset on.
type row struct {
	index oid
	at    int
	named bool // by a key that no other row has
}

// begin makes room for a table with at most so many points, tags and fields.
func (p *points) begin(rows, tags, fields int) {
	p.out = slices.Grow(p.out, rows)
	p.tags = make([]vouch.Tag, 0, tags)
	p.fields = make([]vouch.Field, 0, fields)
	p.text, p.texts = p.text[:0], p.texts[:0]
}

// end puts the texts where they belong.
func (p *points) end() {
	text := string(p.text)
	for _, t := range p.texts {
		if t.tag >= 0 {
			p.tags[t.tag].Value = text[t.from:t.to]
		} else {
			p.fields[t.field].Value = vouch.Text(text[t.from:t.to])
		}
	}
	p.tags, p.fields = nil, nil
}

// take hands the points over.
func (p *points) take() []vouch.Point {
	out := p.out
	p.out = nil
	return out
}

// addScalars adds a point for each measurement of the scalars that has a value. More
// points will follow for which room is made at once.
func (p *points) addScalars(plan *plan, scalars []scalar, more int) {
	p.begin(1+more, 0, 2*len(scalars))
	from := 0
	for i, s := range scalars {
		o := &plan.scalars[i]
		if i > 0 && o.in != plan.scalars[i-1].in {
			p.add(plan.scalars[i-1].in, 0, from)
			from = len(p.fields)
		}
		if s.tag != 0 {
			p.addField(o, s.tag, s.data)
		}
	}
	p.add(plan.scalars[len(scalars)-1].in, 0, from)
	p.end()
}

// add ends a point with the tags and fields gathered since the offsets.
func (p *points) add(name string, tag, field int) {
	if len(p.fields) == field {
		p.tags = p.tags[:tag]
		p.texts = slices.DeleteFunc(p.texts, func(t textAt) bool { return t.tag >= tag })
		return
	}
	if p.narrow {
		p.fields = append(p.fields, vouch.Field{Name: vouch.FieldCounterBits, Value: vouch.Int(32)})
		p.narrow = false
	}
	p.out = append(p.out, vouch.Point{
		Measurement: name,
		Tags:        p.tags[tag:len(p.tags):len(p.tags)],
		Fields:      p.fields[field:len(p.fields):len(p.fields)],
	})
}

// addTable adds one point for each row of the columns. A row whose key (the first
// tag of the profile's table) is missing, empty or shared with another row gets the
// tag "index" with the row's index as well. So a row with a name of its own stays the
// same series when the device renumbers its interfaces, and no two rows become one.
func (p *points) addTable(t *table, columns []column) {
	p.merge(columns)
	p.markNamed(t, columns)
	tags, fields := len(p.rows)*(1+len(t.parts)), 0
	narrow := false
	for i := range columns {
		c := &columns[i]
		if c.obj.tag {
			tags += len(c.cells)
			continue
		}
		fields += len(c.cells)
		narrow = narrow || slices.ContainsFunc(c.cells, func(x cell) bool { return c.obj.narrow(x.tag) })
	}
	if narrow {
		fields += len(p.rows)
	}
	p.begin(len(p.rows), tags, fields)
	for _, r := range p.rows {
		tag, field := len(p.tags), len(p.fields)
		for i := range columns[:len(t.columns)] {
			c, o := p.cell(columns, r, i)
			if c == nil {
				continue
			}
			if o.tag {
				p.addTag(o, c.tag, c.data)
			} else {
				p.addField(o, c.tag, c.data)
			}
		}
		p.addParts(t, tag, r)
		p.add(t.name, tag, field)
	}
	p.end()
}

// cell returns a row's value of a column, where it has none that of the older column,
// else nil; and what was read.
func (p *points) cell(columns []column, r row, i int) (*cell, *object) {
	if at := p.at[r.at+i]; at >= 0 {
		return &columns[i].cells[at], columns[i].obj
	}
	if fill := columns[i].fill; fill > 0 {
		if at := p.at[r.at+fill]; at >= 0 {
			return &columns[fill].cells[at], columns[fill].obj
		}
	}
	return nil, nil
}

func (p *points) addTag(o *object, tag byte, data []byte) {
	from := len(p.text)
	p.text = named(appendTextOf(p.text, tag, data), from, o.mapping)
	if len(p.text) == from {
		return // line protocol has no empty tags
	}
	p.texts = append(p.texts, textAt{len(p.tags), -1, from, len(p.text)})
	p.tags = append(p.tags, vouch.Tag{Key: o.name})
}

// merge fills p.rows with the union of the columns' rows, in order of their index.
func (p *points) merge(columns []column) {
	p.rows, p.at = p.rows[:0], p.at[:0]
	heads := make([]int, len(columns))
	for {
		var least oid
		for i := range columns {
			if heads[i] == len(columns[i].cells) {
				continue
			}
			if index := columns[i].index(heads[i]); least == nil || !bytes.Equal(index, least) && compare(index, least) < 0 {
				least = index
			}
		}
		if least == nil {
			return
		}
		p.rows = append(p.rows, row{index: least, at: len(p.at)})
		for i := range columns {
			at := -1
			if heads[i] < len(columns[i].cells) && bytes.Equal(columns[i].index(heads[i]), least) {
				at = heads[i]
				heads[i]++
			}
			p.at = append(p.at, at)
		}
	}
}

// markNamed finds the rows whose key no other row has. Few rows are compared with
// one another; many are looked up.
func (p *points) markNamed(t *table, columns []column) {
	if t.key < 0 {
		return
	}
	key := func(r row) []byte {
		c, _ := p.cell(columns, r, t.key)
		if c == nil {
			return nil
		}
		return c.data
	}
	if len(p.rows) <= 32 {
		for i := range p.rows {
			k := key(p.rows[i])
			p.rows[i].named = len(k) > 0 && !slices.ContainsFunc(p.rows[:i], func(r row) bool { return bytes.Equal(key(r), k) }) &&
				!slices.ContainsFunc(p.rows[i+1:], func(r row) bool { return bytes.Equal(key(r), k) })
		}
		return
	}
	seen := make(map[string]int, len(p.rows))
	for _, r := range p.rows {
		seen[string(key(r))]++
	}
	for i := range p.rows {
		k := key(p.rows[i])
		p.rows[i].named = len(k) > 0 && seen[string(k)] == 1
	}
}
