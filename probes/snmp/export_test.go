// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"encoding/hex"
	"strings"
)

// Bind is a decoded variable binding.
type Bind struct {
	Name string
	Tag  byte
	Data []byte
}

// Request returns the message of a GETBULK of SNMPv2c.
func Request(community string, id uint32, repetitions int, names ...string) []byte {
	req := &request{pdu: pduGetBulk, repetitions: repetitions}
	for _, n := range names {
		req.names = append(req.names, mustOID(n))
	}
	return appendRequest(nil, wireV2c, community, id, req)
}

// Decode reads an answer of SNMPv2c to the request with the id.
func Decode(datagram []byte, community string, id uint32) (status, index int, binds []Bind, err error) {
	a, _, err := decodeAnswer(datagram, wireV2c, community, []uint32{id}, nil)
	for _, b := range a.binds {
		binds = append(binds, Bind{b.name.String(), b.tag, b.data})
	}
	return a.status, a.index, binds, err
}

var (
	ErrUnreadable = errUnreadable
	ErrForeign    = errForeign
)

// Safe returns the octets as text that can be printed.
func Safe(b []byte) string { return string(appendSafe(nil, b)) }

// Unsafe returns the octets that Safe made the text of.
func Unsafe(s string) ([]byte, error) {
	var out []byte
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, `\\`):
			out, s = append(out, '\\'), s[2:]
		case strings.HasPrefix(s, `\x`) && len(s) >= 4:
			c, err := hex.DecodeString(s[2:4])
			if err != nil {
				return nil, err
			}
			out, s = append(out, c...), s[4:]
		default:
			out, s = append(out, s[0]), s[1:]
		}
	}
	return out, nil
}

// TextOf, UintOf, IntOf and FloatOf decode a value.
func TextOf(tag byte, b []byte) string           { return string(appendTextOf(nil, tag, b)) }
func UintOf(tag byte, b []byte) (uint64, bool)   { return asUint(tag, b) }
func IntOf(tag byte, b []byte) (int64, bool)     { return asInt(tag, b) }
func FloatOf(tag byte, b []byte) (float64, bool) { return asFloat(tag, b) }

// Report returns the OID that an unencrypted report of SNMPv3 names.
func Report(datagram []byte) string {
	if r := readReport(datagram); r != nil {
		return r.String()
	}
	return ""
}

// CheckOID reports whether the content octets are a well-formed OID, and its text.
func CheckOID(b []byte) (string, bool) { return oid(b).String(), oid(b).check() }

// ParseOID returns the content octets of an OID.
func ParseOID(s string) ([]byte, error) { return parseOID(s) }

// CompareOID orders two OIDs given as content octets.
func CompareOID(a, b []byte) int { return compare(a, b) }

// KnownTargets returns how many targets the prober remembers.
func KnownTargets(p *Prober) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known)
}

// KnownEngines returns of how many targets the prober knows the SNMPv3 engine.
func KnownEngines(p *Prober) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.known {
		if k.engine != nil {
			n++
		}
	}
	return n
}

// OneAttempt has the prober use one attempt for all its polls, which must come one
// after another; by itself the pool drops some, with the race detector at random. The
// function returned says how many elements the attempt's slices have room for.
func OneAttempt(p *Prober) (room func() int) {
	a := new(attempt)
	p.attempts.New = func() any { return a }
	return func() int {
		n := cap(a.notes) + cap(a.req.names) + cap(a.active) + cap(a.scalars) + cap(a.columns) + cap(a.arena) +
			cap(a.points.out) + cap(a.points.tags) + cap(a.points.fields) + cap(a.points.text) + cap(a.points.texts) +
			cap(a.points.rows) + cap(a.points.at) + cap(a.buffers.out) + cap(a.buffers.binds)
		for _, c := range a.columns[:cap(a.columns)] {
			n += cap(c.cells)
		}
		return n
	}
}

// Told returns the facts without what is kept beside them to look for patterns in.
func Told(f Facts) Facts {
	f.descr = ""
	return f
}
