// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"time"
)

// Instant is an instant as a statement writes it: RFC 3339 in the contract's zone, in
// whole seconds, its offset in numbers, such as "2026-06-08T00:00:00+02:00".
type Instant string

const instantLayout = "2006-01-02T15:04:05-07:00"

// Time returns the instant with its offset, and without the name of its zone.
func (i Instant) Time() time.Time {
	// Not time.Parse: it would take the machine's own zone where the offset is the same.
	t, err := time.ParseInLocation(instantLayout, string(i), time.UTC)
	if err != nil {
		return time.Time{}
	}
	return t
}

// UnmarshalText reads an instant in its one spelling.
func (i *Instant) UnmarshalText(b []byte) error {
	t, err := time.ParseInLocation(instantLayout, string(b), time.UTC)
	if err != nil || t.Format(instantLayout) != string(b) {
		return fmt.Errorf("instant %.40q: one such as 2026-06-08T00:00:00+02:00 is needed", b)
	}
	*i = Instant(b)
	return nil
}
