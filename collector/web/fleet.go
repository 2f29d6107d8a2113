// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Fleet is everything a viewer may see, now.
type Fleet struct {
	AsOf
	Counts       Counts         `json:"counts"`
	Incidents    List[Incident] `json:"incidents"` // the open ones, in the order in which they need attention
	ClosedToday  int            `json:"closed_today"`
	LastClosedAt *time.Time     `json:"last_closed_at"`
	Locations    List[Location] `json:"locations"` // in an order that never changes
	Strip        Span           `json:"strip"`     // the period of every strip in this view
	Customers    List[Customer] `json:"customers"`
	ChangesSince time.Time      `json:"changes_since"`
	Changes      List[Change]   `json:"changes"` // newest first
	LastChangeAt *time.Time     `json:"last_change_at"`
	Works        List[Work]     `json:"maintenance"` // running, or beginning or ended today
	Mutes        List[Mute]     `json:"mutes"`       // that stand
}

// Mute is a stretch of time in which messages are not sent; evidence knows nothing of it.
type Mute struct {
	ID           string           `json:"id"`
	Customer     vouch.CustomerID `json:"customer"`
	CustomerName string           `json:"customer_name"`
	Site         vouch.SiteID     `json:"site,omitempty"`
	Device       vouch.DeviceID   `json:"device,omitempty"`
	Channel      string           `json:"channel,omitempty"`
	Reason       string           `json:"reason"`
	Until        time.Time        `json:"until"`
}

// muteLine is a mute on a page.
type muteLine struct {
	Mute
	End stamp
}

// Counts are the devices by what they are shown as; they sum to Devices.
type Counts struct {
	Devices     int `json:"devices"`
	Up          int `json:"up"`
	Degraded    int `json:"degraded"`
	Down        int `json:"down"`
	Unknown     int `json:"unknown"`
	Maintenance int `json:"maintenance"`
	Outside     int `json:"outside_lease"`
}

// Sight is how a location is doing.
type Sight string

const (
	Sees   Sight = "sees"
	Blind  Sight = "blind"  // heard, and cannot ask: its own gateway or the network beyond it is silent
	Silent Sight = "silent" // not heard
	Late   Sight = "late"   // heard, and its batches are behind
)

// Location is a place that measures, as it is doing now.
type Location struct {
	ID          vouch.LocationID `json:"id"`
	Name        string           `json:"name"`
	Custody     vouch.Custody    `json:"custody"`
	Customer    vouch.CustomerID `json:"customer,omitempty"` // whose premises these are, in customer custody
	Votes       bool             `json:"votes"`
	State       Sight            `json:"state"`
	Since       *time.Time       `json:"since"`
	Reason      string           `json:"reason,omitempty"`
	Agents      int              `json:"agents"`
	AgentsHeard int              `json:"agents_heard"`
	HeartbeatAt *time.Time       `json:"heartbeat_at"`
	BatchAt     *time.Time       `json:"batch_at"` // when the newest batch was sealed
	ClockOffset *Micros          `json:"clock_offset_us"`
	Queued      int              `json:"queued_batches"`
	Strip       List[Segment]    `json:"segments"`
}

// Customer is a customer with its installed base.
type Customer struct {
	ID       vouch.CustomerID `json:"id"`
	Name     string           `json:"name"`
	Contract string           `json:"contract"` // name and version: "Gold v3"
	Window   string           `json:"window"`   // today's service window in words: "window 06:00-24:00, open"
	Quorum   int              `json:"quorum"`
	Sites    List[Site]       `json:"sites"`
}

// Site is one address of a customer.
type Site struct {
	ID      vouch.SiteID    `json:"id"`
	Name    string          `json:"name"`
	Devices List[DeviceRow] `json:"devices"`
}

// DeviceRow is one device as the fleet shows it.
type DeviceRow struct {
	ID           vouch.DeviceID `json:"id"`
	Class        vouch.Class    `json:"class"`
	Addresses    List[string]   `json:"addresses"`
	State        State          `json:"state"`
	Since        *time.Time     `json:"since"`
	Reason       string         `json:"reason,omitempty"`
	Seen         List[Seen]     `json:"seen"`
	Strip        List[Segment]  `json:"segments"`
	RTT          *Micros        `json:"rtt_us"`           // median over the voters, last bin
	Loss         Pct            `json:"loss_pct"`         // one decimal
	Availability Pct            `json:"availability_pct"` // month to date
}

// Change is one thing that happened lately.
type Change struct {
	At       time.Time        `json:"at"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	Incident string           `json:"incident,omitempty"`
	State    State            `json:"state,omitempty"` // what it became
	Text     string           `json:"text"`            // goes on from the name: "up to unknown"
	Detail   string           `json:"detail,omitempty"`
}
