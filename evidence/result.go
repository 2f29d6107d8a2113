// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch"
)

// resultField names the fields of a check or reference line, as bits.
type resultField uint16

const (
	fieldOutcome resultField = 1 << iota
	fieldReason
	fieldDuration
	fieldInterval
	fieldTimeout
	fieldSent
	fieldLost
	fieldRTTMin
	fieldRTTAvg
	fieldRTTMax
	fieldRTTJitter

	requiredFields = fieldOutcome | fieldDuration | fieldInterval | fieldTimeout | fieldSent | fieldLost
	rttFields      = fieldRTTMin | fieldRTTAvg | fieldRTTMax | fieldRTTJitter
)

// readResult reads a line of the availability stream.
func (s *scanner) readResult() error {
	var err error
	switch s.line.Point.Measurement {
	case MeasurementCheck:
		err = s.checkTags()
	case MeasurementReference:
		err = s.referenceTags()
	default:
		return fmt.Errorf("measurement %.40q does not belong in the availability stream", s.line.Point.Measurement)
	}
	if err != nil {
		return err
	}
	var seen resultField
	err = s.fields(func(key string, v lineprotocol.Value) error { return s.resultField(&seen, key, v) })
	if err != nil {
		return err
	}
	if missing := requiredFields &^ seen; missing != 0 {
		return errors.New("one of the fields outcome, duration_us, interval_us, timeout_us, sent and lost is missing")
	}
	if got := seen & rttFields; got != 0 && got != rttFields {
		return errors.New("the four rtt fields stand together or not at all")
	}
	if err := s.time(); err != nil {
		return err
	}
	return validResult(&s.line.Sample)
}

// checkTags reads the tags of a check line: exactly agent, check, customer, device,
// kind and location, each of which [validResult] wants to be filled.
func (s *scanner) checkTags() error {
	return s.tags(func(key, value string) error {
		switch key {
		case "check":
			s.line.Sample.Check = vouch.CheckName(value)
			return nil
		case "kind":
			s.line.Sample.Kind = vouch.Kind(value)
			return nil
		}
		if key == "reference" || !s.identity(key, value) {
			return fmt.Errorf("tag %.40q does not belong on a check line", key)
		}
		return nil
	})
}

// referenceTags reads the tags of a reference line: exactly agent, customer, kind,
// location, reference and role.
func (s *scanner) referenceTags() error {
	role := ""
	err := s.tags(func(key, value string) error {
		switch key {
		case "role":
			role = value
			return nil
		case "kind":
			s.line.Sample.Kind = vouch.Kind(value)
			return nil
		}
		if key == "device" || !s.identity(key, value) {
			return fmt.Errorf("tag %.40q does not belong on a reference line", key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if role != roleGateway && role != roleReference {
		return fmt.Errorf("role %.40q: allowed are gateway and reference", role)
	}
	s.line.Sample.Gateway = role == roleGateway
	return nil
}

// resultField reads one field into the sample, or keeps it when it is unknown.
func (s *scanner) resultField(seen *resultField, key string, v lineprotocol.Value) (err error) {
	r := &s.line.Sample
	var bit resultField
	switch key {
	case "outcome":
		bit = fieldOutcome
		var text string
		if text, err = s.textField(v); err == nil {
			r.Outcome, err = vouch.ParseOutcome(text)
		}
	case "reason":
		bit = fieldReason
		var text string
		text, err = s.textField(v)
		r.Reason = vouch.Reason(text)
	case "duration_us":
		bit, r.Duration, err = microsField(fieldDuration, v)
	case "interval_us":
		bit, r.Interval, err = microsField(fieldInterval, v)
	case "timeout_us":
		bit, r.Timeout, err = microsField(fieldTimeout, v)
	case "rtt_min_us":
		bit, r.RTT.Min, err = microsField(fieldRTTMin, v)
	case "rtt_avg_us":
		bit, r.RTT.Avg, err = microsField(fieldRTTAvg, v)
	case "rtt_max_us":
		bit, r.RTT.Max, err = microsField(fieldRTTMax, v)
	case "rtt_jitter_us":
		bit, r.RTT.Jitter, err = microsField(fieldRTTJitter, v)
	case "sent":
		bit, r.Sent, err = countField(fieldSent, v)
	case "lost":
		bit, r.Lost, err = countField(fieldLost, v)
	default:
		if name, ok := strings.CutPrefix(key, valuePrefix); ok {
			return s.namedValue(name, v)
		}
		if hasField(s.line.Point.Fields, key) {
			return fmt.Errorf("field %q stands twice", key)
		}
		if err := validKey(key); err != nil {
			return fmt.Errorf("field: %v", err)
		}
		return s.keep(key, v)
	}
	if err != nil {
		return fmt.Errorf("field %s: %v", key, err)
	}
	if *seen&bit != 0 {
		return fmt.Errorf("field %s stands twice", key)
	}
	*seen |= bit
	return nil
}

// namedValue reads a named value into the sample. [validResult] looks at all of them.
func (s *scanner) namedValue(key string, v lineprotocol.Value) error {
	name, err := Unescape(key)
	if err != nil {
		return fmt.Errorf("value: %v", err)
	}
	value, err := s.value(v)
	if err != nil {
		return fmt.Errorf("value %q: %v", name, err)
	}
	s.values = append(s.values, vouch.Field{Name: name, Value: value})
	s.line.Sample.Values = s.values
	return nil
}

func (s *scanner) textField(v lineprotocol.Value) (string, error) {
	if v.Kind() != lineprotocol.String {
		return "", errors.New("it is not a string")
	}
	return Unescape(s.name(v.BytesV()))
}

func microsField(bit resultField, v lineprotocol.Value) (resultField, time.Duration, error) {
	if v.Kind() != lineprotocol.Int || v.IntV() < 0 || v.IntV() > maxMicros {
		return bit, 0, errors.New("it is not a whole number of microseconds, 0 or more")
	}
	return bit, time.Duration(v.IntV()) * time.Microsecond, nil
}

func countField(bit resultField, v lineprotocol.Value) (resultField, int, error) {
	if v.Kind() != lineprotocol.Int || v.IntV() < 0 || v.IntV() > maxRequests {
		return bit, 0, fmt.Errorf("it is not a whole number from 0 to %d", maxRequests)
	}
	return bit, int(v.IntV()), nil
}
