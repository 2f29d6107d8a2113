// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pythontest_test

import (
	"encoding/base64"
	"net/netip"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// utc is the TZif file of UTC (RFC 8536).
const utc = "VFppZjIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAQAAAAAAABVVEMAVFppZjIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAQAAAAAAABVVEMAClVUQzAK"

// clock returns an instant of November 2026: 1 23:30 is day 1, half past eleven at night.
// Day -11 is 20 October.
func clock(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC)
}

// The story is an hour around midnight, told by two voters and by an agent at the
// customer's that has no vote. They began twelve days before, for ten minutes.
var (
	storyFrom = clock(1, 23, 30)
	storyTo   = clock(2, 0, 30)
	storyAsOf = clock(2, 2, 40) // the day before is settled, the day itself is not over
	began     = clock(-11, 10, 0)
)

func storyPeriod() contract.Span {
	return contract.Span{From: contract.Floor(storyFrom), To: contract.Floor(storyTo)}
}

// storyFirst is the first leaf that the story's bundle carries: some records stand
// before it.
const storyFirst = 8

// story is a ledger of it.
type story struct {
	*ledger
	ams, bru, home *speaker
	phones         bool // the device is asked over SIP as well
}

func storyTerms(t testing.TB) contract.Terms {
	t.Helper()
	terms := contract.DefaultTerms()
	raw, err := base64.StdEncoding.DecodeString(utc)
	if err == nil {
		terms.Zone, err = contract.NewZone("UTC", raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	terms.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	terms.Voters = []contract.Voter{{Location: "AMS", Custody: vouch.CustodyProvider}, {Location: "BRU", Custody: vouch.CustodyNeutral}, {Location: "OWN", Custody: vouch.CustodyCustomer}}
	terms.LeaveOutCustomer = true
	terms.ReachableBy = []vouch.Kind{vouch.KindICMP}
	terms.Interval, terms.Timeout = time.Minute, 5*time.Second
	return terms
}

// newStory writes the records and what the agents found, up to where the statement is
// issued.
func newStory(t testing.TB) *story { return newStoryOf(t, false) }

func newStoryOf(t testing.TB, phones bool) *story {
	l := newLedger(t)
	s := &story{ledger: l, phones: phones, ams: l.speaker("ams1-a", "AMS", 0x11), bru: l.speaker("bru1-a", "BRU", 0x44), home: l.speaker("own1-a", "OWN", 0x55)}
	for _, x := range []*speaker{s.ams, s.bru, s.home} {
		x.phones = phones
	}
	s.decide()
	s.begin()
	s.tell()
	return s
}

// decide writes the records that stand at the beginning.
func (s *story) decide() {
	at := began.Add(-10 * time.Minute)
	terms := storyTerms(s.t)
	checks := []book.CheckBody{{Device: "router-1", Check: "ping", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.1"), Interval: 60_000, Timeout: 5_000, Count: 1, Size: 56}}
	if s.phones {
		terms.ReachableBy = append(terms.ReachableBy, vouch.KindSIP)
		checks = append(checks, book.CheckBodyOf("router-1", vouch.Check{Name: "sip", Kind: vouch.KindSIP, Addr: netip.MustParseAddr("192.0.2.1"), Port: 5060,
			Interval: time.Minute, Timeout: 5 * time.Second, SIP: vouch.SIP{Accept: []string{"2xx", "404"}, User: "somebody"}}))
	}
	agreed := s.record(evidence.KindContract, at, book.ContractBody{Subject: "gold/1", Contract: "gold", Version: contract.Version{Number: 1, InForce: contract.Floor(at), Terms: terms}})
	s.record(evidence.KindInstallation, at, book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{
		{Device: "router-1", Class: vouch.ClassRouter, Addresses: []book.AddressBody{{Addr: netip.MustParseAddr("192.0.2.1"), Role: vouch.RoleService}}},
	}})
	for _, x := range []*speaker{s.ams, s.bru, s.home} {
		custody := map[vouch.LocationID]vouch.Custody{"AMS": vouch.CustodyProvider, "BRU": vouch.CustodyNeutral, "OWN": vouch.CustodyCustomer}[x.id.Location]
		s.record(evidence.KindLocation, at, book.LocationBody{Subject: string(x.id.Location), Location: x.id.Location, Custody: custody})
		s.record(evidence.KindKeyAdded, at, book.KeyBody{Subject: string(x.id.Agent), Agent: x.id.Agent, Location: x.id.Location, Key: x.vkey})
	}
	s.record(evidence.KindLease, at, book.LeaseBody{Subject: "router-1", Device: "router-1", From: clock(-30, 0, 0)})
	for _, x := range []*speaker{s.ams, s.bru, s.home} {
		s.record(evidence.KindAssignment, at, book.AssignmentBody{
			Subject: string(x.id.Agent) + "/hq", Agent: x.id.Agent, Site: "hq",
			Checks:     checks,
			References: []book.ReferenceBody{{Reference: "gw", Gateway: true, Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.254")}, {Reference: "core", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("198.51.100.1")}},
		})
	}
	acme := newParty(s.t, "acme", 0x33)
	said, err := evidence.SealAcceptance(evidence.AcceptanceHeader{Origin: origin, Record: agreed.ID, Note: agreed.Hash, At: at.Add(time.Minute)}, acme.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	s.record(evidence.KindAcceptance, at.Add(2*time.Minute), book.AcceptanceBody{Record: agreed.ID, By: "acme", Note: string(said.Raw)})
}

// begin is the first ten minutes.
func (s *story) begin() {
	for _, x := range []*speaker{s.ams, s.bru, s.home} {
		x.batch(began, began.Add(10*time.Minute), evidence.BeginsFirstStart, "", x.found(began, began.Add(10*time.Minute))...)
	}
}

// Who is down, or finds the reference beyond its gateway silent, and when.
var (
	down = map[vouch.AgentID][]contract.Span{
		"ams1-a": {minutes(23, 40, 6), minutes(24, 5, 3)},
		"bru1-a": {minutes(23, 40, 7), minutes(23, 52, 2), minutes(24, 5, 3)},
		"own1-a": {minutes(23, 40, 20)},
	}
	cutOff = map[vouch.AgentID][]contract.Span{"ams1-a": {minutes(24, 4, 4)}}
)

// minutes is a span that begins at an hour and a minute of the first day, which may be
// beyond its end.
func minutes(hour, minute, length int) contract.Span {
	from := contract.Floor(clock(1, hour, minute))
	return contract.Span{From: from, To: from + contract.Second(60*length)}
}

// tell is the hour, and a little before and after it.
func (s *story) tell() {
	for at := clock(1, 23, 20); at.Before(clock(2, 0, 40)); at = at.Add(10 * time.Minute) {
		begin := ""
		if at.Equal(clock(1, 23, 20)) {
			begin = evidence.BeginsHeadLost
		}
		for _, x := range []*speaker{s.ams, s.bru, s.home} {
			through, reject := at.Add(10*time.Minute), ""
			samples := x.found(at, through)
			switch {
			case x == s.bru && at.Equal(clock(2, 0, 10)):
				x.gap(at, through, 2, "queue full")
				continue
			case x == s.home && at.Equal(clock(1, 23, 50)):
				samples[0].Check = "snmp"
				reject = "check snmp of device router-1 is not assigned to the agent"
			}
			x.clock.Bound = 4500 * time.Microsecond
			if x == s.ams && at.Equal(clock(2, 0, 20)) {
				x.clock.Bound = 31 * time.Second
			}
			x.batch(at, through, begin, reject, samples...)
		}
	}
}

// found is what an agent finds each minute: of the device, of its gateway, and of a
// reference beyond.
func (s *speaker) found(from, to time.Time) []vouch.Sample {
	in := func(at time.Time, list []contract.Span) bool {
		for _, x := range list {
			if x.Contains(contract.Floor(at)) {
				return true
			}
		}
		return false
	}
	var out []vouch.Sample
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		x := vouch.Sample{
			Customer: customer, Agent: s.id.Agent, Location: s.id.Location, Kind: vouch.KindICMP, Interval: time.Minute, Timeout: 5 * time.Second,
			Result: vouch.Result{Start: at.Add(300 * time.Millisecond), Duration: 1200 * time.Microsecond, Sent: 1},
		}
		device, gateway, core := x, x, x
		device.Device, device.Check = "router-1", "ping"
		gateway.Reference, gateway.Gateway, core.Reference = "gw", true, "core"
		answer(&gateway, true)
		answer(&device, !in(at, down[s.id.Agent]))
		answer(&core, !in(at, cutOff[s.id.Agent]))
		out = append(out, device, gateway, core)
		if s.phones {
			phone := device
			phone.Check, phone.Kind = "sip", vouch.KindSIP
			answer(&phone, true)
			if device.Outcome == vouch.Down { // its server says 503
				phone.Outcome, phone.Reason, phone.Lost, phone.Duration = vouch.Down, vouch.ReasonRejected, 0, 1200*time.Microsecond
			}
			out = append(out, phone)
		}
	}
	return out
}

func answer(s *vouch.Sample, up bool) {
	if up {
		rtt := 900 * time.Microsecond
		s.Outcome, s.RTT = vouch.Up, vouch.RTT{Min: rtt, Avg: rtt, Max: rtt}
		return
	}
	s.Outcome, s.Reason, s.Lost, s.Duration = vouch.Down, vouch.ReasonTimeout, 1, 5*time.Second
}

// draft is the statement of the story, in a bundle that begins with a leaf.
func (s *story) draft(first int) issued { return s.ledger.draft(storyPeriod(), storyAsOf, first) }
