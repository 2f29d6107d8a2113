// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// count writes a number with its noun, such as "1 day" and "2 days".
func (p *prose) count(n int64, one, many, een, meer string) string {
	word := p.pick(many, meer)
	if n == 1 {
		word = p.pick(one, een)
	}
	return fmt.Sprintf("%d %s", n, word)
}

// limit writes a time limit, such as "15 working days".
func (p *prose) limit(l contract.TimeLimit) string {
	n := int64(l.N)
	switch l.Unit {
	case contract.Minutes:
		return p.count(n, "minute", "minutes", "minuut", "minuten")
	case contract.HoursUnit:
		return p.count(n, "hour", "hours", "uur", "uur")
	case contract.WorkingDays:
		return p.count(n, "working day", "working days", "werkdag", "werkdagen")
	case contract.Weeks:
		return p.count(n, "week", "weeks", "week", "weken")
	case contract.Months:
		return p.count(n, "month", "months", "maand", "maanden")
	}
	return p.count(n, "day", "days", "dag", "dagen")
}

// span writes a duration in its largest exact units, such as "3 minutes" or "1 minute
// and 5 seconds".
func (p *prose) span(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		size                 time.Duration
		one, many, een, meer string
	}{
		{time.Hour, "hour", "hours", "uur", "uur"},
		{time.Minute, "minute", "minutes", "minuut", "minuten"},
		{time.Second, "second", "seconds", "seconde", "seconden"},
		{time.Millisecond, "millisecond", "milliseconds", "milliseconde", "milliseconden"},
		{time.Microsecond, "microsecond", "microseconds", "microseconde", "microseconden"},
	} {
		if n := d / u.size; n > 0 {
			parts = append(parts, p.count(int64(n), u.one, u.many, u.een, u.meer))
		}
		d %= u.size
	}
	return p.all(parts)
}

var (
	dutchDays   = [...]string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"}
	dutchMonths = [...]string{"", "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}
)

// weekday writes a day of the week, in full or in its usual short form.
func (p *prose) weekday(d time.Weekday, short bool) string {
	switch {
	case p.lang == statement.Dutch && short:
		return dutchDays[d][:2]
	case p.lang == statement.Dutch:
		return dutchDays[d]
	case short:
		return d.String()[:3]
	}
	return d.String()
}

// date writes "Monday 20 July 2026".
func (p *prose) date(t time.Time) string {
	return fmt.Sprintf("%s %d %s %d", p.weekday(t.Weekday(), false), t.Day(), p.pick(t.Month().String(), dutchMonths[t.Month()]), t.Year())
}

// shortDate writes "Mon 20 Jul".
func (p *prose) shortDate(t time.Time) string {
	month := p.pick(t.Month().String()[:3], dutchMonths[t.Month()][:3])
	if p.lang == statement.Dutch && t.Month() == time.March {
		month = "mrt"
	}
	return fmt.Sprintf("%s %2d %s", p.weekday(t.Weekday(), true), t.Day(), month)
}

// moment writes an instant in a zone with its offset: "Monday 20 July 2026, 08:00
// (+02:00)".
func (p *prose) moment(s contract.Second, z contract.Zone) string {
	t := s.Time().In(z.Location())
	clock := "15:04"
	if t.Second() != 0 {
		clock = "15:04:05"
	}
	return fmt.Sprintf("%s, %s", p.date(t), t.Format(clock+" (-07:00)"))
}

// percent writes a number of percent, such as "99.5 %" or "99,5 %".
func (p *prose) percent(number string) string { return p.decimal(number) + " %" }

func (p *prose) decimal(number string) string {
	if p.lang == statement.Dutch {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

// micro writes a number of millionths, without superfluous zeros.
func (p *prose) micro(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%d.%06d", n/1_000_000, n%1_000_000)
	return sign + p.decimal(strings.TrimSuffix(strings.TrimRight(s, "0"), "."))
}

// euros writes a sum of cents.
func (p *prose) euros(cents int64) string {
	if cents%100 == 0 {
		return fmt.Sprintf("%d %s", cents/100, p.pick("euros", "euro"))
	}
	return p.decimal(fmt.Sprintf("%d.%02d", cents/100, cents%100)) + " " + p.pick("euros", "euro")
}

func (p *prose) custody(c vouch.Custody) string {
	switch c {
	case vouch.CustodyProvider:
		return p.pick("the provider", "de leverancier")
	case vouch.CustodyNeutral:
		return p.pick("neutral", "neutraal")
	case vouch.CustodyCustomer:
		return p.pick("the customer", "de klant")
	}
	return p.pick("as the installed base says", "zoals de installed base zegt")
}

// kind writes what an exclusion is about.
func (p *prose) kind(k contract.ExclusionKind) string {
	switch k {
	case contract.Maintenance:
		return p.pick("planned maintenance by the provider", "gepland onderhoud door de leverancier")
	case contract.Intervention:
		return p.pick("any other work of the provider", "elke andere ingreep van de leverancier")
	case contract.OutsideControl:
		return p.pick("circumstances outside the provider's control", "omstandigheden buiten de macht van de leverancier")
	case contract.ForceMajeure:
		return p.pick("force majeure", "overmacht")
	case contract.CustomerAct:
		return p.pick("what the customer does or decides", "wat de klant doet of beslist")
	case contract.Suspension:
		return p.pick("suspension for non-payment", "opschorting wegens niet-betaling")
	case contract.Cybercrime:
		return p.pick("cybercrime", "cybercriminaliteit")
	case contract.ThirdParty:
		return p.pick("third parties and what they supply", "derden en wat zij leveren")
	}
	return string(k)
}

// ground writes why an incident is left out of the share resolved in time.
func (p *prose) ground(g contract.Ground) string {
	switch g {
	case contract.GroundOutsideWindow:
		return p.pick("that began and ended outside the hours of the clocks", "die buiten de uren van de klokken begonnen en eindigden")
	case contract.GroundSelfHealed:
		return p.pick("that were over before anything was done", "die voorbij waren voor er iets gedaan was")
	case contract.GroundNotHardware:
		return p.pick("that are no matter of hardware", "die geen hardware betreffen")
	case contract.GroundOutsideEquipment:
		return p.pick("whose fault lies outside the equipment", "waarvan de oorzaak buiten de apparatuur ligt")
	case contract.GroundNotInBase:
		return p.pick("of equipment that is not in the installed base", "van apparatuur die niet in de installed base staat")
	case contract.GroundNoTarget:
		return p.pick("for which no resolution time was promised", "waarvoor geen oplostijd beloofd is")
	}
	return string(g)
}
