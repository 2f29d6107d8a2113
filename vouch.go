// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package vouch holds the nouns that every part of the product shares, and what
// makes a value of them valid. It has no behaviour: nothing here probes, judges,
// stores or prints.
//
// One word per idea. A customer leases devices at sites. A location measures;
// the agents that stand at one location are one witness. A check is what is asked
// of a device; its result is a sample, which ends in one of three outcomes.
package vouch

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Identifiers have types of their own because mixing two of them up is a bug.
// Each is valid when [ValidID] accepts it.
type (
	CustomerID string // a customer, the unit of isolation
	SiteID     string // a site, unique within its customer
	DeviceID   string // a device, unique within its customer
	ServiceID  string // a service, unique within its customer
	LocationID string // a monitoring location
	AgentID    string // an agent; also the name of its signing key
	CheckName  string // a check, unique within its device
	ContractID string // a contract
)

// Provider is the reserved customer whose ledger holds what agents say about
// themselves. No installed base may use it for a customer of its own.
const Provider CustomerID = "provider"

// Anchors is the reserved customer whose ledger holds how far every other ledger had
// come and when, with what others say of it. No installed base may use it.
const Anchors CustomerID = "anchors"

// MaxIDLen is the longest identifier that [ValidID] accepts, in bytes.
const MaxIDLen = 63

// ValidID reports why s cannot be an identifier. Identifiers stand in file names,
// URLs, key names of signed notes (which forbid '+' and white space) and tags of
// line protocol, so they hold ASCII letters, digits, '.', '_' and '-' only, begin
// with a letter or digit, and are 1 to 63 bytes long.
func ValidID(s string) error {
	switch {
	case s == "":
		return errors.New("an identifier is empty")
	case len(s) > MaxIDLen:
		return fmt.Errorf("identifier %.20q... is %d bytes long, at most %d are allowed", s, len(s), MaxIDLen)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return fmt.Errorf("identifier %q holds %q: allowed are letters, digits, and after the first character '.', '_' and '-'", s, c)
		}
	}
	return nil
}

// Custody says in whose hands the place of a location is. It follows the place,
// not who owns the box: an agent on a customer's premises is in the customer's
// custody even on leased hardware.
type Custody string

const (
	CustodyProvider Custody = "provider"
	CustodyNeutral  Custody = "neutral"
	CustodyCustomer Custody = "customer"
)

// Class is the coarse kind of a device.
type Class string

const (
	ClassRouter      Class = "router"
	ClassFirewall    Class = "firewall"
	ClassTelephony   Class = "telephony"
	ClassSwitch      Class = "switch"
	ClassAccessPoint Class = "access-point"
	ClassServer      Class = "server"
	ClassOther       Class = "other"
)

// Classes lists every class, in the order in which people are shown them.
func Classes() []Class {
	return []Class{ClassRouter, ClassFirewall, ClassTelephony, ClassSwitch, ClassAccessPoint, ClassServer, ClassOther}
}

// AddressRole says what an address of a device is for.
type AddressRole string

const (
	RoleService    AddressRole = "service"
	RoleBackup     AddressRole = "back-up"
	RoleManagement AddressRole = "management"
	RoleVirtual    AddressRole = "virtual"
)

// Location is a place that measures: one witness, however many agents stand there.
type Location struct {
	ID       LocationID
	Name     string
	Custody  Custody
	Customer CustomerID // set only in customer custody: whose premises these are
	Via      []string   // shared dependencies by name (uplink, power feed): two locations that share one are not independent
}

// Agent is one process at a location, known by its own signing key.
type Agent struct {
	ID       AgentID
	Location LocationID
	Key      string // C2SP note verifier key, "name+hash+base64"; the name is the agent's ID
}

// Customer is the party that leases. Nothing of one customer is visible to another.
type Customer struct {
	ID       CustomerID
	Name     string
	Contract ContractID
	Sites    []Site
	Services []Service
}

// Site is one address of a customer.
type Site struct {
	ID      SiteID
	Name    string
	Devices []Device
}

// Device is a position in the installed base that is measured. Units of hardware
// occupy it; it is the position that has a history.
type Device struct {
	ID         DeviceID
	Class      Class
	Addresses  []Address
	Profile    string    // name of the SNMP profile; empty for none
	LeaseFrom  time.Time // inclusive, UTC
	LeaseUntil time.Time // exclusive, UTC; zero for open-ended
	Units      []Unit    // by From
	Interfaces []string  // patterns of the interfaces that are measured, as [ParseInterface] reads them; empty for all
	Checks     []Check
}

// Address is one address of a device with what it is for.
type Address struct {
	Addr netip.Addr
	Role AddressRole
}

// Service is what a contract promises: a tree over devices.
type Service struct {
	ID   ServiceID
	Name string
	Tree Node
}

// Node is one node of a service tree: exactly one of Device, All and Any is set.
type Node struct {
	Device DeviceID
	All    []Node
	Any    []Node
}

// Kind names the protocol of a check or a reference.
type Kind string

const (
	KindICMP Kind = "icmp"
	KindSNMP Kind = "snmp"
	KindTCP  Kind = "tcp"
	KindSIP  Kind = "sip"
)

// Kinds lists every kind of check, in the order in which people are shown them.
func Kinds() []Kind { return []Kind{KindICMP, KindSNMP, KindTCP, KindSIP} }

// Check is what is asked of a device at an interval. It holds no secret: Credential
// is a name that the agent resolves in its own configuration.
type Check struct {
	Name     CheckName
	Kind     Kind
	Addr     netip.Addr
	Port     uint16 // SNMP (0 means 161), TCP and SIP (0 means 5060, over TLS 5061); unused for ICMP
	Interval time.Duration
	Timeout  time.Duration // for the whole attempt, below Interval

	Count   int           // ICMP: echo requests a round, 1 to 20
	Spacing time.Duration // ICMP: between two echo requests of a round
	Size    int           // ICMP: bytes of payload, 16 to 1400

	Version    string // SNMP: "1", "2c" or "3"
	Credential string // SNMP: name of the credential in the agent's file
	Profile    string // SNMP: name of the profile

	SIP SIP // SIP: how it is asked, and which answers are up

	// Unit is what the device must say that it is; the zero value expects nothing. A
	// poll of another unit is [ReasonIdentity].
	Unit Unit
	// Interfaces are the patterns of the device; empty for all that the profile reads.
	Interfaces []string

	// Values names the numbers of a poll that a threshold is about, each as
	// [ParseValueRef] reads it, in rising order, none twice, at most [MaxValues]. They
	// stand in the sample itself, so that a verdict needs no telemetry.
	Values []string

	Watch Watch
}

// Watch holds plain limits whose crossing makes the agent seal at once, so that
// the centre hears of it early. They judge nothing. Zero means no limit.
type Watch struct {
	RTT  time.Duration // mean round-trip time of a round
	Loss int           // lost requests of a round, in percent
}

// Reference is something the agent asks to prove its own health: its gateway, or a
// host beyond the provider's network.
type Reference struct {
	Name       string
	Gateway    bool // the agent's own gateway rather than a reference beyond it
	Kind       Kind
	Addr       netip.Addr
	Port       uint16
	Version    string // SNMP
	Credential string // SNMP
}

// Assignment says that an agent runs a check of a device from an instant on, until
// a later assignment of the same agent and device without that check. It is a
// record, so that what should have been measured can be told from what was.
type Assignment struct {
	Agent    AgentID
	Customer CustomerID
	Device   DeviceID
	Check    Check
	From     time.Time
}

// FieldCounterBits is the field, an integer, of a point whose counters have fewer bits
// than the profile says: the device lacks the 64-bit objects for this row.
const FieldCounterBits = "counter_bits"

// Stream separates what a verdict can rest on from everything else, so that
// evidence stays small. Each stream has its own chain and its own retention.
type Stream string

const (
	Availability Stream = "availability"
	Telemetry    Stream = "telemetry"
)
