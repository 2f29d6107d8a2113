// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// Difference is one thing that was measured otherwise than it was done.
type Difference struct {
	Step StepID // empty where it belongs to none
	Text string
}

// Comparison is what came of a comparison. Of every step it says what was found.
type Comparison struct {
	Differences []Difference
	Found       map[StepID]string // in words
	Seen        map[StepID]string // what a single location said, where it matters

	e    Expected
	f    Found
	used map[string]bool // incidents that belong to a step
}

// Compare holds what was measured against what was done: for each device its outages
// edge by edge, its excluded seconds and that nothing else is wrong with it; the set
// of incidents; and what became of the announcements.
func Compare(e Expected, f Found) Comparison {
	c := Comparison{Found: map[StepID]string{}, Seen: map[StepID]string{}, e: e, f: f, used: map[string]bool{}}
	if f.Statement.Pending > 0 {
		c.differ("", "the statement ends %d s before the script did", f.Statement.Pending)
	}
	for _, d := range devices() {
		c.device(d.ID)
	}
	for _, s := range e.Effects {
		c.incident(s)
		c.claim(s)
		c.witnesses(s)
	}
	c.strangers()
	for _, s := range e.Effects {
		c.tell(s)
	}
	return c
}

func (c *Comparison) differ(step StepID, format string, args ...any) {
	c.Differences = append(c.Differences, Difference{step, fmt.Sprintf(format, args...)})
}

// near reports whether a measured edge is where the script made it.
func (c *Comparison) near(found, done time.Time) bool {
	return found.Sub(done).Abs() <= c.e.Tolerance
}

func (c *Comparison) subject(id vouch.DeviceID) (Subject, bool) {
	i := slices.IndexFunc(c.f.Statement.Devices, func(s Subject) bool { return s.ID == id })
	if i < 0 {
		return Subject{}, false
	}
	return c.f.Statement.Devices[i], true
}

// stepOf names the step that a device belongs to.
func (c *Comparison) stepOf(id vouch.DeviceID) StepID {
	for _, s := range c.e.Effects {
		if s.Device == id {
			return s.Step
		}
	}
	return ""
}

func (c *Comparison) device(id vouch.DeviceID) {
	step := c.stepOf(id)
	s, ok := c.subject(id)
	if !ok {
		c.differ(step, "%s does not stand in the statement", id)
		return
	}
	if want := int64(c.e.Period.To.Sub(c.e.Period.From) / time.Second); s.Agreed != want {
		c.differ(step, "%s: %d s of agreed time instead of %d s", id, s.Agreed, want)
	}
	if want := c.e.excluded(id); s.Excluded != want {
		c.differ(step, "%s: %d s excluded instead of %d s", id, s.Excluded, want)
	}
	for _, u := range s.Unknowns {
		c.differ(step, "%s: unknown (%s) from %s to %s, and should never be", id, u.Reason, clock(u.From), clock(u.To))
	}
	if s.Unknown > 0 && len(s.Unknowns) == 0 {
		c.differ(step, "%s: %d s unknown, and should never be", id, s.Unknown)
	}
	c.outages(s, c.e.downs(id))
}

// outages holds the outages of a device against those that the script made, in order.
func (c *Comparison) outages(s Subject, want []Effect) {
	var counted int64
	for i, o := range s.Outages {
		counted += o.Counted
		switch {
		case i >= len(want):
			c.differ(c.stepOf(s.ID), "%s: down from %s to %s, and should be up", s.ID, clock(o.From), clock(o.To))
		case !c.near(o.From, want[i].Happened.From) || !c.near(o.To, want[i].Happened.To):
			c.differ(want[i].Step, "%s: down from %s to %s; the script says %s to %s, give or take %v",
				s.ID, clock(o.From), clock(o.To), fine(want[i].Happened.From), fine(want[i].Happened.To), c.e.Tolerance)
		case want[i].Counts && o.Counted > 0:
			c.differ(want[i].Step, "%s: %d s of its outage count, and its maintenance covers all of it", s.ID, o.Counted)
		}
	}
	for _, w := range want[min(len(s.Outages), len(want)):] {
		c.differ(w.Step, "%s: no outage was measured; the script made one from %s to %s", s.ID, fine(w.Happened.From), fine(w.Happened.To))
	}
	if counted != s.Down {
		c.differ(c.stepOf(s.ID), "%s: %d s down, but its outages make %d s", s.ID, s.Down, counted)
	}
}

// incident looks for the incident of a step.
func (c *Comparison) incident(s Effect) {
	if !s.Incident {
		return
	}
	i, ok := c.incidentOf(s)
	if !ok {
		c.differ(s.Step, "no incident of %s from %s to %s", s.Device, fine(s.Happened.From), fine(s.Happened.To))
		return
	}
	c.used[string(i.ID)] = true
	switch {
	case i.To == nil:
		c.differ(s.Step, "%s is still open", i.ID)
	case !c.near(i.From, s.Happened.From) || !c.near(*i.To, s.Happened.To):
		c.differ(s.Step, "%s lasted from %s to %s; the script says %s to %s, give or take %v",
			i.ID, clock(i.From), clock(*i.To), fine(s.Happened.From), fine(s.Happened.To), c.e.Tolerance)
	}
	for _, w := range i.Witnesses {
		if slices.ContainsFunc(places(), func(p place) bool { return p.ID == w && !p.votes() }) {
			c.differ(s.Step, "%s rests on %s, which does not vote", i.ID, title(w))
		}
	}
	if sub, ok := c.subject(s.Device); ok && i.Counted != sub.Down {
		c.differ(s.Step, "%s counts %d s, the statement %d s of the same device", i.ID, i.Counted, sub.Down)
	}
}

// incidentOf returns the incident that a step brought about: of its device and no
// other, overlapping the time in which it happened.
func (c *Comparison) incidentOf(s Effect) (admin.Incident, bool) {
	for _, i := range c.f.Incidents {
		ended := i.To != nil && i.To.Before(s.Happened.From.Add(-c.e.Tolerance))
		if slices.Equal(i.Devices, []vouch.DeviceID{s.Device}) && !ended && i.From.Before(s.Happened.To.Add(c.e.Tolerance)) && !c.used[string(i.ID)] {
			return i, true
		}
	}
	return admin.Incident{}, false
}

// claim looks at what became of the announcement of a step.
func (c *Comparison) claim(s Effect) {
	if s.Claim == "" {
		return
	}
	i := slices.IndexFunc(c.f.Statement.Exclusions, func(x Exclusion) bool { return x.ID == s.Claim })
	switch {
	case i < 0:
		c.differ(s.Step, "the announcement %s does not stand in the statement", s.Claim)
	case c.f.Statement.Exclusions[i].Counted != s.Counts:
		c.differ(s.Step, "the announcement %s counted: %t; the contract says %t", s.Claim, !s.Counts, s.Counts)
	case !s.Counts && c.f.Statement.Exclusions[i].Why == "":
		c.differ(s.Step, "the statement does not say why the announcement %s did not count", s.Claim)
	}
}

// strangers reports incidents and exclusions that no step asked for, and a list of
// incidents that is not that of the statement.
func (c *Comparison) strangers() {
	listed := map[string]bool{}
	for _, i := range c.f.Statement.Incidents {
		listed[i.ID] = true
	}
	for _, i := range c.f.Incidents {
		id := string(i.ID)
		if !c.used[id] {
			c.differ("", "%s of %s, from %s, is of no step (%s)", id, joined(i.Devices), clock(i.From), i.Status)
		} else if !listed[id] {
			c.differ("", "%s does not stand in the statement", id)
		}
		delete(listed, id)
	}
	for id := range listed {
		c.differ("", "the statement has an incident %q that is not in the list of incidents", id)
	}
	for _, x := range c.f.Statement.Exclusions {
		if !slices.ContainsFunc(c.e.Effects, func(s Effect) bool { return s.Claim == x.ID }) {
			c.differ("", "the exclusion %s is of no step", x.ID)
		}
	}
}

// tell says in words what was found of a step.
func (c *Comparison) tell(s Effect) {
	sub, _ := c.subject(s.Device)
	text := "no incident"
	for _, i := range c.f.Incidents {
		if slices.Contains(i.Devices, s.Device) {
			text = string(i.ID)
			if i.To != nil {
				text += fmt.Sprintf(", %s - %s", clock(i.From), clock(*i.To))
			}
		}
	}
	switch {
	case s.Device == "" && len(c.f.Incidents) > len(c.used):
		text = fmt.Sprintf("%d incidents of no step", len(c.f.Incidents)-len(c.used))
	case s.Counts:
		var under int64
		for _, o := range sub.Outages {
			under += int64(o.To.Sub(o.From)/time.Second) - o.Counted
		}
		text += fmt.Sprintf("; %d s excluded as %s, down for %d s of it; %d s down counted", sub.Excluded, s.Claim, under, sub.Down)
	case s.Claim != "":
		text += fmt.Sprintf(", %d s down; %s %s", sub.Down, s.Claim, c.fate(s.Claim))
	case s.Device != "":
		text += fmt.Sprintf(", %d s down", sub.Down)
	}
	if seen := c.Seen[s.Step]; seen != "" {
		text += "; " + seen
	}
	c.Found[s.Step] = text
}

// fate says what became of an announcement.
func (c *Comparison) fate(id string) string {
	for _, x := range c.f.Statement.Exclusions {
		switch {
		case x.ID != id:
		case x.Counted:
			return "counted"
		default:
			return "did not count: " + x.Why
		}
	}
	return "was not found"
}

// fine prints the time of day in the contract's zone to a tenth of a second.
func fine(t time.Time) string { return t.In(zone()).Format("15:04:05.0") }
