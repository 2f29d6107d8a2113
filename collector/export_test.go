// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Few makes bundles carry at most so many leaves more than they need.
func (o *Options) Few(leaves int64) { o.few = leaves }

// Telemetry lends the memory of the last values.
type Telemetry struct{ *telemetry }

// NewTelemetry returns an empty one.
func NewTelemetry() Telemetry { return Telemetry{newTelemetry()} }

// Take remembers the lines of a telemetry batch of the agent for the customer.
func (t Telemetry) Take(c vouch.CustomerID, a vouch.AgentID, lines []byte) {
	t.take(agentKey{c, a}, evidence.Batch{BatchHeader: evidence.BatchHeader{Stream: vouch.Telemetry}, Lines: lines})
}

// Points returns how many points of a device are remembered.
func (t Telemetry) Points(c vouch.CustomerID, d vouch.DeviceID) int {
	return len(t.of(deviceKey{c, d}, ""))
}
