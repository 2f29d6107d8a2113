// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Plan is all that one agent has to do.
type Plan struct {
	Agent       vouch.AgentID
	Location    vouch.LocationID
	Assignments []vouch.Assignment // by customer, device and check
	References  []Reference        // the location's gateway first, then by name
}

// Reference is a reference with the customers whose contracts ask for it. Its
// samples go to the ledgers of all of them; the gateway's to those of every customer
// that the agent measures for.
type Reference struct {
	vouch.Reference
	Customers []vouch.CustomerID
}

// Assignments derives what each agent does at an instant, in the order of the base's
// agents. Agents at locations in provider or neutral custody measure for every
// customer, those in a customer's custody for that one alone, and a site that names
// locations is measured from those only. A device is measured while it is leased,
// and as the contract version in force says.
func Assignments(b Base, contracts []Contract, at time.Time) []Plan {
	customers := Customers(b, contracts, at)
	plans := make([]Plan, 0, len(b.Agents))
	for _, a := range b.Agents {
		p := Plan{Agent: a.ID, Location: a.Location}
		i := slices.IndexFunc(b.Locations, func(l Location) bool { return l.ID == a.Location })
		if i >= 0 {
			p.fill(b, b.Locations[i], customers, contracts, at)
		}
		plans = append(plans, p)
	}
	return plans
}

func (p *Plan) fill(b Base, loc Location, customers []vouch.Customer, contracts []Contract, at time.Time) {
	var concerned []vouch.CustomerID
	for i, c := range customers {
		if loc.Custody == vouch.CustodyCustomer && loc.Customer != c.ID {
			continue
		}
		before := len(p.Assignments)
		for j, s := range c.Sites {
			if only := b.Customers[i].Sites[j].Locations; len(only) > 0 && !slices.Contains(only, loc.ID) {
				continue
			}
			p.assign(c.ID, s, at)
		}
		if len(p.Assignments) == before {
			continue
		}
		concerned = append(concerned, c.ID)
		if v, ok := inForce(contracts, c.Contract, at); ok {
			p.refer(v.References, c.ID)
		}
	}
	slices.SortFunc(p.Assignments, func(x, y vouch.Assignment) int {
		return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.Device, y.Device), cmp.Compare(x.Check.Name, y.Check.Name))
	})
	slices.SortFunc(p.References, func(x, y Reference) int { return strings.Compare(x.Name, y.Name) })
	if loc.Gateway != nil && len(concerned) > 0 {
		p.References = slices.Insert(p.References, 0, Reference{*loc.Gateway, concerned})
	}
}

func (p *Plan) assign(c vouch.CustomerID, s vouch.Site, at time.Time) {
	for _, d := range s.Devices {
		if !leased(d, at) {
			continue
		}
		for _, check := range d.Checks {
			p.Assignments = append(p.Assignments, vouch.Assignment{Agent: p.Agent, Customer: c, Device: d.ID, Check: check, From: at})
		}
	}
}

// refer adds references for a customer. Contracts may share one: a name means the
// same host in all of them.
func (p *Plan) refer(refs []vouch.Reference, c vouch.CustomerID) {
	for _, r := range refs {
		same := func(o Reference) bool { return o.Name == r.Name }
		if i := slices.IndexFunc(p.References, same); i >= 0 {
			p.References[i].Customers = append(p.References[i].Customers, c)
			continue
		}
		p.References = append(p.References, Reference{r, []vouch.CustomerID{c}})
	}
}

func leased(d vouch.Device, at time.Time) bool {
	return !at.Before(d.LeaseFrom) && (d.LeaseUntil.IsZero() || at.Before(d.LeaseUntil))
}

// Customers returns the customers of the base with the checks that the contract
// version in force at an instant asks of each device. Before the first version a
// device has none.
func Customers(b Base, contracts []Contract, at time.Time) []vouch.Customer {
	out := make([]vouch.Customer, len(b.Customers))
	for i, c := range b.Customers {
		v, _ := inForce(contracts, c.Contract, at)
		out[i] = vouch.Customer{ID: c.ID, Name: c.Name, Contract: c.Contract, Services: c.Services}
		for _, s := range c.Sites {
			site := vouch.Site{ID: s.ID, Name: s.Name}
			for _, d := range s.Devices {
				device := d.Device
				device.Checks = checks(d, v, at)
				site.Devices = append(site.Devices, device)
			}
			out[i].Sites = append(out[i].Sites, site)
		}
	}
	return out
}

// NextChange returns the first instant after at from which Assignments differ: a
// lease begins or ends, another unit takes its place, or a contract version comes into
// force; ok is false when nothing is due.
func NextChange(b Base, contracts []Contract, at time.Time) (next time.Time, ok bool) {
	consider := func(t time.Time) {
		if t.After(at) && (!ok || t.Before(next)) {
			next, ok = t, true
		}
	}
	for _, c := range contracts {
		for _, v := range c.Versions {
			consider(v.InForce.Time())
		}
	}
	for _, c := range b.Customers {
		for _, s := range c.Sites {
			for _, d := range s.Devices {
				consider(d.LeaseFrom)
				consider(d.LeaseUntil)
				for _, u := range d.Units {
					consider(u.From)
				}
			}
		}
	}
	return next, ok
}

func inForce(contracts []Contract, id vouch.ContractID, at time.Time) (Version, bool) {
	i := slices.IndexFunc(contracts, func(c Contract) bool { return c.ID == id })
	if i < 0 {
		return Version{}, false
	}
	return contracts[i].At(at)
}

// measure returns how a kind is measured.
func (v Version) measure(kind vouch.Kind) (Measure, bool) {
	i := slices.IndexFunc(v.Measure, func(m Measure) bool { return m.Kind == kind })
	if i < 0 {
		return Measure{}, false
	}
	return v.Measure[i], true
}

// kinds lists the kinds that are measured, for a message.
func (v Version) kinds() string {
	var names []string
	for _, m := range v.Measure {
		names = append(names, string(m.Kind))
	}
	return strings.Join(names, ", ")
}

// asked reports whether a device is asked by a kind of check.
func asked(d Device, v Version, kind vouch.Kind) bool {
	_, measured := v.measure(kind)
	if kind == vouch.KindSIP && d.SIP == nil {
		return false // most devices of a contract speak no SIP
	}
	return measured && (len(d.Kinds) == 0 || slices.Contains(d.Kinds, kind))
}

// checks returns what is asked of a device at an instant. A check is named after its
// kind.
func checks(d Device, v Version, at time.Time) []vouch.Check {
	var out []vouch.Check
	for _, m := range v.Measure {
		if !asked(d, v, m.Kind) {
			continue
		}
		c := vouch.Check{
			Name: vouch.CheckName(m.Kind), Kind: m.Kind, Addr: address(d.Addresses, vouch.RoleService),
			Interval: m.Interval, Timeout: m.Timeout, Watch: watch(v.Terms.Thresholds, m),
		}
		switch m.Kind {
		case vouch.KindICMP:
			c.Count, c.Spacing, c.Size = m.Count, m.Spacing, m.Size
		case vouch.KindSNMP:
			c.Addr, c.Port = address(d.Addresses, d.SNMP.Role), d.SNMP.Port
			c.Version, c.Credential, c.Profile = d.SNMP.Version, d.SNMP.Credential, d.Profile
			c.Values = named(v.Terms.Thresholds, m.Kind)
			c.Unit, c.Interfaces = vouch.UnitAt(d.Units, at), d.Interfaces
		case vouch.KindTCP:
			c.Port = m.Port
		case vouch.KindSIP:
			c.Port, c.SIP = d.SIP.Port, d.SIP.SIP
		}
		out = append(out, c)
	}
	return out
}

// address returns the first address with a role.
func address(all []vouch.Address, role vouch.AddressRole) netip.Addr {
	for _, a := range all {
		if a.Role == role {
			return a.Addr
		}
	}
	return netip.Addr{}
}

// named returns the names of the values that thresholds on a kind of check are about,
// in rising order, each once: what the check has to put into its samples.
func named(thresholds []contract.Threshold, kind vouch.Kind) []string {
	var out []string
	for _, t := range thresholds {
		if t.Kind == kind && t.Metric == contract.MetricValue && t.Value != "" {
			out = append(out, t.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// watch returns the limits at which an agent seals early: the lowest that a threshold
// names. They judge nothing, so an agent that knows the limits knows no terms.
func watch(thresholds []contract.Threshold, m Measure) vouch.Watch {
	var w vouch.Watch
	for _, t := range thresholds {
		if t.Kind != m.Kind {
			continue
		}
		switch t.Metric {
		case contract.MetricRTT:
			if w.RTT == 0 || t.Limit < w.RTT {
				w.RTT = t.Limit
			}
		case contract.MetricLoss:
			// The share of requests at which one round alone is as bad as the limit.
			of := t.Of
			if of == 0 {
				of = int(t.Window/m.Interval) * max(m.Count, 1)
			}
			if share := max(1, 100*t.Lost/max(of, 1)); w.Loss == 0 || share < w.Loss {
				w.Loss = share
			}
		}
	}
	return w
}
