// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package statement holds the availability statement that a customer gets: its
// structure, made of accounts that package contract computed, and its renderings as
// JSON, CSV, plain text and HTML. The JSON is what a statement is: the others show what
// it says, and [Parse] reads it back. The package computes no availability, reads and
// writes no files, and knows no time but what it is handed.
package statement

import (
	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Schema names the form of the JSON that [Statement.JSON] writes.
const Schema = "vouch-statement/1"

// Statement is the availability of a customer over a period. Its top level is the
// customer as a whole: all of its services, or all of its devices where it has none.
//
// Every duration is in whole seconds. What only an issued statement says is left out
// of one that is not.
type Statement struct {
	Schema       string           `json:"schema"`
	Number       string           `json:"number,omitempty"`
	Revision     int              `json:"version,omitempty"` // of this statement, from 1
	State        State            `json:"state"`
	Customer     vouch.CustomerID `json:"customer"`
	CustomerName string           `json:"customer_name"`
	Provider     string           `json:"provider"`

	From         Instant  `json:"from"`
	To           Instant  `json:"to"`
	AsOf         Instant  `json:"as_of"`         // now, as the statement was handed it
	CountedUntil *Instant `json:"counted_until"` // where the figures of an unfinished period end, else null
	Pending      int64    `json:"pending_s"`     // of the period, not counted yet

	Issued     *Issued     `json:"issued,omitempty"`
	Replaces   *Replaced   `json:"replaces,omitempty"`        // the version before, if there is one
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`      // of the ledger, that the figures rest on
	Manifest   string      `json:"manifest_sha256,omitempty"` // of the evidence, in hexadecimal

	Contract vouch.ContractID `json:"contract"`
	Versions []Version        `json:"contract_versions"`
	Timezone string           `json:"timezone"`
	Offsets  []Offset         `json:"offsets"`       // of the zone, where the statement speaks of it
	Hours    []Stretch        `json:"service_times"` // of the period, as far as it is counted, whatever was leased in it

	Body
	Services []Subject `json:"services"`
	Devices  []Subject `json:"devices"`

	Exclusions []Exclusion `json:"exclusions"` // that counted and that did not, with the reason
}

// Subject is a service or a device with its figures.
type Subject struct {
	ID   string       `json:"id"`
	Name string       `json:"name"`
	Site vouch.SiteID `json:"site,omitempty"` // of a device
	Body
}

// Body is what is said of every subject alike.
type Body struct {
	Figures
	Headline      contract.Percent `json:"headline_pct"` // by the contract's reading of unknown time
	Target        *string          `json:"target_pct"`   // null: no target agreed
	Result        Result           `json:"result"`
	OnlyIfNotDown bool             `json:"met_only_if_unknown_is_not_down"`

	Incidents []Incident `json:"incidents"`
	Short     Short      `json:"short_interruptions"`
	Outages   []Outage   `json:"outages"`
	Unknowns  []Unknown  `json:"unknown_times"`
	Taken     []Taken    `json:"excluded_times"`
	NotLeased []Stretch  `json:"not_measured_times"` // outside the lease, or no contract in force
}

// Figures are the totals of [contract.Figures] under the names of the worked cases.
type Figures struct {
	Agreed        int64            `json:"agreed_s"`
	Excluded      int64            `json:"excluded_s"`
	Up            int64            `json:"up_s"`
	Down          int64            `json:"down_s"`
	Unknown       int64            `json:"unknown_s"`
	Eligible      int64            `json:"eligible_s"`
	Availability  contract.Percent `json:"availability_pct"`
	IfUnknownDown contract.Percent `json:"availability_if_unknown_down_pct"`
	IfUnknownUp   contract.Percent `json:"availability_if_unknown_up_pct"`
	Coverage      contract.Percent `json:"coverage_pct"`

	Degraded             int64 `json:"degraded_s"`
	OutsideWindow        int64 `json:"outside_window_s"`
	NotMeasured          int64 `json:"not_measured_s"`
	Announced            int64 `json:"announced_maintenance_s"`
	ExcludedMaintenance  int64 `json:"excluded_maintenance_s"`
	DownUnderMaintenance int64 `json:"down_under_maintenance_s"`
}

// Result says how the headline figure stands to its target.
type Result string

const (
	ResultMet      Result = "met"
	ResultNotMet   Result = "not met"
	ResultUnclear  Result = "cannot be assessed" // coverage is below the agreed floor, or there is no figure
	ResultNoTarget Result = "no target agreed"
)

// Incident is a confirmed breach that overlaps the period. At the top level it is one
// of devices at one site together; in a subject it is that subject's own.
type Incident struct {
	ID          string             `json:"id,omitempty"`
	Site        vouch.SiteID       `json:"site,omitempty"`
	From        Instant            `json:"from"`
	To          *Instant           `json:"to"` // null while open
	CountedDown int64              `json:"counted_down_s"`
	Devices     []IncidentDevice   `json:"devices"`
	Witnesses   []vouch.LocationID `json:"witnesses"`
	Single      bool               `json:"single_witness"` // it rests on one failing witness

	span contract.Span
	open bool
}

// IncidentDevice is one device of an incident with times of its own.
type IncidentDevice struct {
	Device      vouch.DeviceID `json:"device"`
	From        Instant        `json:"from"`
	To          *Instant       `json:"to"`
	CountedDown int64          `json:"counted_down_s"`
}

// Short are the interruptions too short to be an incident.
type Short struct {
	Count int   `json:"count"`
	Down  int64 `json:"down_s"`
}

// Outage is an uninterrupted stretch of down time in the period, counted or not.
type Outage struct {
	From     Instant            `json:"from"`
	To       Instant            `json:"to"`
	Lasted   int64              `json:"lasted_s"`
	Counted  int64              `json:"counted_s"`  // inside the window and outside exclusions
	Excluded int64              `json:"excluded_s"` // inside the window, taken out
	SeenBy   []vouch.LocationID `json:"seen_by"`    // voters that were down in it
	Devices  []vouch.DeviceID   `json:"devices,omitempty"`
	Incident string             `json:"incident,omitempty"`

	span contract.Span
}

// Unknown is a stretch of service time of which nothing is established.
type Unknown struct {
	From    Instant            `json:"from"`
	To      Instant            `json:"to"`
	Seconds int64              `json:"unknown_s"`
	Reason  vouch.Reason       `json:"reason"`
	Blind   []vouch.LocationID `json:"blind"` // voters that were unknown in it
	Devices []vouch.DeviceID   `json:"devices,omitempty"`

	span contract.Span
}

// Taken is a stretch of service time that exclusions take out of the count.
type Taken struct {
	From       Instant  `json:"from"`
	To         Instant  `json:"to"`
	Seconds    int64    `json:"excluded_s"`
	Exclusions []string `json:"exclusions"` // by their ids

	span contract.Span
}

// Stretch is an interval.
type Stretch struct {
	From Instant `json:"from"`
	To   Instant `json:"to"`
}

// Exclusion is a claim that touches the period, and what became of it.
type Exclusion struct {
	ID        string                 `json:"id"`
	Kind      contract.ExclusionKind `json:"kind"`
	From      Instant                `json:"from"`
	To        Instant                `json:"to"`
	Reason    string                 `json:"reason,omitempty"`
	Announced *Instant               `json:"announced_at"`
	Recorded  *Instant               `json:"recorded_at"`
	Cancelled *Instant               `json:"cancelled_at"`
	Accepted  bool                   `json:"accepted"`
	Devices   []vouch.DeviceID       `json:"devices"`
	Counted   bool                   `json:"counted"`
	Why       contract.Why           `json:"why,omitempty"`   // why not, or not under every version
	Notes     []contract.Note        `json:"notes,omitempty"` // what is said of it whether it counts or not
	// Seconds of service time of its devices that it takes out, was claimed for, and
	// during which they were down; each second once, however many devices it concerns.
	Excluded int64 `json:"excluded_s"`
	Claimed  int64 `json:"claimed_s"`
	Down     int64 `json:"down_s"`

	span contract.Span
}

// Version is a contract version in force in the period, in plain terms.
type Version struct {
	Number       int               `json:"number"`
	From         Instant           `json:"from"` // the first instant of the period that it holds in
	Timezone     string            `json:"timezone"`
	Windows      []contract.Window `json:"service_window"`
	Holidays     []contract.Date   `json:"holidays"` // that lie in the period
	Quorum       contract.Quorum   `json:"quorum"`
	QuorumWords  string            `json:"quorum_words"`
	Voters       []Voter           `json:"voters"`
	Confirm      int64             `json:"confirm_s"`
	Clear        int64             `json:"clear_s"`
	Resolution   int64             `json:"resolution_s"` // an outage shorter than this may go unseen
	MinCoverage  contract.Target   `json:"min_coverage_pct"`
	FewWitnesses bool              `json:"fewer_than_three_voters"` // each can keep a verdict from being reached
}

// Voter is one witness that the contract names.
type Voter struct {
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
	Votes    bool             `json:"votes"`
}
