// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// How often a device is asked which unit it is. What every poll tells anyway (uptime,
// boots, name) shows a swap nearly always; the reading finds the rest.
const (
	identityEvery = 10 * time.Minute
	identityAgain = time.Minute // after two readings that remained without an answer
	maxTold       = 128         // bytes of what a device says of itself that are kept
)

// Fields of measurement "snmp" that say which unit answered, in polls that asked it.
const (
	fieldSerial   = "serial"
	fieldEngineID = "engine_id"
)

// identity is what is known of which unit answers at a target. It lasts over polls.
type identity struct {
	unit    vouch.Unit         // on record
	sources []vouch.FactSource // where the device tells its serial number

	object  oid // that told it last; nil until one did
	source  vouch.FactSource
	told    string
	due     time.Time // when it is asked again
	lost    bool      // the last reading remained without an answer
	differs bool      // what it told last was not the unit on record
	seen    vitals
}

// vitals are what every poll tells and another unit would hardly tell alike.
type vitals struct {
	at       time.Time
	name     []byte
	up       uint64 // hundredths of a second
	boots    uint64
	hasUp    bool
	hasBoots bool
}

// identityOf returns what is known of the unit of a check, nil where none is on record.
// When the record changes, the device is asked anew.
func (k *knowledge) identityOf(t probes.Target) *identity {
	u := t.Check.Unit
	switch {
	case !u.Known():
		k.identity = nil
	case k.identity == nil || k.identity.unit.EngineID != u.EngineID || !slices.Equal(k.identity.unit.Serials, u.Serials):
		k.identity = &identity{unit: u}
	}
	if k.identity != nil {
		k.identity.unit.From = u.From
		k.identity.sources = nil
		if t.Profile != nil {
			k.identity.sources = t.Profile.Facts.Serial
		}
	}
	return k.identity
}

// identify asks the device which unit it is where that is due, and returns what the
// poll comes to if it is another than the one on record; told is what it said now.
func (a *attempt) identify(ctx context.Context) (told *vouch.Field, r vouch.Result, other bool) {
	id := a.identity
	if id == nil {
		return nil, r, false
	}
	now := time.Now()
	v := a.vitals(now)
	if id.seen.changed(v) {
		id.due = now
	}
	id.seen = v.after(id.seen)
	if id.differs || !now.Before(id.due) {
		told = a.readIdentity(ctx, id, now)
	}
	if !id.differs {
		return told, r, false
	}
	r = probes.Unknown(vouch.ReasonIdentity, id.words())
	if told != nil {
		r.Points = []vouch.Point{{Measurement: measurement, Fields: []vouch.Field{*told}}}
	}
	return nil, r, true
}

// words says what is wrong and what to do about it.
func (id *identity) words() string {
	said := vouch.Unit{Serials: []string{id.told}}
	if len(id.unit.Serials) == 0 {
		said = vouch.Unit{EngineID: id.told}
	}
	return fmt.Sprintf("another unit than recorded: the device says %v, the installed base says %v since %s; record the swap (a line under the device's units, then `vouch reload`) or put the box back",
		said, id.unit, id.unit.From.UTC().Format("2006-01-02T15:04Z"))
}

// readIdentity asks the device which unit it is. What it does not tell judges nothing.
// It may take a quarter of the time that is left: the values are worth more.
func (a *attempt) readIdentity(ctx context.Context, id *identity, now time.Time) *vouch.Field {
	until := a.deadline
	a.deadline = now.Add(until.Sub(now) / 4)
	before := a.session.tally()
	field := fieldSerial
	var told string
	if len(id.unit.Serials) == 0 {
		field, told = fieldEngineID, a.engine(ctx)
	} else {
		told = a.serial(ctx, id)
	}
	a.deadline = until
	after := a.session.tally()
	lost := told == "" && after.sent-before.sent > after.answered-before.answered
	switch {
	case lost && id.lost:
		id.due = now.Add(identityAgain)
	case lost:
		id.due = now // a packet may get lost: once more in the next poll
	default:
		id.due = now.Add(identityEvery)
	}
	id.lost = lost
	if told == "" {
		return nil
	}
	if len(told) > maxTold {
		told = strings.ToValidUTF8(told[:maxTold], "")
	}
	id.told, id.differs = told, !id.unit.Is(told)
	return &vouch.Field{Name: field, Value: vouch.Text(told)}
}

func (a *attempt) engine(ctx context.Context) string {
	v, ok := a.get(ctx, mustOID(engineID))
	if !ok || v.tag != tagOctetString {
		return ""
	}
	return hex.EncodeToString(v.data)
}

// serial reads the serial number from the object that told it last. Where that says
// something else now, the object is looked for again before anything rests on it: rows
// are renumbered, and another card may stand where the chassis was.
func (a *attempt) serial(ctx context.Context, id *identity) string {
	if id.object != nil {
		if v, ok := a.get(ctx, id.object); ok && factText(id.source, v) == id.told {
			return id.told
		}
	}
	f := a.find(ctx, id.sources)
	if f.object == nil {
		return "" // a text that a profile fixes is not the device's word
	}
	id.object, id.source = slices.Clone(f.object), f.source
	return f.text
}

// vitals are those of this poll.
func (a *attempt) vitals(now time.Time) vitals {
	v := vitals{at: now}
	for i := range a.plan.scalars {
		s := &a.scalars[i]
		if s.tag == 0 {
			continue
		}
		switch o := &a.plan.scalars[i]; {
		case o.in != measurement:
			return v // the system group comes first
		case o.name == fieldUpTime:
			v.up, v.hasUp = a.uptime()
		case o.name == fieldSysName:
			v.name = s.data
		case o.name == fieldEngineBoots:
			v.boots, v.hasBoots = asUint(s.tag, s.data)
		}
	}
	return v
}

// changed reports whether another unit may have answered than before, or the same one
// after a restart: a clock that fell, or ran ahead by more than any clock does, other
// boots, another name.
func (v *vitals) changed(now vitals) bool {
	if v.at.IsZero() {
		return true
	}
	if v.hasBoots && now.hasBoots && v.boots != now.boots || now.name != nil && v.name != nil && !bytes.Equal(v.name, now.name) {
		return true
	}
	elapsed := now.at.Sub(v.at)
	most := v.up + uint64((elapsed+elapsed/10+time.Minute).Milliseconds()/10)
	return v.hasUp && now.hasUp && (now.up < v.up || now.up > most)
}

// after returns what is known after this poll; what it did not tell stays. The name is
// copied where it is new: it lies in a buffer.
func (v vitals) after(was vitals) vitals {
	if !v.hasUp {
		v.up, v.hasUp, v.at = was.up, was.hasUp, was.at
	}
	if v.at.IsZero() {
		v.at = time.Now()
	}
	if !v.hasBoots {
		v.boots, v.hasBoots = was.boots, was.hasBoots
	}
	if v.name == nil || bytes.Equal(v.name, was.name) {
		v.name = was.name
	} else {
		v.name = bytes.Clone(v.name)
	}
	return v
}

// tell adds a field to the point of the system group.
func (p *points) tell(f *vouch.Field) {
	if f == nil {
		return
	}
	for i := range p.out {
		if pt := &p.out[i]; pt.Measurement == measurement && len(pt.Tags) == 0 {
			if !slices.ContainsFunc(pt.Fields, func(x vouch.Field) bool { return x.Name == f.Name }) {
				pt.Fields = append(pt.Fields, *f)
			}
			return
		}
	}
	p.out = append(p.out, vouch.Point{Measurement: measurement, Fields: []vouch.Field{*f}})
}
