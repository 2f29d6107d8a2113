// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/json"
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
	Values       List[Value]      `json:"values"`        // everything else that it told
	InterfacesAt *time.Time       `json:"interfaces_at"` // the last answer that both rest on
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

// Interface is one interface of a device (IF-MIB ifXTable). Its rates are those between the last
// two answers that one agent had; a rate that would be a guess is null.
type Interface struct {
	Name        string     `json:"name"`
	Index       string     `json:"index,omitempty"` // where others have the name too, or it has none
	Alias       string     `json:"alias,omitempty"`
	State       string     `json:"state"` // the profile's word for ifOperStatus, or "down by config"
	Judged      Judged     `json:"judged,omitempty"`
	Speed       uint64     `json:"speed_bps"`
	In          *uint64    `json:"in_bps"`
	Out         *uint64    `json:"out_bps"`
	NoRate      string     `json:"no_rate,omitempty"` // why one of them is null
	In95        *uint64    `json:"in_95th_bps"`
	Errors      *uint64    `json:"errors"`   // as counted by the device, both directions
	Discards    *uint64    `json:"discards"` // as counted by the device, both directions
	ErrorRate   *float64   `json:"errors_per_second"`
	DiscardRate *float64   `json:"discards_per_second"`
	At          *time.Time `json:"at"`          // of the last answer
	Over        Seconds    `json:"rate_over_s"` // between the two, whole seconds; 0 after one
	Rates       List[Rate] `json:"rates"`
}

// Judged is what a device's profile makes of a state.
type Judged string

const (
	JudgedNot     Judged = ""        // the profile does not say
	JudgedOK      Judged = "ok"      // among what it names as fine
	JudgedTrouble Judged = "trouble" // not among it
	JudgedUnknown Judged = "unknown" // a number for which it has no name
)

// Value is one value that a device told last, with what its profile says of it.
type Value struct {
	Measurement string           `json:"measurement"`
	Name        string           `json:"name"`
	Tags        List[Tag]        `json:"tags"`
	Type        vouch.SymbolType `json:"type,omitempty"`
	Unit        string           `json:"unit,omitempty"`
	Value       Plain            `json:"value"`
	Words       string           `json:"words,omitempty"` // of a state or a bit mask
	Judged      Judged           `json:"judged,omitempty"`
	Rate        *float64         `json:"per_second,omitempty"` // of a counter
	NoRate      string           `json:"no_rate,omitempty"`    // why a counter has none
	At          time.Time        `json:"at"`
}

// Tag is one tag of a value.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Plain is a value whose JSON is a number with all its digits, a text, or a truth.
type Plain vouch.Value

// MarshalJSON writes the value as it is.
func (e Plain) MarshalJSON() ([]byte, error) { return json.Marshal(e.plain()) }

func (e Plain) plain() any {
	switch v := vouch.Value(e); v.Kind() {
	case vouch.ValueUint:
		return v.Uint()
	case vouch.ValueFloat:
		return v.Float()
	case vouch.ValueString:
		return v.Text()
	case vouch.ValueBool:
		return v.Bool()
	default:
		return v.Int()
	}
}

// Restarted is what started again.
type Restarted string

const (
	RestartOfDevice  Restarted = "device"
	RestartOfAgent   Restarted = "snmp agent"  // alone; the device ran on
	RestartOfAnother Restarted = "another box" // or one whose SNMP state was wiped
)

// Restart is one restart. At is right to Within, either way.
type Restart struct {
	What   Restarted   `json:"what"`
	At     time.Time   `json:"at"`
	Within Seconds     `json:"within_s"`
	Seen   *time.Time  `json:"seen_at"`         // the poll that showed it; null where only the uptime tells
	Clock  vouch.Clock `json:"clock,omitempty"` // which clock of the device tells; empty for none
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
	Says       string        `json:"says,omitempty"`         // which unit the device says that it is: "serial FX2"
	Another    *time.Time    `json:"another_unit,omitempty"` // since when that is not the one on record; absent when it is
	Addresses  List[Address] `json:"addresses"`
	Checks     List[string]  `json:"checks"` // "icmp 10 s"
	Uptime     *Seconds      `json:"uptime_s"`
	UptimeAt   *time.Time    `json:"uptime_at"`
	UptimeBy   vouch.Clock   `json:"uptime_by,omitempty"` // which of its clocks tells
	Restarts   List[Restart] `json:"restarts"`            // the last of the device, and of its SNMP agent alone
	LeaseFrom  *time.Time    `json:"lease_from"`
	LeaseUntil *time.Time    `json:"lease_until"`
	Services   List[string]  `json:"services"` // names
}

// Address is one address with what it is for.
type Address struct {
	Addr string            `json:"addr"`
	Role vouch.AddressRole `json:"role"`
}
