// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

// encode writes the answer to a.req. A GETBULK answer that would exceed the largest
// size ends where it must (RFC 3416 section 4.2.3); any other becomes tooBig.
func (a *agent) encode(status, index int, b *Behaviour, now time.Time) []byte {
	const header = 64 // upper bound of what surrounds the bindings, less the community
	room := a.opts.MaxSize - header - len(a.opts.Community)
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
	return a.message(status, index, b)
}

func (a *agent) message(status, index int, b *Behaviour) []byte {
	id := a.req.id
	if b.WrongID {
		id = appendInt(nil, decodeInt(id)^0x2a2a2a)
	}
	community := a.opts.Community
	if b.WrongCommunity {
		community += "-other"
	}
	pdu := appendTLV(a.scratch[:0], tagInteger, id)
	pdu = append(pdu, tagInteger, 1, byte(status), tagInteger, 1, byte(index))
	pdu = appendTLV(pdu, 0x30, a.vbs)
	a.scratch = pdu

	var head [300]byte
	msg := append(head[:0], tagInteger, 1, byte(a.req.version))
	msg = appendTLV(msg, tagOctetString, []byte(community))
	msg = appendLen(append(msg, pduResponse), len(pdu))

	out := appendLen(append(a.out[:0], 0x30), len(msg)+len(pdu))
	out = append(out, msg...)
	a.out = append(out, pdu...)
	return a.out
}

func (a *agent) appendBind(b []byte, vb bind, now time.Time) []byte {
	var nameBuf [160]byte
	name := nameBuf[:0]
	if vb.tag == 0 && &vb.name[0] == &a.walk[vb.at].OID[0] {
		name = a.names[vb.at]
	} else {
		name = appendOID(name, vb.name)
	}
	var value []byte
	tag := vb.tag
	var valueBuf [16]byte
	if tag == 0 {
		tag = a.walk[vb.at].Tag
		value = a.motion.value(valueBuf[:0], vb.at, now)
		if value == nil {
			value = a.walk[vb.at].Value
		}
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
	}
	return content + 4
}
