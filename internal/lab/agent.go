// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"slices"
	"time"
)

// PDU tags and error-status values (RFC 1157, RFC 3416).
const (
	pduGet      = 0xa0
	pduGetNext  = 0xa1
	pduResponse = 0xa2
	pduGetBulk  = 0xa5

	noSuchObject = 0x80
	endOfMibView = 0x82

	statusTooBig     = 1
	statusNoSuchName = 2
	statusGenErr     = 5

	version1  = 0
	version2c = 1
	version3  = 3

	maxBinds = 1000 // variable bindings in a request or an answer
)

// request is one decoded request. For GETBULK status and index are the
// non-repeaters and max-repetitions.
type request struct {
	version       int64
	pdu           byte
	id            []byte
	status, index int64
	names         []OID
	bad           OID // nothing at or below it can be read; nil for none
}

// bind is one variable binding of an answer: an object of the walk, or an exception.
type bind struct {
	name OID
	tag  byte // exception where not zero
	at   int  // index in the walk
}

// agent answers requests for whichever device it is handed, whose lock is held. It is
// owned by one goroutine.
type agent struct {
	d       *Device
	walk    Walk
	out     []byte
	vbs     []byte
	scratch []byte
	value   []byte
	req     request
	binds   []bind
	oids    OID // arena of the names in a request
}

// answer returns what d sends back, nil for nothing. It is valid until the next call.
func (a *agent) answer(datagram []byte, d *Device, b *Behaviour, now time.Time) []byte {
	a.d, a.walk = d, d.rec.walk
	if b.Garbage {
		return []byte("not an SNMP message")
	}
	var out []byte
	switch version, msg, ok := readVersion(datagram); {
	case !ok:
	case version == version3:
		if d.user != nil {
			out = d.user.answer(a, datagram, msg, b, now)
		}
	default:
		out = a.answer2(version, msg, b, now)
	}
	if b.Truncate {
		out = out[:len(out)/2]
	}
	return out
}

// readVersion returns the version of a message (RFC 3416, RFC 3412 section 6) and what
// follows it.
func readVersion(datagram []byte) (version int64, rest []byte, ok bool) {
	msg, _, err := expect(0x30, datagram)
	if err != nil {
		return 0, nil, false
	}
	v, rest, err := expect(tagInteger, msg)
	if err != nil || len(v) != 1 {
		return 0, nil, false
	}
	version = decodeInt(v)
	return version, rest, version == version1 || version == version2c || version == version3
}

// answer2 is answer for v1 and v2c: a wrong community is met with silence.
func (a *agent) answer2(version int64, msg []byte, b *Behaviour, now time.Time) []byte {
	community, msg, err := expect(tagOctetString, msg)
	if err != nil || !bytes.Equal(community, []byte(a.d.opts.Community)) {
		return nil
	}
	if !a.decodePDU(version, msg) {
		return nil
	}
	const header = 64 // upper bound of what surrounds the bindings, less the community
	pdu := a.respond(b, now, a.d.opts.MaxSize-header-len(a.d.opts.Community))
	return a.message(pdu, b)
}

// decodePDU reads a PDU into a.req and reports whether it is one to be answered.
func (a *agent) decodePDU(version int64, msg []byte) bool {
	pdu, body, _, err := readTLV(msg)
	if err != nil {
		return false
	}
	a.req = request{version: version, pdu: pdu, names: a.req.names[:0]}
	a.oids = a.oids[:0]
	return (pdu == pduGet || pdu == pduGetNext || pdu == pduGetBulk && version != version1) && a.decodeBody(body)
}

func (a *agent) decodeBody(b []byte) bool {
	id, b, err := expect(tagInteger, b)
	if err != nil {
		return false
	}
	status, b, err := expect(tagInteger, b)
	if err != nil {
		return false
	}
	index, b, err := expect(tagInteger, b)
	if err != nil {
		return false
	}
	a.req.id, a.req.status, a.req.index = id, decodeInt(status), decodeInt(index)
	list, _, err := expect(0x30, b)
	for err == nil && len(list) > 0 && len(a.req.names) < maxBinds {
		var vb, name []byte
		if vb, list, err = expect(0x30, list); err != nil {
			break
		}
		if name, _, err = expect(tagOID, vb); err != nil {
			break
		}
		from := len(a.oids)
		var oid OID
		oid, err = decodeOID(name, a.oids[from:from])
		a.oids = append(a.oids[:from], oid...)
		a.req.names = append(a.req.names, a.oids[from:len(a.oids):len(a.oids)])
	}
	return err == nil
}

// evaluate fills a.binds and returns the error-status and error-index.
func (a *agent) evaluate(b *Behaviour) (status, index int) {
	a.binds = a.binds[:0]
	a.req.bad = nil
	if b.BadColumn != "" {
		a.req.bad, _ = ParseOID(b.BadColumn)
	}
	if b.Status != 0 {
		return b.Status, 0
	}
	switch a.req.pdu {
	case pduGet:
		status, index = a.get()
	case pduGetNext:
		status, index = a.getNext(b)
	default:
		status, index = a.getBulk(b)
	}
	if status == 0 && b.MaxBinds > 0 && a.wanted() > b.MaxBinds {
		return statusTooBig, 0
	}
	return status, index
}

// wanted returns how many variable bindings the request asks for.
func (a *agent) wanted() int {
	n := len(a.req.names)
	if a.req.pdu != pduGetBulk {
		return n
	}
	nonRep := int(min(max(a.req.status, 0), int64(n)))
	return nonRep + (n-nonRep)*int(min(max(a.req.index, 0), maxBinds))
}

func (a *agent) bad(name OID) bool { return a.req.bad != nil && name.HasPrefix(a.req.bad) }

func (a *agent) get() (status, index int) {
	for i, name := range a.req.names {
		at, found := a.d.rec.find(name)
		switch {
		case a.bad(name):
			return statusGenErr, i + 1
		case found && a.visible(at):
			a.binds = append(a.binds, bind{name: name, at: at})
		case a.req.version == version1:
			return statusNoSuchName, i + 1
		default:
			a.binds = append(a.binds, bind{name: name, tag: noSuchObject})
		}
	}
	return 0, 0
}

func (a *agent) getNext(b *Behaviour) (status, index int) {
	for i, name := range a.req.names {
		vb := a.after(name, b)
		if vb.tag != 0 && a.req.version == version1 {
			return statusNoSuchName, i + 1
		}
		if a.bad(vb.name) {
			return statusGenErr, i + 1
		}
		a.binds = append(a.binds, vb)
	}
	return 0, 0
}

func (a *agent) getBulk(b *Behaviour) (status, index int) {
	names := a.req.names
	nonRep := int(min(max(a.req.status, 0), int64(len(names))))
	for i, name := range names[:nonRep] {
		vb := a.after(name, b)
		if a.bad(vb.name) {
			return statusGenErr, i + 1
		}
		a.binds = append(a.binds, vb)
	}
	last := slices.Clone(names[nonRep:])
	for rep := int64(0); rep < a.req.index && len(last) > 0 && len(a.binds) < maxBinds; rep++ {
		for i, name := range last {
			vb := a.after(name, b)
			if a.bad(vb.name) {
				return statusGenErr, nonRep + i + 1
			}
			a.binds = append(a.binds, vb)
			last[i] = vb.name
		}
	}
	return 0, 0
}

// after returns the object that follows name.
func (a *agent) after(name OID, b *Behaviour) bind {
	at, found := a.d.rec.find(name)
	if found {
		at++
	}
	for at < len(a.walk) && !a.visible(at) {
		at++
	}
	switch {
	case b.Loop && at > 2:
		// Back to the row before: the answers decrease and never come to an end.
		return bind{name: a.walk[at-2].OID, at: at - 2}
	case b.Endless && at > 0 && (at == len(a.walk) || !sameColumn(a.walk[at].OID, name)):
		made := slices.Clone(name)
		made[len(made)-1]++
		return bind{name: made, at: at - 1}
	case at == len(a.walk):
		return bind{name: name, tag: endOfMibView}
	}
	return bind{name: a.walk[at].OID, at: at}
}

func sameColumn(a, b OID) bool {
	return len(a) == len(b) && a[:len(a)-1].HasPrefix(b[:len(b)-1]) || len(a) == len(b)+1 && a.HasPrefix(b)
}

// visible reports whether the version of the request can carry the object: Counter64
// does not exist in SNMPv1 (RFC 3584 section 4.2).
func (a *agent) visible(at int) bool {
	return a.req.version != version1 || a.d.tag(at) != tagCounter64
}
