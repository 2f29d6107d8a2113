// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// leafBits is how many bits of a row id number the leaf; the rest number the ledger.
const leafBits = 40

// rowID is the id of the rows of a leaf.
func rowID(ledger, leaf int64) int64 { return ledger<<leafBits | leaf }

// leafOf is the leaf index in a row id.
func leafOf(id int64) int64 { return id & (1<<leafBits - 1) }

// millis is how times of the ledger are stored: Unix milliseconds, NULL for zero.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// timeOf is the inverse of millis.
func timeOf(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// nanos is how times of queues are stored: Unix nanoseconds, NULL for zero.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// timeOfNanos is the inverse of nanos.
func timeOfNanos(ns *int64) time.Time {
	if ns == nil {
		return time.Time{}
	}
	return time.Unix(0, *ns).UTC()
}

// unless is v, or NULL where it follows from other columns.
func unless[T any](follows bool, v T) any {
	if follows {
		return nil
	}
	return v
}

// hashOf copies a stored hash.
func hashOf(b []byte) (h evidence.Hash) {
	copy(h[:], b)
	return h
}
