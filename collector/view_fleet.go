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
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
)

// fewDevices is how many devices' months a page computes while its reader waits. With
// more, a figure that is not known yet appears at one of the next looks.
const fewDevices = 32

const (
	stripLength  = time.Hour
	changesSince = 15 * time.Minute
	maxChanges   = 12
)

// Fleet implements [web.Reader].
func (v view) Fleet(ctx context.Context, who web.Viewer) (web.Fleet, error) {
	now := v.now().UTC()
	f := web.Fleet{
		AsOf: v.asOf(who.Customer), Strip: web.Span{From: now.Add(-stripLength), To: now},
		ChangesSince: now.Add(-changesSince), Locations: v.locations(who, now),
	}
	for _, cu := range v.base.Load().Customers {
		if !who.May(cu.ID) {
			continue
		}
		c, err := v.fleetCustomer(ctx, cu, &f)
		if err != nil {
			return f, err
		}
		f.Customers = append(f.Customers, c)
		v.fleetIncidents(cu, &f, now)
		for _, m := range v.mutes(cu.ID, false) {
			f.Mutes = append(f.Mutes, web.Mute{ID: m.ID, Customer: cu.ID, CustomerName: cu.Name, Site: m.Site, Device: m.Device, Channel: m.Channel, Reason: m.Reason, Until: m.Until})
		}
		for _, m := range v.book.works(cu.ID) {
			day, _ := today(v.terms(cu.ID), now)
			if w := v.work(m); w.State != web.WorkCancelled && contract.Floor(m.From) < day.To && contract.Floor(m.To) > day.From {
				f.Works = append(f.Works, w)
			}
		}
	}
	slices.SortStableFunc(f.Incidents, func(a, b web.Incident) int { return a.From.Compare(b.From) })
	slices.SortStableFunc(f.Changes, func(a, b web.Change) int { return b.At.Compare(a.At) })
	if len(f.Changes) > 0 {
		f.LastChangeAt = &f.Changes[0].At
		f.Changes = f.Changes[:min(len(f.Changes), maxChanges)]
	}
	return f, nil
}

func (v view) fleetCustomer(ctx context.Context, cu vouch.Customer, f *web.Fleet) (web.Customer, error) {
	terms := v.terms(cu.ID)
	out := web.Customer{
		ID: cu.ID, Name: cu.Name, Contract: v.contractName(cu.ID), Window: windowWords(terms, f.Now), Quorum: terms.Quorum.Q,
	}
	for _, s := range cu.Sites {
		site := web.Site{ID: s.ID, Name: s.Name}
		for _, d := range s.Devices {
			row, err := v.row(ctx, v.base.Load().devices[deviceKey{cu.ID, d.ID}], f)
			if err != nil {
				return out, err
			}
			site.Devices = append(site.Devices, row)
			f.Counts.Devices++
			tally(&f.Counts, row.State)
			if row.Since != nil && row.Since.After(f.ChangesSince) && !row.Since.Before(v.started.Add(time.Minute)) {
				f.Changes = append(f.Changes, web.Change{At: *row.Since, Customer: cu.ID, Device: d.ID, State: row.State, Text: "is " + string(row.State), Detail: row.Reason})
			}
		}
		out.Sites = append(out.Sites, site)
	}
	return out, nil
}

func (v view) row(ctx context.Context, p place, f *web.Fleet) (web.DeviceRow, error) {
	row := web.DeviceRow{ID: p.ID, Class: p.Class}
	for _, a := range p.Addresses {
		row.Addresses = append(row.Addresses, a.Addr.String())
	}
	acc, known := v.figures.soon(p, monthOf(v.terms(p.customer), f.Now))
	if !known && len(v.base.Load().devices) <= fewDevices {
		var err error
		if acc, err = v.month(ctx, p, f.Now); err != nil {
			return row, err
		}
	}
	row.Availability = web.Pct(acc.Availability.String())
	strip := contract.Span{From: contract.Floor(f.Strip.From), To: contract.Floor(f.Strip.To)}
	lane, err := v.recent(ctx, p, strip)
	if err != nil {
		return row, err
	}
	row.Strip = lane.Segments
	v.judge.mu.Lock()
	defer v.judge.mu.Unlock()
	d := v.judge.watched[deviceKey{p.customer, p.ID}]
	row.State, row.Reason, row.Since = d.state.web(), string(d.state.reason), at(d.since)
	row.Seen = v.seen(d)
	if rtt := v.judge.rtt(d); rtt > 0 {
		us := web.Micros(rtt)
		row.RTT = &us
	}
	row.Loss = v.judge.loss(d)
	return row, nil
}

// recent returns the verdict lane of a span that ends now: from batches as far as they
// reach, and from heartbeats on.
func (v view) recent(ctx context.Context, p place, span contract.Span) (web.Lane, error) {
	segs, err := v.recentVerdict(ctx, p, span)
	return verdictLane(segs), err
}

func (v view) recentVerdict(ctx context.Context, p place, span contract.Span) ([]contract.Segment, error) {
	// Before a check of it was first assigned nobody looked: there is nothing to show.
	span.From = max(span.From, v.book.measuredSince(p, span.To))
	v.judge.mu.Lock()
	d := v.judge.watched[deviceKey{p.customer, p.ID}]
	settled, live := d.settled, slices.Clone(d.verdict)
	v.judge.mu.Unlock()
	if settled <= span.From {
		return contract.Slice(live, span), nil
	}
	old, err := v.figures.verdict(ctx, p, contract.Span{From: span.From, To: min(settled, span.To)}, contract.Floor(v.now()))
	if err != nil {
		return nil, err
	}
	old = contract.Exclude(old, v.book.decide(p, span.To))
	return append(old, contract.Slice(live, span)...), nil
}

// seen is what the locations say of a device, voters first. v.judge.mu is held.
func (v view) seen(d *watched) web.List[web.Seen] {
	var out web.List[web.Seen]
	for _, l := range v.base.Load().Locations {
		w, ok := d.seen[l.ID]
		if !ok {
			continue
		}
		out = append(out, web.Seen{
			Location: l.ID, Custody: w.Custody, Votes: w.Votes, State: shown(w.State, w.Degraded), Reason: string(w.Reason), Since: at(w.since),
		})
	}
	slices.SortStableFunc(out, func(a, b web.Seen) int {
		return cmp.Compare(map[bool]int{true: 0, false: 1}[a.Votes], map[bool]int{true: 0, false: 1}[b.Votes])
	})
	return out
}

// loss returns the lost part of what was last asked by all agents in the checks that
// the contract judges by, with one decimal. j.mu is held.
func (j *judge) loss(d *watched) web.Pct {
	kinds := contract.TermsAt(j.book.contracts(d.customer), contract.Floor(j.now())).ReachableBy
	sent, lost := 0, 0
	for _, h := range d.heard {
		for _, t := range h {
			if len(kinds) == 0 || slices.Contains(kinds, t.kind) {
				sent += t.last.Sent
				lost += t.last.Lost
			}
		}
	}
	if sent == 0 {
		return ""
	}
	permille := lost * 1000 / sent
	return web.Pct(fmt.Sprintf("%d.%d", permille/10, permille%10))
}

// month is the account of a device over the running month.
func (v view) month(ctx context.Context, p place, now time.Time) (contract.Account, error) {
	return v.figures.lately(ctx, p, monthOf(v.terms(p.customer), now))
}

// tally counts a device by what it is shown as.
func tally(c *web.Counts, s web.State) {
	switch s {
	case web.StateUp:
		c.Up++
	case web.StateDegraded:
		c.Degraded++
	case web.StateDown:
		c.Down++
	case web.StateMaintenance:
		c.Maintenance++
	case web.StateOutside:
		c.Outside++
	default:
		c.Unknown++
	}
}

// locations says how every location is doing that the viewer may know of.
func (v view) locations(who web.Viewer, now time.Time) web.List[web.Location] {
	agents := v.agentStatus()
	var out web.List[web.Location]
	for _, l := range v.base.Load().Locations {
		if l.Customer != "" && !who.May(l.Customer) {
			continue
		}
		x := web.Location{ID: l.ID, Name: l.Name, Custody: l.Custody, Customer: l.Customer, State: web.Silent, Votes: v.votesAnywhere(l.ID, who)}
		for _, a := range agents {
			if a.Location != l.ID {
				continue
			}
			x.Agents++
			if a.Heartbeat != nil && (x.HeartbeatAt == nil || a.Heartbeat.After(*x.HeartbeatAt)) {
				x.HeartbeatAt = a.Heartbeat
			}
			if a.Through != nil && (x.BatchAt == nil || a.Through.After(*x.BatchAt)) {
				x.BatchAt = a.Through
			}
			if a.OffsetUS != nil {
				us := web.Micros(time.Duration(*a.OffsetUS) * time.Microsecond)
				x.ClockOffset = &us
			}
			if a.Heartbeat != nil && now.Sub(*a.Heartbeat) <= carryOf(v, who) {
				x.AgentsHeard++
			}
		}
		x.State, x.Reason, x.Since = v.sight(l, x.AgentsHeard > 0, x.HeartbeatAt)
		out = append(out, x)
	}
	return out
}

func carryOf(v view, who web.Viewer) time.Duration {
	cu := who.Customer
	if cu == "" && len(v.base.Load().Customers) > 0 {
		cu = v.base.Load().Customers[0].ID
	}
	return v.terms(cu).CarryForward
}

func (v view) votesAnywhere(l vouch.LocationID, who web.Viewer) bool {
	for _, cu := range v.base.Load().Customers {
		if who.May(cu.ID) && slices.ContainsFunc(v.terms(cu.ID).Voting(), func(x contract.Voter) bool { return x.Location == l }) {
			return true
		}
	}
	return false
}

// sight says whether a location can see at all: an agent there is heard, and its own
// gateway or a reference answers it.
func (v view) sight(l vouch.Location, heard bool, last *time.Time) (web.Sight, string, *time.Time) {
	if !heard {
		return web.Silent, string(vouch.ReasonSilent), last
	}
	v.judge.mu.Lock()
	defer v.judge.mu.Unlock()
	blind, reason := false, vouch.Reason("")
	var since time.Time
	for k, h := range v.judge.selves {
		if v.base.Load().agents[k.agent].Location != l.ID {
			continue
		}
		gateways, gatewaysUp, beyond, beyondUp := 0, 0, 0, 0
		for _, t := range h {
			up := 0
			if t.answers() {
				up = 1
			} else if s := t.failingSince(); since.IsZero() || s.Before(since) {
				since = s
			}
			if t.gateway {
				gateways, gatewaysUp = gateways+1, gatewaysUp+up
			} else {
				beyond, beyondUp = beyond+1, beyondUp+up
			}
		}
		switch {
		case gateways > 0 && gatewaysUp == 0:
			blind, reason = true, vouch.ReasonLocation
		case beyond > 0 && beyondUp == 0:
			blind, reason = true, vouch.ReasonNetwork
		}
	}
	if blind {
		return web.Blind, string(reason), &since
	}
	return web.Sees, "", nil
}

// failingSince returns the start of the first sample of the last run that was not up.
func (t *track) failingSince() time.Time {
	at := time.UnixMilli(t.last.Start).UTC()
	for i := len(t.samples) - 1; i >= 0 && !contract.Answers(t.samples[i].Outcome, t.samples[i].Reason); i-- {
		at = time.UnixMilli(int64(t.samples[i].Start)).UTC()
	}
	return at
}

func (v view) fleetIncidents(cu vouch.Customer, f *web.Fleet, now time.Time) {
	day, _ := today(v.terms(cu.ID), now)
	for _, i := range v.book.known(cu.ID) {
		switch {
		case i.Status == incident.Open:
			f.Incidents = append(f.Incidents, v.listed(i))
		case i.Status == incident.Closed:
			closed := i.ClosedAt
			if f.LastClosedAt == nil || closed.After(*f.LastClosedAt) {
				f.LastClosedAt = &closed
			}
			if day.Contains(contract.Floor(closed)) {
				f.ClosedToday++
			}
		}
		for _, e := range v.book.history(cu.ID, i.ID) {
			if e.At.After(f.ChangesSince) {
				state := web.StateDown
				if e.Kind == incident.ClosedEv || e.Kind == incident.Withdrew {
					state = web.StateUp
				}
				f.Changes = append(f.Changes, web.Change{At: e.At, Customer: cu.ID, Incident: string(i.ID), State: state, Text: string(e.Kind), Detail: devicesWords(i)})
			}
		}
	}
}
