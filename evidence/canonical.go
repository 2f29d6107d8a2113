// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Canonical JSON is RFC 8785 (JCS) restricted to whole numbers from -(2^53-1) to
// 2^53-1, so that there are no floating-point digits to agree on: keys sorted by
// their UTF-16 code units, no key twice, no white space, strings escaped only where
// JSON demands it.

const (
	maxInteger = 1<<53 - 1
	maxDepth   = 64
)

// MarshalCanonical returns v as canonical JSON, by way of [json.Marshal].
func MarshalCanonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %v", err)
	}
	return Canonical(b)
}

// Canonical returns JSON in its canonical form.
func Canonical(in []byte) ([]byte, error) {
	if !utf8.Valid(in) {
		return nil, errors.New("canonical JSON: the text is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(in))
	d.UseNumber()
	out, err := appendValue(make([]byte, 0, len(in)), d, 0)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("canonical JSON: something stands after the value")
	}
	return out, nil
}

// CheckCanonical reports why b is not canonical JSON.
func CheckCanonical(b []byte) error {
	c, err := Canonical(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, c) {
		return errors.New("the JSON is not in canonical form (RFC 8785, whole numbers only)")
	}
	return nil
}

func appendValue(dst []byte, d *json.Decoder, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("not JSON: %v", err)
	}
	switch t := t.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	case string:
		return appendString(dst, t), nil
	case json.Number:
		return appendInteger(dst, t)
	case json.Delim:
		if t == '[' {
			return appendArray(dst, d, depth)
		}
		return appendObject(dst, d, depth)
	}
	return nil, fmt.Errorf("unexpected token %v", t)
}

func appendArray(dst []byte, d *json.Decoder, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := 0; d.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, d, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("not JSON: %v", err)
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, d *json.Decoder, depth int) ([]byte, error) {
	type member struct {
		key   string
		order []uint16
		value []byte
	}
	var members []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("not JSON: %v", err)
		}
		key, _ := t.(string)
		value, err := appendValue(nil, d, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{key, utf16.Encode([]rune(key)), value})
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("not JSON: %v", err)
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.order, b.order) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return nil, fmt.Errorf("the key %q stands twice", m.key)
			}
			dst = append(dst, ',')
		}
		dst = appendString(dst, m.key)
		dst = append(dst, ':')
		dst = append(dst, m.value...)
	}
	return append(dst, '}'), nil
}

func appendInteger(dst []byte, n json.Number) ([]byte, error) {
	v, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil || v > maxInteger || v < -maxInteger || strconv.FormatInt(v, 10) != string(n) {
		return nil, fmt.Errorf("number %.40s: allowed are whole numbers within plus or minus 2^53-1", n)
	}
	return append(dst, n...), nil
}

// appendString writes a string as RFC 8785 section 3.2.2.2 says.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\f':
			dst = append(dst, `\f`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		}
	}
	return append(dst, '"')
}
