// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// What people do with an incident, and what the contract's clocks do to it. Opened is
// theirs as well, with an [Act] that has a channel.
const (
	Reported    EventKind = "reported"                    // by the customer, of an incident that is open already
	PickedUp    EventKind = "picked up"                   // an operator works on it; no clock stops
	Told        EventKind = "customer told"               // the reaction clock stops here
	InWriting   EventKind = "report confirmed in writing" //
	Rated       EventKind = "priority changed"            //
	Suspended   EventKind = "suspended"                   //
	Resumed     EventKind = "resumed"                     //
	Visit       EventKind = "visit agreed"                //
	WorkAround  EventKind = "work-around"                 //
	Restored    EventKind = "operational"                 // by the verdict or by a person
	Repaired    EventKind = "repaired"                    // after a work-around: its cause is gone
	Relapsed    EventKind = "reopened on relapse"         // down again within the contract's time
	ReopenedBy  EventKind = "reopened by a person"        // the customer finds that it does not work
	Settled     EventKind = "closed with cause"           //
	Noted       EventKind = "note"                        //
	Warned      EventKind = "80 % of a clock used"        // by the collector
	OverranOnce EventKind = "first overrun"               // by the collector: a deadline passed
	OverranMore EventKind = "second overrun"              // by the collector: another one; at most one such event is made
)

// Party is to whom a cause is attributed.
type Party string

const (
	PartyProvider Party = "provider"
	PartySupplier Party = "supplier"
	PartyCustomer Party = "customer"
	PartyPower    Party = "power"
	PartyLine     Party = "line"
	PartyOutside  Party = "outside control"
)

// Parties lists every party.
func Parties() []Party {
	return []Party{PartyProvider, PartySupplier, PartyCustomer, PartyPower, PartyLine, PartyOutside}
}

// Act is what was said with an event. Each kind uses the fields that its comment names;
// people are named by role or account, never by name.
type Act struct {
	Role     string             `json:"role,omitempty"`          // of who reported (opened) or was told
	Channel  string             `json:"channel,omitempty"`       // of the report, or how the customer was told: telephone, mail, portal
	Contact  bool               `json:"contact,omitempty"`       // opened: the reporter is a contact person of the contract
	Cause    string             `json:"cause,omitempty"`         // suspended, resumed: in the contract's words; closed with cause: what it was
	Ref      string             `json:"reference,omitempty"`     // suspended: of the supplier's ticket
	Check    time.Time          `json:"next_check,omitzero"`     // suspended: when it is looked at again
	Visit    time.Time          `json:"visit_at,omitzero"`       // visit agreed: when somebody will be on site
	Impact   string             `json:"impact,omitempty"`        // opened, priority changed: in the contract's words
	Urgency  string             `json:"urgency,omitempty"`       // the same
	Priority contract.Priority  `json:"priority,omitempty"`      // the same
	To       Party              `json:"attributed_to,omitempty"` // closed with cause
	Evidence []string           `json:"evidence,omitempty"`      // closed with cause: a text, or "NAME sha256:HEX"
	Clock    contract.ClockKind `json:"clock,omitempty"`         // warnings and overruns
	Due      time.Time          `json:"due,omitzero"`            // warnings and overruns: the deadline
	Reason   string             `json:"reason,omitempty"`        // in words; required where the page of the command says so
}

// Counts returns the instant at which an event acts on the clocks. What a person says
// about the past in the provider's favour counts from its recording; what speaks for
// the customer, and what was measured, from when it happened.
func (e Event) Counts() contract.Second {
	switch e.Kind {
	case Told, Suspended, Visit, WorkAround, Repaired:
		if e.Recorded.After(e.At) {
			return contract.Ceil(e.Recorded)
		}
	case Restored:
		if !e.Incident.Restored.IsZero() && e.Recorded.After(e.At) {
			return contract.Ceil(e.Recorded)
		}
	}
	return contract.Floor(e.At)
}

// Desk is where the handling of an incident stands, as its history says.
type Desk struct {
	Stage      Stage
	PickedUp   *Event
	Told       *Event
	WorkAround *Event // since it was last reopened
	Visit      *Event
	Suspended  []Event // that stand, by cause, in order
	Settled    *Event  // the last closing with a cause, unless it was reopened
}

// Stage is one of the steps of handling.
type Stage string

const (
	StageWaiting     Stage = "waiting"     // nobody has picked it up
	StagePickedUp    Stage = "picked up"   // and the customer was not told
	StageTold        Stage = "told"        //
	StageSuspended   Stage = "suspended"   //
	StageWorkAround  Stage = "work-around" // the service works again, the cause is there
	StageOperational Stage = "operational" //
	StageClosed      Stage = "closed"      //
	StageWithdrawn   Stage = "withdrawn"   //
)

// DeskOf folds the history of an incident, in the order of its records.
func DeskOf(i Incident, history []Event) Desk {
	var d Desk
	for n := range history {
		e := &history[n]
		switch e.Kind {
		case PickedUp:
			d.PickedUp = e
		case Told:
			if d.Told == nil {
				d.Told = e
			}
		case Suspended:
			d.Suspended = append(d.Suspended, *e)
		case Resumed:
			d.resume(e.Act.Cause)
		case Visit:
			d.Visit = e
		case WorkAround:
			d.WorkAround = e
		case Reopened, Relapsed, ReopenedBy:
			d.WorkAround, d.Settled = nil, nil
		case Settled:
			d.Settled = e
		}
	}
	d.Stage = d.stage(i)
	return d
}

func (d *Desk) resume(cause string) {
	kept := d.Suspended[:0:0]
	for _, s := range d.Suspended {
		if cause != "" && s.Act.Cause != cause {
			kept = append(kept, s)
		}
	}
	d.Suspended = kept
}

func (d *Desk) stage(i Incident) Stage {
	switch {
	case i.Status == Withdrawn:
		return StageWithdrawn
	case i.Status == Closed:
		return StageClosed
	case i.Status == Operational:
		return StageOperational
	case len(d.Suspended) > 0:
		return StageSuspended
	case d.WorkAround != nil:
		return StageWorkAround
	case d.Told != nil:
		return StageTold
	case d.PickedUp != nil:
		return StagePickedUp
	}
	return StageWaiting
}
