// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

func TestRoutes(t *testing.T) {
	zone, err := configs.Zone("Europe/Amsterdam")
	check(t, err)
	office := contract.Calendar{Zone: zone, Windows: []contract.Window{{Days: contract.DaysOf(time.Friday), From: 8 * 60, To: 17 * 60}}}
	var none contract.Calendar
	friday := time.Date(2026, 7, 3, 6, 0, 0, 0, time.UTC) // 08:00 in Amsterdam
	opened := func(at time.Time) notify.Event {
		e, _ := outage(at)
		e.Priority = contract.P2
		return e
	}
	_, closed := outage(friday)
	closed.At = friday.Add(48 * time.Hour)
	tests := []struct {
		name    string
		routes  []notify.Route
		event   notify.Event
		service contract.Calendar
		want    bool
	}{
		{"no route is everything", nil, opened(friday), none, true},
		{"another customer", []notify.Route{{Customers: []vouch.CustomerID{"zebra"}}}, opened(friday), none, false},
		{"this customer", []notify.Route{{Customers: []vouch.CustomerID{"zebra", "acme"}}}, opened(friday), none, true},
		{"the second route", []notify.Route{{Customers: []vouch.CustomerID{"zebra"}}, {Priorities: []contract.Priority{contract.P2}}}, opened(friday), none, true},
		{"another priority", []notify.Route{{Priorities: []contract.Priority{contract.P1}}}, opened(friday), none, false},
		{"all of a route", []notify.Route{{Customers: []vouch.CustomerID{"acme"}, Priorities: []contract.Priority{contract.P1}}}, opened(friday), none, false},
		{"first second of own hours", []notify.Route{{Hours: &office}}, opened(friday), none, true},
		{"the second before", []notify.Route{{Hours: &office}}, opened(friday.Add(-time.Second)), none, false},
		{"the second after", []notify.Route{{Hours: &office}}, opened(friday.Add(9 * time.Hour)), none, false},
		{"the end of what began in them", []notify.Route{{Hours: &office}}, closed, none, true},
		{"service hours", []notify.Route{{Service: true}}, opened(friday), office, true},
		{"out of service hours", []notify.Route{{Service: true}}, opened(friday.Add(24 * time.Hour)), office, false},
	}
	for _, tt := range tests {
		if got := (notify.Channel{Routes: tt.routes}).Wants(tt.event, tt.service); got != tt.want {
			t.Errorf("%s: Wants() = %v, want %v", tt.name, got, tt.want)
		}
	}
}
