// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// voice is a statement in a language: the sentences that the text and the HTML have in
// common.
type voice struct {
	Statement
	l    Language
	zone zone
}

func newVoice(s Statement, l Language) voice { return voice{s, l, zoneOf(s.Offsets)} }

func (v voice) pick(english, dutch string) string { return v.l.pick(english, dutch) }

func (v voice) sprintf(english, dutch string, args ...any) string {
	return fmt.Sprintf(v.l.pick(english, dutch), args...)
}

// when returns an instant in the contract's zone.
func (v voice) when(i Instant) time.Time { return v.zone.read(i) }

func (v voice) moment(i Instant) string { return v.l.moment(v.when(i)) }

// stretch prints an interval. It lasts where it has no end.
func (v voice) stretch(start Instant, end *Instant) string {
	from := v.when(start)
	if end == nil {
		return v.l.date(from, false) + " " + clock(from, from) + v.pick(" - still open", " - nog open")
	}
	return v.between(from, v.when(*end))
}

// between prints an interval, leaving the second date out where it is the first again.
func (v voice) between(from, to time.Time) string {
	out := v.l.date(from, false) + " " + clock(from, to) + " - "
	if from.YearDay() != to.YearDay() || from.Year() != to.Year() {
		out += v.l.date(to, false) + " "
	}
	return out + clock(to, from)
}

// clock prints a wall-clock time, with its zone where the other end has another.
func clock(t, other time.Time) string {
	if zoneMark(t) != zoneMark(other) {
		return t.Format("15:04:05 ") + zoneMark(t)
	}
	return t.Format("15:04:05")
}

func (v voice) period() string {
	return v.sprintf("%s until %s", "%s tot %s", v.moment(v.From), v.moment(v.To))
}

// terms names the contract and its versions.
func (v voice) terms() string {
	var numbers []string
	for _, x := range v.Versions {
		numbers = append(numbers, fmt.Sprint(x.Number))
	}
	switch {
	case len(numbers) == 0:
		return v.pick("No contract in force", "Geen contract van kracht")
	case v.Contract != "":
		return v.sprintf("Contract %s, version %s", "Contract %s, versie %s", v.Contract, strings.Join(numbers, ", "))
	}
	return v.sprintf("Contract version %s", "Contractversie %s", strings.Join(numbers, ", "))
}

// made says how the statement came to be: computed, or issued, when, by whom and why.
func (v voice) made() string {
	if v.Issued == nil {
		return v.sprintf("Computed %s.", "Berekend op %s.", v.moment(v.AsOf))
	}
	text := v.sprintf("Issued %s by %s, record %s", "Uitgegeven op %s door %s, vastlegging %s", v.moment(v.Issued.At), v.Issued.Author, v.Issued.Record)
	return text + because(v.Issued.Reason)
}

// because ends a sentence, with a reason where there is one.
func because(reason string) string {
	if reason == "" {
		return "."
	}
	return ": " + strings.TrimSuffix(reason, ".") + "."
}

// replacing says which version this one replaces and why.
func (v voice) replacing() string {
	return v.sprintf("It replaces version %d", "Ze vervangt versie %d", v.Replaces.Version) + because(v.Replaces.Reason)
}

// standing says what may still become of the statement.
func (v voice) standing() string {
	var text string
	switch v.State {
	case StateProvisional:
		text = v.pick("Provisional: late measurements may still change it.", "Voorlopig: late metingen kunnen deze verklaring nog wijzigen.")
	case StateIssued:
		text = v.pick("Issued: another version may still replace it.", "Uitgegeven: een volgende versie kan deze verklaring nog vervangen.")
	case StateFinal:
		text = v.pick("Final: by the contract's terms nothing can change any more.", "Definitief: volgens het contract kan er niets meer aan veranderen.")
	default:
		text = v.pick("Draft, not issued: late measurements may still change it.", "Concept, niet uitgegeven: late metingen kunnen deze verklaring nog wijzigen.")
	}
	if v.CountedUntil != nil {
		text += " " + v.sprintf("The figures end at %s; the rest of the period, %s, is pending and not counted.",
			"De cijfers lopen tot %s; de rest van de periode, %s, staat nog open en telt niet mee.", v.moment(*v.CountedUntil), duration(v.Pending))
	}
	return text
}

// sentence says what the statement comes to.
func (v voice) sentence() string {
	b := v.Body
	switch {
	case b.Agreed == 0:
		return v.sprintf("No service time was agreed for %s in this period, so there is no percentage.",
			"In deze periode was voor %s geen diensttijd afgesproken, dus er is geen percentage.", v.CustomerName)
	case !b.Headline.Valid():
		return v.sprintf("It cannot be told whether %s was available: of %s agreed nothing is established.",
			"Of %s beschikbaar was, is niet te zeggen: van %s afgesproken tijd staat niets vast.", v.CustomerName, v.l.spoken(b.Agreed))
	}
	text := v.sprintf("%s was available for %s of the time that counts: %s.", "%s was %s van de tijd die telt beschikbaar: %s.",
		v.CustomerName, v.l.percent(b.Headline), v.downWords(b))
	if b.Unknown > 0 {
		text += " " + v.sprintf("For %s it is unknown.", "Van %s is het onbekend.", v.l.spoken(b.Unknown))
	}
	if b.Result == ResultUnclear {
		text += " " + v.sprintf("Too little was measured (%s): the target cannot be assessed.",
			"Er is te weinig gemeten (%s): het doel is niet te beoordelen.", v.l.percent(b.Coverage))
	}
	return text
}

func (v voice) downWords(b Body) string {
	if b.Down == 0 {
		return v.sprintf("never down in %s of service time", "nooit neer in %s diensttijd", v.l.spoken(b.Eligible))
	}
	return v.sprintf("%s down in %s of service time", "%s neer in %s diensttijd", v.l.spoken(b.Down), v.l.spoken(b.Eligible))
}

// formula says how the percentages are made.
func (v voice) formula() string {
	return v.pick("Availability = up / (up + down), in whole seconds, truncated to six decimals. Unknown time is in neither; coverage = (up + down) / (agreed - excluded).",
		"Beschikbaarheid = op / (op + neer), in hele seconden, afgekapt op zes decimalen. Onbekende tijd zit in geen van beide; dekking = (op + neer) / (afgesproken - uitgesloten).")
}

// verdict says how a figure stands to its target.
func (v voice) verdict(b Body) string {
	if b.Target == nil {
		return v.pick("no target agreed", "geen doel afgesproken")
	}
	target := v.l.decimal(*b.Target) + hardSpace + "%"
	switch b.Result {
	case ResultMet:
		return v.sprintf("meets the target of %s", "haalt het doel van %s", target)
	case ResultNotMet:
		return v.sprintf("target of %s not met", "doel van %s niet gehaald", target)
	}
	return v.sprintf("target of %s cannot be assessed", "doel van %s niet te beoordelen", target)
}

// onlyIf is added to a target that is met only because of unknown time.
func (v voice) onlyIf() string {
	return v.pick("It would miss it if the unknown time were down.", "Het zou dat niet halen als de onbekende tijd neer was.")
}

// shorts says which interruptions were too short for an incident.
func (v voice) shorts() string {
	return v.sprintf("Interruptions of the customer as a whole too short for an incident: %d, together %s.",
		"Onderbrekingen van de klant als geheel, te kort voor een incident: %d, samen %s.", v.Short.Count, v.l.spoken(v.Short.Down))
}

// maintenance adds up what was announced.
func (v voice) maintenance() string {
	return v.sprintf("Maintenance of the customer as a whole: %s announced in service time, %s excluded, %s down under it.",
		"Onderhoud van de klant als geheel: %s aangekondigd in diensttijd, %s uitgesloten, %s neer tijdens onderhoud.",
		duration(v.Announced), duration(v.ExcludedMaintenance), duration(v.DownUnderMaintenance))
}

// history says when an exclusion was announced and cancelled, whether it was accepted,
// and what is noted of it.
func (v voice) history(e Exclusion) []string {
	var out []string
	if e.Announced != nil {
		text := v.sprintf("announced %s", "aangekondigd %s", v.moment(*e.Announced))
		if at, from := v.when(*e.Announced), v.when(e.From); at.Before(from) {
			text += v.sprintf(", %s before", ", %s van tevoren", v.ahead(at, from))
		}
		out = append(out, text)
	}
	if e.Cancelled != nil {
		out = append(out, v.sprintf("cancelled %s", "ingetrokken %s", v.moment(*e.Cancelled)))
	}
	if e.Accepted {
		out = append(out, v.pick("accepted", "aanvaard"))
	}
	if e.Why != "" {
		out = append(out, v.l.why(e.Why))
	}
	for _, n := range e.Notes {
		out = append(out, v.l.note(n))
	}
	return out
}

// ahead prints how long before: in days, which are dates at the same wall-clock time,
// where there are two and more. It is cut off and not rounded.
func (v voice) ahead(at, from time.Time) string {
	seconds := int64(from.Sub(at) / time.Second)
	days := int(seconds/86400) + 1
	for at.AddDate(0, 0, days).After(from) {
		days--
	}
	if days >= 2 {
		return v.l.count(days, "day", "days", "dag", "dagen")
	}
	return v.l.spoken(seconds)
}

// Term is something that a statement says, and the name of it.
type Term struct{ Name, Text string }

// plainly returns a contract version in plain words.
func (v voice) plainly(x Version) []Term {
	hours := windowWords(x.Windows, v.l) + " (" + x.Timezone + ")"
	if len(x.Holidays) > 0 {
		var dates []string
		for _, h := range x.Holidays {
			dates = append(dates, h.String())
		}
		hours += v.pick("; not on ", "; niet op ") + strings.Join(dates, ", ")
	}
	device := quorumWords(x.Quorum, x.Voters, v.l) + "."
	if x.FewWitnesses {
		device += " " + v.pick("With fewer than three witnesses, each can keep a verdict from being reached.",
			"Met minder dan drie getuigen kan elk een oordeel tegenhouden.")
	}
	out := []Term{
		{v.pick("Service hours", "Diensttijd"), hours + "."},
		{v.pick("A device is", "Apparaat is"), device},
		{v.pick("Incidents", "Incidenten"), v.sprintf("open after %s down, close after %s up.", "openen na %s neer, sluiten na %s op.",
			v.l.spoken(x.Confirm), v.l.spoken(x.Clear))},
		{v.pick("Resolution", "Nauwkeurigheid"), v.sprintf("edges within %s; shorter outages may go unseen.", "grenzen op %s na; kortere storingen kunnen onopgemerkt blijven.",
			v.l.spoken(x.Resolution))},
	}
	if x.MinCoverage.Set() {
		out = append(out, Term{v.pick("Coverage", "Dekking"), v.sprintf("at least %s is agreed.", "minstens %s is afgesproken.",
			v.l.decimal(x.MinCoverage.String())+hardSpace+"%")})
	}
	return out
}

// since heads a contract version.
func (v voice) since(x Version) string {
	return v.sprintf("Contract version %d, from %s", "Contractversie %d, vanaf %s", x.Number, v.moment(x.From))
}

// whole is the name of what a statement's top level is about.
func (v voice) whole() string { return v.pick("Customer as a whole", "Klant als geheel") }

// subjects are the services, or the devices where there is none: what is told at
// length.
func (v voice) subjects() []Subject {
	if len(v.Services) == 0 {
		return v.Devices
	}
	return v.Services
}

// granted heads the exclusions that counted, or those that did not.
func (v voice) granted(counted bool) string {
	if counted {
		return v.pick("Counted", "Toegepast")
	}
	return v.pick("Claimed, not counted", "Opgevoerd, niet toegepast")
}

// check says how to check an issued statement.
func (v voice) check() string {
	return v.pick("Check it yourself, on any computer and without a network: vouch-verify FILE, with the bundle that belongs to this statement.",
		"Controleer het zelf, op elke computer en zonder netwerk: vouch-verify BESTAND, met de bundel die bij deze verklaring hoort.")
}

// moved prints seconds with their sign; none without.
func moved(s int64) string {
	switch {
	case s > 0:
		return "+" + duration(s)
	case s < 0:
		return "-" + duration(-s)
	}
	return "0"
}

// deviceIDs are the devices of an incident.
func deviceIDs(i Incident) []vouch.DeviceID {
	out := make([]vouch.DeviceID, len(i.Devices))
	for k, d := range i.Devices {
		out[k] = d.Device
	}
	return out
}

func joined[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = string(x)
	}
	return strings.Join(parts, ", ")
}
