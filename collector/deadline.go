// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// dueAt says until when the clocks of an incident need no look, unless something is
// recorded of it.
type dueAt struct {
	events int
	at     time.Time
}

// dueAtLeast is the shortest time between two looks at the clocks of one incident: a
// warning comes at most so late.
const dueAtLeast = 5 * time.Second

// agreed says what the contract makes of the outages of a site.
func (w *watch) agreed(l *incident.Look, t contract.Terms) {
	b := w.judge.base.Load()
	site, _ := b.siteOf(l.Customer, l.Site)
	for _, d := range site.Devices {
		if d.Class == vouch.ClassRouter {
			l.Routers = append(l.Routers, d.ID)
		}
	}
	if len(t.Support.Detected) > 0 {
		l.Rate = func(d vouch.DeviceID) incident.Act {
			x, p, _ := t.Support.Detect(b.devices[deviceKey{l.Customer, d}].Class)
			return incident.Act{Impact: x.Impact, Urgency: x.Urgency, Priority: p}
		}
	}
	if t.Support.Relapse.Set() {
		office := t.OfficeCalendar()
		l.Relapse = func(end contract.Second) contract.Second { return t.Support.Relapse.Expires(end, office) }
	}
}

// deadlines records the warnings and overruns that have come. w.mu is held.
func (w *watch) deadlines(ctx context.Context) error {
	now := w.now().UTC()
	for _, cu := range w.judge.base.Load().Customers {
		versions := w.book.contracts(cu.ID)
		var events []incident.Event
		for _, i := range w.book.known(cu.ID) {
			k := incidentKey{cu.ID, i.ID}
			if i.Status != incident.Open {
				delete(w.due, k)
				continue
			}
			history := w.book.history(cu.ID, i.ID)
			if was, ok := w.due[k]; ok && was.events == len(history) && now.Before(was.at) {
				continue
			}
			more, wait := incident.Case{Incident: i, History: history, Versions: versions}.Due(now)
			events = append(events, more...)
			w.due[k] = dueAt{len(history), now.Add(max(wait, dueAtLeast))}
		}
		if len(events) == 0 {
			continue
		}
		if err := w.record(ctx, cu.ID, events); err != nil {
			return err
		}
	}
	return nil
}
