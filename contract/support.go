// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"

	"github.com/vouch-sla/vouch"
)

// Support is what a contract says about incidents: priorities, clocks, escalation and
// credit. The zero value promises nothing.
type Support struct {
	Level  string   `json:"level"` // that holds unless an incident's subject has one of its own
	Levels []Level  `json:"levels"`
	Matrix []Rating `json:"matrix"` // impact x urgency; a pair that is not listed has no priority
	// Detected rates what the monitoring opens by the class of the device that is down;
	// what is not listed waits for a person to rate it.
	Detected []Detection `json:"detected,omitempty"`

	Day        DayMeaning    `json:"day"` // what a day of a target is
	Reaction   ReactionRule  `json:"reaction"`
	Reports    []ReportRule  `json:"reports"`     // how each priority is reported; one without a rule in any way
	Contacts   bool          `json:"contacts"`    // only a contact person's report starts a clock
	WorkAround Priority      `json:"work_around"` // of what is left once the service works again; 0: nothing is left
	Visit      bool          `json:"visit"`       // a visit on site agreed with the customer extends the resolution time
	Suspends   []SuspendRule `json:"suspends"`    // causes that stop clocks; one without a rule stops none
	Replaced   bool          `json:"replaced"`    // a fault that persists after replacement is outside the repair time
	BaseOnly   bool          `json:"base_only"`   // only devices in the installed base have a repair time
	Escalation Escalation    `json:"escalation"`  //
	Credit     CreditRule    `json:"credit"`      //
	Share      ShareRule     `json:"share"`       // of incidents resolved in time
	// Relapse is how long after a service works again another outage of the same device
	// reopens its incident. Not set: every outage is an incident of its own.
	Relapse TimeLimit `json:"relapse,omitzero"`
}

// Detection is what an outage of a device of a class is taken for until a person says
// otherwise, in the contract's words.
type Detection struct {
	Class   vouch.Class `json:"class"` // empty: of every class that has no entry of its own
	Impact  string      `json:"impact"`
	Urgency string      `json:"urgency"`
}

// Level is one level of service, such as an SLA type.
type Level struct {
	Name      string           `json:"name"`
	Clocks    Hours            `json:"clocks"`    // without windows: those of the terms
	Reporting Hours            `json:"reporting"` // without windows: those of the terms
	Targets   []ResponseTarget `json:"targets"`
}

// ResponseTarget is what a level promises for a priority. A limit that is not set is
// not promised. Units are minutes, hours, days and weeks; minutes and hours run in the
// clocks' window, a day is what the terms say, a week seven days or, where a day is a
// service day, as many as a week has service days.
type ResponseTarget struct {
	Priority   Priority  `json:"priority"`
	Reaction   TimeLimit `json:"reaction"`
	Resolution TimeLimit `json:"resolution"`
}

// Priority is the urgency in which incidents are handled, 1 the highest. 0 is none.
type Priority uint8

const (
	NoPriority Priority = iota
	P1                  // critical
	P2                  // important
	P3                  // medium
	P4                  // small
)

// String returns "P1" to "P4", and the empty string for none.
func (p Priority) String() string {
	if p == NoPriority {
		return ""
	}
	return fmt.Sprintf("P%d", uint8(p))
}

// ParsePriority is the inverse of [Priority.String].
func ParsePriority(s string) (Priority, error) {
	for p := NoPriority; p <= P4; p++ {
		if p.String() == s {
			return p, nil
		}
	}
	return NoPriority, fmt.Errorf("priority %q: allowed are P1, P2, P3 and P4", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Priority) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePriority(string(b))
	return err
}

// Rating gives a pair of impact and urgency its priority. The words are the
// contract's, such as "all staff" and "blocking".
type Rating struct {
	Impact   string   `json:"impact"`
	Urgency  string   `json:"urgency"`
	Priority Priority `json:"priority"`
}

// DayMeaning says what a day of a target is.
type DayMeaning string

const (
	Day24Hours  DayMeaning = "24h"         // 24 hours of running time
	DayWindow   DayMeaning = "window"      // one full window: the service time of a service day, from the one it starts in
	DayService  DayMeaning = "service_day" // until the end of the next service day
	DayCalendar DayMeaning = "calendar"    // until the end of the next date, the clock running around the clock
)

// ReactionRule says when the reaction time starts and what stops it.
type ReactionRule struct {
	Starts  ReactionStart `json:"starts"`
	Receipt bool          `json:"receipt"` // an automatic receipt counts as telling the customer
}

// ReactionStart says what starts the reaction time.
type ReactionStart string

const (
	StartEarlier   ReactionStart = "earlier" // report or detection, whichever came first
	StartReport    ReactionStart = "report"
	StartDetection ReactionStart = "detection"
)

// ReportRule says how an incident of a priority is reported.
type ReportRule struct {
	Priority Priority `json:"priority"`
	Channels []string `json:"channels"` // such as "telephone", "mail", "portal"; a report by another starts no clock
	// Confirm lists the channels whose reports are confirmed in writing afterwards. A
	// report that is not confirmed counts, and is flagged.
	Confirm []string `json:"confirm"`
}

// SuspendRule says which clocks a cause stops, and until when.
type SuspendRule struct {
	Cause      string       `json:"cause"` // such as "supplier"
	Reaction   bool         `json:"reaction"`
	Resolution bool         `json:"resolution"`
	Until      SuspendUntil `json:"until"`
}

// SuspendUntil says until when a clock stands still once the cause has gone.
type SuspendUntil string

const (
	UntilInstant    SuspendUntil = "instant"
	UntilEndOfDay   SuspendUntil = "end_of_day"         // the end of that date
	UntilWorkingDay SuspendUntil = "end_of_working_day" // the end of that date or, where it is no working day, of the next one
)

// Escalation says how an incident rises through the tiers: from tier 1 by one at each
// overrun.
type Escalation struct {
	By           EscalationBy `json:"by"`
	Tiers        int          `json:"tiers"`        // highest tier
	Insufficient bool         `json:"insufficient"` // a fix that the customer finds insufficient counts like an overrun
}

// EscalationBy says who escalates.
type EscalationBy string

const (
	EscalateAutomatic EscalationBy = "automatic"
	EscalateCustomer  EscalationBy = "customer" // may, once for each overrun
)

// CreditRule says what an overrun is due.
type CreditRule struct {
	PerDay     Share     `json:"per_day"` // of the base for each day; 0: no credit
	Base       FeeMonth  `json:"base"`
	Paid       bool      `json:"paid"`       // the base is what was invoiced and paid, not what was invoiced
	Cap        Share     `json:"cap"`        // for one overrun, of the cap's base; 0 for no cap
	CapBase    FeeMonth  `json:"cap_base"`   //
	YearCaps   []YearCap `json:"year_caps"`  // all of them hold
	Days       DayCount  `json:"days"`       //
	Reaction   bool      `json:"reaction"`   // overruns of the reaction time count
	Resolution bool      `json:"resolution"` // overruns of the resolution time count
	Attributed bool      `json:"attributed"` // only where solely the provider is to blame
	Claim      TimeLimit `json:"claim"`      // after the first overrun of the incident; not set: no claim is needed
	Form       string    `json:"form"`       // of the claim, such as "registered letter"; empty for any
}

// FeeMonth says which month's sum a share is taken of.
type FeeMonth string

const (
	MonthBefore  FeeMonth = "month_before"     // the month before the one in which the target was overrun
	MonthOverrun FeeMonth = "month_of_overrun" //
)

// YearCap bounds all credits of the twelve months up to an overrun, it included.
type YearCap struct {
	Name  string `json:"name"`
	Share Share  `json:"share"` // of the sums invoiced in those twelve months; 0: the fixed sum instead
	Cents int64  `json:"cents"`
}

// ShareRule says which share of incidents is to be resolved in time, and which count.
type ShareRule struct {
	Target   Target   `json:"target"`
	All      bool     `json:"all"` // the agreed figure is over all incidents, not only those reported
	LeaveOut []Ground `json:"leave_out"`
}

// Ground is a reason for which an incident is left out of the share resolved in time.
type Ground string

const (
	GroundOutsideWindow    Ground = "outside-window"    // it began and ended outside the clocks' window
	GroundSelfHealed       Ground = "self-healed"       // operational again before anything was done
	GroundNotHardware      Ground = "not-hardware"      //
	GroundOutsideEquipment Ground = "outside-equipment" // the fault lies outside it, or persisted after replacement
	GroundNotInBase        Ground = "not-in-base"       // not in the installed base
	GroundNoTarget         Ground = "no-target"         // no repair time was promised for it
)

// Grounds lists every ground.
func Grounds() []Ground {
	return []Ground{GroundOutsideWindow, GroundSelfHealed, GroundNotHardware, GroundOutsideEquipment, GroundNotInBase, GroundNoTarget}
}

// Duty is something that a party owes within a time limit of an event, such as the
// notice of a personal-data breach within 48 hours of its discovery.
type Duty struct {
	Name     string    `json:"name"`
	Of       string    `json:"of"`       // provider or customer
	After    string    `json:"after"`    // the event, in plain words
	Within   TimeLimit `json:"within"`   // not set: as soon as possible
	Evidence bool      `json:"evidence"` // with the supporting evidence
	Contents []string  `json:"contents"` // what it must hold
	Clause   string    `json:"clause"`
}

// Appointment says how late an agreed date for work can be called off.
type Appointment struct {
	Cancel  TimeLimit `json:"cancel"`  // at the latest this long ahead
	Charged TimeLimit `json:"charged"` // within this long of it costs are charged
}

// level returns the level of a name, the terms' own where the name is empty.
func (s Support) level(name string) Level {
	if name == "" {
		name = s.Level
	}
	for _, l := range s.Levels {
		if l.Name == name {
			return l
		}
	}
	return Level{}
}

// Detect returns what an outage of a device of a class is taken for; false where a
// person must rate it.
func (s Support) Detect(class vouch.Class) (d Detection, p Priority, ok bool) {
	for _, of := range []vouch.Class{class, ""} {
		for _, d := range s.Detected {
			if d.Class == of {
				p, ok := s.Rate(d.Impact, d.Urgency)
				return d, p, ok
			}
		}
	}
	return Detection{}, NoPriority, false
}

// Rate returns the priority of an incident by its impact and urgency.
func (s Support) Rate(impact, urgency string) (Priority, bool) {
	for _, r := range s.Matrix {
		if r.Impact == impact && r.Urgency == urgency {
			return r.Priority, true
		}
	}
	return NoPriority, false
}
