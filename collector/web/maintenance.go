// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// WorkState is how far a work has come.
type WorkState string

const (
	WorkPlanned   WorkState = "planned"
	WorkRunning   WorkState = "running"
	WorkEnded     WorkState = "ended"
	WorkCancelled WorkState = "cancelled"
)

// Work is one announced maintenance.
type Work struct {
	ID           string               `json:"id"`
	Customer     vouch.CustomerID     `json:"customer"`
	CustomerName string               `json:"customer_name"`
	Scope        string               `json:"scope"` // what it touches, in words: "nhv-mdk-fw1", "site Zwolle, 2 devices"
	Devices      List[vouch.DeviceID] `json:"devices"`
	From         time.Time            `json:"from"`
	To           time.Time            `json:"to"`
	Reason       string               `json:"reason"`
	AnnouncedAt  time.Time            `json:"announced_at"`
	CancelledAt  *time.Time           `json:"cancelled_at"`
	State        WorkState            `json:"state"`
	Counts       bool                 `json:"counts"` // it is taken out of the count
	Flag         string               `json:"flag,omitempty"`
	InWindow     Seconds              `json:"in_window_s"` // of it, inside the service window
	Window       List[Span]           `json:"window"`      // service hours on the local day it begins
}

// Maintenance is the list of announced works.
type Maintenance struct {
	AsOf
	Works List[Work] `json:"maintenance"`
}
