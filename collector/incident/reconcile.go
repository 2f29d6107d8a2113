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
	// Routers are the access routers of the site. While all of them are down in one
	// incident, whatever else of the site goes down belongs to it.
	Routers []vouch.DeviceID
	// Relapse returns until when a new outage of the same device reopens an incident
	// that ended then, instead of opening another. Nil: the contract says nothing of it.
	Relapse func(end contract.Second) contract.Second
	// Rate returns the priority that the contract gives to an outage of a device. Nil:
	// the contract gives none.
	Rate func(vouch.DeviceID) Act
}

// An incident of more parts than large is recorded anew at most once in a while for
// what only changed its devices: every record holds all of them.
const (
	large      = 100
	largeEvery = time.Minute
)

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
	byDevice := make(map[vouch.DeviceID][]int, len(breaches))
	for n, b := range breaches {
		byDevice[b.Device] = append(byDevice[b.Device], n)
	}
	var cases, idle []*casework // idle: nothing of it can change but that a new outage is its relapse
	for _, i := range known {
		if i.Status == Withdrawn || i.Site != l.Site || i.Customer != l.Customer {
			continue
		}
		if settled(i, l.Since) {
			if len(breaches) > 0 && l.waits(i) {
				idle = append(idle, &casework{before: i, after: clone(i)})
			}
			continue
		}
		c := &casework{before: i, after: clone(i)}
		c.match(l, breaches, byDevice, taken)
		cases = append(cases, c)
	}
	for n, b := range breaches {
		if taken[n] {
			continue
		}
		c := nearest(cases, b, l)
		if c == nil {
			if k := slices.IndexFunc(idle, func(c *casework) bool { return c.takesBack(b, l) }); k >= 0 {
				c = idle[k]
				cases, idle = append(cases, c), slices.Delete(idle, k, k+1)
			}
		}
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
	slices.SortStableFunc(cases, func(a, b *casework) int { return cmp.Compare(a.after.ID.order(), b.after.ID.order()) })
	for _, c := range cases {
		if ev := c.conclude(l); len(ev) > 0 {
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

// waits reports whether an incident of which nothing is measured any more can take a new
// outage: it is open by a person's word, or ended so lately that one would be a relapse.
func (l Look) waits(i Incident) bool {
	to, ended := i.To()
	return !ended || l.Relapse != nil && contract.Floor(l.Now) <= l.Relapse(to)+contract.Second(86400) // late data may be a day late
}

func clone(i Incident) Incident {
	i.Parts = slices.Clone(i.Parts)
	return i
}

// order sorts IDs as they were given.
func (id ID) order() int { y, n := id.parts(); return y*1e6 + n }

// casework is one incident on the table.
type casework struct {
	before, after Incident
	fresh         bool
	grew, moved   bool
	relapsed      bool // a device of it is down again
}

// match gives each part that can still change the breach that it now is.
func (c *casework) match(l Look, breaches []Breach, byDevice map[vouch.DeviceID][]int, taken []bool) {
	for pi, was := range slices.Clone(c.after.Parts) {
		p := &c.after.Parts[pi]
		if was.Gone || (was.To != 0 && was.To <= l.Since(was.Device)) {
			continue
		}
		found := false
		for _, n := range byDevice[was.Device] {
			b := breaches[n]
			if taken[n] || !overlaps(was, b) {
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
// instant lies within confirm of the breach's (rule 11), one whose router it stands
// behind, or one that it is a relapse of.
func nearest(cases []*casework, b Breach, l Look) *casework {
	for _, c := range cases {
		if !c.stands() {
			continue
		}
		if d := c.after.From() - b.From; -l.Confirm <= d && d <= l.Confirm {
			return c
		}
	}
	for _, c := range cases {
		if c.stands() && (c.behind(b, l) || c.takesBack(b, l)) {
			return c
		}
	}
	return nil
}

// stands reports whether the incident has a part that stands.
func (c *casework) stands() bool {
	return slices.ContainsFunc(c.after.Parts, func(p Part) bool { return !p.Gone })
}

// behind reports whether all access routers of the site were down in the incident when
// the breach began.
func (c *casework) behind(b Breach, l Look) bool {
	if len(l.Routers) == 0 {
		return false
	}
	for _, r := range l.Routers {
		down := func(p Part) bool {
			return !p.Gone && p.Device == r && p.From <= b.From+l.Confirm && (p.To == 0 || b.From < p.To)
		}
		if !slices.ContainsFunc(c.after.Parts, down) {
			return false
		}
	}
	return true
}

// takesBack reports whether a breach belongs to an incident that has ended, or that
// only a person's word holds open: the device is down again within the contract's time,
// or is one that was reported.
func (c *casework) takesBack(b Breach, l Look) bool {
	i := c.after
	to, ended := i.To()
	switch {
	case i.Status == Withdrawn:
		return false
	case i.Held:
		return slices.Contains(i.Devices(), b.Device) && b.From+contract.Second(reportReach/time.Second) >= contract.Floor(i.Began)
	case !ended || l.Relapse == nil || b.From < to || b.From > l.Relapse(to):
		return false
	}
	return slices.Contains(i.Devices(), b.Device)
}

// reportReach is how long before a report the outage that it is about may have begun.
const reportReach = 24 * time.Hour

func (c *casework) add(b Breach) {
	if _, ended := c.after.To(); ended && !c.fresh && c.before.Status != Open {
		c.relapsed = true
	}
	// From here on the measurements say whether it works.
	c.after.Held, c.after.Restored = false, time.Time{}
	c.grew = len(c.after.Parts) > 0 || !c.fresh // the breach that makes an incident does not make it grow
	c.after.Parts = append(c.after.Parts, part(b))
}

// conclude settles the status and says what happened since before.
func (c *casework) conclude(l Look) []Event {
	now := l.Now
	slices.SortFunc(c.after.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Device, b.Device))
	})
	_, ended := c.after.To()
	switch {
	case len(c.after.Devices()) == 0:
		c.after.Status, c.after.ClosedAt = Withdrawn, now
	case ended && c.after.Status == Open && c.after.Handled:
		c.after.Status = Operational
	case ended && c.after.Status == Open:
		c.after.Status, c.after.ClosedAt = Closed, now
	case !ended:
		c.after.Status, c.after.ClosedAt = Open, time.Time{}
	}
	c.after.FoundLate = c.after.FoundLate || c.fresh && ended
	var events []Event
	say := func(k EventKind) { events = append(events, Event{Kind: k, At: now, Incident: c.after}) }
	if c.fresh {
		act := c.rate(l)
		say(Opened)
		events[0].Act = act
	} else {
		if c.grew && !c.relapsed {
			say(Grew)
		}
		c.compare(say)
	}
	if c.fresh && c.after.Status == Closed {
		say(ClosedEv)
	}
	if c.crowded(now, events) {
		return nil // the next look finds it again
	}
	for i := range events {
		events[i].Incident.Changed = now
	}
	c.after.Changed = now
	return events
}

// rate gives a new incident the highest priority that the contract gives one of its
// devices.
func (c *casework) rate(l Look) *Act {
	if l.Rate == nil {
		return nil
	}
	var out Act
	for _, d := range c.after.Devices() {
		if a := l.Rate(d); a.Priority != contract.NoPriority && (out.Priority == contract.NoPriority || a.Priority < out.Priority) {
			out = a
		}
	}
	if out.Priority == contract.NoPriority {
		return nil
	}
	c.after.Priority = out.Priority
	return &out
}

// crowded reports whether what happened can wait: only devices came and went, in an
// incident that has many, shortly after it was recorded last.
func (c *casework) crowded(now time.Time, events []Event) bool {
	if c.fresh || len(c.after.Parts) <= large || now.Sub(c.before.Changed) >= largeEvery {
		return false
	}
	return !slices.ContainsFunc(events, func(e Event) bool { return e.Kind != Grew && e.Kind != Recovered && e.Kind != Moved })
}

// compare says how an incident that was known differs from what it was.
func (c *casework) compare(say func(EventKind)) {
	if c.before.Pending() && !c.after.Pending() && c.after.Status != Withdrawn {
		say(Confirmed)
	}
	was := c.before.Status == Closed || c.before.Status == Operational
	switch {
	case c.after.Status == Withdrawn:
		say(Withdrew)
		return
	case was && c.after.Status == Open && c.relapsed:
		say(Relapsed)
	case was && c.after.Status == Open:
		say(Reopened)
	case c.relapsed: // and over again before anybody looked
		say(Relapsed)
		say(c.over())
		return
	case c.before.Status == Open && c.after.Status != Open:
		if c.moved {
			say(Moved)
		}
		say(c.over())
		return
	case c.moved:
		say(Moved)
	}
	if c.after.Status == Open && openParts(c.after) < openParts(c.before) && !c.grew {
		say(Recovered)
	}
}

// over is the event of an incident that ends by what was measured.
func (c *casework) over() EventKind {
	if c.after.Status == Operational {
		return Restored
	}
	return ClosedEv
}

func openParts(i Incident) (n int) {
	for _, p := range i.Parts {
		if !p.Gone && p.To == 0 {
			n++
		}
	}
	return n
}
