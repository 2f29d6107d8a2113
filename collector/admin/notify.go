// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
)

// Paths of what concerns messages.
const (
	PathDeliveries = "/notify"      // query customer, channel, n
	PathTest       = "/notify/test" // a NewTest in, a Delivery out
)

// NewTest asks for a marked test over a channel.
type NewTest struct {
	Channel string `json:"channel"`
}

// Delivery is one message over one channel, and what became of it.
type Delivery struct {
	Intent     string           `json:"intent"` // its key, the same at every attempt
	Channel    string           `json:"channel"`
	Customer   vouch.CustomerID `json:"customer,omitempty"`
	Incident   incident.ID      `json:"incident,omitempty"`
	Transition string           `json:"transition,omitempty"`
	State      string           `json:"state"` // waiting, delivered, silenced or given up
	Created    time.Time        `json:"created_at"`
	Attempts   int              `json:"attempts"`
	Next       time.Time        `json:"next_at,omitzero"` // not tried before
	Done       time.Time        `json:"delivered_at,omitzero"`
	Answer     string           `json:"answer,omitempty"` // what the receiver said when it took it, or why none was sent
	Error      string           `json:"error,omitempty"`
}

// Channel is one channel, and when it last proved that it delivers.
type Channel struct {
	Name    string     `json:"name"`
	Type    string     `json:"type"`
	Last    *time.Time `json:"last_delivery_at"` // null: it never did
	Pending int        `json:"pending"`
	Failed  int        `json:"failed"`
}
