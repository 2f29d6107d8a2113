// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// Transition is what happened to an incident, in the few words that a receiver acts on.
type Transition string

const (
	Opened    Transition = "opened"    // also when late data opened a closed one again
	Updated   Transition = "updated"   // devices, edges or evidence changed; Event.Event says how
	Closed    Transition = "closed"    // the devices are back
	Withdrawn Transition = "withdrawn" // late data showed that it never was
	Test      Transition = "test"      // nothing happened: the channel is tried
)

// Event is the body of a message, as JSON. It holds the incident as it stands after
// the transition, so that a receiver which missed one is right again after the next.
// Times are RFC 3339 in UTC. Later versions may add fields.
type Event struct {
	ID         string             `json:"id"`     // names the transition; the same over all channels
	Intent     string             `json:"intent"` // names this message: ID and channel; also in the header Vouch-Intent
	Customer   vouch.CustomerID   `json:"customer"`
	Incident   incident.ID        `json:"incident"` // unique within the customer
	Transition Transition         `json:"transition"`
	Event      incident.EventKind `json:"event"` // the transition in the words of the incident's history
	At         time.Time          `json:"at"`    // when it happened
	Site       vouch.SiteID       `json:"site"`
	Devices    []vouch.DeviceID   `json:"devices"`        // empty when withdrawn
	From       time.Time          `json:"from"`           // first second of the outage
	To         time.Time          `json:"to,omitzero"`    // first second after it; absent while it lasts
	OpenedAt   time.Time          `json:"opened_at"`      // when the incident was opened
	CountedS   int64              `json:"counted_down_s"` // seconds of it that count under the contract so far
	// Witnesses are the locations that found a device down.
	Witnesses         []vouch.LocationID `json:"witnesses"`
	RestsOnOneWitness bool               `json:"rests_on_one_witness"`
	EvidencePending   bool               `json:"evidence_pending"` // it rests on heartbeats that no batch has confirmed yet
	FoundLate         bool               `json:"found_late"`       // it was over when its measurements came: nobody need be woken
	ContractVersion   int                `json:"contract_version"`
	Priority          contract.Priority  `json:"priority,omitempty"`
	Act               *incident.Act      `json:"act,omitempty"` // what was said with it: a cause, a clock and its deadline, a reason
	URL               string             `json:"url,omitempty"` // page of the incident
	unit              string             // of a message about a unit: what is on record; see [UnitEvent]
}

// NewEvent makes the message about one transition. id names the transition and must
// be the same whenever the same transition is looked at: the ID of its ledger record
// serves. url is the address of the incident's page, or empty.
func NewEvent(id string, e incident.Event, url string) Event {
	i := e.Incident
	m := Event{
		ID: id, Customer: i.Customer, Incident: i.ID, Transition: transitionOf(e.Kind), Event: e.Kind, At: e.At.UTC(),
		Site: i.Site, Devices: i.Devices(), From: i.From().Time(), OpenedAt: i.OpenedAt.UTC(), CountedS: int64(i.Counted()),
		Witnesses: i.Witnesses(), RestsOnOneWitness: i.Single(), EvidencePending: i.Pending(), FoundLate: i.FoundLate, ContractVersion: i.Contract, URL: url,
		Priority: i.Priority, Act: e.Act,
	}
	if to, ended := i.To(); ended && m.Transition != Withdrawn {
		m.To = to.Time()
	}
	if m.Devices == nil {
		m.Devices = []vouch.DeviceID{}
	}
	if m.Witnesses == nil {
		m.Witnesses = []vouch.LocationID{}
	}
	return m
}

func transitionOf(k incident.EventKind) Transition {
	switch k {
	case incident.Opened, incident.Reopened, incident.Relapsed, incident.ReopenedBy:
		return Opened
	case incident.ClosedEv, incident.Restored, incident.Repaired:
		return Closed
	case incident.Withdrew:
		return Withdrawn
	}
	return Updated
}

// ForChannel makes the intent to send the message over a channel. Its key, and so the
// promise of one message per transition and channel, is ID and channel.
func (e Event) ForChannel(channel string, now time.Time) (store.Intent, error) {
	e.Intent = e.ID + "/" + channel
	payload, err := json.Marshal(e)
	if err != nil {
		return store.Intent{}, fmt.Errorf("encode notification %s: %v", e.Intent, err)
	}
	return store.Intent{Key: e.Intent, Customer: e.Customer, Channel: channel, Payload: payload, Created: now.UTC(), NotUntil: now.UTC()}, nil
}

// NewTest makes the message that tries a channel. id must be another for each.
func NewTest(id string, now time.Time) Event {
	return Event{ID: "test/" + id, Transition: Test, At: now.UTC(), From: now.UTC(), OpenedAt: now.UTC(), Devices: []vouch.DeviceID{}, Witnesses: []vouch.LocationID{}}
}

// isTest reports whether an intent tries a channel: it gets one attempt.
func isTest(i store.Intent) bool {
	e, err := eventOf(i)
	return err == nil && e.Transition == Test
}
