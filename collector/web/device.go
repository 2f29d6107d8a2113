// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Device is one device now and over [From, To).
type Device struct {
	AsOf
	From         time.Time        `json:"from"`
	To           time.Time        `json:"to"`
	Customer     vouch.CustomerID `json:"customer"`
	CustomerName string           `json:"customer_name"`
	Site         vouch.SiteID     `json:"site"`
	SiteName     string           `json:"site_name"`
	ID           vouch.DeviceID   `json:"id"`
	Class        vouch.Class      `json:"class"`
	Verdict      Verdict          `json:"verdict"`
	Incident     *Incident        `json:"incident"` // the open one, if any
	Window       List[Span]       `json:"window"`   // service hours within [From, To)
	VerdictLane  Lane             `json:"verdict_lane"`
	Lanes        List[Lane]       `json:"lanes"` // one a location, voters first
	Rounds       List[Rounds]     `json:"rounds"`
	Interfaces   List[Interface]  `json:"interfaces"`
	InterfacesAt *time.Time       `json:"interfaces_at"` // the last answer that they rest on
	Contract     ContractFacts    `json:"contract"`
	Month        Month            `json:"month"`
	Facts        Facts            `json:"facts"`
	Voice        *Voice           `json:"voice,omitempty"` // of telephony alone
	Works        List[Work]       `json:"maintenance"`
	Traps        List[Trap]       `json:"traps"` // one of each name, the newest first
}

// Verdict is the live verdict with what it rests on.
type Verdict struct {
	State     State      `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Since     *time.Time `json:"since"`
	Rule      string     `json:"rule"` // reachable_from, unreachable_from or two_sided
	Quorum    int        `json:"quorum"`
	Witnesses List[Seen] `json:"witnesses"` // every location that looks, voters first
}

// Rounds are the measured rounds of one location: round-trip time and loss in bins of
// equal width, at most a few hundred of them.
type Rounds struct {
	Location vouch.LocationID `json:"location"`
	Check    vouch.CheckName  `json:"check"`
	Width    Seconds          `json:"bin_s"`
	Median   *Micros          `json:"median_us"` // over the period
	Highest  *Micros          `json:"highest_us"`
	Bins     List[Bin]        `json:"bins"`
}

// Bin sums up the rounds that began in [At, At+width). A bin without rounds is left out.
type Bin struct {
	At   time.Time `json:"at"`
	Sent int       `json:"sent"`
	Lost int       `json:"lost"`
	RTT  *RTT      `json:"rtt"` // nil where no answer came
}

// RTT is the spread of round-trip times in a bin.
type RTT struct {
	Min    Micros `json:"min_us"`
	Median Micros `json:"median_us"`
	Max    Micros `json:"max_us"`
}

// Interface is one interface of a device (IF-MIB ifXTable). Rates are bits a second.
type Interface struct {
	Name     string     `json:"name"`
	Alias    string     `json:"alias,omitempty"`
	State    string     `json:"state"` // "up", "down", "down by config"
	Speed    uint64     `json:"speed_bps"`
	In       *uint64    `json:"in_bps"`
	Out      *uint64    `json:"out_bps"`
	In95     *uint64    `json:"in_95th_bps"`
	Errors   *uint64    `json:"errors"`   // over the period, both directions
	Discards *uint64    `json:"discards"` // over the period, both directions
	Rates    List[Rate] `json:"rates"`
}

// Rate is the traffic of one bin.
type Rate struct {
	At  time.Time `json:"at"`
	In  uint64    `json:"in_bps"`
	Out uint64    `json:"out_bps"`
}

// Voice is an estimate of how a call over the path to a device would have been heard
// (E-model, ITU-T G.107). It is no part of any verdict.
type Voice struct {
	Codec       string       `json:"codec"`
	R           float64      `json:"r"`   // 0 to 100
	MOS         float64      `json:"mos"` // 1 to 4.5
	Delay       Micros       `json:"mouth_to_ear_us"`
	Kind        vouch.Kind   `json:"from"` // the checks whose round trips it rests on
	Samples     int          `json:"samples"`
	Window      Seconds      `json:"window_s"`
	Assumptions List[string] `json:"assumptions"`
}

// ContractFacts are the terms that a device is measured against.
type ContractFacts struct {
	Name         string       `json:"name"`
	Version      int          `json:"version"`
	ServiceHours string       `json:"service_hours"` // in words
	Voters       int          `json:"voters"`
	Thresholds   List[string] `json:"thresholds"` // in words, one each
	Confirm      Seconds      `json:"confirm_s"`
	Clear        Seconds      `json:"clear_s"`
	Today        List[Span]   `json:"window_today"`
	Day          Span         `json:"day"` // the local day of now
}

// Month is the month to date.
type Month struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Figures
}

// Facts are what is known of the unit in the position.
type Facts struct {
	Model      string        `json:"model,omitempty"`
	Serial     string        `json:"serial,omitempty"`
	Firmware   string        `json:"firmware,omitempty"`
	Addresses  List[Address] `json:"addresses"`
	Checks     List[string]  `json:"checks"` // "icmp 10 s"
	Uptime     *Seconds      `json:"uptime_s"`
	UptimeAt   *time.Time    `json:"uptime_at"`
	LeaseFrom  *time.Time    `json:"lease_from"`
	LeaseUntil *time.Time    `json:"lease_until"`
	Services   List[string]  `json:"services"` // names
}

// Address is one address with what it is for.
type Address struct {
	Addr string            `json:"addr"`
	Role vouch.AddressRole `json:"role"`
}
