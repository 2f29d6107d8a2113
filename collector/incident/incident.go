// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package incident turns breaches into incidents: which breaches are one incident,
// what number it has, and which events happened to it since the last look. It is
// pure: breaches come from package contract, the clock from the caller, and what it
// returns is for the caller to record and to deliver.
//
// An incident is never deleted and never edited. Late measurements may move its
// edges, take devices out of it or end it as withdrawn; each of these is an event.
package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// ID is the number of an incident, unique within its customer: "INC-2026-0007".
type ID string

// Year and Number return the two parts of an ID; 0 for one that is not of our making.
func (id ID) Year() int   { y, _ := id.parts(); return y }
func (id ID) Number() int { _, n := id.parts(); return n }

func (id ID) parts() (year, n int) {
	if _, err := fmt.Sscanf(string(id), "INC-%d-%d", &year, &n); err != nil {
		return 0, 0
	}
	return year, n
}

// Status is where an incident stands.
type Status string

const (
	Open        Status = "open"
	Operational Status = "operational" // the service works again; a person who took it in hand has still to close it
	Closed      Status = "closed"      // by a person with its cause, or by itself where nobody took it in hand
	Withdrawn   Status = "withdrawn"   // late data showed that the breach never was
)

// Breach is one run of down time of one device that reached the contract's
// confirm_s (rules page, rule 8), as it looks now.
type Breach struct {
	Device    vouch.DeviceID
	From      contract.Second // first down instant of the count
	To        contract.Second // start of the up run that closes it; meaningless while Open
	Open      bool
	Counted   int64              // down seconds inside the window and outside exclusions
	Confirmed contract.Second    // instant at which the count reached confirm_s
	Witnesses []vouch.LocationID // locations that found it down
	Single    bool               // it rests on one failing witness at some instant
	Pending   bool               // it rests on heartbeats that no batch has confirmed yet
	Reason    string             // why, in words: what the witnesses said
}

// Part is what an incident says of one of its devices.
type Part struct {
	Device    vouch.DeviceID     `json:"device"`
	From      contract.Second    `json:"from"`
	To        contract.Second    `json:"to,omitempty"` // zero while open
	Counted   int64              `json:"counted_down_s"`
	Witnesses []vouch.LocationID `json:"witnesses"`
	Single    bool               `json:"rests_on_one_witness,omitempty"`
	Pending   bool               `json:"evidence_pending,omitempty"`
	Gone      bool               `json:"withdrawn,omitempty"` // late data took this device out
}

// Incident is one incident as it stands.
type Incident struct {
	ID        ID               `json:"id"`
	Customer  vouch.CustomerID `json:"customer"`
	Site      vouch.SiteID     `json:"site"`
	Status    Status           `json:"status"`
	OpenedAt  time.Time        `json:"opened_at"`          // when it was opened, not when the outage began
	ClosedAt  time.Time        `json:"closed_at,omitzero"` // when it was closed or withdrawn
	FoundLate bool             `json:"found_late,omitempty"`
	Contract  int              `json:"contract_version"`
	Parts     []Part           `json:"parts"` // ordered by From, then Device; empty where nothing was measured

	Reported []vouch.DeviceID  `json:"reported,omitempty"`      // devices that a person named
	Began    time.Time         `json:"reported_at,omitzero"`    // when it was reported; zero where monitoring opened it
	Held     bool              `json:"held_open,omitempty"`     // open by a person's word, whatever is measured
	Restored time.Time         `json:"operational_at,omitzero"` // when a person found the service working again
	Handled  bool              `json:"handled,omitempty"`       // a person took it in hand: it is for a person to close
	Priority contract.Priority `json:"priority,omitempty"`      // the last that it was given
	Changed  time.Time         `json:"changed_at,omitzero"`     // when the measurements last changed it
}

// From returns the first down instant of the incident, or when it was reported.
func (i Incident) From() contract.Second {
	if len(i.Parts) == 0 {
		return contract.Floor(i.Began)
	}
	from := i.Parts[0].From
	for _, p := range i.Parts {
		if !p.Gone {
			return p.From
		}
	}
	return from
}

// To returns the end of the last part, and false while one is open.
func (i Incident) To() (contract.Second, bool) {
	if i.Held {
		return 0, false
	}
	var to contract.Second
	if !i.Restored.IsZero() {
		to = contract.Ceil(i.Restored)
	}
	for _, p := range i.Parts {
		if p.Gone {
			continue
		}
		if p.To == 0 {
			return 0, false
		}
		to = max(to, p.To)
	}
	return to, true
}

// Devices lists the devices of the incident, those that late data took out left aside.
func (i Incident) Devices() []vouch.DeviceID {
	ds := slices.Clone(i.Reported)
	seen := make(map[vouch.DeviceID]bool, len(i.Parts))
	for _, d := range ds {
		seen[d] = true
	}
	for _, p := range i.Parts {
		if !p.Gone && !seen[p.Device] {
			seen[p.Device] = true
			ds = append(ds, p.Device)
		}
	}
	return ds
}

// Counted sums the counted down seconds of the parts of each device, and returns
// the largest sum: two devices that are down together are one outage of the
// customer, not two.
func (i Incident) Counted() int64 {
	sums := map[vouch.DeviceID]int64{}
	var most int64
	for _, p := range i.Parts {
		if !p.Gone {
			sums[p.Device] += p.Counted
			most = max(most, sums[p.Device])
		}
	}
	return most
}

// Witnesses lists the locations that found a device of the incident down.
func (i Incident) Witnesses() []vouch.LocationID {
	var ls []vouch.LocationID
	for _, p := range i.Parts {
		for _, l := range p.Witnesses {
			if !p.Gone && !slices.Contains(ls, l) {
				ls = append(ls, l)
			}
		}
	}
	slices.Sort(ls)
	return ls
}

// Single reports whether a part rests on one failing witness; Pending whether one
// rests on heartbeats alone.
func (i Incident) Single() bool {
	return slices.ContainsFunc(i.Parts, func(p Part) bool { return !p.Gone && p.Single })
}
func (i Incident) Pending() bool {
	return slices.ContainsFunc(i.Parts, func(p Part) bool { return !p.Gone && p.Pending })
}

// EventKind is what happened to an incident.
type EventKind string

const (
	Opened    EventKind = "opened"
	Grew      EventKind = "device added"
	Recovered EventKind = "device recovered"
	Confirmed EventKind = "evidence confirmed" // batches bear out what heartbeats said
	Moved     EventKind = "edges moved by late data"
	Reopened  EventKind = "reopened by late data"
	ClosedEv  EventKind = "closed"
	Withdrew  EventKind = "withdrawn by late data"
)

// Event is one thing that happened to an incident, with the incident after it.
type Event struct {
	Kind     EventKind `json:"event"`
	At       time.Time `json:"at"`
	Act      *Act      `json:"act,omitempty"` // what was said with it; nil where nothing was
	Incident Incident  `json:"incident"`

	// What the record says that the event stands in; not part of its body.
	Record   string    `json:"-"`
	Recorded time.Time `json:"-"`
	Author   string    `json:"-"`
}

// number makes an ID of the n-th incident of a customer in a year.
func number(year, n int) ID { return ID(fmt.Sprintf("INC-%04d-%04d", year, n)) }
