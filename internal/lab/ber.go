// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/binary"
	"errors"
)

var errBER = errors.New("not well-formed BER")

// readTLV splits b after its first element.
func readTLV(b []byte) (tag byte, content, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, errBER
	}
	tag, n := b[0], int(b[1])
	b = b[2:]
	if n >= 0x80 {
		octets := n & 0x7f
		if octets == 0 || octets > 3 || len(b) < octets {
			return 0, nil, nil, errBER
		}
		n = 0
		for _, c := range b[:octets] {
			n = n<<8 | int(c)
		}
		b = b[octets:]
	}
	if n > len(b) {
		return 0, nil, nil, errBER
	}
	return tag, b[:n], b[n:], nil
}

// expect is readTLV for an element that must have the tag.
func expect(tag byte, b []byte) (content, rest []byte, err error) {
	got, content, rest, err := readTLV(b)
	if err == nil && got != tag {
		err = errBER
	}
	return content, rest, err
}

func decodeInt(b []byte) int64 {
	var v int64
	for i, c := range b {
		if i == 0 {
			v = int64(int8(c))
			continue
		}
		v = v<<8 | int64(c)
	}
	return v
}

func decodeUint(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

func appendLen(b []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n < 0x100:
		return append(b, 0x81, byte(n))
	case n < 0x10000:
		return append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
}

func appendTLV(b []byte, tag byte, content []byte) []byte {
	b = appendLen(append(b, tag), len(content))
	return append(b, content...)
}

// appendInt appends the shortest two's complement form of v.
func appendInt(b []byte, v int64) []byte {
	n := 8
	for n > 1 && (v>>(8*n-9) == 0 || v>>(8*n-9) == -1) {
		n--
	}
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// appendUint appends the shortest form of v that does not read as negative.
func appendUint(b []byte, v uint64) []byte {
	var t [9]byte
	binary.BigEndian.PutUint64(t[1:], v)
	i := 0
	for i < 8 && t[i] == 0 && t[i+1] < 0x80 {
		i++
	}
	return append(b, t[i:]...)
}
