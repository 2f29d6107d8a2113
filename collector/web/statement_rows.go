// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// The rows of a statement's tables, every cell in the page's language.

type outageLine struct {
	ISO, Start, End, Subject, SeenBy, Incident, Href, Lasted, Counts string
	Quiet                                                            bool // nothing of it counts
}

type unknownLine struct{ ISO, Start, End, Subject, Reason, Lasted string }

type exclusionLine struct{ What, Detail, When, Devices, Why, Lasted string }

type statementIncident struct {
	ID, Href, Start, End, Devices, SeenBy, Counts string
	Single                                        bool
}

func (m *statementModel) tables(c clock, p paper) {
	subjects := p.Services
	if len(subjects) == 0 {
		subjects = p.Statement.Devices
	}
	m.outages(c, p, subjects)
	m.unknowns(c, subjects)
	if s := p.Short; s.Count > 0 {
		m.Short = fmt.Sprintf("%s: %d, %s %s.", m.T("Short interruptions without an incident"), s.Count, m.T("together"), hms(s.Down))
	}
	for _, e := range firstLines(m, p.Exclusions) {
		m.exclusion(c, e)
	}
	for _, i := range firstLines(m, p.Statement.Incidents) {
		m.incident(c, p.Customer, i)
	}
}

func hms(seconds int64) string { return exact(time.Duration(seconds) * time.Second) }

// start and end are the two ends of a stretch; the second names a day only where it is
// another one.
func (m *statementModel) start(c clock, s statement.Instant) (iso, text string) {
	at := c.stamp(read(s))
	return at.ISO(), m.date(at.t) + at.t.Format(" 15:04:05")
}

func (m *statementModel) end(c clock, from, to statement.Instant) string {
	return m.until(read(from).In(c.loc), read(to).In(c.loc))
}

func (m *statementModel) outages(c clock, p paper, subjects []statement.Subject) {
	all := merge(subjects, func(b statement.Body) []statement.Outage { return b.Outages }, func(o statement.Outage) statement.Instant { return o.From })
	for _, n := range firstLines(m, all) {
		o := n.of
		line := outageLine{Subject: n.name, End: m.end(c, o.From, o.To), SeenBy: names(o.SeenBy), Incident: o.Incident, Lasted: hms(o.Lasted), Counts: hms(o.Counted)}
		line.ISO, line.Start = m.start(c, o.From)
		if o.Counted == 0 {
			line.Quiet, line.Counts = true, m.T("outside window")
			if o.Excluded > 0 {
				line.Counts = m.T("excluded")
			}
		}
		if o.Incident != "" {
			line.Href = incidentHref(p.Customer, o.Incident)
		}
		m.Outages = append(m.Outages, line)
	}
}

func (m *statementModel) unknowns(c clock, subjects []statement.Subject) {
	all := merge(subjects, func(b statement.Body) []statement.Unknown { return b.Unknowns }, func(u statement.Unknown) statement.Instant { return u.From })
	for _, n := range firstLines(m, all) {
		u := n.of
		line := unknownLine{Subject: n.name, End: m.end(c, u.From, u.To), Reason: m.reason(u.Reason), Lasted: hms(u.Seconds)}
		line.ISO, line.Start = m.start(c, u.From)
		if len(u.Blind) > 0 {
			line.Reason = names(u.Blind) + ": " + line.Reason
		}
		m.Unknowns = append(m.Unknowns, line)
	}
}

func (m *statementModel) exclusion(c clock, e statement.Exclusion) {
	_, from := m.start(c, e.From)
	line := exclusionLine{What: m.kind(e.Kind), Detail: e.Reason, When: from + " " + m.T("to") + " " + m.end(c, e.From, e.To), Devices: names(e.Devices)}
	var why []string
	if e.Announced != nil {
		_, at := m.start(c, *e.Announced)
		why = append(why, m.T("announced")+" "+at)
		if before := read(e.From).Sub(read(*e.Announced)); before > 0 {
			why = append(why, spoken(before)+" "+m.T("before"))
		}
	}
	if e.Accepted {
		why = append(why, m.T("accepted"))
	}
	if e.Why != "" {
		why = append(why, m.language().Why(e.Why))
	}
	for _, n := range e.Notes {
		why = append(why, m.language().Note(n))
	}
	line.Why = strings.Join(why, ", ")
	if e.Counted {
		line.Lasted = hms(e.Excluded)
		m.Counted = append(m.Counted, line)
	} else {
		line.Lasted = hms(e.Down)
		m.Claimed = append(m.Claimed, line)
	}
}

func (m *statementModel) incident(c clock, customer vouch.CustomerID, i statement.Incident) {
	line := statementIncident{ID: i.ID, SeenBy: names(i.Witnesses), Counts: hms(i.CountedDown), Single: i.Single, End: m.T("lasts")}
	_, line.Start = m.start(c, i.From)
	if i.To != nil {
		line.End = m.end(c, i.From, *i.To)
	}
	if i.ID != "" {
		line.Href = incidentHref(customer, i.ID)
	}
	var devices []vouch.DeviceID
	for _, d := range i.Devices {
		devices = append(devices, d.Device)
	}
	line.Devices = names(devices)
	m.Incidents = append(m.Incidents, line)
}

// names joins identifiers, at most eight of them.
func names[T ~string](ids []T) string {
	var out []string
	for i, id := range ids {
		if i == 8 {
			out = append(out, fmt.Sprintf("+%d", len(ids)-i))
			break
		}
		out = append(out, string(id))
	}
	return strings.Join(out, " ")
}
