// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"time"
)

// tongue is the language of a statement: English, or Dutch where dutch is set. The
// layout is the same in both.
type tongue struct{ dutch bool }

func (t tongue) code() string {
	if t.dutch {
		return "nl"
	}
	return "en"
}

// Dutch reports whether the page is Dutch.
func (t tongue) Dutch() bool { return t.dutch }

// T is an English text in the language of the page. A text without a translation
// stays English, so that nothing is lost; a test finds those of the template.
func (t tongue) T(s string) string {
	if t.dutch {
		if nl := dutch(s); nl != "" {
			return nl
		}
	}
	return s
}

// num is a figure with the language's decimal mark.
func (t tongue) num(p Pct) string {
	if t.dutch {
		return strings.ReplaceAll(string(p), ".", ",")
	}
	return string(p)
}

// Num is a figure without its sign.
func (t tongue) Num(p Pct) string { return t.num(p) }

// Pct is a figure with its sign, or words where there is nothing to divide by.
func (t tongue) Pct(p Pct) string {
	if p == "" {
		return t.T("no figure: nothing was measured")
	}
	return t.num(p) + nbsp + "%"
}

// weekday and month are the language's names.
func (t tongue) weekday(d time.Weekday) string {
	if t.dutch {
		return [...]string{"zo", "ma", "di", "wo", "do", "vr", "za"}[d]
	}
	return d.String()[:3]
}

func (t tongue) month(m time.Month) string {
	if t.dutch {
		return [...]string{"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}[m-1]
	}
	return m.String()
}

// date is "Mon 4 May".
func (t tongue) date(at time.Time) string {
	return t.weekday(at.Weekday()) + " " + at.Format("2") + " " + t.month(at.Month())
}

// dateYear is "1 May 2026".
func (t tongue) dateYear(at time.Time) string {
	return at.Format("2") + " " + t.month(at.Month()) + at.Format(" 2006")
}

// until is the end of a stretch that began at from: the date only where it is another.
func (t tongue) until(from, to time.Time) string {
	clock := to.Format("15:04:05")
	if dayOf(from).Equal(dayOf(to)) {
		return clock
	}
	return t.date(to) + " " + clock
}
