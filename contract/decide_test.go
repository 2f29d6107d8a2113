// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/contract"
)

// willux returns terms in the manner of the first contract: Brussels, legal holidays,
// working hours from 08:45 to 17:00.
func willux(t testing.TB) contract.Terms {
	x := sound(t)
	x.HolidayLists = []contract.HolidayList{{Country: contract.Belgium}}
	x.Office = contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: 525, To: 1020}}}
	return x
}

// TestExclusionRules decides one hour of Wednesday 10 June 2026 under one rule each.
func TestExclusionRules(t *testing.T) {
	from := sec("2026-06-10T20:00:00+02:00")
	rule := func(change func(*contract.ExclusionRule)) contract.ExclusionRule {
		r := contract.ExclusionRule{Kind: contract.ForceMajeure}
		change(&r)
		return r
	}
	without := rule(func(r *contract.ExclusionRule) { r.Announced, r.Delay = contract.NoticeWithoutDelay, 4*time.Hour })
	ahead := func(s contract.Response) contract.ExclusionRule {
		return rule(func(r *contract.ExclusionRule) {
			r.Announced, r.Ahead, r.Short = contract.NoticeBefore, contract.TimeLimit{N: 14, Unit: contract.Days}, s
		})
	}
	office := func(o contract.Response) contract.ExclusionRule {
		return rule(func(r *contract.ExclusionRule) { r.OfficeHours = o })
	}
	evidence := rule(func(r *contract.ExclusionRule) { r.Evidence = true })
	provider := rule(func(r *contract.ExclusionRule) { r.Accepted = contract.AcceptedProvider })
	customer := rule(func(r *contract.ExclusionRule) { r.Accepted = contract.AcceptedCustomer })
	deemed := rule(func(r *contract.ExclusionRule) {
		r.Accepted, r.Deemed = contract.AcceptedDeemed, contract.TimeLimit{N: 7, Unit: contract.WorkingDays}
	})
	eyes := rule(func(r *contract.ExclusionRule) { r.FourEyes = true })
	within := rule(func(r *contract.ExclusionRule) { r.Within = contract.TimeLimit{N: 15, Unit: contract.WorkingDays} })
	suspension := rule(func(r *contract.ExclusionRule) {
		r.Kind, r.Announced, r.Ahead, r.Short = contract.Suspension, contract.NoticeBefore, contract.TimeLimit{N: 15, Unit: contract.Days}, contract.Refuse
	})
	const morning = -9 * 3600 // 11:00 to 12:00 on the same day
	told := sec("2026-06-11T09:00:00+02:00")
	end := sec("2026-06-23T00:00:00+02:00") // seven working days later
	tests := []struct {
		name   string
		rule   contract.ExclusionRule
		change func(*contract.Exclusion)
		now    contract.Second
		why    contract.Why
		notes  string
	}{
		{"nothing is asked", rule(func(*contract.ExclusionRule) {}), nil, 0, "", "[]"},
		{"none, written out", rule(func(r *contract.ExclusionRule) { r.Announced, r.Accepted = "none", "none" }), nil, 0, "", "[]"},
		{"without delay, never announced", without, nil, 0, contract.WhyNotAnnounced, "[]"},
		{"without delay, at the last moment", without, func(e *contract.Exclusion) { e.AnnouncedAt = from + 4*3600 }, 0, "", "[]"},
		{"without delay, a second late", without, func(e *contract.Exclusion) { e.AnnouncedAt = from + 4*3600 + 1 }, 0, contract.WhyDelay, "[]"},
		{"two weeks ahead", ahead(contract.Refuse), func(e *contract.Exclusion) { e.AnnouncedAt = sec("2026-05-27T20:00:00+02:00") }, 0, "", "[]"},
		{"a second less, refused", ahead(contract.Refuse), func(e *contract.Exclusion) { e.AnnouncedAt = sec("2026-05-27T20:00:01+02:00") }, 0, contract.WhyShortNotice, "[]"},
		{"a second less, flagged", ahead(contract.Flag), func(e *contract.Exclusion) { e.AnnouncedAt = sec("2026-05-27T20:00:01+02:00") }, 0, "", "[announced with less notice than agreed]"},
		{"a second less, ignored", ahead(contract.Ignore), func(e *contract.Exclusion) { e.AnnouncedAt = sec("2026-05-27T20:00:01+02:00") }, 0, "", "[]"},
		{"suspended after fifteen days", suspension, func(e *contract.Exclusion) {
			e.Kind, e.AnnouncedAt = contract.Suspension, sec("2026-05-26T20:00:00+02:00")
		}, 0, "", "[]"},
		{"suspended too soon", suspension, func(e *contract.Exclusion) {
			e.Kind, e.AnnouncedAt = contract.Suspension, sec("2026-05-27T09:00:00+02:00")
		}, 0, contract.WhyShortNotice, "[]"},
		{"in the evening", office(contract.Refuse), nil, 0, "", "[]"},
		{"inside office hours, flagged", office(contract.Flag), func(e *contract.Exclusion) { e.From, e.To = e.From+morning, e.To+morning }, 0, "", "[inside office hours]"},
		{"inside office hours, refused", office(contract.Refuse), func(e *contract.Exclusion) { e.From, e.To = e.From+morning, e.To+morning }, 0, contract.WhyOfficeHours, "[]"},
		{"no evidence", evidence, nil, 0, contract.WhyNoEvidence, "[]"},
		{"evidence", evidence, func(e *contract.Exclusion) { e.Evidence = []string{"letter.pdf"} }, 0, "", "[]"},
		{"not accepted", provider, nil, 0, contract.WhyNotAccepted, "[]"},
		{"accepted", provider, func(e *contract.Exclusion) { e.Accepted = true }, 0, "", "[]"},
		{"accepted by the provider alone", customer, func(e *contract.Exclusion) { e.Accepted = true }, 0, contract.WhyNotCustomer, "[]"},
		{"accepted by the customer", customer, func(e *contract.Exclusion) { e.Accepted, e.AcceptedBy = true, contract.AcceptedCustomer }, 0, "", "[]"},
		{"silence, but he was not told", deemed, nil, end, contract.WhyNotTold, "[]"},
		{"silence, not for long enough", deemed, func(e *contract.Exclusion) { e.ToldAt = told }, end - 1, contract.WhyPending, "[]"},
		{"silence for long enough", deemed, func(e *contract.Exclusion) { e.ToldAt = told }, end, "", "[accepted by silence]"},
		{"he objected in time", deemed, func(e *contract.Exclusion) { e.ToldAt, e.ObjectedAt = told, end-1 }, end, contract.WhyObjected, "[]"},
		{"he objected too late", deemed, func(e *contract.Exclusion) { e.ToldAt, e.ObjectedAt = told, end }, end, "", "[accepted by silence]"},
		{"he accepted at once", deemed, func(e *contract.Exclusion) { e.Accepted, e.AcceptedBy = true, contract.AcceptedCustomer }, 0, "", "[]"},
		{"one person", eyes, func(e *contract.Exclusion) { e.Author, e.Approver = "an", "an" }, 0, contract.WhyFourEyes, "[]"},
		{"nobody approved", eyes, func(e *contract.Exclusion) { e.Author = "an" }, 0, contract.WhyFourEyes, "[]"},
		{"two people", eyes, func(e *contract.Exclusion) { e.Author, e.Approver = "an", "bo" }, 0, "", "[]"},
		{"never recorded", within, nil, 0, contract.WhyClaimedLate, "[]"},
		{"recorded on the fifteenth working day", within, func(e *contract.Exclusion) { e.RecordedAt = sec("2026-07-01T23:59:59+02:00") }, 0, "", "[recorded after it began]"},
		{"recorded a day later", within, func(e *contract.Exclusion) { e.RecordedAt = sec("2026-07-02T00:00:01+02:00") }, 0, contract.WhyClaimedLate, "[recorded after it began]"},
	}
	for _, tt := range tests {
		x := willux(t)
		x.Exclusions = []contract.ExclusionRule{tt.rule}
		e := contract.Exclusion{ID: "E", Kind: contract.ForceMajeure, Span: contract.Span{From: from, To: from + 3600}}
		if tt.change != nil {
			tt.change(&e)
		}
		d := contract.Scope{Versions: one(x), Now: tt.now}.Decide([]contract.Exclusion{e})[0]
		var counts, refused int64
		for _, s := range d.Counts {
			counts += s.Len()
		}
		for _, r := range d.Refused {
			refused += r.Len()
		}
		if d.Why != tt.why || (counts == 3600) != (tt.why == "") || counts+refused != 3600 || fmt.Sprint(d.Notes) != tt.notes {
			t.Errorf("%s: counts %d s, refused %d s, %q, %v, want %q, %v", tt.name, counts, refused, d.Why, d.Notes, tt.why, tt.notes)
		}
	}
}

// TestExclusionScope decides for subjects that are measured in part or not at all.
func TestExclusionScope(t *testing.T) {
	e := []contract.Exclusion{{ID: "E", Kind: contract.Maintenance, Span: contract.Span{From: 100, To: 200}, AnnouncedAt: 50}}
	for _, tt := range []struct {
		name  string
		scope contract.Scope
		want  string
		why   contract.Why
	}{
		{"no bounds", contract.Scope{Versions: one(alone())}, "[{100 200}] []", ""},
		{"not in the installed base", contract.Scope{Versions: one(alone()), Absent: true}, "[] [{{100 200} not in the installed base}]", contract.WhyNotInBase},
		{"before delivery", contract.Scope{Versions: one(alone()), Leases: []contract.Span{{From: 200, To: 900}}}, "[] [{{100 200} outside the lease}]", contract.WhyOutsideLease},
		{"returned in the middle of it", contract.Scope{Versions: one(alone()), Leases: []contract.Span{{From: 0, To: 130}}}, "[{100 130}] [{{130 200} outside the lease}]", contract.WhyOutsideLease},
		{"no lease at all", contract.Scope{Versions: one(alone()), Leases: []contract.Span{}}, "[] [{{100 200} outside the lease}]", contract.WhyOutsideLease},
		{"no contract", contract.Scope{}, "[] [{{100 200} no contract in force}]", contract.WhyNoContract},
	} {
		d := tt.scope.Decide(e)[0]
		if got := fmt.Sprint(d.Counts, " ", d.Refused); got != tt.want || d.Why != tt.why {
			t.Errorf("%s: Decide = %s, %q, want %s, %q", tt.name, got, d.Why, tt.want, tt.why)
		}
	}
}

// TestMonthlyCap allows two hours of maintenance a month, by service time.
func TestMonthlyCap(t *testing.T) {
	x := willux(t)
	x.Windows = []contract.Window{{Days: weekdays(), From: 360, To: 1440}}
	x.Exclusions[0].MonthlyCap = 2 * time.Hour
	work := func(id, from, to string) contract.Exclusion {
		return contract.Exclusion{ID: id, Kind: contract.Maintenance, Span: contract.Span{From: sec(from), To: sec(to)}, AnnouncedAt: 1}
	}
	decisions := contract.Decide(one(x), []contract.Exclusion{
		work("late", "2026-06-17T22:00:00+02:00", "2026-06-18T07:00:00+02:00"),  // the second hour from 22:00; nothing after it
		work("early", "2026-06-10T22:00:00+02:00", "2026-06-10T23:00:00+02:00"), // the first hour
		work("next", "2026-06-30T23:00:00+02:00", "2026-07-01T08:00:00+02:00"),  // beyond in June; two hours of July
	})
	want := []string{
		"early counts", "late counts in part; not 2026-06-17T23:00:00+02:00  2026-06-18T07:00:00+02:00: beyond the excluded hours of a month",
		"next counts in part; not 2026-06-30T23:00:00+02:00  2026-07-01T00:00:00+02:00: beyond the excluded hours of a month",
	}
	for i, d := range decisions {
		line := d.ID + d.Line(x.Zone)[len(d.ID)+len(" maintenance 2026-06-10T22:00:00+02:00  2026-06-10T23:00:00+02:00:"):]
		if line != want[i] {
			t.Errorf("decision %d = %q, want %q", i, line, want[i])
		}
	}
	x.ExcludedCap, x.Exclusions[0].MonthlyCap = time.Hour, 0
	x.Exclusions = append(x.Exclusions[:1:1], contract.ExclusionRule{Kind: contract.ThirdParty})
	third := work("third", "2026-06-10T22:30:00+02:00", "2026-06-11T00:00:00+02:00")
	third.Kind = contract.ThirdParty
	decisions = contract.Decide(one(x), []contract.Exclusion{work("own", "2026-06-10T22:00:00+02:00", "2026-06-10T23:30:00+02:00"), third})
	if got := contract.Total(append(decisions[0].Counts, decisions[1].Counts...)); got != 3600 {
		t.Errorf("excluded by two kinds that overlap = %d s, want the cap of 3600 for both together", got)
	}
}

// TestCapAgainstNaive walks the month second by second in hand-made windows: UTC, so
// that the one question is what a cap does.
func TestCapAgainstNaive(t *testing.T) {
	start := sec("2026-05-01T00:00:00Z")
	rapid.Check(t, func(rt *rapid.T) {
		x := alone()
		x.Windows = []contract.Window{{Days: contract.AllWeek, From: 600, To: 1200}}
		limit := int64(rapid.IntRange(1, 60000).Draw(rt, "cap"))
		x.Exclusions = []contract.ExclusionRule{{Kind: contract.Maintenance, MonthlyCap: time.Duration(limit) * time.Second}}
		var list []contract.Exclusion
		for i := range rapid.IntRange(1, 5).Draw(rt, "works") {
			from := start + contract.Second(rapid.IntRange(-86400, 3*86400).Draw(rt, "from"))
			list = append(list, contract.Exclusion{ID: fmt.Sprint(i), Kind: contract.Maintenance,
				Span: contract.Span{From: from, To: from + contract.Second(rapid.IntRange(1, 100000).Draw(rt, "long"))}})
		}
		claimed := func(s contract.Second) bool {
			return slices.ContainsFunc(list, func(e contract.Exclusion) bool { return e.Contains(s) })
		}
		service := func(s contract.Second) bool { o := s % 86400; return o >= 36000 && o < 72000 }
		used := map[bool]int64{} // by month: before May, or not
		var counts []contract.Span
		for _, d := range contract.Decide(one(x), list) {
			counts = append(counts, d.Counts...)
		}
		counts = contract.Union(counts)
		for s := start - 86400; s < start+5*86400; s++ {
			if !claimed(s) || !service(s) {
				continue
			}
			used[s < start]++
			want := used[s < start] <= limit
			got := slices.ContainsFunc(counts, func(c contract.Span) bool { return c.Contains(s) })
			if got != want {
				rt.Fatalf("second %d of May: excluded %v, want %v (%d of %d used)", s-start, got, want, used[s < start], limit)
			}
		}
	})
}
