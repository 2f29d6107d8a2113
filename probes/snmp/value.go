// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"math"
	"slices"
	"strconv"

	"github.com/vouch-sla/vouch"
)

// addField adds a value as the type that the profile gives it. A value that is not
// of that type, or impossible, yields no field: neither zero nor a guess.
func (p *points) addField(o *object, tag byte, data []byte) {
	var v vouch.Value
	ok := false
	switch {
	case tag == tagNull:
		return
	case o.kind == vouch.TypeText, o.kind == vouch.TypeState && tag == tagOctetString:
		p.addText(o, tag, data)
		return
	case o.extract != nil:
		v, ok = o.extracted(tag, data)
	case o.kind == vouch.TypeCounter, o.kind == vouch.TypeTicks:
		var n uint64
		n, ok = asUint(tag, data)
		v = vouch.Uint(n)
	case o.kind == vouch.TypeGauge:
		v, ok = o.gauge(tag, data)
	default:
		var n int64
		n, ok = asInt(tag, data)
		v = vouch.Int(n)
	}
	if ok {
		p.fields = append(p.fields, vouch.Field{Name: o.name, Value: v})
		p.narrow = p.narrow || o.narrow(tag)
	}
}

// narrow reports whether a value was read from a counter of 32 bits where the profile
// says 64.
func (o *object) narrow(tag byte) bool {
	return o.kind == vouch.TypeCounter && o.bits != 32 && (o.older || tag == tagCounter32)
}

// addText adds a text. A state that a device tells as a text has none where there is
// nothing to tell.
func (p *points) addText(o *object, tag byte, data []byte) {
	from := len(p.text)
	p.text = appendTextOf(p.text, tag, data)
	if o.extract != nil {
		m := o.extract.FindSubmatchIndex(p.text[from:])
		if m == nil || m[2] < 0 {
			p.text = p.text[:from]
			return
		}
		p.text = append(p.text[:from], p.text[from+m[2]:from+m[3]]...)
	}
	if len(p.text) == from && o.kind == vouch.TypeState {
		return
	}
	p.texts = append(p.texts, textAt{-1, len(p.fields), from, len(p.text)})
	p.fields = append(p.fields, vouch.Field{Name: o.name})
}

// gauge returns a number that moves both ways.
func (o *object) gauge(tag byte, data []byte) (vouch.Value, bool) {
	n, ok := asInt(tag, data)
	if !ok {
		f, isFloat := asFloat(tag, data)
		return vouch.Float(scaled(f, o.scale)), isFloat
	}
	if o.divisor > 1 {
		if n == 1<<32-1 {
			return vouch.Value{}, false // RFC 2863: too fast for this object to tell
		}
		n = (n + int64(o.divisor)/2) / int64(o.divisor)
	}
	switch whole := o.scale == math.Trunc(o.scale); {
	case o.scale == 0:
		return vouch.Int(n), true
	case whole && math.Abs(float64(n)*o.scale) < 1<<53:
		return vouch.Int(n * int64(o.scale)), true
	}
	return vouch.Float(scaled(float64(n), o.scale)), true
}

// extracted returns the number in a text. It is always a float for a gauge, so that a
// series keeps one type whether the device writes 2 or 2.5.
func (o *object) extracted(tag byte, data []byte) (vouch.Value, bool) {
	m := o.extract.FindSubmatch(appendTextOf(nil, tag, data))
	if m == nil {
		return vouch.Value{}, false
	}
	text := string(m[1])
	switch o.kind {
	case vouch.TypeGauge:
		f, err := strconv.ParseFloat(text, 64)
		return vouch.Float(scaled(f, o.scale)), err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case vouch.TypeState, vouch.TypeBitmask:
		n, err := strconv.ParseInt(text, 10, 64)
		return vouch.Int(n), err == nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return vouch.Uint(n), err == nil
}

// scaled multiplies. A factor like 0.1 is none that a float can hold: dividing by ten
// instead gives the nearest float to what the device meant.
func scaled(v, scale float64) float64 {
	if scale == 0 {
		return v
	}
	if d := math.Round(1 / scale); math.Abs(scale) < 1 && math.Abs(d*scale-1) < 1e-9 {
		return v / d
	}
	return v * scale
}

// named replaces the text from an offset on by its name, if it has one.
func named(text []byte, from int, mapping []vouch.Mapped) []byte {
	if name, ok := vouch.NameOf(mapping, string(text[from:])); ok && len(mapping) > 0 {
		return append(text[:from], name...)
	}
	return text
}

// addParts adds the tags that come from the row's index, and the whole index where
// neither a name of its own nor the parts tell the row from the others.
func (p *points) addParts(t *table, first int, r row) {
	told := r.named
	if len(t.parts) > 0 {
		arcs := r.index.arcs()
		told = told || len(arcs) == len(t.parts)
		for _, part := range t.parts {
			from := len(p.text)
			switch {
			case part.at == vouch.IndexText:
				p.text, told = appendIndexText(p.text, r.index, arcs), true
			case part.at <= len(arcs):
				p.text = strconv.AppendUint(p.text, uint64(arcs[part.at-1]), 10)
			}
			p.text = named(p.text, from, part.mapping)
			p.insertTag(first, part.name, from)
		}
	}
	if !told {
		from := len(p.text)
		p.text = r.index.appendText(p.text, false)
		p.insertTag(first, tagIndex, from)
	}
}

// appendIndexText reads an index as the octets of a text, with or without its length
// before it (RFC 2578 section 7.7). What cannot be octets stays numbers.
func appendIndexText(dst []byte, index oid, arcs []uint32) []byte {
	if len(arcs) > 1 && int(arcs[0]) == len(arcs)-1 {
		arcs = arcs[1:]
	}
	octets := make([]byte, len(arcs))
	for i, a := range arcs {
		if a > 255 {
			return index.appendText(dst, false)
		}
		octets[i] = byte(a)
	}
	return appendSafe(dst, octets)
}

// insertTag makes the text from an offset on a tag among those since the first, in
// order of their names.
func (p *points) insertTag(first int, name string, from int) {
	if len(p.text) == from {
		return
	}
	at := len(p.tags)
	for at > first && p.tags[at-1].Key > name {
		at--
	}
	for i := range p.texts {
		if p.texts[i].tag >= at {
			p.texts[i].tag++
		}
	}
	p.texts = append(p.texts, textAt{at, -1, from, len(p.text)})
	p.tags = slices.Insert(p.tags, at, vouch.Tag{Key: name})
}
