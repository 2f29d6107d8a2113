// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/contract"
)

// TestDeskInvariants throws events at a case file: whatever happened, in whatever
// order it was entered, the clocks add up and only what is known by now counts.
func TestDeskInvariants(t *testing.T) {
	base := slaTypes(t)
	begin := sec("2026-10-22T00:00:00+02:00")
	kinds := []contract.EventKind{contract.EventReported, contract.EventDetected, contract.EventTold, contract.EventSuspended, contract.EventResumed,
		contract.EventVisit, contract.EventWorkAround, contract.EventOperational, contract.EventReopened, contract.EventRepaired,
		contract.EventReplaced, contract.EventPersists, contract.EventInsufficient, contract.EventEscalated, contract.EventAttributed, contract.EventClaimed, contract.EventClosed}
	rapid.Check(t, func(rt *rapid.T) {
		x := base
		x.Support.Day = rapid.SampledFrom([]contract.DayMeaning{contract.Day24Hours, contract.DayWindow, contract.DayService, contract.DayCalendar}).Draw(rt, "day")
		list := []contract.Event{{Kind: contract.EventRated, At: begin, Priority: rapid.SampledFrom([]contract.Priority{contract.P1, contract.P2, contract.P3, contract.P4}).Draw(rt, "priority")}}
		at := begin
		for range rapid.IntRange(0, 12).Draw(rt, "events") {
			at += contract.Second(rapid.IntRange(1, 200_000).Draw(rt, "later"))
			list = append(list, contract.Event{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), At: at, Cause: "supplier", To: "provider", Form: "registered letter",
				Automatic: rapid.Bool().Draw(rt, "automatic")})
		}
		c := contract.CaseFile{Versions: one(x), Level: "5", Events: list, Now: at + 1_000_000,
			Invoices: []contract.Invoice{{Month: contract.Date{Year: 2026, Month: 9, Day: 1}, Invoiced: 10_000, Paid: 9_000}}}
		h := c.Handle()
		over := 0
		for _, k := range h.Timers {
			length := max(int64(k.Stopped-k.Started), 0)
			if k.Used < 0 || k.Used > length || k.Left < 0 || k.Exceeded < 0 || k.Limit.Set() && k.Target <= 0 {
				rt.Errorf("timer = %+v: used, left and exceeded do not add up", k)
			}
			if k.Limit.Set() && k.Left > 0 && k.Exceeded > 0 {
				rt.Errorf("timer = %+v: overrun with time left", k)
			}
			if k.Exceeded > 0 {
				over++
			}
		}
		if over != len(h.Overruns) || h.Tier < 1 || h.Tier > 3 || h.Credit.Cents < 0 || h.Credit.Cents > 9_000*int64(over) {
			rt.Errorf("%d overruns, %d listed, tier %d, credit %d", over, len(h.Overruns), h.Tier, h.Credit.Cents)
		}
		c.Events = permute(rt, list)
		if got, want := fmt.Sprintf("%+v", c.Handle()), fmt.Sprintf("%+v", h); got != want {
			rt.Errorf("entered in another order = %s, want %s", got, want)
		}
		// What comes after now changes nothing.
		c.Now = at - 1
		early := fmt.Sprintf("%+v", c.Handle())
		c.Events = list[:len(list)-1]
		if len(list) > 1 && fmt.Sprintf("%+v", c.Handle()) != early {
			rt.Errorf("an event of the future changed what is known")
		}
	})
}
