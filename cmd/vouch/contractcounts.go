// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch/contract"
)

// exclusions says what does not count and on which condition.
func (e *explainer) exclusions() {
	e.section("What does not count", "Wat niet meetelt")
	if len(e.terms.Exclusions) == 0 {
		e.say("Nothing is left out: every second of service time counts, whatever the cause.",
			"Niets wordt weggelaten: elke seconde van de diensturen telt, wat ook de oorzaak is.")
		return
	}
	e.say("The following time is neither up nor down and leaves the percentage altogether, each on its condition. What is claimed without meeting it counts, and is listed with the reason.",
		"De volgende tijd is op noch neer en valt geheel buiten het percentage, telkens op de genoemde voorwaarde. Wat wordt opgevoerd zonder daaraan te voldoen, telt mee en wordt met de reden vermeld.")
	e.WriteByte('\n')
	for _, r := range e.terms.Exclusions {
		e.exclusion(r)
	}
	if c := e.terms.ExcludedCap; c > 0 {
		e.say("All of them together leave out at most %s of service time in a calendar month.",
			"Alles samen laat hoogstens %s van de diensturen in een kalendermaand weg.", e.span(c))
	}
	var rest []string
	for _, k := range contract.ExclusionKinds() {
		if !slices.ContainsFunc(e.terms.Exclusions, func(r contract.ExclusionRule) bool { return r.Kind == k }) {
			rest = append(rest, e.kind(k))
		}
	}
	if len(rest) > 0 {
		e.say("Everything else counts. Not among the exceptions are: %s.", "Al het andere telt mee. Niet onder de uitzonderingen vallen: %s.", strings.Join(rest, "; "))
	}
}

// exclusion says of one kind on which condition it does not count.
func (e *explainer) exclusion(r contract.ExclusionRule) {
	conditions := e.conditions(r)
	sentence := capital(e.kind(r.Kind)) + ": "
	if len(conditions) == 0 {
		sentence += e.pick("always, announced or not.", "altijd, aangekondigd of niet.")
	} else {
		sentence += e.pick("if ", "als ") + e.all(conditions) + "."
	}
	for _, s := range e.remarks(r) {
		sentence += " " + s
	}
	e.point("%s", "%s", sentence)
}

// conditions lists what the kind takes to be left out.
func (e *explainer) conditions(r contract.ExclusionRule) []string {
	var out []string
	if when := e.ahead(r); r.Announced == contract.NoticeBefore {
		out = append(out, e.pick("it was announced "+when+"before it began", "het "+when+"voor het begin was aangekondigd"))
	} else if r.Announced == contract.NoticeWithoutDelay {
		out = append(out, fmt.Sprintf(e.pick("it was announced without delay (at most %s after it began)", "het onverwijld (hoogstens %s na het begin) was aangekondigd"), e.span(r.Delay)))
	}
	switch r.Accepted {
	case contract.AcceptedProvider:
		out = append(out, e.pick("the provider accepted the claim", "de leverancier de claim heeft aanvaard"))
	case contract.AcceptedCustomer:
		out = append(out, e.pick("the customer accepted the claim", "de klant de claim heeft aanvaard"))
	case contract.AcceptedDeemed:
		out = append(out, fmt.Sprintf(e.pick("the customer accepted the claim or did not object within %s of being told", "de klant de claim heeft aanvaard of binnen %s na het bericht geen bezwaar maakte"), e.limit(r.Deemed)))
	}
	if r.Evidence {
		out = append(out, e.pick("evidence is attached", "er bewijs bij zit"))
	}
	if r.FourEyes {
		out = append(out, e.pick("a second person approved the claim", "een tweede persoon de claim heeft goedgekeurd"))
	}
	if r.Within.Set() {
		out = append(out, fmt.Sprintf(e.pick("the claim was recorded within %s of the end", "de claim binnen %s na het einde is vastgelegd"), e.limit(r.Within)))
	}
	return out
}

// ahead is the notice that is a condition, in words that end in a space.
func (e *explainer) ahead(r contract.ExclusionRule) string {
	if !r.Ahead.Set() || r.Short != contract.Refuse {
		return ""
	}
	return fmt.Sprintf(e.pick("at least %s ", "minstens %s "), e.limit(r.Ahead))
}

// remarks say what else holds for a kind.
func (e *explainer) remarks(r contract.ExclusionRule) []string {
	var out []string
	if r.Ahead.Set() && r.Short == contract.Flag {
		out = append(out, fmt.Sprintf(e.pick("With less than %s notice it is left out all the same, and the statement says so.", "Met minder dan %s aankondiging vooraf valt het evengoed weg, en de verklaring zegt dat."), e.limit(r.Ahead)))
	}
	if len(e.terms.Office.Windows) > 0 && r.OfficeHours == contract.Flag {
		out = append(out, e.pick("Work inside working hours is left out, and the statement says so.", "Werk binnen de werkuren valt weg, en de verklaring zegt dat."))
	}
	if len(e.terms.Office.Windows) > 0 && r.OfficeHours == contract.Refuse {
		out = append(out, e.pick("What lies inside working hours counts.", "Wat binnen de werkuren valt, telt mee."))
	}
	if r.MonthlyCap > 0 {
		out = append(out, fmt.Sprintf(e.pick("At most %s in a calendar month.", "Hoogstens %s per kalendermaand."), e.span(r.MonthlyCap)))
	}
	return out
}

// capital writes the first letter of a sentence.
func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// unknown says what becomes of time of which nothing is established.
func (e *explainer) unknown() {
	e.section("Unknown time", "Onbekende tijd")
	e.say("Time of which nothing is established is neither up nor down. It is counted and shown, with both bounds: the percentage if all of it had been down, and if all of it had been up.",
		"Tijd waarover niets vaststaat is op noch neer. Ze wordt geteld en getoond, met beide grenzen: het percentage als ze geheel neer was geweest, en als ze geheel op was geweest.")
	e.say("In the headline figure it %s.", "In het hoofdcijfer %s.", map[contract.UnknownPolicy]string{
		contract.UnknownAsDown: e.pick("counts as down", "telt ze als neer"),
		contract.UnknownAsUp:   e.pick("counts as up", "telt ze als op"),
	}[e.terms.Unknown]+map[bool]string{true: e.pick("stands in neither numerator nor denominator", "staat ze in teller noch noemer")}[e.terms.Unknown == contract.UnknownNeutral])
	if m := e.terms.MinCoverage; m.Set() && e.terms.Shortfall == contract.MissingIsDown {
		e.say("If less than %s of the time is established, the missing seconds count as down.",
			"Als minder dan %s van de tijd vaststaat, tellen de ontbrekende seconden als neer.", e.percent(m.String()))
	} else if m.Set() {
		e.say("If less than %s of the time is established, the statement says \"cannot be assessed\", and the target is not met.",
			"Als minder dan %s van de tijd vaststaat, zegt de verklaring \"niet te beoordelen\", en is het doel niet gehaald.", e.percent(m.String()))
	}
	if e.terms.ProviderNetwork == contract.NetworkDown {
		e.say("A location that is cut off by the provider's own network says down.", "Een locatie die door het eigen netwerk van de leverancier is afgesneden, zegt neer.")
	} else {
		e.say("A location that is cut off by the provider's own network says unknown.", "Een locatie die door het eigen netwerk van de leverancier is afgesneden, zegt onbekend.")
	}
}

// limits says which quality was agreed and what a breach does.
func (e *explainer) limits() {
	if len(e.terms.Thresholds) == 0 {
		e.say("No limits on quality were agreed: a device that answers is up, however slowly.",
			"Er zijn geen grenzen aan de kwaliteit afgesproken: een apparaat dat antwoordt is op, hoe traag ook.")
		return
	}
	e.say("These limits on quality were agreed:", "Deze grenzen aan de kwaliteit zijn afgesproken:")
	rows := [][]string{{e.pick("Limit", "Grens"), e.pick("breached by", "overschreden bij"), e.pick("a breach", "een overschrijding")}}
	for _, th := range e.terms.Thresholds {
		effect := th.Effect
		if effect == contract.NoEffect {
			effect = e.terms.Degraded
		}
		what := map[contract.Effect]string{
			contract.EffectFigure:   e.pick("is a figure of its own", "is een apart cijfer"),
			contract.EffectIncident: e.pick("counts toward an incident", "telt mee voor een incident"),
			contract.EffectDown:     e.pick("makes the location vote down", "laat de locatie neer stemmen"),
		}[effect]
		rows = append(rows, []string{th.Name, strings.Join(wrap(e.breach(th), 34), "\n"), what})
	}
	e.table(rows)
	e.say("Each is looked at with every measurement, over the stretch before it. With fewer than half of the measurements due it is undetermined, and does not degrade.",
		"Elke grens wordt bij elke meting bekeken, over de tijd ervoor. Met minder dan de helft van de verwachte metingen is het oordeel onbepaald, en wordt niets minder.")
}

// breach says when a threshold is breached and when no longer.
func (e *explainer) breach(th contract.Threshold) string {
	var s string
	kind, window := strings.ToUpper(string(th.Kind)), e.span(th.Window)
	switch th.Metric {
	case contract.MetricLoss:
		of := fmt.Sprintf(e.pick("the requests of %s", "de verzoeken van %s"), window)
		if th.Of > 0 {
			of = fmt.Sprintf(e.pick("the last %d requests", "de laatste %d verzoeken"), th.Of)
		}
		s = fmt.Sprintf(e.pick("%s: at least %d of %s lost", "%s: minstens %d van %s verloren"), kind, th.Lost, of)
	case contract.MetricRTT:
		s = fmt.Sprintf(e.pick("%s: a mean round trip over %s of more than %s", "%s: een gemiddelde heen-en-weertijd over %s van meer dan %s"), kind, window, e.span(th.Limit))
	case contract.MetricJitter:
		s = fmt.Sprintf(e.pick("%s: a mean round-trip delay variation over %s of more than %s", "%s: een gemiddelde variatie van de heen-en-weertijd over %s van meer dan %s"), kind, window, e.span(th.Limit))
	case contract.MetricValue:
		s = kind + ": " + e.valueBreach(th)
	}
	if th.For > 0 {
		s += fmt.Sprintf(e.pick(", for %s", ", gedurende %s"), e.span(th.For))
	}
	if th.ClearFor > 0 {
		s += fmt.Sprintf(e.pick("; over after %s in order", "; voorbij na %s in orde"), e.span(th.ClearFor))
	}
	return s
}

// valueBreach says when a named value is beyond its limit.
func (e *explainer) valueBreach(th contract.Threshold) string {
	switch th.Compare {
	case contract.Below:
		return fmt.Sprintf(e.pick("%s on average below %s", "%s gemiddeld onder %s"), th.Value, e.micro(int64(th.At)))
	case contract.Equals:
		return fmt.Sprintf(e.pick("%s is %s", "%s is %s"), th.Value, e.micro(int64(th.At)))
	case contract.NotIn:
		var set []string
		for _, n := range th.Set {
			set = append(set, e.micro(int64(n)))
		}
		return fmt.Sprintf(e.pick("%s is not %s", "%s is niet %s"), th.Value, e.either(set))
	}
	return fmt.Sprintf(e.pick("%s on average above %s", "%s gemiddeld boven %s"), th.Value, e.micro(int64(th.At)))
}

// targets says which availability was agreed, over which time.
func (e *explainer) targets() {
	e.section("Agreed availability", "Afgesproken beschikbaarheid")
	period := map[contract.PeriodKind]string{
		contract.PeriodQuarter: e.pick("calendar quarter", "kalenderkwartaal"),
		contract.PeriodYear:    e.pick("calendar year", "kalenderjaar"),
		contract.PeriodTerm:    e.pick("the whole duration of the agreement", "de hele duur van de overeenkomst"),
	}[e.terms.Period]
	if period == "" {
		period = e.pick("calendar month", "kalendermaand")
	}
	if len(e.terms.Targets) == 0 {
		e.say("No availability was agreed. The figures are stated for each %s without a verdict on them: \"no target agreed\".",
			"Er is geen beschikbaarheid afgesproken. De cijfers worden vermeld per %s zonder oordeel erover: \"geen doel afgesproken\".", period)
		return
	}
	rows := [][]string{{e.pick("Service", "Dienst"), e.pick("at least", "minstens"), e.pick("measured over", "gemeten over")}}
	for _, t := range e.terms.Targets {
		service := string(t.Service)
		if service == "" {
			service = e.pick("the service as a whole", "de dienst als geheel")
		}
		rows = append(rows, []string{service, e.percent(t.Target.String()), period})
	}
	e.table(rows)
	e.say("Availability is up time divided by up and down time together. It is cut off after six decimals and never rounded up, so that no target is met by rounding.",
		"Beschikbaarheid is de tijd op, gedeeld door de tijd op en neer samen. Ze wordt na zes decimalen afgekapt en nooit naar boven afgerond, zodat geen doel door afronding wordt gehaald.")
}
