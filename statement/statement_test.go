// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(t testing.TB, s string) contract.Second {
	t.Helper()
	x, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return contract.Floor(x)
}

func span(t testing.TB, from, to string) contract.Span {
	return contract.Span{From: at(t, from), To: at(t, to)}
}

func terms(t testing.TB) contract.Terms {
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	weekdays := contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
	x := contract.DefaultTerms()
	x.Zone = contract.ZoneOf(loc)
	x.Windows = []contract.Window{{Days: weekdays, From: 6 * 60, To: 24 * 60}}
	x.Holidays = []contract.Date{{Year: 2026, Month: time.June, Day: 11}, {Year: 2026, Month: time.December, Day: 25}}
	x.Quorum = contract.Quorum{Rule: contract.ReachableFrom, Q: 2}
	x.LeaveOutCustomer = true
	x.Voters = []contract.Voter{
		{Location: "AMS", Custody: vouch.CustodyProvider}, {Location: "BRU", Custody: vouch.CustodyNeutral},
		{Location: "RTM", Custody: vouch.CustodyProvider}, {Location: "HQ", Custody: vouch.CustodyCustomer},
	}
	return x
}

func customer() vouch.Customer {
	return vouch.Customer{
		ID: "nhv", Name: "Noordhaven Logistics", Contract: "gold",
		Sites: []vouch.Site{
			{ID: "mdk", Devices: []vouch.Device{{ID: "mdk-fw1"}, {ID: "mdk-rt1"}}},
			{ID: "vnl", Devices: []vouch.Device{{ID: "vnl-pbx"}}},
		},
		Services: []vouch.Service{
			{ID: "internet", Name: "Internet access, Moerdijk", Tree: vouch.Node{All: []vouch.Node{{Device: "mdk-fw1"}, {Device: "mdk-rt1"}}}},
			{ID: "voice", Name: "Telephony, Venlo", Tree: vouch.Node{Device: "vnl-pbx"}},
		},
	}
}

// seen is what one location saw other than up.
type seen struct {
	location string
	span     contract.Span
	outcome  vouch.Outcome
	reason   vouch.Reason
}

// device judges samples of one every minute by four locations.
func device(t testing.TB, id vouch.DeviceID, versions []contract.Version, over contract.Span, exclusions []contract.Exclusion, unlike ...seen) statement.Device {
	t.Helper()
	m := contract.Matter{Span: over, Versions: versions, Leases: []contract.Span{over}}
	for _, v := range versions[0].Terms.Voters {
		c := contract.Check{Name: "icmp", Kind: vouch.KindICMP}
		for s := over.From; s < over.To; s += 60 {
			x := contract.Sample{Start: contract.Milli(s) * 1000, Interval: time.Minute, Timeout: 2 * time.Second, Outcome: vouch.Up}
			for _, u := range unlike {
				if u.location == string(v.Location) && u.span.Contains(s) {
					x.Outcome, x.Reason = u.outcome, u.reason
				}
			}
			c.Samples = append(c.Samples, x)
		}
		m.Agents = append(m.Agents, contract.Agent{ID: vouch.AgentID("a-" + v.Location), Location: v.Location, Checks: []contract.Check{c}})
	}
	decisions := contract.Decide(versions, exclusions)
	return statement.Device{ID: id, Verdict: contract.Exclude(contract.Judge(m), decisions), Decisions: decisions}
}

// everybody is what all voters saw alike.
func everybody(s contract.Span) []seen {
	return []seen{{"AMS", s, vouch.Down, vouch.ReasonTimeout}, {"BRU", s, vouch.Down, vouch.ReasonTimeout}, {"RTM", s, vouch.Down, vouch.ReasonTimeout}}
}

// week is a period with one of everything, in its second version: since the first, half
// an hour of measurements came in late.
func week(t testing.TB) statement.Input {
	first := weekUnknown(t, span(t, "2026-06-12T10:00:00+02:00", "2026-06-12T11:00:00+02:00"))
	first.Number, first.Revision, first.State = "NHV-2026-W24", 1, statement.StateIssued
	first.Issue = &statement.Issue{At: at(t, "2026-06-14T06:00:00+02:00"), Author: "uid:1000", Record: "st-24-1", Reason: "the week is over"}
	in := weekUnknown(t, span(t, "2026-06-12T10:00:00+02:00", "2026-06-12T10:30:00+02:00"))
	in.Number, in.Revision, in.State = first.Number, 2, statement.StateFinal
	in.Issue = &statement.Issue{At: at(t, "2026-06-15T09:00:00+02:00"), Author: "uid:1001", Record: "st-24-2", Reason: "nobody objected"}
	in.Replaces = &statement.Previous{Statement: statement.Build(first), Reason: "AMS delivered half an hour of 12 June that it had kept."}
	in.Checkpoint = &statement.Checkpoint{Origin: "kade.example/nhv", Size: 1842119, Root: "9m3ZkQe1wT0rVn8sYb5uXc2hLq7pJd4fGaKi6oMtE0A="}
	in.Manifest = "5c1e90ab77d204f6b1c83e59a07d44129fe366b0d8152ac771f40e9dc3a85b26"
	return in
}

// weekUnknown is the week with a time in which too few witnesses were left.
func weekUnknown(t testing.TB, dark contract.Span) statement.Input {
	target := func(s string) contract.Target {
		x, err := contract.ParseTarget(s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	tm := terms(t)
	tm.Targets = []contract.ServiceTarget{{Service: "internet", Target: target("99.9")}, {Service: "voice", Target: target("98.5")}}
	later := tm
	later.Quorum = contract.Quorum{Rule: contract.TwoSided, Q: 2}
	versions := []contract.Version{
		{Number: 3, InForce: at(t, "2026-01-01T00:00:00+01:00"), Terms: tm},
		{Number: 4, InForce: at(t, "2026-06-12T00:00:00+02:00"), Terms: later},
	}
	period := span(t, "2026-06-08T00:00:00+02:00", "2026-06-13T00:00:00+02:00")
	works := []contract.Exclusion{
		{ID: "M1", Kind: contract.Maintenance, Span: span(t, "2026-06-09T22:00:00+02:00", "2026-06-09T23:00:00+02:00"),
			AnnouncedAt: at(t, "2026-05-26T10:12:00+02:00"), RecordedAt: at(t, "2026-05-26T10:12:00+02:00"), Reason: "new firmware"},
		{ID: "M2", Kind: contract.Maintenance, Span: span(t, "2026-06-10T06:30:00+02:00", "2026-06-10T07:00:00+02:00"),
			AnnouncedAt: at(t, "2026-06-10T06:41:00+02:00"), RecordedAt: at(t, "2026-06-10T06:41:00+02:00")},
		{ID: "M3", Kind: contract.Maintenance, Span: span(t, "2026-06-12T20:00:00+02:00", "2026-06-12T22:00:00+02:00"),
			AnnouncedAt: at(t, "2026-06-01T09:00:00+02:00"), CancelledAt: at(t, "2026-06-12T21:00:00+02:00")},
	}
	power := []contract.Exclusion{
		{ID: "X1", Kind: contract.ForceMajeure, Span: span(t, "2026-06-10T13:00:00+02:00", "2026-06-10T13:10:00+02:00"), Accepted: true,
			RecordedAt: at(t, "2026-06-10T15:00:00+02:00"), Reason: "power failure at the site", Evidence: []string{"grid operator, notice 77-1203"}, Author: "uid:1000", Approver: "uid:1001"},
	}
	outage := everybody(span(t, "2026-06-10T06:34:00+02:00", "2026-06-10T06:52:00+02:00"))
	firewall := slices.Concat(outage,
		everybody(span(t, "2026-06-09T22:10:00+02:00", "2026-06-09T22:20:00+02:00")), // under maintenance
		everybody(span(t, "2026-06-09T09:00:00+02:00", "2026-06-09T09:01:00+02:00")), // short
		[]seen{{"HQ", span(t, "2026-06-08T10:00:00+02:00", "2026-06-08T16:00:00+02:00"), vouch.Down, vouch.ReasonTimeout}})
	router := everybody(span(t, "2026-06-10T06:35:00+02:00", "2026-06-10T06:50:00+02:00"))
	pbx := slices.Concat(
		everybody(span(t, "2026-06-10T13:00:00+02:00", "2026-06-10T13:20:00+02:00")),
		everybody(span(t, "2026-06-08T02:10:00+02:00", "2026-06-08T03:05:00+02:00")), // outside the window
		[]seen{{"AMS", dark, vouch.Unknown, vouch.ReasonLocation}, {"RTM", dark, vouch.Unknown, vouch.ReasonLocation}})
	return statement.Input{
		Customer: customer(), Provider: "Kade Managed Networks", Versions: versions, Period: period, Now: at(t, "2026-06-15T09:00:00+02:00"),
		Devices: []statement.Device{
			device(t, "mdk-fw1", versions, period, works, firewall...),
			device(t, "mdk-rt1", versions, period, works, router...),
			device(t, "vnl-pbx", versions, period, power, pbx...),
		},
		Known: []statement.Known{
			{ID: "INC-0351", Devices: []vouch.DeviceID{"mdk-fw1", "mdk-rt1"}, From: at(t, "2026-06-10T06:34:00+02:00"), To: at(t, "2026-06-10T06:52:00+02:00")},
		},
	}
}

// running is a period that has not ended, with an incident that lasts and with no
// service.
func running(t testing.TB) statement.Input {
	tm := terms(t)
	tm.Voters = tm.Voters[:2]
	versions := []contract.Version{{Number: 1, InForce: at(t, "2026-01-01T00:00:00+01:00"), Terms: tm}}
	period := span(t, "2026-06-09T00:00:00+02:00", "2026-06-10T00:00:00+02:00")
	passed := span(t, "2026-06-09T00:00:00+02:00", "2026-06-09T12:00:00+02:00")
	c := customer()
	c.Sites, c.Services = c.Sites[1:], nil
	alone := []seen{{"AMS", span(t, "2026-06-09T11:30:00+02:00", "2026-06-09T12:00:00+02:00"), vouch.Down, vouch.ReasonTimeout}}
	return statement.Input{
		Customer: c, Provider: "Kade Managed Networks", Versions: versions, Period: period, Now: passed.To,
		Devices: []statement.Device{device(t, "vnl-pbx", versions, passed, nil, alone...)},
		Known:   []statement.Known{{ID: "INC-0400", Devices: []vouch.DeviceID{"vnl-pbx"}, From: at(t, "2026-06-09T11:30:00+02:00"), Open: true}},
	}
}

// holiday is a period without any service time.
func holiday(t testing.TB) statement.Input {
	in := running(t)
	in.Period = span(t, "2026-06-11T00:00:00+02:00", "2026-06-12T00:00:00+02:00")
	in.Now = at(t, "2026-06-12T12:00:00+02:00")
	in.Devices, in.Known = nil, nil
	return in
}

func TestGolden(t *testing.T) {
	for name, make := range map[string]func(testing.TB) statement.Input{"week": week, "running": running, "holiday": holiday} {
		t.Run(name, func(t *testing.T) {
			s := statement.Build(make(t))
			for file, got := range map[string][]byte{
				"text.en.txt": s.Text(statement.English), "text.nl.txt": s.Text(statement.Dutch),
				"figures.csv": []byte(strings.ReplaceAll(string(s.CSV()), "\r\n", "\n")), "statement.json": s.JSON(),
			} {
				golden(t, filepath.Join("testdata", name, file), got)
			}
		})
	}
}

// golden compares got with what a file holds.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, got, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is now\n%s\n(-update writes it anew)", file, got)
	}
}

func TestTextFitsThePage(t *testing.T) {
	s := statement.Build(week(t))
	for _, l := range []statement.Language{statement.English, statement.Dutch} {
		for line := range strings.Lines(string(s.Text(l))) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("Text(%s) has a line of %d columns, want at most 80: %q", l, n, line)
			}
		}
	}
}

func spans(list []statement.Stretch) []contract.Span {
	var out []contract.Span
	for _, s := range list {
		out = append(out, contract.Span{From: contract.Floor(s.From.Time()), To: contract.Floor(s.To.Time())})
	}
	return out
}

// TestAddsUp checks on every subject that the figures agree with what is listed
// beside them.
func TestAddsUp(t *testing.T) {
	for name, make := range map[string]func(testing.TB) statement.Input{"week": week, "running": running, "holiday": holiday} {
		s := statement.Build(make(t))
		subjects := slices.Concat(s.Services, s.Devices, []statement.Subject{{Name: "whole", Body: s.Body}})
		for _, x := range subjects {
			if sum := x.Excluded + x.Up + x.Down + x.Unknown; sum != x.Agreed {
				t.Errorf("%s: excluded + up + down + unknown of %s = %d, want agreed = %d", name, x.Name, sum, x.Agreed)
			}
			var counted, unknown, taken int64
			for _, e := range x.Taken {
				taken += e.Seconds
			}
			if served := contract.Total(contract.Subtract(spans(s.Hours), spans(x.NotLeased))); taken != x.Excluded || served != x.Agreed {
				t.Errorf("%s: excluded times and service times of %s = %d, %d, want %d, %d", name, x.Name, taken, served, x.Excluded, x.Agreed)
			}
			for _, o := range x.Outages {
				counted += o.Counted
			}
			for _, u := range x.Unknowns {
				unknown += u.Seconds
			}
			if counted != x.Down || unknown != x.Unknown {
				t.Errorf("%s: outages and unknown times of %s = %d, %d, want %d, %d", name, x.Name, counted, unknown, x.Down, x.Unknown)
			}
			if x.Name == "whole" {
				continue // its incidents are those of its devices
			}
			down := x.Short.Down
			for _, i := range x.Incidents {
				down += i.CountedDown
			}
			if down != x.Down {
				t.Errorf("%s: incidents and short interruptions of %s = %d, want %d", name, x.Name, down, x.Down)
			}
		}
	}
}

// TestWeek checks by hand what the golden file would hide among its lines.
func TestWeek(t *testing.T) {
	s := statement.Build(week(t))
	// Four days of 18 hours: Thursday is a holiday.
	if s.Agreed != 4*18*3600 {
		t.Errorf("agreed = %d, want %d", s.Agreed, 4*18*3600)
	}
	fw, pbx := s.Devices[0], s.Devices[2]
	// M1 counts an hour, M2 came too late, M3 counts until it was cancelled.
	if fw.Excluded != 2*3600 || fw.Down != 18*60+60 || fw.DownUnderMaintenance != 600 || fw.Announced != 3600+1800+7200 {
		t.Errorf("firewall: excluded, down, down under maintenance, announced = %d, %d, %d, %d", fw.Excluded, fw.Down, fw.DownUnderMaintenance, fw.Announced)
	}
	if fw.Short != (statement.Short{Count: 1, Down: 60}) {
		t.Errorf("firewall: short interruptions = %+v, want one of 60 s", fw.Short)
	}
	if pbx.Excluded != 600 || pbx.Down != 600 || pbx.Unknown != 1800 {
		t.Errorf("exchange: excluded, down, unknown = %d, %d, %d, want 600, 600, 1800", pbx.Excluded, pbx.Down, pbx.Unknown)
	}
	if n := len(s.Incidents); n != 3 {
		t.Fatalf("incidents = %d, want 3", n)
	}
	together := s.Incidents[1]
	if together.ID != "INC-0351" || len(together.Devices) != 2 || together.CountedDown != 18*60 {
		t.Errorf("incident of firewall and router = %+v, want one of both, 1080 s counted once", together)
	}
	if got := s.Services[0].Result; got != statement.ResultNotMet {
		t.Errorf("result of internet = %s, want %s", got, statement.ResultNotMet)
	}
	if got := s.Services[1].Result; got != statement.ResultMet {
		t.Errorf("result of voice = %s, want %s", got, statement.ResultMet)
	}
}

func TestRunning(t *testing.T) {
	s := statement.Build(running(t))
	if s.CountedUntil == nil || *s.CountedUntil != "2026-06-09T11:58:30+02:00" {
		t.Errorf("counted until = %v, want now less 90 s", s.CountedUntil)
	}
	if want := int64(5*3600 + 58*60 + 30); s.Agreed != want || s.Pending != 12*3600+90 {
		t.Errorf("agreed, pending = %d, %d, want %d, %d", s.Agreed, s.Pending, want, 12*3600+90)
	}
	if len(s.Incidents) != 1 || s.Incidents[0].To != nil || !s.Incidents[0].Single || s.Incidents[0].ID != "INC-0400" {
		t.Errorf("incidents = %+v, want INC-0400, open, on a single witness", s.Incidents)
	}
	if !s.Versions[0].FewWitnesses {
		t.Error("two voters are not said to be few")
	}
}

func TestNamesOfJSON(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(statement.Build(holiday(t)).JSON(), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"agreed_s", "excluded_s", "up_s", "down_s", "unknown_s", "eligible_s", "availability_pct",
		"availability_if_unknown_down_pct", "availability_if_unknown_up_pct", "coverage_pct", "incidents", "services", "devices", "exclusions"} {
		if _, ok := got[name]; !ok {
			t.Errorf("JSON has no %s", name)
		}
	}
	if got["availability_pct"] != nil {
		t.Errorf("availability_pct = %v, want null: nothing was agreed", got["availability_pct"])
	}
	for name, v := range got {
		if _, list := v.([]any); !list && v == nil && name != "availability_pct" && !strings.HasSuffix(name, "_pct") && name != "counted_until" {
			t.Errorf("%s is null", name)
		}
	}
}

func TestCSVIsInert(t *testing.T) {
	in := holiday(t)
	in.Customer.Name = `=cmd|' /C calc'!A0, "quoted"`
	records, err := csv.NewReader(strings.NewReader(string(statement.Build(in).CSV()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 3 || records[1][2] != "'"+in.Customer.Name {
		t.Errorf("CSV() = %q, want the name behind an apostrophe", records)
	}
}

// A rendering that changes, in whatever detail, is of another edition.
func TestEdition(t *testing.T) {
	sum := sha256.New()
	for _, in := range []statement.Input{week(t), running(t), holiday(t)} {
		s := statement.Build(in)
		for _, l := range []statement.Language{statement.English, statement.Dutch} {
			for _, f := range []statement.Format{statement.FormatText, statement.FormatHTML, statement.FormatCSV} {
				sum.Write(s.Render(f, l))
			}
		}
	}
	got := fmt.Sprintf("%d %x\n", statement.Edition, sum.Sum(nil))
	file := filepath.Join("testdata", "edition.txt")
	if was, err := os.ReadFile(file); err == nil && string(was) != got && strings.HasPrefix(string(was), fmt.Sprint(statement.Edition, " ")) && !*update {
		t.Fatalf("statements are rendered otherwise than in edition %d: raise statement.Edition, then run with -update", statement.Edition)
	}
	golden(t, file, []byte(got))
}
