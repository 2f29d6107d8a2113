// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
)

// The customer of the demo.
const customerID vouch.CustomerID = "harbour"

// Names that people read, and the zone of the contract.
const (
	customerName = "Harbour Clinics"
	providerName = "Example Networks"
	zoneName     = "Europe/Brussels"
)

// site is one address of the customer.
type site struct {
	ID   vouch.SiteID
	Name string
}

// device is one simulated device of a site.
type device struct {
	ID    vouch.DeviceID
	Site  vouch.SiteID
	Class vouch.Class
}

// place is one location with its one agent.
type place struct {
	ID      vouch.LocationID
	Agent   vouch.AgentID
	Name    string
	Custody vouch.Custody
	Via     string // what it depends on; no two share one
}

// votes reports whether the contract's quorum hears the location.
func (p place) votes() bool { return p.Custody != vouch.CustodyCustomer }

func sites() []site {
	return []site{{"north", "North clinic"}, {"south", "South clinic"}}
}

// The devices, by site.
const (
	northRouter   vouch.DeviceID = "north-router"
	northFirewall vouch.DeviceID = "north-firewall"
	northPhones   vouch.DeviceID = "north-phones"
	southRouter   vouch.DeviceID = "south-router"
	southFirewall vouch.DeviceID = "south-firewall"
	southPhones   vouch.DeviceID = "south-phones"
)

func devices() []device {
	return []device{
		{northRouter, "north", vouch.ClassRouter},
		{northFirewall, "north", vouch.ClassFirewall},
		{northPhones, "north", vouch.ClassTelephony},
		{southRouter, "south", vouch.ClassRouter},
		{southFirewall, "south", vouch.ClassFirewall},
		{southPhones, "south", vouch.ClassTelephony},
	}
}

// The locations.
const (
	amsterdam vouch.LocationID = "ams"
	brussels  vouch.LocationID = "bru"
	rotterdam vouch.LocationID = "rtm"
	hq        vouch.LocationID = "hq"
)

func places() []place {
	return []place{
		{amsterdam, "ams-a", "Amsterdam, the provider's data centre", vouch.CustodyProvider, "transit-ams"},
		{brussels, "bru-a", "Brussels, the provider's data centre", vouch.CustodyProvider, "transit-bru"},
		{rotterdam, "rtm-a", "Rotterdam, a neutral exchange", vouch.CustodyNeutral, "transit-rtm"},
		{hq, "hq-a", "At the customer's head office", vouch.CustodyCustomer, "office-line"},
	}
}

// references are what every agent asks beyond its own gateway.
func references() []string { return []string{"exchange", "resolver"} }

// walkOf returns what a device answers from.
func walkOf(c vouch.Class) lab.Walk {
	switch c {
	case vouch.ClassFirewall:
		return lab.Firewall()
	case vouch.ClassTelephony:
		return lab.Telephony()
	}
	return lab.Router()
}
