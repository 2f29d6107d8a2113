// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package book holds what one customer's ledger says: the records as the state that
// they make, and the samples as what agents found. The collector judges and bills by
// it, and whoever verifies computes the same statement from the same ledger by it.
//
// It is pure: it opens nothing, writes nothing, and never asks what time it is. A Book
// is not safe for concurrent use.
package book

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Book is what the records of one ledger say, taken in the order of the ledger.
type Book struct {
	contractID vouch.ContractID
	agreed     []agreed           // versions as they were recorded
	versions   []contract.Version // as they are in force, in that order
	sites      []vouch.Site       // in the order of their first record; devices without lease and checks
	services   []vouch.Service
	rents      map[vouch.DeviceID][]rent // leases as they were recorded
	leases     map[vouch.DeviceID][]contract.Span
	installed  map[vouch.DeviceID]bool // ever
	speakers   map[vouch.AgentID]vouch.LocationID
	custody    map[vouch.LocationID]vouch.Custody
	keys       []Key
	assigned   map[Assigned][]contract.Span
	since      map[vouch.DeviceID]contract.Second // when a check of it was first assigned
	asked      map[Assigned]asked                 // by the first assignment that names a check
	asking     bool                               // some assignment asks for successes
	assignings int                                // assignment records taken
	admitted   map[Path]contract.Second
	units      map[vouch.DeviceID]UnitSeen
	subjects   map[string]map[Assigned]bool // what the newest assignment record of a subject names
	works      []Work
	claims     []Claim
	said       []Acceptance
	holds      []Hold
	mutes      []Mute
	erased     map[vouch.Stream]int64 // notes that records say were erased
	turns      int                    // records about exclusions
	incidents  []Known
	issues     []Issue
}

// New returns the book of an empty ledger.
func New() *Book {
	return &Book{
		rents: map[vouch.DeviceID][]rent{}, leases: map[vouch.DeviceID][]contract.Span{}, installed: map[vouch.DeviceID]bool{},
		speakers: map[vouch.AgentID]vouch.LocationID{}, custody: map[vouch.LocationID]vouch.Custody{},
		erased: map[vouch.Stream]int64{}, asked: map[Assigned]asked{}, admitted: map[Path]contract.Second{}, units: map[vouch.DeviceID]UnitSeen{},
		assigned: map[Assigned][]contract.Span{}, since: map[vouch.DeviceID]contract.Second{}, subjects: map[string]map[Assigned]bool{},
	}
}

// Take enters one record. A kind that no figure rests on is passed over.
func (b *Book) Take(rec evidence.Record) error {
	var err error
	switch rec.Kind {
	case evidence.KindContract:
		err = b.takeContract(rec)
	case evidence.KindInstallation:
		err = b.takeInstallation(rec)
	case evidence.KindLease:
		err = b.takeLease(rec)
	case evidence.KindLocation:
		err = b.takeLocation(rec)
	case evidence.KindKeyAdded:
		err = b.takeKey(rec)
	case evidence.KindKeyRevoked:
		err = b.takeRevoked(rec)
	case evidence.KindAssignment:
		err = b.takeAssignment(rec)
	case evidence.KindUnitSeen:
		err = b.takeUnitSeen(rec)
	case evidence.KindAdmitted:
		err = b.takeAdmitted(rec)
	case evidence.KindMaintenanceAnnounced:
		b.turns++
		err = b.takeAnnounced(rec)
	case evidence.KindMaintenanceCancelled:
		b.turns++
		err = b.takeCancelled(rec)
	case evidence.KindExclusionClaimed:
		b.turns++
		err = b.takeClaim(rec)
	case evidence.KindExclusionApproved, evidence.KindExclusionRejected:
		b.turns++
		err = b.takeRuling(rec)
	case evidence.KindAcceptance:
		b.turns++
		err = b.takeAcceptance(rec)
	case evidence.KindLegalHold:
		err = b.takeHold(rec)
	case evidence.KindMute:
		err = b.takeMute(rec)
	case evidence.KindDataErased:
		err = b.takeErased(rec)
	case evidence.KindIncidentEvent:
		err = b.takeIncident(rec)
	case evidence.KindStatementIssued:
		err = b.takeIssue(rec)
	}
	if err != nil {
		return fmt.Errorf("%s record %s of %s: %w", rec.Kind, rec.ID, rec.Customer, err)
	}
	return nil
}

func body[T any](rec evidence.Record) (T, error) {
	var out T
	err := json.Unmarshal(rec.Body, &out)
	return out, err
}

// agreed is a version of the contract as it was recorded.
type agreed struct {
	contract.Version
	record   string
	recorded time.Time
	accepted *Acceptance // nil: by nobody
}

func (b *Book) takeContract(rec evidence.Record) error {
	c, err := body[ContractBody](rec)
	if err != nil {
		return err
	}
	b.contractID = c.Contract
	b.agreed = append(b.agreed, agreed{Version: c.Version, record: rec.ID, recorded: rec.Recorded})
	b.enforce()
	return nil
}

// enforce works out from when on each version is in force.
func (b *Book) enforce() {
	b.versions = nil
	for i, a := range b.agreed {
		v := a.Version
		switch {
		case a.accepted != nil:
			if v.AcceptedBy == "" {
				v.AcceptedBy, v.AcceptedAt = a.accepted.By, contract.Ceil(a.accepted.Recorded)
			}
		case i > 0:
			// What the parties agreed first holds from when they agreed that it does. A
			// later version cannot reach back behind its own recording, unless the
			// customer says that it does.
			v.InForce = max(v.InForce, contract.Ceil(a.recorded))
		}
		b.versions = append(b.versions, v)
	}
	slices.SortStableFunc(b.versions, func(x, y contract.Version) int { return cmp.Compare(x.InForce, y.InForce) })
}

// Contracts returns the versions of the contract in the order in which they are in
// force. The caller changes nothing in it.
func (b *Book) Contracts() []contract.Version { return slices.Clip(b.versions) }

// Key is a key that spoke for an agent.
type Key struct {
	Agent    vouch.AgentID
	Location vouch.LocationID
	Key      string    // C2SP verifier key
	Added    time.Time // recorded
	Revoked  time.Time // recorded; zero for never
}

// Keys returns every key that was ever added for an agent, in the order of the ledger.
func (b *Book) Keys() []Key { return slices.Clip(b.keys) }

func (b *Book) takeKey(rec evidence.Record) error {
	k, err := body[KeyBody](rec)
	if err != nil {
		return err
	}
	b.speakers[k.Agent] = k.Location
	b.keys = append(slices.Clip(b.keys), Key{Agent: k.Agent, Location: k.Location, Key: k.Key, Added: rec.Recorded})
	return nil
}

func (b *Book) takeRevoked(rec evidence.Record) error {
	k, err := body[RevokedBody](rec)
	if err != nil {
		return err
	}
	b.keys = slices.Clone(b.keys)
	for i := range b.keys {
		if b.keys[i].Key == k.Key && b.keys[i].Revoked.IsZero() {
			b.keys[i].Revoked = rec.Recorded
		}
	}
	return nil
}

func (b *Book) takeLocation(rec evidence.Record) error {
	l, err := body[LocationBody](rec)
	if err != nil {
		return err
	}
	b.custody[l.Location] = l.Custody
	return nil
}

// Speaker returns where an agent stands that speaks, or once spoke, to the customer:
// an agent that is taken out of the installed base takes nothing back that it said.
func (b *Book) Speaker(a vouch.AgentID) (vouch.LocationID, vouch.Custody, bool) {
	at, ok := b.speakers[a]
	return at, b.custody[at], ok
}

// Known is an incident as its newest event left it.
type Known struct {
	ID        string
	Withdrawn bool
	Recorded  time.Time // of its first event
	Parts     []Part
}

// Part is one device of an incident.
type Part struct {
	Device   vouch.DeviceID
	From, To contract.Second // To is zero while open
}

func (b *Book) takeIncident(rec evidence.Record) error {
	e, err := body[incidentBody](rec)
	if err != nil {
		return err
	}
	k := Known{ID: e.Incident.ID, Withdrawn: e.Incident.Status == "withdrawn", Recorded: rec.Recorded}
	for _, p := range e.Incident.Parts {
		if !p.Gone {
			k.Parts = append(k.Parts, Part{p.Device, p.From, p.To})
		}
	}
	b.incidents = slices.Clone(b.incidents)
	if i := slices.IndexFunc(b.incidents, func(x Known) bool { return x.ID == k.ID }); i >= 0 {
		k.Recorded = b.incidents[i].Recorded
		b.incidents[i] = k
	} else {
		b.incidents = append(b.incidents, k)
	}
	return nil
}

// Incidents returns the incidents in the order in which they were opened.
func (b *Book) Incidents() []Known { return slices.Clip(b.incidents) }
