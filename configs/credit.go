// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"

	"github.com/vouch-sla/vouch/contract"
)

// credit reads what an overrun is due. A contract without the key owes nothing.
func credit(v value, s *contract.Support) {
	if v.absent() {
		return
	}
	m := v.mapping()
	defer m.done()
	c := &s.Credit
	c.PerDay = m.need("percent_per_day", "the share for each day, as 10").share("1000", 0)
	c.Base = choice(m.get("base"), c.Base, contract.MonthBefore, contract.MonthOverrun)
	c.Paid = m.get("paid").boolean(c.Paid)
	c.Cap = m.get("cap_percent").share("1000", c.Cap)
	c.CapBase = choice(m.get("cap_base"), c.CapBase, contract.MonthBefore, contract.MonthOverrun)
	c.Days = choice(m.get("days"), c.Days, contract.DaysCommenced, contract.DaysCompleted, contract.DaysWorking, contract.DaysCalendar)
	if counts := m.get("overruns"); !counts.absent() {
		which := choices(counts, "reaction", "resolution")
		c.Reaction, c.Resolution = slices.Contains(which, "reaction"), slices.Contains(which, "resolution")
		if len(counts.list()) == 0 {
			counts.wrong("overruns is empty, needed is reaction, resolution or both")
		}
	}
	c.Attributed = m.get("only_if_attributed").boolean(c.Attributed)
	c.Claim = m.get("claim_within").limit(c.Claim, anyUnit)
	c.Form = m.get("claim_form").text(c.Form)
	for _, e := range m.get("yearly_caps").list() {
		c.YearCaps = append(c.YearCaps, yearCap(e))
	}
	if c.PerDay > 0 && c.Cap == 0 && len(c.YearCaps) == 0 {
		v.warn("the credit has no cap: an overrun that nobody ends costs without bounds, add cap_percent or yearly_caps")
	}
}

// maxEuros bounds a fixed sum.
const maxEuros = 1_000_000_000

// yearCap reads a bound on the credits of twelve months: a share of what was invoiced
// in them, or a fixed sum.
func yearCap(v value) contract.YearCap {
	m := v.mapping()
	defer m.done()
	percent, euros := m.get("percent"), m.get("euros")
	if percent.absent() == euros.absent() && !m.absent() {
		m.wrong("%s needs exactly one of the keys percent and euros", m.key)
	}
	return contract.YearCap{
		Name:  m.get("name").text(""),
		Share: percent.share("1000", 0),
		Cents: 100 * euros.integer(1, maxEuros, 0),
	}
}

// share reads which share of incidents is to be resolved in time, and which count.
func share(v value, s *contract.Support) {
	m := v.mapping()
	defer m.done()
	s.Share.Target = m.get("percent").target(contract.Target{})
	s.Share.All = m.get("of").oneOf("reported", "reported", "all") == "all"
	s.Share.LeaveOut = choices(m.get("leave_out"), contract.Grounds()...)
}

// duties reads what a party owes within a time of an event.
func duties(v value) []contract.Duty {
	var out []contract.Duty
	for _, e := range v.list() {
		m := e.mapping()
		name := m.need("name", "an identifier, as data-breach")
		d := contract.Duty{
			Name:     name.id(),
			Of:       m.get("of").oneOf("provider", "provider", "customer"),
			After:    m.need("after", "the event, in plain words").text(""),
			Within:   m.get("within").limit(contract.TimeLimit{}, anyUnit),
			Evidence: m.get("evidence").boolean(false),
			Contents: m.get("contents").names(),
			Clause:   m.get("clause").text(""),
		}
		m.done()
		if slices.ContainsFunc(out, func(o contract.Duty) bool { return d.Name != "" && o.Name == d.Name }) {
			name.wrong("duty %s is defined twice, allowed is once", d.Name)
		}
		out = append(out, d)
	}
	return out
}

// appointment reads how late an agreed date for work can be called off.
func appointment(m *mapping) contract.Appointment {
	defer m.done()
	return contract.Appointment{
		Cancel:  m.get("cancel").limit(contract.TimeLimit{}, anyUnit),
		Charged: m.get("charged_within").limit(contract.TimeLimit{}, anyUnit),
	}
}

// finality reads when a statement is final, and what weight the provider's measurement
// has.
func finality(m *mapping, t *contract.Terms) {
	defer m.done()
	t.Objection = m.get("objection").limit(t.Objection, longUnits)
	t.FavourAccepted = m.get("favour_accepted").boolean(t.FavourAccepted)
	t.FullEvidence = m.get("full_evidence").boolean(t.FullEvidence)
	t.Keep = m.get("keep_evidence").limit(t.Keep, longUnits)
}
