// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

// respond returns the PDU that answers a.req, its bindings in at most room octets. A
// GETBULK answer that would exceed them ends where it must (RFC 3416 section 4.2.3);
// any other becomes tooBig.
func (a *agent) respond(b *Behaviour, now time.Time, room int) []byte {
	status, index := a.evaluate(b)
	a.vbs = a.vbs[:0]
	if status == 0 {
		for _, vb := range a.binds {
			before := len(a.vbs)
			a.vbs = a.appendBind(a.vbs, vb, now)
			if len(a.vbs) <= room {
				continue
			}
			a.vbs = a.vbs[:before]
			if a.req.pdu != pduGetBulk || before == 0 {
				status = statusTooBig
			}
			break
		}
	}
	if status != 0 {
		// The bindings of the request come back (RFC 1157 section 4.1.2, RFC 3416
		// section 4.2); tooBig comes with none.
		a.vbs = a.vbs[:0]
		if status != statusTooBig {
			a.vbs = a.appendNames(a.vbs)
		}
	}
	id := a.req.id
	if b.WrongID {
		id = appendInt(nil, decodeInt(id)^0x2a2a2a)
	}
	a.scratch = appendPDU(a.scratch[:0], pduResponse, id, status, index, a.vbs)
	return a.scratch
}

// appendPDU appends a PDU (RFC 3416 section 3).
func appendPDU(b []byte, tag byte, id []byte, status, index int, binds []byte) []byte {
	var nums [24]byte
	head := appendTLV(nums[:0], tagInteger, id)
	head = appendTLV(head, tagInteger, appendInt(nil, int64(status)))
	head = appendTLV(head, tagInteger, appendInt(nil, int64(index)))
	b = appendLen(append(b, tag), len(head)+tlvSize(len(binds)))
	return appendTLV(append(b, head...), 0x30, binds)
}

// message wraps a PDU as v1 and v2c do.
func (a *agent) message(pdu []byte, b *Behaviour) []byte {
	community, version := a.d.opts.Community, a.req.version
	if b.WrongCommunity {
		community += "-other"
	}
	if b.WrongVersion {
		version = version2c - version
	}
	a.out = appendMessage(a.out[:0], version, community, pdu)
	return a.out
}

// appendMessage appends a message of v1 or v2c.
func appendMessage(b []byte, version int64, community string, pdu []byte) []byte {
	b = appendLen(append(b, 0x30), 3+tlvSize(len(community))+len(pdu))
	b = append(b, tagInteger, 1, byte(version))
	b = appendTLV(b, tagOctetString, []byte(community))
	return append(b, pdu...)
}

func (a *agent) appendBind(b []byte, vb bind, now time.Time) []byte {
	var nameBuf [160]byte
	name := nameBuf[:0]
	if vb.tag == 0 && &vb.name[0] == &a.walk[vb.at].OID[0] {
		name = a.d.rec.names[vb.at]
	} else {
		name = appendOID(name, vb.name)
	}
	tag, value := vb.tag, []byte(nil)
	if tag == 0 {
		tag, value = a.d.read(a.value[:0], vb.at, now)
	}
	size := tlvSize(len(name)) + tlvSize(len(value))
	b = appendLen(append(b, 0x30), size)
	b = appendTLV(b, tagOID, name)
	return appendTLV(b, tag, value)
}

func (a *agent) appendNames(b []byte) []byte {
	for _, n := range a.req.names {
		name := appendOID(nil, n)
		b = appendLen(append(b, 0x30), tlvSize(len(name))+2)
		b = appendTLV(b, tagOID, name)
		b = append(b, tagNull, 0)
	}
	return b
}

func tlvSize(content int) int {
	switch {
	case content < 0x80:
		return content + 2
	case content < 0x100:
		return content + 3
	case content < 0x10000:
		return content + 4
	}
	return content + 5
}
