// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

// clause is what one clause of a provider's published terms must come to, asked of the
// template as it is loaded, with edits ("old", "new", ...) where the clause has a choice.
type clause struct {
	provider string
	clause   string
	must     string
	edits    []string
	got      func(k asked) string
	want     string
}

func runClauses(t *testing.T, clauses []clause) {
	t.Helper()
	for _, c := range clauses {
		t.Run(c.provider+" "+c.clause+" "+c.must, func(t *testing.T) {
			k := template(t, c.provider, c.edits...)
			if got := c.got(k); got != c.want {
				t.Errorf("%s, %s: %s = %q, want %q", c.provider, c.clause, c.must, got, c.want)
			}
		})
	}
}

// asked is a template's one version, with questions in words.
type asked struct {
	t *testing.T
	contract.Version
}

// template loads the template of a provider.
func template(t *testing.T, provider string, edits ...string) asked {
	t.Helper()
	f := files{}
	for _, x := range configs.Templates() {
		f[strings.TrimSuffix(path.Base(x.Name), ".yaml")] = string(x.Body)
	}
	for i := 0; i < len(edits); i += 2 {
		f.edit(t, provider, edits[i], edits[i+1])
	}
	c, ps := configs.LoadContract(f.source(), provider)
	if ps.Err() != nil {
		t.Fatalf("LoadContract(%s) =\n%s", provider, lines(ps))
	}
	return asked{t, c.Versions[0].Version}
}

// at reads a wall-clock time in the contract's zone.
func (k asked) at(s string) contract.Second {
	k.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, k.Terms.Zone.Location())
	if err != nil {
		k.t.Fatal(err)
	}
	return contract.Floor(at)
}

// clock writes an instant as at reads it.
func (k asked) clock(s contract.Second) string {
	return s.Time().In(k.Terms.Zone.Location()).Format("2006-01-02 15:04")
}

func (k asked) versions() []contract.Version { return []contract.Version{k.Version} }

// verdict judges what locations say: "ams1 up, ams2 down". A slow one answers beyond
// the agreed round trip, long enough to be degraded.
func (k asked) verdict(said string) string {
	k.t.Helper()
	end := k.at("2026-06-03 12:00")
	var agents []contract.Agent
	for s := range strings.SplitSeq(said, ", ") {
		location, outcome, _ := strings.Cut(s, " ")
		var samples []contract.Sample
		for i := range 40 {
			x := contract.Sample{Start: contract.Milli(int64(end)-int64(i)*30) * 1000, Interval: 30 * time.Second, Timeout: 5 * time.Second,
				Outcome: vouch.Up, Sent: 3, RTT: 20 * time.Millisecond}
			switch outcome {
			case "down":
				x.Outcome, x.Reason, x.Lost = vouch.Down, vouch.ReasonTimeout, 3
			case "slow":
				x.RTT = 300 * time.Millisecond
			case "unknown":
				x.Outcome, x.Reason = vouch.Unknown, vouch.ReasonSocket
			}
			samples = append(samples, x)
		}
		agents = append(agents, contract.Agent{ID: vouch.AgentID(location + "-a"), Location: vouch.LocationID(location),
			Checks: []contract.Check{{Name: "icmp", Kind: vouch.KindICMP, Samples: samples}}})
	}
	span := contract.Span{From: end, To: end + 10}
	segs := contract.Judge(contract.Matter{Span: span, Versions: k.versions(), Leases: []contract.Span{span}, Agents: agents})
	if len(segs) != 1 {
		k.t.Fatalf("Judge = %d segments, want one", len(segs))
	}
	return segs[0].State.String()
}

// hours writes the hours of a calendar on a date.
func (k asked) hours(c contract.Calendar, date string) string {
	from := k.at(date + " 00:00")
	var out []string
	for _, s := range c.Spans(contract.Span{From: from, To: k.at(date+" 23:00") + 3600}) {
		to := k.clock(s.To)[11:]
		if to == "00:00" {
			to = "24:00"
		}
		out = append(out, k.clock(s.From)[11:]+"-"+to)
	}
	return strings.Join(out, " ")
}

// claim is an exclusion from 10:00 to 12:00 on Wednesday 3 June 2026 that has all that
// any contract asks but an announcement.
func (k asked) claim(kind contract.ExclusionKind) contract.Exclusion {
	from := k.at("2026-06-03 10:00")
	return contract.Exclusion{ID: "X", Kind: kind, Span: contract.Span{From: from, To: from + 7200}, RecordedAt: from + 7200,
		Accepted: true, AcceptedBy: contract.AcceptedProvider, Author: "a", Approver: "b", Evidence: []string{"log"}}
}

// decide says whether an exclusion is left out, or why not; notes stand in brackets.
func (k asked) decide(e contract.Exclusion) string {
	d := contract.Decide(k.versions(), []contract.Exclusion{e})[0]
	out := "left out"
	if len(d.Counts) == 0 {
		out = string(d.Why)
	}
	for _, n := range d.Notes {
		if n != contract.NoteRetroactive {
			out += " [" + string(n) + "]"
		}
	}
	return out
}

// announced decides a claim that was announced at a time; empty for never.
func (k asked) announced(kind contract.ExclusionKind, at string) string {
	e := k.claim(kind)
	if at != "" {
		e.AnnouncedAt = k.at(at)
	}
	return k.decide(e)
}

// bare decides a claim without evidence.
func (k asked) bare(kind contract.ExclusionKind) string {
	e := k.claim(kind)
	e.Evidence = nil
	return k.decide(e)
}

// handle works an incident through: events are "what:detail @ when", reported by a
// contact person by mail unless the detail says otherwise.
func (k asked) handle(now string, priority contract.Priority, events ...string) contract.Handling {
	k.t.Helper()
	return k.file(now, priority, events...).Handle()
}

func (k asked) file(now string, priority contract.Priority, events ...string) contract.CaseFile {
	f := contract.CaseFile{Versions: k.versions(), Now: k.at(now)}
	for i, s := range events {
		what, when, _ := strings.Cut(s, " @ ")
		kind, detail, _ := strings.Cut(what, ":")
		e := contract.Event{Kind: contract.EventKind(kind), At: k.at(when), Channel: "mail", Contact: true, To: detail, Form: detail, Cause: detail}
		switch detail {
		case "telephone":
			e.Channel = detail
		case "anybody":
			e.Contact = false
		case "automatic":
			e.Automatic = true
		}
		if i == 0 {
			f.Events = append(f.Events, contract.Event{Kind: contract.EventRated, At: e.At, Priority: priority})
		}
		f.Events = append(f.Events, e)
	}
	return f
}

// deadline writes the deadline of a clock, "none" where nothing is promised or it does
// not run.
func (k asked) deadline(h contract.Handling, kind contract.ClockKind) string {
	t, ok := h.Timer(kind)
	if !ok || !t.Limit.Set() || !t.Reached {
		return "none"
	}
	return k.clock(t.Deadline)
}

// TestTemplatesAreValid checks each as it stands. The warnings are true of the terms
// themselves.
func TestTemplatesAreValid(t *testing.T) {
	f := files{}
	var names []string
	for _, x := range configs.Templates() {
		f[x.Name] = string(x.Body)
		names = append(names, x.Name)
		if n := strings.Count(string(x.Body), "EXAMPLE"); n < 5 {
			t.Errorf("%s marks %d values as examples, want at least 5", x.Name, n)
		}
	}
	if want := []string{"contracts/into.yaml", "contracts/intraflow.yaml", "contracts/it-formule.yaml", "contracts/westers.yaml", "contracts/willux.yaml"}; !slices.Equal(names, want) {
		t.Errorf("Templates = %v, want %v", names, want)
	}
	ps := configs.Check(f.source(), names...)
	for _, p := range ps.Warnings() {
		if !strings.HasSuffix(p.Message, "on the provider's word alone: no announcement, evidence or acceptance is asked") {
			t.Errorf("Check of the templates warns: %s", p)
		}
	}
	if ps.Err() != nil || len(ps.Warnings()) != 3 {
		t.Errorf("Check of the templates =\n%s\nwant three warnings", lines(ps))
	}
}

// TestWilluxTimes looks at each cell of art. 39.1.2, and at where it ends for a report
// on Monday 1 June 2026, 10:00, told in time.
func TestWilluxTimes(t *testing.T) {
	cells := map[string][4]string{
		"1": {"4 hours/none", "1 day/none", "2 days/none", "3 days/none"},
		"2": {"2 hours/none", "1 day/none", "2 days/none", "3 days/none"},
		"3": {"2 hours/none", "1 day/none", "2 days/none", "3 days/none"},
		"4": {"2 hours/1 day", "1 day/2 days", "2 days/3 days", "3 days/5 days"},
		"5": {"2 hours/1 day", "1 day/2 days", "2 days/3 days", "3 days/5 days"},
	}
	// A day is one full window: a report at ten has until ten of a later day.
	ends := map[string]string{"4 hours": "2026-06-01 14:00", "2 hours": "2026-06-01 12:00", "1 day": "2026-06-02 10:00", "2 days": "2026-06-03 10:00",
		"3 days": "2026-06-04 10:00", "5 days": "2026-06-08 10:00", "none": "none"}
	for level, row := range cells {
		for i, want := range row {
			t.Run(fmt.Sprintf("type %s P%d", level, i+1), func(t *testing.T) {
				k := template(t, "willux", "sla_type: 3 ", "sla_type: "+level+" ")
				h := k.handle("2026-06-01 10:00", contract.Priority(i+1), "reported @ 2026-06-01 10:00", "told @ 2026-06-01 10:00")
				reaction, _ := h.Timer(contract.ClockReaction)
				resolution, _ := h.Timer(contract.ClockResolution)
				if got := reaction.Limit.String() + "/" + resolution.Limit.String(); got != want {
					t.Errorf("reaction/resolution = %s, want %s", got, want)
				}
				r, s, _ := strings.Cut(want, "/")
				if got, want := k.deadline(h, contract.ClockReaction)+", "+k.deadline(h, contract.ClockResolution), ends[r]+", "+ends[s]; got != want {
					t.Errorf("deadlines = %s, want %s", got, want)
				}
			})
		}
	}
}
