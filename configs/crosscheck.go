// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// crossCheck judges what needs several files, and completes the values with what
// follows from another file: voters' custody, dates in the contract's zone.
func (l *loader) crossCheck(c *Collector) {
	l.checkAllVoters(c.Base, c.Contracts)
	l.checkTargets(c)
	for _, d := range l.devices {
		l.checkDevice(c, d)
	}
	l.checkRestrictions(c)
	l.checkTerms(c.Contracts)
}

// checkAllVoters checks the voters of every version.
func (l *loader) checkAllVoters(b Base, contracts []Contract) {
	k := 0 // places were noted in the order in which versions were read
	for i := range contracts {
		for j := range contracts[i].Versions {
			v := &contracts[i].Versions[j]
			l.checkVoters(b, &v.Terms, l.versions[k])
			if n := len(v.References); n < 2 && len(b.Locations) > 0 {
				l.versions[k].at.warn("version %d names fewer than two references (%d): agents tell by them whether a silence is the device's or their own network's", v.Number, n)
			}
			k++
		}
	}
}

// checkTerms asks the terms themselves. What they find has been reported at its own
// place already; this is the net below, for a rule that only they know. Their
// warnings are those given here with places.
func (l *loader) checkTerms(contracts []Contract) {
	if len(l.problems.Mistakes()) > 0 {
		return
	}
	k := 0
	for _, contract := range contracts {
		for _, v := range contract.Versions {
			for _, f := range v.Terms.Check() {
				if !f.Warning {
					l.versions[k].at.wrong("the terms of version %d: %v", v.Number, f)
				}
			}
			k++
		}
	}
}

// checkVoters fills in the voters' custody and checks that the quorum can be met.
func (l *loader) checkVoters(b Base, terms *contract.Terms, p placedVersion) {
	counting := 0
	for i := range terms.Voters {
		loc, known := l.locations[string(terms.Voters[i].Location)]
		at, voter := p.voters[i], &terms.Voters[i]
		if known && voter.Custody != "" && voter.Custody != loc.Custody {
			at.wrong("voter %s is in %s custody here and in %s custody in the installed base, allowed is the same in both", loc.ID, voter.Custody, loc.Custody)
		}
		if known {
			voter.Custody = loc.Custody
		}
		if terms.LeaveOutCustomer && voter.Custody == vouch.CustodyCustomer {
			at.warn("voter %s is in the customer's custody, which leave_out_customer leaves out: it never counts", voter.Location)
			continue
		}
		counting++ // one that nobody defines too: it is reported as such, or there is no base to define it
		if !known {
			continue
		}
		if !slices.ContainsFunc(b.Agents, func(a vouch.Agent) bool { return a.Location == loc.ID }) {
			at.warn("voter %s has no agent in the installed base: it stays unknown", loc.ID)
		}
		if terms.SelfCheckRequired && loc.Gateway == nil {
			at.warn("voter %s has no gateway in the installed base and self_check_required is set: its silences stay unknown", loc.ID)
		}
	}
	at := p.quorum
	if at.absent() {
		at = p.at
	}
	switch {
	case len(p.voters) == 0:
	case terms.Quorum.Q > counting:
		at.wrong("a quorum of %d cannot be met by %d counting voters, allowed are 1 to %d", terms.Quorum.Q, counting, counting)
	case terms.Quorum.Q == 1:
		at.warn("a quorum of 1: a single witness decides, and one witness proves nothing")
	case counting < 3:
		at.warn("fewer than three voters: with %d, each one can keep a verdict from being reached", counting)
	}
	l.checkVia(*terms, p)
}

// checkVia warns of voters that one failure takes together.
func (l *loader) checkVia(t contract.Terms, p placedVersion) {
	first := map[string]vouch.LocationID{}
	for i, v := range t.Voters {
		for _, via := range l.locations[string(v.Location)].Via {
			other, shared := first[via]
			if shared && other != v.Location {
				p.voters[i].warn("voters %s and %s both depend on %s (via): one failure takes both, they are hardly two witnesses", other, v.Location, show(via))
				continue
			}
			first[via] = v.Location
		}
	}
}

// checkTargets reports a target for a service that no customer of the contract has.
func (l *loader) checkTargets(c *Collector) {
	for _, t := range l.targets {
		found, customers := false, 0
		for _, customer := range c.Base.Customers {
			if customer.Contract == t.contract {
				customers++
				found = found || l.symbols.has(symService, string(customer.ID), string(t.service))
			}
		}
		if !found && customers > 0 {
			t.at.wrong("no customer of contract %s has a service %s, allowed are services of the installed base", t.contract, show(string(t.service)))
		}
	}
}

// checkDevice settles the dates of a device and checks that it can be asked as its
// contract says.
func (l *loader) checkDevice(c *Collector, p placedDevice) {
	i := slices.IndexFunc(c.Contracts, func(k Contract) bool { return k.ID == p.customer.Contract })
	if i < 0 {
		return // reported as a contract that nobody defines
	}
	d := &p.customer.Sites[p.site].Devices[p.device]
	if zone := c.Contracts[i].zone(); zone != nil {
		p.settle(zone, d)
	}
	p.checkSIP(*d, c.Contracts[i])
	p.checkUnits(*d, c.Contracts[i], c.Profiles)
	for _, v := range c.Contracts[i].Versions {
		if len(v.Measure) == 0 {
			continue // reported where it stands
		}
		p.checkKinds(*d, v, c.Contracts[i].ID)
		if !p.noChecks && asked(*d, v, vouch.KindSNMP) && p.credential.absent() {
			p.at.wrong("%s lacks the key credential, needed is a name from credentials, or checks without snmp", p.at.key)
			break
		}
	}
}

// checkKinds checks that a version measures what the device lists, and that one of
// it decides.
func (p placedDevice) checkKinds(d Device, v Version, id vouch.ContractID) {
	decides := len(d.Kinds) == 0 || len(v.Terms.ReachableBy) == 0
	for k, kind := range d.Kinds {
		decides = decides || slices.Contains(v.Terms.ReachableBy, kind)
		if _, ok := v.measure(kind); !ok {
			p.checks[k].wrong("check %s is not measured by version %d of contract %s, allowed are %s", kind, v.Number, id, v.kinds())
			return
		}
	}
	if !decides {
		p.checks[0].wrong("none of the device's checks decides in version %d of contract %s (reachable_by), needed is one of them", v.Number, id)
	}
}

// checkUnits warns of a serial number that nobody compares, of the unit that came last.
func (p placedDevice) checkUnits(d Device, k Contract, profiles []Profile) {
	n := len(d.Units)
	asked := slices.ContainsFunc(k.Versions, func(v Version) bool { return asked(d, v, vouch.KindSNMP) })
	if n == 0 || len(d.Units[n-1].Serials) == 0 || !asked {
		return
	}
	said := "no profile says"
	if d.Profile != "" {
		i := slices.IndexFunc(profiles, func(x Profile) bool { return x.Name == d.Profile })
		if i < 0 || len(profiles[i].Facts.Serial) > 0 {
			return // one that is not there is reported where it is named
		}
		said = "profile " + d.Profile + " does not say"
	}
	p.units[n-1].warn("a serial number is on record, and %s where the device tells it: nobody will notice another unit; name a profile that does, or its engine_id", said)
}

// settle turns dates into instants and checks their order.
func (p placedDevice) settle(zone *time.Location, d *Device) {
	for _, w := range p.dates {
		t, err := time.ParseInLocation(time.DateOnly, w.date, zone)
		if err == nil { // else reported by date
			*w.into = t.UTC()
		}
	}
	if !d.LeaseUntil.IsZero() && !d.LeaseFrom.IsZero() && !d.LeaseFrom.Before(d.LeaseUntil) {
		p.lease.wrong("until is not after from, allowed is a later instant: it is the first one after the lease")
	}
	for i := 1; i < len(d.Units); i++ {
		if !d.Units[i].From.IsZero() && !d.Units[i-1].From.Before(d.Units[i].From) {
			p.units[i].wrong("%s does not begin after the unit before it, allowed are units in the order in which they stood there", p.units[i].key)
		}
	}
}

// checkRestrictions reports voters that a site keeps from measuring.
func (l *loader) checkRestrictions(c *Collector) {
	for _, r := range l.restrictions {
		i := slices.IndexFunc(c.Contracts, func(k Contract) bool { return k.ID == r.customer.Contract })
		if i < 0 {
			continue
		}
		site := r.customer.Sites[r.site]
		for _, v := range c.Contracts[i].Versions {
			var missing []string
			for _, voter := range v.Terms.Voting() {
				if !slices.Contains(site.Locations, voter.Location) && l.symbols.has(symLocation, "", string(voter.Location)) {
					missing = append(missing, string(voter.Location))
				}
			}
			if len(missing) > 0 {
				r.at.warn("site %s leaves out %s, voters of version %d of contract %s: they stay unknown there",
					site.ID, strings.Join(missing, ", "), v.Number, c.Contracts[i].ID)
			}
		}
	}
}
