// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import "github.com/vouch-sla/vouch"

// PathReload makes the collector read again what is installed: POST, answered with
// [Reloaded], or refused with every mistake.
const PathReload = "/reload"

// Reloaded is what is in force after a reload.
type Reloaded struct {
	Customers int             `json:"customers"`
	Devices   int             `json:"devices"`
	Agents    int             `json:"agents"`
	Assigned  []vouch.AgentID `json:"assigned"`          // who got another assignment, sorted
	Restart   []string        `json:"restart,omitempty"` // keys that were changed and need a restart
	Pending   string          `json:"pending,omitempty"` // why assignments are not handed out yet; they are tried again
}
