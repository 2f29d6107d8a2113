// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/contract"
)

func dates(t *testing.T, l contract.HolidayList, from, to string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, h := range l.Dates(date(t, from), date(t, to)) {
		out[h.Date.String()] = h.Name
	}
	return out
}

func date(t testing.TB, s string) contract.Date {
	t.Helper()
	d, err := contract.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEaster holds the computus against the dates of the calendar, written down by
// hand.
func TestEaster(t *testing.T) {
	table := "1990-04-15 1991-03-31 1992-04-19 1993-04-11 1994-04-03 1995-04-16 1996-04-07 1997-03-30 1998-04-12 1999-04-04 " +
		"2000-04-23 2001-04-15 2002-03-31 2003-04-20 2004-04-11 2005-03-27 2006-04-16 2007-04-08 2008-03-23 2009-04-12 " +
		"2010-04-04 2011-04-24 2012-04-08 2013-03-31 2014-04-20 2015-04-05 2016-03-27 2017-04-16 2018-04-01 2019-04-21 " +
		"2020-04-12 2021-04-04 2022-04-17 2023-04-09 2024-03-31 2025-04-20 2026-04-05 2027-03-28 2028-04-16 2029-04-01 " +
		"2030-04-21 2031-04-13 2032-03-28 2033-04-17 2034-04-09 2035-03-25 2036-04-13 2037-04-05 2038-04-25 2039-04-10 2040-04-01"
	want := strings.Fields(table)
	var got []string
	for _, h := range (contract.HolidayList{Country: contract.Netherlands}).Dates(date(t, "1990-01-01"), date(t, "2041-01-01")) {
		if h.Name == "Easter Sunday" {
			got = append(got, h.Date.String())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Easter Sundays = %v, want %v", got, want)
	}
}

func TestDutchHolidays(t *testing.T) {
	bare := contract.HolidayList{Country: contract.Netherlands}
	got := fmt.Sprint(dates(t, bare, "2026-01-01", "2027-01-01"))
	want := fmt.Sprint(map[string]string{"2026-01-01": "New Year's Day", "2026-04-05": "Easter Sunday", "2026-04-06": "Easter Monday",
		"2026-04-27": "King's Day", "2026-05-14": "Ascension Day", "2026-05-24": "Whit Sunday", "2026-05-25": "Whit Monday",
		"2026-12-25": "Christmas Day", "2026-12-26": "Boxing Day"})
	if got != want {
		t.Errorf("Dates(2026) = %s, want %s", got, want)
	}
	// 27 April was a Sunday in 2014 and is one in 2025, 2031 and 2036.
	for year, day := range map[int]string{2014: "26", 2015: "27", 2024: "27", 2025: "26", 2026: "27", 2031: "26", 2036: "26", 2040: "27"} {
		all := dates(t, bare, fmt.Sprint(year, "-04-26"), fmt.Sprint(year, "-04-28"))
		if all[fmt.Sprint(year, "-04-", day)] != "King's Day" {
			t.Errorf("King's Day of %d = %v, want %s April", year, all, day)
		}
	}
	for _, tt := range []struct {
		list contract.HolidayList
		year int
		want bool
	}{
		{bare, 2025, false},
		{contract.HolidayList{Country: contract.Netherlands, Liberation: contract.LiberationFifth}, 2025, true},
		{contract.HolidayList{Country: contract.Netherlands, Liberation: contract.LiberationFifth}, 2026, false},
		{contract.HolidayList{Country: contract.Netherlands, Liberation: contract.LiberationEvery}, 2026, true},
		{contract.HolidayList{Country: contract.Netherlands, Liberation: contract.LiberationNever}, 2030, false},
	} {
		if _, got := dates(t, tt.list, fmt.Sprint(tt.year, "-01-01"), fmt.Sprint(tt.year+1, "-01-01"))[fmt.Sprint(tt.year, "-05-05")]; got != tt.want {
			t.Errorf("%v: 5 May %d = %v, want %v", tt.list, tt.year, got, tt.want)
		}
	}
	friday := contract.HolidayList{Country: contract.Netherlands, GoodFriday: true}
	for _, d := range []string{"2024-03-29", "2025-04-18", "2026-04-03", "2027-03-26"} {
		if dates(t, friday, d[:4]+"-01-01", d[:4]+"-12-31")[d] != "Good Friday" || dates(t, bare, d[:4]+"-01-01", d[:4]+"-12-31")[d] != "" {
			t.Errorf("%s should be Good Friday, and only where it was agreed", d)
		}
	}
}

func TestBelgianHolidays(t *testing.T) {
	list := contract.HolidayList{Country: contract.Belgium}
	got := fmt.Sprint(dates(t, list, "2026-01-01", "2027-01-01"))
	want := fmt.Sprint(map[string]string{"2026-01-01": "New Year's Day", "2026-04-06": "Easter Monday", "2026-05-01": "Labour Day",
		"2026-05-14": "Ascension Day", "2026-05-25": "Whit Monday", "2026-07-21": "National Day", "2026-08-15": "Assumption of Mary",
		"2026-11-01": "All Saints' Day", "2026-11-11": "Armistice Day", "2026-12-25": "Christmas Day"})
	if got != want {
		t.Errorf("Dates(2026) = %s, want %s", got, want)
	}
	if n := len(dates(t, list, "2026-04-06", "2026-05-14")); n != 2 {
		t.Errorf("holidays in [6 April, 14 May) = %d, want 2: the first date counts, the last does not", n)
	}
	list.Substitute = true
	for d, name := range map[string]string{
		"2026-08-17": "substitute for Assumption of Mary", // Saturday
		"2026-11-02": "substitute for All Saints' Day",    // Sunday
		"2022-12-26": "substitute for Christmas Day",      // Sunday
		"2028-01-03": "substitute for New Year's Day",     // Saturday; found from either year
		"2026-08-15": "Assumption of Mary",
	} {
		if got := dates(t, list, d, d[:8]+"28")[d]; got != name {
			t.Errorf("%s = %q, want %q", d, got, name)
		}
	}
	// Boxing Day 2027 is a Sunday and Christmas Day the Saturday before: both move on.
	dutch := contract.HolidayList{Country: contract.Netherlands, Substitute: true}
	got = fmt.Sprint(dates(t, dutch, "2027-12-27", "2027-12-31"))
	if want := "map[2027-12-27:substitute for Christmas Day 2027-12-28:substitute for Boxing Day]"; got != want {
		t.Errorf("substitutes = %s, want %s", got, want)
	}
}

// TestHolidayListInCalendar computes the same service time from a list and from its
// dates, around the turn of a year in a zone far from UTC.
func TestHolidayListInCalendar(t *testing.T) {
	for _, name := range []string{"Europe/Brussels", "Pacific/Auckland", "America/New_York"} {
		byList := contract.Calendar{Zone: zone(t, name), Windows: []contract.Window{{Days: contract.AllWeek, To: 1440}},
			Lists: []contract.HolidayList{{Country: contract.Belgium, Substitute: true}}}
		byDate := byList
		byDate.Lists = nil
		for _, h := range byList.Lists[0].Dates(date(t, "2024-01-01"), date(t, "2030-01-01")) {
			byDate.Holidays = append(byDate.Holidays, h.Date)
		}
		for _, span := range []contract.Span{
			{From: sec("2026-12-31T00:00:00Z"), To: sec("2027-01-02T00:00:00Z")},
			{From: sec("2025-12-30T23:30:00Z"), To: sec("2026-12-31T23:30:00Z")},
			{From: sec("2026-01-01T11:00:00Z"), To: sec("2026-01-01T12:00:00Z")},
		} {
			if got, want := byList.Spans(span), byDate.Spans(span); !slices.Equal(got, want) {
				t.Errorf("%s: Spans(%v) by list = %v, want %v", name, span, got, want)
			}
		}
	}
}
