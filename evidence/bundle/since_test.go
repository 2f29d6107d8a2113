// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// An earlier bundle that is trusted shows what has become of the ledger since.
func TestSince(t *testing.T) {
	honest := newWorld(t, dayStory("acme"), lies{})
	v1, v2 := choice{version: 1}, choice{version: 2}
	lying := func(l lies) *world { return newWorld(t, dayStory("acme"), l) }
	rotated := lies{plot: func(s *story) {
		s.w.agents["fra-b"] = newParty(t, "fra-a", 210)
		s.write(at(4, "06:10"), evidence.KindKeyAdded, "collector", func(string) any {
			return book.KeyBody{Subject: "fra-a", Agent: "fra-a", Location: "fra", Key: s.w.agents["fra-b"].key}
		})
	}}
	changed := lies{plot: func(s *story) { s.itemAt(fra.id, at(0, "05:00")).item.samples[2].Sent = 4 }}
	later := lies{plot: func(s *story) { s.itemAt(fra.id, at(4, "02:00")).item.samples[2].Sent = 4 }}
	record := lies{plot: func(s *story) { s.recordOf(evidence.KindMaintenanceAnnounced, 1).record.author = "uid:9" }}
	keyless := lies{plot: func(s *story) {
		s.drop(s.recordOf(evidence.KindKeyAdded, 2))
		dropItems(fra.id, day(0), day(5), false)(s)
	}}
	for _, tt := range []struct {
		name         string
		now, earlier []byte
		pinned       bool
		wrong        bundle.Finding
		listed       bundle.Finding
		proven       bundle.Finding
	}{
		{name: "the ledger grew", now: honest.bundle(v2), earlier: honest.bundle(v1), pinned: true, proven: f(bundle.TopicSince, "", "the ledger grew from the 224 leaves of the earlier bundle to 237")},
		{name: "the ledger grew, and the earlier bundle's keys are trusted", now: honest.bundle(v2), earlier: honest.bundle(v1), proven: f(bundle.TopicSigner, "records.notes", "3 agents' keys are those that you trust")},
		{name: "the ledger is the same", now: honest.bundle(v2), earlier: honest.bundle(v2), proven: f(bundle.TopicSince, "", "from the 237 leaves of the earlier bundle to 237")},
		{name: "the earlier bundle begins later", now: honest.bundle(v2), earlier: honest.bundle(choice{version: 1, first: 20}), proven: f(bundle.TopicSince, "", "the ledger grew")},
		{name: "the bundle begins later", now: honest.bundle(choice{version: 2, first: 20}), earlier: honest.bundle(v1), proven: f(bundle.TopicSince, "", "the ledger grew")},
		{name: "nothing is carried of what the earlier bundle had", now: honest.bundle(choice{version: 2, first: 230}), earlier: honest.bundle(v1), wrong: f(bundle.TopicComplete, "manifest.txt", "")},
		{name: "the ledger shrank", now: honest.bundle(v1), earlier: honest.bundle(v2), wrong: f(bundle.TopicSince, "", "the ledger had 237 leaves in the earlier bundle, and has 224 in this one")},
		{name: "the ledger was rewritten", now: lying(changed).bundle(v2), earlier: honest.bundle(v1), wrong: f(bundle.TopicSince, "leaves.txt", "the first 224 leaves are not those of the earlier bundle: the ledger was rewritten")},
		{name: "the ledger was rewritten at its end", now: lying(later).bundle(v2), earlier: honest.bundle(v2), wrong: f(bundle.TopicSince, "leaves.txt", "the first 237 leaves are not those of the earlier bundle")},
		{name: "a record was changed", now: lying(record).bundle(v2), earlier: honest.bundle(v1), wrong: f(bundle.TopicSince, "records.notes", "record maintenance-announced-1 of the earlier bundle is not where it was")},
		{name: "a key has gone", now: lying(keyless).bundle(v2), earlier: honest.bundle(v1), wrong: f(bundle.TopicSigner, "records.notes", "of agent fra-a has gone")},
		{name: "an agent has another key since", now: lying(rotated).bundle(v2), earlier: honest.bundle(v1), listed: f(bundle.TopicSigner, "records.notes", "it had another in the earlier bundle")},
		{name: "an agent had two keys before", now: lying(rotated).bundle(v2), earlier: lying(rotated).bundle(v2), proven: f(bundle.TopicSigner, "records.notes", "4 agents' keys are those that you trust")},
		{name: "an agent has another key than the one pinned", now: lying(rotated).bundle(v2), earlier: honest.bundle(v1), pinned: true, wrong: f(bundle.TopicSigner, "records.notes", "which is not the one that you named")},
		{name: "the ledger has another key", now: lying(lies{keys: 100}).bundle(v2), earlier: honest.bundle(v1), wrong: f(bundle.TopicSigner, "checkpoint.txt", "signed by an unknown key")},
		{name: "the earlier bundle is of another ledger", now: honest.bundle(v2), earlier: newWorld(t, dayStory("globex"), lies{}).bundle(v1), wrong: f(bundle.TopicSince, "", "the earlier bundle is of ledger vouch.example.net/globex")},
		{name: "the earlier bundle is damaged", now: honest.bundle(v2), earlier: rezipped(t, honest.bundle(v1), func(f map[string][]byte) { f["leaves.txt"] = flip(f["leaves.txt"], "received") }), wrong: f(bundle.TopicSince, "earlier bundle, leaves.txt", "")},
		{name: "the earlier bundle can be read in two ways", now: honest.bundle(v2), earlier: replace(honest.bundle(v1), "statement.en.txt", "statement.xx.txt"), wrong: f(bundle.TopicSince, "earlier bundle, statement.en.txt", "the header before it")},
		{name: "the earlier bundle is none", now: honest.bundle(v2), earlier: []byte("hello"), wrong: f(bundle.TopicSince, "", "the earlier bundle: this is not a bundle of evidence")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := bundle.Options{Since: bytes.NewReader(tt.earlier), SinceLen: int64(len(tt.earlier))}
			if tt.pinned {
				o.Keys = honest.annex()
			}
			r := verify(t, tt.now, o)
			if tt.wrong.Topic != "" && !has(r.Disproved, tt.wrong) {
				t.Errorf("disproved: %q, want %q", r.Disproved, tt.wrong)
			}
			if tt.wrong.Topic == "" && r.Verdict != bundle.Proven {
				t.Errorf("%s: disproved %q", r.Verdict, r.Disproved)
			}
			if tt.listed.Topic != "" && !has(r.Unproven, tt.listed) {
				t.Errorf("listed: %q, want %q", r.Unproven, tt.listed)
			}
			if tt.proven.Topic != "" && !has(r.Proven, tt.proven) {
				t.Errorf("proven: %q, want %q", r.Proven, tt.proven)
			}
		})
	}
}

func rezipped(t testing.TB, b []byte, change func(map[string][]byte)) []byte {
	files := unzip(t, b)
	change(files)
	return rezip(t, files)
}

// What each location said at an instant is shown, and whether it counted.
func TestExplain(t *testing.T) {
	w := newWorld(t, dayStory("acme"), lies{})
	for _, tt := range []struct {
		name string
		at   time.Time
		c    choice
		want string
	}{
		{"down", at(3, "02:12"), choice{}, "rt1 down (), excluded [], of 02:10:00 to 02:30:14: ams votes down, fra votes down, hq votes down; rt2 up (), excluded [], of 00:00:21 to 06:00:00: ams votes up, fra votes up, hq votes up"},
		{"blind", at(3, "11:10"), choice{}, "rt1 up (), excluded [], of 11:00:14 to 11:30:14: ams votes unknown (location), fra votes up, hq votes up; rt2 up (), excluded [], of 11:00:21 to 11:30:21: ams votes unknown (location), fra votes up, hq votes up"},
		{"excluded", at(3, "06:10"), choice{around: span(day(3), day(4))}, "rt1 up (), excluded [], of 02:30:14 to 11:00:14: ams votes up, fra votes up, hq votes up; rt2 down (), excluded [M-1], of 06:00:21 to 06:30:21: ams votes down, fra votes down, hq votes down"},
		{"outside of what was judged", at(40, "00:00"), choice{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := w.pinned()
			o.Explain = tt.at
			r := verify(t, w.bundle(tt.c), o)
			if r.Explain == nil || !r.Explain.At.Equal(tt.at) {
				t.Fatalf("explanation: %+v", r.Explain)
			}
			var got []string
			for _, d := range r.Explain.Devices {
				var said []string
				for _, x := range d.Witnesses {
					s := string(x.Location) + " votes " + x.State
					if !x.Votes {
						s = string(x.Location) + " is heard " + x.State
					}
					if x.Reason != "" {
						s += " (" + x.Reason + ")"
					}
					said = append(said, s)
					if len(x.Last) != 3 || x.Last[0].Check != "ping" || !strings.HasPrefix(string(x.Last[1].Check), "reference ") || x.Last[0].At.After(tt.at) || tt.at.Sub(x.Last[0].At) > every {
						t.Errorf("last samples of %s: %+v", x.Location, x.Last)
					}
				}
				got = append(got, string(d.Device)+" "+d.State+" ("+d.Reason+"), excluded "+strings.ReplaceAll(strings.Join([]string{"[", strings.Join(d.Excluded, " "), "]"}, ""), "  ", " ")+
					", of "+d.From.UTC().Format(time.TimeOnly)+" to "+d.To.UTC().Format(time.TimeOnly)+": "+strings.Join(said, ", "))
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("explanation:\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

// The lines of a bundle come out as the agents signed them.
func TestLines(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	b := w.bundle(choice{telemetry: true})
	var got bytes.Buffer
	if err := bundle.Lines(bytes.NewReader(b), int64(len(b)), &got); err != nil {
		t.Fatal(err)
	}
	var want []byte
	for _, s := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
		for _, d := range []string{"2026-02-27", "2026-02-28"} {
			for _, e := range w.log {
				if e.isItem(s) && e.leaf.Kind != evidence.LeafRejected && e.link.From.Format(time.DateOnly) == d {
					want = append(want, e.batch.Lines...)
				}
			}
		}
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes of lines, want %d", got.Len(), len(want))
	}
	if err := bundle.Lines(strings.NewReader("hello"), 5, &got); err == nil {
		t.Error("lines of no bundle")
	}
}

// A record is found in a bundle with what it is needed for.
func TestRecord(t *testing.T) {
	w := newWorld(t, hourStory("acme"), lies{})
	b := w.bundle(choice{})
	ledger, rec, err := bundle.Record(bytes.NewReader(b), int64(len(b)), "contract-1")
	if err != nil || ledger != "vouch.example.net/acme" || rec.Hash != w.recordOf("contract-1").Hash {
		t.Errorf("Record = %s, %s, %v", ledger, rec.ID, err)
	}
	if _, _, err := bundle.Record(bytes.NewReader(b), int64(len(b)), "contract-2"); err == nil || !strings.Contains(err.Error(), "it holds no record") {
		t.Errorf("a record that is not there: %v", err)
	}
	b = rezipped(t, b, func(f map[string][]byte) { f["leaves.txt"] = flip(f["leaves.txt"], "received") })
	if _, _, err := bundle.Record(bytes.NewReader(b), int64(len(b)), "contract-1"); err == nil {
		t.Error("a record of a damaged bundle")
	}
}

// A key that cannot be read is the caller's mistake, and the topics that are not proven
// are told for scripts, however much of one topic is listed.
func TestOptions(t *testing.T) {
	s := dayStory("acme")
	w := newWorld(t, s, lies{plot: func(s *story) {
		for _, a := range []vouch.AgentID{"ams-a", "fra-a"} {
			for h := 0; h < 24; h++ {
				dropItems(a, at(3, "00:30").Add(time.Duration(h)*time.Hour), at(3, "00:31").Add(time.Duration(h)*time.Hour), true)(s)
			}
		}
	}})
	b := w.bundle(choice{})
	if _, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{Keys: []string{"hello"}}); err == nil {
		t.Error("a key that is none was taken")
	}
	r := verify(t, b, w.pinned())
	if got := r.Missing(bundle.Topics()); !slices.Equal(got, []bundle.Topic{bundle.TopicSigner, bundle.TopicComplete, bundle.TopicTime, bundle.TopicTerms}) {
		t.Errorf("missing %v of\n%s", got, text(r))
	}
	if !has(r.Unproven, f(bundle.TopicComplete, "agent ams-a", "more stretches, of")) {
		t.Errorf("listed: %s", text(r))
	}
	if r.Counts.Bytes == 0 || r.Counts.Values < 9*r.Counts.Samples {
		t.Errorf("counts: %+v", r.Counts)
	}
}
