// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Country names the country of a [HolidayList].
type Country string

const (
	Netherlands Country = "NL"
	Belgium     Country = "BE"
)

// Liberation says in which years 5 May is a Dutch holiday.
type Liberation string

const (
	LiberationNever Liberation = "never"
	LiberationFifth Liberation = "fifth" // years divisible by five
	LiberationEvery Liberation = "every"
)

// HolidayList is a named list of holidays that a contract expands year by year.
type HolidayList struct {
	Country    Country    `json:"country"`
	GoodFriday bool       `json:"good_friday"`    // NL: Good Friday is one
	Liberation Liberation `json:"liberation_day"` // NL; empty means never
	// Substitute adds for each holiday on a Saturday or Sunday the first day after it
	// that is neither and no holiday, as art. 6 of the Belgian act of 4 January 1974
	// gives it where nothing else was fixed.
	Substitute bool `json:"substitute"`
}

// Holiday is one holiday of a list.
type Holiday struct {
	Date  Date
	Name  string // in English
	Dutch string
}

// String names the list with its choices, such as "NL, 5 May every fifth year".
func (l HolidayList) String() string {
	s := string(l.Country)
	if l.GoodFriday {
		s += ", Good Friday"
	}
	switch l.Liberation {
	case LiberationFifth:
		s += ", 5 May every fifth year"
	case LiberationEvery:
		s += ", 5 May every year"
	}
	if l.Substitute {
		s += ", substitute days"
	}
	return s
}

// Dates returns the holidays in [from, to), in order of date. Two of one date stand
// one after the other.
func (l HolidayList) Dates(from, to Date) []Holiday {
	var out []Holiday
	for _, h := range l.all(from.Year, to.Year) {
		if n := h.Date.number(); from.number() <= n && n < to.number() {
			out = append(out, h)
		}
	}
	return out
}

// all returns the holidays of the years [first, last]. A substitute day may lie in the
// year after its holiday, so the year before is looked at, too.
func (l HolidayList) all(first, last int) []Holiday {
	var out []Holiday
	for y := first - 1; y <= last; y++ {
		switch l.Country {
		case Netherlands:
			out = append(out, l.netherlands(y)...)
		case Belgium:
			out = append(out, belgium(y)...)
		}
	}
	byDate := func(a, b Holiday) int { return cmp.Compare(a.Date.number(), b.Date.number()) }
	slices.SortStableFunc(out, byDate)
	if l.Substitute {
		out = append(out, substitutes(out)...)
		slices.SortStableFunc(out, byDate)
	}
	return out
}

// netherlands lists the generally recognised holidays (Algemene termijnenwet, art. 3),
// of which Good Friday and 5 May are a matter of agreement. King's Day is kept on
// 27 April from 2014 on; earlier years had another day and get this one.
func (l HolidayList) netherlands(year int) []Holiday {
	e := easter(year)
	out := []Holiday{
		{Date{year, time.January, 1}, "New Year's Day", "Nieuwjaarsdag"},
		{dateOf(e), "Easter Sunday", "eerste paasdag"},
		{dateOf(e + 1), "Easter Monday", "tweede paasdag"},
		{kingsDay(year), "King's Day", "Koningsdag"},
		{dateOf(e + 39), "Ascension Day", "Hemelvaartsdag"},
		{dateOf(e + 49), "Whit Sunday", "eerste pinksterdag"},
		{dateOf(e + 50), "Whit Monday", "tweede pinksterdag"},
		{Date{year, time.December, 25}, "Christmas Day", "eerste kerstdag"},
		{Date{year, time.December, 26}, "Boxing Day", "tweede kerstdag"},
	}
	if l.GoodFriday {
		out = append(out, Holiday{dateOf(e - 2), "Good Friday", "Goede Vrijdag"})
	}
	if l.Liberation == LiberationEvery || l.Liberation == LiberationFifth && year%5 == 0 {
		out = append(out, Holiday{Date{year, time.May, 5}, "Liberation Day", "Bevrijdingsdag"})
	}
	return out
}

// belgium lists the ten legal holidays (royal decree of 18 April 1974, art. 1).
func belgium(year int) []Holiday {
	e := easter(year)
	return []Holiday{
		{Date{year, time.January, 1}, "New Year's Day", "Nieuwjaar"},
		{dateOf(e + 1), "Easter Monday", "paasmaandag"},
		{Date{year, time.May, 1}, "Labour Day", "Dag van de Arbeid"},
		{dateOf(e + 39), "Ascension Day", "Onze-Lieve-Heer-Hemelvaart"},
		{dateOf(e + 50), "Whit Monday", "pinkstermaandag"},
		{Date{year, time.July, 21}, "National Day", "nationale feestdag"},
		{Date{year, time.August, 15}, "Assumption of Mary", "Onze-Lieve-Vrouw-Hemelvaart"},
		{Date{year, time.November, 1}, "All Saints' Day", "Allerheiligen"},
		{Date{year, time.November, 11}, "Armistice Day", "Wapenstilstand"},
		{Date{year, time.December, 25}, "Christmas Day", "Kerstmis"},
	}
}

// kingsDay is 27 April, or the day before where that is a Sunday.
func kingsDay(year int) Date {
	d := Date{year, time.April, 27}
	if weekday(d.number()) == time.Sunday {
		d.Day--
	}
	return d
}

// substitutes returns a day for each of the sorted holidays that falls on a weekend:
// the first one after it that is neither of these, nor given away already.
func substitutes(holidays []Holiday) []Holiday {
	taken := map[int64]bool{}
	for _, h := range holidays {
		taken[h.Date.number()] = true
	}
	var out []Holiday
	for _, h := range holidays {
		d := h.Date.number()
		if !weekend(d) {
			continue
		}
		for weekend(d) || taken[d] {
			d++
		}
		taken[d] = true
		out = append(out, Holiday{dateOf(d), fmt.Sprintf("substitute for %s", h.Name), "vervanging van " + h.Dutch})
	}
	return out
}

func weekend(d int64) bool { return weekday(d) == time.Saturday || weekday(d) == time.Sunday }

// easter returns Easter Sunday of a Gregorian year as days since 1970-01-01, by the
// anonymous algorithm that Nature printed in 1876 (Meeus, Astronomical Algorithms,
// chapter 8).
func easter(year int) int64 {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return Date{year, time.Month(month), (h + l - 7*m + 33*month + 19) % 32}.number()
}

// dateOf is the inverse of [Date.number].
func dateOf(n int64) Date {
	y, m, d := time.Unix(n*day, 0).UTC().Date()
	return Date{y, m, d}
}

// Weekday returns the day of the week of the date.
func (d Date) Weekday() time.Weekday { return weekday(d.number()) }

// HolidaysIn returns the holidays of the terms in [from, to), by date: those listed
// one by one, which have no name, and those of the lists.
func (t Terms) HolidaysIn(from, to Date) []Holiday {
	var out []Holiday
	for _, d := range t.Holidays {
		if n := d.number(); from.number() <= n && n < to.number() {
			out = append(out, Holiday{Date: d})
		}
	}
	for _, l := range t.HolidayLists {
		out = append(out, l.Dates(from, to)...)
	}
	slices.SortStableFunc(out, func(a, b Holiday) int { return cmp.Compare(a.Date.number(), b.Date.number()) })
	return out
}
