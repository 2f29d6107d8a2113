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
	Zone         Zone          `json:"zone"`
	Windows      []Window      `json:"windows"`       // service time of availability; their union
	OnHolidays   bool          `json:"on_holidays"`   // a holiday has its windows like any other day
	Holidays     []Date        `json:"holidays"`      // local dates that are holidays
	HolidayLists []HolidayList `json:"holiday_lists"` // holidays by name, expanded for each year

	Clocks    Hours `json:"clocks"`    // of reaction and resolution; none: as availability
	Reporting Hours `json:"reporting"` // of reporting incidents; none: as the clocks
	Office    Hours `json:"office"`    // working hours; they make the working days of time limits; none: as availability

	Period PeriodKind `json:"period"` // over which availability is stated; empty: month
	Ends   Second     `json:"ends"`   // of the agreement; 0 for none

	Quorum           Quorum  `json:"quorum"`
	Voters           []Voter `json:"voters"`             // the witnesses, by name; one without data is unknown
	LeaveOutCustomer bool    `json:"leave_out_customer"` // voters in customer custody do not exist for the quorum

	Degraded        Effect        `json:"degraded"`         // of a threshold that names no effect of its own
	Unknown         UnknownPolicy `json:"unknown"`          // what unknown time is in the headline figure
	ProviderNetwork NetworkPolicy `json:"provider_network"` // what a witness cut off by the provider's network says
	MinCoverage     Target        `json:"min_coverage"`     // least coverage of a figure that can be assessed
	Shortfall       Shortfall     `json:"shortfall"`        // what comes of less; empty: cannot be assessed

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

	Admission int    `json:"admission"` // successes that admit a check of a device at a location; 0: none are asked
	Measured  string `json:"measured"`  // the measured address, in plain words

	Exclusions  []ExclusionRule `json:"exclusions"`      // a kind without a rule excludes nothing
	ExcludedCap time.Duration   `json:"excluded_cap_ns"` // service time that all kinds together may take out of a calendar month; 0 for no cap
	Targets     []ServiceTarget `json:"targets"`         // none: "no target agreed"

	Support     Support     `json:"support"`
	Duties      []Duty      `json:"duties"`
	Appointment Appointment `json:"appointment"`

	Objection      TimeLimit `json:"objection"`       // after which a statement that nobody objected to is final
	FavourAccepted bool      `json:"favour_accepted"` // a later statement in the provider's favour needs the customer's acceptance
	FullEvidence   bool      `json:"full_evidence"`   // what the provider measured is full evidence, save proof to the contrary
	Keep           TimeLimit `json:"keep"`            // how long evidence is kept

	Labels map[string]string `json:"labels"` // names and clauses for people; they decide nothing
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

// ServiceTarget is an agreed availability. An empty Service is the customer as a
// whole.
type ServiceTarget struct {
	Service vouch.ServiceID `json:"service"`
	Target  Target          `json:"target"`
}

// Version is one dated version of a contract. It is in force from InForce until the
// next version is.
type Version struct {
	Number  int    `json:"number"`
	InForce Second `json:"in_force"`
	Terms   Terms  `json:"terms"`

	Document   string `json:"document,omitempty"`    // SHA-256 of the signed document in hexadecimal
	AcceptedBy string `json:"accepted_by,omitempty"` // who accepted it for the customer; empty: the terms are the provider's claim
	AcceptedAt Second `json:"accepted_at,omitempty"`
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
		Period:          PeriodMonth,
		Shortfall:       NotAssessed,
		Exclusions:      defaultExclusions(),
		Support:         defaultSupport(),
		Objection:       TimeLimit{15, WorkingDays},
		FavourAccepted:  true,
	}
}

// defaultExclusions asks for an announcement of maintenance, and for evidence and a
// second person for the rest.
func defaultExclusions() []ExclusionRule {
	var out []ExclusionRule
	for _, k := range ExclusionKinds() {
		r := ExclusionRule{Kind: k, Evidence: true, Accepted: AcceptedProvider, FourEyes: true}
		if k == Maintenance {
			r = ExclusionRule{Kind: k, Announced: NoticeBefore, Short: Flag, OfficeHours: Flag}
		}
		out = append(out, r)
	}
	return out
}

// defaultSupport promises nothing; it holds how a promise is read that the parties
// make.
func defaultSupport() Support {
	return Support{
		Day:        DayWindow,
		Reaction:   ReactionRule{Starts: StartEarlier},
		WorkAround: P3,
		Visit:      true,
		Suspends:   []SuspendRule{{Cause: "supplier", Resolution: true, Until: UntilWorkingDay}},
		Escalation: Escalation{By: EscalateAutomatic, Tiers: 3},
		Credit: CreditRule{Base: MonthBefore, Paid: true, CapBase: MonthBefore, Days: DaysCommenced,
			Reaction: true, Resolution: true, Attributed: true},
	}
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
