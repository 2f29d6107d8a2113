// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch/probes"
)

// NewTrapListener returns a listener without a socket.
func NewTrapListener(h probes.TrapHost) *TrapListener {
	return &TrapListener{senders: map[netip.Addr]*sender{}, own: engine{id: h.EngineID}}
}

// Handle says what becomes of a datagram; Read does too, and lets panics through.
func (l *TrapListener) Handle(datagram []byte, from netip.Addr, h probes.TrapHost, now time.Time) ([]byte, probes.Trap, probes.TrapOutcome) {
	return l.handle(datagram, from, &h, now)
}

func (l *TrapListener) Read(datagram []byte, from netip.Addr, h probes.TrapHost, now time.Time) ([]byte, probes.Trap, probes.TrapOutcome) {
	return l.read(datagram, from, &h, now)
}

// Senders returns of how many senders something is remembered.
func (l *TrapListener) Senders() int { return len(l.senders) }

const (
	MaxSenders = maxSenders
	MaxTrap    = maxTrap
	TrapBurst  = trapBurst
	TrapRate   = trapRate
	PDUTrap    = pduTrap
	PDUInform  = pduInform
)

// MakeV3 returns a message with the PDU, of the user, as the engine would send it, or a
// sender of informs to it, at that time of it.
func MakeV3(u probes.Credential, pdu byte, trap string, engine []byte, boots, seconds uint32) []byte {
	var l TrapListener
	var flags byte
	keys := &userKeys{}
	switch u.SecurityLevel() {
	case probes.AuthPriv:
		flags, keys.priv = flagAuth|flagPriv, l.keys.privKey(&u, engine)
		keys.auth = l.keys.authKey(&u, engine)
	case probes.AuthNoPriv:
		flags, keys.auth = flagAuth, l.keys.authKey(&u, engine)
	}
	if pdu == pduInform {
		flags |= flagReportable
	}
	uptime := element(tagSequence, element(tagOID, mustOID("1.3.6.1.2.1.1.3.0")), element(tagTimeTicks, shortest(1)))
	name := element(tagSequence, element(tagOID, snmpTrapOID), element(tagOID, mustOID(trap)))
	content := element(pdu, integer(77), integer(0), integer(0), element(tagSequence, uptime, name))
	scoped := element(tagSequence, element(tagOctetString, engine), element(tagOctetString), content)
	now := time.Now()
	h := probes.TrapHost{EngineID: engine, Boots: boots, Began: now.Add(-time.Duration(seconds) * time.Second)}
	return l.write(&message{id: 4711}, flags, &u, keys, scoped, &h, now)
}

// Keys returns the keys of a user at an engine.
func Keys(u probes.Credential, engine []byte) (auth, priv []byte) {
	var k keyring
	return k.authKey(&u, engine), k.privKey(&u, engine)
}
