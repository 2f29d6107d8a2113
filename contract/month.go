// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "time"

// Midnight returns the first instant whose local date is d or later. Where a clock is
// put forward over midnight, or a date is left out, that is the instant of the change.
func (z Zone) Midnight(d Date) Second {
	n := d.number()
	c := Calendar{Zone: z}
	// No offset is as large as two days, so the instant lies in this span.
	for s := (Span{Second((n - 2) * day), Second((n + 2) * day)}); !s.Empty(); {
		stretch, offset := c.stretch(s)
		if at := max(stretch.From, Second(n*day-offset)); at < stretch.To {
			return at
		}
		s.From = stretch.To
	}
	return Second(n * day)
}

// Month returns a calendar month of the zone: 27 to 32 days of 23 to 25 hours.
func (z Zone) Month(year int, month time.Month) Span {
	next := time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
	return Span{z.Midnight(Date{year, month, 1}), z.Midnight(Date{next.Year(), next.Month(), 1})}
}
