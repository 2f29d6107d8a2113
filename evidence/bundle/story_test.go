// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// story is what happens in a world, step by step.
type story struct {
	w        *world // once it is played
	customer vouch.CustomerID
	agents   []agent
	period   contract.Span
	steps    []*step
}

type agent struct {
	id      vouch.AgentID
	at      vouch.LocationID
	custody vouch.Custody
}

// step is one thing that comes into a ledger, or is made of it.
type step struct {
	at     time.Time // when it comes in
	item   *item
	record *record
	anchor bool
	issue  bool
	reason string // of an issue
}

// item is a batch, or where items were lost a gap.
type item struct {
	agent    vouch.AgentID
	location vouch.LocationID
	signer   *party // the agent unless it is set
	stream   vouch.Stream
	epoch    uint64
	seq      uint64
	lost     uint64
	begins   string
	prev     *evidence.Hash // the item before unless it is set
	from     time.Time
	through  time.Time
	samples  []vouch.Sample
	raw      []byte // lines
	rejected string
	dropped  uint64
	clock    evidence.Clock
	received time.Time // as the leaf says; when it comes in unless it is set
}

// record is a record; a body may be a function of its id.
type record struct {
	kind      evidence.RecordKind
	author    string
	body      any
	corrects  string
	recorded  time.Time // when it comes in unless it is set
	effective time.Time // likewise
	received  time.Time // likewise
}

const every = 15 * time.Minute // between two samples

func (s *story) add(at time.Time, x step) *step {
	x.at = at
	s.steps = append(s.steps, &x)
	return &x
}

func (s *story) write(at time.Time, kind evidence.RecordKind, author string, body any) *record {
	return s.add(at, step{record: &record{kind: kind, author: author, body: body}}).record
}

// install says who is measured by whom, under which terms.
func (s *story) install(at time.Time, terms contract.Terms) {
	s.write(at, evidence.KindContract, "collector", contractBody(1, at.Add(-240*time.Hour), terms)).effective = at.Add(-240 * time.Hour)
	s.write(at, evidence.KindInstallation, "collector", book.ServicesBody{Subject: "services", Services: []book.ServiceBody{
		{Service: "voice", Name: "Voice", Tree: book.NodeBody{Any: []book.NodeBody{{Device: "rt1"}, {Device: "rt2"}}}},
		{Service: "data", Name: "Data", Tree: book.NodeBody{All: []book.NodeBody{{Device: "rt1"}, {Device: "rt2"}}}}}})
	s.write(at, evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{
		{Device: "rt1", Class: vouch.ClassRouter, Addresses: []book.AddressBody{{Addr: addr("192.0.2.1"), Role: vouch.RoleService}}},
		{Device: "rt2", Class: vouch.ClassRouter, Addresses: []book.AddressBody{{Addr: addr("192.0.2.2"), Role: vouch.RoleService}}}}})
	for _, d := range []vouch.DeviceID{"rt1", "rt2"} {
		s.write(at, evidence.KindLease, "collector", book.LeaseBody{Subject: string(d), Device: d, From: at.Add(-240 * time.Hour)})
	}
	for _, a := range s.agents {
		s.write(at, evidence.KindLocation, "collector", book.LocationBody{Subject: string(a.at), Location: a.at, Custody: a.custody})
	}
	for _, a := range s.agents {
		s.write(at, evidence.KindKeyAdded, "collector", func(string) any {
			return book.KeyBody{Subject: string(a.id), Agent: a.id, Location: a.at, Key: s.w.agents[a.id].key}
		})
	}
	for _, a := range s.agents {
		s.write(at.Add(time.Second), evidence.KindAssignment, "collector", assignment(a.id))
	}
}

func contractBody(n int, inForce time.Time, terms contract.Terms) book.ContractBody {
	return book.ContractBody{Subject: "C-1/" + string(rune('0'+n)), Contract: "C-1", Version: contract.Version{Number: n, InForce: contract.Floor(inForce), Terms: terms}}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// assignment is what each agent measures.
func assignment(a vouch.AgentID) book.AssignmentBody {
	out := book.AssignmentBody{Subject: string(a) + "/hq", Agent: a, Site: "hq"}
	for i, d := range []vouch.DeviceID{"rt1", "rt2"} {
		out.Checks = append(out.Checks, book.CheckBody{
			Device: d, Check: "ping", Kind: vouch.KindICMP, Addr: addr([]string{"192.0.2.1", "192.0.2.2"}[i]), Interval: every.Milliseconds(), Timeout: 10_000, Count: 3, Spacing: 200, Size: 56,
		})
	}
	out.References = []book.ReferenceBody{
		{Reference: "gw", Gateway: true, Kind: vouch.KindICMP, Addr: addr("198.51.100.1")}, {Reference: "core", Kind: vouch.KindICMP, Addr: addr("203.0.113.9")}}
	return out
}

// terms are those of the contract of every story.
func terms() contract.Terms {
	cet := []byte("TZif\x00" + strings.Repeat("\x00", 15) + strings.Repeat("\x00\x00\x00\x00", 4) + "\x00\x00\x00\x01" + "\x00\x00\x00\x04" + "\x00\x00\x0e\x10\x00\x00CET\x00")
	zone, err := contract.NewZone("Test/One", cet)
	if err != nil {
		panic(err)
	}
	target, err := contract.ParseTarget("99.5")
	if err != nil {
		panic(err)
	}
	t := contract.DefaultTerms()
	t.Zone, t.Interval, t.Timeout = zone, every, 10*time.Second
	t.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	t.Voters = []contract.Voter{{Location: "ams", Custody: vouch.CustodyProvider}, {Location: "fra", Custody: vouch.CustodyNeutral}, {Location: "hq", Custody: vouch.CustodyCustomer}}
	t.Targets = []contract.ServiceTarget{{Target: target}}
	return t
}

// speak adds the batches of an agent over a time, each so long, with samples so far apart,
// and each in the ledger two seconds after its end.
func (s *story) speak(a agent, epoch uint64, from, to time.Time, long, apart time.Duration, find func(subject string, t time.Time) (vouch.Outcome, vouch.Reason)) {
	for ; from.Before(to); from = from.Add(long) {
		i := &item{
			agent: a.id, location: a.at, stream: vouch.Availability, epoch: epoch, from: from, through: minTime(from.Add(long), to),
			clock: evidence.Clock{Known: true, Offset: 2 * time.Millisecond, Bound: 5 * time.Millisecond, Source: "collector"},
		}
		for t := from; t.Before(i.through); t = t.Add(apart) {
			for n, subject := range []string{"gw", "core", "rt1", "rt2"} {
				i.samples = append(i.samples, sample(s.customer, a, subject, t.Add(time.Duration(n*7)*time.Second), find))
			}
		}
		s.add(i.through.Add(2*time.Second), step{item: i})
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func sample(c vouch.CustomerID, a agent, subject string, t time.Time, find func(string, time.Time) (vouch.Outcome, vouch.Reason)) vouch.Sample {
	x := vouch.Sample{Customer: c, Agent: a.id, Location: a.at, Kind: vouch.KindICMP, Interval: every, Timeout: 10 * time.Second}
	x.Start, x.Duration, x.Sent = t, 41*time.Millisecond, 3
	switch subject {
	case "gw", "core":
		x.Reference, x.Gateway = subject, subject == "gw"
	default:
		x.Device, x.Check = vouch.DeviceID(subject), "ping"
	}
	if x.Outcome, x.Reason = find(subject, t); x.Outcome == vouch.Up {
		x.RTT = vouch.RTT{Min: 780 * time.Microsecond, Avg: 801 * time.Microsecond, Max: 833 * time.Microsecond, Jitter: 31 * time.Microsecond}
	} else {
		x.Lost = 3
	}
	return x
}

// finish numbers the items of every chain and says why each epoch began.
func (s *story) finish() {
	type chain struct {
		agent  vouch.AgentID
		stream vouch.Stream
	}
	epoch, next := map[chain]uint64{}, map[chain]uint64{}
	for _, st := range s.steps {
		i := st.item
		if i == nil {
			continue
		}
		k := chain{i.agent, i.stream}
		if i.epoch != epoch[k] {
			i.begins = evidence.BeginsHeadLost
			if epoch[k] == 0 {
				i.begins = evidence.BeginsFirstStart
			}
			epoch[k], next[k] = i.epoch, 1
		}
		i.seq = next[k]
		next[k] = i.seq + max(i.lost, 1)
	}
}

// finishFor numbers the items of an agent anew, in the order in which they come in.
func (s *story) finishFor(a vouch.AgentID) {
	var own []*step
	for _, st := range s.steps {
		if st.item != nil && st.item.agent == a && st.item.stream == vouch.Availability {
			own = append(own, st)
		}
	}
	slices.SortStableFunc(own, func(x, y *step) int { return x.at.Compare(y.at) })
	(&story{steps: own}).finish()
}

// itemAt returns the step with the item of an agent that begins at a time.
func (s *story) itemAt(a vouch.AgentID, from time.Time) *step {
	for _, st := range s.steps {
		if st.item != nil && st.item.agent == a && st.item.stream == vouch.Availability && st.item.from.Equal(from) {
			return st
		}
	}
	panic("no item of " + string(a) + " begins at " + from.String())
}

// recordOf returns the step with the n-th record of a kind, from 1.
func (s *story) recordOf(k evidence.RecordKind, n int) *step {
	for _, st := range s.steps {
		if st.record != nil && st.record.kind == k {
			if n--; n == 0 {
				return st
			}
		}
	}
	panic("no such record of kind " + string(k))
}

// drop takes steps out.
func (s *story) drop(gone ...*step) {
	s.steps = slices.DeleteFunc(s.steps, func(st *step) bool { return slices.Contains(gone, st) })
}
