// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

func weekdays() contract.Weekdays {
	return contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
}

// TestHours looks at Labour Day 2026, a Friday, through each of the windows.
func TestHours(t *testing.T) {
	x := sound(t)
	x.HolidayLists = []contract.HolidayList{{Country: contract.Belgium}}
	x.Clocks = contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: 360, To: 1440}}, OnHolidays: true}
	x.Office = contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: 525, To: 1020}}}
	x.Support.Levels = []contract.Level{{Name: "own", Reporting: contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: 0, To: 60}}, OnHolidays: true}}}
	mayday := contract.Span{From: sec("2026-05-01T00:00:00+02:00"), To: sec("2026-05-02T00:00:00+02:00")}
	thursday := contract.Span{From: mayday.From - 86400, To: mayday.From}
	served := x
	served.OnHolidays = true
	for _, tt := range []struct {
		name       string
		calendar   contract.Calendar
		thu, first int64
	}{
		{"availability, holidays excepted", x.Calendar(), 86400, 0},
		{"availability, holidays served", served.Calendar(), 86400, 86400},
		{"clocks of their own", x.ClockCalendar(""), 18 * 3600, 18 * 3600},
		{"reporting as the clocks", x.ReportCalendar(""), 18 * 3600, 18 * 3600},
		{"reporting of a level", x.ReportCalendar("own"), 3600, 3600},
		{"clocks of a level that has none", x.ClockCalendar("own"), 18 * 3600, 18 * 3600},
		{"office", x.OfficeCalendar(), 29700, 0},
		{"office without hours of its own excepts holidays", contract.Terms{Zone: x.Zone, Windows: x.Windows, OnHolidays: true, HolidayLists: x.HolidayLists}.OfficeCalendar(), 86400, 0},
		{"clocks without hours of their own are those of availability", contract.Terms{Zone: x.Zone, Windows: x.Windows, OnHolidays: true, HolidayLists: x.HolidayLists}.ClockCalendar(""), 86400, 86400},
	} {
		if thu, first := contract.Total(tt.calendar.Spans(thursday)), contract.Total(tt.calendar.Spans(mayday)); thu != tt.thu || first != tt.first {
			t.Errorf("%s: service time of Thursday, Labour Day = %d, %d, want %d, %d", tt.name, thu, first, tt.thu, tt.first)
		}
	}
}

func TestPeriodAt(t *testing.T) {
	at := sec("2026-05-31T23:30:00Z") // 1 June in Brussels
	for kind, want := range map[contract.PeriodKind][2]string{
		"":                     {"2026-06-01T00:00:00+02:00", "2026-07-01T00:00:00+02:00"},
		contract.PeriodMonth:   {"2026-06-01T00:00:00+02:00", "2026-07-01T00:00:00+02:00"},
		contract.PeriodQuarter: {"2026-04-01T00:00:00+02:00", "2026-07-01T00:00:00+02:00"},
		contract.PeriodYear:    {"2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"},
		contract.PeriodTerm:    {"2025-03-15T00:00:00+01:00", "2028-03-15T00:00:00+01:00"},
	} {
		x := sound(t)
		x.Period, x.Ends = kind, sec("2028-03-15T00:00:00+01:00")
		versions := []contract.Version{{Number: 1, InForce: sec("2025-03-15T00:00:00+01:00"), Terms: x}, {Number: 2, InForce: sec("2026-01-01T00:00:00+01:00"), Terms: x}}
		got := contract.PeriodAt(versions, at)
		if f, to := x.Zone.Format(got.From), x.Zone.Format(got.To); f != want[0] || to != want[1] {
			t.Errorf("PeriodAt(%q) = %s to %s, want %v", kind, f, to, want)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	x := sound(t)
	x.HolidayLists = []contract.HolidayList{{Country: contract.Belgium}}
	x.Office = contract.Hours{Windows: []contract.Window{{Days: weekdays(), From: 525, To: 1020}}}
	office := x.OfficeCalendar()
	for _, tt := range []struct {
		limit               contract.TimeLimit
		at, expires, latest string
	}{
		{contract.TimeLimit{N: 48, Unit: contract.HoursUnit}, "2026-03-28T12:00:00+01:00", "2026-03-30T13:00:00+02:00", "2026-03-26T12:00:00+01:00"},
		{contract.TimeLimit{N: 90, Unit: contract.Minutes}, "2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00", "2026-10-25T01:00:00+02:00"},
		{contract.TimeLimit{N: 7, Unit: contract.Days}, "2026-10-26T12:00:00+01:00", "2026-11-03T00:00:00+01:00", "2026-10-19T12:00:00+02:00"},
		{contract.TimeLimit{N: 14, Unit: contract.Days}, "2026-04-08T10:00:00+02:00", "2026-04-23T00:00:00+02:00", "2026-03-25T10:00:00+01:00"},
		{contract.TimeLimit{N: 2, Unit: contract.Weeks}, "2026-04-08T10:00:00+02:00", "2026-04-23T00:00:00+02:00", "2026-03-25T10:00:00+01:00"},
		// 10:02:30 a day earlier did not exist on 29 March: the change counts.
		{contract.TimeLimit{N: 1, Unit: contract.Days}, "2026-03-30T02:30:00+02:00", "2026-04-01T00:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		// Easter Monday is none, and neither is the weekend.
		{contract.TimeLimit{N: 2, Unit: contract.WorkingDays}, "2026-04-02T12:00:00+02:00", "2026-04-08T00:00:00+02:00", "2026-03-31T12:00:00+02:00"},
		{contract.TimeLimit{N: 2, Unit: contract.WorkingDays}, "2026-04-07T12:00:00+02:00", "2026-04-10T00:00:00+02:00", "2026-04-02T12:00:00+02:00"},
		{contract.TimeLimit{N: 1, Unit: contract.Months}, "2027-01-31T12:00:00+01:00", "2027-03-01T00:00:00+01:00", "2026-12-31T12:00:00+01:00"},
		{contract.TimeLimit{N: 6, Unit: contract.Months}, "2026-02-10T12:00:00+01:00", "2026-08-11T00:00:00+02:00", "2025-08-10T12:00:00+02:00"},
	} {
		expires, latest := x.Zone.Format(tt.limit.Expires(sec(tt.at), office)), x.Zone.Format(tt.limit.Latest(sec(tt.at), office))
		if expires != tt.expires || latest != tt.latest {
			t.Errorf("%v of %s: Expires, Latest = %s, %s, want %s, %s", tt.limit, tt.at, expires, latest, tt.expires, tt.latest)
		}
	}
	for _, tt := range []struct {
		limit contract.TimeLimit
		want  string
	}{{contract.TimeLimit{}, "none"}, {contract.TimeLimit{N: 1, Unit: contract.HoursUnit}, "1 hour"}, {contract.TimeLimit{N: 15, Unit: contract.WorkingDays}, "15 working days"}} {
		if got := tt.limit.String(); got != tt.want {
			t.Errorf("String() = %q, want %q", got, tt.want)
		}
	}
}

func TestDuties(t *testing.T) {
	x := sound(t)
	breach := contract.Duty{Name: "personal-data breach", Within: contract.TimeLimit{N: 48, Unit: contract.HoursUnit}}
	if at, ok := breach.Due(sec("2026-03-28T12:00:00+01:00"), x.OfficeCalendar()); !ok || x.Zone.Format(at) != "2026-03-30T13:00:00+02:00" {
		t.Errorf("Due = %s, %v, want 48 elapsed hours over the change of clock", x.Zone.Format(at), ok)
	}
	if _, ok := (contract.Duty{Name: "force majeure"}).Due(0, x.OfficeCalendar()); ok {
		t.Error("Due without a limit = true, want false: as soon as possible")
	}
	a := contract.Appointment{Cancel: contract.TimeLimit{N: 48, Unit: contract.HoursUnit}, Charged: contract.TimeLimit{N: 24, Unit: contract.HoursUnit}}
	for ahead, want := range map[contract.Second][2]bool{48: {true, false}, 47: {false, false}, 24: {false, false}, 23: {false, true}} {
		at := sec("2026-06-10T10:00:00+02:00")
		if allowed, charged := a.Call(at-ahead*3600, at, x.OfficeCalendar()); [2]bool{allowed, charged} != want {
			t.Errorf("Call %d hours ahead = %v, %v, want %v", ahead, allowed, charged, want)
		}
	}
	if got := x.Zone.Format(x.FinalAt(sec("2026-06-01T09:00:00+02:00"))); got != "2026-06-17T00:00:00+02:00" {
		t.Errorf("FinalAt(1 June, every day a working day) = %s, want after 15 days", got)
	}
}
