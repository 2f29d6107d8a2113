// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vouch-sla/vouch/contract"
)

// levels says which reaction and resolution times were promised, and how an incident
// gets its priority.
func (e *explainer) levels() {
	e.section("Reaction and resolution", "Reactie en oplossing")
	s := e.terms.Support
	if len(s.Levels) == 0 {
		e.say("No reaction or resolution times were agreed.", "Er zijn geen reactie- of oplostijden afgesproken.")
		return
	}
	rows := [][]string{{e.pick("SLA type", "SLA-type"), e.pick("priority", "prioriteit"), e.pick("reaction", "reactie"), e.pick("resolution", "oplossing"), e.pick("agreed", "afgesproken")}}
	for _, l := range s.Levels {
		agreed := ""
		if l.Name == s.Level {
			agreed = e.pick("this one", "dit type")
		}
		for i, t := range l.Targets {
			name := ""
			if i == 0 {
				name = l.Name
			}
			rows = append(rows, []string{name, t.Priority.String(), e.promise(t.Reaction), e.promise(t.Resolution), agreed})
		}
	}
	e.table(rows)
	e.say("A dash means that no time was promised. %s", "Een streepje betekent dat er geen tijd beloofd is. %s", e.day())
	e.matrix()
}

func (e *explainer) promise(l contract.TimeLimit) string {
	if !l.Set() {
		return "-"
	}
	return e.limit(l)
}

// day says what a day of a target is.
func (e *explainer) day() string {
	switch e.terms.Support.Day {
	case contract.Day24Hours:
		return e.pick("A day is 24 hours of the clocks' time.", "Een dag is 24 uur van de tijd van de klokken.")
	case contract.DayService:
		return e.pick("A day runs until the end of the next day that has hours.", "Een dag loopt tot het einde van de volgende dag met uren.")
	case contract.DayCalendar:
		return e.pick("A day is a calendar date, around the clock; the first one does not count.", "Een dag is een kalenderdag, de klok rond; de eerste telt niet.")
	}
	return e.pick("A day is as many hours as the clocks run on a day.", "Een dag is zoveel uren als de klokken op een dag lopen.")
}

// matrix prints the priorities by impact and urgency.
func (e *explainer) matrix() {
	m := e.terms.Support.Matrix
	if len(m) == 0 {
		e.say("The contract has no matrix of priorities; the provider sets each.", "Het contract heeft geen prioriteitenmatrix; de leverancier bepaalt elke prioriteit.")
		return
	}
	var impacts, urgencies []string
	for _, r := range m {
		if !slices.Contains(impacts, r.Impact) {
			impacts = append(impacts, r.Impact)
		}
		if !slices.Contains(urgencies, r.Urgency) {
			urgencies = append(urgencies, r.Urgency)
		}
	}
	rows := [][]string{append([]string{e.pick("Priority by impact and urgency", "Prioriteit naar impact en urgentie")}, urgencies...)}
	for _, impact := range impacts {
		row := []string{impact}
		for _, urgency := range urgencies {
			p, _ := e.terms.Support.Rate(impact, urgency)
			row = append(row, cmp.Or(p.String(), "-"))
		}
		rows = append(rows, row)
	}
	e.table(rows)
}

// clocks says what starts, stops and suspends the clocks.
func (e *explainer) clocks() {
	s := e.terms.Support
	if len(s.Levels) == 0 {
		return
	}
	e.section("The clocks", "De klokken")
	e.say("Reaction time starts %s and stops when the customer is told that the incident was received.", "De reactietijd begint %s en stopt wanneer de klant verneemt dat het incident ontvangen is.",
		map[contract.ReactionStart]string{
			contract.StartReport:    e.pick("with the customer's report", "met de melding van de klant"),
			contract.StartDetection: e.pick("with the detection by the monitoring", "met de vaststelling door de monitoring"),
			contract.StartEarlier:   e.pick("with the report or the detection, whichever comes first", "met de melding of de vaststelling, wat het eerst komt"),
		}[s.Reaction.Starts])
	if s.Reaction.Receipt {
		e.say("An automatic receipt counts as telling.", "Een automatische ontvangstmelding volstaat.")
	} else {
		e.say("An automatic receipt does not stop it.", "Een automatische ontvangstmelding stopt ze niet.")
	}
	e.say("Resolution time starts when the customer is told, at the latest at the deadline of the reaction, and stops when the service works again.",
		"De oplostijd begint wanneer de klant bericht krijgt, uiterlijk bij het verstrijken van de reactietijd, en stopt wanneer de dienst weer werkt.")
	e.WriteByte('\n')
	e.reports()
	if s.WorkAround != contract.NoPriority {
		e.point("After a work-around, with the service working again, what is left has priority %s.", "Na een tijdelijke oplossing, waarmee de dienst weer werkt, heeft wat overblijft prioriteit %s.", s.WorkAround)
	}
	if s.Visit {
		e.point("A visit on site that is agreed with the customer extends the resolution time to the end of the next working day.",
			"Een bezoek ter plaatse dat met de klant is afgesproken, verlengt de oplostijd tot het einde van de volgende werkdag.")
	}
	for _, r := range s.Suspends {
		e.suspension(r)
	}
	if len(s.Suspends) == 0 {
		e.point("Nothing suspends a clock.", "Niets schort een klok op.")
	}
	if s.BaseOnly {
		e.point("Only equipment in the installed base has a resolution time.", "Alleen apparatuur in de installed base heeft een oplostijd.")
	}
	if s.Replaced {
		e.point("A fault that persists after the equipment was replaced lies outside it: no resolution time applies.",
			"Een storing die aanhoudt nadat de apparatuur vervangen is, ligt daarbuiten: er geldt geen oplostijd.")
	}
}

// reports says how incidents are reported.
func (e *explainer) reports() {
	s := e.terms.Support
	if s.Contacts {
		e.point("Only a report by a contact person of the customer starts a clock.", "Alleen een melding door een contactpersoon van de klant doet een klok lopen.")
	}
	for _, r := range s.Reports {
		confirm := ""
		if len(r.Confirm) > 0 {
			confirm = fmt.Sprintf(e.pick(" One by %s is confirmed in writing.", " Een via %s wordt schriftelijk bevestigd."), e.either(e.channels(r.Confirm)))
		}
		e.point("%s is reported by %s.%s", "%s wordt gemeld via %s.%s", r.Priority, e.either(e.channels(r.Channels)), confirm)
	}
}

func (e *explainer) suspension(r contract.SuspendRule) {
	var which []string
	if r.Reaction {
		which = append(which, e.pick("reaction", "reactietijd"))
	}
	if r.Resolution {
		which = append(which, e.pick("resolution", "oplostijd"))
	}
	until := map[contract.SuspendUntil]string{
		contract.UntilInstant:    e.pick("until that is done", "tot dat gedaan is"),
		contract.UntilEndOfDay:   e.pick("up to and including the day on which that is done", "tot en met de dag waarop dat gedaan is"),
		contract.UntilWorkingDay: e.pick("up to and including the day on which that is done or, where it is no working day, the next one", "tot en met de dag waarop dat gedaan is of, als dat geen werkdag is, de volgende"),
	}[r.Until]
	e.point("While %s has to act, the clock of %s stands still, %s.", "Zolang %s aan zet is, staat de klok van de %s stil, %s.", e.cause(r.Cause), e.all(which), until)
}

// channels writes ways of reporting; a contract's own words stay as they are.
func (e *explainer) channels(names []string) []string {
	dutch := map[string]string{"telephone": "telefoon", "mail": "e-mail", "portal": "portaal"}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = e.pick(n, cmp.Or(dutch[n], n))
	}
	return out
}

// cause writes who has to act; a contract's own words stay as they are.
func (e *explainer) cause(c string) string {
	switch c {
	case "supplier":
		return e.pick("an external supplier", "een externe leverancier")
	case "customer":
		return e.pick("the customer", "de klant")
	}
	return c
}

// escalation says how an incident rises.
func (e *explainer) escalation() {
	s := e.terms.Support
	if len(s.Levels) == 0 {
		return
	}
	also := ""
	if s.Escalation.Insufficient {
		also = e.pick(" A fix that the customer finds insufficient counts like an overrun.", " Een oplossing die de klant onvoldoende vindt, telt als een overschrijding.")
	}
	e.section("Escalation", "Escalatie")
	if s.Escalation.By == contract.EscalateCustomer {
		e.say("An incident begins in tier 1. At each overrun of a target the customer may raise it by one, to tier %d at most.%s",
			"Een incident begint in niveau 1. Bij elke overschrijding van een termijn mag de klant het één niveau verhogen, tot hoogstens niveau %d.%s", s.Escalation.Tiers, also)
		return
	}
	e.say("An incident begins in tier 1 and rises by one at each overrun of a target, to tier %d at most.%s",
		"Een incident begint in niveau 1 en stijgt één niveau bij elke overschrijding van een termijn, tot hoogstens niveau %d.%s", s.Escalation.Tiers, also)
}

// share says which share of incidents is to be resolved in time.
func (e *explainer) share() {
	r := e.terms.Support.Share
	if !r.Target.Set() {
		return
	}
	e.section("Resolved in time", "Tijdig opgelost")
	which := e.pick("incidents that the customer reported", "incidenten die de klant meldde")
	if r.All {
		which = e.pick("incidents", "incidenten")
	}
	e.say("At least %s of the %s are to be resolved within the time promised. Both figures, of those reported and of all, are printed with their numbers.",
		"Minstens %s van de %s moet binnen de beloofde tijd zijn opgelost. Beide cijfers, van de gemelde en van alle, worden met hun aantallen vermeld.", e.percent(r.Target.String()), which)
	if len(r.LeaveOut) > 0 {
		var grounds []string
		for _, g := range r.LeaveOut {
			grounds = append(grounds, e.ground(g))
		}
		e.say("Left out are incidents %s.", "Buiten beschouwing blijven incidenten %s.", e.all(grounds))
	}
}
