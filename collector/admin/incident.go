// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// NewIncident enters a report by a person. It is about a device, or a whole site. Where
// an incident of it is open already, the report is entered there.
type NewIncident struct {
	Customer vouch.CustomerID `json:"customer,omitempty"`
	Site     vouch.SiteID     `json:"site,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	At       time.Time        `json:"at,omitzero"` // when it was reported; zero for now
	Act      incident.Act     `json:"act"`         // role, channel, contact, impact and urgency or priority, reason
}

// NewAct says something of an incident: what is done with it, or what became of it.
type NewAct struct {
	Customer vouch.CustomerID   `json:"customer,omitempty"` // where two customers have an incident of this ID
	ID       incident.ID        `json:"id"`
	Kind     incident.EventKind `json:"event"`
	At       time.Time          `json:"at,omitzero"` // when it happened; zero for now
	Act      incident.Act       `json:"act"`
}

// IncidentDetail is one incident with its clocks and what happened to it.
type IncidentDetail struct {
	Incident
	Contract int             `json:"contract_version"`
	Level    string          `json:"sla_type,omitempty"`
	Tier     int             `json:"tier"` // of escalation, from 1
	Clocks   []IncidentClock `json:"clocks"`
	Flags    []string        `json:"flags,omitempty"` // what a person should look at
	Events   []IncidentEvent `json:"events"`          // in the order of their records
	Next     []string        `json:"next"`            // commands that are allowed now
}

// IncidentClock is one of an incident's clocks; a second of it is one of service time.
type IncidentClock struct {
	Kind      contract.ClockKind `json:"clock"`
	Priority  contract.Priority  `json:"priority"`
	Promised  string             `json:"promised"` // in words
	Started   time.Time          `json:"started_at"`
	Deadline  *time.Time         `json:"deadline"`   // null while a suspension without an end stands in the way
	Stopped   *time.Time         `json:"stopped_at"` // null while it runs, or stands still
	Running   bool               `json:"running"`    // nothing stopped it; it may stand still, suspended
	Suspended bool               `json:"suspended"`
	Target    int64              `json:"target_s"`
	Used      int64              `json:"used_s"`
	Left      int64              `json:"left_s"`
	Exceeded  int64              `json:"exceeded_s"` // of elapsed time
	Why       []string           `json:"why"`        // what the deadline rests on, in sentences
}

// IncidentEvent is one event as it is recorded.
type IncidentEvent struct {
	Record     string             `json:"record"`
	Kind       incident.EventKind `json:"event"`
	At         time.Time          `json:"at"`
	RecordedAt time.Time          `json:"recorded_at"`
	Author     string             `json:"author"`
	Act        *incident.Act      `json:"act,omitempty"`
	Text       string             `json:"text"`
}
