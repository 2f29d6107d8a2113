// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

func (l *loader) customer(v value, c *Customer) {
	m := v.mapping()
	defer m.done()
	id, contract := m.need("id", "an identifier, as bakery"), m.need("contract", "the id of a contract")
	c.ID = vouch.CustomerID(id.id())
	switch c.ID {
	case vouch.Provider:
		id.wrong("id %q is reserved for what agents say about themselves, allowed is any other", c.ID)
	case vouch.Anchors:
		id.wrong("id %q is reserved for the ledger of anchors, allowed is any other", c.ID)
	}
	c.Name = m.get("name").text(string(c.ID))
	c.Contract = vouch.ContractID(contract.id())
	l.symbols.define(symCustomer, "", string(c.ID), id)
	l.symbols.refer(symContract, "", string(c.Contract), contract)
	if kept := m.get("retention"); !kept.absent() {
		retention(kept, placedRetention{}) // what it means is known with the default
		l.retentions = append(l.retentions, placedKept{c, kept})
	}
	sites := m.need("sites", "a list of sites").list()
	c.Sites = make([]Site, len(sites))
	for i, s := range sites {
		l.site(s, c, i)
	}
	for _, s := range m.get("services").list() {
		c.Services = append(c.Services, l.service(s, c))
	}
}

func (l *loader) site(v value, c *Customer, i int) {
	m := v.mapping()
	defer m.done()
	s := &c.Sites[i]
	id := m.need("id", "an identifier, as main-street")
	s.ID = vouch.SiteID(id.id())
	s.Name = m.get("name").text(string(s.ID))
	l.symbols.define(symSite, string(c.ID), string(s.ID), id)
	restriction := m.get("locations")
	if !restriction.absent() {
		l.restrictions = append(l.restrictions, placedRestriction{c, i, restriction})
	}
	for _, v := range restriction.list() {
		location := vouch.LocationID(v.id())
		l.symbols.refer(symLocation, "", string(location), v)
		if slices.Contains(s.Locations, location) {
			v.wrong("%s is listed twice, allowed is once", location)
		}
		s.Locations = append(s.Locations, location)
		if p, ok := l.locations[string(location)]; ok && p.Customer != "" && p.Customer != c.ID {
			v.wrong("location %s stands at customer %s, allowed are the provider's, neutral ones and those of %s", location, p.Customer, c.ID)
		}
	}
	devices := m.need("devices", "a list of devices, [] for none yet").list()
	s.Devices = make([]Device, len(devices))
	for j, d := range devices {
		l.device(d, c, i, j)
	}
}

func (l *loader) device(v value, c *Customer, site, index int) {
	m := v.mapping()
	defer m.done()
	d := &c.Sites[site].Devices[index]
	placed := placedDevice{customer: c, site: site, device: index, at: v}
	id := m.need("id", "an identifier, as router-1")
	d.ID = vouch.DeviceID(id.id())
	l.symbols.define(symDevice, string(c.ID), string(d.ID), id)
	d.Class = m.need("class", "the kind of device").class()
	d.Addresses = addresses(m)
	profile := m.get("profile")
	d.Profile = profile.id()
	l.symbols.refer(symProfile, "", d.Profile, profile)
	credential := m.get("credential")
	d.SNMP = snmp(m.get("snmp"))
	d.SNMP.Credential = credential.id()
	l.symbols.refer(symCredential, "", d.SNMP.Credential, credential)
	placed.credential = credential
	d.SIP = sip(m.get("sip"))
	checks := m.get("checks")
	placed.checks, d.Kinds = kinds(checks)
	placed.noChecks = !checks.absent() && len(d.Kinds) == 0
	placed.lease = m.need("lease", "a mapping with from, and until where it ends")
	lease(placed.lease.mapping(), d, &placed)
	d.Interfaces = interfaces(m.get("interfaces"))
	placed.units = m.get("units").list()
	d.Units = make([]vouch.Unit, len(placed.units))
	for i, u := range placed.units {
		unit(u.mapping(), &d.Units[i], &placed)
	}
	if d.SNMP.Role == vouch.RoleManagement && !slices.ContainsFunc(d.Addresses, func(a vouch.Address) bool { return a.Role == vouch.RoleManagement }) {
		m.get("snmp").wrong("snmp is asked at the management address and the device has none, add one to addresses")
	}
	l.devices = append(l.devices, placed)
}

func (v value) class() vouch.Class {
	var names []string
	for _, c := range vouch.Classes() {
		names = append(names, string(c))
	}
	return vouch.Class(v.oneOf("", names...))
}

// addresses reads either address, which is the service address, or addresses.
func addresses(m *mapping) []vouch.Address {
	one, many := m.get("address"), m.get("addresses")
	switch {
	case m.absent():
		return nil
	case one.absent() == many.absent():
		m.wrong("%s needs exactly one of the keys address and addresses", m.key)
		return nil
	case !one.absent():
		return []vouch.Address{{Addr: one.addr(), Role: vouch.RoleService}}
	}
	var out []vouch.Address
	for _, v := range many.list() {
		e := v.mapping()
		a := vouch.Address{
			Addr: e.need("address", "an IP address").addr(),
			Role: vouch.AddressRole(e.need("role", "what the address is for").oneOf("",
				string(vouch.RoleService), string(vouch.RoleBackup), string(vouch.RoleManagement), string(vouch.RoleVirtual))),
		}
		e.done()
		if a.Addr.IsValid() && slices.ContainsFunc(out, func(b vouch.Address) bool { return a.Addr == b.Addr && a.Role == b.Role }) {
			v.wrong("address %s stands twice as %s, allowed is once", a.Addr, a.Role)
		}
		out = append(out, a)
	}
	if !slices.ContainsFunc(out, func(a vouch.Address) bool { return a.Role == vouch.RoleService || a.Role == "" }) {
		many.wrong("addresses has none with role: service, needed is the one that the contract speaks of")
	}
	return out
}

func snmp(v value) SNMP {
	m := v.mapping()
	defer m.done()
	role := vouch.RoleService
	// The service address unless the operator says otherwise: a device that answers on
	// its management network while the service is gone would be called up.
	if m.get("address").oneOf("", string(vouch.RoleService), string(vouch.RoleManagement)) == string(vouch.RoleManagement) {
		role = vouch.RoleManagement
	}
	return SNMP{Version: m.get("version").snmpVersion(defaultSNMPVersion), Port: m.get("port").port(161), Role: role}
}

// kind reads a kind of check.
func (v value) kind() vouch.Kind {
	var names []string
	for _, k := range vouch.Kinds() {
		names = append(names, string(k))
	}
	return vouch.Kind(v.oneOf("", names...))
}

// kinds reads a list of kinds of check, with their places.
func kinds(v value) ([]value, []vouch.Kind) {
	var at []value
	var out []vouch.Kind
	for _, e := range v.list() {
		k := e.kind()
		switch {
		case k == "":
		case slices.Contains(out, k):
			e.wrong("%s is listed twice, allowed is once", k)
		default:
			at, out = append(at, e), append(out, k)
		}
	}
	if !v.absent() && len(v.list()) == 0 {
		v.wrong("%s is empty, leave the key out for every check of the contract", v.key)
	}
	return at, out
}

func lease(m *mapping, d *Device, placed *placedDevice) {
	defer m.done()
	placed.when(m.need("from", "a date or an instant"), &d.LeaseFrom)
	placed.when(m.get("until"), &d.LeaseUntil)
}

func unit(m *mapping, u *vouch.Unit, placed *placedDevice) {
	defer m.done()
	one, many, engine := m.get("serial"), m.get("serials"), m.get("engine_id")
	given := 0
	for _, v := range []value{one, many, engine} {
		if !v.absent() {
			given++
		}
	}
	if given != 1 && !m.absent() {
		m.wrong("%s needs exactly one of the keys serial, serials (of a pair or cluster) and engine_id (of a device that tells no serial number)", m.key)
	}
	if s := one.text(""); s != "" {
		u.Serials = []string{strings.TrimSpace(s)}
	}
	for _, v := range many.list() {
		if s := v.text(""); s != "" {
			u.Serials = append(u.Serials, strings.TrimSpace(s))
		}
	}
	u.EngineID = engine.engineID()
	if err := vouch.ValidUnit(*u); err != nil && given == 1 {
		m.wrong("%v", err)
	}
	placed.when(m.need("from", "a date or an instant"), &u.From)
}

// engineID returns an snmpEngineID in the spelling of [vouch.Unit]: people write it as
// tools print it, with 0x before it or colons in it.
func (v value) engineID() string {
	s, _ := v.rawText()
	s = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(s))
	return strings.TrimPrefix(s, "0x")
}

// interfaces reads the patterns of the interfaces that are measured.
func interfaces(v value) []string {
	var out []string
	for _, e := range v.list() {
		s := e.text("")
		if s == "" {
			continue
		}
		if _, err := vouch.ParseInterface(s); err != nil {
			e.wrong("%v", err)
			continue
		}
		if slices.Contains(out, s) {
			e.wrong("%s is listed twice, allowed is once", show(s))
			continue
		}
		out = append(out, s)
	}
	if n := len(v.list()); !v.absent() && (n == 0 || n > vouch.MaxInterfaces) {
		v.wrong("%s has %d patterns, allowed are 1 to %d; leave the key out for all interfaces that the profile reads", v.key, n, vouch.MaxInterfaces)
	}
	return out
}

// when reads a date or an instant. A date begins at midnight in the zone of the
// customer's contract, which may not be known yet.
func (p *placedDevice) when(v value, into *time.Time) {
	s, ok := v.rawText()
	if !ok {
		return
	}
	if len(s) > len(time.DateOnly) {
		*into = v.instant()
		return
	}
	if date := v.date(); date != "" {
		p.dates = append(p.dates, placedDate{date, into})
	}
}

func (l *loader) service(v value, c *Customer) vouch.Service {
	m := v.mapping()
	id := m.need("id", "an identifier, as internet")
	s := vouch.Service{ID: vouch.ServiceID(id.id())}
	s.Name = m.get("name").text(string(s.ID))
	s.Tree = l.node(m, c)
	m.done()
	l.symbols.define(symService, string(c.ID), string(s.ID), id)
	return s
}

// node reads one node of a service tree: device, all or any. Within a list, a plain
// word is a device.
func (l *loader) node(m *mapping, c *Customer) vouch.Node {
	device, allOf, anyOf := m.get("device"), m.get("all"), m.get("any")
	given := 0
	for _, v := range []value{device, allOf, anyOf} {
		if !v.absent() {
			given++
		}
	}
	if given != 1 && !m.absent() {
		m.wrong("%s needs exactly one of the keys device, all and any", m.key)
	}
	return vouch.Node{Device: l.leaf(device, c), All: l.nodes(allOf, c), Any: l.nodes(anyOf, c)}
}

func (l *loader) leaf(v value, c *Customer) vouch.DeviceID {
	id := v.id()
	l.symbols.refer(symDevice, string(c.ID), id, v)
	return vouch.DeviceID(id)
}

func (l *loader) nodes(v value, c *Customer) []vouch.Node {
	if v.absent() {
		return nil
	}
	list := v.list()
	if len(list) == 0 {
		v.wrong("%s is no list with an entry, needed is at least one", v.key)
	}
	var out []vouch.Node
	for _, e := range list {
		if _, ok := e.word(); ok {
			out = append(out, vouch.Node{Device: l.leaf(e, c)})
			continue
		}
		m := e.mapping()
		out = append(out, l.node(m, c))
		m.done()
	}
	return out
}
