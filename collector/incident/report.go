// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Report is an incident that a person reports, by telephone or otherwise.
type Report struct {
	Customer vouch.CustomerID
	Site     vouch.SiteID
	Devices  []vouch.DeviceID // at least one, all of the site
	At       time.Time        // when it was reported
	Act      Act              // role, channel, contact, reason, and what it is rated
	Versions []contract.Version
	Next     int // number that the next new incident of this year takes
}

// reportBack is how long ago a report may lie when it is entered.
const reportBack = 40 * 24 * time.Hour

// Open returns the event that opens the incident. The error is a [Refused].
func (r Report) Open(now time.Time) (Event, error) {
	at, a := contract.Floor(r.At), r.Act
	v, _ := contract.VersionAt(r.Versions, at)
	switch {
	case r.At.After(now):
		return Event{}, refuse("%s lies in the future", stamp(r.At))
	case now.Sub(r.At) > reportBack:
		return Event{}, refuse("%s lies more than 40 days back", stamp(r.At))
	case len(r.Devices) == 0:
		return Event{}, refuse("say which device it is about")
	case a.Reason == "":
		return Event{}, refuse("say in words what was reported")
	}
	if err := reporter(a); err != nil {
		return Event{}, err
	}
	i := Incident{
		ID: number(now.UTC().Year(), r.Next), Customer: r.Customer, Site: r.Site, Status: Open, OpenedAt: now, Contract: v.Number,
		Parts: []Part{}, Reported: slices.Clone(r.Devices), Began: r.At, Held: true, Handled: true,
	}
	if a.Priority != contract.NoPriority || a.Impact != "" || a.Urgency != "" {
		if err := (Case{Incident: i, Versions: r.Versions}).rating(a, v.Terms.Support); err != nil {
			return Event{}, err
		}
		if a.Priority == contract.NoPriority {
			a.Priority, _ = v.Terms.Support.Rate(a.Impact, a.Urgency)
		}
		i.Priority = a.Priority
	}
	return Event{Kind: Opened, At: r.At, Act: &a, Incident: i}, nil
}

// About returns the open incident that a report about some devices of a site belongs to.
func About(known []Incident, site vouch.SiteID, devices []vouch.DeviceID) (Incident, bool) {
	for _, i := range slices.Backward(known) {
		if i.Site == site && i.Status == Open && slices.ContainsFunc(i.Devices(), func(d vouch.DeviceID) bool { return slices.Contains(devices, d) }) {
			return i, true
		}
	}
	return Incident{}, false
}

// Next returns the number that the next incident takes that is opened in a year.
func Next(known []Incident, year int) int {
	n := 1
	for _, i := range known {
		if i.ID.Year() == year {
			n = max(n, i.ID.Number()+1)
		}
	}
	return n
}
