// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// oid is an object identifier as it stands on the wire: the content octets of its
// BER form (X.690 section 8.19). Whole OIDs that share a prefix share its bytes, so
// a prefix of the bytes is a prefix of the OID, and nothing is allocated to compare.
type oid []byte

// maxArcs is the largest number of parts of an OID (RFC 2578 section 3.5).
const maxArcs = 128

// parseOID reads a dotted OID, with or without a leading dot.
func parseOID(s string) (oid, error) {
	parts := strings.Split(strings.TrimPrefix(s, "."), ".")
	if len(parts) < 2 || len(parts) > maxArcs {
		return nil, fmt.Errorf("OID %q has %d parts, 2 to %d are allowed", s, len(parts), maxArcs)
	}
	o := make(oid, 0, len(parts)+4)
	var first uint64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("OID %q: part %q is not a number below 2^32", s, p)
		}
		switch i {
		case 0:
			first = v
		case 1:
			if first > 2 || first < 2 && v > 39 || v > 1<<32-1-80 {
				return nil, fmt.Errorf("OID %q cannot be encoded (X.690 section 8.19)", s)
			}
			o = appendArc(o, uint32(first*40+v))
		default:
			o = appendArc(o, uint32(v))
		}
	}
	return o, nil
}

func mustOID(s string) oid {
	o, err := parseOID(s)
	if err != nil {
		panic("snmp: " + err.Error())
	}
	return o
}

func appendArc(o oid, v uint32) oid {
	for shift := 28; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			o = append(o, byte(v>>shift)|0x80)
		}
	}
	return append(o, byte(v)&0x7f)
}

// check reports whether o is well-formed: each part in its shortest form, below
// 2^32, the last one complete, and not too many. Only such OIDs can be compared.
func (o oid) check() bool {
	arcs, start := 0, 0
	for i, c := range o {
		if i == start && c == 0x80 {
			return false // a part with a leading zero
		}
		if c&0x80 != 0 {
			continue
		}
		if n := i - start + 1; n > 5 || n == 5 && o[start] > 0x8f {
			return false
		}
		arcs++
		start = i + 1
	}
	return start == len(o) && arcs > 0 && arcs < maxArcs
}

// compare orders two well-formed OIDs, or two index suffixes, part by part.
func compare(a, b oid) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	if i == n {
		return cmp.Compare(len(a), len(b))
	}
	// The parts that differ begin at the same place; in its shortest form the longer
	// part is the greater one.
	if la, lb := arcEnd(a, i), arcEnd(b, i); la != lb {
		return cmp.Compare(la, lb)
	}
	return cmp.Compare(a[i], b[i])
}

func arcEnd(o oid, i int) int {
	for i < len(o) && o[i]&0x80 != 0 {
		i++
	}
	return i
}

// appendText appends the dotted form of the parts in o. In a whole OID the first
// octets hold two parts; in an index suffix they do not.
func (o oid) appendText(dst []byte, whole bool) []byte {
	var v uint64
	first := true
	for _, c := range o {
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if !first {
			dst = append(dst, '.')
		} else if whole {
			top := min(v/40, 2)
			dst = strconv.AppendUint(dst, top, 10)
			dst = append(dst, '.')
			v -= top * 40
		}
		dst = strconv.AppendUint(dst, v, 10)
		first, v = false, 0
	}
	return dst
}

// String returns the dotted form of a whole OID.
func (o oid) String() string { return string(o.appendText(nil, true)) }

// arcs returns the numbers of an index suffix.
func (o oid) arcs() []uint32 {
	out := make([]uint32, 0, len(o))
	var v uint32
	for _, c := range o {
		v = v<<7 | uint32(c&0x7f)
		if c&0x80 == 0 {
			out = append(out, v)
			v = 0
		}
	}
	return out
}
