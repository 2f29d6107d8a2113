// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

// Hours is one of the windows of a contract with what it holds of holidays. Without
// any window it is not agreed: another of the contract's hours stands in, see
// [Terms.ClockCalendar] and its neighbours.
type Hours struct {
	Windows    []Window `json:"windows"`
	OnHolidays bool     `json:"on_holidays"` // a holiday has its windows like any other day
}

// Calendar returns the service time in which availability counts.
func (t Terms) Calendar() Calendar { return t.hours(Hours{t.Windows, t.OnHolidays}) }

// ClockCalendar returns the time in which the clocks of reaction and resolution run at
// a level of service: the level's own hours, else those of the terms, else those of
// availability.
func (t Terms) ClockCalendar(level string) Calendar {
	return t.hours(t.Support.level(level).Clocks, t.Clocks, Hours{t.Windows, t.OnHolidays})
}

// ReportCalendar returns the time in which incidents can be reported at a level of
// service: the level's own hours, else those of the terms, else those of the clocks.
func (t Terms) ReportCalendar(level string) Calendar {
	l := t.Support.level(level)
	return t.hours(l.Reporting, t.Reporting, l.Clocks, t.Clocks, Hours{t.Windows, t.OnHolidays})
}

// OfficeCalendar returns the working hours in general: the days that have some are the
// working days of every time limit. Where the terms name none, they are the hours of
// availability with holidays excepted.
func (t Terms) OfficeCalendar() Calendar { return t.hours(t.Office, Hours{Windows: t.Windows}) }

// hours returns the first of the hours that is agreed.
func (t Terms) hours(any ...Hours) Calendar {
	for _, h := range any {
		if len(h.Windows) == 0 {
			continue
		}
		c := Calendar{Zone: t.Zone, Windows: h.Windows}
		if !h.OnHolidays {
			c.Holidays, c.Lists = t.Holidays, t.HolidayLists
		}
		return c
	}
	return Calendar{Zone: t.Zone}
}

// PeriodKind says over which time availability is stated.
type PeriodKind string

const (
	PeriodMonth   PeriodKind = "month"   // calendar month of the zone
	PeriodQuarter PeriodKind = "quarter" // January to March, and so on
	PeriodYear    PeriodKind = "year"    // calendar year of the zone
	PeriodTerm    PeriodKind = "term"    // the whole duration of the agreement
)

// PeriodAt returns the statement period that an instant lies in, by the version in
// force at it. The duration of the agreement begins with its first version and ends
// with the terms' Ends; an agreement without an end is followed to the year 10000.
func PeriodAt(versions []Version, at Second) Span {
	t := TermsAt(versions, at)
	y, m, _ := at.Time().In(t.Zone.Location()).Date()
	switch t.Period {
	case PeriodQuarter:
		first := m - (m-1)%3
		return Span{t.Zone.Month(y, first).From, t.Zone.Month(y, first+2).To}
	case PeriodYear:
		return t.Zone.Year(y)
	case PeriodTerm:
		s := Span{endOfTime, endOfTime}
		for _, v := range versions {
			s.From = min(s.From, v.InForce)
		}
		if t.Ends != 0 {
			s.To = t.Ends
		}
		return s
	}
	return t.Zone.Month(y, m)
}

// Year returns a calendar year of the zone.
func (z Zone) Year(year int) Span { return Span{z.Month(year, 1).From, z.Month(year, 12).To} }
