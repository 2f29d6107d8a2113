// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/internal/wire"
)

// The bodies of records are evidence: docs/evidence-format.md describes them, and what
// was sealed once is read for ever. Fields may be added, none renamed. Durations are
// whole milliseconds, instants RFC 3339.
//
// A record of a configured thing has a subject; a newer one of the same kind and
// subject replaces what the older one said, from its effective time on.

// contractBody is one version of a customer's contract.
type contractBody struct {
	Subject  string           `json:"subject"` // "CONTRACT/NUMBER"
	Contract vouch.ContractID `json:"contract"`
	Version  contract.Version `json:"version"`
}

// siteBody is a site with its devices as they are installed.
type siteBody struct {
	Subject string       `json:"subject"` // "site/ID"
	Site    vouch.SiteID `json:"site"`
	Devices []deviceBody `json:"devices"`
}

type deviceBody struct {
	Device    vouch.DeviceID `json:"device"`
	Class     vouch.Class    `json:"class"`
	Addresses []addressBody  `json:"addresses"`
	Units     []unitBody     `json:"units,omitempty"`
}

type addressBody struct {
	Addr netip.Addr        `json:"addr"`
	Role vouch.AddressRole `json:"role"`
}

type unitBody struct {
	Serial string    `json:"serial"`
	From   time.Time `json:"from"`
}

func deviceBodyOf(d vouch.Device) deviceBody {
	out := deviceBody{Device: d.ID, Class: d.Class, Addresses: []addressBody{}}
	for _, a := range d.Addresses {
		out.Addresses = append(out.Addresses, addressBody(a))
	}
	for _, u := range d.Units {
		out.Units = append(out.Units, unitBody{u.Serial, milli(u.From)})
	}
	return out
}

// servicesBody is the services of a customer.
type servicesBody struct {
	Subject  string        `json:"subject"` // "services"
	Services []serviceBody `json:"services"`
}

type serviceBody struct {
	Service vouch.ServiceID `json:"service"`
	Name    string          `json:"name"`
	Tree    nodeBody        `json:"tree"`
}

// nodeBody is one node of a service tree: exactly one field is there.
type nodeBody struct {
	Device vouch.DeviceID `json:"device,omitempty"`
	All    []nodeBody     `json:"all,omitempty"`
	Any    []nodeBody     `json:"any,omitempty"`
}

func servicesBodyOf(c vouch.Customer) servicesBody {
	out := servicesBody{Subject: "services", Services: []serviceBody{}}
	for _, s := range c.Services {
		out.Services = append(out.Services, serviceBody{s.ID, s.Name, nodeBodyOf(s.Tree)})
	}
	return out
}

func nodeBodyOf(n vouch.Node) nodeBody {
	out := nodeBody{Device: n.Device}
	for _, x := range n.All {
		out.All = append(out.All, nodeBodyOf(x))
	}
	for _, x := range n.Any {
		out.Any = append(out.Any, nodeBodyOf(x))
	}
	return out
}

// leaseBody is the lease of one device.
type leaseBody struct {
	Subject string         `json:"subject"` // the device
	Device  vouch.DeviceID `json:"device"`
	From    time.Time      `json:"from,omitzero"`
	Until   time.Time      `json:"until,omitzero"` // exclusive; absent while open-ended
}

// locationBody is a location and what it shares with others.
type locationBody struct {
	Subject  string           `json:"subject"` // the location
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
	Via      []string         `json:"via,omitempty"`
}

// keyBody says that a key speaks for an agent.
type keyBody struct {
	Subject  string           `json:"subject"` // the agent
	Agent    vouch.AgentID    `json:"agent"`
	Location vouch.LocationID `json:"location"`
	Key      string           `json:"key"` // C2SP verifier key
}

// assignmentBody is all that one agent measures at one site of a customer, and by what
// it proves its own health. It replaces what was assigned before.
type assignmentBody struct {
	Subject    string          `json:"subject"` // "AGENT/SITE"
	Agent      vouch.AgentID   `json:"agent"`
	Site       vouch.SiteID    `json:"site"`
	Checks     []checkBody     `json:"checks"`
	References []referenceBody `json:"references"`
}

// checkBody is one check. It names no credential: what a device is asked with is no
// evidence of anything.
type checkBody struct {
	Device   vouch.DeviceID  `json:"device"`
	Check    vouch.CheckName `json:"check"`
	Kind     vouch.Kind      `json:"kind"`
	Addr     netip.Addr      `json:"addr"`
	Port     uint16          `json:"port,omitempty"`
	Interval int64           `json:"interval_ms"`
	Timeout  int64           `json:"timeout_ms"`
	Count    int             `json:"count,omitempty"`
	Spacing  int64           `json:"spacing_ms,omitempty"`
	Size     int             `json:"size,omitempty"`
	Version  string          `json:"version,omitempty"`
	Profile  string          `json:"profile,omitempty"`
	Values   []string        `json:"values,omitempty"` // that thresholds name
}

func checkBodyOf(d vouch.DeviceID, c vouch.Check) checkBody {
	return checkBody{
		Device: d, Check: c.Name, Kind: c.Kind, Addr: c.Addr, Port: c.Port, Interval: c.Interval.Milliseconds(), Timeout: c.Timeout.Milliseconds(),
		Count: c.Count, Spacing: c.Spacing.Milliseconds(), Size: c.Size, Version: c.Version, Profile: c.Profile, Values: c.Values,
	}
}

// referenceBody is what an agent asks to prove its own health.
type referenceBody struct {
	Reference string     `json:"reference"`
	Gateway   bool       `json:"gateway,omitempty"`
	Kind      vouch.Kind `json:"kind"`
	Addr      netip.Addr `json:"addr"`
	Port      uint16     `json:"port,omitempty"`
}

// referenceBodies returns the references that concern a customer.
func referenceBodies(rs []wire.Reference, cu vouch.CustomerID) []referenceBody {
	out := []referenceBody{}
	for _, r := range rs {
		if slices.Contains(r.Customers, cu) {
			out = append(out, referenceBody{r.Name, r.Gateway, r.Kind, r.Addr, r.Port})
		}
	}
	return out
}

// maintenanceBody is an announcement. Who made it and when, the record says.
type maintenanceBody struct {
	ID     string         `json:"id"`
	Site   vouch.SiteID   `json:"site,omitempty"`
	Device vouch.DeviceID `json:"device,omitempty"`
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"`
	Reason string         `json:"reason"`
}

// cancelBody ends an announcement.
type cancelBody struct {
	ID string `json:"id"`
}
