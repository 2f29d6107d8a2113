// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
)

// timeFormat is RFC 3339 in UTC with exactly three digits of a second.
const timeFormat = "2006-01-02T15:04:05.000Z"

// AppendTime appends t as headers spell it: RFC 3339, UTC, truncated to 1 ms.
func AppendTime(dst []byte, t time.Time) []byte {
	return truncate(t).AppendFormat(dst, timeFormat)
}

// ParseTime is the inverse of [AppendTime]. The year lies in 1970 to 2261, so that
// a time fits 64 bits of nanoseconds.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeFormat, s)
	if err != nil || t.Format(timeFormat) != s {
		return time.Time{}, fmt.Errorf("%.60q is not a time like 2026-11-01T00:00:00.000Z", s)
	}
	if err := validTime(t); err != nil {
		return time.Time{}, err
	}
	return t, nil
}

// truncate drops what lies below a millisecond and everything but UTC.
func truncate(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

func validTime(t time.Time) error {
	if y := t.UTC().Year(); y < 1970 || y > 2261 {
		return fmt.Errorf("time in the year %d: allowed are 1970 to 2261", y)
	}
	return nil
}

// validText reports why s cannot be free text in a header line.
func validText(s string) error {
	switch {
	case s == "":
		return errors.New("a text is empty")
	case len(s) > MaxText:
		return fmt.Errorf("text %.20q... is %d bytes long, at most %d are allowed", s, len(s), MaxText)
	case s != strings.TrimSpace(s):
		return fmt.Errorf("text %q begins or ends with white space", s)
	case Unsafe(s):
		return fmt.Errorf("text %q holds a control character or invalid UTF-8", s)
	}
	return nil
}

// Unsafe reports whether s holds a control character (U+0000 to U+001F, U+007F)
// or is not UTF-8. A signed note may hold neither.
func Unsafe(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return !utf8.ValidString(s)
}

func appendField(dst []byte, key, value string) []byte {
	dst = append(dst, key...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, '\n')
}

func appendUintField(dst []byte, key string, v uint64) []byte {
	dst = append(dst, key...)
	dst = append(dst, ": "...)
	dst = strconv.AppendUint(dst, v, 10)
	return append(dst, '\n')
}

func appendTimeField(dst []byte, key string, t time.Time) []byte {
	dst = append(dst, key...)
	dst = append(dst, ": "...)
	dst = AppendTime(dst, t)
	return append(dst, '\n')
}

func appendHashField(dst []byte, key string, h Hash) []byte {
	if h.IsZero() {
		return appendField(dst, key, "none")
	}
	return appendField(dst, key, h.String())
}

func appendClockField(dst []byte, c Clock) []byte {
	dst = append(dst, "clock: "...)
	dst = c.append(dst)
	return append(dst, '\n')
}

func (id Identity) append(dst []byte) []byte {
	dst = appendField(dst, "agent", string(id.Agent))
	dst = appendField(dst, "location", string(id.Location))
	return appendField(dst, "customer", string(id.Customer))
}

// headerReader reads header lines in their fixed order. The first mistake stays in
// err; what is read after it is zero.
type headerReader struct {
	rest []byte
	err  error
}

func (r *headerReader) fail(key string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("header line %q: %v", key, err)
	}
}

// first reads the line that names the format and its version.
func (r *headerReader) first(want string) {
	line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
	if !ok || string(line) != want {
		r.err = fmt.Errorf("the first line is %.40q, want %q", line, want)
		return
	}
	r.rest = rest
}

// has reports whether the next line is the optional one with that key.
func (r *headerReader) has(key string) bool {
	return r.err == nil && bytes.HasPrefix(r.rest, []byte(key+": "))
}

func (r *headerReader) text(key string) string {
	if r.err != nil {
		return ""
	}
	line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
	if !ok {
		r.err = fmt.Errorf("header line %q is missing: the header ends before it", key)
		return ""
	}
	name, value, ok := bytes.Cut(line, []byte(": "))
	if !ok || string(name) != key {
		r.err = fmt.Errorf("header line %q is missing: %.60q stands in its place", key, line)
		return ""
	}
	r.rest = rest
	return string(value)
}

func (r *headerReader) free(key string) string {
	s := r.text(key)
	if r.err == nil {
		if err := validText(s); err != nil {
			r.fail(key, err)
		}
	}
	return s
}

func (r *headerReader) id(key string) string {
	s := r.text(key)
	if r.err == nil {
		if err := vouch.ValidID(s); err != nil {
			r.fail(key, err)
		}
	}
	return s
}

func (r *headerReader) identity() Identity {
	return Identity{
		Agent:    vouch.AgentID(r.id("agent")),
		Location: vouch.LocationID(r.id("location")),
		Customer: vouch.CustomerID(r.id("customer")),
	}
}

func (r *headerReader) stream() vouch.Stream {
	s := vouch.Stream(r.text("stream"))
	if r.err == nil {
		if err := validStream(s); err != nil {
			r.fail("stream", err)
		}
	}
	return s
}

func validStream(s vouch.Stream) error {
	if s != vouch.Availability && s != vouch.Telemetry {
		return fmt.Errorf("stream %.40q: allowed are availability and telemetry", s)
	}
	return nil
}

// count reads a number of lines. Bodies are bounded far below what an int holds on
// the smallest processor.
func (r *headerReader) count(key string) int {
	v := r.uint(key, 0)
	if v > math.MaxInt32 {
		r.fail(key, fmt.Errorf("%d: no body has so many", v))
		return 0
	}
	return int(v)
}

// uint reads a number from min to 2^63-1 (what a database column holds), without
// leading zeros.
func (r *headerReader) uint(key string, min uint64) uint64 {
	s := r.text(key)
	if r.err != nil {
		return 0
	}
	v, err := parseUint(s, min)
	if err != nil {
		r.fail(key, err)
	}
	return v
}

func parseUint(s string, min uint64) (uint64, error) {
	v, err := strconv.ParseUint(s, 10, 63)
	if err != nil || v < min || strconv.FormatUint(v, 10) != s {
		return 0, fmt.Errorf("%.40q is not a whole number from %d to 2^63-1", s, min)
	}
	return v, nil
}

func (r *headerReader) time(key string) time.Time {
	s := r.text(key)
	if r.err != nil {
		return time.Time{}
	}
	t, err := ParseTime(s)
	if err != nil {
		r.fail(key, err)
	}
	return t
}

// span reads from and through, a half-open range of time.
func (r *headerReader) span() (from, through time.Time) {
	from, through = r.time("from"), r.time("through")
	if r.err == nil && through.Before(from) {
		r.fail("through", errors.New("it lies before from"))
	}
	return from, through
}

// hash reads a hash, or the zero hash for "none".
func (r *headerReader) hash(key string) Hash {
	s := r.text(key)
	if r.err != nil || s == "none" {
		return Hash{}
	}
	h, err := ParseHash(s)
	if err != nil {
		r.fail(key, err)
	}
	if r.err == nil && h.IsZero() {
		r.fail(key, errors.New("a hash of zeros stands for none and is not written so"))
	}
	return h
}

func (r *headerReader) nonce() (n Nonce) {
	s := r.text("nonce")
	if r.err == nil {
		if err := decodeExact(n[:], s); err != nil {
			r.fail("nonce", err)
		}
	}
	return n
}

func (r *headerReader) clock() Clock {
	s := r.text("clock")
	if r.err != nil {
		return Clock{}
	}
	c, err := parseClock(s)
	if err != nil {
		r.fail("clock", err)
	}
	return c
}

// blank reads the empty line that ends a header.
func (r *headerReader) blank() {
	if r.err != nil {
		return
	}
	if len(r.rest) == 0 || r.rest[0] != '\n' {
		line, _, _ := bytes.Cut(r.rest, []byte("\n"))
		r.err = fmt.Errorf("the blank line after the header is missing: %.60q stands in its place", line)
		return
	}
	r.rest = r.rest[1:]
}

// end reports what stands after the last header line of a text without body.
func (r *headerReader) end() {
	if r.err == nil && len(r.rest) > 0 {
		line, _, _ := bytes.Cut(r.rest, []byte("\n"))
		r.err = fmt.Errorf("%.60q stands after the last header line", line)
	}
}
