// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"fmt"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// Found is what was measured, read from the JSON that everybody gets: the statement,
// and the list of incidents.
type Found struct {
	Statement Statement
	Incidents []admin.Incident
	Sightings *Sightings
}

// Statement is what is compared of a statement.
type Statement struct {
	Pending    int64       `json:"pending_s"`
	Devices    []Subject   `json:"devices"`
	Exclusions []Exclusion `json:"exclusions"`
	Incidents  []struct {
		ID string `json:"id"`
	} `json:"incidents"`
}

// Subject is one device in it.
type Subject struct {
	ID       vouch.DeviceID `json:"id"`
	Agreed   int64          `json:"agreed_s"`
	Excluded int64          `json:"excluded_s"`
	Down     int64          `json:"down_s"`
	Unknown  int64          `json:"unknown_s"`
	Outages  []Outage       `json:"outages"`
	Unknowns []struct {
		Stretch
		Reason vouch.Reason `json:"reason"`
	} `json:"unknown_times"`
}

// Outage is one uninterrupted stretch of down time.
type Outage struct {
	Stretch
	Counted int64 `json:"counted_s"`
}

// Exclusion is one claim.
type Exclusion struct {
	ID      string `json:"id"`
	Counted bool   `json:"counted"`
	Why     string `json:"why"`
}

// ReadFound decodes a statement and a list of incidents, and adds what single
// locations said.
func ReadFound(statement, incidents []byte, seen *Sightings) (f Found, err error) {
	f.Sightings = seen
	if err := json.Unmarshal(statement, &f.Statement); err != nil {
		return f, fmt.Errorf("read the statement: %v", err)
	}
	if err := json.Unmarshal(incidents, &f.Incidents); err != nil {
		return f, fmt.Errorf("read the incidents: %v", err)
	}
	return f, nil
}
