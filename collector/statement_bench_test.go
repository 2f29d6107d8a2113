// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// BenchmarkStatement makes the statement of a customer with 1,000 devices over 31 days
// that are over, each seen by three locations and out for some minutes on one day in
// five: cold by a collector that has just started and was there when the days ended,
// warm by one that was asked before. HTML is what it then takes to write the document.
func BenchmarkStatement(b *testing.B) {
	const devices, days = 1000, 31
	first := contract.Floor(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	period := contract.Span{From: first, To: first + days*secondsADay}
	now := (period.To + secondsADay).Time()
	store, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	cold := func() *Collector { return benchCollector(b, store, devices, period.From, now) }
	c := cold()
	for n := range c.base.Load().customers["acme"].Sites[0].Devices {
		keepDays(b, c, vouch.DeviceID(fmt.Sprint("rt", n)), n, period)
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			makeStatement(b, cold(), period)
		}
	})
	b.Run("warm", func(b *testing.B) {
		c := cold()
		makeStatement(b, c, period)
		for b.Loop() {
			makeStatement(b, c, period)
		}
	})
	b.Run("html", func(b *testing.B) {
		s, err := cold().statement(b.Context(), "acme", period)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			b.ReportMetric(float64(len(s.HTML(statement.Dutch))), "bytes")
		}
	})
}

// Days that are over are judged and stored without anybody asking, from the first that
// a device was measured on.
func TestDaysAreJudgedByNight(t *testing.T) {
	first := contract.Floor(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	c := benchCollector(t, store, 3, first+5*secondsADay+7, (first + 10*secondsADay).Time())
	next, err := c.figures.judgeDays(t.Context(), int64(first/secondsADay))
	if want := int64(first/secondsADay) + 9; err != nil || next != want { // the tenth is over, but samples of it may be under way
		t.Errorf("judgeDays = %d, %v, want %d", next, err, want)
	}
	items, err := store.Items(t.Context(), "acme", itemDay)
	if err != nil || len(items) != 3*4 {
		t.Errorf("%d days are stored (%v), want 4 of each of 3 devices", len(items), err)
	}
	if items[0].ID != "rt0/2026-10-06" {
		t.Errorf("the first day stored is %s, want rt0/2026-10-06", items[0].ID)
	}
}

// What is stored of a day is all that its verdict holds, but for what is added later:
// exclusions, and the causes of a tree.
func TestDayIsStoredWhole(t *testing.T) {
	full := contract.Segment{
		Span: contract.Span{From: 1, To: 2}, State: contract.Down, Degraded: contract.EffectFigure, Reason: vouch.ReasonLocation, Version: 3,
		Witnesses: []contract.Witness{{Location: "AMS", Custody: vouch.CustodyNeutral, Votes: true, State: contract.Up, Degraded: contract.EffectIncident, Reason: vouch.ReasonClock}},
	}
	later := map[string]bool{"Causes": true, "Excluded": true}
	for _, v := range []reflect.Value{reflect.ValueOf(full), reflect.ValueOf(full.Witnesses[0])} {
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; v.Field(i).IsZero() && !later[name] {
				t.Fatalf("field %s of %s is not tried: does a stored day hold it?", name, v.Type())
			}
		}
	}
	want := day{Verdict: []contract.Segment{full}, InForce: []contract.Second{4}, Leases: []contract.Span{{From: 5, To: 6}}}
	raw, err := want.marshal()
	var got day
	if err == nil {
		err = got.unmarshal(raw)
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a stored day is %+v, %v, want %+v", got, err, want)
	}
}

// benchCollector returns a collector that has just started.
func benchCollector(t testing.TB, store *sqlite.Store, devices int, since contract.Second, now time.Time) *Collector {
	t.Helper()
	site := vouch.Site{ID: "hq"}
	records := newBooks()
	take := func(kind evidence.RecordKind, body any) {
		raw, err := evidence.MarshalCanonical(body)
		if err == nil {
			err = records.take(evidence.Record{RecordHeader: evidence.RecordHeader{Customer: "acme", Kind: kind, Recorded: since.Time(), Effective: since.Time()}, Body: raw})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	installed := book.SiteBody{Subject: "site/hq", Site: "hq"}
	var checks []book.CheckBody
	for n := range devices {
		d := vouch.Device{ID: vouch.DeviceID(fmt.Sprint("rt", n)), Class: vouch.ClassRouter}
		site.Devices = append(site.Devices, d)
		installed.Devices = append(installed.Devices, book.DeviceBodyOf(d))
		checks = append(checks, book.CheckBody{Device: d.ID, Check: "icmp", Kind: vouch.KindICMP})
	}
	take(evidence.KindInstallation, installed)
	for _, agent := range []vouch.AgentID{"AMS-1", "BRU-1", "FRA-1"} {
		take(evidence.KindAssignment, book.AssignmentBody{Subject: string(agent) + "/hq", Agent: agent, Site: "hq", Checks: checks})
	}
	terms := contract.DefaultTerms()
	terms.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	terms.Voters = []contract.Voter{
		{Location: "AMS", Custody: vouch.CustodyProvider}, {Location: "BRU", Custody: vouch.CustodyProvider}, {Location: "FRA", Custody: vouch.CustodyNeutral},
	}
	take(evidence.KindContract, book.ContractBody{Subject: "gold/1", Contract: "gold", Version: contract.Version{Number: 1, Terms: terms}})
	first, err := newBase(Installed{Base: Base{Provider: "Kade", Customers: []vouch.Customer{{ID: "acme", Sites: []vouch.Site{site}}}}})
	if err != nil {
		t.Fatal(err)
	}
	base := new(atomic.Pointer[base])
	base.Store(first)
	clock := func() time.Time { return now }
	return &Collector{base: base, book: records, store: store, figures: newFigures(base, records, store, clock), now: clock}
}

// keepDays stores what the nights leave of a device.
func keepDays(b *testing.B, c *Collector, id vouch.DeviceID, n int, period contract.Span) {
	b.Helper()
	p := c.base.Load().devices[deviceKey{"acme", id}]
	for at := period.From; at < period.To; at += secondsADay {
		k := dayKey{deviceKey{"acme", id}, int64(at / secondsADay)}
		d := day{benchVerdict(at, (n+int(k.day))%5 == 0), c.figures.inForce("acme"), c.book.leases(p)}
		if err := c.figures.keepDay(b.Context(), k, d, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func benchVerdict(at contract.Second, out bool) []contract.Segment {
	segment := func(from, to contract.Second, state contract.State) contract.Segment {
		s := contract.Segment{Span: contract.Span{From: at + from, To: at + to}, State: state, Version: 1}
		for _, l := range []vouch.LocationID{"AMS", "BRU", "FRA"} {
			s.Witnesses = append(s.Witnesses, contract.Witness{Location: l, Votes: true, State: state})
		}
		return s
	}
	if !out {
		return []contract.Segment{segment(0, secondsADay, contract.Up)}
	}
	return []contract.Segment{
		segment(0, 36_000, contract.Up), segment(36_000, 36_420, contract.Down), segment(36_420, secondsADay, contract.Up),
	}
}

func makeStatement(b *testing.B, c *Collector, period contract.Span) {
	b.Helper()
	s, err := c.statement(b.Context(), "acme", period)
	if err != nil {
		b.Fatal(err)
	}
	if len(s.Devices) != 1000 || s.Down == 0 || s.JSON() == nil {
		b.Fatal("the statement is not what the days say")
	}
}
