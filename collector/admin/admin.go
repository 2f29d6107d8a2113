// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package admin is the one door to a running collector: what the commands of
// `vouch` ask of it over the Unix socket in its data directory, and the client that
// asks. The socket's permissions say who may; the author of what is recorded is the
// operating-system user on the other end. It holds no logic: the collector answers.
package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// SocketName is the file name of the socket within the data directory.
const SocketName = "vouch.sock"

// Paths of the socket's HTTP.
const (
	PathStatus      = "/status"
	PathMaintenance = "/maintenance"
	PathIncidents   = "/incidents"
	PathIncident    = "/incident"
	PathStatement   = "/statement"
	PathIssued      = "/statements"
	PathBundle      = "/bundle"
	PathTokens      = "/tokens"
	PathRebuild     = "/rebuild"
	PathLive        = "/live"
	PathCheck       = "/ledger/check"
	PathExclusions  = "/exclusions"
	PathApprove     = "/exclusions/approve"
	PathReject      = "/exclusions/reject"
	PathAcceptances = "/acceptances"
	PathHolds       = "/holds"
)

// NewMaintenance announces a maintenance. The scope is one device, one site or, with
// both empty, the whole customer.
type NewMaintenance struct {
	Customer vouch.CustomerID `json:"customer"`
	Site     vouch.SiteID     `json:"site,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	Reason   string           `json:"reason"`
	Corrects string           `json:"corrects,omitempty"` // the maintenance that this one takes the place of, or its record
}

// Maintenance is an announcement as it is recorded.
type Maintenance struct {
	ID          string           `json:"id"`
	Record      string           `json:"record,omitempty"` // that it is accepted or corrected by
	Customer    vouch.CustomerID `json:"customer"`
	Site        vouch.SiteID     `json:"site,omitempty"`
	Device      vouch.DeviceID   `json:"device,omitempty"`
	From        time.Time        `json:"from"`
	To          time.Time        `json:"to"`
	Reason      string           `json:"reason"`
	AnnouncedAt time.Time        `json:"announced_at"`
	Author      string           `json:"author"`
	CancelledAt time.Time        `json:"cancelled_at,omitzero"`
	CancelledBy string           `json:"cancelled_by,omitempty"`
	Corrects    string           `json:"corrects,omitempty"`     // ID of the one that it took the place of
	CorrectedBy string           `json:"corrected_by,omitempty"` // ID of the one that took its place
	// Warnings say in words what the contract makes of the announcement, for
	// example that it began before it was announced and will not count.
	Warnings []string `json:"warnings,omitempty"`
}

// NewIssue asks for a statement to be issued over a period: a calendar month in the
// contract's zone, or two instants.
type NewIssue struct {
	Customer vouch.CustomerID `json:"customer"`
	Month    string           `json:"month,omitempty"`
	From     time.Time        `json:"from,omitzero"`
	To       time.Time        `json:"to,omitzero"`
	Reason   string           `json:"reason,omitempty"`
}

// Issued is a statement that was issued.
type Issued struct {
	Customer vouch.CustomerID `json:"customer"`
	Number   string           `json:"number"`
	Version  int              `json:"version"`
	State    string           `json:"state"` // provisional, issued or final
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	At       time.Time        `json:"issued_at"`
	Final    time.Time        `json:"final_at,omitzero"` // when it is final unless somebody objects
	Author   string           `json:"author"`
	Record   string           `json:"record"`
	Reason   string           `json:"reason,omitempty"`
	SHA256   string           `json:"sha256"` // of its JSON
}

// NewToken asks for a token; role is "noc" or "customer".
type NewToken struct {
	Role     string           `json:"role"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
	Days     int              `json:"days,omitempty"` // that it is good for; 0 for 365
}

// Token is a token as it is listed; Secret is set once, in the answer to [NewToken].
type Token struct {
	ID       string           `json:"id"`
	Role     string           `json:"role"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
	Author   string           `json:"author"`
	Created  time.Time        `json:"created"`
	Expires  time.Time        `json:"expires,omitzero"` // zero: never, as those of older versions
	Secret   string           `json:"secret,omitempty"`
}

// Incident is an incident as `vouch incident list` shows it. It is also an element
// of the demo's incidents.json.
type Incident struct {
	ID        incident.ID        `json:"id"`
	Customer  vouch.CustomerID   `json:"customer"`
	Site      vouch.SiteID       `json:"site"`
	Devices   []vouch.DeviceID   `json:"devices"`
	Status    incident.Status    `json:"status"`
	From      time.Time          `json:"from"`
	To        *time.Time         `json:"to"` // null while open
	Counted   int64              `json:"counted_down_s"`
	Witnesses []vouch.LocationID `json:"witnesses"`
	OpenedAt  time.Time          `json:"opened_at"`
	ClosedAt  *time.Time         `json:"closed_at"`
	FoundLate bool               `json:"found_late"`
	Single    bool               `json:"rests_on_one_witness"`
	Pending   bool               `json:"evidence_pending"`
	Parts     []Part             `json:"parts"`

	Priority contract.Priority `json:"priority,omitempty"`
	Stage    incident.Stage    `json:"stage,omitempty"`
	Clock    *IncidentClock    `json:"clock,omitempty"` // in the list: the running one that ends first
}

// Part is what an incident says of one device.
type Part struct {
	Device  vouch.DeviceID `json:"device"`
	From    time.Time      `json:"from"`
	To      *time.Time     `json:"to"`
	Counted int64          `json:"counted_down_s"`
}

// Status is how the collector itself is.
type Status struct {
	Version   string        `json:"version"`
	Origin    string        `json:"origin"`
	Started   time.Time     `json:"started"`
	Pin       string        `json:"pin"`
	Key       string        `json:"ledger_key"` // public key of the ledger, for a contract's annex
	Agents    []AgentStatus `json:"agents"`
	Ledgers   []Ledger      `json:"ledgers"`
	Sinks     []Sink        `json:"sinks"`
	Anchors   Anchors       `json:"anchors"`
	Incidents int           `json:"open_incidents"`
	Messages  Messages      `json:"messages"`
	Channels  []Channel     `json:"channels"`
	Mutes     []Mute        `json:"mutes"` // that stand
	Refused   []Refusal     `json:"refused"`
	// Units are the devices at which another unit than the one on record answers.
	Units []OtherUnit `json:"other_units"`
}

// OtherUnit is a device at which another unit than the one on record answers.
type OtherUnit struct {
	Customer vouch.CustomerID `json:"customer"`
	Site     vouch.SiteID     `json:"site"`
	Device   vouch.DeviceID   `json:"device"`
	Since    time.Time        `json:"since"`
	Says     string           `json:"says,omitempty"`      // "serial FX2"; empty where it is not known, as after a restart
	OnRecord string           `json:"on_record,omitempty"` // "serial FX1"
}

// AgentStatus is what the collector last heard of an agent.
type AgentStatus struct {
	Agent       vouch.AgentID    `json:"agent"`
	Location    vouch.LocationID `json:"location"`
	Custody     vouch.Custody    `json:"custody"`
	Heartbeat   *time.Time       `json:"heartbeat_at"`
	Through     *time.Time       `json:"batches_through"`
	OffsetUS    *int64           `json:"clock_offset_us"`          // its clock minus true time
	BoundUS     *int64           `json:"clock_bound_us,omitempty"` // of the error of that
	ClockSource string           `json:"clock_source,omitempty"`   // who told; "disputed": its sources contradict each other
	Dropped     int64            `json:"dropped_samples"`
	// What it said last of itself, in the provider's ledger; all zero until it has.
	Started    time.Time `json:"started_at,omitzero"`
	LastStop   string    `json:"last_stop,omitempty"`   // how the run before ended: clean, killed, host went down, first start, unknown
	LastSeen   time.Time `json:"last_seen_at,omitzero"` // up to when samples of the run before are known
	Overload   uint64    `json:"overload,omitempty"`    // since its start: attempts that were not made in time
	Stalls     uint64    `json:"stalls,omitempty"`      // since its start: times that it did not get to run
	ClockSteps uint64    `json:"clock_steps,omitempty"` // since its start: times that its clock was set
}

// Ledger is the size and root of one customer's ledger.
type Ledger struct {
	Customer vouch.CustomerID `json:"customer"`
	Size     int64            `json:"size"`
	Root     string           `json:"root"`
	Forks    int              `json:"forks"`
}

// Sink is the state of one time-series store.
type Sink struct {
	Name      string    `json:"name"`
	LagLeaves int64     `json:"lag_leaves"`
	LagS      int64     `json:"lag_s"`
	Written   int64     `json:"written_batches"`
	Skipped   int64     `json:"skipped_batches"`
	Error     string    `json:"error,omitempty"`
	Since     time.Time `json:"since,omitzero"`
}

// Anchors is how the anchors are: what others vouch for.
type Anchors struct {
	Key     string     `json:"key"`    // public key of the ledger of anchors, for who watches it
	Last    *time.Time `json:"last"`   // when a ledger was last anchored
	Leaves  int64      `json:"leaves"` // of the ledger of anchors that others are to vouch for
	Parties []Party    `json:"parties"`
}

// Behind returns how many leaves of the ledger of anchors wait for a word of a party.
// Authorities stand in for each other; every witness counts by itself.
func (a Anchors) Behind(p Party) int64 {
	leaves := p.Leaves
	for _, other := range a.Parties {
		if p.Kind == PartyAuthority && other.Kind == PartyAuthority {
			leaves = max(leaves, other.Leaves)
		}
	}
	return max(0, a.Leaves-leaves)
}

// Kinds of a party.
const (
	PartyAuthority = "authority"
	PartyWitness   = "witness"
)

// Party is one time-stamp authority or witness.
type Party struct {
	Kind     string     `json:"kind"`
	Name     string     `json:"name"`
	Last     *time.Time `json:"last"`   // the time that its last word vouches for
	Leaves   int64      `json:"leaves"` // of the ledger of anchors that this word covers
	Failures int64      `json:"failures"`
	Error    string     `json:"error,omitempty"`
	Since    time.Time  `json:"since,omitzero"`
}

// Messages counts the intents to notify.
type Messages struct {
	Pending int `json:"pending"`
	Failed  int `json:"failed"`
}

// Refusal counts what was refused, by reason.
type Refusal struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Live is the state of every device now, for a live table in a terminal.
type Live struct {
	Now       time.Time        `json:"now"`
	Locations []vouch.Location `json:"locations"`
	Devices   []LiveDevice     `json:"devices"`
	Incidents []Incident       `json:"incidents"`
}

// LiveDevice is one row of [Live].
type LiveDevice struct {
	Customer  vouch.CustomerID `json:"customer"`
	Site      vouch.SiteID     `json:"site"`
	Device    vouch.DeviceID   `json:"device"`
	Class     vouch.Class      `json:"class"`
	State     string           `json:"state"` // up, degraded, down, unknown, maintenance, outside lease
	Reason    string           `json:"reason,omitempty"`
	Since     time.Time        `json:"since,omitzero"`
	Seen      []LiveSeen       `json:"seen"` // in the order of Live.Locations
	RTTMicros int64            `json:"rtt_us,omitempty"`
}

// LiveSeen is what one location sees of a device.
type LiveSeen struct {
	Location vouch.LocationID `json:"location"`
	State    string           `json:"state"`
	Reason   string           `json:"reason,omitempty"`
}
