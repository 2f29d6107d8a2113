// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// What happened to the unit at a device.
const (
	AnotherUnit = "another unit than recorded"
	UnitAgain   = "the unit on record again"
)

// UnitEvent is the body of a message about the unit at a device: it has no incident and
// no transition. Times are RFC 3339 in UTC. Later versions may add fields.
type UnitEvent struct {
	ID       string           `json:"id"`     // names the event; the same over all channels
	Intent   string           `json:"intent"` // names this message: ID and channel; also in the header Vouch-Intent
	Customer vouch.CustomerID `json:"customer"`
	Event    string           `json:"event"` // [AnotherUnit] or [UnitAgain]
	At       time.Time        `json:"at"`    // of the measurement that showed it
	Site     vouch.SiteID     `json:"site"`
	Device   vouch.DeviceID   `json:"device"`
	Unit     string           `json:"unit_on_record,omitempty"` // "serial FX1"
	URL      string           `json:"url,omitempty"`            // page of the device
}

// asEvent is the message for receivers that are told in words of their own: something is
// wrong at a device from one message to the other.
func (e UnitEvent) asEvent() Event {
	out := Event{ID: e.ID, Intent: e.Intent, Customer: e.Customer, Transition: Opened, At: e.At, From: e.At, OpenedAt: e.At, Site: e.Site,
		Devices: []vouch.DeviceID{e.Device}, URL: e.URL, unit: cmp.Or(e.Unit, "none")}
	if e.Event == UnitAgain {
		out.Transition = Closed
	}
	return out
}

// ForChannel makes the intent to send the message over a channel.
func (e UnitEvent) ForChannel(channel string, now time.Time) (store.Intent, error) {
	e.Intent = e.ID + "/" + channel
	payload, err := json.Marshal(e)
	if err != nil {
		return store.Intent{}, fmt.Errorf("encode notification %s: %v", e.Intent, err)
	}
	return store.Intent{Key: e.Intent, Customer: e.Customer, Channel: channel, Payload: payload, Created: now.UTC(), NotUntil: now.UTC()}, nil
}
