// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Route picks the messages that a channel gets: all that it names must hold, and what it
// leaves out holds.
type Route struct {
	Customers  []vouch.CustomerID
	Priorities []contract.Priority // of the incident after the transition
	// Hours in which the incident was opened: who was told of its beginning is told of
	// its end, whenever that comes.
	Hours   *contract.Calendar
	Service bool // instead: the service hours of the customer's contract
}

// Wants reports whether a channel gets a message: one of its routes matches, or it has
// none. service are the service hours of the customer's contract.
func (c Channel) Wants(e Event, service contract.Calendar) bool {
	return len(c.Routes) == 0 || slices.ContainsFunc(c.Routes, func(r Route) bool { return r.matches(e, service) })
}

// WantsUnits is Wants for a message about a unit, which has no priority and wakes nobody:
// the customer alone decides.
func (c Channel) WantsUnits(e UnitEvent) bool {
	return len(c.Routes) == 0 || slices.ContainsFunc(c.Routes, func(r Route) bool {
		return len(r.Customers) == 0 || slices.Contains(r.Customers, e.Customer)
	})
}

func (r Route) matches(e Event, service contract.Calendar) bool {
	if len(r.Customers) > 0 && !slices.Contains(r.Customers, e.Customer) ||
		len(r.Priorities) > 0 && !slices.Contains(r.Priorities, e.Priority) {
		return false
	}
	hours := r.Hours
	if r.Service {
		hours = &service
	}
	if hours == nil {
		return true
	}
	at := contract.Floor(e.OpenedAt)
	return len(hours.Spans(contract.Span{From: at, To: at + 1})) > 0
}
