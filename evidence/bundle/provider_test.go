// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// deceit is a lie of the provider, who holds every key and keeps the ledger, and what
// must be said of it.
type deceit struct {
	name string
	lies lies
	c    choice
	open bool                         // nothing is pinned
	pins func(honest *world) []string // what is pinned instead

	wrong  bundle.Finding   // that is disproved; without a topic nothing is
	listed []bundle.Finding // that are listed as not proven, and are not without the lie
	same   bool             // nothing more is listed
}

func TestProvider(t *testing.T) {
	honest := newWorld(t, dayStory("acme"), lies{})
	type kind struct{ open, anchors bool }
	controls := map[kind]*bundle.Report{}
	for _, anchors := range []bool{false, true} {
		b := honest.bundle(choice{anchors: anchors})
		controls[kind{false, anchors}], controls[kind{true, anchors}] = verify(t, b, honest.pinned()), verify(t, b, bundle.Options{})
	}
	rows := slices.Concat(chainLies(), timeLies(honest), issueLies(), changeLies())
	names := map[string]bool{}
	for _, tt := range rows {
		if names[tt.name] {
			t.Errorf("two rows are called %q", tt.name)
		}
		names[tt.name] = true
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dayStory("acme"), tt.lies)
			o := bundle.Options{}
			if !tt.open {
				o.Keys, o.Roots = honest.annex(), w.anchor.tsa.roots
			}
			if tt.pins != nil {
				o.Keys = tt.pins(honest)
			}
			b := w.bundle(tt.c)
			r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.wrong.Topic != "" && !has(r.Disproved, tt.wrong):
				t.Errorf("disproved: %q, want %q", r.Disproved, tt.wrong)
			case tt.wrong.Topic == "" && len(r.Disproved) > 0:
				t.Errorf("disproved: %q, want nothing", r.Disproved)
			case tt.wrong.Topic == "" && (r.Verdict == bundle.Proven) == tt.open:
				t.Errorf("verdict %s", r.Verdict)
			}
			before := controls[kind{tt.open, tt.c.anchors}]
			for _, f := range tt.listed {
				if !has(r.Unproven, f) || has(before.Unproven, f) {
					t.Errorf("listed: %q, want %q", r.Unproven, f)
				}
			}
			if tt.same && len(r.Unproven) > len(before.Unproven) {
				t.Errorf("listed: %q, want %q", r.Unproven, before.Unproven)
			}
		})
	}
}

// list is a list of one finding.
func list(t bundle.Topic, where, what string) []bundle.Finding {
	return []bundle.Finding{f(t, where, what)}
}

// dropItems drops the items of an agent that begin in a time.
func dropItems(a vouch.AgentID, from, to time.Time, renumber bool) func(*story) {
	return func(s *story) {
		s.steps = slices.DeleteFunc(s.steps, func(st *step) bool {
			return st.item != nil && st.item.agent == a && st.item.stream == vouch.Availability && !st.item.from.Before(from) && st.item.from.Before(to)
		})
		if renumber {
			s.finish()
		}
	}
}

func chainLies() []deceit {
	reject := func(a agent, when time.Time, why string) func(*story) {
		return func(s *story) { s.itemAt(a.id, when).item.rejected = why }
	}
	at0 := func(a agent, when time.Time, change func(*item)) func(*story) {
		return func(s *story) { change(s.itemAt(a.id, when).item) }
	}
	return []deceit{
		{name: "nothing", same: true},
		{name: "nothing, with anchors", c: choice{anchors: true}, same: true},
		{name: "the tail of a neutral agent is dropped", lies: lies{plot: dropItems(fra.id, at(3, "20:00"), day(5), true)},
			listed: list(bundle.TopicComplete, "agent fra-a", "2026-03-02T20:00:00Z to 2026-03-03T00:00:00Z: it last spoke before that")},
		{name: "a neutral agent is dropped", lies: lies{plot: dropItems(fra.id, day(0), day(5), true)}, listed: []bundle.Finding{
			f(bundle.TopicComplete, "agent fra-a", "nothing is known from it of 2026-03-02T00:00:00Z to 2026-03-03T00:00:00Z: it never spoke"),
			f(bundle.TopicComplete, "agent fra-a", "check ping of device rt1 was assigned, and no sample")}},
		{name: "a hole in the numbers", lies: lies{plot: dropItems(fra.id, at(3, "12:00"), at(3, "13:00"), false)}, wrong: f(bundle.TopicComplete, "agent fra-a, epoch 1772150400000, number 45", "what lies between is left out")},
		{name: "a hole in the numbers behind a gap", lies: lies{plot: dropItems(fra.id, at(3, "16:00"), at(3, "16:30"), false)}, wrong: f(bundle.TopicComplete, "agent fra-a", "number 50 is before it")},
		{name: "a hole in time, numbered anew", lies: lies{plot: dropItems(fra.id, at(3, "12:00"), at(3, "13:00"), true)},
			listed: list(bundle.TopicComplete, "agent fra-a", "2026-03-02T12:00:00Z to 2026-03-02T13:00:00Z: it did not speak for it")},
		{name: "a range that was lost", lies: lies{plot: func(s *story) {
			dropItems(fra.id, at(3, "12:30"), at(3, "14:00"), false)(s)
			i := s.itemAt(fra.id, at(3, "12:00")).item
			i.lost, i.samples, i.through = 4, nil, at(3, "14:00")
		}}, listed: list(bundle.TopicComplete, "agent fra-a", "numbers 43 to 46 were lost, and it signed for that")},
		{name: "a gap over an item that is there", lies: lies{plot: at0(fra, at(3, "15:00"), func(i *item) { i.lost = 3 })}, wrong: f(bundle.TopicChain, "agent fra-a", "among those that the gap before it says were lost")},
		{name: "a batch does not follow the one before", lies: lies{plot: at0(fra, at(3, "12:00"), func(i *item) { i.prev = &evidence.Hash{1} })}, wrong: f(bundle.TopicChain, "agent fra-a, epoch 1772150400000, number 43", "does not name number 42")},
		{name: "the head of a chain is dropped", lies: lies{plot: func(s *story) {
			dropItems(fra.id, day(0), at(0, "05:00"), false)(s)
			s.itemAt(fra.id, at(0, "05:00")).item.prev = &evidence.Hash{1}
		}}, wrong: f(bundle.TopicComplete, "agent fra-a", "the first number of the epoch in the ledger is 2")},
		{name: "the last epoch is hidden", lies: lies{plot: dropItems(hq.id, at(3, "17:10"), day(5), true)}, listed: list(bundle.TopicComplete, "agent hq-a", "2026-03-02T17:00:00Z to 2026-03-03T00:00:00Z: it last spoke before that")},
		{name: "the first epoch is hidden", lies: lies{plot: dropItems(hq.id, day(0), at(3, "17:10"), true)}, listed: list(bundle.TopicComplete, "agent hq-a", "2026-03-02T00:00:00Z to 2026-03-02T17:10:00Z: it spoke for the first time after that")},
		{name: "an epoch goes on after it ended", lies: lies{plot: func(s *story) {
			i := *s.itemAt(hq.id, at(3, "16:30")).item
			i.seq, i.from, i.through, i.begins = i.seq+1, at(3, "17:00"), at(3, "17:10"), ""
			i.samples = nil
			s.add(at(3, "18:00"), step{item: &i})
		}}, wrong: f(bundle.TopicChain, "agent hq-a", "which ended when epoch 1772150400001 began")},
		{name: "two batches under one number", lies: lies{plot: func(s *story) {
			i := *s.itemAt(fra.id, at(3, "12:00")).item
			i.prev = &evidence.Hash{1}
			s.add(at(3, "12:31"), step{item: &i})
		}}, wrong: f(bundle.TopicChain, "agent fra-a", "number 43 stands after number 43")},
		{name: "an agent speaks twice in a new epoch", lies: lies{plot: func(s *story) {
			i := *s.itemAt(ams.id, at(3, "02:00")).item
			i.epoch, i.seq, i.begins = i.epoch+1, 1, evidence.BeginsClockStepped
			i.samples = nil
			for k := at(3, "02:00"); k.Before(at(3, "02:30")); k = k.Add(every) {
				i.samples = append(i.samples, sample(s.customer, ams, "rt1", k.Add(14*time.Second), func(string, time.Time) (vouch.Outcome, vouch.Reason) { return vouch.Up, "" }))
			}
			s.add(at(4, "06:30"), step{item: &i})
		}}, listed: list(bundle.TopicChain, "agent ams-a", "which word of it holds for 2026-03-02T02:00:00Z to 2026-03-02T02:30:00Z")},
		{name: "an agent goes back behind a rejected batch", lies: lies{plot: func(s *story) {
			x := s.itemAt(ams.id, at(3, "12:30")).item
			bad, again := *x, *x
			bad.from, bad.through, bad.samples, bad.rejected = at(3, "12:00"), at(3, "12:05"), nil, "begins before the item before it"
			again.from, again.through, again.samples = at(3, "12:05"), at(3, "13:00"), slices.Clone(x.samples)
			s.add(at(3, "13:00").Add(3*time.Second), step{item: &bad})
			s.add(at(3, "13:00").Add(4*time.Second), step{item: &again})
			s.finishFor(ams.id)
		}}, listed: list(bundle.TopicChain, "agent ams-a", "which word of it holds for 2026-03-02T12:30:00Z to 2026-03-02T13:00:00Z")},

		{name: "an inconvenient batch is rejected", lies: lies{plot: reject(fra, at(3, "02:00"), "line 3: it names agent x, the header fra-a")}, wrong: f(bundle.TopicChain, "agent fra-a", "it was rejected, and nothing is wrong with it")},
		{name: "an inconvenient gap is rejected", lies: lies{plot: reject(fra, at(3, "15:00"), "it names location x")}, wrong: f(bundle.TopicChain, "agent fra-a", "nothing is wrong with it")},
		{name: "the first batch of an epoch is rejected", lies: lies{plot: reject(hq, at(3, "17:10"), "begins before the item before it")}, wrong: f(bundle.TopicChain, "agent hq-a", "nothing is wrong with it")},
		{name: "a rejection is explained afterwards", lies: lies{plot: func(s *story) {
			reject(fra, at(3, "02:00"), "check ping of device rt1 is not assigned to the agent")(s)
			b := assignment(fra.id)
			b.Checks[0].Timeout = 9_000
			s.write(at(3, "02:40"), evidence.KindAssignment, "collector", b)
		}}, listed: []bundle.Finding{f(bundle.TopicChain, "agent fra-a", "why it was rejected"), f(bundle.TopicComplete, "record assignment-4", "that agent fra-a measures as well as before")}},
		{name: "a rejection without a reason", lies: lies{leaf: func(_ *world, l *evidence.Leaf) { l.Reason = "" }}, wrong: f(bundle.TopicLedger, "leaves.txt", "reason")},
		{name: "a batch counts that must not", lies: lies{plot: reject(ams, at(3, "13:00"), "")}, wrong: f(bundle.TopicChain, "availability/2026-03-02.columns", "counts, and must not: check other of device rt1 is not assigned")},
		{name: "a batch counts that speaks twice", lies: lies{plot: at0(fra, at(3, "12:00"), func(i *item) { i.from = at(3, "11:50") })}, wrong: f(bundle.TopicChain, "agent fra-a", "it counts, and speaks of time that the one before it spoke for")},
		{name: "a batch counts from another place", lies: lies{plot: at0(fra, at(3, "12:00"), func(i *item) {
			i.location = "ams"
			for n := range i.samples {
				i.samples[n].Location = "ams"
			}
		})}, wrong: f(bundle.TopicChain, "", "it names location ams, the agent stands at fra")},
		{name: "a batch counts that cannot be read", lies: lies{plot: at0(fra, at(3, "12:00"), func(i *item) { i.samples, i.raw = nil, []byte("check,agent=fra-a x=1i 1\n") })}, wrong: f(bundle.TopicChain, "", "counts, and must not: line 1")},
		{name: "a batch counts that names another customer", lies: lies{plot: at0(fra, at(3, "12:00"), func(i *item) { i.samples[2].Customer = "globex" })}, wrong: f(bundle.TopicChain, "", "it names customer globex")},
		{name: "a key is added after it was used", lies: lies{plot: func(s *story) {
			st := s.recordOf(evidence.KindKeyAdded, 2)
			st.at = day(1)
		}}, wrong: f(bundle.TopicChain, "availability/2026-02-27.columns", "the ledger names its key only later")},
		{name: "a key is used after it was revoked", lies: lies{plot: func(s *story) {
			s.write(at(3, "12:15"), evidence.KindKeyRevoked, "uid:1", func(string) any {
				return book.RevokedBody{Subject: "fra-a", Agent: "fra-a", Key: s.w.agents["fra-a"].key}
			})
		}}, wrong: f(bundle.TopicChain, "availability/2026-03-02.columns", "its key was revoked at 2026-03-02T12:15:00.000Z")},
		{name: "a key under another agent's name", lies: lies{plot: func(s *story) {
			s.recordOf(evidence.KindKeyAdded, 2).record.body = func(string) any {
				return book.KeyBody{Subject: "fra-a", Agent: "fra-a", Location: "fra", Key: s.w.agents["ams-a"].key}
			}
		}}, wrong: f(bundle.TopicSigner, "records.notes", "the key of agent fra-a: it bears the name ams-a")},
		{name: "another agent's key than the one pinned", lies: lies{plot: func(s *story) { s.w.agents["fra-a"] = newParty(s.w.t, "fra-a", 200) }}, wrong: f(bundle.TopicSigner, "records.notes", "agent fra-a speaks with the key")},

		{name: "a whole bundle is invented", lies: lies{keys: 100}, wrong: f(bundle.TopicSigner, "checkpoint.txt", "signed by an unknown key")},
		{name: "a whole bundle is invented, and nothing is pinned", lies: lies{keys: 100}, open: true, listed: list(bundle.TopicSigner, "checkpoint.txt", "nobody vouches for the ledger's key vouch.example.net+5fd5e964")},

		{name: "an agent's key keeps a ledger of its own", lies: lies{plot: func(s *story) {
			k := newParty(s.w.t, "fra-a", 21)
			s.w.own, s.w.ledger, s.w.anchors = k, newParty(s.w.t, "fra-a/acme", 21), newParty(s.w.t, "fra-a/anchors", 21)
			for a := range s.w.agents {
				s.w.agents[a+"-"] = newParty(s.w.t, string(a)+"-", 180)
			}
		}}, open: true, pins: func(w *world) []string { return []string{w.ledger.key, w.agents["fra-a"].key} }, listed: list(bundle.TopicSigner, "checkpoint.txt", "nobody vouches for the ledger's key fra-a+")},
		{name: "an item is not carried", lies: lies{chosen: func(w *world, _ int64, e entry) bool { return !e.link.From.Equal(at(3, "02:00")) }}, wrong: f(bundle.TopicComplete, "agent ams-a", "is left out")},
		{name: "an item counts for nothing, in the file of another day", lies: lies{
			used: func(_ *world, _ int64, e entry) bool {
				return e.leaf.Agent != fra.id || !e.link.From.Equal(at(3, "02:00"))
			},
			packed: func(w *world, e *bundle.Evidence) {
				hidden := func(x entry) bool { return x.leaf.Agent == fra.id && x.link.From.Equal(at(3, "02:00")) }
				for n, d := range e.Days {
					var notes [][]byte
					for _, x := range w.log {
						if x.isItem(vouch.Availability) && !hidden(x) && x.link.From.Format(time.DateOnly) == d.Day.Format(time.DateOnly) {
							notes = append(notes, x.note)
						}
					}
					e.Days[n].Notes = each(notes)
				}
				i := slices.IndexFunc(w.log, hidden)
				e.Days = append(e.Days, bundle.Day{Day: day(300), Notes: each([][]byte{w.log[i].note})})
			}}, wrong: f(bundle.TopicFile, "availability/2026-12-24.columns", "it stands in the file of another day")},
		{name: "the statement passes over a batch", lies: lies{used: func(_ *world, _ int64, e entry) bool {
			return e.leaf.Agent != fra.id || !e.link.From.Equal(at(3, "02:00"))
		}},
			wrong: f(bundle.TopicStatement, "statement.json", "it is not what the samples make it")},
		{name: "an epoch is hidden before the first leaf, which is dated back", c: choice{first: 170}, lies: lies{first: 170, used: func(_ *world, i int64, _ entry) bool { return i >= 170 }, leaf: func(w *world, l *evidence.Leaf) {
			if len(w.log) == 170 {
				l.Received = at(0, "00:30")
			}
		}}, listed: []bundle.Finding{
			f(bundle.TopicComplete, "agent ams-a, epoch 1772150400000", "that what came before number 49, the first that is carried, speaks of no time after 2026-02-27T22:59:40Z"),
			f(bundle.TopicComplete, "agent hq-a", "2026-03-02T00:00:00Z to 2026-03-02T15:00:00Z: it spoke for the first time after that")}},
		{name: "leaves are carried from later on", c: choice{first: 60}, lies: lies{first: 60}, wrong: f(bundle.TopicComplete, "leaves.txt", "leaves before it may speak of")},
		{name: "items end at a rejected one", lies: rejectedEdge(), wrong: f(bundle.TopicComplete, "agent ams-a", "is left out, and may speak of the period")},
	}
}

// rejectedEdge is the lie of a batch that is rejected, for a reason, and says that it
// speaks of a time long after the period: what comes after it in the chain is left out of
// the statement, of the manifest and of the bundle.
func rejectedEdge() lies {
	after := func(w *world, e entry) bool {
		return e.isItem(vouch.Availability) && e.leaf.Agent == ams.id && e.leaf.Seq > 43
	}
	return lies{
		plot: func(s *story) {
			i := s.itemAt(ams.id, at(3, "12:00")).item
			i.through, i.rejected = day(4000), "line 1: it names agent x, the header ams-a"
			i.samples[0].Agent = "x"
		},
		used: func(w *world, _ int64, e entry) bool { return !after(w, e) },
		named: func(w *world, m *bundle.Manifest) {
			for n, c := range m.Chains {
				if c.Agent != ams.id {
					continue
				}
				var notes []byte
				m.Chains[n].Last, m.Chains[n].Items = 43, 0
				for _, e := range w.log[:m.Size] {
					if e.isItem(vouch.Availability) && e.leaf.Agent == ams.id && e.leaf.Seq >= c.First && !after(w, e) {
						notes = append(notes, e.leaf.Note[:]...)
						m.Chains[n].Items++
					}
				}
				m.Chains[n].Hash = sha(notes)
			}
		},
		chosen: func(w *world, _ int64, e entry) bool { return !after(w, e) },
	}
}
