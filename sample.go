// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"math"
	"time"
)

// Result is what one attempt found. It says nothing about who asked.
type Result struct {
	Start    time.Time     // when the attempt began: the one time stamp of everything in it
	Duration time.Duration // from Start to the end of the attempt
	Outcome  Outcome
	Reason   Reason // set unless the outcome is Up
	Detail   string // for people at a terminal or in a log; never sealed, may be empty
	Sent     int    // requests sent that asked for an answer
	Lost     int    // of those, the ones without an answer
	RTT      RTT    // zero where no answer came
	Points   []Point
}

// RTT sums up the round trips of one attempt.
type RTT struct {
	Min, Avg, Max time.Duration
	// Jitter is round-trip delay variation: the mean of |RTT(i)-RTT(i-1)| over
	// consecutive replies of one round (RFC 3393 applied to round trips).
	Jitter time.Duration
}

// Sample is a result with its identity. Exactly one of Device and Reference is set:
// a sample of a reference is what the agent says of its own health.
type Sample struct {
	Customer  CustomerID
	Agent     AgentID
	Location  LocationID
	Device    DeviceID
	Check     CheckName
	Kind      Kind
	Reference string // name of the reference
	Gateway   bool   // the reference is the agent's own gateway
	Interval  time.Duration
	Timeout   time.Duration
	// Values are the numbers that the check names and the device reported, by rising
	// names; one that it did not report is not here. Each is an integer, signed or
	// unsigned, or a float. A reference has none.
	Values []Field
	Result
}

// Point is one line of telemetry: a measurement with tags and fields. It takes its
// time stamp and its identity from the sample that it belongs to.
type Point struct {
	Measurement string
	Tags        []Tag // sorted by key
	Fields      []Field
}

// Tag is one tag of a point.
type Tag struct{ Key, Value string }

// Field is one named value of a point.
type Field struct {
	Name  string
	Value Value
}

// ValueKind is the type of a [Value].
type ValueKind uint8

const (
	ValueInt    ValueKind = iota // signed, 64 bits
	ValueUint                    // unsigned, exact to 2^64-1: counters
	ValueFloat                   // finite
	ValueString                  // any bytes; made safe where it is encoded
	ValueBool
)

// Value is one typed value. The zero value is the integer 0.
type Value struct {
	kind ValueKind
	bits uint64
	text string
}

// Int, Uint, Float, Text and Bool make a value of their type.
func Int(v int64) Value     { return Value{kind: ValueInt, bits: uint64(v)} }
func Uint(v uint64) Value   { return Value{kind: ValueUint, bits: v} }
func Float(v float64) Value { return Value{kind: ValueFloat, bits: math.Float64bits(v)} }
func Text(v string) Value   { return Value{kind: ValueString, text: v} }
func Bool(v bool) Value {
	if v {
		return Value{kind: ValueBool, bits: 1}
	}
	return Value{kind: ValueBool}
}

// Kind returns the type of the value; each accessor below is right for one of them.
func (v Value) Kind() ValueKind { return v.kind }
func (v Value) Int() int64      { return int64(v.bits) }
func (v Value) Uint() uint64    { return v.bits }
func (v Value) Float() float64  { return math.Float64frombits(v.bits) }
func (v Value) Text() string    { return v.text }
func (v Value) Bool() bool      { return v.bits != 0 }
