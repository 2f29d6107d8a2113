// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// Handling computes the clocks of an incident at an instant, by package contract.
func (c Case) Handling(now time.Time) contract.Handling {
	return c.File(contract.Floor(now)).Handle()
}

// File tells the incident in the words of the contract, as far as it had happened by an
// instant. What was invoiced and granted is for the caller to add.
func (c Case) File(now contract.Second) contract.CaseFile {
	return contract.CaseFile{Versions: c.Versions, Events: c.events(), Now: now}
}

// events translates the history into the words of the contract.
func (c Case) events() []contract.Event {
	var out []contract.Event
	working := false // as the events so far say; a clock stops and runs again once for each change
	for _, e := range c.History {
		x := contract.Event{At: e.Counts()}
		var a Act
		if e.Act != nil {
			a = *e.Act
		}
		switch e.Kind {
		case Opened:
			if x.Kind = contract.EventDetected; a.Channel != "" {
				x.Kind, x.Channel, x.Contact = contract.EventReported, a.Channel, a.Contact
			}
			out = append(out, x)
			if a.Priority != contract.NoPriority {
				out = append(out, contract.Event{Kind: contract.EventRated, At: x.At, Priority: a.Priority})
			}
			continue
		case Reported:
			x.Kind, x.Channel, x.Contact = contract.EventReported, a.Channel, a.Contact
		case InWriting:
			x.Kind = contract.EventConfirmed
		case Rated:
			x.Kind, x.Priority = contract.EventRated, a.Priority
		case Told:
			x.Kind = contract.EventTold
		case Suspended, Resumed:
			x.Kind, x.Cause = contract.EventKind(e.Kind), a.Cause
		case Visit:
			x.Kind = contract.EventVisit
		case WorkAround:
			x.Kind, working = contract.EventWorkAround, true
		case Repaired:
			x.Kind, working = contract.EventRepaired, true
		case Restored, ClosedEv, Withdrew:
			if working {
				continue
			}
			x.Kind, working = contract.EventOperational, true
			if to, ok := e.Incident.To(); ok && e.Incident.Restored.IsZero() && e.Kind != Withdrew {
				x.At = to // what was measured acts from when it was
			}
		case Reopened, Relapsed, ReopenedBy:
			x.Kind, working = contract.EventReopened, false
		case Settled:
			out = append(out, contract.Event{Kind: contract.EventRepaired, At: x.At}) // at the latest
			x.Kind, x.To = contract.EventAttributed, string(a.To)
		default:
			continue
		}
		out = append(out, x)
	}
	return out
}

// warnAt is the part of a clock after which people are warned, in percent.
const warnAt = 80

// Due returns the warnings and overruns that the clocks ask for at an instant and that
// the history does not hold yet, in order, and how long it takes at least until there
// can be another. A clock that was moved warns again.
func (c Case) Due(now time.Time) (events []Event, wait time.Duration) {
	const longest = time.Hour // a new version of the contract, and what else nobody thinks of
	wait = longest
	if i := c.Incident; i.Status == Withdrawn || i.Status == Closed {
		return nil, wait
	}
	h := c.Handling(now)
	overran := 0
	for _, e := range c.History {
		if e.Kind == OverranOnce || e.Kind == OverranMore {
			overran++
		}
	}
	for _, t := range h.Timers {
		if !t.Limit.Set() || !t.Reached {
			continue // no time was promised, or a suspension has no end yet
		}
		early := t.Target*warnAt/100 - t.Used // of running time: no sooner than so many seconds
		kind := EventKind("")
		switch {
		case t.Exceeded > 0 && !c.said(t, OverranOnce, OverranMore):
			if kind = OverranMore; overran == 0 {
				kind = OverranOnce
			}
			if overran++; overran > 2 {
				continue
			}
		case t.Running && t.Exceeded == 0 && early <= 0 && !c.said(t, Warned):
			kind = Warned
		}
		if kind != "" {
			events = append(events, Event{Kind: kind, At: now, Incident: c.Incident,
				Act: &Act{Clock: t.Kind, Due: t.Deadline.Time(), Priority: t.Priority}})
		}
		if next := time.Duration(early) * time.Second; t.Running && early > 0 {
			wait = min(wait, next)
		} else if t.Running && t.Exceeded == 0 {
			wait = min(wait, time.Duration(max(t.Deadline-contract.Floor(now)+1, 1))*time.Second)
		}
	}
	if _, ok := h.Timer(contract.ClockResolution); !ok {
		wait = min(wait, time.Minute) // it begins at the deadline of the reaction
	}
	return events, wait
}

// said reports whether the history holds an event of a kind about this deadline.
func (c Case) said(t contract.Timer, kinds ...EventKind) bool {
	for _, e := range c.History {
		for _, k := range kinds {
			if e.Kind == k && e.Act != nil && e.Act.Clock == t.Kind && e.Act.Due.Equal(t.Deadline.Time()) {
				return true
			}
		}
	}
	return false
}
