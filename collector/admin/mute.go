// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// PathMutes lists, adds and ends mutes.
const PathMutes = "/mutes"

// NewMute silences messages about one device, one site or, with both empty, the whole
// customer, over one channel or all, from now on.
type NewMute struct {
	Customer vouch.CustomerID `json:"customer"`
	Site     vouch.SiteID     `json:"site,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	Channel  string           `json:"channel,omitempty"`
	Until    time.Time        `json:"until"` // at most 30 days from now
	Reason   string           `json:"reason"`
}

// Mute is a mute as it is recorded. It silences messages, never evidence.
type Mute struct {
	ID       string           `json:"id"`
	Record   string           `json:"record"`
	Customer vouch.CustomerID `json:"customer"`
	Site     vouch.SiteID     `json:"site,omitempty"`
	Device   vouch.DeviceID   `json:"device,omitempty"`
	Channel  string           `json:"channel,omitempty"`
	Reason   string           `json:"reason"`
	From     time.Time        `json:"from"`
	Until    time.Time        `json:"until"`
	Author   string           `json:"author"`
	Stands   bool             `json:"stands"`
	EndedAt  time.Time        `json:"ended_at,omitzero"`
	EndedBy  string           `json:"ended_by,omitempty"`
	EndedFor string           `json:"ended_for,omitempty"` // why
}
