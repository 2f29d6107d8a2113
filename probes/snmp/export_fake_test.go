// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Question is a request as a device reads it: SNMPv1, v2c, or v3 without keys.
type Question struct {
	Version   byte
	Community string
	PDU       byte
	ID        int64
	Reps      int // max-repetitions of a GETBULK, without non-repeaters
	Names     []string

	MsgID        int64 // SNMPv3, as all below
	Engine       string
	User         string
	Context      string
	Boots, Clock int64 // of the engine, as the one who asks believes
}

// AskedPDU names what a question asks for.
const (
	AskGet     = pduGet
	AskGetNext = pduGetNext
	AskGetBulk = pduGetBulk
)

// ReadQuestion reads a request.
func ReadQuestion(datagram []byte) (q Question, ok bool) {
	msg, _, ok := readAs(tagSequence, datagram)
	if !ok {
		return q, false
	}
	version, msg, ok := readInteger(msg)
	q.Version = byte(version)
	if !ok {
		return q, false
	}
	if q.Version == wireV3 {
		if msg, ok = q.readV3(msg); !ok {
			return q, false
		}
	} else {
		var c []byte
		if c, msg, ok = readAs(tagOctetString, msg); !ok {
			return q, false
		}
		q.Community = string(c)
	}
	pdu, body, _, ok := readTLV(msg)
	if !ok {
		return q, false
	}
	q.PDU = pdu
	var reps int64
	if q.ID, body, ok = readInteger(body); ok {
		if _, body, ok = readInteger(body); ok {
			reps, body, ok = readInteger(body)
		}
	}
	list, _, ok2 := readAs(tagSequence, body)
	if !ok || !ok2 {
		return q, false
	}
	q.Reps = int(reps)
	binds, ok := decodeBinds(list, nil)
	for _, b := range binds {
		q.Names = append(q.Names, b.name.String())
	}
	return q, ok
}

// readV3 reads header, security parameters and the head of the scoped PDU.
func (q *Question) readV3(msg []byte) (pdu []byte, ok bool) {
	header, msg, ok := readAs(tagSequence, msg)
	if !ok {
		return nil, false
	}
	if q.MsgID, _, ok = readInteger(header); !ok {
		return nil, false
	}
	outer, msg, ok := readAs(tagOctetString, msg)
	if !ok {
		return nil, false
	}
	usm, _, ok := readAs(tagSequence, outer)
	if !ok {
		return nil, false
	}
	engine, usm, ok := readAs(tagOctetString, usm)
	q.Engine = string(engine)
	if !ok {
		return nil, false
	}
	q.Boots, usm, _ = readInteger(usm)
	q.Clock, usm, _ = readInteger(usm)
	user, _, ok := readAs(tagOctetString, usm)
	q.User = string(user)
	if !ok {
		return nil, false
	}
	scoped, _, ok := readAs(tagSequence, msg)
	if !ok {
		return nil, false
	}
	_, scoped, _ = readAs(tagOctetString, scoped)
	name, scoped, ok := readAs(tagOctetString, scoped)
	q.Context = string(name)
	return scoped, ok
}

// Engine is what a fake device says of its engine.
type Engine struct {
	ID           string
	Boots, Clock int64
}

// Answer returns a response to q with the bindings.
func (q Question) Answer(e Engine, status, index int, binds ...Bind) []byte {
	return q.Message(e, pduResponse, status, index, EncodeBinds(binds))
}

// Report returns a report that names the object, as an answer to q.
func (q Question) Report(e Engine, name string) []byte {
	return q.Message(e, pduReport, 0, 0, EncodeBinds([]Bind{{name, tagCounter32, []byte{1}}}))
}

// EncodeBinds returns the bindings as they stand in a message.
func EncodeBinds(binds []Bind) []byte {
	var out []byte
	for _, b := range binds {
		out = append(out, element(tagSequence, append(element(tagOID, mustOID(b.Name)), element(b.Tag, b.Data)...))...)
	}
	return out
}

// Message returns a message about q with the encoded bindings.
func (q Question) Message(e Engine, pdu byte, status, index int, binds []byte) []byte {
	body := element(pdu, slices.Concat(signedInteger(q.ID), signedInteger(int64(status)), signedInteger(int64(index)), element(tagSequence, binds)))
	if q.Version != wireV3 {
		return element(tagSequence, slices.Concat(signedInteger(int64(q.Version)), element(tagOctetString, []byte(q.Community)), body))
	}
	usm := element(tagSequence, slices.Concat(element(tagOctetString, []byte(e.ID)), signedInteger(e.Boots), signedInteger(e.Clock),
		element(tagOctetString, []byte(q.User)), element(tagOctetString, nil), element(tagOctetString, nil)))
	scoped := element(tagSequence, slices.Concat(element(tagOctetString, []byte(e.ID)), element(tagOctetString, []byte(q.Context)), body))
	header := element(tagSequence, slices.Concat(signedInteger(q.MsgID), signedInteger(65507), element(tagOctetString, []byte{0}), signedInteger(3)))
	return element(tagSequence, slices.Concat(signedInteger(wireV3), header, element(tagOctetString, usm), scoped))
}

func signedInteger(v int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(v))
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return element(tagInteger, b)
}

// Reports that a fake device may make.
const (
	ReportUnknownEngine = unknownEngineIDs
	ReportNotInTime     = notInTimeWindows
	ReportUnknownUser   = unknownUserNames
)

// PanicInAttempt makes an attempt in which reading an answer panics.
func PanicInAttempt(p *Prober, t probes.Target) vouch.Result {
	return p.attempt(context.Background(), t, p.plan(t.Profile), func(*attempt, context.Context) vouch.Result { panic("made by the test") })
}

// Most returns how many bindings the prober asks of the device at once, and sets it
// where set is not 0. It forgets nothing else.
func Most(p *Prober, set int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.known {
		if set != 0 {
			k.memory.shrink(2 * set)
		}
		return k.memory.most
	}
	return 0
}

// Relearn has the prober believe that an hour has passed since it met the device.
func Relearn(p *Prober) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.known {
		k.memory.learned = k.memory.learned.Add(-relearnAfter - time.Second)
	}
}

// Patience is after how many good attempts more is asked for, at first.
const Patience = leastPatience

// MaxBinds is how many bindings are asked for where nothing is known against it.
const MaxBinds = maxBinds
