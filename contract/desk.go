// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"
)

// CaseFile is what the service desk knows of one incident: what happened, and what
// was invoiced for the level of service. [CaseFile.Handle] says what follows from it.
type CaseFile struct {
	Versions []Version
	Level    string // of service; empty: that of the terms
	Events   []Event
	Now      Second // what has not happened by then is open
	Invoices []Invoice
	Granted  []Grant // credits of other incidents

	NotInBase   bool // the device is not in the installed base
	NotHardware bool // the fault is no matter of hardware
}

// EventKind names what can happen to an incident.
type EventKind string

const (
	EventReported     EventKind = "reported"     // by the customer, through Channel; Contact says whether by a contact person
	EventConfirmed    EventKind = "confirmed"    // the report, in writing
	EventDetected     EventKind = "detected"     // by the monitoring
	EventRated        EventKind = "rated"        // given Impact and Urgency, or a Priority outright
	EventTold         EventKind = "told"         // the customer was told that it was received; Automatic for an automatic receipt
	EventSuspended    EventKind = "suspended"    // by Cause
	EventResumed      EventKind = "resumed"      // Cause has gone; empty: every cause
	EventVisit        EventKind = "visit agreed" // on site, between provider and customer
	EventWorkAround   EventKind = "work-around"  // the service works again; its cause is still there
	EventOperational  EventKind = "operational"  // the infrastructure is operational again
	EventReopened     EventKind = "reopened"     // it is not, after all
	EventRepaired     EventKind = "repaired"     // the cause is gone
	EventReplaced     EventKind = "replaced"     // the equipment was
	EventPersists     EventKind = "persists"     // the fault is still there
	EventInsufficient EventKind = "insufficient" // the customer finds a fix insufficient
	EventEscalated    EventKind = "escalated"    // by the customer
	EventAttributed   EventKind = "attributed"   // To names who is to blame: provider, or anything else
	EventClaimed      EventKind = "claimed"      // credit, by the customer, in a Form
	EventClosed       EventKind = "closed"       //
)

// Event is one thing that happened to an incident.
type Event struct {
	Kind      EventKind
	At        Second
	Channel   string
	Contact   bool
	Automatic bool
	Cause     string
	Impact    string
	Urgency   string
	Priority  Priority
	To        string
	Form      string
}

// Invoice is what was asked, and paid, for the level of service in a month: not for
// the lease of equipment. Amounts are cents.
type Invoice struct {
	Month    Date // its day does not matter
	Invoiced int64
	Paid     int64
}

// Grant is a credit that was given.
type Grant struct {
	At    Second // of the overrun
	Cents int64
}

// ClockKind names one of an incident's clocks.
type ClockKind string

const (
	ClockReaction   ClockKind = "reaction"   // until the customer is told
	ClockResolution ClockKind = "resolution" // until the service works again
	ClockRepair     ClockKind = "repair"     // after a work-around, until the cause is gone
)

// Timer is one clock of an incident.
type Timer struct {
	Kind     ClockKind
	Priority Priority
	Limit    TimeLimit // as promised; not set where nothing is
	Started  Second
	Target   int64  // seconds of running time
	Deadline Second // meaningless unless Reached
	Reached  bool   // false while a suspension without an end stands in the way
	Stopped  Second // meaningless while Running
	Running  bool
	Used     int64 // running time from Started to Stopped, or to now
	Left     int64 // Target - Used, never below 0
	Exceeded int64 // seconds of elapsed time past the deadline
	Days     int64 // of it, as credit counts them
	Pauses   []Span
	Why      []string // in sentences: what the deadline rests on
}

// Overrun is a deadline that passed.
type Overrun struct {
	Kind ClockKind
	At   Second // the deadline
}

// Handling is what follows from a case file.
type Handling struct {
	Priority Priority
	Level    string
	Timers   []Timer   // those that started, or would run if anything were promised
	Overruns []Overrun // in order of time
	Tier     int       // of escalation, from 1
	Credit   Proposal
	Repair   Repair   // for the share resolved in time
	Flags    []string // what a person should look at, in sentences
}

// Timer returns the clock of a kind.
func (h Handling) Timer(k ClockKind) (Timer, bool) {
	i := slices.IndexFunc(h.Timers, func(t Timer) bool { return t.Kind == k })
	if i < 0 {
		return Timer{}, false
	}
	return h.Timers[i], true
}

// Handle computes what follows from a case file under the version in force when the
// incident began. Events after Now are not known yet.
func (c CaseFile) Handle() Handling {
	d := newDesk(c)
	d.rate()
	d.react()
	d.resolve()
	d.repair()
	d.escalate()
	d.credit()
	d.out.Repair = d.repairTime()
	return d.out
}

// desk works a case file through.
type desk struct {
	file   CaseFile
	events []Event // known by now, in order of time
	terms  Terms
	clocks Calendar
	office Calendar
	out    Handling
}

func newDesk(c CaseFile) *desk {
	d := &desk{file: c}
	for _, e := range c.Events {
		if e.At <= c.Now {
			d.events = append(d.events, e)
		}
	}
	slices.SortStableFunc(d.events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	began := c.Now
	if len(d.events) > 0 {
		began = d.events[0].At
	}
	d.terms = TermsAt(c.Versions, began)
	d.out.Level = c.Level
	if c.Level == "" {
		d.out.Level = d.terms.Support.Level
	}
	d.clocks, d.office = d.terms.ClockCalendar(d.out.Level), d.terms.OfficeCalendar()
	return d
}

// first returns the first event of a kind that fulfils a condition; a nil condition
// holds always.
func (d *desk) first(k EventKind, ok func(Event) bool) (Event, bool) {
	for _, e := range d.events {
		if e.Kind == k && (ok == nil || ok(e)) {
			return e, true
		}
	}
	return Event{}, false
}

// firstAt is first with its instant alone.
func (d *desk) firstAt(k EventKind, ok func(Event) bool) (Second, bool) {
	e, found := d.first(k, ok)
	return e.At, found
}

func (d *desk) flag(sentence string) {
	if !slices.Contains(d.out.Flags, sentence) {
		d.out.Flags = append(d.out.Flags, sentence)
	}
}

// rate finds the priority: the last rating counts, and one that changed is flagged.
func (d *desk) rate() {
	rated := 0
	for _, e := range d.events {
		if e.Kind != EventRated {
			continue
		}
		p, ok := e.Priority, e.Priority != NoPriority
		if !ok {
			p, ok = d.terms.Support.Rate(e.Impact, e.Urgency)
		}
		if !ok {
			d.flag("impact " + e.Impact + " with urgency " + e.Urgency + " has no priority in the contract")
			continue
		}
		if rated++; rated > 1 && p != d.out.Priority {
			d.flag("the priority was changed from " + d.out.Priority.String() + " to " + p.String() + " at " + d.terms.Zone.Format(e.At))
		}
		d.out.Priority = p
	}
}

// target returns what the level promises for the incident's priority.
func (d *desk) target(p Priority) ResponseTarget {
	for _, t := range d.terms.Support.level(d.out.Level).Targets {
		if t.Priority == p {
			return t
		}
	}
	return ResponseTarget{}
}
