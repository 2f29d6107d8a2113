// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// The statements are made by package statement from invented verdicts, so that their
// figures are real ones.

func (w world) may(d, h, m, s int) contract.Second {
	return contract.Floor(time.Date(2026, 5, d, h, m, s, 0, w.loc))
}

// terms are those of the fixture's contract: two of three, Mon to Fri from 06:00.
func (w world) terms() contract.Terms {
	t := contract.DefaultTerms()
	t.Zone = contract.ZoneOf(w.loc)
	t.Windows = []contract.Window{{Days: contract.DaysOf(1, 2, 3, 4, 5), From: 6 * 60, To: 24 * 60}}
	t.Holidays = []contract.Date{{Year: 2026, Month: 5, Day: 1}, {Year: 2026, Month: 5, Day: 14}, {Year: 2026, Month: 5, Day: 25}}
	t.Quorum = contract.Quorum{Rule: contract.ReachableFrom, Q: 2}
	t.Voters = []contract.Voter{{Location: "AMS", Custody: vouch.CustodyProvider}, {Location: "BRU", Custody: vouch.CustodyNeutral}, {Location: "RTM", Custody: vouch.CustodyProvider}}
	return t
}

// stretch is a time in which a device was not up.
type stretch struct {
	from, to contract.Second
	state    contract.State
}

// verdict tiles a period.
func verdict(period contract.Span, bad ...stretch) []contract.Segment {
	var out []contract.Segment
	add := func(from, to contract.Second, state contract.State) {
		seg := contract.Segment{Span: contract.Span{From: from, To: to}, State: state, Version: 3}
		for _, l := range []vouch.LocationID{"AMS", "BRU", "RTM"} {
			seg.Witnesses = append(seg.Witnesses, contract.Witness{Location: l, Votes: true, State: state})
		}
		if state == contract.Unknown {
			seg.Reason = vouch.ReasonLocation
		}
		if from < to {
			out = append(out, seg)
		}
	}
	at := period.From
	for _, b := range bad {
		add(at, b.from, contract.Up)
		add(b.from, b.to, b.state)
		at = b.to
	}
	add(at, period.To, contract.Up)
	return out
}

func (w world) noordhaven() vouch.Customer {
	device := func(id string) vouch.Device { return vouch.Device{ID: vouch.DeviceID(id)} }
	service := func(id, name, device string) vouch.Service {
		return vouch.Service{ID: vouch.ServiceID(id), Name: name, Tree: vouch.Node{Device: vouch.DeviceID(device)}}
	}
	return vouch.Customer{
		ID: "noordhaven", Name: "Noordhaven Logistics", Contract: "Gold",
		Sites: []vouch.Site{{ID: "mdk", Devices: []vouch.Device{device("nhv-mdk-fw1"), device("nhv-mdk-vg1")}}, {ID: "ven", Devices: []vouch.Device{device("nhv-ven-rt1")}}},
		Services: []vouch.Service{service("access-mdk", "Internet access, Moerdijk", "nhv-mdk-fw1"), service("phone-mdk", "Telephony, Moerdijk", "nhv-mdk-vg1"),
			service("access-ven", "Internet access, Venlo", "nhv-ven-rt1")},
	}
}

// mayStatement is a month with outages, unknown time and exclusions of both kinds.
func (w world) mayStatement() statement.Statement {
	period := contract.Span{From: w.may(1, 0, 0, 0), To: w.may(32, 0, 0, 0)}
	t := w.terms()
	for service, target := range map[vouch.ServiceID]string{"access-mdk": "99.90", "phone-mdk": "99.50", "access-ven": "99.90"} {
		goal, err := contract.ParseTarget(target)
		if err != nil {
			panic(err)
		}
		t.Targets = append(t.Targets, contract.ServiceTarget{Service: service, Target: goal})
	}
	versions := []contract.Version{{Number: 3, InForce: period.From, Terms: t}}
	work := func(id, reason string, from, to, announced contract.Second) contract.Exclusion {
		return contract.Exclusion{ID: id, Kind: contract.Maintenance, Span: contract.Span{From: from, To: to}, AnnouncedAt: announced, RecordedAt: announced, Reason: reason}
	}
	decided := contract.Decide(versions, []contract.Exclusion{
		work("M-1", "Firmware 7.2.8", w.may(19, 22, 0, 0), w.may(19, 23, 0, 0), w.may(5, 10, 12, 0)),
		work("M-2", "Critical patch", w.may(21, 6, 30, 0), w.may(21, 7, 0, 0), w.may(21, 6, 41, 0)),
	})
	judged := func(decisions []contract.Decision, id string, bad ...stretch) statement.Device {
		return statement.Device{ID: vouch.DeviceID(id), Verdict: contract.Exclude(verdict(period, bad...), decisions), Decisions: decisions}
	}
	down, unknown := contract.Down, contract.Unknown
	return statement.Build(statement.Input{
		Customer: w.noordhaven(), Provider: "Kade Managed Networks", Versions: versions, Period: period, Now: contract.Floor(time.Date(2026, 6, 4, 9, 0, 0, 0, w.loc)),
		Devices: []statement.Device{
			judged(decided, "nhv-mdk-fw1",
				stretch{w.may(4, 9, 12, 5), w.may(4, 9, 19, 35), down}, stretch{w.may(20, 2, 10, 0), w.may(20, 3, 5, 0), down}, stretch{w.may(21, 6, 34, 0), w.may(21, 6, 52, 0), down},
				stretch{w.may(22, 11, 40, 0), w.may(22, 11, 46, 0), unknown}, stretch{w.may(28, 16, 31, 10), w.may(28, 16, 33, 50), down}, stretch{w.may(29, 12, 0, 0), w.may(29, 12, 0, 50), down}),
			judged(nil, "nhv-mdk-vg1", stretch{w.may(26, 10, 5, 0), w.may(26, 15, 57, 0), down}),
			judged(nil, "nhv-ven-rt1", stretch{w.may(7, 8, 0, 20), w.may(7, 8, 3, 0), down}, stretch{w.may(18, 23, 50, 0), w.may(19, 0, 12, 0), down}, stretch{w.may(29, 20, 15, 0), w.may(29, 22, 15, 0), unknown}),
		},
		Known:  []statement.Known{{ID: "INC-2026-0318", Devices: []vouch.DeviceID{"nhv-mdk-fw1"}, From: w.may(4, 9, 12, 5), To: w.may(4, 9, 19, 35)}, {ID: "INC-2026-0366", Devices: []vouch.DeviceID{"nhv-mdk-vg1"}, From: w.may(26, 10, 5, 0), To: w.may(26, 15, 57, 0)}},
		Number: "NHV-2026-05", Revision: 1, State: statement.StateFinal,
		Issue:      &statement.Issue{At: contract.Floor(time.Date(2026, 6, 4, 9, 0, 0, 0, w.loc)), Author: "uid:1000", Record: "st-2026-05", Reason: "the month is over"},
		Checkpoint: &statement.Checkpoint{Origin: "kade.example/ledger/noordhaven", Size: 1842119, Root: "9m3ZkQe1wT0rVn8sYb5uXc2hLq7pJd4fGaKi6oMtE0A="},
		Manifest:   "5c1e90ab77d204f6b1c83e59a07d44129fe366b0d8152ac771f40e9dc3a85b26",
	})
}

// shortStatement is that of ninety seconds, as a demonstration makes it.
func (w world) shortStatement() statement.Statement {
	now := contract.Floor(w.now)
	period := contract.Span{From: now - 90, To: now}
	t := w.terms()
	t.Windows, t.Holidays = []contract.Window{{Days: contract.AllWeek, To: 24 * 60}}, nil
	t.Quorum.Rule, t.Voters, t.Lag, t.Confirm, t.Clear = contract.TwoSided, t.Voters[:2], 9*time.Second, 3*time.Second, 2*time.Second
	return statement.Build(statement.Input{
		Customer: w.noordhaven(), Provider: "Kade Managed Networks", Versions: []contract.Version{{Number: 1, InForce: period.From, Terms: t}}, Period: period, Now: now,
		Devices: []statement.Device{{ID: "nhv-mdk-fw1", Verdict: verdict(period, stretch{now - 60, now - 48, contract.Down})}},
	})
}
