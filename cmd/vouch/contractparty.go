// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"

	"github.com/vouch-sla/vouch/contract"
)

// credit says what an overrun is due.
func (e *explainer) credit() {
	r := e.terms.Support.Credit
	e.section("Credit", "Vergoeding")
	if r.PerDay == 0 {
		e.say("Missing a time or a percentage gives no right to a credit.", "Een gemiste termijn of percentage geeft geen recht op een vergoeding.")
		return
	}
	var which []string
	if r.Reaction {
		which = append(which, e.pick("a reaction time", "een reactietijd"))
	}
	if r.Resolution {
		which = append(which, e.pick("a resolution time", "een oplostijd"))
	}
	paid := e.pick("invoiced", "gefactureerd")
	if r.Paid {
		paid = e.pick("invoiced and paid", "gefactureerd en betaald")
	}
	e.say("For each day by which %s is overrun, %s of what was %s for service levels for %s is due; not of the lease of equipment.",
		"Voor elke dag waarmee %s overschreden wordt, is %s verschuldigd van wat voor serviceniveaus is %s voor %s; niet van de huur van apparatuur.",
		e.either(which), e.percent(e.shareOf(r.PerDay)), paid, e.month(r.Base))
	e.say("%s", "%s", e.creditDays(r.Days))
	if r.Cap > 0 {
		e.say("For one overrun it is at most %s of the sum for %s.", "Voor één overschrijding is het hoogstens %s van de som voor %s.", e.percent(e.shareOf(r.Cap)), e.month(r.CapBase))
	}
	e.WriteByte('\n')
	for _, c := range r.YearCaps {
		if c.Share > 0 {
			e.point("Over twelve months: at most %s of what was invoiced in them.", "Over twaalf maanden: hoogstens %s van wat daarin is gefactureerd.", e.percent(e.shareOf(c.Share)))
			continue
		}
		e.point("Over twelve months: at most %s.", "Over twaalf maanden: hoogstens %s.", e.euros(c.Cents))
	}
	if r.Attributed {
		e.point("Only where the overrun is solely the provider's doing.", "Alleen waar de overschrijding uitsluitend aan de leverancier te wijten is.")
	}
	if r.Claim.Set() {
		form := ""
		if r.Form != "" {
			form = fmt.Sprintf(e.pick(" by %s", " met %s"), e.form(r.Form))
		}
		e.point("It has to be claimed%s within %s of the first overrun of the incident; later it is forfeited.",
			"Ze moet%s worden gevorderd binnen %s na de eerste overschrijding van het incident; daarna vervalt ze.", form, e.limit(r.Claim))
	}
	e.point("The availability percentage gives no right to a credit.", "Het beschikbaarheidspercentage geeft geen recht op een vergoeding.")
}

// form writes the form of a claim; a contract's own words stay as they are.
func (e *explainer) form(s string) string {
	if s == "registered letter" {
		return e.pick("registered letter", "een aangetekende brief")
	}
	return s
}

func (e *explainer) shareOf(s contract.Share) string {
	// micro writes the language's decimal sign itself; percent leaves a comma alone.
	return e.micro(int64(s))
}

func (e *explainer) month(m contract.FeeMonth) string {
	if m == contract.MonthOverrun {
		return e.pick("the month of the overrun", "de maand van de overschrijding")
	}
	return e.pick("the month before the overrun", "de maand voor de overschrijding")
}

func (e *explainer) creditDays(d contract.DayCount) string {
	switch d {
	case contract.DaysCompleted:
		return e.pick("Only whole days of 24 hours count.", "Alleen volle dagen van 24 uur tellen.")
	case contract.DaysWorking:
		return e.pick("Each day with hours that the overrun touches counts.", "Elke dag met uren die de overschrijding raakt, telt.")
	case contract.DaysCalendar:
		return e.pick("Each calendar date that the overrun touches counts.", "Elke kalenderdag die de overschrijding raakt, telt.")
	}
	return e.pick("A day of 24 hours counts as soon as it has begun.", "Een dag van 24 uur telt zodra hij begonnen is.")
}

// duties says what the parties owe each other within a time.
func (e *explainer) duties() {
	a := e.terms.Appointment
	if len(e.terms.Duties) == 0 && !a.Cancel.Set() && !a.Charged.Set() {
		return
	}
	e.section("Notices and other duties", "Berichten en andere plichten")
	rows := [][]string{{e.pick("Duty", "Plicht"), e.pick("of", "van"), e.pick("within", "binnen"), e.pick("after, and with", "na, en met")}}
	for _, d := range e.terms.Duties {
		of := e.pick("the provider", "de leverancier")
		if d.Of == "customer" {
			of = e.pick("the customer", "de klant")
		}
		within := e.pick("no delay", "zonder uitstel")
		if d.Within.Set() {
			within = e.limit(d.Within)
		}
		text := d.After
		if len(d.Contents) > 0 {
			text += e.pick("; with: ", "; met: ") + e.all(d.Contents)
		}
		if d.Evidence {
			text += e.pick("; with the supporting evidence", "; met het bewijs erbij")
		}
		if d.Clause != "" {
			text += " (" + d.Clause + ")"
		}
		rows = append(rows, []string{d.Name, of, within, text})
	}
	e.table(rows)
	if a.Cancel.Set() {
		e.say("An appointment for work can be called off until %s before it.", "Een afspraak voor werk kan tot %s vooraf worden afgezegd.", e.limit(a.Cancel))
	}
	if a.Charged.Set() {
		e.say("Within %s of it costs are charged.", "Binnen %s ervoor worden kosten aangerekend.", e.limit(a.Charged))
	}
}

// finality says when a statement is final and what weight the measurement has.
func (e *explainer) finality() {
	e.section("Statements and evidence", "Overzichten en bewijs")
	if o := e.terms.Objection; o.Set() {
		e.say("A statement is provisional until every location's record covers its period or says why not. It is final when nobody has objected within %s.",
			"Een verklaring is voorlopig tot de reeks van elke locatie de periode dekt of zegt waarom niet. Ze is definitief wanneer niemand binnen %s bezwaar maakte.", e.limit(o))
	}
	if e.terms.FavourAccepted {
		e.say("A later version in the provider's favour needs the customer's acceptance.", "Een latere versie ten gunste van de leverancier vergt de aanvaarding van de klant.")
	}
	if e.terms.FullEvidence {
		e.say("What the provider measured is full evidence, save proof to the contrary. Everything it rests on can therefore be exported, checked offline and computed again.",
			"Wat de leverancier heeft gemeten is volledig bewijs, behoudens tegenbewijs. Alles waarop het rust kan daarom worden uitgevoerd, offline gecontroleerd en opnieuw berekend.")
	} else {
		e.say("The contract gives the provider's measurement no special weight as evidence.", "Het contract geeft de meting van de leverancier geen bijzondere bewijskracht.")
	}
	e.say("Evidence is kept for %s.", "Bewijs wordt %s bewaard.", cmp.Or(e.kept(), e.pick("as long as the collector is set to keep it", "zo lang als de collector is ingesteld")))
}

func (e *explainer) kept() string {
	if !e.terms.Keep.Set() {
		return ""
	}
	return e.limit(e.terms.Keep)
}
