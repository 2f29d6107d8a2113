// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"crypto/subtle"

	"github.com/vouch-sla/vouch/probes"
)

// PDU tags of notifications (RFC 1157 section 4.1.6, RFC 3416 section 3).
const (
	pduTrapV1 byte = 0xa4
	pduInform byte = 0xa6
	pduTrap   byte = 0xa7
)

// maxTrapOID bounds the name of a trap, in its encoded form: one that was registered is
// far shorter.
const maxTrapOID = 64

var (
	snmpTrapOID = mustOID("1.3.6.1.6.3.1.1.4.1.0")
	snmpTraps   = mustOID("1.3.6.1.6.3.1.1.5")
)

// messageVersion opens a message of any version of SNMP.
func messageVersion(datagram []byte) (version int64, body []byte, ok bool) {
	msg, rest, ok := readAs(tagSequence, datagram)
	if !ok || len(rest) > 0 {
		return 0, nil, false
	}
	v, body, ok := readAs(tagInteger, msg)
	if !ok {
		return 0, nil, false
	}
	version, ok = signed(v)
	return version, body, ok
}

// versionName returns a version as credentials name it, or "".
func versionName(version int64) string {
	switch version {
	case wireV1:
		return probes.SNMPv1
	case wireV2c:
		return probes.SNMPv2c
	case wireV3:
		return probes.SNMPv3
	}
	return ""
}

// communityBased reads the rest of a message of SNMPv1 or v2c. The community must be one
// of those of the users, all of which are for the version.
func communityBased(datagram, body []byte, version int64, users []probes.Credential) (reply []byte, name oid, outcome probes.TrapOutcome) {
	community, body, ok := readAs(tagOctetString, body)
	if !ok {
		return nil, nil, probes.TrapMalformed
	}
	right := 0
	for _, u := range users { // all of them, so that time tells nothing
		right |= subtle.ConstantTimeCompare(community, []byte(u.Community))
	}
	if right != 1 {
		return nil, nil, probes.TrapWrongCommunity
	}
	pdu, content, rest, ok := readTLV(body)
	if !ok || len(rest) > 0 {
		return nil, nil, probes.TrapMalformed
	}
	switch {
	case version == wireV1 && pdu == pduTrapV1:
		name, ok = trapV1Name(content)
	case version == wireV2c && (pdu == pduTrap || pdu == pduInform):
		name, ok = trapName(content)
	default:
		ok = false
	}
	if !ok {
		return nil, nil, probes.TrapMalformed
	}
	if pdu == pduInform {
		// The response has the same bytes but for the tag of its PDU (RFC 3416 section 4.2.7).
		reply = bytes.Clone(datagram)
		reply[len(datagram)-len(body)] = pduResponse
	}
	return reply, name, probes.TrapAccepted
}

// trapV1Name returns the name that a Trap-PDU of SNMPv1 has in the later versions
// (RFC 3584 section 3.1). Its agent-addr is not believed: behind an address translation
// it is another device's, or nobody's.
func trapV1Name(b []byte) (oid, bool) {
	enterprise, b, ok := readAs(tagOID, b)
	if !ok || !oid(enterprise).check() {
		return nil, false
	}
	if _, b, ok = readAs(tagIPAddress, b); !ok {
		return nil, false
	}
	var numbers [2]int64 // generic-trap, specific-trap
	for i := range numbers {
		var n []byte
		if n, b, ok = readAs(tagInteger, b); ok {
			numbers[i], ok = signed(n)
		}
		if !ok || numbers[i] < 0 || numbers[i] > 1<<31-1 {
			return nil, false
		}
	}
	if _, b, ok = readAs(tagTimeTicks, b); !ok {
		return nil, false
	}
	if _, ok = bindings(b); !ok {
		return nil, false
	}
	const enterpriseSpecific = 6
	switch generic, specific := numbers[0], numbers[1]; {
	case generic < enterpriseSpecific:
		return appendArc(bytes.Clone(snmpTraps), uint32(generic+1)), true
	case generic == enterpriseSpecific:
		name := appendArc(appendArc(bytes.Clone(enterprise), 0), uint32(specific))
		return name, len(name) <= maxTrapOID && name.check()
	}
	return nil, false
}

// trapName returns the name of an SNMPv2-Trap or an InformRequest: its snmpTrapOID, which
// is the second of its bindings (RFC 3416 section 4.2.6), and in some devices another.
func trapName(b []byte) (oid, bool) {
	for range 3 { // request-id, error-status, error-index
		n, rest, ok := readAs(tagInteger, b)
		if ok {
			_, ok = signed(n)
		}
		if !ok {
			return nil, false
		}
		b = rest
	}
	name, ok := bindings(b)
	return bytes.Clone(name), ok && name != nil
}

// bindings reads a list of bindings to its end and returns the value of snmpTrapOID in
// it, or nil. All else in it is looked over and left.
func bindings(b []byte) (name oid, ok bool) {
	list, rest, ok := readAs(tagSequence, b)
	if !ok || len(rest) > 0 {
		return nil, false
	}
	for n := 0; len(list) > 0; n++ {
		var vb []byte
		if vb, list, ok = readAs(tagSequence, list); !ok || n >= maxTrapValues {
			return nil, false
		}
		what, vb, ok := readAs(tagOID, vb)
		if !ok || !oid(what).check() {
			return nil, false
		}
		tag, value, rest, ok := readTLV(vb)
		if !ok || len(rest) > 0 {
			return nil, false
		}
		if !bytes.Equal(what, snmpTrapOID) || name != nil {
			continue
		}
		if tag != tagOID || len(value) > maxTrapOID || !oid(value).check() {
			return nil, false
		}
		name = value
	}
	return name, true
}
