// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
)

// maxDrawn bounds the time that clocks are drawn over.
const maxDrawn = contract.Second(60 * 86400)

// listed is an incident as a list shows it: with where it stands and, while it is open,
// the running clock that ends first.
func (v view) listed(i incident.Incident) web.Incident {
	out := v.incident(i)
	f := v.file(i)
	out.Stage = string(incident.DeskOf(i, f.History).Stage)
	if i.Status != incident.Open {
		return out
	}
	for _, k := range webClocks(f.Handling(v.now())) {
		if k.Running && (out.Clock == nil || out.Clock.Deadline == nil || k.Deadline != nil && k.Deadline.Before(*out.Clock.Deadline)) {
			out.Clock = &k
		}
	}
	return out
}

// clocks adds the clocks of an incident to its page, and what the NOC can do next.
func (v view) clocks(f incident.Case, who web.Viewer, out *web.IncidentDetail) {
	h := f.Handling(v.now())
	out.Stage = string(incident.DeskOf(f.Incident, f.History).Stage)
	out.Clocks, out.Tier, out.Flags = webClocks(h), h.Tier, h.Flags
	if who.Role == web.RoleNOC {
		out.Next = nextCommands(f)
	}
	if began := f.Incident.Began; !began.IsZero() {
		out.Opened = "reported at " + stampOf(began)
	}
	if len(out.Clocks) == 0 {
		return
	}
	terms := contract.TermsAt(v.book.contracts(f.Incident.Customer), f.Incident.From())
	out.Tiers = terms.Support.Escalation.Tiers
	span := contract.Span{From: contract.Floor(v.now()), To: contract.Floor(v.now()) + 60}
	for _, t := range h.Timers {
		span.From = min(span.From, t.Started)
		if t.Reached {
			span.To = max(span.To, t.Deadline+1)
		}
	}
	span.To += (span.To-span.From)/50 + 60 // as far as the page draws
	span.To = min(span.To, span.From+maxDrawn)
	out.Service = spansOf(terms.ClockCalendar(h.Level).Spans(span))
}

// webClocks are the clocks for which a time was promised.
func webClocks(h contract.Handling) []web.Clock {
	var out []web.Clock
	for _, t := range h.Timers {
		if !t.Limit.Set() {
			continue
		}
		k := web.Clock{
			Kind: string(t.Kind), Priority: t.Priority.String(), Promised: t.Limit.String(), Started: t.Started.Time(), Running: t.Running,
			Target: secs(t.Target), Used: secs(t.Used), Left: secs(t.Left), Exceeded: secs(t.Exceeded), Why: t.Why,
		}
		if t.Reached {
			k.Deadline = at(t.Deadline)
		}
		if !t.Running {
			k.Stopped = at(t.Stopped)
		}
		for _, p := range t.Pauses {
			k.Suspended = k.Suspended || t.Running && p.Contains(t.Stopped)
			k.Pauses = append(k.Pauses, spanOf(contract.Span{From: p.From, To: min(p.To, t.Stopped+maxDrawn)}))
		}
		out = append(out, k)
	}
	return out
}
