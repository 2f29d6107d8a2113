// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// addHold places a legal hold: while it stands, nothing of the customer is erased.
func (c *Collector) addHold(r *http.Request) (any, error) {
	var in admin.NewHold
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	err := c.knownCustomer(in.Customer)
	if err == nil {
		err = checkReason(in.Reason, "why everything must be kept")
	}
	if err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	id := fmt.Sprintf("H-%d-%04d", c.now().UTC().Year(), len(of(c.book, in.Customer, (*book.Book).Holds))+1)
	return c.hold(r, in.Customer, book.HoldBody{ID: id, Reason: in.Reason})
}

// removeHold ends a legal hold.
func (c *Collector) removeHold(r *http.Request) (any, error) {
	id, cu, reason := r.FormValue("id"), vouch.CustomerID(r.FormValue("customer")), r.FormValue("reason")
	err := c.knownCustomer(cu)
	if err == nil {
		err = checkReason(reason, "why it may end")
	}
	if err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	holds := of(c.book, cu, (*book.Book).Holds)
	i := slices.IndexFunc(holds, func(h book.Hold) bool { return h.ID == id })
	switch {
	case i < 0:
		return nil, wrong{http.StatusNotFound, fmt.Sprintf("customer %s has no hold %s; see `vouch hold list`", cu, id)}
	case !holds[i].Removed.IsZero():
		return nil, badRequest("%s was removed by %s at %s already", id, holds[i].Remover, holds[i].Removed.Format(time.RFC3339))
	}
	return c.hold(r, cu, book.HoldBody{ID: id, Reason: reason, Removed: true})
}

// hold records what is said of a hold. c.desk is held.
func (c *Collector) hold(r *http.Request, cu vouch.CustomerID, body book.HoldBody) (any, error) {
	if _, err := c.put(r.Context(), draft{customer: cu, kind: evidence.KindLegalHold, author: author(r.Context()), body: body}); err != nil {
		return nil, err
	}
	c.grew(cu)
	if !body.Removed {
		c.eraser.halt(cu) // who placed a hold is told so once nothing is erased any more
	}
	list := c.holdsOf(cu)
	return list[slices.IndexFunc(list, func(h admin.Hold) bool { return h.ID == body.ID })], nil
}

func (c *Collector) holdsOf(cu vouch.CustomerID) []admin.Hold {
	var out []admin.Hold
	for _, h := range of(c.book, cu, (*book.Book).Holds) {
		out = append(out, admin.Hold{
			ID: h.ID, Record: h.Record, Customer: cu, Reason: h.Reason, PlacedAt: h.Placed, Author: h.Author,
			RemovedAt: h.Removed, RemovedBy: h.Remover, RemovedFor: h.RemovedFor,
		})
	}
	return out
}

// holdList lists the holds of one customer, or of all.
func (c *Collector) holdList(r *http.Request) (any, error) {
	only := vouch.CustomerID(r.FormValue("customer"))
	if err := c.knownCustomer(only); only != "" && err != nil {
		return nil, err
	}
	out := []admin.Hold{}
	for _, cu := range c.base.Load().Customers {
		if only == "" || only == cu.ID {
			out = append(out, c.holdsOf(cu.ID)...)
		}
	}
	return out, nil
}
