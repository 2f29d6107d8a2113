// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
)

// validResult reports why a sample cannot be a line of the availability stream. It
// is one rule for who writes and who reads.
func validResult(s *vouch.Sample) error {
	if err := validSpeaker(s); err != nil {
		return err
	}
	if err := validID("kind", string(s.Kind)); err != nil {
		return err
	}
	switch {
	case (s.Device == "") == (s.Reference == ""):
		return errors.New("exactly one of device and reference must be named")
	case s.Device != "":
		if err := validID("check", string(s.Check)); err != nil {
			return err
		}
	case s.Check != "":
		return errors.New("a reference has no check")
	}
	switch {
	case s.Outcome > vouch.Down:
		return fmt.Errorf("outcome %d is none of up, down and unknown", s.Outcome)
	case (s.Outcome == vouch.Up) != (s.Reason == ""):
		return fmt.Errorf("outcome %s with reason %q: a reason stands exactly where the outcome is not up", s.Outcome, s.Reason)
	case s.Sent < 0 || s.Sent > maxRequests || s.Lost < 0 || s.Lost > s.Sent:
		return fmt.Errorf("%d sent and %d lost: lost is at most sent, sent at most %d", s.Sent, s.Lost, maxRequests)
	case s.Interval < time.Microsecond:
		return fmt.Errorf("interval %v: a sample holds until the next, so it needs one", s.Interval)
	case s.Duration < 0 || s.Timeout < 0 || s.RTT.Min < 0 || s.RTT.Avg < 0 || s.RTT.Max < 0 || s.RTT.Jitter < 0:
		return errors.New("a duration is negative")
	}
	return validValues(s)
}

// validValues checks the named values of a check line: their order makes that the same
// sample always gives the same bytes.
func validValues(s *vouch.Sample) error {
	switch {
	case len(s.Values) == 0:
		return nil
	case s.Device == "":
		return errors.New("a reference has no named values")
	case len(s.Values) > vouch.MaxValues:
		return fmt.Errorf("%d named values: at most %d are allowed", len(s.Values), vouch.MaxValues)
	}
	for i, f := range s.Values {
		switch f.Value.Kind() {
		case vouch.ValueInt, vouch.ValueUint, vouch.ValueFloat:
		default:
			return fmt.Errorf("value %.140q is no number", f.Name)
		}
		if f.Name == "" || len(f.Name) > vouch.MaxValueName {
			return fmt.Errorf("the name of value %.140q is %d bytes long, allowed are 1 to %d", f.Name, len(f.Name), vouch.MaxValueName)
		}
		if i > 0 && f.Name <= s.Values[i-1].Name {
			return fmt.Errorf("value %.140q stands after %.140q: values are sorted and none stands twice", f.Name, s.Values[i-1].Name)
		}
	}
	return nil
}

// validSpeaker checks the identifiers that every line carries.
func validSpeaker(s *vouch.Sample) error {
	if err := validID("agent", string(s.Agent)); err != nil {
		return err
	}
	if err := validID("location", string(s.Location)); err != nil {
		return err
	}
	if err := validID("customer", string(s.Customer)); err != nil {
		return err
	}
	if s.Device != "" {
		return validID("device", string(s.Device))
	}
	return nil
}

func validID(what, s string) error {
	if err := vouch.ValidID(s); err != nil {
		return fmt.Errorf("%s: %v", what, err)
	}
	return nil
}

// validTelemetry reports why a point cannot be a line of the telemetry stream.
func validTelemetry(s *vouch.Sample, p *vouch.Point) error {
	if err := validSpeaker(s); err != nil {
		return err
	}
	switch p.Measurement {
	case "":
		return errors.New("measurement without a name")
	case MeasurementCheck, MeasurementReference:
		return errors.New("the name belongs to the availability stream")
	}
	if len(p.Fields) == 0 {
		return errors.New("no field")
	}
	if len(p.Fields) > MaxFields || len(p.Tags) > MaxTags {
		return fmt.Errorf("%d fields and %d tags: at most %d and %d are allowed", len(p.Fields), len(p.Tags), MaxFields, MaxTags)
	}
	for i, f := range p.Fields {
		if err := validKey(f.Name); err != nil {
			return fmt.Errorf("field: %v", err)
		}
		if hasField(p.Fields[:i], f.Name) {
			return fmt.Errorf("field %q stands twice", f.Name)
		}
	}
	for _, t := range p.Tags {
		if err := validKey(t.Key); err != nil {
			return fmt.Errorf("tag: %v", err)
		}
		if isIdentity(t.Key) {
			return fmt.Errorf("tag %q says who speaks of what and is no point's own", t.Key)
		}
	}
	return nil
}

func isIdentity(key string) bool {
	switch key {
	case "agent", "customer", "device", "location", "reference":
		return true
	}
	return false
}

func hasField(fields []vouch.Field, name string) bool {
	for i := range fields {
		if fields[i].Name == name {
			return true
		}
	}
	return false
}

// validKey reports why a key of a tag or field cannot be stored: the store gives
// "time" and names with an underscore in front a meaning of their own.
func validKey(s string) error {
	if s == "" {
		return errors.New("a key is empty")
	}
	if s == "time" || s[0] == '_' {
		return fmt.Errorf("key %q is reserved by the time-series store", s)
	}
	return nil
}
