// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

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
	id := m.need("id", "an identifier, as gold")
	c := Contract{ID: vouch.ContractID(id.id())}
	l.symbols.define(symContract, "", string(c.ID), id)
	c.Document = m.get("document").hash()
	versions := m.need("versions", "a list with at least one version")
	list := versions.list()
	if !versions.absent() && len(list) == 0 {
		versions.wrong("versions has no entry, needed is at least one version")
	}
	for _, v := range list {
		before := c.Versions
		next := l.version(v, c.ID)
		if next.Document == "" {
			next.Document = c.Document // one document that was signed once holds for all
		}
		c.Versions = append(c.Versions, next)
		follows(v, before, c.Versions[len(before)])
	}
	return c
}

// hash reads the SHA-256 of a document in hexadecimal, or "".
func (v value) hash() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	found := digest.FindStringSubmatch(s)
	if found == nil {
		v.wrong("%s %s is no hash, allowed is sha256: and 64 digits of lower-case hexadecimal, as sha256sum prints", v.key, show(s))
		return ""
	}
	return found[1]
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
	out.Document = m.get("document").hash()
	accepted(m.get("accepted").mapping(), &out)
	t.Zone = m.need("timezone", "an IANA name, as Europe/Brussels").zone()
	windows(m.need("windows", "a mapping with availability"), &t)
	holidays(m.get("holidays"), &t)
	t.Period = choice(m.get("period"), t.Period, contract.PeriodMonth, contract.PeriodQuarter, contract.PeriodYear, contract.PeriodTerm)
	if ends := m.get("ends"); !ends.absent() {
		if at := ends.instant(); !at.IsZero() {
			t.Ends = contract.Floor(at)
		}
		if t.Ends != 0 && t.Ends <= out.InForce {
			ends.wrong("ends is not after in_force, allowed is a later instant: the agreement ends there")
		}
	}
	quorum := m.get("quorum")
	voters := l.quorum(quorum, m.need("voters", "the list of locations that are witnesses"), &t)
	t.LeaveOutCustomer = m.get("leave_out_customer").boolean(true)
	t.Degraded = m.get("degraded").effect(t.Degraded)
	unknown(m.get("unknown").mapping(), &t)
	t.SelfCheckRequired = m.get("self_check_required").boolean(false)
	measure := m.need("measure", "a mapping with at least one of icmp, snmp, tcp and sip")
	out.Measure = measures(measure)
	_, t.ReachableBy = kinds(m.get("reachable_by"))
	reachable(m, &out, &t)
	t.Measured = m.get("measured").text("")
	t.Admission = int(m.get("admission").integer(0, 100, int64(t.Admission)))
	incident(m.get("incident"), v, &t)
	live(m.get("live").mapping(), &t)
	for _, e := range m.get("references").list() {
		out.References = append(out.References, l.namedReference(e, id, out.References))
	}
	for _, e := range m.get("thresholds").list() {
		t.Thresholds = append(t.Thresholds, threshold(e, t.Thresholds, out.Measure))
	}
	if n := len(named(t.Thresholds, vouch.KindSNMP)); n > vouch.MaxValues {
		m.get("thresholds").wrong("thresholds name %d different values, at most %d are allowed", n, vouch.MaxValues)
	}
	exclusions(m.get("exclusions"), &t)
	t.ExcludedCap = m.get("monthly_excluded_cap").seconds(time.Minute, maxExcluded, t.ExcludedCap)
	l.agreed(m.get("targets"), id, &t)
	support(m, &t)
	t.Duties = duties(m.get("duties"))
	t.Appointment = appointment(m.get("appointment").mapping())
	finality(m.get("statement").mapping(), &t)
	labels(m.get("labels").mapping(), &t)
	out.Terms = t
	l.versions = append(l.versions, placedVersion{at: v, quorum: quorum, voters: voters})
	return out
}

// accepted reads who accepted a version for the customer, and when.
func accepted(m *mapping, v *Version) {
	defer m.done()
	v.AcceptedBy = m.need("by", "who accepted it for the customer").text("")
	if at := m.need("at", "an instant, as 2026-01-01T00:00:00+01:00").instant(); !at.IsZero() {
		v.AcceptedAt = contract.Floor(at)
	}
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
		voter, at := voter(e)
		location := voter.Location
		l.symbols.refer(symLocation, "", string(location), at)
		if slices.ContainsFunc(t.Voters, func(o contract.Voter) bool { return location != "" && o.Location == location }) {
			at.wrong("voter %s is listed twice, allowed is once: a location is one witness", location)
		}
		t.Voters = append(t.Voters, voter)
	}
	return list
}

// voter reads a witness: the id of a location, or a mapping with the custody that the
// parties agreed for it too. Without, it follows from the installed base.
func voter(v value) (contract.Voter, value) {
	if _, plain := v.word(); plain {
		return contract.Voter{Location: vouch.LocationID(v.id())}, v
	}
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		return contract.Voter{Location: vouch.LocationID(v.id())}, v
	}
	m := v.mapping()
	defer m.done()
	location := m.need("location", "the id of a location")
	return contract.Voter{
		Location: vouch.LocationID(location.id()),
		Custody:  choice(m.need("custody", "in whose hands the place is"), "", vouch.CustodyProvider, vouch.CustodyNeutral, vouch.CustodyCustomer),
	}, location
}

func unknown(m *mapping, t *contract.Terms) {
	defer m.done()
	t.Unknown = contract.UnknownPolicy(m.get("headline").oneOf(string(t.Unknown),
		string(contract.UnknownNeutral), string(contract.UnknownAsDown), string(contract.UnknownAsUp)))
	t.ProviderNetwork = contract.NetworkPolicy(m.get("provider_network").oneOf(string(t.ProviderNetwork),
		string(contract.NetworkUnknown), string(contract.NetworkDown)))
	t.MinCoverage = m.get("min_coverage").target(t.MinCoverage)
	t.Shortfall = choice(m.get("below_min_coverage"), t.Shortfall, contract.NotAssessed, contract.MissingIsDown)
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
