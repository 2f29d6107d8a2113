// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/report"
	"github.com/vouch-sla/vouch/statement"
)

// week is the statement of a week in June 2026, 99.284009 % of it measured.
func week(t testing.TB) statement.Statement {
	t.Helper()
	b, err := os.ReadFile("../statement/testdata/week/statement.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := statement.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func target(t testing.TB, s string) contract.Target {
	t.Helper()
	x, err := contract.ParseTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func at(t testing.TB, s string) contract.Second {
	t.Helper()
	x, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return contract.Floor(x)
}

// terms promise P1 a reaction within 2 hours and a resolution within 4, P2 within 8,
// of Mon-Fri 08:00-18:00, and 80 % of all resolved in time.
func terms(t testing.TB) contract.Terms {
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	x := contract.DefaultTerms()
	x.Zone = contract.ZoneOf(loc)
	x.Windows = []contract.Window{{Days: contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), From: 8 * 60, To: 18 * 60}}
	hours := func(n int) contract.TimeLimit { return contract.TimeLimit{N: n, Unit: contract.HoursUnit} }
	x.Support.Level = "gold"
	x.Support.Levels = []contract.Level{{Name: "gold", Targets: []contract.ResponseTarget{
		{Priority: contract.P1, Reaction: hours(2), Resolution: hours(4)}, {Priority: contract.P2, Reaction: hours(4), Resolution: hours(8)}}}}
	x.Support.Reaction.Starts = contract.StartEarlier
	x.Support.Share = contract.ShareRule{Target: target(t, "80"), All: true}
	share := func(s string) contract.Share {
		n, err := contract.ParseShare(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	x.Support.Credit = contract.CreditRule{PerDay: share("10"), Cap: share("100"), Base: contract.MonthBefore, CapBase: contract.MonthBefore,
		Days: contract.DaysCommenced, Resolution: true, Attributed: true}
	return x
}

// handled makes a case of what happened to an incident.
func handled(t testing.TB, x contract.Terms, id string, p contract.Priority, from, told, to string, more ...contract.Event) report.Case {
	t.Helper()
	f := contract.CaseFile{Versions: []contract.Version{{Number: 1, Terms: x}}, Now: at(t, "2026-06-13T00:00:00+02:00"),
		Invoices: []contract.Invoice{{Month: contract.Date{Year: 2026, Month: time.May, Day: 1}, Invoiced: 124000, Paid: 124000}}, Events: more}
	c := report.Case{ID: id, Devices: []vouch.DeviceID{"mdk-fw1"}, From: at(t, from), Open: to == ""}
	f.Events = append(f.Events, contract.Event{Kind: contract.EventDetected, At: c.From})
	if p != contract.NoPriority {
		f.Events = append(f.Events, contract.Event{Kind: contract.EventRated, At: c.From, Priority: p})
	}
	if told != "" {
		f.Events = append(f.Events, contract.Event{Kind: contract.EventTold, At: at(t, told)})
	}
	if to != "" {
		c.To = at(t, to)
		f.Events = append(f.Events, contract.Event{Kind: contract.EventOperational, At: c.To})
	}
	c.Handling = f.Handle()
	return c
}

// input is a week from Monday 8 June 00:00 to Saturday 13 June 00:00, worked by hand.
func input(t testing.TB) report.Input {
	x := terms(t)
	blame := contract.Event{Kind: contract.EventAttributed, At: at(t, "2026-06-12T12:00:00+02:00"), To: "provider"}
	return report.Input{Statement: week(t), Terms: x, Cases: []report.Case{
		// Told after 30 minutes of service time, resolved 1 hour later.
		handled(t, x, "INC-1", contract.P1, "2026-06-08T09:00:00+02:00", "2026-06-08T09:30:00+02:00", "2026-06-08T10:30:00+02:00"),
		// Friday before the period until Monday: 1 h on Friday, told then; 3 h 30 of Monday are in time.
		handled(t, x, "INC-2", contract.P1, "2026-06-05T17:00:00+02:00", "2026-06-05T17:30:00+02:00", "2026-06-08T11:30:00+02:00"),
		// Told 2 h 30 after: late; the resolution began at the deadline, 12:00, and ends 17:00: 5 h, an hour late.
		handled(t, x, "INC-3", contract.P1, "2026-06-09T10:00:00+02:00", "2026-06-09T12:30:00+02:00", "2026-06-09T17:00:00+02:00", blame),
		// Still open, and late: 8 h of service time were over on Friday at 09:00.
		handled(t, x, "INC-4", contract.P2, "2026-06-11T10:00:00+02:00", "2026-06-11T11:00:00+02:00", ""),
		// No priority, so no promise.
		handled(t, x, "INC-5", contract.NoPriority, "2026-06-10T10:00:00+02:00", "", "2026-06-10T11:00:00+02:00"),
		// Over before the period.
		handled(t, x, "INC-0", contract.P1, "2026-06-02T10:00:00+02:00", "2026-06-02T10:10:00+02:00", "2026-06-02T11:00:00+02:00"),
	}}
}

func TestIncidents(t *testing.T) {
	r := report.BuildIncidents(input(t))
	if len(r.List) != 5 || r.List[0].ID != "INC-2" || r.List[4].ID != "INC-4" || r.List[4].To != "" {
		t.Fatalf("incidents = %+v, want five from INC-2 to the open INC-4", r.List)
	}
	p1, p2, all := r.Lines[0], r.Lines[1], r.Lines[len(r.Lines)-1]
	if p1.Priority != "P1" || p1.Incidents != 3 || p1.Reaction.Of != 2 || p1.Reaction.Ended != 2 || p1.Reaction.InTime != 1 {
		t.Errorf("P1 reaction = %+v, want 1 of 2 in time: INC-2 was told before the period", p1)
	}
	if f := p1.Resolution; f.Of != 3 || f.InTime != 2 || f.OfAll.String() != "66.666666" || f.P80 != 5*3600 || f.P95 != 5*3600 {
		t.Errorf("P1 resolution = %+v, want 2 of 3 in time, 80th and 95th 5 h", f)
	}
	if f := p2.Resolution; f.Of != 1 || f.Ended != 0 || f.Overdue != 1 || f.OfEnded.Valid() || f.OfAll.String() != "0.000000" {
		t.Errorf("P2 resolution = %+v, want one that is open and late, and no share of what ended", f)
	}
	if f := all.Resolution; all.Incidents != 5 || f.Of != 4 || f.Ended != 3 || f.InTime != 2 || all.Reaction.Unasked != 1 || f.OfAll.String() != "50.000000" || f.OfEnded.String() != "66.666666" {
		t.Errorf("all = %+v, want 2 in time, of 3 ended and 4 in all, one without a promise", f)
	}
	if r.Agreed.String() != "50.000000" || r.All.Of != 4 || r.All.LeftOut != 1 || r.Over != "all" || r.Result != statement.ResultNotMet {
		t.Errorf("share = %s of %+v, %s, want 50 %% of 4: not met", r.Agreed, r.All, r.Result)
	}
	if i := r.List[0]; i.Resolution.State != report.ClockInTime || i.Resolution.Used != 4*3600 || i.Resolution.Target != 4*3600 {
		t.Errorf("INC-2 = %+v, want exactly 4 h of 4 h, in time", i.Resolution)
	}
	if i := r.List[2]; i.Reaction.State != report.ClockLate || i.Reaction.Exceeded != 1800 || i.Resolution.Exceeded != 3600 {
		t.Errorf("INC-3 = %+v, want the reaction late by 30 min and the resolution by an hour", i)
	}
}

// What stands above the figures follows from them and from how much was measured.
func TestResult(t *testing.T) {
	for _, c := range []struct {
		target, floor string
		cases         int
		want          statement.Result
		says, zegt    string
	}{
		{"50", "99", 6, statement.ResultMet, "meets the target of 50", "haalt het doel van 50"},
		{"50.000001", "99", 6, statement.ResultNotMet, "target of 50.000001\u00a0% not met", "doel van 50,000001\u00a0% niet gehaald"},
		{"50", "99.3", 6, statement.ResultUnclear, "cannot be assessed", "niet te beoordelen"},
		{"50", "99", 0, statement.ResultUnclear, "None of them counts", "Geen ervan telt mee"},
		{"", "99", 6, statement.ResultNoTarget, "agrees no share", "spreekt geen aandeel af"},
	} {
		in := input(t)
		in.Terms.MinCoverage = target(t, c.floor)
		in.Terms.Support.Share.Target = contract.Target{}
		if c.target != "" {
			in.Terms.Support.Share.Target = target(t, c.target)
		}
		in.Cases = in.Cases[:c.cases]
		r := report.BuildIncidents(in)
		if r.Result != c.want {
			t.Errorf("target %s, floor %s: %s, want %s", c.target, c.floor, r.Result, c.want)
		}
		for l, want := range map[statement.Language]string{statement.English: c.says, statement.Dutch: c.zegt} {
			if got := r.Sheet(l).Lead; !strings.Contains(got, want) || strings.Contains(got, "breach") {
				t.Errorf("target %s, floor %s in %s: %q does not say %q", c.target, c.floor, l, got, want)
			}
		}
	}
}

func TestCredit(t *testing.T) {
	r := report.BuildCredit(input(t))
	// 10 % of 1,240.00 for the day that INC-3 was late; INC-4 has nobody to blame yet.
	if r.Due != 12400 || len(r.List) != 2 || r.List[0].Incident != "INC-3" || !r.List[0].Due || r.List[0].Items[0].Days != 1 {
		t.Errorf("credit = %+v, want 124.00 due for INC-3", r)
	}
	if x := r.List[1]; x.Incident != "INC-4" || x.Due || len(x.Why) == 0 || r.Pending != x.Cents {
		t.Errorf("INC-4 = %+v, want something in its way", x)
	}
	if got := r.Sheet(statement.Dutch).Lead; !strings.Contains(got, "€\u00a0124,00") {
		t.Errorf("in Dutch: %q", got)
	}
	in := input(t)
	in.Terms.Support.Credit.PerDay = 0
	if got := report.BuildCredit(in).Sheet(statement.English).Lead; !strings.Contains(got, "agrees no credit") {
		t.Errorf("without credit: %q", got)
	}
}

// Every form says every figure, and a spreadsheet finds no formula in the CSV.
func TestForms(t *testing.T) {
	in := input(t)
	in.Cases[0].ID = `=HYPERLINK("http://x","y")`
	in.Cases[1].Devices = []vouch.DeviceID{"@cmd", "+1"}
	base := report.Base{Schema: report.SchemaBase, Customer: "nhv", CustomerName: "-1+1", AsOf: "2026-06-08T00:00:00+02:00", Positions: []report.Position{
		{Site: "mdk", SiteName: "=1+1", Device: "mdk-fw1", Class: vouch.ClassFirewall, Services: []string{"\tx"}, Units: []string{"＝1"}}}}
	for name, r := range map[string]report.Report{"incidents": report.BuildIncidents(in), "credit": report.BuildCredit(in), "base": base} {
		rows, err := csv.NewReader(strings.NewReader(string(report.CSV(r)))).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: CSV has %d rows, %v", name, len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(string([]rune(cell)[:1]), "=+-@\t\r\n＝＋－＠") {
					t.Errorf("%s: a cell of the CSV begins a formula: %q", name, cell)
				}
			}
		}
		if !json.Valid(report.JSON(r)) {
			t.Errorf("%s: no JSON", name)
		}
		for _, l := range []statement.Language{statement.English, statement.Dutch} {
			if h := string(report.HTML(r, l)); !strings.Contains(h, `<html lang="`+string(l)) || strings.Contains(h, "src=") || strings.Contains(h, "<script") || strings.Contains(h, "href=") {
				t.Errorf("%s in %s: no document of its own", name, l)
			}
			if text := string(report.Text(r, l)); !strings.Contains(text, "\n") || strings.ContainsAny(text, "\t\u00a0") {
				t.Errorf("%s in %s: the text holds what a terminal does not show", name, l)
			}
		}
	}
}
