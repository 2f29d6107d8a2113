// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

func TestAdmission(t *testing.T) {
	const east, west = "east", "west"
	key := func(b *book.Book, id string, agent vouch.AgentID, at vouch.LocationID) {
		take(t, b, 0, id, evidence.KindKeyAdded, "collector", book.KeyBody{Subject: string(agent), Agent: agent, Location: at, Key: string(agent) + "+00000000+AA=="})
	}
	assign := func(b *book.Book, sec int, id string, agent vouch.AgentID, admission int, devices ...vouch.DeviceID) {
		body := book.AssignmentBody{Subject: string(agent) + "/s", Agent: agent, Site: "s", Admission: admission, Checks: []book.CheckBody{}, References: []book.ReferenceBody{}}
		for _, d := range devices {
			body.Checks = append(body.Checks, book.CheckBody{Device: d, Check: "icmp", Kind: vouch.KindICMP, Interval: 1000, Timeout: 500})
		}
		take(t, b, sec, id, evidence.KindAssignment, "collector", body)
	}
	b := book.New()
	key(b, "key-added-1", "e1", east)
	key(b, "key-added-2", "e2", east)
	key(b, "key-added-3", "w1", west)
	assign(b, 0, "assignment-1", "e1", 0, "old")         // before anything was asked
	assign(b, 10, "assignment-2", "e1", 3, "old", "new") // the contract asks now
	assign(b, 20, "assignment-3", "e2", 3, "old", "new") // another agent, the same witness
	assign(b, 30, "assignment-4", "w1", 2, "old", "new") // another witness
	assign(b, 40, "assignment-5", "w1", 0, "old", "new") // nothing is asked any more: not of who is new then
	take(t, b, 50, "admitted-1", evidence.KindAdmitted, "collector", book.AdmittedBodyOf(book.Path{Location: east, Device: "new", Check: "icmp"}, 3))
	take(t, b, 60, "admitted-2", evidence.KindAdmitted, "collector", book.AdmittedBodyOf(book.Path{Location: east, Device: "new", Check: "icmp"}, 3))
	for _, tt := range []struct {
		at        vouch.LocationID
		device    vouch.DeviceID
		successes int
		from      contract.Second
	}{
		{east, "old", 0, 0},
		{east, "new", 3, contract.Ceil(at(50))},
		{west, "old", 2, book.Endless},
		{west, "new", 2, book.Endless},
		{east, "nobody's", 0, 0},
		{"nowhere", "new", 0, 0},
	} {
		if n, from := b.Admission(book.Path{Location: tt.at, Device: tt.device, Check: "icmp"}); n != tt.successes || from != tt.from {
			t.Errorf("Admission(%s, %s) = %d, %d, want %d, %d", tt.at, tt.device, n, from, tt.successes, tt.from)
		}
	}

	// A verdict: what was sampled before is unknown, and nothing changes of it afterwards.
	var h book.Heard
	for s := 40; s < 60; s++ {
		h.Add("icmp", vouch.KindICMP, false, contract.Sample{Start: contract.Milli(at(s).UnixMilli()), Interval: 1e9, Timeout: 5e8, Outcome: vouch.Up})
	}
	terms := contract.DefaultTerms()
	terms.Voters = []contract.Voter{{Location: east, Custody: vouch.CustodyNeutral}}
	terms.Quorum = contract.Quorum{Rule: contract.ReachableFrom, Q: 1}
	take(t, b, 0, "contract-1", evidence.KindContract, "collector", book.ContractBody{
		Subject: "gold/1", Contract: "gold", Version: contract.Version{Number: 1, Terms: terms},
	})
	span := contract.Span{From: contract.Floor(at(40)), To: contract.Floor(at(60))}
	for _, seg := range b.Judge("new", span, map[vouch.AgentID]*book.Heard{"e1": &h}, nil) {
		want := "unknown not admitted"
		if seg.From >= contract.Ceil(at(50)) {
			want = "up "
		}
		if got := seg.State.String() + " " + string(seg.Reason); got != want {
			t.Errorf("verdict over [%d, %d) = %s, want %s", seg.From-span.From, seg.To-span.From, got, want)
		}
	}
}
