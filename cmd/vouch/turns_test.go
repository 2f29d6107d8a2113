// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/vouch-sla/vouch/internal/wire"
)

// Each agent has its place among those that measure a device, and one that is added at
// the end of the installed base moves no other.
func TestTakeTurns(t *testing.T) {
	plan := func(devices ...wire.Device) wire.Assignment { return wire.Assignment{Devices: devices} }
	bakery, port := wire.Device{Customer: "bakery", ID: "router"}, wire.Device{Customer: "port", ID: "router"}
	plans := []wire.Assignment{plan(bakery, port), plan(port), plan(bakery, port), plan(bakery)}
	takeTurns(plans)
	want := [][]int{{0, 0}, {1}, {1, 2}, {2}}
	for i, p := range plans {
		for k, d := range p.Devices {
			if d.Turn != want[i][k] {
				t.Errorf("agent %d has turn %d at the router of %s, want %d", i, d.Turn, d.Customer, want[i][k])
			}
		}
	}
}
