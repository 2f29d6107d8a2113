// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch"
)

// Line is one line of a batch or heartbeat.
type Line struct {
	// Sample is the identity and the start of every line, and the whole result of a
	// check or reference line. Its Points are empty.
	Sample vouch.Sample
	// Point is the measurement with what else the line holds: in telemetry its own
	// tags and all fields, in a check or reference line the fields that this version
	// does not know.
	Point vouch.Point
}

// DecodeLines reads lines one after the other and stops after the first error. In
// the availability stream it is strict: known measurements, exactly their tags, every
// field once, of its type and in its range; unknown fields are kept, so that a later
// version may add some. In telemetry measurements, tags and fields are free, beside
// the identity tags.
func DecodeLines(stream vouch.Stream, lines []byte) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) { newScanner(stream, lines).all(yield) }
}

// all yields every line, as a copy.
func (s *scanner) all(yield func(Line, error) bool) {
	for s.next() {
		line := s.line
		line.Sample.Values = slices.Clone(line.Sample.Values)
		line.Point.Tags = slices.Clone(line.Point.Tags)
		line.Point.Fields = slices.Clone(line.Point.Fields)
		if !yield(line, nil) {
			return
		}
	}
	if s.err != nil {
		yield(Line{}, s.err)
	}
}

// scanner reads lines into one place, without allocating for each.
type scanner struct {
	stream vouch.Stream
	rest   []byte                // what was not read yet, until there is a decoder
	d      *lineprotocol.Decoder // reads the rest; nil while all lines were quick
	heads  *heads
	names  map[string]string // strings seen, so that each is allocated once
	values []vouch.Field     // room for the named values of line
	line   Line              // valid until the next call of next
	n      int               // lines read, the bad one included
	err    error
}

func newScanner(stream vouch.Stream, lines []byte) *scanner {
	return &scanner{stream: stream, rest: lines, heads: &heads{}}
}

func (s *scanner) next() bool {
	if s.err != nil {
		return false
	}
	if s.d == nil {
		if s.stream == vouch.Availability && s.quick() {
			s.n++
			return true
		}
		s.d, s.names = lineprotocol.NewDecoderWithBytes(s.rest), make(map[string]string, 64)
	}
	if !s.d.Next() {
		return false
	}
	s.n++
	if err := s.read(); err != nil {
		s.err = fmt.Errorf("line %d: %v", s.n, err)
		return false
	}
	return true
}

func (s *scanner) read() error {
	l := &s.line
	s.values = s.values[:0]
	*l = Line{Point: vouch.Point{Tags: l.Point.Tags[:0], Fields: l.Point.Fields[:0]}}
	m, err := s.d.Measurement()
	if err != nil {
		return syntaxError(err)
	}
	if l.Point.Measurement, err = Unescape(s.name(m)); err != nil {
		return fmt.Errorf("measurement: %v", err)
	}
	if s.stream == vouch.Availability {
		return s.readResult()
	}
	return s.readTelemetry()
}

// syntaxError drops line and column from an error of the line-protocol package,
// since they count from the start of the body and the line is named already.
func syntaxError(err error) error {
	var d *lineprotocol.DecodeError
	if errors.As(err, &d) {
		return fmt.Errorf("column %d: %v", d.Column, d.Err)
	}
	return err
}

// maxNames bounds the strings that are kept while one body is read.
const maxNames = 4096

// name returns b as a string.
func (s *scanner) name(b []byte) string {
	if v, ok := s.names[string(b)]; ok {
		return v
	}
	v := string(b)
	if len(s.names) < maxNames {
		s.names[v] = v
	}
	return v
}

// tags reads all tags, which must stand in the order of their keys.
func (s *scanner) tags(each func(key, value string) error) error {
	prev := ""
	for n := 0; ; n++ {
		k, v, err := s.d.NextTag()
		if err != nil {
			return syntaxError(err)
		}
		if k == nil {
			return nil
		}
		if string(k) <= prev {
			return fmt.Errorf("tag %q stands after %q: tags are sorted and none stands twice", k, prev)
		}
		if n == MaxTags+5 { // 5 for the identity
			return fmt.Errorf("more than %d tags", n)
		}
		key := s.name(k)
		prev = key
		value, err := unescapeTag(s.name(v))
		if err != nil {
			return fmt.Errorf("tag %q: %v", key, err)
		}
		if err := each(key, value); err != nil {
			return err
		}
	}
}

// fields reads all fields.
func (s *scanner) fields(each func(key string, v lineprotocol.Value) error) error {
	for n := 0; ; n++ {
		k, v, err := s.d.NextField()
		if err != nil {
			return syntaxError(err)
		}
		if k == nil {
			return nil
		}
		if n == MaxFields {
			return fmt.Errorf("more than %d fields", n)
		}
		if err := each(s.name(k), v); err != nil {
			return err
		}
	}
}

func (s *scanner) identity(key, value string) bool {
	switch key {
	case "agent":
		s.line.Sample.Agent = vouch.AgentID(value)
	case "customer":
		s.line.Sample.Customer = vouch.CustomerID(value)
	case "location":
		s.line.Sample.Location = vouch.LocationID(value)
	case "device":
		s.line.Sample.Device = vouch.DeviceID(value)
	case "reference":
		s.line.Sample.Reference = value
	default:
		return false
	}
	return true
}

func (s *scanner) readTelemetry() error {
	p := &s.line.Point
	err := s.tags(func(key, value string) error {
		if s.identity(key, value) {
			return nil
		}
		key, err := Unescape(key)
		if err != nil {
			return fmt.Errorf("tag: %v", err)
		}
		p.Tags = append(p.Tags, vouch.Tag{Key: key, Value: value})
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.fields(s.keep); err != nil {
		return err
	}
	if err := s.time(); err != nil {
		return err
	}
	return validTelemetry(&s.line.Sample, p)
}

// keep adds a field to the point.
func (s *scanner) keep(key string, v lineprotocol.Value) error {
	name, err := Unescape(key)
	if err != nil {
		return fmt.Errorf("field: %v", err)
	}
	value, err := s.value(v)
	if err != nil {
		return fmt.Errorf("field %q: %v", name, err)
	}
	s.line.Point.Fields = append(s.line.Point.Fields, vouch.Field{Name: name, Value: value})
	return nil
}

func (s *scanner) value(v lineprotocol.Value) (vouch.Value, error) {
	switch v.Kind() {
	case lineprotocol.Int:
		return vouch.Int(v.IntV()), nil
	case lineprotocol.Uint:
		return vouch.Uint(v.UintV()), nil
	case lineprotocol.Float:
		return vouch.Float(v.FloatV()), nil
	case lineprotocol.Bool:
		return vouch.Bool(v.BoolV()), nil
	case lineprotocol.String:
		text, err := Unescape(s.name(v.BytesV()))
		return vouch.Text(text), err
	}
	return vouch.Value{}, fmt.Errorf("type %v is not known", v.Kind())
}

// maxMillis is 2262-01-01T00:00:00Z in Unix milliseconds.
const maxMillis = 9_214_646_400_000

func (s *scanner) time() error {
	b, err := s.d.TimeBytes()
	if err != nil {
		return syntaxError(err)
	}
	if b == nil {
		return errors.New("the time stamp is missing")
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || ms < 0 || ms >= maxMillis || strconv.FormatInt(ms, 10) != string(b) {
		return fmt.Errorf("time stamp %.40q is not Unix milliseconds before the year 2262", b)
	}
	s.line.Sample.Start = time.UnixMilli(ms).UTC()
	return nil
}
