// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// StepID names a step of the script.
type StepID string

// The steps, in the order in which they begin.
const (
	StepOutage   StepID = "outage"   // silent for everybody
	StepPartial  StepID = "partial"  // silent to one location
	StepPlanned  StepID = "planned"  // silent under a maintenance that was announced before
	StepClaimed  StepID = "claimed"  // silent, and announced only afterwards
	StepSlow     StepID = "slow"     // answers everybody later than agreed
	StepCustomer StepID = "customer" // silent to the customer's own location
	StepUplink   StepID = "uplink"   // one location reaches nothing
)

// Step is one thing that happens, with what must come of it.
type Step struct {
	ID       StepID
	Device   vouch.DeviceID   // what it happens to; empty for all
	Location vouch.LocationID // to whom; empty for all
	From, To time.Duration    // since the beginning of the script

	// The announcement of a maintenance: when it is made, and for what time.
	AnnounceAt, AnnounceFrom, AnnounceTo time.Duration

	What   string // happens, as a clause: "north-router falls silent for everybody"
	Over   string // has ended: "north-router answers again"
	Expect string // must come of it: "an incident must open, and close when it answers again"
}

// down reports whether the step makes its device count as down.
func (s Step) down() bool {
	switch s.ID {
	case StepOutage, StepPlanned, StepClaimed, StepSlow:
		return true
	}
	return false
}

// breaks reports whether an incident must come of it.
func (s Step) breaks() bool { return s.down() && s.ID != StepPlanned }

// announces reports whether a maintenance is announced in it.
func (s Step) announces() bool { return s.ID == StepPlanned || s.ID == StepClaimed }

// Plan returns the script at a pace. What its steps do to verdicts overlaps on
// different devices only; the uplink is cut while no verdict changes, because with one
// of three witnesses gone the other two must agree.
func Plan(p Pace) []Step {
	at := func(tenths int) time.Duration { return p.scale(time.Duration(tenths) * 100 * time.Millisecond) }
	steps := []Step{
		{
			ID: StepOutage, Device: northRouter, From: at(15), To: at(65),
			What:   "north-router falls silent for everybody",
			Over:   "north-router answers again",
			Expect: "an incident must open, and close when it answers again",
		},
		{
			ID: StepPartial, Device: northFirewall, Location: rotterdam, From: at(25), To: at(80),
			What:   "north-firewall stops answering Rotterdam, and Rotterdam alone",
			Over:   "north-firewall answers Rotterdam again",
			Expect: "no incident: one witness is no witness",
		},
		{
			ID: StepPlanned, Device: southRouter, From: at(45), To: at(85),
			AnnounceAt: at(10), AnnounceFrom: at(30), AnnounceTo: at(100),
			What:   "south-router is switched off, in the maintenance that was announced",
			Over:   "south-router is back from its maintenance",
			Expect: "no incident: the announced time does not count",
		},
		{
			ID: StepClaimed, Device: southFirewall, From: at(55), To: at(110),
			AnnounceAt: at(75), AnnounceFrom: at(55), AnnounceTo: at(110),
			What:   "south-firewall falls silent for everybody",
			Over:   "south-firewall answers again",
			Expect: "an incident must open, whatever is claimed afterwards",
		},
		{
			ID: StepSlow, Device: northPhones, From: at(70), To: at(120),
			What:   "north-phones answers everybody, but slower than agreed",
			Over:   "north-phones answers in time again",
			Expect: "an incident must open: too slow counts as down",
		},
		{
			ID: StepCustomer, Device: southPhones, Location: hq, From: at(90), To: at(155),
			What:   "south-phones stops answering the customer's own location",
			Over:   "south-phones answers the customer's own location again",
			Expect: "nothing changes: the contract leaves that location out",
		},
		{
			ID: StepUplink, Location: amsterdam, From: at(140), To: at(175),
			What:   "Amsterdam loses its own uplink: nothing answers it any more",
			Over:   "Amsterdam has its uplink back",
			Expect: "no incident: it must say unknown, not down",
		},
	}
	return steps
}

// ActKind is one of the things that a step does.
type ActKind string

const (
	ActBegin    ActKind = "begin"
	ActEnd      ActKind = "end"
	ActAnnounce ActKind = "announce"
)

// Act is one thing to do at an instant of the script.
type Act struct {
	At   time.Duration
	Kind ActKind
	Step int // index in the plan
}

// Acts returns everything that a plan does, in order.
func Acts(steps []Step) []Act {
	var out []Act
	for i, s := range steps {
		out = append(out, Act{s.From, ActBegin, i}, Act{s.To, ActEnd, i})
		if s.announces() {
			out = append(out, Act{s.AnnounceAt, ActAnnounce, i})
		}
	}
	slices.SortStableFunc(out, func(a, b Act) int { return cmp.Compare(a.At, b.At) })
	return out
}
