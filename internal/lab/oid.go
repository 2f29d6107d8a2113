// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// OID is an object identifier.
type OID []uint32

// ParseOID reads a dotted OID such as "1.3.6.1.2.1.1.3.0".
func ParseOID(s string) (OID, error) {
	parts := strings.Split(strings.TrimPrefix(s, "."), ".")
	if len(parts) < 2 || len(parts) > 128 {
		return nil, fmt.Errorf("OID %q has %d parts, 2 to 128 are allowed", s, len(parts))
	}
	oid := make(OID, len(parts))
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("OID %q: part %q is not a number below 2^32", s, p)
		}
		oid[i] = uint32(v)
	}
	if oid[0] > 2 || oid[0] < 2 && oid[1] > 39 {
		return nil, fmt.Errorf("OID %q cannot be encoded (X.690 section 8.19)", s)
	}
	return oid, nil
}

// String returns the dotted form.
func (o OID) String() string {
	var b []byte
	for i, sub := range o {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(sub), 10)
	}
	return string(b)
}

// HasPrefix reports whether o lies at or below p.
func (o OID) HasPrefix(p OID) bool { return len(o) >= len(p) && slices.Equal(o[:len(p)], p) }

// appendOID appends the content octets of o.
func appendOID(b []byte, o OID) []byte {
	b = appendSubID(b, o[0]*40+o[1])
	for _, sub := range o[2:] {
		b = appendSubID(b, sub)
	}
	return b
}

func appendSubID(b []byte, v uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			b = append(b, byte(v>>shift)|0x80)
		}
	}
	return append(b, byte(v)&0x7f)
}

// decodeOID reads content octets, appending to into.
func decodeOID(b []byte, into OID) (OID, error) {
	var sub uint64
	open := true
	for _, c := range b {
		sub = sub<<7 | uint64(c&0x7f)
		if sub > 1<<32-1 {
			return into, errors.New("a part of an OID exceeds 32 bits")
		}
		open = c&0x80 != 0
		if open {
			continue
		}
		if len(into) == 0 {
			first := min(sub/40, 2)
			into = append(into, uint32(first), uint32(sub-first*40))
		} else {
			into = append(into, uint32(sub))
		}
		sub = 0
	}
	if open {
		return into, errors.New("an OID is empty or ends within a part")
	}
	return into, nil
}
