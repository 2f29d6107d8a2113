// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Look is what [Reconcile] needs to know of one site of a customer.
type Look struct {
	Customer vouch.CustomerID
	Site     vouch.SiteID
	Now      time.Time
	// Since says for each device from when on its breaches were computed: what is
	// known of one that ended at or before it stands.
	Since func(vouch.DeviceID) contract.Second
	// Reach says for each device how far the measurements of all its agents have come
	// in. What is not there yet disproves nothing.
	Reach    func(vouch.DeviceID) contract.Second
	Confirm  contract.Second // confirm_s: first down instants this close to each other are one incident (rule 11)
	Contract int             // number of the contract version in force
	Next     int             // number that the next new incident of this year takes
}

// Reconcile compares the incidents that are known with the breaches as they look
// now. It returns the incidents that changed, in order of their IDs, and what
// happened, in order. An incident keeps its number as long as any part of it
// overlaps a breach of the same device. The arguments are left as they were.
func Reconcile(l Look, known []Incident, breaches []Breach) (changed []Incident, events []Event) {
	breaches = slices.Clone(breaches)
	slices.SortFunc(breaches, func(a, b Breach) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Device, b.Device))
	})
	taken := make([]bool, len(breaches))
	var cases []*casework
	for _, i := range known {
		if i.Status == Withdrawn || i.Site != l.Site || i.Customer != l.Customer || settled(i, l.Since) {
			continue
		}
		c := &casework{before: i, after: clone(i)}
		c.match(l, breaches, taken)
		cases = append(cases, c)
	}
	for n, b := range breaches {
		if taken[n] {
			continue
		}
		c := nearest(cases, b, l.Confirm)
		if c == nil {
			c = &casework{fresh: true, after: Incident{
				ID: number(l.Now.UTC().Year(), l.Next), Customer: l.Customer, Site: l.Site, Status: Open,
				OpenedAt: l.Now, Contract: l.Contract,
			}}
			l.Next++
			cases = append(cases, c)
		}
		c.add(b)
	}
	for _, c := range cases {
		if ev := c.conclude(l.Now); len(ev) > 0 {
			changed = append(changed, c.after)
			events = append(events, ev...)
		}
	}
	return changed, events
}

// settled reports whether every part ended before what was computed.
func settled(i Incident, since func(vouch.DeviceID) contract.Second) bool {
	return !slices.ContainsFunc(i.Parts, func(p Part) bool { return !p.Gone && (p.To == 0 || p.To > since(p.Device)) })
}

func clone(i Incident) Incident {
	i.Parts = slices.Clone(i.Parts)
	return i
}

// casework is one incident on the table.
type casework struct {
	before, after Incident
	fresh         bool
	grew, moved   bool
}

// match gives each part that can still change the breach that it now is.
func (c *casework) match(l Look, breaches []Breach, taken []bool) {
	for pi, was := range slices.Clone(c.after.Parts) {
		p := &c.after.Parts[pi]
		if was.Gone || (was.To != 0 && was.To <= l.Since(was.Device)) {
			continue
		}
		found := false
		for n, b := range breaches {
			if taken[n] || b.Device != was.Device || !overlaps(was, b) {
				continue
			}
			taken[n] = true
			if found { // late data cut this part in two: the rest is a part of its own
				c.after.Parts = append(c.after.Parts, part(b))
				c.moved = true
				p = &c.after.Parts[pi] // the slice may have moved
				continue
			}
			found = true
			c.moved = c.moved || was.From != b.From || (was.To != 0 && (b.Open || b.To != was.To))
			*p = part(b)
		}
		if !found && l.Reach(was.Device) >= c.told(was) {
			p.Gone, c.moved = true, true
		}
	}
}

// told returns the instant up to which measurements must have come in before the
// absence of a breach takes the ground from a part: its end, or while it is open the
// instant at which the incident was opened on what was known.
func (c *casework) told(p Part) contract.Second {
	if p.To != 0 {
		return p.To
	}
	return max(p.From, contract.Ceil(c.before.OpenedAt))
}

func overlaps(p Part, b Breach) bool {
	return (b.Open || p.From < b.To) && (p.To == 0 || b.From < p.To)
}

func part(b Breach) Part {
	p := Part{Device: b.Device, From: b.From, Counted: b.Counted, Witnesses: b.Witnesses, Single: b.Single, Pending: b.Pending}
	if !b.Open {
		p.To = b.To
	}
	return p
}

// nearest returns the incident that a new breach belongs to: one whose first down
// instant lies within confirm of the breach's (rule 11).
func nearest(cases []*casework, b Breach, confirm contract.Second) *casework {
	for _, c := range cases {
		if d := c.after.From() - b.From; -confirm <= d && d <= confirm && len(c.after.Devices()) > 0 {
			return c
		}
	}
	return nil
}

func (c *casework) add(b Breach) {
	c.grew = len(c.after.Parts) > 0 // the breach that makes an incident does not make it grow
	c.after.Parts = append(c.after.Parts, part(b))
}

// conclude settles the status and says what happened since before.
func (c *casework) conclude(now time.Time) []Event {
	slices.SortFunc(c.after.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Device, b.Device))
	})
	_, ended := c.after.To()
	switch {
	case len(c.after.Devices()) == 0:
		c.after.Status, c.after.ClosedAt = Withdrawn, now
	case ended && c.after.Status == Open:
		c.after.Status, c.after.ClosedAt = Closed, now
	case !ended:
		c.after.Status, c.after.ClosedAt = Open, time.Time{}
	}
	c.after.FoundLate = c.after.FoundLate || c.fresh && ended
	var events []Event
	say := func(k EventKind) { events = append(events, Event{Kind: k, At: now, Incident: c.after}) }
	if c.fresh {
		say(Opened)
	}
	if c.grew && !c.fresh {
		say(Grew)
	}
	if !c.fresh {
		c.compare(say)
	}
	if c.fresh && c.after.Status == Closed {
		say(ClosedEv)
	}
	return events
}

// compare says how an incident that was known differs from what it was.
func (c *casework) compare(say func(EventKind)) {
	if c.before.Pending() && !c.after.Pending() && c.after.Status != Withdrawn {
		say(Confirmed)
	}
	switch {
	case c.after.Status == Withdrawn:
		say(Withdrew)
		return
	case c.before.Status == Closed && c.after.Status == Open:
		say(Reopened)
	case c.before.Status == Open && c.after.Status == Closed:
		if c.moved {
			say(Moved)
		}
		say(ClosedEv)
		return
	case c.moved:
		say(Moved)
	}
	if c.after.Status == Open && openParts(c.after) < openParts(c.before) && !c.grew {
		say(Recovered)
	}
}

func openParts(i Incident) (n int) {
	for _, p := range i.Parts {
		if !p.Gone && p.To == 0 {
			n++
		}
	}
	return n
}
