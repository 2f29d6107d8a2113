// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// status says how the collector itself is.
func (c *Collector) status(ctx context.Context) (admin.Status, error) {
	s := admin.Status{
		Version: c.opts.Version, Origin: c.opts.Origin, Started: c.started, Pin: c.pin, Key: c.own.public,
		Agents: c.agentStatus(), Refused: c.count.refusals(), Sinks: []admin.Sink{}, Ledgers: []admin.Ledger{},
	}
	customers, err := c.store.Customers(ctx)
	if err != nil {
		return s, err
	}
	for _, cu := range customers {
		head, err := c.store.Head(ctx, cu)
		if err != nil {
			return s, err
		}
		forks, err := c.store.Forks(ctx, cu)
		if err != nil {
			return s, err
		}
		s.Ledgers = append(s.Ledgers, admin.Ledger{Customer: cu, Size: head.Size, Root: head.Root.String(), Forks: forks})
	}
	for _, cu := range c.base.Load().Customers {
		for _, i := range c.book.known(cu.ID) {
			if i.Status == incident.Open {
				s.Incidents++
			}
		}
	}
	if c.sink != nil {
		k := c.sink.Status()
		out := admin.Sink{Name: k.Name, LagLeaves: k.LagLeaves, LagS: int64(k.LagSeconds), Written: k.Written, Skipped: k.Skipped, Error: k.LastError}
		if k.LastError != "" {
			out.Since = k.Since
		}
		s.Sinks = append(s.Sinks, out)
	}
	s.Units = c.otherUnits()
	s.Anchors = c.anchorStatus()
	if s.Messages.Pending, s.Messages.Failed, err = c.store.Pending(ctx); err != nil {
		return s, err
	}
	s.Mutes = c.mutes("", false)
	s.Channels, err = c.channels(ctx)
	return s, err
}

// agentStatus lists what was last heard of every agent, in the order of the
// installed base. An agent that measures for several customers counts by its newest
// word for any of them, and by its oldest batch: that is how far all are served.
func (c *Collector) agentStatus() []admin.AgentStatus {
	c.judge.mu.Lock()
	defer c.judge.mu.Unlock()
	out := make([]admin.AgentStatus, 0, len(c.base.Load().Agents))
	for _, a := range c.base.Load().Agents {
		s := admin.AgentStatus{Agent: a.ID, Location: a.Location, Custody: c.base.Load().locations[a.Location].Custody}
		for k, w := range c.judge.words {
			if k.agent != a.ID {
				continue
			}
			if !w.received.IsZero() && (s.Heartbeat == nil || w.received.After(*s.Heartbeat)) {
				at := w.received // a copy: the answer is written when the lock is let go
				s.Heartbeat = &at
			}
			if t := time.UnixMilli(int64(w.through)).UTC(); w.through > 0 && (s.Through == nil || t.Before(*s.Through)) {
				s.Through = &t
			}
			if w.clock.Known {
				us, bound := w.clock.Offset.Microseconds(), w.clock.Bound.Microseconds()
				s.OffsetUS, s.BoundUS, s.ClockSource = &us, &bound, w.clock.Source
			}
			s.Dropped += w.dropped
		}
		if f := c.tele.facts(a.ID); !f.at.IsZero() {
			s.Started, s.LastStop, s.LastSeen = f.started, f.lastStop, f.lastSeen
			s.Overload, s.Stalls, s.ClockSteps = f.overload, f.stalls, f.steps
		}
		out = append(out, s)
	}
	return out
}

// live is the state of every device now.
func (c *Collector) live() admin.Live {
	out := admin.Live{Now: c.now().UTC(), Locations: c.base.Load().Locations, Incidents: c.incidentList(""), Devices: []admin.LiveDevice{}}
	c.judge.mu.Lock()
	defer c.judge.mu.Unlock()
	for _, cu := range c.base.Load().Customers {
		for _, s := range cu.Sites {
			for _, dev := range s.Devices {
				out.Devices = append(out.Devices, c.liveDevice(c.judge.watched[deviceKey{cu.ID, dev.ID}]))
			}
		}
	}
	return out
}

// liveDevice is one row of the live table. c.judge.mu is held.
func (c *Collector) liveDevice(d *watched) admin.LiveDevice {
	row := admin.LiveDevice{
		Customer: d.customer, Site: d.site, Device: d.ID, Class: d.Class,
		State: d.state.name(), Reason: string(d.state.reason), Since: d.since.Time(), RTTMicros: c.judge.rtt(d).Microseconds(),
	}
	for _, l := range c.base.Load().Locations {
		seen := admin.LiveSeen{Location: l.ID}
		if w, ok := d.seen[l.ID]; ok {
			seen.State, seen.Reason = stateName(w.State, w.Degraded), string(w.Reason)
		}
		row.Seen = append(row.Seen, seen)
	}
	return row
}

// name is what a device is shown as. Maintenance that counts covers what is beneath.
func (s shownState) name() string {
	if s.maintenance && s.state != contract.NotMeasured {
		return "maintenance"
	}
	return stateName(s.state, s.degraded)
}

func stateName(s contract.State, e contract.Effect) string {
	switch {
	case s == contract.NotMeasured:
		return "outside lease"
	case s == contract.Up && e != contract.NoEffect:
		return "degraded"
	}
	return s.String()
}

// rtt returns the median over the agents of the newest mean round trip, 0 for none.
// j.mu is held.
func (j *judge) rtt(d *watched) time.Duration {
	v, ok := contract.VersionAt(j.book.contracts(d.customer), contract.Floor(j.now()))
	if !ok {
		return 0
	}
	var all []time.Duration
	for _, h := range d.heard {
		for _, t := range h {
			if t.last.Outcome == vouch.Up && (len(v.Terms.ReachableBy) == 0 || slices.Contains(v.Terms.ReachableBy, t.kind)) {
				all = append(all, t.last.RTT.Avg)
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// incidentList lists the incidents of a customer ("" for all): open ones first, then
// the newest first.
func (c *Collector) incidentList(only vouch.CustomerID) []admin.Incident {
	out := []admin.Incident{}
	for _, cu := range c.base.Load().Customers {
		if only != "" && only != cu.ID {
			continue
		}
		for _, i := range c.book.known(cu.ID) {
			out = append(out, c.withClock(incidentOf(c.current(i)), i))
		}
	}
	slices.SortStableFunc(out, func(a, b admin.Incident) int {
		if a.To == nil != (b.To == nil) {
			return map[bool]int{true: -1, false: 1}[a.To == nil]
		}
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(b.ID, a.ID))
	})
	return out
}

// current brings what an open incident counts up to this moment: its events say only
// what changed its course.
func (c *Collector) current(i incident.Incident) incident.Incident {
	if i.Status != incident.Open {
		return i
	}
	c.judge.mu.Lock()
	defer c.judge.mu.Unlock()
	i.Parts = slices.Clone(i.Parts)
	for n, p := range i.Parts {
		d := c.judge.watched[deviceKey{i.Customer, p.Device}]
		if d == nil {
			continue
		}
		for _, b := range d.breaches {
			if b.From == p.From {
				i.Parts[n].Counted, i.Parts[n].Witnesses = b.CountedDown, b.Witnesses
			}
		}
	}
	return i
}

func incidentOf(i incident.Incident) admin.Incident {
	out := admin.Incident{
		ID: i.ID, Customer: i.Customer, Site: i.Site, Devices: i.Devices(), Status: i.Status, From: i.From().Time(),
		Counted: i.Counted(), Witnesses: i.Witnesses(), OpenedAt: i.OpenedAt, FoundLate: i.FoundLate,
		Single: i.Single(), Pending: i.Pending(), Priority: i.Priority,
	}
	if to, ended := i.To(); ended && i.Status != incident.Open {
		t := to.Time()
		out.To = &t
	}
	if !i.ClosedAt.IsZero() {
		out.ClosedAt = &i.ClosedAt
	}
	for _, p := range i.Parts {
		if p.Gone {
			continue
		}
		part := admin.Part{Device: p.Device, From: p.From.Time(), Counted: p.Counted}
		if p.To != 0 {
			t := p.To.Time()
			part.To = &t
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

// maintenanceList lists all announcements, by customer and in the order in which they
// were made.
func (c *Collector) maintenanceList() []admin.Maintenance {
	out := []admin.Maintenance{}
	for _, cu := range c.base.Load().Customers {
		out = append(out, c.book.works(cu.ID)...)
	}
	return out
}

// check re-reads every ledger and says what is damaged.
func (c *Collector) check(ctx context.Context) ([]string, error) {
	customers, err := c.store.Customers(ctx)
	if err != nil {
		return nil, err
	}
	damage := []string{}
	for _, cu := range customers {
		found, err := c.store.Check(ctx, cu)
		if err != nil {
			return nil, fmt.Errorf("check the ledger of %s: %w", cu, err)
		}
		damage = append(damage, found...)
	}
	return damage, nil
}
