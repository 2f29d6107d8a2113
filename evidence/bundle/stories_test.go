// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

var (
	ams = agent{"ams-a", "ams", vouch.CustodyProvider}
	fra = agent{"fra-a", "fra", vouch.CustodyNeutral}
	hq  = agent{"hq-a", "hq", vouch.CustodyCustomer}
)

// span is a time of the world in whole seconds.
func span(from, to time.Time) contract.Span {
	return contract.Span{From: contract.Floor(from), To: contract.Floor(to)}
}

// between reports whether t lies in [from, to) of a day, each "HH:MM".
func between(t time.Time, n int, from, to string) bool {
	return !t.Before(at(n, from)) && t.Before(at(n, to))
}

// truth is what an agent finds. rt1 is down from 02:00 to 02:20 of day 3; rt2 under a
// maintenance that was announced, and under one that was announced too late. The agent
// in Amsterdam loses its own way out from 11:00 to 11:30.
func truth(a agent) func(string, time.Time) (vouch.Outcome, vouch.Reason) {
	return func(subject string, t time.Time) (vouch.Outcome, vouch.Reason) {
		reference := subject == "gw" || subject == "core"
		switch {
		case a.id == ams.id && between(t, 3, "11:00", "11:30"):
			if reference {
				return vouch.Down, vouch.ReasonTimeout
			}
			return vouch.Unknown, vouch.ReasonLocation
		case subject == "rt1" && between(t, 3, "02:00", "02:20"),
			subject == "rt2" && between(t, 3, "06:00", "06:30"),
			subject == "rt2" && between(t, 3, "09:00", "09:30"):
			return vouch.Down, vouch.ReasonTimeout
		}
		return vouch.Up, ""
	}
}

// dayStory is the story of five days, of which the fourth is billed. It has what a
// ledger has: an outage, maintenance announced and not announced, a claim, two versions
// of the contract, telemetry, a gap, a rejected batch, late batches, an agent that began
// a new epoch, and two versions of the statement.
func dayStory(c vouch.CustomerID) *story {
	s := &story{customer: c, agents: []agent{ams, fra, hq}, period: span(day(3), day(4))}
	s.install(day(0), terms())
	for _, a := range s.agents {
		epoch := uint64(day(0).UnixMilli())
		s.speak(a, epoch, at(0, "01:00"), day(3), 4*time.Hour, time.Hour, truth(a))
		if a.id == hq.id {
			s.speak(a, epoch, day(3), at(3, "17:00"), 30*time.Minute, every, truth(a))
			epoch++
			s.speak(a, epoch, at(3, "17:10"), day(4), 30*time.Minute, every, truth(a))
		} else {
			s.speak(a, epoch, day(3), day(4), 30*time.Minute, every, truth(a))
		}
		s.speak(a, epoch, day(4), at(4, "06:00"), 2*time.Hour, time.Hour, truth(a))
	}
	s.telemetry(ams, day(3), at(3, "06:00"))
	s.troubles()
	s.decisions()
	for h := 6 * time.Hour; h < 5*24*time.Hour; h += 6 * time.Hour {
		s.add(day(0).Add(h+time.Second), step{anchor: true})
	}
	s.add(at(4, "03:00"), step{issue: true})
	s.add(at(4, "08:00"), step{issue: true, reason: "measurements came in late"})
	return s
}

// troubles changes what agents could say.
func (s *story) troubles() {
	// Two batches are lost.
	lost := s.itemAt(fra.id, at(3, "15:00"))
	lost.item.lost, lost.item.samples, lost.item.through = 2, nil, at(3, "16:00")
	s.drop(s.itemAt(fra.id, at(3, "15:30")))
	// One batch names a check that nobody assigned.
	bad := s.itemAt(ams.id, at(3, "13:00")).item
	bad.samples[2].Check, bad.rejected = "other", "check other of device rt1 is not assigned to the agent"
	// The evening of the customer's agent comes in after the first version was issued.
	for _, st := range s.steps {
		if i := st.item; i != nil && i.agent == hq.id && !i.from.Before(at(3, "22:10")) && st.at.Before(at(4, "05:00")) {
			st.at = at(4, "05:00").Add(i.from.Sub(at(3, "22:10")) / 1000)
		}
	}
	s.itemAt(fra.id, at(3, "16:30")).item.dropped = 3
}

// decisions adds what people decided, and what the collector found.
func (s *story) decisions() {
	maintenance := func(when time.Time, id, from, to string) {
		s.write(when, evidence.KindMaintenanceAnnounced, "uid:1", book.MaintenanceBody{ID: id, Device: "rt2", From: at(3, from), To: at(3, to), Reason: "firmware"})
	}
	second := terms()
	second.Confirm = 3 * time.Minute
	s.write(at(2, "09:00"), evidence.KindContract, "collector", contractBody(2, at(3, "12:00"), second)).effective = at(3, "12:00")
	s.write(at(2, "10:00"), evidence.KindAcceptance, "uid:1", func(string) any { return s.accept("contract-1") })
	maintenance(at(2, "12:00"), "M-1", "06:00", "07:00")
	maintenance(at(3, "09:10"), "M-2", "09:00", "10:00")
	s.incident(at(3, "02:07"), "open", 0)
	s.incident(at(3, "02:40"), "closed", contract.Floor(at(3, "02:20")))
	s.write(at(4, "01:00"), evidence.KindExclusionClaimed, "uid:1", book.ClaimBody{
		ID: "X-1", Kind: contract.ForceMajeure, Device: "rt1", From: at(3, "02:00"), To: at(3, "02:10"), Evidence: []string{"grid operator's notice"}, Reason: "power cut"})
	s.write(at(4, "02:00"), evidence.KindExclusionApproved, "uid:2", book.RulingBody{ID: "X-1"})
	s.write(at(4, "04:00"), evidence.KindAcceptance, "uid:1", book.AcceptanceBody{Record: "exclusion-claimed-1", By: "uid:7"})
}

func (s *story) incident(when time.Time, status string, to contract.Second) {
	part := map[string]any{"device": "rt1", "from": contract.Floor(at(3, "02:00"))}
	if to != 0 {
		part["to"] = to
	}
	s.write(when, evidence.KindIncidentEvent, "collector", map[string]any{
		"event": status, "at": when.Format(time.RFC3339), "incident": map[string]any{"id": "INC-1", "status": status, "parts": []any{part}}})
}

// accept is the customer's own signed word on a record.
func (s *story) accept(record string) book.AcceptanceBody {
	a, err := evidence.SealAcceptance(evidence.AcceptanceHeader{
		Origin: s.w.ledger.signer.Name(), Record: record, Note: s.w.recordOf(record).Hash, At: at(2, "09:59")}, s.w.his.signer)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return book.AcceptanceBody{Record: record, By: "acme", Note: string(a.Raw)}
}

// telemetry adds batches of telemetry, one an hour.
func (s *story) telemetry(a agent, from, to time.Time) {
	for ; from.Before(to); from = from.Add(time.Hour) {
		x := sample(s.customer, a, "rt1", from, truth(a))
		x.Points = []vouch.Point{{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifName", Value: "wan1"}}, Fields: []vouch.Field{{Name: "ifHCInOctets", Value: vouch.Uint(uint64(from.Unix()))}}}}
		s.add(from.Add(time.Hour), step{item: &item{
			agent: a.id, location: a.at, stream: vouch.Telemetry, epoch: uint64(day(0).UnixMilli()), from: from, through: from.Add(time.Hour), samples: []vouch.Sample{x}}})
	}
}

// hourStory is a story that is as short as one can be: an hour over midnight.
func hourStory(c vouch.CustomerID) *story {
	s := &story{customer: c, agents: []agent{ams, fra}, period: span(at(0, "23:30"), at(1, "00:30"))}
	t := terms()
	t.Voters = t.Voters[:2]
	s.install(at(0, "23:20"), t)
	for _, a := range s.agents {
		s.speak(a, uint64(day(0).UnixMilli()), at(0, "23:25"), at(1, "00:45"), 20*time.Minute, every, truth(a))
	}
	gap := s.itemAt(fra.id, at(0, "23:45"))
	gap.item.lost, gap.item.samples = 1, nil
	bad := s.itemAt(ams.id, at(1, "00:05")).item
	bad.samples[2].Check, bad.rejected = "other", "check other of device rt1 is not assigned to the agent"
	s.telemetry(ams, at(0, "23:25"), at(1, "00:25"))
	s.write(at(0, "23:40"), evidence.KindMaintenanceAnnounced, "uid:1", book.MaintenanceBody{ID: "M-1", Device: "rt2", From: at(0, "23:50"), To: at(1, "00:10"), Reason: "firmware"})
	s.add(at(1, "00:46"), step{anchor: true})
	s.add(at(1, "01:00"), step{issue: true})
	return s
}
