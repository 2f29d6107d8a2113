// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident_test

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

// willux returns the first contract's terms for one of its five SLA types, legal
// holidays excepted from the clocks and a relapse of a day agreed.
func willux(t testing.TB, slaType int) []contract.Version {
	t.Helper()
	var body string
	for _, x := range configs.Templates() {
		if path.Base(x.Name) == "willux.yaml" {
			body = string(x.Body)
		}
	}
	edit := func(old, with string) {
		if !strings.Contains(body, old) {
			t.Fatalf("the template does not hold %q", old)
		}
		body = strings.ReplaceAll(body, old, with)
	}
	edit("sla_type: 3 ", fmt.Sprintf("sla_type: %d ", slaType))
	edit("except_holidays: false}      # EXAMPLE", "except_holidays: true}")
	edit("      after_workaround: P3 ", "      relapse: 24 hours\n      after_workaround: P3 ")
	edit("    clocks:\n      # \"Day\"", "    detected: {router: {impact: all staff, urgency: blocking}, all: {impact: one or several staff, urgency: blocking}}\n    clocks:\n      # \"Day\"")
	files := fstest.MapFS{"willux.yaml": {Data: []byte(body), Mode: 0o600}}
	c, ps := configs.LoadContract(configs.Source{
		Open: func(name string) (fs.File, error) { return files.Open(name) }, LookupEnv: func(string) (string, bool) { return "", false },
	}, "willux.yaml")
	if ps.Err() != nil {
		t.Fatal(ps)
	}
	return []contract.Version{c.Versions[0].Version}
}

// play is an incident under way.
type play struct {
	t    *testing.T
	zone *time.Location
	c    incident.Case
}

func (p *play) at(s string) time.Time {
	p.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, p.zone)
	if err != nil {
		p.t.Fatal(err)
	}
	return at
}

// take enters an event as it is recorded.
func (p *play) take(e incident.Event, recorded time.Time, author string) {
	e.Recorded, e.Author = recorded, author
	p.c.Incident, p.c.History = e.Incident, append(p.c.History, e)
}

// do records what a script says, one step a line: "2026-03-27 15:00 told customer".
func (p *play) do(script string) error {
	p.t.Helper()
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		at := p.at(line[:16])
		word, rest, _ := strings.Cut(line[17:], " ")
		var e incident.Event
		var err error
		a := incident.Act{Role: "it manager", Channel: "telephone", Contact: true, Reason: "words"}
		switch word {
		case "reported": // P1, by telephone where the contract allows it
			if a.Priority, err = contract.ParsePriority(rest); err != nil {
				p.t.Fatal(err)
			}
			if a.Priority >= contract.P3 {
				a.Channel = "mail"
			}
			e, err = incident.Report{Customer: "acme", Site: "hq", Devices: []vouch.DeviceID{"rt1"}, At: at, Act: a, Versions: p.c.Versions, Next: 1}.Open(at)
		case "priority":
			a.Priority, _ = contract.ParsePriority(rest)
			e, err = p.c.Do(incident.Rated, a, "uid:1", at, at)
		case "suspended":
			e, err = p.c.Do(incident.Suspended, incident.Act{Cause: rest, Ref: "T-1", Check: at.Add(time.Hour)}, "uid:1", at, at)
		case "resumed":
			e, err = p.c.Do(incident.Resumed, incident.Act{Cause: rest}, "uid:1", at, at)
		case "visit":
			e, err = p.c.Do(incident.Visit, incident.Act{Visit: at.Add(24 * time.Hour)}, "uid:1", at, at)
		case "closed":
			e, err = p.c.Do(incident.Settled, incident.Act{Cause: "hardware", To: incident.Party(rest)}, "uid:1", at, at)
		default:
			kind := map[string]incident.EventKind{"told": incident.Told, "pickup": incident.PickedUp, "work-around": incident.WorkAround, "operational": incident.Restored,
				"repaired": incident.Repaired, "reopened": incident.ReopenedBy, "note": incident.Noted, "in-writing": incident.InWriting}[word]
			if kind == "" {
				p.t.Fatalf("no step is called %q", word)
			}
			e, err = p.c.Do(kind, a, "uid:1", at, at)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
		p.take(e, at, "uid:1")
	}
	return nil
}

func newPlay(t *testing.T, slaType int) *play {
	v := willux(t, slaType)
	return &play{t: t, zone: v[0].Terms.Zone.Location(), c: incident.Case{Versions: v}}
}

// TestClocksOfFiveTypes is worked by hand. In 2026 the clocks change on 29 March and
// 25 October; Easter Monday is 6 April, Ascension Day 14 May. Types 1 and 2 run Mon-Fri
// 08:45-17:00 (8:15 h), type 3 06:00-18:00 (12 h), types 4 and 5 06:00-24:00 (18 h). A
// day is one full window.
func TestClocksOfFiveTypes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		slaType int
		script  string
		want    string // clock, deadline and what was used, of each clock that has a promise
	}{
		{"1, P1, a weekend and summer time: 2 h on Friday, 2 h on Monday; picking up stops nothing", 1,
			"2026-03-27 15:00 reported P1\n2026-03-27 15:10 pickup\n2026-03-30 10:00 told", "reaction 2026-03-30 10:45 3h15m0s"},
		{"2, P2: 1 h on Thursday, 7:15 h on Friday", 2, "2026-04-02 16:00 reported P2", "reaction 2026-04-03 16:00 8h15m0s running late"},
		{"2, P1: Easter Monday between", 2, "2026-04-03 16:30 reported P1\n2026-04-07 09:00 told", "reaction 2026-04-07 10:15 45m0s"},
		{"3, P1, winter time: half an hour on Friday, 1:30 h on Monday", 3,
			"2026-10-23 17:30 reported P1\n2026-10-26 07:00 told", "reaction 2026-10-26 07:30 1h30m0s"},
		{"3, P3, by mail: Christmas and a weekend between", 3, "2026-12-24 12:00 reported P3\n2026-12-24 12:30 told", "reaction 2026-12-29 12:00 30m0s"},
		{"4, P3, by mail, over summer time", 4, "2026-03-27 22:00 reported P3\n2026-03-27 23:00 told",
			"reaction 2026-03-31 22:00 1h0m0s; resolution 2026-04-01 23:00 54h0m0s running late"},
		{"4, P1, a supplier until Wednesday: it stands still to the end of that day", 4,
			"2026-10-26 10:00 reported P1\n2026-10-26 10:00 told\n2026-10-26 12:00 suspended supplier\n2026-10-28 15:00 resumed supplier\n2026-10-29 20:00 operational",
			"reaction 2026-10-26 12:00 0s; resolution 2026-10-29 22:00 16h0m0s"},
		{"5, P1, a supplier within the weekend: Sunday is no working day, so to the end of Monday", 5,
			"2026-06-05 22:00 reported P1\n2026-06-05 22:00 told\n2026-06-06 10:00 suspended supplier\n2026-06-07 12:00 resumed supplier\n2026-06-09 08:00 operational",
			"reaction 2026-06-06 00:00 0s; resolution 2026-06-09 22:00 4h0m0s"},
		{"5, P1, suspended within Monday's window", 5,
			"2026-06-05 22:00 reported P1\n2026-06-05 22:00 told\n2026-06-08 09:00 suspended supplier\n2026-06-08 11:00 resumed supplier\n2026-06-09 06:30 operational",
			"reaction 2026-06-06 00:00 0s; resolution 2026-06-09 19:00 5h30m0s"},
		{"4, P1, suspended for good: no deadline", 4, "2026-10-26 10:00 reported P1\n2026-10-26 10:00 told\n2026-10-26 12:00 suspended supplier",
			"reaction 2026-10-26 12:00 0s; resolution none 2h0m0s running"},
		{"4, P1, a visit on site: to the end of the next working day", 4,
			"2026-10-26 10:00 reported P1\n2026-10-26 10:00 told\n2026-10-27 09:00 visit\n2026-10-28 12:00 operational",
			"reaction 2026-10-26 12:00 0s; resolution 2026-10-29 00:00 38h0m0s"},
		{"5, P2, a work-around on Friday, the repair with P3; Ascension Day between", 5,
			"2026-05-13 20:00 reported P2\n2026-05-13 20:30 told\n2026-05-15 10:00 work-around\n2026-05-19 12:00 repaired",
			"reaction 2026-05-15 20:00 30m0s; resolution 2026-05-18 20:30 7h30m0s; repair 2026-05-20 10:00 38h0m0s"},
		{"4, P1, not operational for an hour in between", 4,
			"2026-10-26 10:00 reported P1\n2026-10-26 10:00 told\n2026-10-26 12:00 operational\n2026-10-26 13:00 reopened\n2026-10-27 10:30 operational",
			"reaction 2026-10-26 12:00 0s; resolution 2026-10-27 11:00 17h30m0s"},
		{"4, P2 made P1: the clocks have run from the beginning", 4,
			"2026-10-26 10:00 reported P2\n2026-10-26 10:30 told\n2026-10-26 11:00 priority P1\n2026-10-26 12:00 operational",
			"reaction 2026-10-26 12:00 30m0s; resolution 2026-10-27 10:30 1h30m0s"},
	} {
		p := newPlay(t, tt.slaType)
		if err := p.do(tt.script); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, c := range p.c.Handling(p.at("2026-12-31 12:00")).Timers {
			if !c.Limit.Set() {
				continue
			}
			deadline := "none"
			if c.Reached {
				deadline = c.Deadline.Time().In(p.zone).Format("2006-01-02 15:04")
			}
			used := (time.Duration(c.Used) * time.Second).String()
			s := fmt.Sprintf("%s %s %s", c.Kind, deadline, used)
			if c.Running {
				s = fmt.Sprintf("%s %s %s running", c.Kind, deadline, time.Duration(min(c.Used, c.Target))*time.Second)
			}
			if c.Exceeded > 0 {
				s += " late"
			}
			got = append(got, s)
		}
		// The resolution of an incident that nobody ever told of runs from the reaction's
		// deadline; types 1 to 3 promise none.
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, s, tt.want)
		}
	}
}

// TestWarnings lets time pass by what [incident.Case.Due] says how long it can wait. P1
// of type 4: reaction 2 h from 10:00, never told until 13:00; resolution 18 h from
// 12:00: 12 h on Monday, 6 h on Tuesday, 80 % of it (14:24 h) at 08:24.
func TestWarnings(t *testing.T) {
	p := newPlay(t, 4)
	var got []string
	pass := func(from, to string) {
		now := p.at(from)
		for end := p.at(to); now.Before(end); {
			events, wait := p.c.Due(now)
			for _, e := range events {
				p.take(e, now, "collector")
				got = append(got, fmt.Sprintf("%s %s %s", now.In(p.zone).Format("Mon 15:04"), e.Act.Clock, e.Kind))
			}
			if wait <= 0 {
				t.Fatalf("Due waits for %s", wait)
			}
			now = now.Add(wait)
		}
	}
	step := func(script string) {
		t.Helper()
		if err := p.do(script); err != nil {
			t.Fatal(err)
		}
	}
	step("2026-10-26 10:00 reported P1")
	pass("2026-10-26 10:00", "2026-10-26 13:00")
	step("2026-10-26 13:00 told")
	pass("2026-10-26 13:00", "2026-10-28 12:00")
	want := []string{"Mon 11:36 reaction 80 % of a clock used", "Mon 12:00 reaction first overrun", "Tue 08:24 resolution 80 % of a clock used", "Tue 12:00 resolution second overrun"}
	if !slices.Equal(got, want) {
		t.Errorf("what was warned of =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if h := p.c.Handling(p.at("2026-10-28 12:00")); len(h.Overruns) != 2 {
		t.Errorf("overruns = %d, want 2", len(h.Overruns))
	}
}

// TestWhatIsAllowed asks for each step where it is out of place, and reads the sentence.
func TestWhatIsAllowed(t *testing.T) {
	const told = "2026-10-26 10:00 reported P1\n2026-10-26 10:10 pickup\n2026-10-26 10:20 told\n"
	for _, tt := range []struct{ name, script, want string }{
		{"all of it", told + "2026-10-26 10:25 in-writing\n2026-10-26 10:30 suspended supplier\n2026-10-26 11:30 resumed supplier\n2026-10-26 12:00 work-around\n2026-10-26 12:10 note\n" +
			"2026-10-26 13:00 repaired\n2026-10-26 14:00 closed provider\n2026-10-26 14:10 note", ""},
		{"told twice", told + "2026-10-26 10:30 told", "the customer was told at 2026-10-26T09:20:00Z already"},
		{"picked up twice", told + "2026-10-26 10:30 pickup", "uid:1 picked it up"},
		{"the same priority", told + "2026-10-26 10:30 priority P1", "its priority is P1 already"},
		{"a ground that the contract does not know", told + "2026-10-26 10:30 suspended holidays", `the contract suspends no clock for "holidays"; it knows supplier`},
		{"suspended twice", told + "2026-10-26 10:30 suspended supplier\n2026-10-26 10:40 suspended supplier", "it is suspended for supplier already"},
		{"resumed without suspension", told + "2026-10-26 10:30 resumed supplier", "its clock is not suspended"},
		{"resumed for another cause", told + "2026-10-26 10:30 suspended supplier\n2026-10-26 10:40 resumed power", `it is not suspended for "power"; it is for supplier`},
		{"repaired without work-around", told + "2026-10-26 10:30 repaired", "there is no work-around"},
		{"operational after a work-around", told + "2026-10-26 10:30 work-around\n2026-10-26 10:40 operational", "what is left is the repair"},
		{"suspended when it works", told + "2026-10-26 10:30 operational\n2026-10-26 10:40 suspended supplier", "the service works again since"},
		{"closed while open", told + "2026-10-26 10:30 closed provider", "it is open: it can be closed once the service works again"},
		{"closed without evidence", told + "2026-10-26 10:30 operational\n2026-10-26 10:40 closed power", "a cause that is attributed to power needs evidence"},
		{"attributed to nobody known", told + "2026-10-26 10:30 operational\n2026-10-26 10:40 closed weather", `attributed to "weather": allowed are provider`},
		{"closed twice", told + "2026-10-26 10:30 operational\n2026-10-26 10:40 closed provider\n2026-10-26 10:50 closed provider", "it was closed at"},
		{"reopened while open", told + "2026-10-26 10:30 reopened", "it is open already"},
		{"reopened", told + "2026-10-26 10:30 operational\n2026-10-26 10:40 closed provider\n2026-10-26 10:50 reopened\n2026-10-26 11:00 operational\n2026-10-26 11:10 closed provider", ""},
		{"a visit twice", told + "2026-10-26 10:30 visit\n2026-10-26 10:40 visit", "a visit was agreed at"},
		{"before it began", told + "2026-10-26 09:00 note", "lies before the incident began"},
	} {
		p := newPlay(t, 4)
		err := p.do(tt.script)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestEntersLate has the telling entered an hour after it was done: it counts from its
// recording, and the time that was said stays in the record.
func TestEntersLate(t *testing.T) {
	p := newPlay(t, 4)
	if err := p.do("2026-10-26 10:00 reported P1"); err != nil {
		t.Fatal(err)
	}
	e, err := p.c.Do(incident.Told, incident.Act{Channel: "mail", Role: "it manager"}, "uid:1", p.at("2026-10-26 11:30"), p.at("2026-10-26 12:30"))
	if err != nil {
		t.Fatal(err)
	}
	p.take(e, p.at("2026-10-26 12:30"), "uid:1")
	if c, _ := p.c.Handling(p.at("2026-10-26 13:00")).Timer(contract.ClockReaction); c.Running || c.Exceeded != 1800 {
		t.Errorf("reaction: running %t, %d s late, want stopped 1800 s late", c.Running, c.Exceeded)
	}
}
