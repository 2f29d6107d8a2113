// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"net/netip"
	"time"
)

// Trap is a notification that a device sent by itself, and that was accepted. Nothing of
// what it carries is kept but its name: what is true of the device, a poll says.
type Trap struct {
	From   netip.Addr // sender of the datagram, unmapped; no address inside it is believed
	OID    string     // snmpTrapOID, dotted; of SNMPv1 as RFC 3584 section 3.1 translates it
	Inform bool       // it was acknowledged (RFC 3416 section 4.2.7)
}

// TrapOutcome is what became of a datagram that came where traps are expected.
type TrapOutcome uint8

// What becomes of such a datagram, in the order in which it is looked at.
const (
	TrapAccepted       TrapOutcome = iota
	TrapUnknownSender              // no device that is measured has that address; nothing in it was looked at
	TrapRateLimited                // its sender sent too many; nothing in it was looked at
	TrapMalformed                  // no trap, too large, or cannot be read
	TrapBadVersion                 // of a version of SNMP that no credential is for
	TrapWrongCommunity             // SNMPv1 and v2c
	TrapNotAuthentic               // SNMPv3: user, level, password or protocol is wrong
	TrapNotInWindow                // SNMPv3: authentic, and too old: replayed, or the device's engine began anew
	TrapHandshake                  // SNMPv3: the sender of an inform asked for our engine or its time
)

// TrapOutcomes lists every outcome.
func TrapOutcomes() []TrapOutcome {
	return []TrapOutcome{TrapAccepted, TrapUnknownSender, TrapRateLimited, TrapMalformed, TrapBadVersion, TrapWrongCommunity, TrapNotAuthentic, TrapNotInWindow, TrapHandshake}
}

// String returns the outcome as metrics and the status spell it.
func (o TrapOutcome) String() string {
	names := [...]string{"accepted", "unknown_sender", "rate_limited", "malformed", "bad_version", "wrong_community", "not_authentic", "not_in_window", "handshake"}
	return names[min(int(o), len(names)-1)]
}

// TrapHost is on whose behalf traps are heard. Its functions may be called by several
// goroutines at once, and none of them may wait.
type TrapHost struct {
	// EngineID is this host's own SNMP engine, 5 to 32 bytes (RFC 3411, SnmpEngineID), to
	// which SNMPv3 sends informs. It is the same after a restart.
	EngineID []byte
	// Boots counts the starts of that engine (RFC 3414 section 2.2), from 1; 0 means that
	// they are not known, and informs of SNMPv3 are not accepted.
	Boots uint32
	Began time.Time // of that engine's present run

	Known       func(netip.Addr) bool // whether a device that is measured has the address
	Credentials func() []Credential   // one of which a trap must be sent with
	Accept      func(Trap)
	Count       func(TrapOutcome, netip.Addr) // called once for each datagram
}
