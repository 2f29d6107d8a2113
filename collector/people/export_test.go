// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people

import "time"

// Cheap is a cost for tests: 8 KiB, one pass.
var Cheap = Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}

// OnHash calls f with the cost of every hash before it is computed.
func (d *Desk) OnHash(f func(Cost)) {
	next := d.passwords.derive
	d.passwords.derive = func(password, salt []byte, c Cost) []byte {
		f(c)
		return next(password, salt, c)
	}
}

// Decode reads a stored password.
func Decode(stored string) (Cost, error) {
	c, _, _, err := decode(stored)
	return c, err
}

// Bounds that tests hold against.
const (
	Hashing  = hashing
	Queued   = queued
	MaxMarks = maxMarks
)

// Throttle lends a throttle of one limit.
type Throttle struct{ *throttle }

// NewThrottle returns the throttle of accounts.
func NewThrottle() Throttle { return Throttle{newThrottle(perAccount)} }

// Len returns how many marks are kept.
// Begin counts an attempt.
func (t Throttle) Begin(key string, now time.Time) { t.begin(key, now) }

func (t Throttle) Len() int { return len(t.marks) }
