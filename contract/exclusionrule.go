// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "time"

// ExclusionRule says what it takes for a kind of exclusion to count. The zero value of
// a field asks for nothing.
type ExclusionRule struct {
	Kind ExclusionKind `json:"kind"`

	Announced Notice        `json:"announced"`
	Delay     time.Duration `json:"delay_ns"` // without delay: announced at most this long after it began
	// Ahead is the notice that an announcement should give, such as 14 days; Short
	// says what comes of less. Days are dates: the announcement is made by the same
	// wall-clock time so many dates before.
	Ahead TimeLimit `json:"ahead"`
	Short Response  `json:"short_notice"`
	// OfficeHours says what comes of time that lies inside the terms' Office hours.
	// Refused, it is that time alone that counts against the provider.
	OfficeHours Response `json:"office_hours"`

	Evidence bool       `json:"evidence"` // something to prove it is attached
	Accepted Acceptance `json:"accepted"`
	Deemed   TimeLimit  `json:"deemed"`    // deemed: accepted this long after the customer was told, unless he objects
	FourEyes bool       `json:"four_eyes"` // somebody other than its author approved it
	Within   TimeLimit  `json:"within"`    // recorded within this time after its end

	MonthlyCap time.Duration `json:"monthly_cap_ns"` // service time that the kind may take out of a calendar month; 0 for no cap
}

// Notice says whether an exclusion must be announced.
type Notice string

const (
	NoticeNone         Notice = ""              // need not be; "none" means the same
	NoticeBefore       Notice = "before"        // at or before its beginning
	NoticeWithoutDelay Notice = "without_delay" // at most the rule's Delay after it
)

// Acceptance says who must accept an exclusion.
type Acceptance string

const (
	AcceptedNone     Acceptance = "" // nobody; "none" means the same
	AcceptedProvider Acceptance = "provider"
	AcceptedCustomer Acceptance = "customer"
	AcceptedDeemed   Acceptance = "deemed" // the customer, or his silence for the rule's Deemed
)

// Response says what comes of an announcement that is not as it should be.
type Response string

const (
	Ignore Response = ""       // nothing
	Flag   Response = "flag"   // it counts, and the statement says so
	Refuse Response = "refuse" // it does not count
)

// Shortfall says what comes of a coverage below the agreed minimum.
type Shortfall string

const (
	NotAssessed   Shortfall = "not_assessed" // the figure cannot be assessed: the target is never met
	MissingIsDown Shortfall = "down"         // unknown seconds count as down in the headline
)
