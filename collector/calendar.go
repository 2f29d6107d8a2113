// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/internal/ical"
)

// calendarAhead is how far ahead a calendar is read unless asked otherwise, and at most.
const calendarAhead = 400 * 24 * time.Hour

// exportCalendar answers `vouch maintenance export`.
func (c *Collector) exportCalendar(r *http.Request) (any, error) {
	who := web.Viewer{Role: web.RoleNOC}
	if cu := vouch.CustomerID(r.FormValue("customer")); cu != "" {
		if _, ok := c.base.Load().customers[cu]; !ok {
			return nil, badRequest("there is no customer %q in the installed base", cu)
		}
		who = web.Viewer{Role: web.RoleCustomer, Customer: cu}
	}
	m, err := view{c}.Maintenance(r.Context(), who)
	if err != nil {
		return nil, err
	}
	return document(web.Calendar(c.base.Load().Provider, m.Works)), nil
}

// importCalendar answers `vouch maintenance import`.
func (c *Collector) importCalendar(r *http.Request) (any, error) {
	var in admin.NewCalendar
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	cu, err := c.findScope(in.Customer, in.Site, in.Device)
	if err != nil {
		return nil, err
	}
	in.Customer = cu
	now := c.now()
	until := now.Add(calendarAhead)
	switch {
	case in.Until.After(until):
		return nil, badRequest("a calendar is read at most 400 days ahead")
	case !in.Until.IsZero():
		until = in.Until
	}
	zone := contract.TermsAt(c.book.contracts(cu), contract.Floor(now)).Zone.Location()
	events, err := ical.Read([]byte(in.Data), zone, now, until)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	lines, err := c.compare(in, events, now, until)
	if err != nil || !in.Apply {
		return lines, err
	}
	return c.apply(r.Context(), in, lines)
}

// compare says what becomes of the events of a calendar, and of the works of its scope
// that it does not hold.
func (c *Collector) compare(in admin.NewCalendar, events []ical.Occurrence, now, until time.Time) ([]admin.CalendarLine, error) {
	var works []admin.Maintenance // that stand, of the same scope
	for _, w := range c.book.works(in.Customer) {
		if w.Site == in.Site && w.Device == in.Device && w.CancelledAt.IsZero() {
			works = append(works, w)
		}
	}
	lines, named := []admin.CalendarLine{}, map[string]bool{}
	for _, e := range events {
		l := admin.CalendarLine{Action: admin.CalendarNew, From: milli(e.From), To: milli(e.To), Reason: cmp.Or(in.Reason, e.Summary)}
		if i := slices.IndexFunc(works, func(w admin.Maintenance) bool { return w.From.Equal(l.From) && w.To.Equal(l.To) }); i >= 0 {
			l.Action, l.ID, l.Reason = admin.CalendarKnown, works[i].ID, works[i].Reason
			named[l.ID] = true
			if e.Cancelled {
				l.Action = admin.CalendarCancel
			}
		} else if e.Cancelled {
			l.Action = admin.CalendarNothing
		} else if slices.ContainsFunc(lines, func(x admin.CalendarLine) bool {
			return x.Action == admin.CalendarNew && x.From.Equal(l.From) && x.To.Equal(l.To)
		}) {
			continue // two calendars of the same work in one file
		} else if err := c.calendarReason(l); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	c.foresee(in, lines, now)
	for _, w := range works {
		if !named[w.ID] && !w.From.Before(now) && w.From.Before(until) {
			lines = append(lines, admin.CalendarLine{Action: admin.CalendarMissing, ID: w.ID, From: w.From, To: w.To, Reason: w.Reason})
		}
	}
	slices.SortStableFunc(lines, func(a, b admin.CalendarLine) int { return a.From.Compare(b.From) })
	return lines, nil
}

// calendarReason checks what the customer would read.
func (c *Collector) calendarReason(l admin.CalendarLine) error {
	if l.Reason == "" || len(l.Reason) > maxReason || evidence.Unsafe(l.Reason) {
		return badRequest("the event at %s has no title of 1 to %d bytes of plain text: the customer reads it as the reason; give it one, or say --reason for all", l.From.Format(time.RFC3339), maxReason)
	}
	return checkTimes("event of the calendar", l.From, l.To)
}

// foresee says of each new work what the contract would make of it if it were announced
// now, all of them together: a cap of a month holds for their sum.
func (c *Collector) foresee(in admin.NewCalendar, lines []admin.CalendarLine, now time.Time) {
	at := contract.Ceil(now)
	var more []contract.Exclusion
	ids := map[string]int{}
	for i, l := range lines {
		if l.Action != admin.CalendarNew {
			continue
		}
		id := fmt.Sprintf("new %d", i)
		ids[id] = i
		more = append(more, contract.Exclusion{ID: id, Kind: contract.Maintenance, Reason: l.Reason,
			Span: contract.Span{From: contract.Ceil(l.From), To: contract.Ceil(l.To)}, AnnouncedAt: at, RecordedAt: at})
	}
	for _, device := range c.base.Load().scopeOf(in.Customer, in.Site, in.Device)[:1] { // as when it is announced
		decided := of(c.book, in.Customer, func(l *book.Book) []contract.Decision {
			return l.Scope(device, at).Decide(append(l.Exclusions(device), more...))
		})
		for _, d := range decided {
			if i, ours := ids[d.ID]; ours {
				lines[i].Warnings = decisionWords(d)
			}
		}
	}
}

// apply announces what is new and cancels what the calendar calls off, in order of time.
// Where one fails the lines before it are done: importing again goes on from there.
func (c *Collector) apply(ctx context.Context, in admin.NewCalendar, lines []admin.CalendarLine) ([]admin.CalendarLine, error) {
	for i := range lines {
		l := &lines[i]
		switch l.Action {
		case admin.CalendarNew:
			m, err := c.announce(ctx, admin.NewMaintenance{Customer: in.Customer, Site: in.Site, Device: in.Device, From: l.From, To: l.To, Reason: l.Reason})
			if err != nil {
				return nil, badRequest("announce the work at %s: %v; what comes before it is announced, import the file again", l.From.Format(time.RFC3339), err)
			}
			l.ID, l.Warnings, l.Done = m.ID, m.Warnings, true
		case admin.CalendarCancel:
			if _, err := c.cancel(ctx, in.Customer, l.ID); err != nil {
				return nil, badRequest("cancel %s: %v; what comes before it is done, import the file again", l.ID, err)
			}
			l.Done = true
		}
	}
	return lines, nil
}
