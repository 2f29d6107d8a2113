// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// The bodies of records are evidence: docs/evidence-format.md describes them, and what
// was sealed once is read for ever. Fields may be added, none renamed. Durations are
// whole milliseconds, instants RFC 3339.
//
// A record of a configured thing has a subject; a newer one of the same kind and
// subject replaces what the older one said, from its effective time on.

// ContractBody is one version of a customer's contract.
type ContractBody struct {
	Subject  string           `json:"subject"` // "CONTRACT/NUMBER"
	Contract vouch.ContractID `json:"contract"`
	Version  contract.Version `json:"version"`
}

// SiteBody is a site with its devices as they are installed.
type SiteBody struct {
	Subject string       `json:"subject"` // "site/ID"
	Site    vouch.SiteID `json:"site"`
	Devices []DeviceBody `json:"devices"`
}

// DeviceBody is a device as it is installed.
type DeviceBody struct {
	Device    vouch.DeviceID `json:"device"`
	Class     vouch.Class    `json:"class"`
	Addresses []AddressBody  `json:"addresses"`
	Units     []UnitBody     `json:"units,omitempty"`
}

// AddressBody is one address of a device.
type AddressBody struct {
	Addr netip.Addr        `json:"addr"`
	Role vouch.AddressRole `json:"role"`
}

// UnitBody is the hardware that occupies a device from an instant on: one of the three
// texts says by what it is told.
type UnitBody struct {
	Serial   string    `json:"serial,omitempty"`
	Serials  []string  `json:"serials,omitempty"` // of the members of a pair or cluster: two or more
	EngineID string    `json:"engine_id,omitempty"`
	From     time.Time `json:"from"`
}

func unitBodyOf(u vouch.Unit) UnitBody {
	out := UnitBody{EngineID: u.EngineID, From: milli(u.From)}
	if len(u.Serials) == 1 {
		out.Serial = u.Serials[0]
	} else {
		out.Serials = u.Serials
	}
	return out
}

func (u UnitBody) unit() vouch.Unit {
	out := vouch.Unit{Serials: u.Serials, EngineID: u.EngineID, From: u.From}
	if u.Serial != "" {
		out.Serials = []string{u.Serial}
	}
	return out
}

// DeviceBodyOf returns what a record says of a device.
func DeviceBodyOf(d vouch.Device) DeviceBody {
	out := DeviceBody{Device: d.ID, Class: d.Class, Addresses: []AddressBody{}}
	for _, a := range d.Addresses {
		out.Addresses = append(out.Addresses, AddressBody(a))
	}
	for _, u := range d.Units {
		out.Units = append(out.Units, unitBodyOf(u))
	}
	return out
}

func (d DeviceBody) device() vouch.Device {
	out := vouch.Device{ID: d.Device, Class: d.Class}
	for _, a := range d.Addresses {
		out.Addresses = append(out.Addresses, vouch.Address(a))
	}
	for _, u := range d.Units {
		out.Units = append(out.Units, u.unit())
	}
	return out
}

// ServicesBody is the services of a customer.
type ServicesBody struct {
	Subject  string        `json:"subject"` // "services"
	Services []ServiceBody `json:"services"`
}

// ServiceBody is one service.
type ServiceBody struct {
	Service vouch.ServiceID `json:"service"`
	Name    string          `json:"name"`
	Tree    NodeBody        `json:"tree"`
}

// NodeBody is one node of a service tree: exactly one field is there.
type NodeBody struct {
	Device vouch.DeviceID `json:"device,omitempty"`
	All    []NodeBody     `json:"all,omitempty"`
	Any    []NodeBody     `json:"any,omitempty"`
}

// ServicesBodyOf returns what a record says of a customer's services.
func ServicesBodyOf(c vouch.Customer) ServicesBody {
	out := ServicesBody{Subject: "services", Services: []ServiceBody{}}
	for _, s := range c.Services {
		out.Services = append(out.Services, ServiceBody{s.ID, s.Name, nodeBodyOf(s.Tree)})
	}
	return out
}

func nodeBodyOf(n vouch.Node) NodeBody {
	out := NodeBody{Device: n.Device}
	for _, x := range n.All {
		out.All = append(out.All, nodeBodyOf(x))
	}
	for _, x := range n.Any {
		out.Any = append(out.Any, nodeBodyOf(x))
	}
	return out
}

func (n NodeBody) node() vouch.Node {
	out := vouch.Node{Device: n.Device}
	for _, x := range n.All {
		out.All = append(out.All, x.node())
	}
	for _, x := range n.Any {
		out.Any = append(out.Any, x.node())
	}
	return out
}

// LeaseBody is the lease of one device.
type LeaseBody struct {
	Subject string         `json:"subject"` // the device
	Device  vouch.DeviceID `json:"device"`
	From    time.Time      `json:"from,omitzero"`
	Until   time.Time      `json:"until,omitzero"` // exclusive; absent while open-ended
}

// LocationBody is a location and what it shares with others.
type LocationBody struct {
	Subject  string           `json:"subject"` // the location
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
	Via      []string         `json:"via,omitempty"`
}

// KeyBody says that a key speaks for an agent.
type KeyBody struct {
	Subject  string           `json:"subject"` // the agent
	Agent    vouch.AgentID    `json:"agent"`
	Location vouch.LocationID `json:"location"`
	Key      string           `json:"key"` // C2SP verifier key
}

// AssignmentBody is all that one agent measures at one site of a customer, and by what
// it proves its own health. It replaces what was assigned before.
type AssignmentBody struct {
	Subject    string          `json:"subject"` // "AGENT/SITE"
	Agent      vouch.AgentID   `json:"agent"`
	Site       vouch.SiteID    `json:"site"`
	Admission  int             `json:"admission,omitempty"` // successes that admit a check named here for the first time
	Checks     []CheckBody     `json:"checks"`
	References []ReferenceBody `json:"references"`
}

// CheckBody is one check. It names no credential: what a device is asked with is no
// evidence of anything.
type CheckBody struct {
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
	SIP      *SIPBody        `json:"sip,omitempty"`
	// Unit is what the device must say that it is; Interfaces are patterns of those that
	// are measured. Both are absent where nothing is asked.
	Unit       *UnitBody `json:"unit,omitempty"`
	Interfaces []string  `json:"interfaces,omitempty"`
}

// SIPBody says how a check asks over SIP and which answers are up. Whom it asks for is
// no evidence of anything, and may be a person.
type SIPBody struct {
	Transport string   `json:"transport"`
	Accept    []string `json:"accept,omitempty"`   // absent: 2xx, 3xx and 4xx but 408
	Insecure  bool     `json:"insecure,omitempty"` // any certificate is taken
}

// CheckBodyOf returns what a record says of a check.
func CheckBodyOf(d vouch.DeviceID, c vouch.Check) CheckBody {
	var sip *SIPBody
	if c.Kind == vouch.KindSIP {
		sip = &SIPBody{cmp.Or(c.SIP.Transport, vouch.SIPOverUDP), c.SIP.Accept, c.SIP.TLSInsecure}
	}
	out := CheckBody{
		SIP: sip, Device: d, Check: c.Name, Kind: c.Kind, Addr: c.Addr, Port: c.Port, Interval: c.Interval.Milliseconds(), Timeout: c.Timeout.Milliseconds(),
		Count: c.Count, Spacing: c.Spacing.Milliseconds(), Size: c.Size, Version: c.Version, Profile: c.Profile, Values: c.Values, Interfaces: c.Interfaces,
	}
	if c.Unit.Known() {
		u := unitBodyOf(c.Unit)
		out.Unit = &u
	}
	return out
}

// ReferenceBody is what an agent asks to prove its own health.
type ReferenceBody struct {
	Reference string     `json:"reference"`
	Gateway   bool       `json:"gateway,omitempty"`
	Kind      vouch.Kind `json:"kind"`
	Addr      netip.Addr `json:"addr"`
	Port      uint16     `json:"port,omitempty"`
}

// MaintenanceBody is an announcement. Who made it and when, the record says.
type MaintenanceBody struct {
	ID     string         `json:"id"`
	Site   vouch.SiteID   `json:"site,omitempty"`
	Device vouch.DeviceID `json:"device,omitempty"`
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"`
	Reason string         `json:"reason"`
}

// CancelBody ends an announcement.
type CancelBody struct {
	ID string `json:"id"`
}

// ClaimBody claims that some time does not count. Announced and Told are the
// provider's word: they count from the recording unless the customer accepts.
type ClaimBody struct {
	ID        string                 `json:"id"`
	Kind      contract.ExclusionKind `json:"kind"`
	Site      vouch.SiteID           `json:"site,omitempty"`
	Device    vouch.DeviceID         `json:"device,omitempty"`
	From      time.Time              `json:"from"`
	To        time.Time              `json:"to"`
	Announced time.Time              `json:"announced_at,omitzero"`
	Told      time.Time              `json:"told_at,omitzero"` // when it was put to the customer
	Evidence  []string               `json:"evidence,omitempty"`
	Reason    string                 `json:"reason"`
}

// RulingBody approves or rejects a claim; who ruled, the record says.
type RulingBody struct {
	ID     string `json:"id"` // of the claim
	Reason string `json:"reason,omitempty"`
}

// AcceptanceBody is the customer's word on something in his ledger: on a claim, a
// maintenance, a contract version, a lease or a statement, by the id of its record.
type AcceptanceBody struct {
	Record  string `json:"record"`
	Objects bool   `json:"objects,omitempty"` // he objects rather than accepts
	By      string `json:"by"`                // an account id or the name of the customer's key
	Note    string `json:"note,omitempty"`    // the customer's own signed note, where he made one
}

// AccountBody is what happened to an account of the provider's pages. It names nobody
// and no place: the account by its ID alone.
type AccountBody struct {
	Event    string           `json:"event"`   // what happened: "signed-in"
	Account  string           `json:"account"` // "account:ID", or "token:ID"
	Role     string           `json:"role,omitempty"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
}

// HoldBody places or removes a legal hold: while one stands, nothing of the customer is
// erased.
type HoldBody struct {
	ID      string `json:"id"`
	Reason  string `json:"reason"`
	Removed bool   `json:"removed,omitempty"` // the hold of that ID stands no longer
}

// ErasedBody says what was erased under retention: the notes of Count entries of a
// stream, each of which speaks of time before an instant alone. Their leaves lie between
// First and Last, both included, others of the stream perhaps among them.
type ErasedBody struct {
	Stream vouch.Stream `json:"stream"`
	Before time.Time    `json:"before"`
	First  int64        `json:"first"` // leaf, from 0
	Last   int64        `json:"last"`
	Count  int64        `json:"count"`
	Why    string       `json:"why"`
}

// RevokedBody ends a key: what it signed and what came in later is not believed.
type RevokedBody struct {
	Subject string        `json:"subject"` // the agent
	Agent   vouch.AgentID `json:"agent"`
	Key     string        `json:"key"`
	Reason  string        `json:"reason,omitempty"`
}

// EquivocationBody says that an agent signed a note that contradicts one that is stored:
// another batch under its number or, broken, one that does not name it as the one before.
// The refused note is kept beside the ledger.
type EquivocationBody struct {
	Agent    vouch.AgentID `json:"agent"`
	Key      string        `json:"key"`
	Stream   vouch.Stream  `json:"stream"`
	Epoch    uint64        `json:"epoch"`
	Seq      uint64        `json:"seq"`
	Refused  evidence.Hash `json:"refused"`  // hash of the note
	Expected evidence.Hash `json:"expected"` // of the head of the chain as it stands
	Broken   bool          `json:"broken,omitempty"`
}

// LostHereBody says that the collector had acknowledged notes and no longer has them,
// as after a restore from an older back-up. The agent signed for it with a gap.
type LostHereBody struct {
	Agent   vouch.AgentID `json:"agent"`
	Key     string        `json:"key"`
	Stream  vouch.Stream  `json:"stream"`
	Epoch   uint64        `json:"epoch"`
	First   uint64        `json:"first"`
	Seq     uint64        `json:"seq"`
	From    time.Time     `json:"from"`
	Through time.Time     `json:"through"`
}

// incidentBody is what a statement needs of an incident event.
type incidentBody struct {
	Incident struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Parts  []struct {
			Device vouch.DeviceID  `json:"device"`
			From   contract.Second `json:"from"`
			To     contract.Second `json:"to"`
			Gone   bool            `json:"withdrawn"`
		} `json:"parts"`
	} `json:"incident"`
}

// milli truncates an instant to the precision that notes keep.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// SubjectOf returns what a record of a configured thing is about. Kinds that happen (an
// announcement, an incident event) have no subject.
func SubjectOf(body []byte) string {
	var b struct {
		Subject string `json:"subject"`
	}
	_ = json.Unmarshal(body, &b) // the body is canonical JSON; one without a subject has none
	return b.Subject
}
