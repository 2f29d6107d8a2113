// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789ABCDEF"

// Escape makes any bytes fit a signed note and line protocol. Each byte that is a
// control character (00 to 1F, 7F), '%', '\' or not part of valid UTF-8 becomes '%'
// and two upper-case hexadecimal digits. A backslash is among them because line
// protocol cannot carry one at the end of a tag and its readers differ on others.
// What line protocol itself escapes (comma, equals sign, space, quote) is left to it.
func Escape(s string) string {
	i := nextUnsafe(s, 0)
	if i == len(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for from := 0; ; {
		b = append(b, s[from:i]...)
		if i == len(s) {
			return string(b)
		}
		b = append(b, '%', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		from = i + 1
		i = nextUnsafe(s, from)
	}
}

// nextUnsafe returns the index of the next byte from i on that is escaped, or len(s).
func nextUnsafe(s string, i int) int {
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f || c == '%' || c == '\\' {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return i
}

// Unescape is the inverse of [Escape].
func Unescape(s string) (string, error) {
	i := strings.IndexAny(s, `%\`)
	if i < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for from := 0; ; {
		b = append(b, s[from:i]...)
		if s[i] == '\\' {
			return "", fmt.Errorf("%.60q holds a backslash that is not escaped as %%5C", s)
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%.60q ends within an escape", s)
		}
		hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("%.60q holds '%%' without two upper-case hexadecimal digits", s)
		}
		b = append(b, byte(hi<<4|lo))
		from = i + 3
		n := strings.IndexAny(s[from:], `%\`)
		if n < 0 {
			return string(append(b, s[from:]...)), nil
		}
		i = from + n
	}
}

// emptyTag stands for the empty value of a tag, which line protocol cannot carry.
// No other string is escaped to it.
const emptyTag = "%"

func escapeTag(s string) string {
	if s == "" {
		return emptyTag
	}
	return Escape(s)
}

func unescapeTag(s string) (string, error) {
	if s == emptyTag {
		return "", nil
	}
	return Unescape(s)
}

// escapeMeasurement also escapes a leading '#', which would begin a comment.
func escapeMeasurement(s string) string {
	s = Escape(s)
	if strings.HasPrefix(s, "#") {
		return "%23" + s[1:]
	}
	return s
}

// LeafReason makes any text fit the reason of a rejected leaf: escaped, at most
// [MaxText] bytes, no white space at its ends. An empty text stays empty.
func LeafReason(s string) string {
	s = Escape(strings.TrimSpace(s))
	if len(s) > MaxText {
		s = s[:MaxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return strings.TrimSpace(s)
}
