// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

func noTarget(k asked) string { return k.Terms.TargetOf("").String() }

func noCredit(k asked) string { return fmt.Sprint(int64(k.Terms.Support.Credit.PerDay)) }

func fullEvidence(k asked) string { return fmt.Sprint(k.Terms.FullEvidence) }

func kept(k asked) string { return k.Terms.Keep.String() }

// shareOf reports ten incidents of which so many were resolved in time, as the contract
// computes the share.
func (k asked) shareOf(inTime int, change func(*contract.CaseFile)) string {
	var repairs []contract.Repair
	for i := range 10 {
		done := "2026-06-02 12:00"
		if i >= inTime {
			done = "2026-06-20 12:00"
		}
		f := k.file("2026-07-31 12:00", contract.P2, "reported @ 2026-06-01 10:00", "told @ 2026-06-01 11:00", "operational @ "+done)
		if i >= inTime && change != nil {
			change(&f)
		}
		repairs = append(repairs, f.Handle().Repair)
	}
	x := contract.ResolvedInTime(k.Terms.Support.Share, repairs)
	return fmt.Sprintf("%s %v", x.Agreed.Share, x.Met)
}

func TestIntoClauses(t *testing.T) {
	const reported, told = "reported @ 2026-06-01 10:00", "told @ 2026-06-01 11:00"
	replaced := []string{reported, told, "replaced @ 2026-06-02 10:00", "persists @ 2026-06-02 11:00", "operational @ 2026-06-20 10:00"}
	runClauses(t, []clause{
		{"into", "1.27", "working hours of a Monday, a Friday, a Saturday, King's Day", nil, func(k asked) string {
			c := k.Terms.OfficeCalendar()
			return k.hours(c, "2026-06-01") + ", " + k.hours(c, "2026-06-05") + ", " + k.hours(c, "2026-06-06") + ", " + k.hours(c, "2026-04-27")
		}, "08:00-18:00, 08:00-17:00, , "},
		{"into", "20.5, 26.4", "no target", nil, noTarget, ""},
		{"into", "21.1, 26.7", "maintenance told in time, outside office hours", nil, func(k asked) string {
			e := k.claim(contract.Maintenance)
			e.Span = contract.Span{From: k.at("2026-06-03 20:00"), To: k.at("2026-06-03 22:00")}
			e.AnnouncedAt = k.at("2026-05-20 10:00")
			return k.decide(e)
		}, "left out"},
		{"into", "21.1, 26.7, 37.3", "maintenance at short notice, inside office hours", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 09:00") },
			"left out [announced with less notice than agreed] [inside office hours]"},
		{"into", "21.1, 37.3", "office hours refused", []string{"office_hours: flag}", "office_hours: refuse}"}, func(k asked) string { return k.announced(contract.Maintenance, "2026-05-20 09:00") },
			string(contract.WhyOfficeHours)},
		{"into", "21.1, 26.7", "maintenance told afterwards", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 11:00") }, string(contract.WhyLate)},
		{"into", "12.2", "force majeure without notice or evidence", nil, func(k asked) string { return k.bare(contract.ForceMajeure) }, "left out"},
		{"into", "35.2, 39.1", "misuse, with evidence", nil, func(k asked) string { return k.announced(contract.CustomerAct, "") }, "left out"},
		{"into", "35.2, 39.1", "misuse, without", nil, func(k asked) string { return k.bare(contract.CustomerAct) }, string(contract.WhyNoEvidence)},
		{"into", "40.1", "lines, power, equipment not under contract", nil, func(k asked) string { return k.announced(contract.ThirdParty, "") }, "left out"},
		{"into", "38.1", "not in the installed base: no repair time", nil, func(k asked) string {
			f := k.file("2026-06-20 12:00", contract.P2, reported, told)
			f.NotInBase = true
			return k.deadline(f.Handle(), contract.ClockResolution)
		}, "none"},
		{"into", "38.2", "a repair time where the SLA sets one", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-20 12:00", contract.P2, reported, told), contract.ClockResolution)
		}, "2026-06-03 11:00"},
		{"into", "38.2", "replaced and persisting: no repair time", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-20 12:00", contract.P2, replaced...), contract.ClockResolution)
		}, "none"},
		{"into", "38.2", "replaced and persisting: outside the share", nil, func(k asked) string {
			return fmt.Sprint(slices.Contains(k.handle("2026-06-20 12:00", contract.P2, replaced...).Repair.Grounds, contract.GroundOutsideEquipment))
		}, "true"},
		{"into", "38.2", "eight of ten in time", nil, func(k asked) string { return k.shareOf(8, nil) }, "80.000000 true"},
		{"into", "38.2", "seven of ten in time", nil, func(k asked) string { return k.shareOf(7, nil) }, "70.000000 false"},
		{"into", "38.2", "software does not count", nil, func(k asked) string { return k.shareOf(7, func(f *contract.CaseFile) { f.NotHardware = true }) }, "100.000000 true"},
		{"into", "6.1", "no credit", nil, noCredit, "0"},
		{"into", "9.5", "evidence for twelve months and six", nil, kept, "18 months"},
		{"into", "10.1", "final after seven working days", nil, func(k asked) string { return k.clock(k.Terms.FinalAt(k.at("2026-06-01 10:00"))) }, "2026-06-11 00:00"},
	})
}

func TestITFormuleClauses(t *testing.T) {
	runClauses(t, []clause{
		{"it-formule", "11.2", "maintenance announced beforehand", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 09:59") }, "left out"},
		{"it-formule", "11.2", "maintenance announced afterwards", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 10:01") }, string(contract.WhyLate)},
		{"it-formule", "11.2", "circumstances outside control, once accepted", nil, func(k asked) string { return k.bare(contract.OutsideControl) }, "left out"},
		{"it-formule", "11.2", "circumstances not accepted", nil, func(k asked) string {
			e := k.claim(contract.OutsideControl)
			e.Accepted = false
			return k.decide(e)
		}, string(contract.WhyNotAccepted)},
		{"it-formule", "25.2", "force majeure, hacking and third parties included", nil, func(k asked) string {
			return k.bare(contract.ForceMajeure) + ", " + k.bare(contract.Cybercrime) + ", " + k.bare(contract.ThirdParty)
		}, "left out, left out, left out"},
		{"it-formule", "25.2", "items that the customer prescribed", nil, func(k asked) string { return k.bare(contract.CustomerAct) }, "left out"},
		{"it-formule", "11.2", "over the duration of the agreement", nil, func(k asked) string {
			p := contract.PeriodAt(k.versions(), k.at("2027-03-01 10:00"))
			return k.clock(p.From) + " to " + k.clock(p.To)
		}, "2026-01-01 00:00 to 2029-01-01 00:00"},
		{"it-formule", "11.2", "over the service as a whole", nil, func(k asked) string { return fmt.Sprint(k.Terms.TargetOf("").Set(), len(k.Terms.Targets)) }, "true 1"},
		{"it-formule", "11.2", "the measurement is full evidence", nil, fullEvidence, "true"},
		{"it-formule", "9.4, 11.1", "best effort: no times promised", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-20 12:00", contract.P1, "reported @ 2026-06-01 10:00"), contract.ClockReaction)
		}, "none"},
		{"it-formule", "9.4", "circumstances are told", nil, func(k asked) string { return due(k, "circumstances", "2026-06-01 10:00") }, "as soon as possible"},
		{"it-formule", "10.5", "called off three days, two days, a day ahead", nil, func(k asked) string {
			at, out := k.at("2026-06-10 10:00"), ""
			for _, ahead := range []contract.Second{72, 48, 47, 23} {
				allowed, charged := k.Terms.Appointment.Call(at-ahead*3600, at, k.Terms.OfficeCalendar())
				out += fmt.Sprint(allowed, charged, " ")
			}
			return out
		}, "true false true false false false false true "},
		{"it-formule", "24A", "items returned within fourteen days", nil, func(k asked) string { return due(k, "return-of-items", "2026-06-01 10:00") }, "2026-06-16 00:00"},
		{"it-formule", "26.1", "notice of default within fourteen days", nil, func(k asked) string { return due(k, "notice-of-default", "2026-06-01 10:00") }, "2026-06-16 00:00"},
		{"it-formule", "26.10", "evidence for a year and six months", nil, kept, "18 months"},
	})
}

func TestWestersClauses(t *testing.T) {
	runClauses(t, []clause{
		{"westers", "E.3.2", "no target", nil, noTarget, ""},
		{"westers", "E.3.3, A.16.4", "measurement and log files are full evidence", nil, fullEvidence, "true"},
		{"westers", "E.4.1", "maintenance inside office hours is left out, and flagged", nil, func(k asked) string { return k.announced(contract.Maintenance, "") }, "left out [inside office hours]"},
		{"westers", "A.9.1, A.9.3", "force majeure, notified the same day with evidence", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "2026-06-03 18:00") }, "left out"},
		{"westers", "A.9.1, A.9.3", "force majeure without notice", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "") }, string(contract.WhyNotAnnounced)},
		{"westers", "A.9.1, A.9.3", "force majeure notified after a week", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "2026-06-10 18:00") }, string(contract.WhyDelay)},
		{"westers", "A.9.1, A.9.3", "force majeure without evidence", nil, func(k asked) string {
			e := k.claim(contract.ForceMajeure)
			e.AnnouncedAt, e.Evidence = k.at("2026-06-03 10:30"), nil
			return k.decide(e)
		}, string(contract.WhyNoEvidence)},
		{"westers", "A.11.13", "a breach reported within 48 hours, weekend or not", nil, func(k asked) string { return due(k, "data-breach", "2026-06-05 17:00") }, "2026-06-07 17:00"},
		{"westers", "A.11.14", "with nine things", nil, func(k asked) string { return fmt.Sprint(len(k.Terms.Duties[1].Contents), " ", k.Terms.Duties[1].Name) }, "9 data-breach"},
		{"westers", "D.2.5", "repaired within thirty days", nil, func(k asked) string { return due(k, "repair", "2026-06-01 10:00") }, "2026-07-02 00:00"},
		{"westers", "A.8.6", "claims within thirty days", nil, func(k asked) string { return due(k, "claim", "2026-06-01 10:00") }, "2026-07-02 00:00"},
		{"westers", "A.8.6", "evidence for thirty days and six months", nil, kept, "7 months"},
		{"westers", "D.1.3", "no credit", nil, noCredit, "0"},
	})
}

func TestIntraflowClauses(t *testing.T) {
	const reported = "reported @ 2026-06-01 10:00" // a Monday
	runClauses(t, []clause{
		{"intraflow", "4a", "maintenance announced beforehand, in office hours", nil, func(k asked) string { return k.announced(contract.Maintenance, "2026-06-03 09:00") }, "left out [inside office hours]"},
		{"intraflow", "4a", "maintenance not announced", nil, func(k asked) string { return k.announced(contract.Maintenance, "") }, string(contract.WhyNotAnnounced)},
		{"intraflow", "4b", "reaction within two days", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-20 12:00", contract.P3, reported), contract.ClockReaction)
		}, "2026-06-03 17:30"},
		{"intraflow", "4b", "resolution within a week", nil, func(k asked) string {
			return k.deadline(k.handle("2026-06-20 12:00", contract.P3, reported, "told @ 2026-06-02 09:00"), contract.ClockResolution)
		}, "2026-06-09 17:30"},
		{"intraflow", "4c", "misuse and changes without permission", nil, func(k asked) string { return k.announced(contract.CustomerAct, "") }, "left out"},
		{"intraflow", "4c", "nothing else", nil, func(k asked) string { return k.announced(contract.ForceMajeure, "2026-06-03 10:00") }, string(contract.WhyNotAgreed)},
		{"intraflow", "1e", "no credit", nil, noCredit, "0"},
		{"intraflow", "3b", "a security incident is told", nil, func(k asked) string { return due(k, "security-incident", "2026-06-01 10:00") }, "as soon as possible"},
		{"intraflow", "4b", "no availability promised", nil, noTarget, ""},
	})
}
