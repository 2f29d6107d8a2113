// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

// Worked by hand: a period from 1000 to 2000, promises of 100 s.
func TestClockFigures(t *testing.T) {
	limit := contract.TimeLimit{N: 1, Unit: contract.Days}
	timer := func(started, stopped contract.Second, used, exceeded int64, running bool) contract.Handling {
		return contract.Handling{Timers: []contract.Timer{{Kind: contract.ClockReaction}, {Kind: contract.ClockResolution, Limit: limit,
			Started: started, Stopped: stopped, Used: used, Exceeded: exceeded, Running: running}}}
	}
	handlings := []contract.Handling{
		timer(900, 1000, 10, 0, false),   // ended with the first second, in time
		timer(1100, 1150, 50, 0, false),  // in time
		timer(1100, 1200, 100, 0, false), // in time, to the second
		timer(1100, 1300, 200, 100, false),
		timer(1500, 1999, 499, 399, false),
		timer(800, 999, 199, 99, false), // over before
		timer(1900, 2000, 100, 0, true), // open
		timer(1500, 2000, 500, 400, true),
		timer(2000, 2010, 10, 0, false), // began after
		{Timers: []contract.Timer{{Kind: contract.ClockResolution, Started: 1100, Running: true}}},
		{}, // no clock has started
	}
	f := contract.ClockFigures(contract.ClockResolution, handlings, contract.Span{From: 1000, To: 2000})
	if f.Of != 7 || f.Ended != 5 || f.InTime != 3 || f.Open != 1 || f.Overdue != 1 || f.Unasked != 1 {
		t.Errorf("figures = %+v, want 3 in time of 5 ended of 7, one open, one overdue, one without a promise", f)
	}
	if f.OfAll.String() != "42.857142" || f.OfEnded.String() != "60.000000" {
		t.Errorf("shares = %s, %s, want 42.857142 and 60.000000", f.OfAll, f.OfEnded)
	}
	// Of 10, 50, 100, 200, 499: the fourth and the fifth.
	if f.P80 != 200 || f.P95 != 499 {
		t.Errorf("80th and 95th = %d, %d, want 200 and 499", f.P80, f.P95)
	}
	none := contract.ClockFigures(contract.ClockReaction, handlings, contract.Span{From: 1000, To: 2000})
	if none.Of != 0 || none.OfAll.Valid() || none.OfEnded.Valid() || none.P80 != 0 || none.Unasked != 9 {
		t.Errorf("without a promise = %+v, want no share", none)
	}
}
