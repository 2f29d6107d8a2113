// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// Signed rewrites lines of line protocol for a store that has no unsigned integers:
// every field "5u" becomes "5i". A value above 2^63-1 becomes the signed integer of
// the same 64 bits, which is the value less 2^64. Nothing is lost by it: whoever
// reads a negative number in a field that counts adds 2^64. Differences between
// two readings stay right, except where the counter crosses 2^63. A clamped value or
// a floating-point one would lose digits for ever, and a field of two types is
// refused by the store.
//
// Strings, tags, time stamps and comments are left byte for byte as they are, and so
// is what is no line protocol.
func Signed(lines []byte) []byte {
	if bytes.IndexByte(lines, 'u') < 0 {
		return lines
	}
	s := scanner{in: lines, out: make([]byte, 0, len(lines))}
	for len(s.in) > 0 {
		s.line()
	}
	return s.out
}

// scanner moves bytes from in to out, line by line.
type scanner struct{ in, out []byte }

// line moves one line, its newline included.
func (s *scanner) line() {
	s.spaces()
	if len(s.in) > 0 && s.in[0] != '#' {
		s.until(" \n") // measurement and tags
		s.spaces()
		for s.field() {
		}
	}
	if i := bytes.IndexByte(s.in, '\n'); i >= 0 { // the time stamp
		s.move(i + 1)
	} else {
		s.move(len(s.in))
	}
}

// field moves one field with the comma after it, and reports whether another follows.
func (s *scanner) field() bool {
	s.until("= \n")
	if len(s.in) == 0 || s.in[0] != '=' {
		return false
	}
	s.move(1)
	if len(s.in) > 0 && s.in[0] == '"' {
		s.move(quoted(s.in))
	} else {
		n := bytes.IndexAny(s.in, ", \r\n")
		if n < 0 {
			n = len(s.in)
		}
		s.out = appendSigned(s.out, s.in[:n])
		s.in = s.in[n:]
	}
	if len(s.in) == 0 || s.in[0] != ',' {
		return false
	}
	s.move(1)
	return true
}

func (s *scanner) move(n int) {
	s.out = append(s.out, s.in[:n]...)
	s.in = s.in[n:]
}

func (s *scanner) spaces() {
	n := 0
	for n < len(s.in) && (s.in[n] == ' ' || s.in[n] == '\r') {
		n++
	}
	s.move(n)
}

// until moves what stands before the first of the characters in stop that has no
// backslash right before it. A newline cannot be escaped.
func (s *scanner) until(stop string) {
	for i, c := range s.in {
		if strings.IndexByte(stop, c) >= 0 && (c == '\n' || i == 0 || s.in[i-1] != '\\') {
			s.move(i)
			return
		}
	}
	s.move(len(s.in))
}

// quoted returns the length of the string field that b begins with, quotes included.
func quoted(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++ // within a string a backslash can escape a quote or itself
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// appendSigned appends a field value, an unsigned integer as a signed one.
func appendSigned(dst, value []byte) []byte {
	digits, ok := bytes.CutSuffix(value, []byte("u"))
	if !ok {
		return append(dst, value...)
	}
	v, err := strconv.ParseUint(string(digits), 10, 64)
	switch {
	case err != nil:
		return append(dst, value...)
	case v <= math.MaxInt64:
		dst = append(dst, digits...)
	default:
		dst = strconv.AppendInt(dst, int64(v), 10) // the same bits
	}
	return append(dst, 'i')
}
