// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// UnitSeenBody says that another unit than the one on record answers at a device, or
// that the one on record does again. It is an event: the time is unknown by the samples,
// not by this record.
type UnitSeenBody struct {
	Device  vouch.DeviceID `json:"device"`
	Another bool           `json:"another,omitempty"`
	At      time.Time      `json:"at"`    // of the sample that showed it
	Agent   vouch.AgentID  `json:"agent"` // that made the sample
	Unit    *UnitBody      `json:"unit,omitempty"`
}

// UnitSeenBodyOf returns what a record says of the unit at a device, with the unit that
// is on record.
func UnitSeenBodyOf(d vouch.DeviceID, another bool, at time.Time, agent vouch.AgentID, u vouch.Unit) UnitSeenBody {
	out := UnitSeenBody{Device: d, Another: another, At: milli(at), Agent: agent}
	if u.Known() {
		body := unitBodyOf(u)
		out.Unit = &body
	}
	return out
}

// UnitSeen is what the newest record says of the unit at a device; the zero value where
// there is none.
type UnitSeen struct {
	Another bool
	At      time.Time // of the sample that showed it
}

func (b *Book) takeUnitSeen(rec evidence.Record) error {
	u, err := body[UnitSeenBody](rec)
	if err == nil {
		b.units[u.Device] = UnitSeen{u.Another, u.At}
	}
	return err
}

// UnitSeen returns what was seen last of the unit at a device.
func (b *Book) UnitSeen(d vouch.DeviceID) UnitSeen { return b.units[d] }

// OnRecord says which unit was on record, empty for none.
func (b UnitSeenBody) OnRecord() string {
	if b.Unit == nil {
		return ""
	}
	return b.Unit.unit().String()
}
