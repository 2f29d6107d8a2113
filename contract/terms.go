// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Terms is the decided content of one version of a contract: typed, defaulted and,
// once [Terms.Check] finds no mistake, valid. Start from [DefaultTerms].
type Terms struct {
	Zone     Zone     `json:"zone"`
	Windows  []Window `json:"windows"`  // service time; their union
	Holidays []Date   `json:"holidays"` // local dates without any service time

	Quorum           Quorum  `json:"quorum"`
	Voters           []Voter `json:"voters"`             // the witnesses, by name; one without data is unknown
	LeaveOutCustomer bool    `json:"leave_out_customer"` // voters in customer custody do not exist for the quorum

	Degraded        Effect        `json:"degraded"`         // of a threshold that names no effect of its own
	Unknown         UnknownPolicy `json:"unknown"`          // what unknown time is in the headline figure
	ProviderNetwork NetworkPolicy `json:"provider_network"` // what a witness cut off by the provider's network says
	MinCoverage     Target        `json:"min_coverage"`     // below it the figure cannot be assessed

	Confirm time.Duration `json:"confirm_ns"` // accumulated down time that opens an incident
	Clear   time.Duration `json:"clear_ns"`   // length of the up run that closes one

	// ReachableBy lists the kinds of check that establish up and down. Empty means
	// every check that is configured.
	ReachableBy []vouch.Kind `json:"reachable_by"`
	Thresholds  []Threshold  `json:"thresholds"`

	// SelfCheckRequired makes a silence that an agent without gateway and reference
	// reports unknown instead of down: it cannot prove its own health.
	SelfCheckRequired bool `json:"self_check_required"`

	CarryForward time.Duration `json:"carry_forward_ns"` // how long the live view carries a last outcome
	Lag          time.Duration `json:"lag_ns"`           // figures of an unfinished period end this long before now

	Interval time.Duration `json:"interval_ns"` // longest agreed interval of a check that establishes up and down
	Timeout  time.Duration `json:"timeout_ns"`  // and its timeout; both say how fine an outage can be seen

	Exclusions []ExclusionRule   `json:"exclusions"` // a kind without a rule excludes nothing
	Targets    []ServiceTarget   `json:"targets"`    // none: "no target agreed"
	Labels     map[string]string `json:"labels"`     // names and clauses for people; they decide nothing
}

// Quorum is the rule by which witnesses make a verdict, and how many it takes.
type Quorum struct {
	Rule Rule `json:"rule"`
	Q    int  `json:"q"`
}

// Rule names one of the three quorum rules.
type Rule string

// The quorum rules, with q the number asked for (rule 4).
const (
	TwoSided        Rule = "two_sided"        // q witnesses for up, q for down, else disputed
	ReachableFrom   Rule = "reachable_from"   // up needs q; down when q can no longer be reached
	UnreachableFrom Rule = "unreachable_from" // down needs q; up when q can no longer be reached
)

// Voter is one location that the contract names as a witness.
type Voter struct {
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
}

// Effect says what a breached threshold does. Effects are ordered: each includes the
// ones before it.
type Effect uint8

const (
	NoEffect       Effect = iota // not degraded
	EffectFigure                 // degraded time is a figure of its own, beside the percentage
	EffectIncident               // it also counts toward an incident, never toward the percentage
	EffectDown                   // the witness votes down
)

// UnknownPolicy says what unknown time is in the headline figure.
type UnknownPolicy string

const (
	UnknownNeutral UnknownPolicy = "neutral" // in neither numerator nor denominator
	UnknownAsDown  UnknownPolicy = "down"
	UnknownAsUp    UnknownPolicy = "up"
)

// NetworkPolicy says what a witness says whose gateway answers while the references
// beyond it do not.
type NetworkPolicy string

const (
	NetworkUnknown NetworkPolicy = "unknown"
	NetworkDown    NetworkPolicy = "down"
)

// Metric is what a threshold looks at.
type Metric string

const (
	MetricLoss   Metric = "loss"   // lost requests
	MetricRTT    Metric = "rtt"    // mean of the samples' mean round trips
	MetricJitter Metric = "jitter" // mean of the samples' round-trip delay variation
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
	For      time.Duration `json:"for_ns"`       // beyond the limit this long before the witness is degraded
	ClearFor time.Duration `json:"clear_for_ns"` // within the limit this long before it no longer is
	Effect   Effect        `json:"effect"`       // NoEffect: that of the terms
}

// ServiceTarget is an agreed availability. An empty Service is the customer as a
// whole.
type ServiceTarget struct {
	Service vouch.ServiceID `json:"service"`
	Target  Target          `json:"target"`
}

// ExclusionRule says what it takes for a kind of exclusion to count.
type ExclusionRule struct {
	Kind      ExclusionKind `json:"kind"`
	Announced bool          `json:"announced"` // announced at or before its beginning
	Accepted  bool          `json:"accepted"`  // accepted, whenever it was recorded
}

// Version is one dated version of a contract. It is in force from InForce until the
// next version is.
type Version struct {
	Number  int    `json:"number"`
	InForce Second `json:"in_force"`
	Terms   Terms  `json:"terms"`
}

// DefaultTerms returns terms with every default and nothing that only the parties can
// decide: zone, windows and voters are empty.
func DefaultTerms() Terms {
	return Terms{
		Quorum:          Quorum{TwoSided, 2}, // one witness proves nothing, either way
		Degraded:        EffectFigure,
		Unknown:         UnknownNeutral,
		ProviderNetwork: NetworkUnknown,
		MinCoverage:     Target{99 * percentOne, true},
		Confirm:         2 * time.Minute,
		Clear:           5 * time.Minute,
		CarryForward:    30 * time.Second, // rule 11
		Lag:             90 * time.Second, // rule 11: sealing (60 s), upload and a margin
		Interval:        30 * time.Second,
		Timeout:         5 * time.Second,
		Exclusions: []ExclusionRule{
			{Kind: Maintenance, Announced: true},
			{Kind: OutsideControl, Accepted: true},
			{Kind: Intervention, Accepted: true},
			{Kind: ForceMajeure, Accepted: true},
			{Kind: CustomerAct, Accepted: true},
			{Kind: Suspension, Accepted: true},
			{Kind: Cybercrime, Accepted: true},
			{Kind: ThirdParty, Accepted: true},
		},
	}
}

// Calendar returns the terms' service time.
func (t Terms) Calendar() Calendar {
	return Calendar{Zone: t.Zone, Windows: t.Windows, Holidays: t.Holidays}
}

// Voting returns the voters that exist for the quorum, in the order of the terms.
func (t Terms) Voting() []Voter {
	var out []Voter
	for _, v := range t.Voters {
		if t.votes(v) {
			out = append(out, v)
		}
	}
	return out
}

func (t Terms) votes(v Voter) bool {
	return !(t.LeaveOutCustomer && v.Custody == vouch.CustodyCustomer)
}

// Resolution returns how coarse the edges of outages are: an outage shorter than it
// may go unseen.
func (t Terms) Resolution() time.Duration { return t.Interval + t.Timeout }

// TargetOf returns the availability agreed for a service, or for the customer as a
// whole when s is empty.
func (t Terms) TargetOf(s vouch.ServiceID) Target {
	for _, st := range t.Targets {
		if st.Service == s {
			return st.Target
		}
	}
	return Target{}
}
