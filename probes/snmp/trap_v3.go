// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	"github.com/vouch-sla/vouch/probes"
)

// This file is SNMPv3 as whoever hears traps and informs has to speak it. A trap is
// authentic by the engine of its sender, an inform by ours (RFC 3414 section 1.5.1).
//
// What is not done: a message that is sent again within the 150 seconds of the time window
// is taken again, as the RFC has it, and so is the first one after a start, whatever its
// age, because nothing is known of that engine yet. A device whose engine lost its count
// of boots is refused until the agent starts anew.

// Flags of a message (RFC 3412 section 6.4).
const (
	flagAuth       byte = 1
	flagPriv       byte = 2
	flagReportable byte = 4
)

const (
	userSecurityModel = 3
	timeWindow        = 150       // seconds (RFC 3414 section 2.2.3)
	maxBoots          = 1<<31 - 1 // an engine that has come so far is authentic no more
	maxEngines        = 4         // remembered of one sender: the boxes behind a shared address
	maxEngineUsers    = 32
)

// engine is an SNMP engine that authenticates messages: ours, or that of a device.
type engine struct {
	id     []byte
	boots  uint32 // of the newest message from it
	latest uint32 // engine time of that, in seconds
	at     time.Time
	users  map[probes.Credential]*userKeys
}

type userKeys struct{ auth, priv []byte }

// message is an SNMPv3 message (RFC 3412 section 6). Its parts share the bytes of the
// datagram.
type message struct {
	id          int64
	flags       byte
	engine      []byte
	boots, time uint32
	user        []byte
	mac, salt   []byte
	scoped      []byte // of the scoped PDU, from its tag on, or its cipher text
}

func (m *message) level() probes.Level {
	switch {
	case m.flags&flagPriv != 0:
		return probes.AuthPriv
	case m.flags&flagAuth != 0:
		return probes.AuthNoPriv
	}
	return probes.NoAuthNoPriv
}

// readV3 reads what follows the version.
func readV3(body []byte) (m message, ok bool) {
	header, body, ok := readAs(tagSequence, body)
	if !ok {
		return m, false
	}
	numbers, header, ok := integers(header, 2) // msgID, msgMaxSize
	if !ok {
		return m, false
	}
	flags, header, ok := readAs(tagOctetString, header)
	if !ok || len(flags) != 1 {
		return m, false
	}
	model, header, ok := integers(header, 1)
	if !ok || len(header) > 0 || model[0] != userSecurityModel {
		return m, false
	}
	m.id, m.flags = numbers[0], flags[0]
	if m.flags&flagPriv != 0 && m.flags&flagAuth == 0 {
		return m, false
	}
	security, body, ok := readAs(tagOctetString, body)
	if !ok || !m.readSecurity(security) {
		return m, false
	}
	m.scoped = body
	if m.flags&flagPriv != 0 {
		var rest []byte
		if m.scoped, rest, ok = readAs(tagOctetString, body); !ok || len(rest) > 0 {
			return m, false
		}
	}
	return m, true
}

// readSecurity reads the parameters of the security model (RFC 3414 section 2.4).
func (m *message) readSecurity(b []byte) bool {
	b, rest, ok := readAs(tagSequence, b)
	if !ok || len(rest) > 0 {
		return false
	}
	if m.engine, b, ok = readAs(tagOctetString, b); !ok || len(m.engine) > 32 {
		return false
	}
	clock, b, ok := integers(b, 2)
	if !ok {
		return false
	}
	m.boots, m.time = uint32(clock[0]), uint32(clock[1])
	for _, part := range []*[]byte{&m.user, &m.mac, &m.salt} {
		if *part, b, ok = readAs(tagOctetString, b); !ok {
			return false
		}
	}
	return len(b) == 0 && len(m.user) <= 32
}

// integers reads n numbers from 0 to 2^31-1.
func integers(b []byte, n int) (numbers [2]int64, rest []byte, ok bool) {
	for i := range n {
		var v []byte
		if v, b, ok = readAs(tagInteger, b); ok {
			numbers[i], ok = signed(v)
		}
		if !ok || numbers[i] < 0 || numbers[i] > 1<<31-1 {
			return numbers, nil, false
		}
	}
	return numbers, b, true
}

// userBased reads the rest of a message of SNMPv3 and says what becomes of it. The caller
// holds mu.
func (l *TrapListener) userBased(datagram, body []byte, s *sender, users []probes.Credential, h *probes.TrapHost, now time.Time) (reply []byte, name oid, outcome probes.TrapOutcome) {
	m, ok := readV3(body)
	if !ok {
		return nil, nil, probes.TrapMalformed
	}
	e, ours := s.engines[string(m.engine)], h.Boots > 0 && bytes.Equal(m.engine, h.EngineID)
	switch {
	case ours:
		e = &l.own
	case m.flags&flagReportable != 0:
		if h.Boots == 0 {
			return nil, nil, probes.TrapHandshake // we are no engine at present
		}
		return l.report(&m, unknownEngineIDs, nil, nil, h, now), nil, probes.TrapHandshake
	case len(m.engine) < 5:
		return nil, nil, probes.TrapMalformed
	case e == nil:
		e = &engine{id: bytes.Clone(m.engine)}
	}
	user, keys := l.authenticate(datagram, &m, e, users)
	if user == nil {
		return nil, nil, probes.TrapNotAuthentic
	}
	if keys != nil {
		switch {
		case ours && !inOurWindow(&m, h, now):
			return l.report(&m, notInTimeWindows, user, keys, h, now), nil, probes.TrapHandshake
		case !ours && !e.follow(&m, now):
			return nil, nil, probes.TrapNotInWindow
		case !ours:
			s.remember(e)
		}
		e.keep(user, keys)
	}
	context, pdu, content, ok := l.open(&m, e, user, keys)
	switch {
	case !ok && m.flags&flagPriv != 0:
		return nil, nil, probes.TrapNotAuthentic // another privacy password or protocol
	case !ok, ours != (pdu == pduInform), !ours && pdu != pduTrap:
		return nil, nil, probes.TrapMalformed
	}
	if name, ok = trapName(content); !ok {
		return nil, nil, probes.TrapMalformed
	}
	if ours {
		// The same context and bindings in a Response-PDU (RFC 3416 section 4.2.7).
		scoped := element(tagSequence, context, element(pduResponse, content))
		reply = l.write(&m, m.flags&^flagReportable, user, keys, scoped, h, now)
	}
	return reply, name, probes.TrapAccepted
}

// authenticate returns whose message it is, and the user's keys at the engine where its
// level has any. User, level and key must be right; which of them is not, nobody is told.
func (l *TrapListener) authenticate(datagram []byte, m *message, e *engine, users []probes.Credential) (*probes.Credential, *userKeys) {
	for i := range users {
		u := &users[i]
		if string(m.user) != u.User || m.level() != u.SecurityLevel() {
			continue
		}
		if m.level() == probes.NoAuthNoPriv {
			return u, nil
		}
		keys := e.users[*u]
		if keys == nil {
			keys = &userKeys{auth: l.keys.authKey(u, e.id)}
		}
		if authentic(u.Auth, keys.auth, datagram, m.mac) {
			return u, keys
		}
	}
	return nil, nil
}

// keep remembers the keys of a user who was authentic at the engine.
func (e *engine) keep(u *probes.Credential, keys *userKeys) {
	if e.users == nil || len(e.users) >= maxEngineUsers {
		e.users = map[probes.Credential]*userKeys{}
	}
	e.users[*u] = keys
}

func (s *sender) remember(e *engine) {
	if s.engines == nil {
		s.engines = map[string]*engine{}
	}
	for id := range s.engines { // any one of the others
		if len(s.engines) >= maxEngines && id != string(e.id) {
			delete(s.engines, id)
		}
	}
	s.engines[string(e.id)] = e
}

// inOurWindow is RFC 3414 section 3.2 step 7a.
func inOurWindow(m *message, h *probes.TrapHost, now time.Time) bool {
	ours := ownTime(h, now)
	return m.boots == h.Boots && m.boots != maxBoots && m.time+timeWindow >= ours && m.time <= ours+timeWindow
}

func ownTime(h *probes.TrapHost, now time.Time) uint32 {
	return uint32(max(0, now.Sub(h.Began)) / time.Second)
}

// follow is RFC 3414 section 3.2 step 7b: whether an authentic message is not older than
// what came from the engine before, and what is known of its clock from now on.
func (e *engine) follow(m *message, now time.Time) bool {
	known := !e.at.IsZero()
	its := e.latest + uint32(max(0, now.Sub(e.at))/time.Second)
	switch {
	case m.boots == maxBoots,
		known && m.boots < e.boots,
		known && m.boots == e.boots && m.time+timeWindow < its:
		return false
	case !known, m.boots > e.boots, m.time > e.latest:
		e.boots, e.latest, e.at = m.boots, m.time, now
	}
	return true
}

// open returns engine and name of the context, as they stand, and the PDU.
func (l *TrapListener) open(m *message, e *engine, u *probes.Credential, keys *userKeys) (context []byte, pdu byte, content []byte, ok bool) {
	scoped := m.scoped
	if m.flags&flagPriv != 0 {
		if keys.priv == nil {
			keys.priv = l.keys.privKey(u, e.id)
		}
		if scoped, ok = decrypt(u.Priv, keys.priv, m.boots, m.time, m.salt, scoped); !ok {
			return nil, 0, nil, false
		}
	}
	all, rest, ok := readAs(tagSequence, scoped)
	if !ok || len(rest) > 0 && (m.flags&flagPriv == 0 || len(rest) >= 8) { // DES fills its last block
		return nil, 0, nil, false
	}
	body := all
	for range 2 {
		if _, body, ok = readAs(tagOctetString, body); !ok {
			return nil, 0, nil, false
		}
	}
	context = all[:len(all)-len(body)]
	pdu, content, rest, ok = readTLV(body)
	return context, pdu, content, ok && len(rest) == 0
}

// report returns a report (RFC 3412 section 7.1 step 3), which tells the sender of an
// inform our engine and, where the user is authentic, its time.
func (l *TrapListener) report(m *message, of string, u *probes.Credential, keys *userKeys, h *probes.TrapHost, now time.Time) []byte {
	count, flags := &l.stats[0], byte(0)
	if u != nil {
		count, flags = &l.stats[1], flagAuth
	}
	*count++
	var request int64
	if _, _, content, ok := l.open(&message{scoped: m.scoped}, nil, nil, nil); ok && m.flags&flagPriv == 0 {
		if n, _, ok := integers(content, 1); ok {
			request = n[0]
		}
	}
	value := element(tagSequence, element(tagOID, mustOID(of)), element(tagCounter32, shortest(int64(*count))))
	pdu := element(pduReport, integer(request), integer(0), integer(0), element(tagSequence, value))
	scoped := element(tagSequence, element(tagOctetString, h.EngineID), element(tagOctetString), pdu)
	return l.write(m, flags, u, keys, scoped, h, now)
}

// write returns a message of our engine that answers m.
func (l *TrapListener) write(m *message, flags byte, u *probes.Credential, keys *userKeys, scoped []byte, h *probes.TrapHost, now time.Time) []byte {
	at := ownTime(h, now)
	var user, mac, salt []byte
	if u != nil {
		user = []byte(u.User)
	}
	if flags&flagPriv != 0 {
		salt = make([]byte, 8)
		rand.Read(salt) // never fails
		scoped = element(tagOctetString, encrypt(u.Priv, keys.priv, h.Boots, at, salt, scoped))
	}
	if flags&flagAuth != 0 {
		_, size := digest(u.Auth)
		mac = make([]byte, size)
	}
	last := element(tagOctetString, salt)
	security := element(tagSequence, element(tagOctetString, h.EngineID), integer(int64(h.Boots)), integer(int64(at)),
		element(tagOctetString, user), element(tagOctetString, mac), last)
	header := element(tagSequence, integer(m.id), integer(maxTrap), element(tagOctetString, []byte{flags}), integer(userSecurityModel))
	out := element(tagSequence, integer(wireV3), header, element(tagOctetString, security), scoped)
	if flags&flagAuth != 0 {
		from := len(out) - len(scoped) - len(last) - len(mac)
		copy(out[from:], sum(u.Auth, keys.auth, out))
	}
	return out
}

// element returns an element with the content, which is below 64 KiB.
func element(tag byte, content ...[]byte) []byte {
	all := slices.Concat(content...)
	return append(appendHead(make([]byte, 0, tlvSize(len(all))), tag, len(all)), all...)
}

func integer(v int64) []byte { return element(tagInteger, shortest(v)) }

// shortest returns the shortest form of a number that is not negative.
func shortest(v int64) []byte {
	b := appendNumber(nil, uint64(v))
	for len(b) > 1 && b[0] == 0 && b[1]&0x80 == 0 {
		b = b[1:]
	}
	return b
}
