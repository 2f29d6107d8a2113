// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// The schemas of worked examples.
const (
	SchemaCase  = "vouch-case/1"
	SchemaClock = "vouch-clock/1"
)

// Example is one worked example: exactly one of the two is set.
type Example struct {
	Case  *Case
	Clock *ClockCase
}

// Case is an example of availability, schema vouch-case/1.
type Case struct {
	ID, Title  string
	Period     Span
	Terms      Terms // without voters: those are each device's own locations
	Agents     []CaseAgent
	Devices    map[vouch.DeviceID][]CaseAgent // instead of Agents, with a Service
	Service    vouch.Node
	Exclusions []Exclusion
}

// CaseAgent is an agent whose states are given outright.
type CaseAgent struct {
	ID        vouch.AgentID
	Location  vouch.LocationID
	Custody   vouch.Custody
	Default   State // where no interval says otherwise
	Intervals []CaseInterval
}

// CaseInterval is a state of an agent. Degraded counts as down in cases. Where
// intervals of one agent overlap, they are heard like several checks: up if any is
// up, else down if any is down, else unknown.
type CaseInterval struct {
	Span
	State    State
	Degraded bool // with State Up
}

// ClockCase is an example of a clock and credit, schema vouch-clock/1.
type ClockCase struct {
	ID, Title string
	Clock     Clock
}

// Zones finds a time zone by its IANA name. The caller knows where zones are kept.
type Zones func(name string) (*time.Location, error)

// DecodeExamples reads one example or a list of them; list tells which. A missing
// schema means the given one. Any key that the schema does not name is a mistake,
// except expected, which is ignored. The error holds every mistake found, each a
// [Mistake].
func DecodeExamples(r io.Reader, schema string, zones Zones) (examples []Example, list bool, err error) {
	root, err := parseTree(r)
	if err != nil {
		return nil, false, Mistake{Problem: err.Error()}
	}
	m := &mistakes{}
	if root.kind != '[' {
		examples = []Example{m.example(root, "", schema, zones)}
	} else {
		list = true
		for i, n := range root.items {
			examples = append(examples, m.example(n, fmt.Sprintf("[%d]", i), schema, zones))
		}
	}
	if err := errors.Join(m.list...); err != nil {
		return nil, list, err
	}
	return examples, list, nil
}

func (m *mistakes) example(n *node, path, schema string, zones Zones) Example {
	o := m.object(n, path)
	if s := o.oneOf("schema", false, SchemaCase, SchemaClock); s != "" {
		schema = s
	}
	if schema == SchemaClock {
		return Example{Clock: o.clockCase(zones)}
	}
	return Example{Case: o.availabilityCase(zones)}
}

func (o *object) availabilityCase(zones Zones) *Case {
	c := &Case{Terms: Terms{Degraded: EffectDown, LeaveOutCustomer: true, Unknown: UnknownNeutral, Exclusions: []ExclusionRule{
		{Kind: Maintenance, Announced: NoticeBefore}, {Kind: OutsideControl, Accepted: AcceptedProvider}}}}
	c.ID, c.Title = o.text("id", true), o.text("title", false)
	o.calendar(&c.Terms, zones)
	c.Period = o.period()
	c.Terms.Quorum = o.quorum()
	if n, path := o.take("incident", true); n != nil {
		i := o.object(n, path)
		c.Terms.Confirm = time.Duration(i.integer("confirm_s", 0, 1e9)) * time.Second
		c.Terms.Clear = time.Duration(i.integer("clear_s", 0, 1e9)) * time.Second
		i.done()
	}
	o.subjects(c)
	o.exclusions(c)
	o.done("expected")
	return c
}

func (o *object) period() Span {
	n, path := o.take("period", true)
	if n == nil {
		return Span{}
	}
	if n.kind != '[' || len(n.items) != 2 {
		o.add(path, "a list of two instants, [from, to], is needed")
		return Span{}
	}
	s := Span{o.stamp(n.items[0], path+"[0]"), o.stamp(n.items[1], path+"[1]")}
	if s.To < s.From {
		o.add(path, "it ends before it begins")
	}
	return s
}

func (o *object) quorum() Quorum {
	n, path := o.take("quorum", true)
	switch {
	case n == nil:
		return Quorum{}
	case n.kind != '{':
		return Quorum{ReachableFrom, int(o.number(n, path, 1, math.MaxInt32))}
	}
	q := o.object(n, path)
	out := Quorum{
		Rule: Rule(q.oneOf("rule", true, string(ReachableFrom), string(UnreachableFrom), string(TwoSided))),
		Q:    int(q.integer("q", 1, math.MaxInt32)),
	}
	q.done()
	return out
}

func (o *object) exclusions(c *Case) {
	ids := map[string]bool{}
	o.list("maintenance", false, func(n *node, path string) {
		e := o.object(n, path)
		x := Exclusion{ID: e.unique("id", ids), Kind: Maintenance, Span: e.span(), AnnouncedAt: e.instant("announced_at", true)}
		if x.AnnouncedAt == 0 {
			x.AnnouncedAt = -1 // zero stands for never; at the epoch itself nothing else changes
		}
		e.done()
		c.Exclusions = append(c.Exclusions, x)
	})
	ids = map[string]bool{}
	o.list("outside_control", false, func(n *node, path string) {
		e := o.object(n, path)
		c.Exclusions = append(c.Exclusions, Exclusion{ID: e.unique("id", ids), Kind: OutsideControl, Span: e.span(),
			Reason: e.text("cause", false), RecordedAt: e.instant("recorded_at", false), Accepted: e.boolean("accepted")})
		e.done()
	})
}

// unique reads an identifier that no other of its list may have.
func (o *object) unique(key string, seen map[string]bool) string {
	id := o.text(key, true)
	if id != "" && seen[id] {
		o.add(join2(o.path, key), "%q stands here twice", id)
	}
	seen[id] = true
	return id
}

// span reads from and to.
func (o *object) span() Span {
	before := len(o.mistakes.list)
	s := Span{o.instant("from", true), o.instant("to", true)}
	if s.To < s.From && len(o.mistakes.list) == before {
		o.add(join2(o.path, "to"), "it lies before from")
	}
	return s
}

func (o *object) instant(key string, required bool) Second {
	n, path := o.take(key, required)
	if n == nil {
		return 0
	}
	return o.stamp(n, path)
}

// stamp reads an instant: RFC 3339 with its offset, in whole seconds.
func (m *mistakes) stamp(n *node, path string) Second {
	s, _ := n.value.(string)
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil || !slices.Contains([]int{len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05+00:00")}, len(s)) && t.Nanosecond() == 0:
		m.add(path, "%s is no instant; RFC 3339 with its offset is needed, such as 2026-06-09T10:00:00+02:00", n.describe())
	case t.Nanosecond() != 0:
		m.add(path, "%s has a fraction of a second; time is counted in whole seconds", n.describe())
	}
	return Floor(t)
}
