// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// PathCalendar is where announced works are iCalendar: GET writes, POST reads.
const PathCalendar = "/maintenance/calendar"

// NewCalendar is a calendar whose events are works of one scope. Without Apply nothing
// is announced: the answer says what would be.
type NewCalendar struct {
	Customer vouch.CustomerID `json:"customer"`
	Site     vouch.SiteID     `json:"site,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	Data     string           `json:"data"`             // RFC 5545
	Until    time.Time        `json:"until,omitzero"`   // what begins later is left; zero: in 400 days
	Reason   string           `json:"reason,omitempty"` // instead of the events' own titles
	Apply    bool             `json:"apply"`
}

// What becomes of an event.
const (
	CalendarNew     = "new"               // it is announced
	CalendarKnown   = "announced already" // for the same scope and time
	CalendarCancel  = "cancel"            // the calendar calls off what was announced
	CalendarNothing = "called off"        // in the calendar, and it was never announced
	CalendarMissing = "not in the file"   // announced, of the same scope, and left as it is
)

// CalendarLine is one event and what becomes of it.
type CalendarLine struct {
	Action   string    `json:"action"`
	ID       string    `json:"id,omitempty"` // of the work, where there is one
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason"`
	Warnings []string  `json:"warnings,omitempty"` // what the contract makes of it
	Done     bool      `json:"done"`
}
