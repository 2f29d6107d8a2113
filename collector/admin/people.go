// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Paths of accounts.
const (
	PathPeople      = "/people"
	PathPeopleReset = "/people/reset"
)

// NewPerson invites somebody. Role is "noc", "contract-manager", "auditor" or
// "customer"; the last names a customer.
type NewPerson struct {
	Login    string           `json:"login"`
	Role     string           `json:"role"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
	SameAs   string           `json:"same_as,omitempty"` // account of the operating system of the same person: "uid:1000"
}

// ResetPerson asks for another link for an account.
type ResetPerson struct {
	Login string `json:"login"`
}

// Person is an account as it is listed. Link and Expires are set once, in the answer to
// [NewPerson] and [ResetPerson].
type Person struct {
	ID       string           `json:"id"` // as records name it
	Login    string           `json:"login"`
	Role     string           `json:"role"`
	Customer vouch.CustomerID `json:"customer,omitempty"`
	SameAs   string           `json:"same_as,omitempty"`
	Author   string           `json:"author"`
	Created  time.Time        `json:"created"`
	State    string           `json:"state"` // invited, active or disabled
	Disabled time.Time        `json:"disabled,omitzero"`
	Link     string           `json:"link,omitempty"`
	Expires  time.Time        `json:"expires,omitzero"`
}
