// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"math/bits"
	"time"
)

// kind says how an object moves, and what a swap of the box changes.
type kind byte

const (
	fixed     kind = iota
	uptime         // hundredths of a second since the start
	seconds        // seconds since the start
	boots          // number of starts
	changed        // uptime at which something last changed
	counter32      // grows, and begins again after 2^32-1
	counter64      // grows, and stays at 2^64-1
	serial         // of the box
	engineID       // of the box
	hardware       // address of an interface
	sysName        // of the device: copies of one recording have one each
)

// kindOf returns how an object moves, by its name and type (SNMPv2-MIB,
// HOST-RESOURCES-MIB, SNMP-FRAMEWORK-MIB, IF-MIB, ENTITY-MIB).
func kindOf(v Var) kind {
	at := func(oid ...uint32) bool { return v.OID.HasPrefix(oid) }
	switch v.Tag {
	case tagCounter32:
		return counter32
	case tagCounter64:
		return counter64
	case tagTimeTicks:
		switch {
		case at(1, 3, 6, 1, 2, 1, 1, 3, 0), at(1, 3, 6, 1, 2, 1, 25, 1, 1, 0):
			return uptime
		case at(1, 3, 6, 1, 2, 1, 2, 2, 1, 9), at(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19), at(1, 3, 6, 1, 2, 1, 1, 8, 0):
			return changed
		}
	case tagInteger:
		switch {
		case at(1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0):
			return boots
		case at(1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0):
			return seconds
		}
	case tagOctetString:
		switch {
		case len(v.Value) == 0:
		case at(1, 3, 6, 1, 2, 1, 1, 5, 0):
			return sysName
		case at(1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0):
			return engineID
		case at(1, 3, 6, 1, 2, 1, 2, 2, 1, 6):
			return hardware
		case isSerial(v.OID):
			return serial
		}
	}
	return fixed
}

// isSerial reports whether the object is the serial number of a box or of a part of
// it: entPhysicalSerialNum (RFC 6933) and what vendors have beside it.
func isSerial(name OID) bool {
	for _, s := range []OID{
		{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11},
		{1, 3, 6, 1, 4, 1, 9, 3, 6, 3, 0},              // Cisco
		{1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 1, 12, 0},    // Zyxel
		{1, 3, 6, 1, 4, 1, 1768, 100, 1, 1, 0},         // Patton
		{1, 3, 6, 1, 4, 1, 2604, 5, 1, 1, 4, 0},        // Sophos
		{1, 3, 6, 1, 4, 1, 2636, 3, 1, 3, 0},           // Juniper
		{1, 3, 6, 1, 4, 1, 2636, 3, 1, 8, 1, 7},        // Juniper, parts
		{1, 3, 6, 1, 4, 1, 7367, 3, 8, 0},              // DrayTek
		{1, 3, 6, 1, 4, 1, 8741, 2, 1, 1, 2, 0},        // SonicWall
		{1, 3, 6, 1, 4, 1, 12356, 100, 1, 1, 1, 0},     // Fortinet
		{1, 3, 6, 1, 4, 1, 12356, 101, 13, 2, 1, 1, 2}, // Fortinet, members of a cluster
		{1, 3, 6, 1, 4, 1, 14988, 1, 1, 7, 3, 0},       // MikroTik
		{1, 3, 6, 1, 4, 1, 22736, 3, 1, 4, 0},          // Yeastar
		{1, 3, 6, 1, 4, 1, 25461, 2, 1, 2, 1, 3, 0},    // Palo Alto
		{1, 3, 6, 1, 4, 1, 48690, 1, 1, 0},             // Teltonika
	} {
		if name.HasPrefix(s) {
			return true
		}
	}
	return false
}

// clock says since when a device runs.
type clock struct {
	start   time.Time // when the values were those of the recording, or of the last start
	fresh   bool      // it was started since: everything counts from zero
	swapped bool      // another box stands there: its first start was its first
	boots   uint64    // starts since the beginning, of this box
}

// elapsed returns the hundredths of a second since the start.
func (c clock) elapsed(now time.Time) uint64 {
	return uint64(max(now.Sub(c.start), 0) / (10 * time.Millisecond))
}

// moved returns a moving number, elapsed hundredths of a second after the start.
func (r *Recording) moved(at int, c clock, elapsed uint64) uint64 {
	value := decodeUint(r.walk[at].Value)
	if r.kinds[at] == boots {
		if c.swapped {
			value = 1
		}
		return min(value+c.boots, 1<<31-1)
	}
	if c.fresh {
		value = 0
	}
	return r.advanced(at, value, elapsed)
}

// advanced returns what becomes of a value of a moving object within elapsed hundredths
// of a second.
func (r *Recording) advanced(at int, value, elapsed uint64) uint64 {
	switch r.kinds[at] {
	case uptime:
		return (value + elapsed) & (1<<32 - 1)
	case seconds:
		return (value + elapsed/100) & (1<<31 - 1)
	case counter32:
		return (value + grown(r.rates[at], elapsed)) & (1<<32 - 1)
	case counter64:
		sum, over := bits.Add64(value, grown(r.rates[at], elapsed), 0)
		if over != 0 {
			return 1<<64 - 1
		}
		return sum
	}
	return value // changed: at the start, where it was started
}

// grown returns what a counter grows by at a rate, in 10^-9 a second, within elapsed
// hundredths of a second.
func grown(rate, elapsed uint64) uint64 {
	const unit = 100 * giga
	hi, lo := bits.Mul64(rate, min(elapsed, unit)) // at most 31 years
	v, _ := bits.Div64(hi%unit, lo, unit)
	return v
}
