// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// caseOf finds an incident. Its customer may be left out where only one has an incident
// of that number.
func (c *Collector) caseOf(cu vouch.CustomerID, id incident.ID) (incident.Case, error) {
	var hit []incident.Incident
	for _, x := range c.base.Load().Customers {
		if cu != "" && cu != x.ID {
			continue
		}
		known := c.book.known(x.ID)
		if n := slices.IndexFunc(known, func(i incident.Incident) bool { return i.ID == id }); n >= 0 {
			hit = append(hit, known[n])
		}
	}
	switch {
	case len(hit) == 0:
		return incident.Case{}, wrong{http.StatusNotFound, "there is no incident " + string(id) + "; see `vouch incident list`"}
	case len(hit) > 1:
		return incident.Case{}, badRequest("more than one customer has an incident %s; add --customer", id)
	}
	return c.file(hit[0]), nil
}

// file is an incident with its history and the contract.
func (c *Collector) file(i incident.Incident) incident.Case {
	return incident.Case{Incident: i, History: c.book.history(i.Customer, i.ID), Versions: c.book.contracts(i.Customer)}
}

// checkAct checks that what a person says can stand in a record.
func checkAct(a incident.Act) error {
	for _, s := range append(slices.Clone(a.Evidence), a.Role, a.Channel, a.Cause, a.Ref, a.Impact, a.Urgency, a.Reason) {
		if len(s) > maxReason || evidence.Unsafe(s) {
			return badRequest("each text has at most %d bytes of plain text on one line", maxReason)
		}
	}
	if len(a.Evidence) > maxEvidence {
		return badRequest("an incident is closed with at most %d pieces of evidence", maxEvidence)
	}
	if a.Clock != "" || !a.Due.IsZero() {
		return badRequest("warnings and overruns are the collector's to record")
	}
	for _, t := range []time.Time{a.Check, a.Visit} {
		if y := t.UTC().Year(); !t.IsZero() && (y < 1970 || y > 2261) {
			return badRequest("%s lies outside the years 1970 to 2261", t.Format(time.RFC3339))
		}
	}
	return nil
}

// sayIncident answers a command by which a person handles an incident.
func (c *Collector) sayIncident(r *http.Request) (any, error) {
	var in admin.NewAct
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	return c.handle(r.Context(), in, author(r.Context()))
}

// handle records what a person says of an incident. Nobody looks at the verdicts
// meanwhile: each event holds the incident as it stands after it.
func (c *Collector) handle(ctx context.Context, in admin.NewAct, author string) (admin.IncidentDetail, error) {
	var out admin.IncidentDetail
	if err := checkAct(in.Act); err != nil {
		return out, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	f, err := c.caseOf(in.Customer, in.ID)
	if err != nil {
		return out, err
	}
	now := milli(c.now())
	at := now
	if !in.At.IsZero() {
		at = milli(in.At)
	}
	return c.enter(ctx, f, in.Kind, in.Act, author, at, now)
}

// enter records one event of an incident. c.desk and c.watch.mu are held.
func (c *Collector) enter(ctx context.Context, f incident.Case, kind incident.EventKind, a incident.Act, author string, at, now time.Time) (admin.IncidentDetail, error) {
	e, err := f.Do(kind, a, author, at, now)
	if err == nil {
		err = c.putEvent(ctx, e, author)
	}
	if err != nil {
		return admin.IncidentDetail{}, sentence(err)
	}
	return c.incidentDetail(c.file(e.Incident)), nil
}

// sentence makes a refusal of package incident the answer to a command.
func sentence(err error) error {
	var r incident.Refused
	if errors.As(err, &r) {
		return badRequest("%s", r.Sentence)
	}
	return err
}

func (c *Collector) putEvent(ctx context.Context, e incident.Event, author string) error {
	_, err := c.put(ctx, draft{customer: e.Incident.Customer, kind: evidence.KindIncidentEvent, effective: e.At, author: author, body: e})
	if err != nil {
		return err
	}
	c.watch.say(e)
	c.watch.wake(e.Incident.Customer)
	c.watch.changed()
	return nil
}

// openIncident enters a report. Where an incident of the same device is open already, it
// is entered there.
func (c *Collector) openIncident(r *http.Request) (any, error) {
	var in admin.NewIncident
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	if err := checkAct(in.Act); err != nil {
		return nil, err
	}
	if in.Device == "" && in.Site == "" {
		return nil, badRequest("say which device it is about (--device CUSTOMER/ID), or which site (--customer and --site)")
	}
	cu, err := c.findScope(in.Customer, in.Site, in.Device)
	if err != nil {
		return nil, err
	}
	devices := c.base.Load().scopeOf(cu, in.Site, in.Device)
	site := c.base.Load().devices[deviceKey{cu, devices[0]}].site
	who := author(r.Context())
	c.desk.Lock()
	defer c.desk.Unlock()
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	now := milli(c.now())
	at := now
	if !in.At.IsZero() {
		at = milli(in.At)
	}
	known := c.book.known(cu)
	if i, ok := incident.About(known, site, devices); ok {
		if contract.Ceil(at) < i.From() {
			at = i.From().Time() // who reports is often right about when, and the measurements know it to the second
		}
		a := in.Act
		a.Impact, a.Urgency, a.Priority = "", "", contract.NoPriority // it has one; `vouch incident priority` changes it
		return c.enter(r.Context(), c.file(i), incident.Reported, a, who, at, now)
	}
	e, err := incident.Report{
		Customer: cu, Site: site, Devices: devices, At: at, Act: in.Act, Versions: c.book.contracts(cu), Next: incident.Next(known, now.Year()),
	}.Open(now)
	if err == nil {
		err = c.putEvent(r.Context(), e, who)
	}
	if err != nil {
		return nil, sentence(err)
	}
	return c.incidentDetail(c.file(e.Incident)), nil
}

func (c *Collector) showIncident(r *http.Request) (any, error) {
	f, err := c.caseOf(vouch.CustomerID(r.FormValue("customer")), incident.ID(r.FormValue("id")))
	if err != nil {
		return nil, err
	}
	return c.incidentDetail(f), nil
}

// incidentDetail is all that is known of an incident now.
func (c *Collector) incidentDetail(f incident.Case) admin.IncidentDetail {
	h := f.Handling(c.now())
	out := admin.IncidentDetail{
		Incident: incidentOf(c.current(f.Incident)), Contract: f.Incident.Contract, Level: h.Level, Tier: h.Tier, Flags: h.Flags,
		Clocks: timersOf(h), Events: []admin.IncidentEvent{}, Next: nextCommands(f),
	}
	out.Stage = incident.DeskOf(f.Incident, f.History).Stage
	for _, e := range f.History {
		out.Events = append(out.Events, admin.IncidentEvent{
			Record: e.Record, Kind: e.Kind, At: e.At, RecordedAt: e.Recorded, Author: e.Author, Act: e.Act, Text: eventWords(e),
		})
	}
	return out
}

// timersOf tells the clocks of an incident for which a time was promised.
func timersOf(h contract.Handling) []admin.IncidentClock {
	out := []admin.IncidentClock{}
	for _, t := range h.Timers {
		if !t.Limit.Set() {
			continue
		}
		x := admin.IncidentClock{
			Kind: t.Kind, Priority: t.Priority, Promised: t.Limit.String(), Started: t.Started.Time(), Running: t.Running,
			Target: t.Target, Used: t.Used, Left: t.Left, Exceeded: t.Exceeded, Why: t.Why,
		}
		if t.Reached {
			at := t.Deadline.Time()
			x.Deadline = &at
		}
		if !t.Running {
			at := t.Stopped.Time()
			x.Stopped = &at
		}
		for _, p := range t.Pauses {
			x.Suspended = x.Suspended || t.Running && p.Contains(t.Stopped)
		}
		out = append(out, x)
	}
	return out
}

// withClock adds to an incident of the list where it stands and, while it is open, the
// clock that ends first.
func (c *Collector) withClock(out admin.Incident, i incident.Incident) admin.Incident {
	f := c.file(i)
	out.Stage = incident.DeskOf(i, f.History).Stage
	if i.Status != incident.Open {
		return out
	}
	for _, k := range timersOf(f.Handling(c.now())) {
		if k.Running && (out.Clock == nil || out.Clock.Deadline == nil || k.Deadline != nil && k.Deadline.Before(*out.Clock.Deadline)) {
			out.Clock = &k
		}
	}
	return out
}

// nextCommands are the commands that are allowed now, with what they need.
func nextCommands(f incident.Case) []string {
	words := map[incident.EventKind]string{
		incident.PickedUp: "pickup", incident.Told: "told --channel telephone --role ROLE", incident.InWriting: "confirm",
		incident.Rated: "priority --impact IMPACT --urgency URGENCY --reason TEXT", incident.Suspended: "suspend --cause CAUSE --reference TICKET --check +4h",
		incident.Resumed: "resume", incident.Visit: "visit --on TIME", incident.WorkAround: "workaround --reason TEXT",
		incident.Restored: "resolve", incident.Repaired: "resolve", incident.ReopenedBy: "reopen --reason TEXT",
		incident.Settled: "close --cause TEXT --to provider", incident.Noted: "note --reason TEXT",
	}
	var out []string
	for _, k := range f.Allowed() {
		if verb, args, _ := strings.Cut(words[k], " "); verb != "" { // a report comes by itself
			out = append(out, strings.TrimSpace(fmt.Sprintf("vouch incident %s %s/%s %s", verb, f.Incident.Customer, f.Incident.ID, args)))
		}
	}
	return out
}
