// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
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
	"github.com/vouch-sla/vouch/evidence/book"
)

// books is what the records of all ledgers say, kept in memory: it is read from them
// at start and again after a rebuild, and every record that is written goes into it.
type books struct {
	mu        sync.RWMutex
	ledgers   map[vouch.CustomerID]*book.Book
	incidents map[vouch.CustomerID][]incident.Incident
	events    map[incidentKey][]incident.Event
}

type incidentKey struct {
	customer vouch.CustomerID
	id       incident.ID
}

func newBooks() *books {
	return &books{
		ledgers: map[vouch.CustomerID]*book.Book{}, incidents: map[vouch.CustomerID][]incident.Incident{},
		events: map[incidentKey][]incident.Event{},
	}
}

// load fills the book of a customer from his ledger.
func (b *books) load(ctx context.Context, r *recorder, c vouch.CustomerID) error {
	records, err := r.records(ctx, c)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if err := b.take(rec); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether the book of a customer has been begun.
func (b *books) knows(c vouch.CustomerID) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.ledgers[c] != nil
}

// take enters one record.
func (b *books) take(rec evidence.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if rec.Kind == evidence.KindIncidentEvent {
		var e incident.Event
		if err := json.Unmarshal(rec.Body, &e); err != nil {
			return fmt.Errorf("record %s of %s: %w", rec.ID, rec.Customer, err)
		}
		e.Record, e.Recorded, e.Author = rec.ID, rec.Recorded, rec.Author
		b.takeEvent(rec.Customer, e)
	}
	return b.ledger(rec.Customer).Take(rec)
}

// ledger returns the book of a customer. b.mu is held for writing.
func (b *books) ledger(c vouch.CustomerID) *book.Book {
	l := b.ledgers[c]
	if l == nil {
		l = book.New()
		b.ledgers[c] = l
	}
	return l
}

func (b *books) takeEvent(c vouch.CustomerID, e incident.Event) {
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

// read calls f with the book of a customer, which f must not keep: nobody writes in it
// meanwhile.
func (b *books) read(c vouch.CustomerID, f func(*book.Book)) {
	b.mu.RLock()
	l := b.ledgers[c]
	if l != nil {
		defer b.mu.RUnlock()
		f(l)
		return
	}
	b.mu.RUnlock()
	f(book.New())
}

// of returns what get finds in the book of a customer.
func of[T any](b *books, c vouch.CustomerID, get func(*book.Book) T) (out T) {
	b.read(c, func(l *book.Book) { out = get(l) })
	return out
}

// speaker returns where an agent stands that speaks, or once spoke, to a customer.
func (b *books) speaker(c vouch.CustomerID, a vouch.AgentID) (at vouch.LocationID, custody vouch.Custody, ok bool) {
	b.read(c, func(l *book.Book) { at, custody, ok = l.Speaker(a) })
	return at, custody, ok
}

// admission returns how many successes admit a path, and from when on it votes.
func (b *books) admission(c vouch.CustomerID, p book.Path) (successes int, from contract.Second) {
	b.read(c, func(l *book.Book) { successes, from = l.Admission(p) })
	return successes, from
}

// removed returns the devices of a customer that were installed once and are no longer
// in the installed base.
func (b *books) removed(x *base) (out []deviceKey) {
	for c := range x.customers {
		for _, d := range of(b, c, (*book.Book).EverInstalled) {
			if k := (deviceKey{c, d}); x.devices[k].ID == "" {
				out = append(out, k)
			}
		}
	}
	return out
}

// mayMeasure reports whether an agent had this check, or reference, at that time.
func (b *books) mayMeasure(s vouch.Sample) bool {
	return of(b, s.Customer, func(l *book.Book) bool { return l.MayMeasure(s) })
}

// contracts returns the versions of a customer's contract, as they come into force.
func (b *books) contracts(c vouch.CustomerID) []contract.Version {
	return of(b, c, (*book.Book).Contracts)
}

// leases returns the time in which a device is measured.
func (b *books) leases(p place) []contract.Span {
	return of(b, p.customer, func(l *book.Book) []contract.Span { return l.Leases(p.ID) })
}

// works returns the maintenance of a customer in the order of its announcement.
func (b *books) works(c vouch.CustomerID) []admin.Maintenance {
	var out []admin.Maintenance
	for _, w := range of(b, c, (*book.Book).Works) {
		out = append(out, admin.Maintenance{
			ID: w.ID, Record: w.Record, Customer: c, Site: w.Site, Device: w.Device, From: w.From, To: w.To, Reason: w.Reason,
			AnnouncedAt: w.Announced, Author: w.Author, CancelledAt: w.Cancelled, CancelledBy: w.Canceller, Corrects: w.Corrects, CorrectedBy: w.CorrectedBy,
		})
	}
	return out
}

// decide judges what may take time of a device out of the count.
func (b *books) decide(p place, now contract.Second) []contract.Decision {
	return of(b, p.customer, func(l *book.Book) []contract.Decision { return l.Decide(p.ID, now) })
}

// known returns the incidents of a customer in the order in which they were opened.
func (b *books) known(c vouch.CustomerID) []incident.Incident {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.incidents[c])
}

// history returns what happened to an incident, in order.
func (b *books) history(c vouch.CustomerID, id incident.ID) []incident.Event {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.events[incidentKey{c, id}])
}

// measuredSince returns the first second of which a device can have a sample, or now.
func (b *books) measuredSince(p place, now contract.Second) contract.Second {
	return of(b, p.customer, func(l *book.Book) contract.Second { return l.MeasuredSince(p.ID, now) })
}

// turns counts what was said about exclusions, to tell whether anything was added.
func (b *books) turns(c vouch.CustomerID) int { return of(b, c, (*book.Book).Turns) }

// lookback is how far before an instant samples can still bear on the verdict of a
// customer's devices.
func (b *books) lookback(c vouch.CustomerID) contract.Second {
	return of(b, c, (*book.Book).Lookback)
}
