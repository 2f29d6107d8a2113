// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"encoding/binary"
	"math"
)

// BER tags (X.690, RFC 2578 section 7.1, RFC 3416 section 3).
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagSequence    = 0x30
	tagIPAddress   = 0x40
	tagCounter32   = 0x41
	tagGauge32     = 0x42
	tagTimeTicks   = 0x43
	tagOpaque      = 0x44
	tagCounter64   = 0x46
	tagUinteger32  = 0x47

	tagNoSuchObject   = 0x80
	tagNoSuchInstance = 0x81
	tagEndOfMibView   = 0x82
)

// readHead reads the tag of the first element of b and the length of its content,
// which begins at the offset head and may reach beyond the end of b. Lengths have at
// most four octets and are definite; tags have one octet. Nothing in SNMP needs more
// (RFC 3417 section 8).
func readHead(b []byte) (tag byte, n uint32, head int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, 0, false
	}
	tag, n, head = b[0], uint32(b[1]), 2
	if n < 0x80 {
		return tag, n, head, true
	}
	octets := int(n & 0x7f)
	if octets == 0 || octets > 4 || octets > len(b)-head {
		return 0, 0, 0, false
	}
	n = 0
	for _, c := range b[head : head+octets] {
		n = n<<8 | uint32(c)
	}
	return tag, n, head + octets, true
}

// readTLV splits b after its first element, all of which must be there.
func readTLV(b []byte) (tag byte, content, rest []byte, ok bool) {
	tag, n, head, ok := readHead(b)
	if !ok || uint64(n) > uint64(len(b)-head) {
		return 0, nil, nil, false
	}
	end := head + int(n)
	return tag, b[head:end], b[end:], true
}

// enter returns the content of the first element of b as far as it is there, and
// whether b is that element, neither less nor more.
func enter(b []byte) (tag byte, content []byte, whole, ok bool) {
	tag, n, head, ok := readHead(b)
	if !ok {
		return 0, nil, false, false
	}
	content = b[head:]
	if uint64(n) < uint64(len(content)) {
		return tag, content[:n], false, true
	}
	return tag, content, uint64(n) == uint64(len(content)), true
}

// readAs is readTLV for an element that must have the tag.
func readAs(tag byte, b []byte) (content, rest []byte, ok bool) {
	got, content, rest, ok := readTLV(b)
	return content, rest, ok && got == tag
}

// signed reads an INTEGER of at most eight octets.
func signed(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v, true
}

// unsigned reads a number of at most the given octets, which many agents send
// without the leading zero that keeps it from reading as negative. An empty number is
// none: read as zero it would be a reboot that never was.
func unsigned(b []byte, octets int) (uint64, bool) {
	if len(b) == octets+1 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > octets {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v, true
}

// asUint returns a value as a number that is not negative.
func asUint(tag byte, b []byte) (uint64, bool) {
	switch tag {
	case tagInteger:
		v, ok := signed(b)
		return uint64(v), ok && v >= 0
	case tagCounter32, tagGauge32, tagTimeTicks, tagUinteger32:
		return unsigned(b, 4)
	case tagCounter64:
		return unsigned(b, 8)
	case tagOpaque:
		if kind, inner, ok := opaque(b); ok && (kind == opaqueCounter64 || kind == opaqueUint64) {
			return unsigned(inner, 8)
		}
	}
	return 0, false
}

// asInt returns a value as a signed number.
func asInt(tag byte, b []byte) (int64, bool) {
	if tag == tagInteger {
		return signed(b)
	}
	if tag == tagOpaque {
		if kind, inner, ok := opaque(b); ok && kind == opaqueInt64 {
			return signed(inner)
		}
	}
	v, ok := asUint(tag, b)
	return int64(v), ok && v <= math.MaxInt64
}

// The types that net-snmp wraps into Opaque, by the second octet of their tag
// (draft-perkins-opaque-01).
const (
	opaqueCounter64 = 0x76
	opaqueFloat     = 0x78
	opaqueDouble    = 0x79
	opaqueInt64     = 0x7a
	opaqueUint64    = 0x7b
)

func opaque(b []byte) (kind byte, inner []byte, ok bool) {
	if len(b) < 3 || b[0] != 0x9f || int(b[2]) != len(b)-3 {
		return 0, nil, false
	}
	return b[1], b[3:], true
}

// asFloat returns a finite floating-point value wrapped into Opaque.
func asFloat(tag byte, b []byte) (float64, bool) {
	if tag != tagOpaque {
		return 0, false
	}
	kind, inner, ok := opaque(b)
	var v float64
	switch {
	case ok && kind == opaqueFloat && len(inner) == 4:
		v = float64(math.Float32frombits(binary.BigEndian.Uint32(inner)))
	case ok && kind == opaqueDouble && len(inner) == 8:
		v = math.Float64frombits(binary.BigEndian.Uint64(inner))
	default:
		return 0, false
	}
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}
