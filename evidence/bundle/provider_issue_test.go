// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/statement"
)

func sha(b []byte) evidence.Hash { return sha256.Sum256(b) }

// lateOutage puts what the neutral agent saw of an outage, and all later, into the ledger
// only a day later. The customer's agent, who votes as well, saw nothing of it. By hand:
// with both others it is down from 02:10:00, when a claim ends, to 02:30:14. Without the
// late ones there is one vote each way, and the neutral one is up until its last sample's
// hold ends at 02:15:24, and unknown from there.
func lateOutage(s *story) {
	for _, st := range s.steps {
		if i := st.item; i != nil && i.agent == fra.id && !i.from.Before(at(3, "02:00")) && st.at.Before(at(4, "06:40")) {
			st.at = at(4, "06:40").Add(i.from.Sub(at(3, "02:00")) / 1000)
		}
	}
	blind := s.itemAt(hq.id, at(3, "02:00")).item
	for n := range blind.samples {
		blind.samples[n].Outcome, blind.samples[n].Reason, blind.samples[n].Lost = vouch.Up, "", 0
	}
	s.add(at(4, "07:00"), step{anchor: true})
}

// timeLies are about when something was in the ledger.
func timeLies(honest *world) []deceit {
	anchors := choice{anchors: true}
	late := evidence.KindMaintenanceAnnounced
	return []deceit{
		{name: "a ledger is rewritten after it was anchored", c: anchors, lies: lies{
			plot: func(s *story) {
				s.itemAt(fra.id, at(3, "02:00")).item.samples[2].Outcome = vouch.Up
				s.itemAt(fra.id, at(3, "02:00")).item.samples[2].Reason = ""
			},
			packed: func(w *world, e *bundle.Evidence) { e.Anchors = honest.anchor.upTo(int64(len(w.log)), choice{}, nil) },
		}, wrong: f(bundle.TopicTime, "anchors/000013", "the ledger was rewritten after it was anchored")},
		{name: "a month is written afterwards", c: anchors, lies: lies{plot: func(s *story) {
			s.drop(slices.DeleteFunc(slices.Clone(s.steps), func(st *step) bool { return !st.anchor })...)
			s.add(day(30), step{anchor: true})
		}}, listed: []bundle.Finding{f(bundle.TopicTime, "agent", "only more than 25 hours after their last sample, up to 69"), f(bundle.TopicTime, "maintenance M-1", "somebody outside vouches for it only from 2026-03-29")}},
		{name: "a day is written afterwards", c: anchors, lies: lies{plot: func(s *story) {
			s.steps = slices.DeleteFunc(s.steps, func(st *step) bool { return st.anchor && st.at.After(at(2, "20:00")) })
			s.add(at(4, "23:00"), step{anchor: true})
		}}, listed: list(bundle.TopicTime, "agent", "only more than 25 hours after their last sample")},
		{name: "batches of an outage come in a day later", c: anchors, lies: lies{plot: lateOutage}, listed: list(bundle.TopicTime, "agent fra-a",
			"8 batches and gaps are proven to be in the ledger only more than 25 hours after their last sample, up to 28h30m0s: whoever holds the keys could have written them afterwards. They changed the figures by: rt1 -324 s up, +1214 s down, -890 s unknown")},
		{name: "batches of an outage come in a day later, of an excerpt", c: choice{anchors: true, around: span(day(3), day(4))}, lies: lies{plot: lateOutage}, listed: list(bundle.TopicTime, "agent fra-a", "They changed the figures by: rt1 -324 s up, +1214 s down, -890 s unknown")},
		{name: "nothing is anchored", c: anchors, lies: lies{packed: func(_ *world, e *bundle.Evidence) { e.Anchors = nil }}, listed: []bundle.Finding{f(bundle.TopicTime, "", "the bundle carries no anchor"), f(bundle.TopicTime, "maintenance M-1", "on the provider's word; without it 3600 s more would count, 1800 s of them down")}},
		{name: "the last hours are not anchored yet", c: anchors, lies: lies{plot: func(s *story) {
			s.steps = slices.DeleteFunc(s.steps, func(st *step) bool { return st.anchor && st.at.After(at(4, "01:00")) })
		}}, listed: list(bundle.TopicTime, "agent", "nobody outside has vouched for them yet")},

		{name: "an announcement says an earlier time than its leaf", c: anchors, lies: lies{plot: func(s *story) { s.recordOf(late, 2).record.recorded = at(3, "08:00") }}, wrong: f(bundle.TopicTime, "records.notes, record maintenance-announced-2", "it was dated back")},
		{name: "an announcement says a later time than its leaf", c: anchors, lies: lies{plot: func(s *story) { s.recordOf(late, 1).record.recorded = at(2, "12:01") }}, wrong: f(bundle.TopicTime, "records.notes, record maintenance-announced-1", "after the ledger took it in")},
		{name: "an announcement and its leaf are dated back", c: anchors, lies: lies{plot: func(s *story) {
			r := s.recordOf(late, 2).record
			r.recorded, r.received = at(3, "08:00"), at(3, "08:00")
		}}, wrong: f(bundle.TopicTime, "maintenance M-2", "stands after what the ledger took in at 2026-03-02T09:00:02.000Z: it was dated back"),
			listed: list(bundle.TopicTime, "leaf", "it says that it was received at 2026-03-02T08:00:00.000Z, after one that was received at 2026-03-02T09:00:02.000Z")},
		{name: "an announcement is dated back, in its place", c: anchors, lies: lies{plot: func(s *story) { s.recordOf(late, 2).at = at(3, "08:00") }},
			listed: list(bundle.TopicTime, "maintenance M-2", "somebody outside vouches for it only from 2026-03-02T12:00:04Z on; without it 3600 s more would count, 1800 s of them down")},
		{name: "an announcement is dated back, in its place, without anchors", lies: lies{plot: func(s *story) { s.recordOf(late, 2).at = at(3, "08:00") }},
			listed: list(bundle.TopicTime, "maintenance M-2", "on the provider's word; without it 3600 s more would count, 1800 s of them down")},
		{name: "a batch is dated back", c: anchors, lies: lies{plot: func(s *story) { s.itemAt(fra.id, at(3, "12:00")).item.received = at(3, "11:00") }},
			listed: list(bundle.TopicTime, "leaf", "it says that it was received at 2026-03-02T11:00:00.000Z")},
		{name: "an anchor of another root", c: anchors, lies: lies{anchors: func(_ *world, a *evidence.Anchored) bool {
			if a.Size > 200 {
				a.Root[0]++
			}
			return true
		}}, wrong: f(bundle.TopicTime, "anchors/0000", "the ledger was rewritten after it was anchored")},
	}
}

// issueLies are about the statement, and the record that issues it.
func issueLies() []deceit {
	last := func(change func(*book.IssueBody)) func(*world, *book.IssueBody) {
		return func(w *world, i *book.IssueBody) {
			if len(w.issued) == 1 {
				change(i)
			}
		}
	}
	says := func(change func(*statement.Statement)) func(*world, *statement.Statement) {
		return func(w *world, s *statement.Statement) {
			if len(w.issued) == 1 {
				change(s)
			}
		}
	}
	where := "record statement-issued-2"
	return []deceit{
		{name: "a figure is better than the samples", lies: lies{said: says(func(s *statement.Statement) { s.Up += 60; s.Down -= 60 })}, wrong: f(bundle.TopicStatement, "statement.json", "it is not what the samples make it")},
		{name: "an exclusion is left out of the statement", lies: lies{said: says(func(s *statement.Statement) { s.Exclusions = s.Exclusions[1:] })}, wrong: f(bundle.TopicStatement, "statement.json", "it is not")},
		{name: "the statement says another period", lies: lies{said: says(func(s *statement.Statement) { s.From = "2026-03-02T00:00:00+01:00" })}, wrong: f(bundle.TopicStatement, "statement.json", "it is not")},
		{name: "the statement says another instant", lies: lies{said: says(func(s *statement.Statement) { s.AsOf = "2026-03-03T08:00:00+01:00" })}, wrong: f(bundle.TopicStatement, "statement.json", "it is not")},
		{name: "the record's statement is another", lies: lies{sealed: last(func(i *book.IssueBody) {
			sum := i.Statement
			_ = i.Pack([]byte("{}"))
			i.Statement = sum
		}), packed: truePaper}, wrong: f(bundle.TopicStatement, where, "the statement is not the one whose hash is recorded")},
		{name: "the record names another statement", lies: lies{sealed: last(func(i *book.IssueBody) { i.Statement = i.Manifest }), packed: truePaper}, wrong: f(bundle.TopicStatement, "statement.json", "its SHA-256 is")},
		{name: "the record names another manifest", lies: lies{sealed: last(func(i *book.IssueBody) { i.Manifest = i.Statement })}, wrong: f(bundle.TopicComplete, "manifest.txt", "its SHA-256 is")},
		{name: "the record names another root", lies: lies{issue: last(func(i *book.IssueBody) { i.Root = evidence.Hash{1}.String() })}, wrong: f(bundle.TopicLedger, "records.notes", "names the root")},
		{name: "the record names another ledger", lies: lies{issue: last(func(i *book.IssueBody) { i.Origin = "vouch.example.net/globex" })}, wrong: f(bundle.TopicStatement, "records.notes", "speaks of 236 leaves of \"vouch.example.net/globex\"")},
		{name: "the record names a smaller size than there was", lies: lies{issue: last(func(i *book.IssueBody) { i.Size = 223 + 1 })}, wrong: f(bundle.TopicComplete, where, "more had come in by then and were left out")},
		{name: "the record names a size beyond itself", lies: lies{sealed: last(func(i *book.IssueBody) { i.Size = 1000 })}, wrong: f(bundle.TopicStatement, "records.notes", "speaks of 1000 leaves")},
		{name: "computed as of a time to come", lies: lies{issue: last(func(i *book.IssueBody) { i.AsOf = i.AsOf.AddDate(0, 1, 0) })}, wrong: f(bundle.TopicTime, where, "that is not when it was")},
		{name: "computed as of a time long gone", lies: lies{issue: last(func(i *book.IssueBody) { i.AsOf = at(4, "06:00") })}, wrong: f(bundle.TopicTime, where, "that is not when it was")},
		{name: "computed as of before its evidence", lies: lies{issue: last(func(i *book.IssueBody) { i.AsOf = at(4, "07:30") }), plot: func(s *story) {
			s.itemAt(fra.id, at(4, "04:00")).at = at(4, "07:50")
		}}, listed: list(bundle.TopicTime, where, "1 of the leaves that it rests on came in later")},
		{name: "an unfinished period is called issued", c: choice{version: 1}, lies: lies{issue: func(_ *world, i *book.IssueBody) {
			i.To, i.State = day(5), string(statement.StateIssued)
		}}, wrong: f(bundle.TopicStatement, "record statement-issued-1", "it is provisional while evidence of the period can still come in")},
		{name: "a statement is called final", lies: lies{issue: func(_ *world, i *book.IssueBody) { i.State = string(statement.StateFinal) }}, wrong: f(bundle.TopicStatement, where, `it calls the statement "final"`)},
		{name: "one version is issued twice", lies: lies{issue: func(_ *world, i *book.IssueBody) { i.Version = 1 }}, wrong: f(bundle.TopicStatement, where, "record statement-issued-1 issued version 1 of statement ST-0001 before it")},
		{name: "a version is left out", lies: lies{issue: last(func(i *book.IssueBody) { i.Version = 3 })}, wrong: f(bundle.TopicStatement, "records.notes", "version 2 of statement ST-0001")},
		{name: "a version of nothing", lies: lies{issue: last(func(i *book.IssueBody) { i.Version = 0 })}, wrong: f(bundle.TopicStatement, "records.notes", "a version from 1 are needed")},
		{name: "a version of another period", lies: lies{issue: last(func(i *book.IssueBody) { i.From = at(3, "03:00") })}, wrong: f(bundle.TopicStatement, where, "version 1 of statement ST-0001 is of another period")},
		{name: "a second statement over the period", lies: lies{issue: last(func(i *book.IssueBody) { i.Number, i.Version = "ST-0002", 1 })}, listed: list(bundle.TopicStatement, where, "record statement-issued-1 issued statement ST-0001 over the same period")},
		{name: "a number that is no name", lies: lies{issue: func(_ *world, i *book.IssueBody) { i.Number = "ST\x1b[2J" }}, wrong: f(bundle.TopicStatement, "records.notes", "a number and a version from 1 are needed")},
		{name: "a period in parts of seconds", lies: lies{issue: func(_ *world, i *book.IssueBody) { i.From = i.From.Add(time.Millisecond) }}, wrong: f(bundle.TopicStatement, "records.notes", "not in whole seconds")},
		{name: "a period of nothing", lies: lies{issue: func(_ *world, i *book.IssueBody) { i.To = i.From }}, wrong: f(bundle.TopicStatement, "records.notes", "is none")},
		{name: "the manifest reaches less far", lies: lies{named: func(_ *world, m *bundle.Manifest) { m.Reach.From += 86400 }}, wrong: f(bundle.TopicComplete, "manifest.txt", "line 7 is")},
		{name: "the manifest names no chain", lies: lies{named: func(_ *world, m *bundle.Manifest) { m.Chains = m.Chains[1:] }}, wrong: f(bundle.TopicComplete, "agent ams-a", "the manifest names none")},
		{name: "the manifest names less of a chain", lies: lies{named: func(w *world, m *bundle.Manifest) {
			c := &m.Chains[1]
			c.Last--
			c.Items--
			var notes []byte
			for _, e := range w.log[:m.Size] {
				if e.isItem(vouch.Availability) && e.leaf.Agent == c.Agent && e.leaf.Seq >= c.First && e.leaf.Seq <= c.Last {
					notes = append(notes, e.leaf.Note[:]...)
				}
			}
			c.Hash = sha(notes)
		}}, wrong: f(bundle.TopicComplete, "agent fra-a", "the manifest names numbers")},
		{name: "a record has the number after the next", lies: lies{record: func(_ *world, h *evidence.RecordHeader) {
			if h.ID == "maintenance-announced-2" {
				h.ID = "maintenance-announced-3"
			}
		}}, wrong: f(bundle.TopicComplete, "records.notes", "record maintenance-announced-3 stands where maintenance-announced-2 belongs")},
		{name: "a record is in the ledger and not carried", lies: lies{packed: func(w *world, e *bundle.Evidence) {
			var notes [][]byte
			for _, x := range w.log {
				if x.leaf.Kind == evidence.LeafRecord && x.rec.ID != "acceptance-2" {
					notes = append(notes, x.note)
				}
			}
			e.Records = each(notes)
		}}, wrong: f(bundle.TopicComplete, "records.notes", "record acceptance-2, leaf")},
	}
}

// truePaper carries the statement that the samples make, whatever the record says.
func truePaper(w *world, e *bundle.Evidence) {
	honest := newWorld(w.t, dayStory("acme"), lies{})
	i := honest.issued[1]
	e.JSON, _ = i.Unpack()
	e.Statement, _ = i.Open()
}

// changeLies are about what the provider changes behind the customer's line.
func changeLies() []deceit {
	reassign := func(a agent, when time.Time, change func(*book.AssignmentBody)) func(*story) {
		return func(s *story) {
			b := assignment(a.id)
			change(&b)
			s.write(when, evidence.KindAssignment, "collector", b)
		}
	}
	lie := func(from, to string, refs bool) func(*story) {
		return func(s *story) {
			for t := at(3, from); t.Before(at(3, to)); t = t.Add(30 * time.Minute) {
				i := s.itemAt(ams.id, t).item
				if !refs {
					i.samples = slices.DeleteFunc(i.samples, func(x vouch.Sample) bool { return x.Device == "" })
				}
				for n := range i.samples {
					if x := &i.samples[n]; x.Device == "rt1" && between(x.Start, 3, from, to) {
						x.Outcome, x.Reason, x.Lost, x.RTT = vouch.Unknown, vouch.ReasonLocation, 3, vouch.RTT{}
					}
				}
			}
		}
	}
	return []deceit{
		{name: "an agent gets another gateway", lies: lies{plot: reassign(ams, at(3, "10:00"), func(b *book.AssignmentBody) { b.References[0].Addr = addr("192.0.2.99") })},
			listed: list(bundle.TopicSelf, "record assignment-4", `that agent ams-a proves its own health as well as before: from 2026-03-02T10:00:00Z on it asks gateway "gw" (icmp 192.0.2.99); no longer gateway "gw" (icmp 198.51.100.1)`)},
		{name: "an agent loses its references", lies: lies{plot: reassign(ams, at(3, "10:00"), func(b *book.AssignmentBody) { b.References = []book.ReferenceBody{} })},
			listed: list(bundle.TopicSelf, "record assignment-4", `no longer gateway "gw" (icmp 198.51.100.1), reference "core"`)},
		{name: "an agent asks another address", lies: lies{plot: reassign(fra, at(3, "01:00"), func(b *book.AssignmentBody) { b.Checks[0].Addr = addr("127.0.0.1") })},
			listed: list(bundle.TopicComplete, "record assignment-4", "from 2026-03-02T01:00:00Z on it asks ping of rt1 (icmp 127.0.0.1 every 15m0s, 10s, 3 requests, 200 ms apart, 56 bytes); no longer ping of rt1 (icmp 192.0.2.1")},
		{name: "an agent no longer asks a device", lies: lies{plot: func(s *story) {
			reassign(fra, at(3, "20:00"), func(b *book.AssignmentBody) { b.Checks = b.Checks[1:] })(s)
			for t := at(3, "20:00"); t.Before(at(4, "06:00")); t = t.Add(30 * time.Minute) {
				if t.Before(day(4)) || t.Hour()%2 == 0 && t.Minute() == 0 {
					i := s.itemAt(fra.id, t).item
					i.samples = slices.DeleteFunc(i.samples, func(x vouch.Sample) bool { return x.Device == "rt1" })
				}
			}
		}}, listed: list(bundle.TopicComplete, "record assignment-4", "no longer ping of rt1")},
		{name: "an assignment is dated back", lies: lies{plot: func(s *story) {
			reassign(ams, at(3, "14:00"), func(b *book.AssignmentBody) { b.Checks[0].Timeout = 9000 })(s)
			s.steps[len(s.steps)-1].record.effective = at(3, "04:00")
		}}, listed: list(bundle.TopicTime, "record assignment-4", "it was recorded at 2026-03-02T14:00:00.000Z and holds from 2026-03-02T04:00:00.000Z on")},
		{name: "an agent says that it could not ask", lies: lies{plot: lie("02:00", "02:30", true)},
			listed: list(bundle.TopicSelf, "agent ams-a", "2 times from 2026-03-02T02:00:14.000Z to 2026-03-02T02:15:14.000Z it said unknown (location) of check ping of device rt1, while its own references answered before and after")},
		{name: "an agent says that it could not ask, of an excerpt", c: choice{around: span(day(3), day(4))}, lies: lies{plot: lie("02:00", "02:30", true)},
			listed: list(bundle.TopicSelf, "agent ams-a", "2 times")},
		{name: "an agent says that it could not ask until the end", lies: lies{plot: lie("23:00", "23:59", true)}, listed: list(bundle.TopicSelf, "agent ams-a", "4 times from 2026-03-02T23:00:14.000Z to 2026-03-02T23:45:14.000Z")},
		{name: "an agent does not say whether it could ask", lies: lies{plot: lie("02:00", "05:00", false)},
			listed: list(bundle.TopicSelf, "agent ams-a", "and no reference of its own is in the ledger around that")},

		{name: "an agent says that it was too busy", lies: lies{plot: func(s *story) {
			for n := range s.itemAt(ams.id, at(3, "02:00")).item.samples {
				if x := &s.itemAt(ams.id, at(3, "02:00")).item.samples[n]; x.Outcome == vouch.Down {
					x.Outcome, x.Reason = vouch.Unknown, vouch.ReasonOverload
				}
			}
		}}, listed: list(bundle.TopicSelf, "agent ams-a", "why it could not tell: 2 times from 2026-03-02T02:00:14.000Z to 2026-03-02T02:15:14.000Z it said unknown (overload) of check ping of device rt1")},
		{name: "an agent says that its clock is off", lies: lies{plot: func(s *story) {
			s.itemAt(ams.id, at(3, "02:00")).item.clock = evidence.Clock{}
		}}, listed: list(bundle.TopicSelf, "agent ams-a", "when it asked: 2 times from 2026-03-02T02:00:14.000Z")},
		{name: "an agent says that it asks once an hour", lies: lies{plot: func(s *story) {
			for n := range s.itemAt(ams.id, at(3, "01:30")).item.samples {
				s.itemAt(ams.id, at(3, "01:30")).item.samples[n].Interval = time.Hour
			}
		}}, listed: list(bundle.TopicComplete, "agent ams-a", "it said that check ping of device rt1 ran every 1h0m0s, and it was told every 15m0s")},
		{name: "an agent is told to ask once an hour", lies: lies{plot: reassign(ams, at(2, "10:00"), func(b *book.AssignmentBody) { b.Checks[0].Interval = 3_600_000 })},
			listed: list(bundle.TopicTerms, "record assignment-4", "check ping of device rt1 runs every 1h0m0s, version 1 of the contract agrees on every 15m0s")},
		{name: "a second agent at a neutral place", lies: lies{plot: func(s *story) {
			s.w.agents["fra-x"] = newParty(s.w.t, "fra-x", 150)
			s.write(at(2, "23:00"), evidence.KindKeyAdded, "collector", func(string) any {
				return book.KeyBody{Subject: "fra-x", Agent: "fra-x", Location: "fra", Key: s.w.agents["fra-x"].key}
			})
			s.write(at(2, "23:00"), evidence.KindAssignment, "collector", assignment("fra-x"))
			s.speak(agent{"fra-x", "fra", vouch.CustodyNeutral}, uint64(day(2).UnixMilli()), at(2, "23:30"), at(4, "00:30"), time.Hour, every, func(string, time.Time) (vouch.Outcome, vouch.Reason) { return vouch.Up, "" })
			s.finishFor("fra-x")
		}}, listed: []bundle.Finding{f(bundle.TopicSigner, "record key-added-4", "that agent fra-x may speak for location fra: the provider added it at 2026-03-01T23:00:00.000Z beside fra-a"), f(bundle.TopicSigner, "records.notes", "the keys of 1 agents are theirs: the provider says so; name them with --key (fra-x at fra)")}},

		{name: "a device is taken out of the installation", lies: lies{plot: func(s *story) {
			s.write(at(4, "00:30"), evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{{Device: "rt2", Class: vouch.ClassRouter}}})
		}}, wrong: f(bundle.TopicStatement, "records.notes", "device rt1 was installed, and the newest records of the sites do not name it")},
		{name: "a service means something else", lies: lies{plot: func(s *story) {
			s.write(at(4, "00:30"), evidence.KindInstallation, "collector", book.ServicesBody{Subject: "services", Services: []book.ServiceBody{
				{Service: "voice", Name: "Voice", Tree: book.NodeBody{Any: []book.NodeBody{{Device: "rt1"}, {Device: "rt2"}}}}}})
		}}, listed: list(bundle.TopicTerms, "record installation-3", "that installation services was agreed to be changed")},
		{name: "a location changes hands", lies: lies{plot: func(s *story) {
			s.write(at(3, "05:00"), evidence.KindLocation, "collector", book.LocationBody{Subject: "ams", Location: "ams", Custody: vouch.CustodyNeutral})
		}}, listed: list(bundle.TopicTerms, "record location-4", "that location ams was agreed to be changed")},
		{name: "a lease is entered after the outage", lies: lies{plot: func(s *story) {
			st := s.recordOf(evidence.KindLease, 1)
			st.at = at(4, "00:30")
			st.record.body = book.LeaseBody{Subject: "rt1", Device: "rt1", From: at(3, "03:00")}
		}}, listed: list(bundle.TopicTerms, "record lease-2", "that the lease of rt1 is as the provider entered it at 2026-03-03T00:30")},
		{name: "terms that nothing can be computed by", lies: lies{plot: func(s *story) {
			t := terms()
			t.Interval, t.Quorum.Q = -1, -5
			s.recordOf(evidence.KindContract, 1).record.body = contractBody(1, day(-10), t)
		}}, wrong: f(bundle.TopicTerms, "records.notes", "version 1 of the contract")},
		{name: "an exclusion on the provider's word", lies: lies{plot: func(s *story) {
			s.write(at(4, "02:10"), evidence.KindExclusionClaimed, "uid:1", book.ClaimBody{ID: "X-2", Kind: contract.Cybercrime, Device: "rt1", From: at(3, "02:10"), To: at(3, "02:20"), Evidence: []string{"mail"}})
			s.write(at(4, "02:20"), evidence.KindExclusionApproved, "uid:2", book.RulingBody{ID: "X-2"})
		}}, listed: list(bundle.TopicTerms, "exclusion X-2", "on the provider's word; without it 600 s more would count, 600 s of them down")},
		{name: "an acceptance of something else", lies: lies{plot: func(s *story) {
			s.recordOf(evidence.KindAcceptance, 2).record.body = func(string) any {
				b := s.accept("contract-1")
				b.Record = "exclusion-claimed-1"
				return b
			}
		}}, wrong: f(bundle.TopicTerms, "record acceptance-2", "the customer signed for something else")},
		{name: "an agent that signed two notes", lies: lies{plot: func(s *story) {
			s.write(at(3, "05:00"), evidence.KindEquivocation, "collector", book.EquivocationBody{Agent: "ams-a", Key: "ams-a+1", Stream: vouch.Availability, Epoch: 1, Seq: 1, Refused: evidence.Hash{1}, Expected: evidence.Hash{2}})
		}}, listed: list(bundle.TopicChain, "record equivocation-1", "an agent signed two different notes")},
		{name: "notes that the collector lost", lies: lies{plot: func(s *story) {
			s.write(at(3, "05:00"), evidence.KindLostHere, "collector", book.LostHereBody{Agent: "ams-a", Key: "ams-a+1", Stream: vouch.Availability, Epoch: 1, First: 1, Seq: 2, From: at(3, "04:00"), Through: at(3, "04:30")})
		}}, listed: list(bundle.TopicComplete, "record lost-here-1", "what agent ams-a said of 2026-03-02T04:00")},
	}
}
