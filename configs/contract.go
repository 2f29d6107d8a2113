// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Contract is one contract with its dated versions.
type Contract struct {
	ID       vouch.ContractID
	Document string    // of all versions that name none of their own: SHA-256 of the signed document in hexadecimal; empty where none is named
	Versions []Version // by number, and so by the instant from which they are in force
}

// LoadContract reads one contract by itself, without the installed base: custody that
// the file does not give a voter is empty. It returns every problem found; with a
// mistake among them the contract is empty.
func LoadContract(src Source, name string) (Contract, Problems) {
	l := newLoader(src)
	return finish(l, l.lone(name))
}

// lone reads and checks a contract that no installed base stands beside.
func (l *loader) lone(name string) Contract {
	c := l.contract(name, value{})
	l.checkAllVoters(Base{}, []Contract{c})
	whole := c
	whole.Versions = slices.Clone(c.Versions)
	for i := range whole.Versions {
		voters := slices.Clone(c.Versions[i].Terms.Voters)
		for j := range voters {
			// Any custody will do to check the rest of the terms: the base will tell.
			voters[j].Custody = cmp.Or(voters[j].Custody, vouch.CustodyProvider)
		}
		whole.Versions[i].Terms.Voters = voters
	}
	l.checkTerms([]Contract{whole})
	return c
}

// Version is one version: the terms that decide, and how the parties agreed that it
// is measured.
type Version struct {
	contract.Version
	Measure    []Measure
	References []vouch.Reference // beyond the provider's network, beside each location's gateway
}

// Measure says how one kind of check is made.
type Measure struct {
	Kind     vouch.Kind
	Interval time.Duration
	Timeout  time.Duration
	Count    int           // ICMP: echo requests a round
	Spacing  time.Duration // ICMP: between two of them
	Size     int           // ICMP: bytes of payload
	Port     uint16        // TCP
}

// At returns the version in force at an instant; ok is false before the first.
func (c Contract) At(at time.Time) (v Version, ok bool) {
	for _, candidate := range c.Versions {
		if candidate.InForce <= contract.Floor(at) {
			v, ok = candidate, true
		}
	}
	return v, ok
}

// Defaults of measuring, with their reasons.
const (
	// An outage of a minute is seen and timed to half of one, at about 3 packets in 30 s.
	defaultInterval = 30 * time.Second
	// Two spaced requests and the 3 s that a slow satellite or LTE path may take.
	defaultTimeout = 5 * time.Second
	// One lost packet of three is a loss, not an outage.
	defaultCount = 3
	// Control planes limit echo replies; faster ones are taken for loss.
	defaultSpacing = time.Second
	// 64 bytes with the ICMP header, as ping sends.
	defaultSize = 56
)

// zone returns the versions' zone at an instant, for dates in the installed base.
func (c Contract) zone() *time.Location {
	if len(c.Versions) == 0 {
		return nil
	}
	return c.Versions[0].Terms.Zone.Location()
}
