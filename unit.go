// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Unit is the piece of hardware that occupies a position from an instant on: what it
// tells of itself over SNMP, by serial number or, where it tells none, by engine.
type Unit struct {
	Serials  []string // any of them: the members of a pair or cluster answer at one address; at most [MaxSerials]
	EngineID string   // snmpEngineID (RFC 3411), hexadecimal in lower case; empty where Serials are given
	From     time.Time
}

// Bounds of a unit: far more than a cluster has members, and longer than any serial
// number; snmpEngineID has 5 to 32 octets (RFC 3411).
const (
	MaxSerials  = 16
	MaxSerial   = 128 // bytes
	minEngineID = 10  // hexadecimal digits
	maxEngineID = 64
)

// ValidUnit reports why a unit cannot be told by what it holds. One that nothing is
// known of is valid.
func ValidUnit(u Unit) error {
	if len(u.Serials) > 0 && u.EngineID != "" {
		return errors.New("a unit is told by its serial numbers or by its engine, not by both")
	}
	if len(u.Serials) > MaxSerials {
		return fmt.Errorf("a unit has %d serial numbers, at most %d are allowed", len(u.Serials), MaxSerials)
	}
	for _, s := range u.Serials {
		if strings.TrimSpace(s) == "" || len(s) > MaxSerial {
			return fmt.Errorf("serial number %.70q is empty or longer than %d bytes", s, MaxSerial)
		}
	}
	if e := u.EngineID; e != "" && (len(e) < minEngineID || len(e) > maxEngineID || len(e)%2 != 0 || strings.Trim(e, "0123456789abcdef") != "") {
		return fmt.Errorf("engine id %.70q is no hexadecimal text of 5 to 32 octets in lower case", e)
	}
	return nil
}

// UnitAt returns the last unit of a list that was in its place at an instant; nothing
// is expected before the first.
func UnitAt(units []Unit, at time.Time) (u Unit) {
	for _, x := range units {
		if !x.From.After(at) {
			u = x
		}
	}
	return u
}

// Known reports whether there is anything that the unit can be told by.
func (u Unit) Known() bool { return len(u.Serials) > 0 || u.EngineID != "" }

// Is reports whether the unit is the one that told a serial number, or an engine.
// White space around it and the case of letters mean nothing.
func (u Unit) Is(told string) bool {
	if len(u.Serials) == 0 {
		return strings.EqualFold(u.EngineID, told)
	}
	return slices.ContainsFunc(u.Serials, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), strings.TrimSpace(told)) })
}

// String says by what the unit is told: "serial A or B", "engine 8000...".
func (u Unit) String() string {
	if len(u.Serials) == 0 {
		return "engine " + u.EngineID
	}
	return "serial " + strings.Join(u.Serials, " or ")
}
