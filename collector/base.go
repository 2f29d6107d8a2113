// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// Base is the installed base: who measures, and what is measured for whom.
type Base struct {
	Provider  string // name of the provider, for people
	Locations []vouch.Location
	Agents    []vouch.Agent
	Customers []vouch.Customer
	Profiles  []vouch.Profile // that devices name: what their values mean
}

// Installed is all that a collector works by that may change while it runs.
type Installed struct {
	Base
	// Contracts are the versions of each customer's contract as they are configured.
	Contracts map[vouch.CustomerID]Contract
	// Plan returns what every agent is to do at an instant, and when that changes by
	// itself (a lease that begins or ends, a contract version that comes into
	// force); zero for never.
	Plan func(at time.Time) (plans []wire.Assignment, next time.Time)
	// Retention says for how long each customer's notes are kept; one that is not named
	// keeps them for ever.
	Retention map[vouch.CustomerID]Retention
}

// base is what is installed, arranged for looking things up. It never changes: a
// reload puts another in its place, so that whoever needs several things that belong
// together loads it once.
type base struct {
	Installed
	agents    map[vouch.AgentID]vouch.Agent
	locations map[vouch.LocationID]vouch.Location
	customers map[vouch.CustomerID]vouch.Customer
	devices   map[deviceKey]place
	profiles  map[string]*vouch.Profile
}

// deviceKey names a device across customers.
type deviceKey struct {
	customer vouch.CustomerID
	device   vouch.DeviceID
}

// place is a device with where it stands.
type place struct {
	vouch.Device
	customer vouch.CustomerID
	site     vouch.SiteID
}

func newBase(b Installed) (*base, error) {
	x := &base{
		Installed: b, agents: map[vouch.AgentID]vouch.Agent{}, locations: map[vouch.LocationID]vouch.Location{},
		customers: map[vouch.CustomerID]vouch.Customer{}, devices: map[deviceKey]place{}, profiles: map[string]*vouch.Profile{},
	}
	for i := range b.Profiles {
		x.profiles[b.Profiles[i].Name] = &b.Profiles[i]
	}
	for _, l := range b.Locations {
		x.locations[l.ID] = l
	}
	for _, a := range b.Agents {
		x.agents[a.ID] = a
		if a.Key == "" {
			continue // it enrols
		}
		v, err := evidence.NewVerifier(a.Key)
		if err != nil {
			return nil, fmt.Errorf("agent %s: %v", a.ID, err)
		}
		if v.Name() != string(a.ID) {
			return nil, fmt.Errorf("agent %s: its key is named %q; print the right one with `vouch-agent key`", a.ID, v.Name())
		}
	}
	for _, c := range b.Customers {
		x.customers[c.ID] = c
		for _, s := range c.Sites {
			for _, d := range s.Devices {
				x.devices[deviceKey{c.ID, d.ID}] = place{Device: d, customer: c.ID, site: s.ID}
			}
		}
	}
	return x, nil
}

// publicKey returns the bytes of the Ed25519 key in a verifier key of the note package,
// "name+hash+base64", where they stand after one byte for the algorithm.
func publicKey(vkey string) string {
	part := strings.SplitN(vkey, "+", 3) // the base64 may hold a '+' itself
	raw, err := base64.StdEncoding.DecodeString(part[len(part)-1])
	if err != nil || len(raw) == 0 {
		return ""
	}
	return string(raw[1:])
}

// siteOf returns the site of a customer.
func (b *base) siteOf(c vouch.CustomerID, s vouch.SiteID) (vouch.Site, bool) {
	sites := b.customers[c].Sites
	i := slices.IndexFunc(sites, func(x vouch.Site) bool { return x.ID == s })
	if i < 0 {
		return vouch.Site{}, false
	}
	return sites[i], true
}

// scopeOf returns the devices that a scope covers: one device, a site, or, with both
// empty, everything of the customer.
func (b *base) scopeOf(c vouch.CustomerID, s vouch.SiteID, d vouch.DeviceID) []vouch.DeviceID {
	var out []vouch.DeviceID
	for _, site := range b.customers[c].Sites {
		for _, dev := range site.Devices {
			if (s == "" || s == site.ID) && (d == "" || d == dev.ID) {
				out = append(out, dev.ID)
			}
		}
	}
	return out
}

// milli truncates an instant to the precision that notes keep.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
