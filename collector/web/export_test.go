// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import "time"

// What tests of the exported behaviour cannot reach at every edge.
var (
	Spoken     = spoken
	Exact      = exact
	RoundTimes = roundTimes
	TickStep   = tickStep
	ZoneWords  = zoneWords
)

// At writes an instant as a page made at now would.
func At(now, t time.Time) string { return clock{now, now.Location()}.stamp(t).AtZ() }
