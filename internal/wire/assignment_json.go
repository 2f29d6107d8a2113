// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
)

// The JSON of an assignment. Durations are strings ("10s"), times RFC 3339.
type (
	assignmentJSON struct {
		Agent      vouch.AgentID      `json:"agent"`
		Location   vouch.LocationID   `json:"location"`
		From       time.Time          `json:"from"`
		Customers  []vouch.CustomerID `json:"customers"`
		Sealing    duration           `json:"sealing"`
		Heartbeat  duration           `json:"heartbeat"`
		Devices    []deviceJSON       `json:"devices"`
		References []referenceJSON    `json:"references"`
		Profiles   []profileJSON      `json:"profiles"`
		Secrets    []secretJSON       `json:"secrets,omitempty"`
	}
	secretJSON struct {
		Name   string `json:"name"`
		Sealed []byte `json:"sealed"` // base64
	}
	deviceJSON struct {
		Customer vouch.CustomerID `json:"customer"`
		ID       vouch.DeviceID   `json:"device"`
		Class    vouch.Class      `json:"class"`
		Profiles []string         `json:"profiles,omitempty"`
		Checks   []checkJSON      `json:"checks"`
		Turn     int              `json:"turn,omitempty"`
	}
	checkJSON struct {
		Name       vouch.CheckName `json:"name"`
		Kind       vouch.Kind      `json:"kind"`
		Addr       netip.Addr      `json:"addr"`
		Port       uint16          `json:"port,omitempty"`
		Interval   duration        `json:"interval"`
		Timeout    duration        `json:"timeout"`
		Count      int             `json:"count,omitempty"`
		Spacing    duration        `json:"spacing,omitempty"`
		Size       int             `json:"size,omitempty"`
		Version    string          `json:"version,omitempty"`
		Credential string          `json:"credential,omitempty"`
		Profile    string          `json:"profile,omitempty"`
		SIP        *sipJSON        `json:"sip,omitempty"`
		Values     []string        `json:"values,omitempty"`
		Unit       *unitJSON       `json:"unit,omitempty"`
		Interfaces []string        `json:"interfaces,omitempty"`
		WatchRTT   duration        `json:"watch_rtt,omitempty"`
		WatchLoss  int             `json:"watch_loss,omitempty"`
	}
	unitJSON struct {
		Serials  []string  `json:"serials,omitempty"`
		EngineID string    `json:"engine_id,omitempty"`
		From     time.Time `json:"from,omitzero"`
	}
	referenceJSON struct {
		Name       string             `json:"name"`
		Gateway    bool               `json:"gateway,omitempty"`
		Kind       vouch.Kind         `json:"kind"`
		Addr       netip.Addr         `json:"addr"`
		Port       uint16             `json:"port,omitempty"`
		Version    string             `json:"version,omitempty"`
		Credential string             `json:"credential,omitempty"`
		Customers  []vouch.CustomerID `json:"customers"`
	}
)

// each converts a list. An empty one becomes nil, so that a round trip has one result.
func each[A, B any](list []A, f func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}

func same[A any](v A) A { return v }

func toJSON(a Assignment) assignmentJSON {
	return assignmentJSON{
		Agent: a.Agent, Location: a.Location, From: time.UnixMilli(a.From.UnixMilli()).UTC(),
		Customers: each(a.Customers, same), Sealing: duration(a.Sealing), Heartbeat: duration(a.Heartbeat),
		References: each(a.References, referenceToJSON), Secrets: each(a.Secrets, secretToJSON),
		Devices: each(a.Devices, func(d Device) deviceJSON {
			return deviceJSON{d.Customer, d.ID, d.Class, each(d.Profiles, same), each(d.Checks, checkToJSON), d.Turn}
		}),
		Profiles: each(a.Profiles, profileToJSON),
	}
}

func fromJSON(j assignmentJSON) Assignment {
	return Assignment{
		Agent: j.Agent, Location: j.Location, From: j.From.UTC(),
		Customers: each(j.Customers, same), Sealing: time.Duration(j.Sealing), Heartbeat: time.Duration(j.Heartbeat),
		References: each(j.References, referenceFromJSON), Secrets: each(j.Secrets, secretFromJSON),
		Devices: each(j.Devices, func(d deviceJSON) Device {
			return Device{d.Customer, d.ID, d.Class, each(d.Profiles, same), each(d.Checks, checkFromJSON), d.Turn}
		}),
		Profiles: each(j.Profiles, profileFromJSON),
	}
}

func secretToJSON(s SealedSecret) secretJSON   { return secretJSON(s) }
func secretFromJSON(s secretJSON) SealedSecret { return SealedSecret(s) }

func checkToJSON(c vouch.Check) checkJSON {
	return checkJSON{
		Name: c.Name, Kind: c.Kind, Addr: c.Addr, Port: c.Port, Interval: duration(c.Interval), Timeout: duration(c.Timeout),
		Count: c.Count, Spacing: duration(c.Spacing), Size: c.Size, Version: c.Version, Credential: c.Credential, Profile: c.Profile,
		SIP: sipToJSON(c.SIP), Values: each(c.Values, same), WatchRTT: duration(c.Watch.RTT), WatchLoss: c.Watch.Loss,
		Unit: unitToJSON(c.Unit), Interfaces: each(c.Interfaces, same),
	}
}

func checkFromJSON(c checkJSON) vouch.Check {
	return vouch.Check{
		Name: c.Name, Kind: c.Kind, Addr: c.Addr, Port: c.Port, Interval: time.Duration(c.Interval), Timeout: time.Duration(c.Timeout),
		Count: c.Count, Spacing: time.Duration(c.Spacing), Size: c.Size, Version: c.Version, Credential: c.Credential, Profile: c.Profile,
		SIP: sipFromJSON(c.SIP), Values: each(c.Values, same), Watch: vouch.Watch{RTT: time.Duration(c.WatchRTT), Loss: c.WatchLoss},
		Unit: unitFromJSON(c.Unit), Interfaces: each(c.Interfaces, same),
	}
}

// unitToJSON leaves a unit out that nothing is known of.
func unitToJSON(u vouch.Unit) *unitJSON {
	if !u.Known() {
		return nil
	}
	return &unitJSON{each(u.Serials, same), u.EngineID, u.From.UTC()}
}

func unitFromJSON(j *unitJSON) vouch.Unit {
	if j == nil {
		return vouch.Unit{}
	}
	return vouch.Unit{Serials: each(j.Serials, same), EngineID: j.EngineID, From: j.From.UTC()}
}

func referenceToJSON(r Reference) referenceJSON {
	return referenceJSON{r.Name, r.Gateway, r.Kind, r.Addr, r.Port, r.Version, r.Credential, each(r.Customers, same)}
}

func referenceFromJSON(j referenceJSON) Reference {
	return Reference{
		Reference: vouch.Reference{Name: j.Name, Gateway: j.Gateway, Kind: j.Kind, Addr: j.Addr, Port: j.Port, Version: j.Version, Credential: j.Credential},
		Customers: each(j.Customers, same),
	}
}
