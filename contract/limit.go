// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Metric is what a threshold looks at.
type Metric string

const (
	MetricLoss   Metric = "loss"   // lost requests
	MetricRTT    Metric = "rtt"    // mean of the samples' mean round trips
	MetricJitter Metric = "jitter" // mean of the samples' round-trip delay variation
	MetricValue  Metric = "value"  // a named value that the device reported
)

// Comparison says on which side of its limit a value is beyond it.
type Comparison string

const (
	Above  Comparison = "above"  // the mean over the window is more than the limit
	Below  Comparison = "below"  // the mean over the window is less than the limit
	Equals Comparison = "equals" // the latest value is the limit
	NotIn  Comparison = "not_in" // the latest value is none of the set
)

// Micro is a number in millionths, so that values such as 71.5 degrees are exact.
type Micro int64

// Severity says how grave a breached threshold is; it decides nothing.
type Severity string

const (
	SeverityInfo     Severity = "info"
	SeverityWarning  Severity = "warning"
	SeverityMajor    Severity = "major"
	SeverityCritical Severity = "critical"
)

// Threshold is an agreed limit, evaluated at every sample of a check of its kind over
// the trailing window (t - Window, t]. The package comment says how.
type Threshold struct {
	Name     string        `json:"name"`
	Kind     vouch.Kind    `json:"kind"`
	Metric   Metric        `json:"metric"`
	Window   time.Duration `json:"window_ns"`
	Lost     int           `json:"lost"`         // loss: breached by at least this many lost requests ...
	Of       int           `json:"of"`           // ... of the last so many; 0 means all in the window
	Limit    time.Duration `json:"limit_ns"`     // rtt and jitter: breached by more than this
	Value    string        `json:"value"`        // value: its name, as [vouch.ParseValueRef] reads it, such as "cpu"
	Compare  Comparison    `json:"compare"`      // value: when it is beyond its limit
	At       Micro         `json:"at"`           // value: the limit
	ClearAt  *Micro        `json:"clear_at"`     // value, above and below: within only when on the other side of this or on it; nil: the limit
	Set      []Micro       `json:"set"`          // value, not_in: what is in order
	Severity Severity      `json:"severity"`     // empty: warning
	For      time.Duration `json:"for_ns"`       // beyond the limit this long before the witness is degraded
	ClearFor time.Duration `json:"clear_for_ns"` // within the limit this long before it no longer is
	Effect   Effect        `json:"effect"`       // NoEffect: that of the terms
}
