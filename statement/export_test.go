// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// What tests of the exported behaviour cannot reach at every edge.

// Local is an instant as a statement over a period prints it.
func Local(z contract.Zone, period contract.Span, s contract.Second) time.Time {
	return zoneOf(offsets(z, period.From, period.To)).local(s)
}

// InstantOf is when the clock on the wall showed an hour.
func InstantOf(z contract.Zone, period contract.Span, year int, month time.Month, day, hour int) contract.Second {
	return zoneOf(offsets(z, period.From, period.To)).instant(year, month, day, hour)
}
