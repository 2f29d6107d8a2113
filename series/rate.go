// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package series

import "time"

// Reason says why there is no rate; empty where there is one. It is for people.
type Reason string

const (
	ReasonOnce          Reason = "read once so far"
	ReasonRestart       Reason = "restarted in between"
	ReasonUnclear       Reason = "cannot tell whether it restarted in between"
	ReasonDiscontinuity Reason = "the device says that it began to count anew (ifCounterDiscontinuityTime)"
	ReasonWidth         Reason = "read from a counter of another width before"
	ReasonFell          Reason = "it fell, and is no counter that wrapped"
	ReasonTurns         Reason = "it may have wrapped more than once: poll more often"
	ReasonLimit         Reason = "faster than can be"
)

// Counter is one reading of an object that only grows.
type Counter struct {
	Value uint64
	Bits  int // 32 or 64; 0 where it is not known, which counts as 64
}

// Row is what a reading of a row says of all its counters.
type Row struct {
	At            time.Time
	Discontinuity Number // ifCounterDiscontinuityTime (RFC 2863)
}

// Comparable returns why counters of two readings of one row say nothing together, or
// "". The row is told by what identifies it: a uniquely named row stays the same when
// the device renumbers its interfaces, and one that is told by its index becomes
// another. since is [Watch.Unbroken], and kind what [Watch.Next] said of the later
// poll.
func Comparable(was, is Row, since time.Time, kind Kind) Reason {
	switch {
	case was.At.IsZero() || !is.At.After(was.At):
		return ReasonOnce
	case kind > None:
		return ReasonRestart
	case kind == Unclear:
		return ReasonUnclear
	case was.At.Before(since):
		return ReasonRestart
	case was.Discontinuity != is.Discontinuity:
		return ReasonDiscontinuity
	}
	return ""
}

// What a counter may grow by in so many seconds. Line cards hand their counts over
// every few seconds, and a poll bears the instant of its first request: a burst of
// handover seconds more may fall between two polls. The excess is for speeds that are
// rounded down.
const (
	handover = 10 * time.Second
	excess   = 1.05
)

// Presumed limits where none is known, units a second. A counter of 32 bits that
// counts the octets of more than 100 Mbit/s wraps every few minutes: what it says is
// not to be believed for longer. One of 64 bits is beyond doubt up to a terabit.
const (
	presumed32 = 100e6 / 8
	presumed64 = 1e12 / 8
)

func most(limit float64, elapsed time.Duration) float64 {
	return limit * (elapsed + handover).Seconds() * excess
}

// Growth returns by how much a counter grew in the time, exactly, or why that cannot
// be told. limit is how many units a second are possible at most (for octets the speed
// of the interface), 0 where that is not known.
func Growth(was, is Counter, elapsed time.Duration, limit float64) (uint64, Reason) {
	if elapsed <= 0 {
		return 0, ReasonOnce
	}
	if width(was) != width(is) {
		return 0, ReasonWidth
	}
	// A device that counts on beyond 2^32 has more than 32 bits, whatever it calls them.
	if width(was) == 32 && was.Value>>32 == 0 && is.Value>>32 == 0 {
		return growth32(uint32(was.Value), uint32(is.Value), elapsed, limit)
	}
	grown := is.Value - was.Value // modulo 2^64
	known := limit
	if known <= 0 {
		known = presumed64
	}
	switch fell, fast := is.Value < was.Value, float64(grown) > most(known, elapsed); {
	case fell && fast:
		return 0, ReasonFell
	case fast:
		return 0, ReasonLimit
	}
	return grown, ""
}

func growth32(was, is uint32, elapsed time.Duration, limit float64) (uint64, Reason) {
	grown := is - was // modulo 2^32
	fell := is < was
	if limit <= 0 {
		if fell {
			return 0, ReasonFell // a wrap or a new beginning: without a speed nobody can tell
		}
		if most := most(presumed32, elapsed); most >= 1<<32 || float64(grown) > most {
			return 0, ReasonTurns
		}
		return uint64(grown), ""
	}
	switch most := most(limit, elapsed); {
	case most >= 1<<32:
		return 0, ReasonTurns
	case float64(grown) > most && fell:
		return 0, ReasonFell
	case float64(grown) > most:
		return 0, ReasonLimit
	}
	return uint64(grown), ""
}

func width(c Counter) int {
	if c.Bits == 32 {
		return 32
	}
	return 64
}

// Rate is [Growth] a second.
func Rate(was, is Counter, elapsed time.Duration, limit float64) (float64, Reason) {
	grown, why := Growth(was, is, elapsed, limit)
	if why != "" {
		return 0, why
	}
	return float64(grown) / elapsed.Seconds(), ""
}
