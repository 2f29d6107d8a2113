// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// textWidth is the width of the plain text, that of a terminal and of a letter.
const textWidth = 80

// maxRows bounds every list of the plain text; the JSON has all of it.
const maxRows = 40

// hardSpace stands for a space at which no line is broken, until the text is done.
const hardSpace = "\u00a0"

// Text returns the statement as plain text of at most 80 columns: what it comes to in
// a sentence first, then the figures, then what they rest on.
func (s Statement) Text(l Language) []byte {
	p := &page{Statement: s, l: l}
	p.head()
	p.summary()
	p.figures()
	p.incidents()
	p.unknown()
	p.exclusions()
	p.measuring()
	return []byte(strings.ReplaceAll(p.b.String(), hardSpace, " "))
}

// page is a plain text that is being written.
type page struct {
	Statement
	l Language
	b strings.Builder
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// section begins a section.
func (p *page) section(english, dutch string) {
	title := strings.ToUpper(p.l.pick(english, dutch))
	p.printf("\n%s\n%s\n", title, strings.Repeat("-", len([]rune(title))))
}

// wrap writes a text in lines of at most 80 columns, the first behind first and the
// others behind as many spaces.
func (p *page) wrap(first, text string) {
	indent := strings.Repeat(" ", len([]rune(first)))
	line, empty := first, true
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > textWidth {
			p.printf("%s\n", line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	p.printf("%s\n", strings.TrimRight(line, " "))
}

func (p *page) when(s contract.Second) time.Time {
	return time.Unix(int64(s), 0).In(p.zone.Location())
}

// stretch prints an interval, leaving the second date out where it is the first again.
func (p *page) stretch(s contract.Span, open bool) string {
	from, to := p.when(s.From), p.when(s.To)
	out := p.l.date(from, false) + " " + clock(from, to)
	switch {
	case open:
		return out + p.l.pick(" - still open", " - nog open")
	case from.YearDay() == to.YearDay() && from.Year() == to.Year():
		return out + " - " + clock(to, from)
	}
	return out + " - " + p.l.date(to, false) + " " + clock(to, from)
}

// clock prints a wall-clock time, with its zone where the other end has another.
func clock(t, other time.Time) string {
	if zoneMark(t) != zoneMark(other) {
		return t.Format("15:04:05 ") + zoneMark(t)
	}
	return t.Format("15:04:05")
}

func (p *page) head() {
	p.printf("%s\n", p.l.pick("AVAILABILITY STATEMENT", "BESCHIKBAARHEIDSVERKLARING"))
	p.wrap("", fmt.Sprintf(p.l.pick("%s, by %s", "%s, door %s"), p.CustomerName, p.Provider))
	period := p.Account.Period
	if p.Pending > 0 {
		period.To += contract.Second(p.Pending)
	}
	p.wrap("", fmt.Sprintf(p.l.pick("%s until %s", "%s tot %s"), p.l.moment(p.when(period.From)), p.l.moment(p.when(period.To))))
	var about []string
	if p.Number != "" {
		about = append(about, fmt.Sprintf(p.l.pick("Number %s, version %d.", "Nummer %s, versie %d."), p.Number, p.Revision))
	}
	var numbers []string
	for _, v := range p.Versions {
		numbers = append(numbers, fmt.Sprint(v.Number))
	}
	switch {
	case len(numbers) == 0:
		about = append(about, p.l.pick("No contract in force.", "Geen contract van kracht."))
	case p.Contract != "":
		about = append(about, fmt.Sprintf(p.l.pick("Contract %s, version %s.", "Contract %s, versie %s."), p.Contract, strings.Join(numbers, ", ")))
	default:
		about = append(about, fmt.Sprintf(p.l.pick("Contract version %s.", "Contractversie %s."), strings.Join(numbers, ", ")))
	}
	about = append(about, fmt.Sprintf(p.l.pick("Time zone %s.", "Tijdzone %s."), p.Timezone))
	p.wrap("", strings.Join(about, " "))
}

// summary says in words what the statement comes to.
func (p *page) summary() {
	p.printf("\n")
	p.wrap("", p.sentence())
	if p.Provisional {
		text := p.l.pick("Provisional: late measurements may still change it.", "Voorlopig: late metingen kunnen het nog wijzigen.")
		if p.CountedUntil != nil {
			text = fmt.Sprintf(p.l.pick("Provisional: the figures end at %s; the rest of the period is pending and not counted.",
				"Voorlopig: de cijfers eindigen op %s; de rest van de periode staat nog open en telt niet mee."), p.l.moment(p.when(p.Account.Period.To)))
		}
		p.wrap("", text)
	}
}

func (p *page) sentence() string {
	b := p.Body
	switch {
	case b.Agreed == 0:
		return fmt.Sprintf(p.l.pick("No service time was agreed for %s in this period, so there is no percentage.",
			"In deze periode was voor %s geen diensttijd afgesproken, dus er is geen percentage."), p.CustomerName)
	case !b.Headline.Valid():
		return fmt.Sprintf(p.l.pick("It cannot be told whether %s was available: of %s agreed nothing is established.",
			"Of %s beschikbaar was, is niet te zeggen: van %s afgesproken tijd staat niets vast."), p.CustomerName, p.l.spoken(b.Agreed))
	}
	text := fmt.Sprintf(p.l.pick("%s was available for %s of the time that counts: %s.", "%s was %s van de tijd die telt beschikbaar: %s."),
		p.CustomerName, p.l.percent(b.Headline), p.downWords(b))
	if b.Unknown > 0 {
		text += " " + fmt.Sprintf(p.l.pick("For %s it is unknown.", "Van %s is het onbekend."), p.l.spoken(b.Unknown))
	}
	if b.Result == ResultUnclear {
		text += " " + fmt.Sprintf(p.l.pick("Too little was measured (%s): the target cannot be assessed.",
			"Er is te weinig gemeten (%s): het doel is niet te beoordelen."), p.l.percent(b.Coverage))
	}
	return text
}

func (p *page) downWords(b Body) string {
	if b.Down == 0 {
		return fmt.Sprintf(p.l.pick("never down in %s of service time", "nooit neer in %s diensttijd"), p.l.spoken(b.Eligible))
	}
	return fmt.Sprintf(p.l.pick("%s down in %s of service time", "%s neer in %s diensttijd"), p.l.spoken(b.Down), p.l.spoken(b.Eligible))
}

// figures prints one row for each subject.
func (p *page) figures() {
	p.section("Figures", "Cijfers")
	head := []string{"", "available %", "coverage %", "agreed", "excluded", "down", "unknown"}
	if p.l == Dutch {
		head = []string{"", "beschikb. %", "dekking %", "afgespr.", "uitgesl.", "neer", "onbekend"}
	}
	p.row(head)
	p.subject(p.l.pick("Customer as a whole", "Klant als geheel"), p.Body)
	for _, list := range []struct {
		title string
		of    []Subject
	}{{p.l.pick("Services", "Diensten"), p.Services}, {p.l.pick("Devices", "Apparaten"), p.Devices}} {
		if len(list.of) == 0 {
			continue
		}
		p.printf("%s\n", list.title)
		for _, s := range list.of {
			p.subject("  "+s.Name, s.Body)
		}
	}
	p.printf("\n")
	p.wrap("", p.l.pick("Availability = up / (up + down), in whole seconds, truncated to six decimals. Unknown time is in neither; coverage = (up + down) / (agreed - excluded).",
		"Beschikbaarheid = op / (op + neer), in hele seconden, afgekapt op zes decimalen. Onbekende tijd zit in geen van beide; dekking = (op + neer) / (afgesproken - uitgesloten)."))
	p.remarks()
}

func (p *page) row(cells []string) {
	if len([]rune(cells[0])) > 19 {
		p.printf("%s\n", cells[0])
		cells = slices.Concat([]string{""}, cells[1:])
	}
	line := fmt.Sprintf("%-19s %11s %11s %9s %8s %8s %8s", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
	p.printf("%s\n", strings.TrimRight(line, " "))
}

func (p *page) subject(name string, b Body) {
	figure := func(x contract.Percent) string {
		if !x.Valid() {
			return "-"
		}
		return p.l.decimal(x.String())
	}
	p.row([]string{name, figure(b.Headline), figure(b.Coverage), duration(b.Agreed), duration(b.Excluded), duration(b.Down), duration(b.Unknown)})
}

// remarks says of each subject with a target how it stands to it, and of each with
// unknown time what that could be.
func (p *page) remarks() {
	subjects := slices.Concat([]Subject{{Name: p.l.pick("Customer as a whole", "Klant als geheel"), Body: p.Body}}, p.Services)
	for _, s := range subjects {
		var text []string
		if s.Target != nil {
			target := p.l.decimal(*s.Target) + hardSpace + "%"
			switch s.Result {
			case ResultMet:
				text = append(text, fmt.Sprintf(p.l.pick("meets the target of %s.", "haalt het doel van %s."), target))
			case ResultNotMet:
				text = append(text, fmt.Sprintf(p.l.pick("target of %s not met.", "doel van %s niet gehaald."), target))
			default:
				text = append(text, fmt.Sprintf(p.l.pick("target of %s cannot be assessed.", "doel van %s niet te beoordelen."), target))
			}
			if s.OnlyIfNotDown {
				text = append(text, p.l.pick("It would miss it if the unknown time were down.", "Het zou dat missen als de onbekende tijd neer was."))
			}
		}
		if s.Unknown > 0 {
			text = append(text, fmt.Sprintf(p.l.pick("Unknown taken for down: %s; for up: %s.", "Onbekend als neer: %s; als op: %s."),
				p.l.percent(s.IfUnknownDown), p.l.percent(s.IfUnknownUp)))
		}
		if s.Degraded > 0 {
			text = append(text, fmt.Sprintf(p.l.pick("Degraded while up: %s.", "Gedegradeerd terwijl op: %s."), duration(s.Degraded)))
		}
		if len(text) > 0 {
			p.wrap("", s.Name+": "+strings.Join(text, " "))
		}
	}
}
