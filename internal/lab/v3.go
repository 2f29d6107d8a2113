// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"time"
)

const (
	pduReport = 0xa8

	flagAuth       = 1
	flagPrivacy    = 2
	flagReportable = 4

	statusAuthorization = 16

	timeWindow = 150 // seconds (RFC 3414 section 2.2.3)

	// What surrounds the bindings in a message of SNMPv3, at most.
	overhead3 = 300
)

// Counters that a report names: the last number of usmStats (RFC 3414 section 5).
const (
	unsupportedLevel = 1
	notInTimeWindow  = 2
	unknownUser      = 3
	unknownEngine    = 4
	wrongDigest      = 5
	decryptionError  = 6
)

// engine is the SNMPv3 engine of the box that stands there; it is made when somebody
// asks it.
type engine struct {
	id            []byte
	auth, privacy []byte // localised keys
	salt          uint64
	reports       uint32
}

// message3 is one message of SNMPv3 (RFC 3412 section 6, RFC 3414 section 2.4). All of
// it points into the datagram.
type message3 struct {
	id, maxSize         []byte
	flags               byte
	engine, user        []byte
	boots, seconds      int64
	digest, salt, data  []byte // data: the scoped PDU, encrypted or not
	encrypted, readable bool
}

func decode3(rest []byte) (m message3) {
	header, rest, err := expect(0x30, rest)
	steps := func(b *[]byte, tag byte) []byte {
		var content []byte
		if err == nil {
			content, *b, err = expect(tag, *b)
		}
		return content
	}
	m.id, m.maxSize = steps(&header, tagInteger), steps(&header, tagInteger)
	flags, model := steps(&header, tagOctetString), steps(&header, tagInteger)
	wrapped := steps(&rest, tagOctetString)
	security := steps(&wrapped, 0x30)
	m.engine = steps(&security, tagOctetString)
	boots, seconds := steps(&security, tagInteger), steps(&security, tagInteger)
	m.user, m.digest, m.salt = steps(&security, tagOctetString), steps(&security, tagOctetString), steps(&security, tagOctetString)
	if err != nil || len(flags) != 1 || decodeInt(model) != 3 || len(m.id) > 8 {
		return message3{}
	}
	m.flags, m.boots, m.seconds = flags[0], decodeInt(boots), decodeInt(seconds)
	m.encrypted = m.flags&flagPrivacy != 0
	tag := byte(0x30)
	if m.encrypted {
		tag = tagOctetString
	}
	m.data, _, err = expect(tag, rest)
	m.readable = err == nil && (!m.encrypted || m.flags&flagAuth != 0)
	return m
}

// answer3 is answer for SNMPv3 (RFC 3414 section 3.2). What it does not accept it
// meets with a report, if the sender wants one.
func (a *agent) answer3(datagram, rest []byte, b *Behaviour, now time.Time) []byte {
	u, m := a.d.user, decode3(rest)
	if !m.readable {
		return nil
	}
	e := a.d.localEngine(now)
	boots, seconds := a.d.engineClock(now)
	report := func(which uint32, level byte) []byte {
		if m.flags&flagReportable == 0 {
			return nil
		}
		e.reports++
		name := OID{1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0}
		a.vbs = appendVar(a.vbs[:0], name, tagCounter32, appendUint(nil, uint64(e.reports)))
		a.scratch = appendPDU(a.scratch[:0], pduReport, []byte{0}, 0, 0, a.vbs)
		return a.seal(m, level, a.scratch, boots, seconds)
	}
	switch {
	case !bytes.Equal(m.engine, e.id):
		return report(unknownEngine, 0)
	case string(m.user) != u.Name:
		return report(unknownUser, 0)
	case m.flags&flagAuth != 0 && u.authKey == nil, m.encrypted && u.privacyKey == nil:
		return report(unsupportedLevel, 0)
	}
	if m.flags&flagAuth != 0 {
		if !a.authentic(datagram, m) {
			return report(wrongDigest, 0)
		}
		if m.boots != int64(boots) || m.seconds < int64(seconds)-timeWindow || m.seconds > int64(seconds)+timeWindow {
			return report(notInTimeWindow, flagAuth)
		}
	}
	scoped := m.data
	if m.encrypted {
		scoped = bytes.Clone(m.data)
		if len(m.salt) != 8 || u.crypt(e.privacy, m.salt, scoped, boots, uint32(m.seconds), false) != nil {
			return report(decryptionError, flagAuth)
		}
		var err error
		if scoped, _, err = expect(0x30, scoped); err != nil {
			return report(decryptionError, flagAuth)
		}
	}
	return a.answerScoped(m, scoped, b, now, boots, seconds)
}

// authentic reports whether the digest of a message is what the user's key makes.
func (a *agent) authentic(datagram []byte, m message3) bool {
	if len(m.digest) != a.d.user.auth.size {
		return false
	}
	got := bytes.Clone(m.digest)
	clear(m.digest) // it lies in the datagram, of which the digest is made without it
	want := a.d.user.digest(a.d.engine.auth, datagram)
	return hmac.Equal(got, want)
}

// answerScoped answers a PDU in its context: there is only the default one.
func (a *agent) answerScoped(m message3, scoped []byte, b *Behaviour, now time.Time, boots, seconds uint32) []byte {
	_, scoped, err := expect(tagOctetString, scoped)
	if err != nil {
		return nil
	}
	context, pdu, err := expect(tagOctetString, scoped)
	if err != nil || len(context) > 0 || !a.decodePDU(version3, pdu) {
		return nil
	}
	wrong := *b
	if m.flags&(flagAuth|flagPrivacy) != a.d.user.level() {
		wrong.Status = statusAuthorization // below the level that the user has
	}
	size := min(int64(a.d.opts.MaxSize), max(decodeInt(m.maxSize), 484))
	response := a.respond(&wrong, now, int(size)-overhead3)
	return a.seal(m, m.flags&(flagAuth|flagPrivacy), response, boots, seconds)
}

// level returns the flags of the user's level.
func (k *usm) level() byte {
	switch {
	case k.privacyKey != nil:
		return flagAuth | flagPrivacy
	case k.authKey != nil:
		return flagAuth
	}
	return 0
}

// seal wraps a PDU into the answer to m at a level.
func (a *agent) seal(m message3, level byte, pdu []byte, boots, seconds uint32) []byte {
	u, e := a.d.user, &a.d.engine
	scoped := appendTLV(nil, tagOctetString, e.id)
	scoped = append(appendTLV(scoped, tagOctetString, nil), pdu...)
	data := appendTLV(nil, 0x30, scoped)
	var salt, digest []byte
	if level&flagPrivacy != 0 {
		e.salt++
		salt = binary.BigEndian.AppendUint64(nil, e.salt)
		if u.Privacy == "DES" {
			binary.BigEndian.PutUint32(salt, boots)
			data = append(data, make([]byte, (8-len(data)%8)%8)...)
		}
		if u.crypt(e.privacy, salt, data, boots, seconds, true) != nil {
			return nil
		}
		data = appendTLV(nil, tagOctetString, data)
	}
	if level&flagAuth != 0 {
		digest = make([]byte, u.auth.size)
	}
	header := appendTLV(nil, tagInteger, m.id)
	header = appendTLV(header, tagInteger, appendInt(nil, 65507))
	header = append(header, tagOctetString, 1, level, tagInteger, 1, 3)
	security := appendTLV(nil, tagOctetString, e.id)
	security = appendTLV(security, tagInteger, appendUint(nil, uint64(boots)))
	security = appendTLV(security, tagInteger, appendUint(nil, uint64(seconds)))
	security = appendTLV(security, tagOctetString, m.user)
	security = appendTLV(security, tagOctetString, digest)
	fromEnd := tlvSize(len(salt)) + len(data) + len(digest) // where the digest begins
	security = appendTLV(security, tagOctetString, salt)
	body := append([]byte{tagInteger, 1, version3}, appendTLV(nil, 0x30, header)...)
	body = appendTLV(body, tagOctetString, appendTLV(nil, 0x30, security))
	a.out = appendTLV(a.out[:0], 0x30, append(body, data...))
	if digest != nil {
		copy(a.out[len(a.out)-fromEnd:], u.digest(e.auth, a.out))
	}
	return a.out
}

// localEngine returns the engine of the box. d.mu is held.
func (d *Device) localEngine(now time.Time) *engine {
	e := &d.engine
	if e.id != nil {
		return e
	}
	if at, found := d.rec.find(OID{1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0}); found {
		_, id := d.read(nil, at, now)
		e.id = bytes.Clone(id)
	}
	if len(e.id) < 5 || len(e.id) > 32 {
		// Made up as SnmpEngineID says (RFC 3411 section 5): octets, of no vendor.
		dice := diceOf([]byte(d.name), d.box)
		e.id = []byte{0x80, 0, 0, 0, 5}
		for range 8 {
			e.id = append(e.id, byte(dice.next()))
		}
	}
	if d.user.authKey != nil {
		e.auth = d.user.localize(d.user.authKey, e.id)
	}
	if d.user.privacyKey != nil {
		e.privacy = d.user.localPrivacy(e.id)
	}
	return e
}

// engineClock returns snmpEngineBoots and snmpEngineTime, which run even where the
// objects stand still: without them nobody could ask. d.mu is held.
func (d *Device) engineClock(now time.Time) (boots, seconds uint32) {
	number := func(last uint32) uint64 { return d.rec.number(1, 3, 6, 1, 6, 3, 10, 2, 1, last, 0) }
	first, recorded := max(number(2), 1), number(3)
	if d.clock.swapped {
		first = 1
	}
	if d.clock.fresh {
		recorded = 0
	}
	return uint32(min(first+d.clock.boots, 1<<31-1)), uint32((recorded + d.clock.elapsed(now)/100) & (1<<31 - 1))
}
