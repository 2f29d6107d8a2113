// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

// Base is the installed base: who measures, and what is leased to whom.
type Base struct {
	Provider  string // name of the provider, for documents
	Locations []Location
	Agents    []vouch.Agent
	Customers []Customer
}

// Location is a place that measures, with the gateway that its agents ask to prove
// their own health.
type Location struct {
	vouch.Location
	Gateway *vouch.Reference // nil: none named
}

// Customer is a customer as the file describes it. What is asked of its devices
// follows from the contract; see [Customers].
type Customer struct {
	ID       vouch.CustomerID
	Name     string
	Contract vouch.ContractID
	Sites    []Site
	Services []vouch.Service
	// Retention is settled with the collector's default, against the contract.
	Retention Retention
}

// Site is one address of a customer.
type Site struct {
	ID        vouch.SiteID
	Name      string
	Locations []vouch.LocationID // only these measure here; empty for all that may
	Devices   []Device
}

// Device is a device with what the file says about asking it. The Checks of the
// embedded device are empty here.
type Device struct {
	vouch.Device
	Kinds []vouch.Kind // empty: all that the contract measures
	SNMP  SNMP
	SIP   *SIP // nil: it is not asked over SIP
}

// SNMP says how a device is asked over SNMP.
type SNMP struct {
	Version    string // "1", "2c" or "3"
	Port       uint16
	Credential string // name of the credential in the agents' files
	Role       vouch.AddressRole
}

type placedLocation struct {
	Location
	at value
}

// placedDevice keeps what can be judged only with the contract at hand.
type placedDevice struct {
	customer   *Customer
	site       int
	device     int
	at         value
	checks     []value
	noChecks   bool // it lists none, or none that exist: reported there
	credential value
	lease      value
	units      []value
	dates      []placedDate
}

// placedRestriction is a site that names the locations that may measure it.
type placedRestriction struct {
	customer *Customer
	site     int
	at       value
}

// placedDate is a date that becomes an instant in the contract's zone.
type placedDate struct {
	date string
	into *time.Time
}

// base reads the installed base; at is the place that names the file.
func (l *loader) base(name string, at value) Base {
	m := l.open(name, at, symCustomer, symLocation, symDevice, symCredential)
	defer m.done()
	provider := m.need("provider", "a mapping with the provider's name").mapping()
	b := Base{Provider: provider.need("name", "the provider's name").text("")}
	provider.done()
	for _, v := range m.get("credentials").list() {
		l.symbols.define(symCredential, "", v.id(), v)
	}
	for _, v := range m.need("locations", "a list of locations").list() {
		b.Locations = append(b.Locations, l.location(v))
	}
	for _, v := range m.need("agents", "a list of agents, [] for none yet").list() {
		b.Agents = append(b.Agents, l.agentKey(v))
	}
	customers := m.need("customers", "a list of customers").list()
	b.Customers = make([]Customer, len(customers)) // devices point into it
	for i, v := range customers {
		l.customer(v, &b.Customers[i])
	}
	return b
}

func (l *loader) location(v value) Location {
	m := v.mapping()
	defer m.done()
	id := m.need("id", "an identifier, as ams1")
	loc := Location{Location: vouch.Location{
		ID:   vouch.LocationID(id.id()),
		Name: m.get("name").text(""),
		Custody: vouch.Custody(m.need("custody", "provider, neutral or customer: whose place it is").
			oneOf("", string(vouch.CustodyProvider), string(vouch.CustodyNeutral), string(vouch.CustodyCustomer))),
	}}
	customer := m.get("customer")
	loc.Customer = vouch.CustomerID(customer.id())
	l.symbols.refer(symCustomer, "", string(loc.Customer), customer)
	switch {
	case loc.Custody == vouch.CustodyCustomer && customer.absent() && !m.absent():
		m.wrong("%s is in the customer's custody and lacks the key customer, needed is whose premises it is on", m.key)
	case loc.Custody != vouch.CustodyCustomer && loc.Custody != "" && !customer.absent():
		customer.wrong("customer is set although the custody is %s, allowed is it only with custody: customer", loc.Custody)
	}
	for _, via := range m.get("via").list() {
		if s := via.text(""); s != "" {
			loc.Via = append(loc.Via, s)
		}
	}
	if g := m.get("gateway"); !g.absent() {
		ref := l.reference(g, true)
		ref.Name, ref.Gateway = "gateway", true
		loc.Gateway = &ref
	}
	l.symbols.define(symLocation, "", string(loc.ID), id)
	l.locations[string(loc.ID)] = placedLocation{loc, v}
	return loc
}

// reference reads what an agent asks to prove its own health.
func (l *loader) reference(v value, gateway bool) vouch.Reference {
	m := v.mapping()
	defer m.done()
	var ref vouch.Reference
	if !gateway {
		ref.Name = m.need("name", "an identifier, as resolver").id()
	}
	ref.Kind = vouch.Kind(m.need("kind", "icmp, snmp or tcp").oneOf("", string(vouch.KindICMP), string(vouch.KindSNMP), string(vouch.KindTCP)))
	ref.Addr = m.need("address", "an IP address").addr()
	port, version, credential := m.get("port"), m.get("version"), m.get("credential")
	ref.Port = port.port(0)
	ref.Version = version.snmpVersion("")
	ref.Credential = credential.id()
	l.symbols.refer(symCredential, "", ref.Credential, credential)
	switch ref.Kind {
	case vouch.KindTCP:
		if port.absent() {
			m.wrong("%s is asked by tcp and lacks the key port, needed is 1 to 65535", m.key)
		}
	case vouch.KindSNMP:
		if credential.absent() {
			m.wrong("%s is asked by snmp and lacks the key credential, needed is a name from credentials", m.key)
		}
		if ref.Version == "" {
			ref.Version = defaultSNMPVersion
		}
	case vouch.KindICMP:
		if !port.absent() {
			port.wrong("port is set although %s is asked by icmp, allowed is it with snmp and tcp", m.key)
		}
	}
	if ref.Kind != vouch.KindSNMP && ref.Kind != "" {
		for _, v := range []value{version, credential} {
			if !v.absent() {
				v.wrong("%s is set although %s is asked by %s, allowed is it with snmp", v.key, m.key, ref.Kind)
			}
		}
	}
	return ref
}

// 2c, because 1 has no GETBULK and no 64-bit counters, and 3 needs a user.
const defaultSNMPVersion = "2c"

func (v value) snmpVersion(def string) string { return v.oneOf(def, "1", "2c", "3") }

func (l *loader) agentKey(v value) vouch.Agent {
	m := v.mapping()
	defer m.done()
	id, location, key := m.need("id", "an identifier, as ams1-a"), m.need("location", "the id of a location"), m.get("key")
	a := vouch.Agent{ID: vouch.AgentID(id.id()), Location: vouch.LocationID(location.id()), Key: key.text("")}
	l.symbols.define(symAgent, "", string(a.ID), id)
	l.symbols.refer(symLocation, "", string(a.Location), location)
	if a.Key == "" {
		return a // it enrols, with a join string
	}
	verifier, err := note.NewVerifier(a.Key)
	switch {
	case err != nil:
		key.wrong("key %s is no public key, allowed is NAME+HASH+BASE64 as \"vouch-agent key\" prints it", show(a.Key))
	case a.ID != "" && verifier.Name() != string(a.ID):
		key.wrong("key belongs to %s, allowed is one whose name is the agent's id %s", show(verifier.Name()), a.ID)
	default:
		if first, twice := l.keys[a.Key]; twice {
			key.wrong("key is already that of the agent at %s, allowed is one key for each agent", first.at())
		}
		l.keys[a.Key] = id
	}
	return a
}
