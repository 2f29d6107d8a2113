// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch"
)

// Measurements of the availability stream. No telemetry may bear their names.
const (
	MeasurementCheck     = "check"
	MeasurementReference = "reference"
)

// Values of the tag role of a reference line.
const (
	roleGateway   = "gateway"
	roleReference = "reference"
)

// valuePrefix stands before the name of each named value on a check line. No field of
// this format's own holds a colon.
const valuePrefix = "value:"

// Limits of a line, so that reading one is cheap whoever wrote it.
const (
	MaxFields   = 256
	MaxTags     = 64
	maxRequests = 1_000_000
)

// Encoder turns samples into lines. The zero value is ready; it is for one
// goroutine. It keeps a little scratch space between calls.
type Encoder struct {
	line lineprotocol.Encoder
	tags []vouch.Tag
}

// AppendSample appends the lines of a sample to dst: in the availability stream its
// one check or reference line, in the telemetry stream one line for each of its
// points. Times are truncated to 1 ms, durations to 1 microsecond. After an error,
// nothing is appended. The same sample always gives the same bytes.
func (e *Encoder) AppendSample(dst []byte, s vouch.Sample, stream vouch.Stream) ([]byte, error) {
	out, err := e.append(dst, &s, stream)
	if err != nil {
		what := string(s.Device) + "/" + string(s.Check)
		if s.Device == "" {
			what = s.Reference
		}
		return dst, fmt.Errorf("encode sample %q of %s: %v", what, s.Customer, err)
	}
	return out, nil
}

func (e *Encoder) append(dst []byte, s *vouch.Sample, stream vouch.Stream) ([]byte, error) {
	if err := validStream(stream); err != nil {
		return nil, err
	}
	if err := validTime(s.Start); err != nil {
		return nil, fmt.Errorf("start: %v", err)
	}
	e.line.SetLax(true) // what follows is checked and escaped by us
	e.line.SetPrecision(lineprotocol.Millisecond)
	e.line.SetBuffer(dst)
	if stream == vouch.Availability {
		if err := validResult(s); err != nil {
			return nil, err
		}
		if err := e.result(s); err != nil {
			return nil, err
		}
	} else {
		for i := range s.Points {
			if err := e.point(s, &s.Points[i]); err != nil {
				return nil, fmt.Errorf("point %q: %v", s.Points[i].Measurement, err)
			}
		}
	}
	if err := e.line.Err(); err != nil {
		return nil, err
	}
	return e.line.Bytes(), nil
}

// result writes the check or reference line, its tags in the order of their keys.
func (e *Encoder) result(s *vouch.Sample) error {
	if s.Device != "" {
		e.line.StartLine(MeasurementCheck)
		e.line.AddTag("agent", string(s.Agent))
		e.line.AddTag("check", string(s.Check))
		e.line.AddTag("customer", string(s.Customer))
		e.line.AddTag("device", string(s.Device))
		e.line.AddTag("kind", string(s.Kind))
		e.line.AddTag("location", string(s.Location))
	} else {
		e.line.StartLine(MeasurementReference)
		e.line.AddTag("agent", string(s.Agent))
		e.line.AddTag("customer", string(s.Customer))
		e.line.AddTag("kind", string(s.Kind))
		e.line.AddTag("location", string(s.Location))
		e.line.AddTag("reference", escapeTag(s.Reference))
		role := roleReference
		if s.Gateway {
			role = roleGateway
		}
		e.line.AddTag("role", role)
	}
	e.text("outcome", s.Outcome.String())
	if s.Reason != "" {
		e.text("reason", Escape(string(s.Reason)))
	}
	e.micros("duration_us", s.Duration)
	e.micros("interval_us", s.Interval)
	e.micros("timeout_us", s.Timeout)
	e.line.AddField("sent", lineprotocol.IntValue(int64(s.Sent)))
	e.line.AddField("lost", lineprotocol.IntValue(int64(s.Lost)))
	if rtt := truncateRTT(s.RTT); rtt != (vouch.RTT{}) {
		e.micros("rtt_min_us", rtt.Min)
		e.micros("rtt_avg_us", rtt.Avg)
		e.micros("rtt_max_us", rtt.Max)
		e.micros("rtt_jitter_us", rtt.Jitter)
	}
	for _, f := range s.Values {
		v, err := fieldValue(f.Value)
		if err != nil {
			return fmt.Errorf("value %q: %v", f.Name, err)
		}
		e.line.AddField(valuePrefix+Escape(f.Name), v)
	}
	e.line.EndLine(s.Start)
	return nil
}

func truncateRTT(r vouch.RTT) vouch.RTT {
	const us = time.Microsecond
	return vouch.RTT{Min: r.Min.Truncate(us), Avg: r.Avg.Truncate(us), Max: r.Max.Truncate(us), Jitter: r.Jitter.Truncate(us)}
}

func (e *Encoder) text(key, value string) {
	v, _ := lineprotocol.StringValue(value) // false only for invalid UTF-8, which Escape leaves none of
	e.line.AddField(key, v)
}

func (e *Encoder) micros(key string, d time.Duration) {
	e.line.AddField(key, lineprotocol.IntValue(d.Microseconds()))
}

// point writes one line of telemetry. Identity tags and the point's own are sorted
// together.
func (e *Encoder) point(s *vouch.Sample, p *vouch.Point) error {
	if err := validTelemetry(s, p); err != nil {
		return err
	}
	e.tags = append(e.tags[:0], p.Tags...)
	for i := range e.tags {
		e.tags[i].Key, e.tags[i].Value = Escape(e.tags[i].Key), escapeTag(e.tags[i].Value)
	}
	e.tags = append(e.tags,
		vouch.Tag{Key: "agent", Value: string(s.Agent)},
		vouch.Tag{Key: "customer", Value: string(s.Customer)},
		vouch.Tag{Key: "location", Value: string(s.Location)})
	if s.Device != "" {
		e.tags = append(e.tags, vouch.Tag{Key: "device", Value: string(s.Device)})
	}
	if s.Reference != "" {
		e.tags = append(e.tags, vouch.Tag{Key: "reference", Value: escapeTag(s.Reference)})
	}
	slices.SortFunc(e.tags, func(a, b vouch.Tag) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(e.tags); i++ {
		if e.tags[i].Key == e.tags[i-1].Key {
			return fmt.Errorf("tag %q stands twice", e.tags[i].Key)
		}
	}
	e.line.StartLine(escapeMeasurement(p.Measurement))
	for _, t := range e.tags {
		e.line.AddTag(t.Key, t.Value)
	}
	for _, f := range p.Fields {
		v, err := fieldValue(f.Value)
		if err != nil {
			return fmt.Errorf("field %q: %v", f.Name, err)
		}
		e.line.AddField(Escape(f.Name), v)
	}
	e.line.EndLine(s.Start)
	return nil
}

func fieldValue(v vouch.Value) (lineprotocol.Value, error) {
	switch v.Kind() {
	case vouch.ValueInt:
		return lineprotocol.IntValue(v.Int()), nil
	case vouch.ValueUint:
		return lineprotocol.UintValue(v.Uint()), nil
	case vouch.ValueBool:
		return lineprotocol.BoolValue(v.Bool()), nil
	case vouch.ValueString:
		s, _ := lineprotocol.StringValue(Escape(v.Text()))
		return s, nil
	case vouch.ValueFloat:
		if f, ok := lineprotocol.FloatValue(v.Float()); ok {
			return f, nil
		}
		return lineprotocol.Value{}, fmt.Errorf("%v is not a finite number", v.Float())
	}
	return lineprotocol.Value{}, fmt.Errorf("value of unknown kind %d", v.Kind())
}
