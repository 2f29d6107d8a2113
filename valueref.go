// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of the values that a check names, so that a line of evidence stays short.
const (
	MaxValues    = 64  // of one check
	MaxValueName = 128 // of the name of one, in bytes
)

// ValueRef says which number of a poll a name means: the field of the one point with
// that measurement and those tags.
type ValueRef struct {
	Measurement string
	Field       string
	Tags        []Tag // in the order of the name; the point may bear others as well
}

// scalarMeasurement is the measurement of a name without one: an SNMP poll puts its
// scalars there.
const scalarMeasurement = "snmp"

// ParseValueRef reads the name of a value:
//
//	temperature                              a scalar of the profile
//	cpu.5min{index=1}                        a column of the table cpu, of one row
//	interface.ifOperStatus{ifName=wan1}      the same, the row told by another tag
//
// Measurement, field and tags are identifiers as [ValidID] says. The last dot parts
// measurement and field, so that a measurement may hold dots and a field none. In braces
// stand one or more tags, TAG=VALUE, parted by commas without spaces around them; a value
// may hold any printable character but comma and braces. A name is at most
// [MaxValueName] bytes long.
func ParseValueRef(name string) (ValueRef, error) {
	if len(name) > MaxValueName {
		return ValueRef{}, fmt.Errorf("value %.40q... is %d bytes long, at most %d are allowed", name, len(name), MaxValueName)
	}
	head, braced, hasTags := strings.Cut(name, "{")
	r := ValueRef{Measurement: scalarMeasurement, Field: head}
	if i := strings.LastIndexByte(head, '.'); i >= 0 {
		r.Measurement, r.Field = head[:i], head[i+1:]
	}
	for _, id := range []string{r.Measurement, r.Field} {
		if err := ValidID(id); err != nil {
			return ValueRef{}, fmt.Errorf("value %q: %v", name, err)
		}
	}
	if !hasTags {
		return r, nil
	}
	inner, closed := strings.CutSuffix(braced, "}")
	if !closed {
		return ValueRef{}, fmt.Errorf("value %q: the brace is not closed at the end", name)
	}
	for part := range strings.SplitSeq(inner, ",") {
		key, value, _ := strings.Cut(part, "=")
		if err := validSelector(key, value); err != nil {
			return ValueRef{}, fmt.Errorf("value %q: %v", name, err)
		}
		for _, t := range r.Tags {
			if t.Key == key {
				return ValueRef{}, fmt.Errorf("value %q: tag %q stands twice", name, key)
			}
		}
		r.Tags = append(r.Tags, Tag{key, value})
	}
	return r, nil
}

func validSelector(key, value string) error {
	if err := ValidID(key); err != nil {
		return fmt.Errorf("tag: %v", err)
	}
	switch {
	case value == "":
		return fmt.Errorf("tag %q has no value, as in ifName=wan1", key)
	case !utf8.ValidString(value):
		return errors.New("it is not valid UTF-8")
	case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f || c == '{' || c == '}' }):
		return fmt.Errorf("the value %q of a tag holds a brace or a control character", value)
	}
	return nil
}
