// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

func zone(t testing.TB, name string) contract.Zone {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return contract.ZoneOf(loc)
}

func sec(s string) contract.Second { return contract.Floor(utc(s)) }

func TestCalendar(t *testing.T) {
	all := contract.Window{Days: contract.AllWeek, From: 0, To: 1440}
	night := contract.Window{Days: contract.AllWeek, From: 2 * 60, To: 3 * 60}
	tests := []struct {
		name     string
		zone     string
		windows  []contract.Window
		holidays []contract.Date
		from, to string
		want     int64 // seconds
	}{
		{"no window", "UTC", nil, nil, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", 0},
		{"window without days", "UTC", []contract.Window{{From: 0, To: 1440}}, nil, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", 0},
		{"window without time", "UTC", []contract.Window{{Days: contract.AllWeek, From: 60, To: 60}}, nil, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", 0},
		{"empty span", "UTC", []contract.Window{all}, nil, "2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z", 0},
		{"clock forward", "Europe/Brussels", []contract.Window{all}, nil, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23 * 3600},
		{"clock back", "Europe/Brussels", []contract.Window{all}, nil, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25 * 3600},
		{"hour that does not exist", "Europe/Brussels", []contract.Window{night}, nil, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 0},
		{"hour that exists twice", "Europe/Brussels", []contract.Window{night}, nil, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 2 * 3600},
		{"half an hour forward", "Australia/Lord_Howe", []contract.Window{night}, nil, "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00", 1800},
		{"half an hour back", "Australia/Lord_Howe", []contract.Window{{Days: contract.AllWeek, From: 90, To: 150}}, nil, "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", 3600 + 1800},
		{"midnight that does not exist", "Asia/Beirut", []contract.Window{all}, nil, "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z", 23 * 3600},
		{"date that does not exist", "Pacific/Apia", []contract.Window{{Days: contract.DaysOf(time.Friday), From: 0, To: 1440}}, nil, "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", 0},
		{"windows that overlap and touch", "UTC", []contract.Window{{Days: contract.AllWeek, From: 60, To: 180}, {Days: contract.AllWeek, From: 120, To: 240}, {Days: contract.AllWeek, From: 240, To: 300}}, nil, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", 4 * 3600},
		{"holiday by its local date", "Asia/Kathmandu", []contract.Window{all}, []contract.Date{{Year: 2026, Month: 6, Day: 10}}, "2026-06-09T18:15:00Z", "2026-06-10T18:15:00Z", 0},
		{"leap day", "UTC", []contract.Window{all}, []contract.Date{{Year: 2028, Month: 2, Day: 29}}, "2028-02-28T00:00:00Z", "2028-03-02T00:00:00Z", 2 * 86400},
		{"before 1970", "UTC", []contract.Window{{Days: contract.DaysOf(time.Wednesday), From: 0, To: 1440}}, nil, "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", 86400},
		{"last day of a leap year beyond the table", "Europe/Brussels", []contract.Window{all}, nil, "2040-12-30T00:00:00+01:00", "2041-01-02T00:00:00+01:00", 3 * 86400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := contract.Calendar{Zone: zone(t, tt.zone), Windows: tt.windows, Holidays: tt.holidays}
			if got := contract.Total(c.Spans(contract.Span{From: sec(tt.from), To: sec(tt.to)})); got != tt.want {
				t.Errorf("Spans(%s, %s) = %d s, want %d s", tt.from, tt.to, got, tt.want)
			}
		})
	}
}

func TestMonth(t *testing.T) {
	tests := []struct {
		zone     string
		year     int
		month    time.Month
		from, to string
	}{
		{"Europe/Brussels", 2026, time.March, "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"},
		{"Europe/Brussels", 2026, time.December, "2026-12-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"},
		{"America/Sao_Paulo", 2018, time.November, "2018-11-01T00:00:00-03:00", "2018-12-01T00:00:00-02:00"},
		{"Pacific/Apia", 2011, time.December, "2011-12-01T00:00:00-10:00", "2012-01-01T00:00:00+14:00"},
	}
	for _, tt := range tests {
		got, want := zone(t, tt.zone).Month(tt.year, tt.month), contract.Span{From: sec(tt.from), To: sec(tt.to)}
		if got != want {
			t.Errorf("Month(%s, %d, %v) = %v, want %v", tt.zone, tt.year, tt.month, got, want)
		}
	}
	if got, want := zone(t, "Asia/Beirut").Midnight(contract.Date{Year: 2026, Month: 3, Day: 29}), sec("2026-03-28T22:00:00Z"); got != want {
		t.Errorf("Midnight of a date without one = %v, want the change of clock, %v", got.Time(), want.Time())
	}
	if got, want := zone(t, "America/Asuncion").Midnight(contract.Date{Year: 2024, Month: 3, Day: 24}), sec("2024-03-24T00:00:00-04:00"); got != want {
		t.Errorf("Midnight at which the clock goes back = %v, want the one that a new date follows, %v", got.Time(), want.Time())
	}
	if got, want := zone(t, "Pacific/Apia").Midnight(contract.Date{Year: 2011, Month: 12, Day: 30}), sec("2011-12-31T00:00:00+14:00"); got != want {
		t.Errorf("Midnight of a date that was left out = %v, want the next date, %v", got.Time(), want.Time())
	}
}

func TestSets(t *testing.T) {
	s := func(xs ...contract.Second) []contract.Span {
		var out []contract.Span
		for i := 0; i+1 < len(xs); i += 2 {
			out = append(out, contract.Span{From: xs[i], To: xs[i+1]})
		}
		return out
	}
	tests := []struct {
		name string
		a, b []contract.Span
		and  int64
		not  int64
	}{
		{"nothing", nil, nil, 0, 0},
		{"empty spans", s(5, 5, 9, 3), s(0, 10), 0, 0},
		{"touching", s(0, 5), s(5, 10), 0, 5},
		{"overlapping in one list", s(0, 5, 3, 8, 8, 10), s(4, 9), 5, 5},
		{"many in one", s(0, 100), s(10, 20, 30, 40, 35, 50), 30, 70},
		{"one over many", s(10, 20, 30, 40), s(0, 100), 20, 0},
		{"beyond both ends", s(10, 20), s(0, 12, 18, 30), 4, 6},
	}
	for _, tt := range tests {
		if got := contract.Total(contract.Intersect(tt.a, tt.b)); got != tt.and {
			t.Errorf("%s: Intersect = %d s, want %d s", tt.name, got, tt.and)
		}
		if got := contract.Total(contract.Subtract(tt.a, tt.b)); got != tt.not {
			t.Errorf("%s: Subtract = %d s, want %d s", tt.name, got, tt.not)
		}
	}
}

func TestTarget(t *testing.T) {
	for _, bad := range []string{"", "-1", "100.0000001", "101", "1e2", "99,9", ".5", "99.", "NaN", "9999999999999999999"} {
		if got, err := contract.ParseTarget(bad); err == nil {
			t.Errorf("ParseTarget(%q) = %v, want an error", bad, got)
		}
	}
	for in, want := range map[string]string{"0": "0", "100": "100", "99.90": "99.9", "99.999999": "99.999999"} {
		if got, err := contract.ParseTarget(in); err != nil || got.String() != want {
			t.Errorf("ParseTarget(%q) = %v, %v, want %s", in, got, err, want)
		}
	}
}
