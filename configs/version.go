// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// placedVersion keeps the places that the cross-check speaks of.
type placedVersion struct {
	at     value
	quorum value
	voters []value
}

type placedTarget struct {
	contract vouch.ContractID
	service  vouch.ServiceID
	at       value
}

var digest = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)

// contract reads one contract; at is the place that names the file.
func (l *loader) contract(name string, at value) Contract {
	m := l.open(name, at, symContract)
	defer m.done()
	id, document := m.need("id", "an identifier, as gold"), m.get("document")
	c := Contract{ID: vouch.ContractID(id.id())}
	l.symbols.define(symContract, "", string(c.ID), id)
	if s, ok := document.rawText(); ok {
		hash := digest.FindStringSubmatch(s)
		if hash == nil {
			document.wrong("document %s is no hash, allowed is sha256: and 64 digits of lower-case hexadecimal, as sha256sum prints", show(s))
		} else {
			c.Document = hash[1]
		}
	}
	versions := m.need("versions", "a list with at least one version")
	list := versions.list()
	if !versions.absent() && len(list) == 0 {
		versions.wrong("versions has no entry, needed is at least one version")
	}
	for _, v := range list {
		before := c.Versions
		c.Versions = append(c.Versions, l.version(v, c.ID))
		follows(v, before, c.Versions[len(before)])
	}
	return c
}

// follows checks that a version comes after those before it in the file.
func follows(at value, before []Version, v Version) {
	if len(before) == 0 {
		return
	}
	last := before[len(before)-1]
	m := at.mapping()
	if v.Number != 0 && v.Number <= last.Number {
		m.get("number").wrong("number %d does not follow %d, allowed are rising numbers in the order of the file", v.Number, last.Number)
	}
	if v.InForce != 0 && v.InForce <= last.InForce {
		m.get("in_force").wrong("in_force %s does not follow %s, allowed are rising instants in the order of the file",
			v.InForce.Time().Format(time.RFC3339), last.InForce.Time().Format(time.RFC3339))
	}
}

func (l *loader) version(v value, id vouch.ContractID) Version {
	m := v.mapping()
	defer m.done()
	t := contract.DefaultTerms()
	out := Version{}
	out.Number = int(m.need("number", "1 for the first version").integer(1, 1_000_000, 0))
	if at := m.need("in_force", "an instant, as 2026-01-01T00:00:00+01:00").instant(); !at.IsZero() {
		out.InForce = contract.Floor(at)
	}
	t.Zone = m.need("timezone", "an IANA name, as Europe/Brussels").zone()
	windows(m.need("windows", "a mapping with availability"), m.get("holidays"), &t)
	quorum := m.get("quorum")
	voters := l.quorum(quorum, m.need("voters", "the list of locations that are witnesses"), &t)
	t.LeaveOutCustomer = m.get("leave_out_customer").boolean(true)
	t.Degraded = m.get("degraded").effect(t.Degraded)
	unknown(m.get("unknown").mapping(), &t)
	t.SelfCheckRequired = m.get("self_check_required").boolean(false)
	measure := m.need("measure", "a mapping with at least one of icmp, snmp and tcp")
	out.Measure = measures(measure)
	_, t.ReachableBy = kinds(m.get("reachable_by"))
	reachable(m, &out, &t)
	incident(m.get("incident"), v, &t)
	live(m.get("live").mapping(), &t)
	for _, e := range m.get("references").list() {
		out.References = append(out.References, l.namedReference(e, id, out.References))
	}
	for _, e := range m.get("thresholds").list() {
		t.Thresholds = append(t.Thresholds, threshold(e, t.Thresholds, out.Measure))
	}
	exclusions(m.get("exclusions"), &t)
	l.agreed(m.get("targets"), id, &t)
	labels(m.get("labels").mapping(), &t)
	out.Terms = t
	l.versions = append(l.versions, placedVersion{at: v, quorum: quorum, voters: voters})
	return out
}

// windows reads the service time. Windows of clocks and of reporting stand beside
// availability where a contract has them.
func windows(v, holidays value, t *contract.Terms) {
	m := v.mapping()
	defer m.done()
	a := m.need("availability", "a mapping with hours").mapping()
	hours := a.need("hours", "a list of {days, from, to}")
	for _, e := range hours.list() {
		if w, ok := window(e); ok {
			t.Windows = append(t.Windows, w)
		}
	}
	if !hours.absent() && len(hours.list()) == 0 {
		hours.wrong("hours has no entry, needed is at least one window")
	}
	except := a.get("except_holidays").boolean(true)
	a.done()
	var dates []contract.Date
	for _, e := range holidays.list() {
		d, err := contract.ParseDate(e.date())
		if err != nil {
			continue // reported by date
		}
		if slices.Contains(dates, d) {
			e.wrong("holiday %s stands twice, allowed is once", d)
		}
		dates = append(dates, d)
	}
	if except {
		t.Holidays = dates
	}
}

func window(v value) (w contract.Window, ok bool) {
	m := v.mapping()
	defer m.done()
	days, from, to := m.need("days", "a list of Mon to Sun"), m.need("from", "HH:MM"), m.need("to", "HH:MM, 24:00 for midnight")
	for _, e := range days.list() {
		s := e.oneOf("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
		if s == "" {
			continue
		}
		day, err := contract.ParseWeekday(s)
		switch {
		case err != nil:
			e.wrong("%v", err)
		case w.Days.Has(day):
			e.wrong("day %s stands twice, allowed is once", s)
		}
		w.Days |= contract.DaysOf(day)
	}
	if !days.absent() && len(days.list()) == 0 {
		days.wrong("days has no entry, needed is at least one of Mon to Sun")
	}
	var fromOK, toOK bool
	w.From, fromOK = from.timeOfDay()
	w.To, toOK = to.timeOfDay()
	if fromOK && toOK && w.From >= w.To {
		to.wrong("to %s is not after from %s, allowed is a later time of the same day: write a window over midnight as two", w.To, w.From)
	}
	return w, fromOK && toOK && w.From < w.To && w.Days != 0
}

func (l *loader) quorum(v, voters value, t *contract.Terms) []value {
	m := v.mapping()
	defer m.done()
	t.Quorum.Rule = contract.Rule(m.get("rule").oneOf(string(t.Quorum.Rule),
		string(contract.TwoSided), string(contract.ReachableFrom), string(contract.UnreachableFrom)))
	t.Quorum.Q = int(m.get("q").integer(1, 100, int64(t.Quorum.Q)))
	list := voters.list()
	if !voters.absent() && len(list) == 0 {
		voters.wrong("voters has no entry, needed is at least one location")
	}
	for _, e := range list {
		location := vouch.LocationID(e.id())
		l.symbols.refer(symLocation, "", string(location), e)
		if slices.ContainsFunc(t.Voters, func(o contract.Voter) bool { return location != "" && o.Location == location }) {
			e.wrong("voter %s is listed twice, allowed is once: a location is one witness", location)
		}
		t.Voters = append(t.Voters, contract.Voter{Location: location}) // its custody follows from the base
	}
	return list
}

func unknown(m *mapping, t *contract.Terms) {
	defer m.done()
	t.Unknown = contract.UnknownPolicy(m.get("headline").oneOf(string(t.Unknown),
		string(contract.UnknownNeutral), string(contract.UnknownAsDown), string(contract.UnknownAsUp)))
	t.ProviderNetwork = contract.NetworkPolicy(m.get("provider_network").oneOf(string(t.ProviderNetwork),
		string(contract.NetworkUnknown), string(contract.NetworkDown)))
	t.MinCoverage = m.get("min_coverage").target(t.MinCoverage)
}

func incident(v value, version value, t *contract.Terms) {
	m := v.mapping()
	defer m.done()
	confirm := m.get("confirm")
	before := len(*version.doc.problems)
	t.Confirm = confirm.seconds(time.Second, 24*time.Hour, t.Confirm)
	understood := len(*version.doc.problems) == before
	t.Clear = m.get("clear").seconds(time.Second, 24*time.Hour, t.Clear)
	if !understood || t.Confirm >= 3*t.Interval {
		return
	}
	for _, at := range []value{confirm, v, version} {
		if !at.absent() {
			at.warn("confirm %s is shorter than three intervals of %s, a single lost round may open an incident", short(t.Confirm), short(t.Interval))
			return
		}
	}
}

func live(m *mapping, t *contract.Terms) {
	defer m.done()
	t.CarryForward = m.get("carry_forward").seconds(time.Second, time.Hour, t.CarryForward)
	t.Lag = m.get("lag").seconds(time.Second, time.Hour, t.Lag)
}

// exclusions reads the kinds that count, each with what it takes. A contract that
// lists them lists them all: what it does not name excludes nothing.
func exclusions(v value, t *contract.Terms) {
	if v.absent() {
		return
	}
	m := v.mapping()
	defer m.done()
	t.Exclusions = nil
	for _, kind := range contract.ExclusionKinds() {
		e := m.get(string(kind))
		if e.absent() {
			continue
		}
		r := e.mapping()
		t.Exclusions = append(t.Exclusions, contract.ExclusionRule{
			Kind:      kind,
			Announced: r.get("announced").oneOf("none", "before", "none") == "before",
			Accepted:  r.get("accepted").boolean(kind != contract.Maintenance),
		})
		r.done()
	}
}

func (l *loader) agreed(v value, id vouch.ContractID, t *contract.Terms) {
	for _, e := range v.list() {
		m := e.mapping()
		service := m.get("service")
		st := contract.ServiceTarget{
			Service: vouch.ServiceID(service.id()),
			Target:  m.need("percent", "the agreed availability, as 99.9").target(contract.Target{}),
		}
		m.done()
		if slices.ContainsFunc(t.Targets, func(o contract.ServiceTarget) bool { return o.Service == st.Service }) {
			e.wrong("a target for %s stands twice, allowed is once", orWhole(st.Service))
		}
		t.Targets = append(t.Targets, st)
		if st.Service != "" {
			l.targets = append(l.targets, placedTarget{id, st.Service, service})
		}
	}
}

func orWhole(s vouch.ServiceID) string {
	if s == "" {
		return "the customer as a whole"
	}
	return "service " + string(s)
}

// labels reads names and clauses for people: any key, a text each.
func labels(m *mapping, t *contract.Terms) {
	for _, e := range m.entries {
		if s := m.get(e.name).text(""); s != "" {
			if t.Labels == nil {
				t.Labels = map[string]string{}
			}
			t.Labels[strings.TrimSpace(e.name)] = s
		}
	}
}

func (v value) effect(def contract.Effect) contract.Effect {
	switch v.oneOf("", "figure", "incident", "down") {
	case "figure":
		return contract.EffectFigure
	case "incident":
		return contract.EffectIncident
	case "down":
		return contract.EffectDown
	}
	return def
}

// host is what a reference's name stands for in the contract that named it first.
type host struct {
	contract vouch.ContractID
	vouch.Reference
	at value
}

// namedReference reads one reference of a contract. An agent asks for all its
// contracts at once, so a name means the same host in all of them.
func (l *loader) namedReference(v value, id vouch.ContractID, before []vouch.Reference) vouch.Reference {
	ref := l.reference(v, false)
	if ref.Name == "" {
		return ref
	}
	name := v.mapping().get("name")
	other, known := l.hosts[ref.Name]
	switch {
	case ref.Name == "gateway":
		name.wrong("name gateway is taken by each location's own gateway, allowed is any other")
	case slices.ContainsFunc(before, func(o vouch.Reference) bool { return o.Name == ref.Name }):
		name.wrong("reference %s is defined twice, allowed is once", ref.Name)
	case known && other.contract != id && other.Reference != ref:
		name.wrong("reference %s is another host in contract %s (%s), allowed is one host for a name", ref.Name, other.contract, other.at.at())
	case !known:
		l.hosts[ref.Name] = host{id, ref, name}
	}
	return ref
}
