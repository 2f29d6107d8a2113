// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// IncidentState is how far an incident has come.
type IncidentState string

const (
	IncidentOpen   IncidentState = "open"
	IncidentClosed IncidentState = "closed"

	IncidentOperational IncidentState = "operational" // it works again; a person has still to close it
	IncidentWithdrawn   IncidentState = "withdrawn"   // late data took its ground away
	IncidentMerged      IncidentState = "merged"      // went on in another
)

// Incident is one incident without its events.
type Incident struct {
	ID              string               `json:"id"`
	Customer        vouch.CustomerID     `json:"customer"`
	CustomerName    string               `json:"customer_name"`
	Devices         List[IncidentDevice] `json:"devices"`
	State           IncidentState        `json:"state"`
	Priority        string               `json:"priority,omitempty"` // "P1" to "P4"; empty where the contract has none
	OpenedAt        time.Time            `json:"opened_at"`          // when it was opened
	From            time.Time            `json:"from"`               // the first down instant: set back
	To              *time.Time           `json:"to"`                 // null while open
	CountedDown     Seconds              `json:"counted_down_s"`     // down in the window, outside exclusions
	Witnesses       List[Seen]           `json:"witnesses"`
	SingleWitness   bool                 `json:"single_witness"`   // it rests on one failing witness
	EvidencePending bool                 `json:"evidence_pending"` // opened on heartbeats, batches have not confirmed it
	Successor       string               `json:"successor,omitempty"`
	Stage           string               `json:"stage,omitempty"` // of its handling: waiting, picked up, told, suspended, work-around, operational, closed
	Clock           *Clock               `json:"clock,omitempty"` // of an open one in a list: the running clock that ends first
}

// IncidentDevice is one device of an incident with its own times.
type IncidentDevice struct {
	ID          vouch.DeviceID `json:"id"`
	Class       vouch.Class    `json:"class"`
	SiteName    string         `json:"site_name"`
	State       State          `json:"state"` // what it was: down or degraded
	Now         State          `json:"now"`   // what it is now
	From        time.Time      `json:"from"`
	To          *time.Time     `json:"to"`
	CountedDown Seconds        `json:"counted_down_s"`
}

// IncidentQuery chooses incidents. The zero value asks for the newest of every state.
type IncidentQuery struct {
	State  IncidentState // empty for every state
	Limit  int           // 1 to 200
	Before string        // continue where [Incidents.Next] said; empty for the beginning
}

// Incidents is one page of the list.
type Incidents struct {
	AsOf
	Open  int            `json:"open"` // of all pages
	Items List[Incident] `json:"incidents"`
	Next  string         `json:"next,omitempty"` // where the next page begins, in the reader's own notation; empty at the end
}

// IncidentDetail is one incident with all that is known of it.
type IncidentDetail struct {
	AsOf
	Incident
	Contract   string              `json:"contract"` // name and version
	Opened     string              `json:"opened"`   // the rule that opened it, in words: "120 s of down time reached"
	Span       Span                `json:"span"`     // the period of the lanes
	Window     List[Span]          `json:"window"`
	Lanes      List[IncidentLanes] `json:"lanes"`
	Events     List[Event]         `json:"events"` // newest first
	Deliveries List[Delivery]      `json:"deliveries"`
	Clocks     List[Clock]         `json:"clocks"`   // for which a time was promised
	Service    List[Span]          `json:"-"`        // service time of the clocks, where they are drawn
	Tier       int                 `json:"tier"`     // of escalation, from 1; 0 where the contract has no clocks
	Tiers      int                 `json:"tiers"`    // the highest
	Flags      List[string]        `json:"flags"`    // what a person should look at, in sentences
	Next       List[string]        `json:"next"`     // commands that are allowed now; for the NOC
	Services   List[string]        `json:"services"` // names of the services that the devices belong to
}

// IncidentLanes are the verdict and the witnesses of one device of an incident.
type IncidentLanes struct {
	Device  vouch.DeviceID `json:"device"`
	Verdict Lane           `json:"verdict_lane"`
	Lanes   List[Lane]     `json:"lanes"`
}

// Event is one thing that moved an incident. It is a leaf of the ledger.
type Event struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // opened, closed, reopened, confirmed, joined, merged, withdrawn, told, note
	Text   string    `json:"text"`
	Author string    `json:"author,omitempty"`

	Recorded time.Time `json:"recorded_at,omitzero"`
	Leaf     *uint64   `json:"leaf"`
}

// Delivery is one message about one transition.
type Delivery struct {
	At       *time.Time `json:"at"` // when it was delivered, or tried last
	Target   string     `json:"target"`
	Event    string     `json:"event"` // the transition it tells of
	State    string     `json:"state"` // delivered, waiting, failed
	Attempts int        `json:"attempts"`
	Detail   string     `json:"detail,omitempty"`
}
