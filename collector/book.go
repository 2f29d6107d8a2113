// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// book is what the records of all ledgers say, kept in memory: it is read from them
// at start and again after a rebuild, and every record that is written goes into it.
type book struct {
	mu          sync.RWMutex
	versions    map[vouch.CustomerID][]contract.Version
	maintenance map[vouch.CustomerID][]admin.Maintenance
	incidents   map[vouch.CustomerID][]incident.Incident
	events      map[incidentKey][]incident.Event
	assigned    map[assignedKey][]contract.Span
	subjects    map[subjectKey]map[assignedKey]bool // what the newest assignment record of a subject names
	speakers    map[agentKey]vouch.LocationID       // where an agent that ever spoke to a customer stands
	custody     map[locationKey]vouch.Custody
	installed   map[deviceKey]bool // every device that was ever installed
}

type locationKey struct {
	customer vouch.CustomerID
	location vouch.LocationID
}

type subjectKey struct {
	customer vouch.CustomerID
	subject  string
}

type incidentKey struct {
	customer vouch.CustomerID
	id       incident.ID
}

// assignedKey names one check, or one reference, of one agent for one customer. For
// a reference the device is empty.
type assignedKey struct {
	customer vouch.CustomerID
	agent    vouch.AgentID
	device   vouch.DeviceID
	name     string
}

func newBook() *book {
	return &book{
		versions: map[vouch.CustomerID][]contract.Version{}, maintenance: map[vouch.CustomerID][]admin.Maintenance{},
		incidents: map[vouch.CustomerID][]incident.Incident{}, events: map[incidentKey][]incident.Event{},
		assigned: map[assignedKey][]contract.Span{}, subjects: map[subjectKey]map[assignedKey]bool{},
		speakers: map[agentKey]vouch.LocationID{}, custody: map[locationKey]vouch.Custody{}, installed: map[deviceKey]bool{},
	}
}

// load fills the book from the ledger of a customer.
func (b *book) load(ctx context.Context, r *recorder, c vouch.CustomerID) error {
	records, err := r.records(ctx, c)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if err := b.take(rec); err != nil {
			return fmt.Errorf("record %s of %s: %w", rec.ID, c, err)
		}
	}
	return nil
}

// take enters one record.
func (b *book) take(rec evidence.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch rec.Kind {
	case evidence.KindContract:
		return b.takeContract(rec)
	case evidence.KindAssignment:
		return b.takeAssignment(rec)
	case evidence.KindKeyAdded, evidence.KindLocation, evidence.KindInstallation:
		return b.takePlace(rec)
	case evidence.KindMaintenanceAnnounced:
		var m maintenanceBody
		if err := json.Unmarshal(rec.Body, &m); err != nil {
			return err
		}
		b.maintenance[rec.Customer] = append(b.maintenance[rec.Customer], admin.Maintenance{
			ID: m.ID, Customer: rec.Customer, Site: m.Site, Device: m.Device, From: m.From, To: m.To, Reason: m.Reason,
			AnnouncedAt: rec.Recorded, Author: rec.Author,
		})
	case evidence.KindMaintenanceCancelled:
		return b.takeCancel(rec)
	case evidence.KindIncidentEvent:
		var e incident.Event
		if err := json.Unmarshal(rec.Body, &e); err != nil {
			return err
		}
		b.takeEvent(rec.Customer, e)
	}
	return nil
}

func (b *book) takeContract(rec evidence.Record) error {
	var body contractBody
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return err
	}
	v := body.Version
	vs := b.versions[rec.Customer]
	if len(vs) > 0 {
		// What the parties agreed first holds from when they agreed that it does. A
		// later version cannot reach back behind its own recording.
		v.InForce = max(v.InForce, contract.Ceil(rec.Recorded))
	}
	vs = append(vs, v)
	slices.SortStableFunc(vs, func(x, y contract.Version) int { return cmp.Compare(x.InForce, y.InForce) })
	b.versions[rec.Customer] = vs
	return nil
}

// takePlace enters who speaks from where, and what is installed.
func (b *book) takePlace(rec evidence.Record) error {
	var body struct {
		Agent    vouch.AgentID    `json:"agent"`
		Location vouch.LocationID `json:"location"`
		Custody  vouch.Custody    `json:"custody"`
		Devices  []struct {
			Device vouch.DeviceID `json:"device"`
		} `json:"devices"`
	}
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return err
	}
	switch rec.Kind {
	case evidence.KindKeyAdded:
		b.speakers[agentKey{rec.Customer, body.Agent}] = body.Location
	case evidence.KindLocation:
		b.custody[locationKey{rec.Customer, body.Location}] = body.Custody
	case evidence.KindInstallation:
		for _, d := range body.Devices {
			b.installed[deviceKey{rec.Customer, d.Device}] = true
		}
	}
	return nil
}

// speaker returns where an agent stands that speaks, or once spoke, to a customer: an
// agent that is taken out of the installed base takes nothing back that it said.
func (b *book) speaker(c vouch.CustomerID, a vouch.AgentID) (vouch.LocationID, vouch.Custody, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	at, ok := b.speakers[agentKey{c, a}]
	return at, b.custody[locationKey{c, at}], ok
}

// removed returns the devices of a customer that were installed once and are no longer
// in the installed base.
func (b *book) removed(x *base) (out []deviceKey) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for k := range b.installed {
		if _, ok := x.devices[k]; !ok {
			out = append(out, k)
		}
	}
	return out
}

func (b *book) takeCancel(rec evidence.Record) error {
	var body cancelBody
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return err
	}
	for i, m := range b.maintenance[rec.Customer] {
		if m.ID == body.ID && m.CancelledAt.IsZero() {
			b.maintenance[rec.Customer][i].CancelledAt = rec.Recorded
			b.maintenance[rec.Customer][i].CancelledBy = rec.Author
		}
	}
	return nil
}

// endless is the end of a span that has none.
const endless contract.Second = 1<<62 - 1

// takeAssignment ends what the agent had at the site and begins what it has now. A
// check that goes on keeps its span.
func (b *book) takeAssignment(rec evidence.Record) error {
	var body assignmentBody
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return err
	}
	at := contract.Floor(rec.Effective)
	want := map[assignedKey]bool{}
	for _, c := range body.Checks {
		want[assignedKey{rec.Customer, body.Agent, c.Device, string(c.Check)}] = true
	}
	for _, r := range body.References {
		want[assignedKey{rec.Customer, body.Agent, "", r.Reference}] = true
	}
	subject := subjectKey{rec.Customer, body.Subject}
	for k := range b.subjects[subject] {
		spans := b.assigned[k]
		// A reference may serve another site of the customer, so it does not end here.
		if k.device != "" && !want[k] && spans[len(spans)-1].To == endless {
			spans[len(spans)-1].To = at
		}
	}
	b.subjects[subject] = want
	for k := range want {
		spans := b.assigned[k]
		if n := len(spans); n == 0 || spans[n-1].To != endless {
			b.assigned[k] = append(spans, contract.Span{From: at, To: endless})
		}
	}
	return nil
}

// assignmentGrace is how far a sample's stamp may lie outside the time in which its
// check was assigned: an agent hears of a change within a heartbeat or when it can
// reach the collector again, and its clock may be off. What a stamp is worth is
// decided by rule 0; here only an invented check is to be told from a real one.
const assignmentGrace contract.Second = 15 * 60

// mayMeasure reports whether an agent had this check, or reference, at that time.
func (b *book) mayMeasure(s vouch.Sample) bool {
	k := assignedKey{s.Customer, s.Agent, s.Device, string(s.Check)}
	if s.Device == "" {
		k.name = s.Reference
	}
	at := contract.Floor(s.Start)
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.ContainsFunc(b.assigned[k], func(x contract.Span) bool {
		return x.From-assignmentGrace <= at && (x.To == endless || at < x.To+assignmentGrace)
	})
}

func (b *book) takeEvent(c vouch.CustomerID, e incident.Event) {
	list := b.incidents[c]
	i := slices.IndexFunc(list, func(x incident.Incident) bool { return x.ID == e.Incident.ID })
	if i < 0 {
		b.incidents[c] = append(list, e.Incident)
	} else {
		list[i] = e.Incident
	}
	k := incidentKey{c, e.Incident.ID}
	b.events[k] = append(b.events[k], e)
}

// contracts returns the versions of a customer's contract, by number.
func (b *book) contracts(c vouch.CustomerID) []contract.Version {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.versions[c])
}

// works returns the maintenance of a customer in the order of its announcement.
func (b *book) works(c vouch.CustomerID) []admin.Maintenance {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.maintenance[c])
}

// exclusions returns what may take time of a device out of the count.
func (b *book) exclusions(p place) []contract.Exclusion {
	var out []contract.Exclusion
	for _, m := range b.works(p.customer) {
		if m.Site != "" && m.Site != p.site || m.Device != "" && m.Device != p.ID {
			continue
		}
		e := contract.Exclusion{
			ID: m.ID, Kind: contract.Maintenance, Reason: m.Reason,
			Span:        contract.Span{From: contract.Ceil(m.From), To: contract.Ceil(m.To)},
			AnnouncedAt: contract.Ceil(m.AnnouncedAt), RecordedAt: contract.Ceil(m.AnnouncedAt), Author: m.Author,
		}
		if !m.CancelledAt.IsZero() {
			e.CancelledAt = contract.Ceil(m.CancelledAt)
		}
		out = append(out, e)
	}
	return out
}

// decide judges what may take time of a device out of the count.
func (b *book) decide(p place, now contract.Second) []contract.Decision {
	scope := contract.Scope{Versions: b.contracts(p.customer), Leases: []contract.Span{p.lease()}, Now: now}
	return scope.Decide(b.exclusions(p))
}

// known returns the incidents of a customer in the order in which they were opened.
func (b *book) known(c vouch.CustomerID) []incident.Incident {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.incidents[c])
}

// history returns what happened to an incident, in order.
func (b *book) history(c vouch.CustomerID, id incident.ID) []incident.Event {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.events[incidentKey{c, id}])
}

// measuredSince returns the first second of which a device can have a sample: when a
// check of it was first assigned, less what an agent may be early. It is now for a
// device that nobody was told to measure.
func (b *book) measuredSince(p place, now contract.Second) contract.Second {
	b.mu.RLock()
	defer b.mu.RUnlock()
	first := now
	for k, spans := range b.assigned {
		if k.customer == p.customer && k.device == p.ID {
			first = min(first, spans[0].From)
		}
	}
	return first
}

// measuring returns the agents that a check of a device was assigned to in a span.
func (b *book) measuring(p place, span contract.Span) []vouch.AgentID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []vouch.AgentID
	for k, spans := range b.assigned {
		if k.customer != p.customer || k.device != p.ID || slices.Contains(out, k.agent) {
			continue
		}
		if slices.ContainsFunc(spans, span.Overlaps) {
			out = append(out, k.agent)
		}
	}
	return out
}

// announcements counts the announcements and cancellations of a customer, to tell
// whether one was added.
func (b *book) announcements(c vouch.CustomerID) (n int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, m := range b.maintenance[c] {
		n++
		if !m.CancelledAt.IsZero() {
			n++
		}
	}
	return n
}

// lookback is how far before an instant samples can still bear on the verdict of a
// customer's devices: the longest hold of a sample, and three times what a threshold
// needs to degrade a witness and to clear it again. It follows from the contract
// alone, so that a verdict does not depend on when it was computed.
func (b *book) lookback(c vouch.CustomerID) contract.Second {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := leastLookback
	for _, v := range b.versions[c] {
		out = max(out, 2*seconds(2*v.Terms.Interval+v.Terms.Timeout))
		for _, th := range v.Terms.Thresholds {
			out = max(out, seconds(3*(th.Window+th.For+th.ClearFor)+2*v.Terms.Interval+v.Terms.Timeout))
		}
	}
	return out
}
