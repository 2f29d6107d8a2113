// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// explainer says what one version of a contract means at an instant.
type explainer struct {
	prose
	contract configs.Contract
	version  configs.Version
	next     *configs.Version // the one after it
	terms    contract.Terms   // of the version
	at       contract.Second
}

// explainedContract returns the whole text: of the version in force at an instant, or
// of the first one where none is yet.
func explainedContract(k configs.Contract, at contract.Second, lang statement.Language) string {
	e := &explainer{contract: k, version: k.Versions[0], at: at}
	e.lang = lang
	for i, v := range k.Versions {
		if i == 0 || v.InForce <= at {
			e.version, e.next = v, nil
			if i+1 < len(k.Versions) {
				e.next = &k.Versions[i+1]
			}
		}
	}
	e.terms = e.version.Terms
	for _, section := range []func(){
		e.standing, e.measurement, e.verdict, e.limits, e.incidents, e.hours, e.weeks,
		e.exclusions, e.unknown, e.targets, e.levels, e.clocks, e.escalation, e.credit,
		e.share, e.duties, e.finality, e.labels,
	} {
		section()
	}
	return e.String()
}

// standing says which version this is and what it rests on.
func (e *explainer) standing() {
	z := e.terms.Zone
	e.title("Contract %s, version %d: what it means", "Contract %s, versie %d: wat het betekent", e.contract.ID, e.version.Number)
	e.say("In force from %s.", "Van kracht vanaf %s.", e.moment(e.version.InForce, z))
	if e.at < e.version.InForce {
		e.say("It was not yet in force on %s.", "Het was nog niet van kracht op %s.", e.moment(e.at, z))
	}
	if e.next != nil {
		e.say("Version %d follows it on %s; this text does not speak of that one.",
			"Versie %d volgt op %s; daarover gaat deze tekst niet.", e.next.Number, e.moment(e.next.InForce, z))
	}
	if e.terms.Ends != 0 {
		e.say("The agreement ends on %s.", "De overeenkomst eindigt op %s.", e.moment(e.terms.Ends, z))
	}
	e.say("All times are local time of %s, summer time included.", "Alle tijden zijn plaatselijke tijd van %s, zomertijd inbegrepen.", z.Name())
	if e.version.Document != "" {
		e.say("It carries out the signed document with the SHA-256 %s.", "Het voert het ondertekende document uit met de SHA-256 %s.", e.version.Document)
	} else {
		e.say("No signed document is named. Without one these terms are the provider's claim, and a verification says so.",
			"Er is geen ondertekend document genoemd. Zonder dat zijn deze voorwaarden de bewering van de leverancier, en een verificatie zegt dat ook.")
	}
	if e.version.AcceptedBy != "" {
		e.say("Accepted for the customer by %s on %s.", "Aanvaard namens de klant door %s op %s.", e.version.AcceptedBy, e.moment(e.version.AcceptedAt, z))
	} else {
		e.say("No acceptance by the customer is recorded.", "Er is geen aanvaarding door de klant vastgelegd.")
	}
}

// measurement says what is asked, how often, and by whom.
func (e *explainer) measurement() {
	e.section("What is measured, and from where", "Wat er gemeten wordt, en van waar")
	if e.terms.Measured != "" {
		e.say("Measured is: %s.", "Gemeten wordt: %s.", strings.TrimSuffix(e.terms.Measured, "."))
	}
	rows := [][]string{{e.pick("Check", "Meting"), e.pick("every", "elke"), e.pick("answer within", "antwoord binnen"), e.pick("how", "hoe")}}
	for _, m := range e.version.Measure {
		how := ""
		switch m.Kind {
		case vouch.KindICMP:
			how = fmt.Sprintf(e.pick("%s, %s apart, of %d bytes", "%s, met %s ertussen, van %d bytes"),
				e.count(int64(m.Count), "echo request", "echo requests", "echoverzoek", "echoverzoeken"), e.span(m.Spacing), m.Size)
		case vouch.KindTCP:
			how = fmt.Sprintf(e.pick("connects to port %d", "verbindt met poort %d"), m.Port)
		case vouch.KindSIP:
			how = e.pick("asks for the options of those that speak it", "vraagt de opties van wie het spreekt")
		case vouch.KindSNMP:
			how = e.pick("reads the device's own values", "leest de eigen waarden van het apparaat")
		}
		rows = append(rows, []string{strings.ToUpper(string(m.Kind)), e.span(m.Interval), e.span(m.Timeout), how})
	}
	e.table(rows)
	e.say("A location reaches a device when any of %s answers. An outage shorter than %s may go unseen, and the edges of a longer one are that exact.",
		"Een locatie bereikt een apparaat wanneer een van %s antwoordt. Een storing korter dan %s kan ongezien blijven, en de grenzen van een langere zijn even nauwkeurig.",
		e.either(e.deciding()), e.span(e.terms.Resolution()))
	if n := e.terms.Admission; n > 0 {
		e.say("A location's check of a device votes once it has succeeded %s; before that it is unknown.",
			"De meting van een apparaat door een locatie stemt mee zodra ze %s gelukt is; daarvoor is ze onbekend.", e.count(int64(n), "time", "times", "keer", "keer"))
	}
	e.voters()
	if e.terms.SelfCheckRequired {
		e.say("A location that cannot show that its own gateway and network work says unknown instead of down.",
			"Een locatie die niet kan aantonen dat haar eigen gateway en netwerk werken, zegt onbekend in plaats van neer.")
	}
	if len(e.version.References) > 0 {
		var names []string
		for _, r := range e.version.References {
			names = append(names, fmt.Sprintf("%s (%s)", r.Name, r.Addr))
		}
		e.say("Beside its own gateway each location asks %s, to tell a silent device from a silent network.",
			"Naast de eigen gateway vraagt elke locatie ook %s, om een zwijgend apparaat van een zwijgend netwerk te onderscheiden.", e.all(names))
	}
}

// deciding names the checks that establish up and down.
func (e *explainer) deciding() []string {
	var out []string
	for _, m := range e.version.Measure {
		if len(e.terms.ReachableBy) == 0 || slices.Contains(e.terms.ReachableBy, m.Kind) {
			out = append(out, strings.ToUpper(string(m.Kind)))
		}
	}
	return out
}

// voters lists the witnesses with what their place makes of their vote.
func (e *explainer) voters() {
	voting := e.terms.Voting()
	rows := [][]string{{e.pick("Location", "Locatie"), e.pick("in the hands of", "in handen van"), e.pick("votes", "stemt mee")}}
	for _, v := range e.terms.Voters {
		votes := e.pick("yes", "ja")
		if !slices.Contains(voting, v) {
			votes = e.pick("no", "nee")
		}
		rows = append(rows, []string{string(v.Location), e.custody(v.Custody), votes})
	}
	e.table(rows)
	e.say("A location is one witness, however many agents measure there. One without data is unknown; it is never left out of the count.",
		"Een locatie is één getuige, hoeveel agents er ook meten. Een locatie zonder gegevens is onbekend; ze valt nooit uit de telling.")
	if e.terms.LeaveOutCustomer {
		e.say("Locations on the customer's premises do not vote, in either direction, whoever owns the equipment there.",
			"Locaties bij de klant stemmen niet mee, in geen van beide richtingen, van wie de apparatuur daar ook is.")
	} else {
		e.say("Locations on the customer's premises vote like any other.", "Locaties bij de klant stemmen mee zoals elke andere.")
	}
	if len(voting) < 3 {
		e.say("With fewer than three voters each of them can keep a verdict from being reached.",
			"Met minder dan drie stemmers kan elk van hen een oordeel tegenhouden.")
	}
}

// verdict says the quorum rule in words.
func (e *explainer) verdict() {
	e.section("Available or not", "Beschikbaar of niet")
	q, n := e.terms.Quorum.Q, len(e.terms.Voting())
	switch e.terms.Quorum.Rule {
	case contract.ReachableFrom:
		e.say("A device is available while at least %d of the %d voting locations reach it. It is not available while fewer than %d do, even with every location without data counted as reaching it. In between it is unknown.",
			"Een apparaat is beschikbaar zolang minstens %d van de %d stemmende locaties het bereiken. Het is niet beschikbaar zolang minder dan %d het bereiken, ook als elke locatie zonder gegevens zou meetellen alsof ze het bereikt. Daartussen is het onbekend.", q, n, q)
	case contract.UnreachableFrom:
		e.say("A device is not available while at least %d of the %d voting locations fail to reach it. It is available while fewer than %d fail, even with every location without data counted as failing. In between it is unknown.",
			"Een apparaat is niet beschikbaar zolang minstens %d van de %d stemmende locaties het niet bereiken. Het is beschikbaar zolang minder dan %d het niet bereiken, ook als elke locatie zonder gegevens zou meetellen alsof ze het niet bereikt. Daartussen is het onbekend.", q, n, q)
	default:
		e.say("A device is available while at least %d of the %d voting locations reach it, and not available while at least %d do not. Where neither side has enough witnesses it is unknown.",
			"Een apparaat is beschikbaar zolang minstens %d van de %d stemmende locaties het bereiken, en niet beschikbaar zolang minstens %d het niet bereiken. Waar geen van beide kanten genoeg getuigen heeft, is het onbekend.", q, n, q)
	}
	e.say("A service is made of devices: where it needs all of them, one that is down takes it down; where any will do, it is up while one is.",
		"Een dienst bestaat uit apparaten: waar ze alle nodig zijn, is de dienst neer zodra er één neer is; waar één volstaat, is de dienst op zolang er één op is.")
}

// incidents says when an incident opens and closes.
func (e *explainer) incidents() {
	e.section("Incidents", "Incidenten")
	e.say("An incident opens once down time adds up to %s. It closes at the start of the first %s without a break that the device is up. A shorter interruption counts in the percentage and is listed, and opens nothing.",
		"Een incident opent zodra de tijd dat het apparaat neer is samen %s bedraagt. Het sluit bij het begin van de eerste %s zonder onderbreking dat het op is. Een kortere onderbreking telt mee in het percentage en wordt vermeld, maar opent niets.",
		e.span(e.terms.Confirm), e.span(e.terms.Clear))
}

// labels lists what decides nothing.
func (e *explainer) labels() {
	if len(e.terms.Labels) == 0 {
		return
	}
	e.section("Labels (they decide nothing)", "Etiketten (ze beslissen niets)")
	rows := [][]string{{e.pick("Name", "Naam"), e.pick("text", "tekst")}}
	for _, name := range slices.Sorted(maps.Keys(e.terms.Labels)) {
		rows = append(rows, []string{name, e.terms.Labels[name]})
	}
	e.table(rows)
}
