// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// maxReason bounds the words of an announcement, a claim and what else people enter.
const maxReason = 500

func checkReason(s, what string) error {
	if s == "" || len(s) > maxReason || evidence.Unsafe(s) {
		return badRequest("say in 1 to %d bytes of plain text %s (--reason): the customer reads it", maxReason, what)
	}
	return nil
}

// checkTimes checks that a stretch of time can stand in a record.
func checkTimes(what string, from, to time.Time) error {
	switch {
	case !from.Before(to):
		return badRequest("the %s ends at %s, which is not after its beginning at %s", what, to.Format(time.RFC3339), from.Format(time.RFC3339))
	case from.UTC().Year() < 1970 || to.UTC().Year() > 2261:
		return badRequest("the %s lies outside the years 1970 to 2261", what)
	}
	return nil
}

// put records one draft and enters it into the book, before anybody else writes or
// reads both together. c.desk is held.
func (c *Collector) put(ctx context.Context, d draft) (rec evidence.Record, err error) {
	err = c.recorder.still(func() error {
		recs, err := c.recorder.writeNow(ctx, d)
		if err != nil {
			return err
		}
		rec = recs[0]
		return c.book.take(rec)
	})
	return rec, err
}

// findScope checks that what people name exists. A device may be named without its
// customer where only one has a device of that name.
func (c *Collector) findScope(cu vouch.CustomerID, site vouch.SiteID, device vouch.DeviceID) (vouch.CustomerID, error) {
	named := cu
	if cu == "" && device != "" {
		for k := range c.base.Load().devices {
			if k.device != device {
				continue
			}
			if cu != "" {
				return "", badRequest("more than one customer has a device %s; add --customer", device)
			}
			cu = k.customer
		}
	}
	switch _, known := c.base.Load().customers[cu]; {
	case cu == "" && device == "":
		return "", badRequest("say which customer it concerns: --customer ID")
	case !known:
		return "", badRequest("there is no customer or device of that name in the installed base: %s%s", named, device)
	case site != "" && device != "":
		return "", badRequest("give a site or a device, not both")
	case len(c.base.Load().scopeOf(cu, site, device)) == 0:
		return "", badRequest("customer %s has no device there: site %q, device %q", cu, site, device)
	}
	return cu, nil
}

func (c *Collector) addMaintenance(r *http.Request) (any, error) {
	var in admin.NewMaintenance
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	return c.announce(r.Context(), in)
}

// announce records a maintenance, in the name of the context's author.
func (c *Collector) announce(ctx context.Context, in admin.NewMaintenance) (m admin.Maintenance, err error) {
	cu, err := c.findScope(in.Customer, in.Site, in.Device)
	if err == nil {
		err = checkTimes("maintenance", in.From, in.To)
	}
	if err == nil {
		err = checkReason(in.Reason, "what is done")
	}
	if err != nil {
		return m, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	works := c.book.works(cu)
	corrects, err := c.correctedWork(cu, works, in.Corrects)
	if err != nil {
		return m, err
	}
	m = admin.Maintenance{
		ID: fmt.Sprintf("M-%d-%04d", c.now().UTC().Year(), len(works)+1), Customer: cu, Site: in.Site, Device: in.Device,
		From: milli(in.From), To: milli(in.To), Reason: in.Reason, Author: author(ctx), Corrects: corrects.ID,
	}
	rec, err := c.put(ctx, draft{
		customer: cu, kind: evidence.KindMaintenanceAnnounced, effective: m.From, author: m.Author, corrects: corrects.Record,
		body: book.MaintenanceBody{ID: m.ID, Site: m.Site, Device: m.Device, From: m.From, To: m.To, Reason: m.Reason},
	})
	if err != nil {
		return m, err
	}
	m.Record, m.AnnouncedAt = rec.ID, rec.Recorded
	m.Warnings = c.maintenanceWarnings(m)
	c.exclusionsChanged(m)
	if corrects.ID != "" {
		c.exclusionsChanged(corrects)
	}
	return m, nil
}

// correctedWork returns the maintenance that a new one takes the place of.
func (c *Collector) correctedWork(cu vouch.CustomerID, works []admin.Maintenance, name string) (admin.Maintenance, error) {
	if name == "" {
		return admin.Maintenance{}, nil
	}
	for _, w := range works {
		if w.ID != name && w.Record != name {
			continue
		}
		if w.CorrectedBy != "" {
			return w, badRequest("maintenance %s was corrected by %s already; correct that one", w.ID, w.CorrectedBy)
		}
		return w, nil
	}
	return admin.Maintenance{}, badRequest("customer %s has no maintenance %s that could be corrected; see `vouch maintenance list`", cu, name)
}

// maintenanceWarnings says in words what the contract makes of an announcement.
func (c *Collector) maintenanceWarnings(m admin.Maintenance) []string {
	ids := c.base.Load().scopeOf(m.Customer, m.Site, m.Device)
	p := c.base.Load().devices[deviceKey{m.Customer, ids[0]}]
	var out []string
	for _, d := range c.book.decide(p, contract.Floor(c.now())) {
		if d.ID == m.ID {
			out = decisionWords(d)
		}
	}
	return out
}

// decisionWords says in words what the contract makes of an announcement, where that is
// not simply that it counts.
func decisionWords(d contract.Decision) (out []string) {
	if d.Why != "" {
		return []string{"it does not count: " + string(d.Why)}
	}
	for _, n := range d.Notes {
		out = append(out, "the statement will say of it: "+string(n))
	}
	return out
}

func (c *Collector) cancelMaintenance(r *http.Request) (any, error) {
	return c.cancel(r.Context(), vouch.CustomerID(r.FormValue("customer")), r.FormValue("id"))
}

// cancel records that a maintenance will not be, in the name of the context's author.
func (c *Collector) cancel(ctx context.Context, customer vouch.CustomerID, id string) (any, error) {
	c.desk.Lock()
	defer c.desk.Unlock()
	var hit []admin.Maintenance
	for _, m := range c.maintenanceList() {
		if m.ID == id && (customer == "" || m.Customer == customer) {
			hit = append(hit, m)
		}
	}
	switch {
	case len(hit) == 0:
		return nil, wrong{http.StatusNotFound, "there is no maintenance " + id + "; see `vouch maintenance list`"}
	case len(hit) > 1:
		return nil, badRequest("more than one customer has a maintenance %s; add --customer", id)
	case hit[0].CorrectedBy != "":
		return nil, badRequest("%s was corrected by %s; cancel that one", id, hit[0].CorrectedBy)
	case !hit[0].CancelledAt.IsZero():
		return nil, badRequest("%s was cancelled at %s already", id, hit[0].CancelledAt.Format(time.RFC3339))
	}
	m := hit[0]
	rec, err := c.put(ctx, draft{customer: m.Customer, kind: evidence.KindMaintenanceCancelled, author: author(ctx), body: book.CancelBody{ID: m.ID}})
	if err != nil {
		return nil, err
	}
	m.CancelledAt, m.CancelledBy = rec.Recorded, rec.Author
	c.exclusionsChanged(m)
	return m, nil
}

// exclusionsChanged makes the watch look again. Verdicts that are remembered do not
// hold exclusions, so they stay.
func (c *Collector) exclusionsChanged(m admin.Maintenance) {
	c.decidedAnew(m.Customer, c.base.Load().scopeOf(m.Customer, m.Site, m.Device), m.From)
}

// decidedAnew makes the watch look again at some devices from an instant on, where what
// is leased, agreed or excluded was decided anew, and the statements over that time be
// looked at.
func (c *Collector) decidedAnew(cu vouch.CustomerID, ids []vouch.DeviceID, from time.Time) {
	c.grew(cu)
	c.judge.goBack(ids, cu, contract.Floor(from))
	c.watch.changed()
	c.figures.changed()
}
