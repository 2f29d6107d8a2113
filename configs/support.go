// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// support reads what a contract says about incidents: SLA types, priorities, clocks,
// escalation, credit and the share resolved in time.
func support(m *mapping, t *contract.Terms) {
	s := &t.Support
	levels(m.get("sla_type"), m.get("sla_types"), s)
	matrix(m.get("priority_matrix").mapping(), s)
	detected(m.get("detected").mapping(), s)
	clocks(m.get("clocks").mapping(), s)
	escalation(m.get("escalation").mapping(), s)
	credit(m.get("credit"), s)
	share(m.get("resolved_in_time"), s)
}

// levels reads the SLA types and which of them was agreed.
func levels(chosen, all value, s *contract.Support) {
	var names []string
	for _, e := range all.list() {
		m := e.mapping()
		name := m.need("name", "the name of the SLA type, as 3 or gold")
		l := contract.Level{Name: name.name(), Targets: targets(m.need("targets", "a mapping of P1 to P4"))}
		w := m.get("windows").mapping()
		l.Clocks, l.Reporting = hours(w.get("clocks")), hours(w.get("reporting"))
		w.done()
		m.done()
		switch {
		case l.Name == "":
		case slices.Contains(names, l.Name):
			name.wrong("SLA type %s is defined twice, allowed is once", show(l.Name))
		default:
			names = append(names, l.Name)
		}
		s.Levels = append(s.Levels, l)
	}
	if !all.absent() && len(s.Levels) == 0 {
		all.wrong("sla_types has no entry, leave the key out where no times were agreed")
	}
	s.Level = chosen.name()
	switch {
	case len(names) == 0:
		if !chosen.absent() && all.absent() {
			chosen.wrong("sla_type %s is chosen and the key sla_types is missing, needed is the list that it is chosen from", show(s.Level))
		}
	case chosen.absent() && len(names) == 1:
		s.Level = names[0]
	case chosen.absent():
		all.wrong("sla_types lists %d types and the key sla_type is missing, needed is the one that was agreed", len(names))
	case s.Level != "" && !slices.Contains(names, s.Level):
		hint := ""
		if near := nearest(s.Level, names); near != "" {
			hint = " did you mean " + near + "?"
		}
		chosen.wrong("there is no SLA type %s,%s allowed are %s", show(s.Level), hint, some(names))
	}
}

// priorities are those that a target or a way of reporting may have.
var priorities = []contract.Priority{contract.P1, contract.P2, contract.P3, contract.P4}

// targets reads reaction and resolution times by priority; all stands for each that is
// not listed itself.
func targets(v value) []contract.ResponseTarget {
	m := v.mapping()
	defer m.done()
	var out []contract.ResponseTarget
	rest := m.get("all")
	for _, p := range priorities {
		e := m.get(p.String())
		if e.absent() {
			e = rest
		}
		if e.absent() {
			continue
		}
		times := e.mapping()
		out = append(out, contract.ResponseTarget{
			Priority:   p,
			Reaction:   times.get("reaction").limit(contract.TimeLimit{}, runningUnits),
			Resolution: times.get("resolution").limit(contract.TimeLimit{}, runningUnits),
		})
		times.done()
	}
	return out
}

// matrix reads the priorities by impact and urgency, in the contract's own words.
func matrix(m *mapping, s *contract.Support) {
	for _, impact := range m.entries {
		row := m.get(impact.name).mapping()
		for _, urgency := range row.entries {
			if p := row.get(urgency.name).priority(contract.NoPriority); p != contract.NoPriority {
				s.Matrix = append(s.Matrix, contract.Rating{Impact: impact.name, Urgency: urgency.name, Priority: p})
			}
		}
	}
}

// detected reads what an outage that the monitoring finds is taken for, by class of
// device; all stands for each class that is not listed itself.
func detected(m *mapping, s *contract.Support) {
	defer m.done()
	var impacts, urgencies []string
	for _, r := range s.Matrix {
		impacts, urgencies = append(impacts, r.Impact), append(urgencies, r.Urgency)
	}
	read := func(key string, class vouch.Class) {
		v := m.get(key)
		if v.absent() {
			return
		}
		if len(s.Matrix) == 0 {
			v.wrong("detected rates outages and the key priority_matrix is missing, needed are the words that it rates with")
			return
		}
		r := v.mapping()
		s.Detected = append(s.Detected, contract.Detection{
			Class:  class,
			Impact: r.need("impact", "one of priority_matrix").oneOf("", impacts...), Urgency: r.need("urgency", "one of priority_matrix").oneOf("", urgencies...),
		})
		r.done()
	}
	for _, c := range vouch.Classes() {
		read(string(c), c)
	}
	read("all", "")
}

func clocks(m *mapping, s *contract.Support) {
	defer m.done()
	s.Day = choice(m.get("day"), s.Day, contract.Day24Hours, contract.DayWindow, contract.DayService, contract.DayCalendar)
	reaction := m.get("reaction").mapping()
	s.Reaction.Starts = choice(reaction.get("starts"), s.Reaction.Starts, contract.StartEarlier, contract.StartReport, contract.StartDetection)
	s.Reaction.Receipt = reaction.get("automatic_receipt").boolean(s.Reaction.Receipt)
	reaction.done()
	s.Reports = reports(m.get("reports").mapping())
	s.Contacts = m.get("contact_persons_only").boolean(s.Contacts)
	if e := m.get("after_workaround"); !e.absent() {
		p, err := contract.ParsePriority(none(e.oneOf(s.WorkAround.String(), "none", "P1", "P2", "P3", "P4")))
		if err == nil {
			s.WorkAround = p
		}
	}
	s.Relapse = m.get("relapse").limit(s.Relapse, anyUnit)
	s.Visit = m.get("visit_on_site").boolean(s.Visit)
	if e := m.get("suspended_by"); !e.absent() {
		s.Suspends = suspensions(e.mapping())
	}
	s.Replaced = m.get("replaced_outside").boolean(s.Replaced)
	s.BaseOnly = m.get("installed_base_only").boolean(s.BaseOnly)
}

// reports reads how each priority is reported.
func reports(m *mapping) []contract.ReportRule {
	defer m.done()
	var out []contract.ReportRule
	for _, p := range priorities {
		e := m.get(p.String())
		if e.absent() {
			continue
		}
		r := e.mapping()
		rule := contract.ReportRule{Priority: p, Channels: r.need("channels", "a list, as [telephone, mail]").names()}
		for _, c := range r.get("confirm_in_writing").list() {
			name := c.oneOf("", rule.Channels...)
			if name != "" {
				rule.Confirm = append(rule.Confirm, name)
			}
		}
		r.done()
		out = append(out, rule)
	}
	return out
}

// suspensions reads the causes that stop a clock; {} for none.
func suspensions(m *mapping) []contract.SuspendRule {
	defer m.done()
	out := []contract.SuspendRule{}
	for _, e := range m.entries {
		v := m.get(e.name)
		if v.absent() {
			continue
		}
		r := v.mapping()
		which := r.get("clocks")
		stopped := choices(which, "reaction", "resolution")
		if which.absent() {
			stopped = []string{"resolution"}
		} else if len(which.list()) == 0 {
			which.wrong("clocks is empty, needed is reaction, resolution or both")
		}
		out = append(out, contract.SuspendRule{
			Cause:      e.name,
			Reaction:   slices.Contains(stopped, "reaction"),
			Resolution: slices.Contains(stopped, "resolution"),
			Until:      choice(r.get("until"), contract.UntilWorkingDay, contract.UntilInstant, contract.UntilEndOfDay, contract.UntilWorkingDay),
		})
		r.done()
	}
	return out
}

func escalation(m *mapping, s *contract.Support) {
	defer m.done()
	e := &s.Escalation
	e.By = choice(m.get("by"), e.By, contract.EscalateAutomatic, contract.EscalateCustomer)
	e.Tiers = int(m.get("tiers").integer(1, 9, int64(e.Tiers)))
	e.Insufficient = m.get("insufficient_fix").boolean(e.Insufficient)
}
