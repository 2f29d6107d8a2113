// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pythontest_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// leafOf returns the leaf of an agent's item that begins at an instant.
func (s *story) leafOf(x *speaker, from time.Time) int {
	s.t.Helper()
	for n, l := range s.items {
		if l.Agent == x.id.Agent && l.From.Equal(from) {
			return n
		}
	}
	s.t.Fatalf("agent %s has nothing that begins at %s", x.id.Agent, from)
	return 0
}

// day returns the bundle's items of a day, that they may be changed.
func (s *story) day(i issued, day int) []int {
	var out []int
	for n := i.first; n < int(i.Size); n++ {
		if l, ok := s.items[n]; ok && l.From.Truncate(24*time.Hour).Equal(clock(day, 0, 0)) {
			out = append(out, n)
		}
	}
	return out
}

// A provider who holds his own keys can sign whatever he likes. Here he issues a statement
// that leaves something out, and all that he signs fits together.
func TestProviderTampers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func(s *story) []byte
		want   string // what is found
		python bool   // verify.py looks at it, too
	}{
		{"the leaves begin within the period", func(s *story) []byte {
			i := s.draft(s.leafOf(s.ams, clock(1, 23, 40)))
			s.seal(&i, nil)
			return s.bundle(i, nil)
		}, "are left out", true},
		{"a batch stands in the file of a later day, and is heard too late", func(s *story) []byte {
			i := s.issue(s.draft(storyFirst))
			return s.bundle(i, func(e *bundle.Evidence) {
				moved := s.leafOf(s.bru, clock(1, 23, 40))
				first, second := s.day(i, 1), s.day(i, 2)
				first = slices.DeleteFunc(first, func(n int) bool { return n == moved })
				e.Days[1].Notes, e.Days[2].Notes = s.each(first...), s.each(append([]int{moved}, second...)...)
			})
		}, "it stands in the file of another day", true},
		{"two batches stand in another order", func(s *story) []byte {
			i := s.issue(s.draft(storyFirst))
			return s.bundle(i, func(e *bundle.Evidence) {
				first := s.day(i, 1)
				first[0], first[1] = first[1], first[0]
				e.Days[1].Notes = s.each(first...)
			})
		}, "the order is not that of the ledger", true},
		{"a batch that nothing is wrong with was rejected", func(s *story) []byte {
			s.ams.batch(clock(2, 0, 40), clock(2, 0, 50), "", "check ping of device router-1 is not assigned to the agent", s.ams.found(clock(2, 0, 40), clock(2, 0, 50))...)
			i := s.ledger.draft(contract.Span{From: contract.Floor(storyFrom), To: contract.Floor(clock(2, 0, 50))}, storyAsOf, storyFirst)
			i = s.issue(i)
			return s.bundle(i, nil)
		}, "nothing is wrong with it", false},
		{"a batch is signed by a key that nobody added for the agent", func(s *story) []byte {
			s.ams.party = newParty(s.t, "ams1-a", 0x66)
			s.ams.chain = evidence.Chain{}
			s.ams.batch(clock(2, 0, 40), clock(2, 0, 50), evidence.BeginsFirstStart, "", s.ams.found(clock(2, 0, 40), clock(2, 0, 50))...)
			i := s.ledger.draft(contract.Span{From: contract.Floor(storyFrom), To: contract.Floor(clock(2, 0, 50))}, storyAsOf, storyFirst)
			s.seal(&i, nil)
			return s.bundle(i, nil)
		}, "unknown key", true},
		{"a batch counts that came in after its key was revoked", func(s *story) []byte {
			s.record(evidence.KindKeyRevoked, clock(2, 0, 45), book.RevokedBody{Subject: "ams1-a", Agent: "ams1-a", Key: s.ams.vkey, Reason: "stolen"})
			s.ams.batch(clock(2, 0, 40), clock(2, 0, 50), "", "", s.ams.found(clock(2, 0, 40), clock(2, 0, 50))...)
			i := s.ledger.draft(contract.Span{From: contract.Floor(storyFrom), To: contract.Floor(clock(2, 0, 50))}, storyAsOf, storyFirst)
			s.seal(&i, nil)
			return s.bundle(i, nil)
		}, "its key was revoked", true},
		{"the record holds another statement than it names", func(s *story) []byte {
			i := s.issue(s.draft(storyFirst))
			other := i
			pack(&other.IssueBody, []byte("{}\n"))
			fresh := newStory(s.t)
			json := i.JSON
			i.JSON = other.JSON
			fresh.record(evidence.KindStatementIssued, i.AsOf, i.IssueBody)
			i.JSON = json
			return fresh.bundle(i, nil)
		}, "not the one whose hash is recorded", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := tt.make(newStory(t))
			r := verify(t, raw)
			if !slices.ContainsFunc(r.Disproved, func(f bundle.Finding) bool { return strings.Contains(f.What, tt.want) }) {
				t.Errorf("disproved: %+v, want something with %q", r.Disproved, tt.want)
			}
			if !tt.python {
				return
			}
			if said, ok := pythontest.Verify(t, raw); ok {
				t.Errorf("verify.py says %s", said)
			} else if tt.want == "its key was revoked" && !strings.Contains(said, tt.want) {
				t.Errorf("verify.py says %s, want %q", said, tt.want)
			} else {
				t.Log(said)
			}
		})
	}
}

// A check over SIP and a device that rejects what it is asked: both verifiers read the
// record of it, and come to the figures of a statement that rests on it.
func TestOverSIP(t *testing.T) {
	s := newStoryOf(t, true)
	raw := zipped(t, files(t, s.bundle(s.issue(s.draft(storyFirst)), nil)))
	if r, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{}); err != nil || r.Verdict == bundle.Disproved {
		t.Errorf("Verify = %+v, %v; want it sound", r, err)
	}
	if said, sound := pythontest.Verify(t, raw); !sound {
		t.Errorf("verify.py says %s", said)
	}
	// Nobody is named by what stands in a ledger.
	for _, rec := range s.records {
		if bytes.Contains(rec.Body, []byte("somebody")) {
			t.Errorf("a record of kind %s names whom a check asks for: %s", rec.Kind, rec.Body)
		}
	}
}

// Two verifiers that share nothing say the same of bundles that were damaged at random.
func TestVerifiersAgree(t *testing.T) {
	rounds := 2
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds = 400
	}
	_, _, raw := vector(t)
	all := files(t, raw)
	names := slices.Sorted(maps.Keys(all))
	dice := rand.New(rand.NewPCG(3, 4))
	sound := 0
	for n := range rounds {
		damaged := maps.Clone(all)
		name := names[dice.IntN(len(names))]
		text := []byte(all[name])
		at := dice.IntN(len(text))
		what := ""
		switch dice.IntN(4) {
		case 0:
			what = "a bit is flipped"
			text[at] ^= 1 << dice.IntN(8)
		case 1:
			what = "a byte is gone"
			text = slices.Delete(text, at, at+1)
		case 2:
			what = "a line is there twice"
			from := bytes.LastIndexByte(text[:at], '\n') + 1
			to := at + bytes.IndexByte(append(text[at:len(text):len(text)], '\n'), '\n') + 1
			text = slices.Insert(text, from, text[from:min(to, len(text))]...)
		default:
			what = "the end is gone"
			text = text[:at]
		}
		damaged[name] = string(text)
		b := zipped(t, damaged)
		r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{})
		ours := err == nil && r.Verdict != bundle.Disproved
		said, theirs := pythontest.Verify(t, b)
		if ours != theirs {
			t.Errorf("round %d: %s of %s at %d: Verify finds it sound: %t (%v), verify.py says %s", n, what, name, at, ours, r, said)
		}
		if ours {
			sound++
		}
	}
	t.Logf("%d of %d are sound", sound, rounds)
}
