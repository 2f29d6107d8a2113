// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"net/netip"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// appendSafe appends the octets b as UTF-8 without control characters, so that the
// octets can be got back: no two strings become the same text.
//
// Printable UTF-8 stays as it is. Anything else, and text that would read as escaped
// (it holds "\x" or "\\"), is escaped: a backslash is doubled, and each octet of what
// is not printable becomes \x and two hexadecimal digits. Binary of six octets, such
// as a MAC address, is escaped octet by octet, so that it does not look like half a
// word. To read it back, replace "\\" by a backslash and \xNN by its octet, from left
// to right.
func appendSafe(dst, b []byte) []byte {
	if plain(b) {
		return append(dst, b...)
	}
	if len(b) == 6 && !printable(b) {
		for _, c := range b {
			dst = appendHex(dst, c)
		}
		return dst
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\\':
			dst = append(dst, '\\', '\\')
		case unsafeRune(r, n):
			for _, c := range b[:n] {
				dst = appendHex(dst, c)
			}
		default:
			dst = append(dst, b[:n]...)
		}
		b = b[n:]
	}
	return dst
}

func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'x', digits[c>>4], digits[c&15])
}

// plain reports whether b can stand as it is.
func plain(b []byte) bool {
	return printable(b) && !bytes.Contains(b, []byte(`\x`)) && !bytes.Contains(b, []byte(`\\`))
}

func printable(b []byte) bool {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if unsafeRune(r, n) {
			return false
		}
		i += n
	}
	return true
}

// unsafeRune reports whether a rune of n octets is not UTF-8, a control character, or
// changes lines or the direction of writing.
func unsafeRune(r rune, n int) bool {
	switch {
	case r == utf8.RuneError && n == 1, unicode.IsControl(r):
		return true
	case r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// appendTextOf appends a value of any type as text: numbers in decimal, OIDs and
// addresses in their dotted forms, octets as [appendSafe] writes them.
func appendTextOf(dst []byte, tag byte, data []byte) []byte {
	switch tag {
	case tagOctetString:
		return appendSafe(dst, data)
	case tagOID:
		if o := oid(data); o.check() {
			return o.appendText(dst, true)
		}
	case tagIPAddress:
		if a, ok := netip.AddrFromSlice(data); ok {
			return a.AppendTo(dst)
		}
	}
	if n, ok := asInt(tag, data); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	if n, ok := asUint(tag, data); ok {
		return strconv.AppendUint(dst, n, 10)
	}
	if f, ok := asFloat(tag, data); ok {
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	}
	return appendSafe(dst, data)
}
