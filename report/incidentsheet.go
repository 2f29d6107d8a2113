// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// maxListed bounds the incidents of a sheet; JSON and CSV have all.
const maxListed = 200

// percent prints a figure with its sign, and words where there is none.
func percent(l statement.Language, p contract.Percent) string {
	if !p.Valid() {
		return pick(l, "no figure", "geen cijfer")
	}
	return decimal(l, p.String()) + "\u00a0%"
}

func decimal(l statement.Language, s string) string {
	return pick(l, s, strings.Replace(s, ".", ",", 1))
}

// moment prints an instant with its offset: "2026-11-03 14:10:00 +01:00".
func moment(i statement.Instant) string {
	if i == "" {
		return ""
	}
	return i.Time().Format("2006-01-02 15:04:05 -07:00")
}

// period names a period: a month by its name.
func period(l statement.Language, from, to statement.Instant) string {
	a, b := from.Time(), to.Time()
	midnight := func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Day() == 1 }
	if y, m, _ := a.Date(); midnight(a) && midnight(b) && b.Year()*12+int(b.Month()) == y*12+int(m)+1 {
		return pick(l, m.String(), monthsDutch[m]) + fmt.Sprintf(" %d", y)
	}
	return moment(from) + pick(l, " until ", " tot ") + moment(to)
}

var monthsDutch = [...]string{"", "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}

// Sheet implements [Report].
func (r Incidents) Sheet(l statement.Language) Sheet {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	s := Sheet{Language: l, Title: say("Incident performance, ", "Afhandeling van incidenten, ") + period(l, r.From, r.To), For: r.CustomerName, By: r.Provider, Lead: r.lead(l),
		About: []statement.Term{
			{Name: say("Period", "Periode"), Text: moment(r.From) + say(" until ", " tot ") + moment(r.To)},
			{Name: say("As of", "Stand van"), Text: moment(r.AsOf)}, {Name: say("Time zone", "Tijdzone"), Text: r.Timezone},
			{Name: say("Coverage", "Dekking"), Text: percent(l, r.Coverage)}}}
	s.Blocks = append(s.Blocks, r.shareBlock(l), r.clockBlock(l, say("Reaction", "Reactie"), func(p Priority) contract.ClockFigure { return p.Reaction }),
		r.clockBlock(l, say("Resolution", "Oplossing"), func(p Priority) contract.ClockFigure { return p.Resolution }), r.listBlock(l))
	return s
}

// lead says what it comes to.
func (r Incidents) lead(l statement.Language) string {
	n := r.Lines[len(r.Lines)-1].Incidents
	text := fmt.Sprintf(pick(l, "%d incidents in this period. ", "%d incidenten in deze periode. "), n)
	if n == 1 {
		text = pick(l, "1 incident in this period. ", "1 incident in deze periode. ")
	}
	target := decimal(l, r.Target.String()) + "\u00a0%"
	switch r.Result {
	case statement.ResultNoTarget:
		return text + pick(l, "The contract agrees no share that is to be resolved in time.", "Het contract spreekt geen aandeel af dat op tijd moet zijn opgelost.")
	case statement.ResultUnclear:
		if r.Agreed.Valid() {
			return text + fmt.Sprintf(pick(l, "Too little was measured (%s; at least %s is agreed): the target of %s cannot be assessed.",
				"Er is te weinig gemeten (%s; minstens %s is afgesproken): het doel van %s is niet te beoordelen."), percent(l, r.Coverage), decimal(l, r.MinCoverage.String())+"\u00a0%", target)
		}
		return text + fmt.Sprintf(pick(l, "None of them counts for the share resolved in time: the target of %s cannot be assessed.",
			"Geen ervan telt mee voor het aandeel dat op tijd is opgelost: het doel van %s is niet te beoordelen."), target)
	case statement.ResultMet:
		return text + fmt.Sprintf(pick(l, "%s were resolved in time: this meets the target of %s.", "%s is op tijd opgelost: dat haalt het doel van %s."), percent(l, r.Agreed), target)
	}
	return text + fmt.Sprintf(pick(l, "%s were resolved in time: target of %s not met.", "%s is op tijd opgelost: doel van %s niet gehaald."), percent(l, r.Agreed), target)
}

func (r Incidents) shareBlock(l statement.Language) statement.Block {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	t := &statement.Table{Columns: []statement.Column{{Name: say("Incidents", "Incidenten"), Width: .25}, {Name: say("In time", "Op tijd"), Number: true, Width: .1}, {Name: say("Of", "Van"), Number: true, Width: .08},
		{Name: say("Share %", "Aandeel %"), Number: true, Width: .15}, {Name: say("80th percentile", "80e percentiel"), Number: true, Width: .13}, {Name: say("95th percentile", "95e percentiel"), Number: true, Width: .13},
		{Name: say("Left out", "Niet geteld"), Number: true, Width: .08}, {Name: say("Open", "Open"), Number: true, Width: .08}}}
	row := func(name string, agreed bool, f ShareLine) {
		if agreed && r.Target.Set() {
			name += say("\nthe share that is agreed", "\nhet afgesproken aandeel")
		}
		p80, p95 := "-", "-"
		if f.Resolved > 0 {
			p80, p95 = duration(f.P80), duration(f.P95)
		}
		t.Rows = append(t.Rows, statement.Row{Cells: []string{name, num(f.InTime), num(f.Of), dash(decimal(l, f.Share.String())), p80, p95, num(f.LeftOut), num(f.Open)}})
	}
	row(say("Reported by the customer", "Gemeld door de klant"), r.Over == "reported", r.Reported)
	row(say("All", "Alle"), r.Over == "all", r.All)
	return statement.Block{Heading: say("Share resolved in time", "Aandeel op tijd opgelost"), Table: t,
		Note: say("Of those that were resolved in the period and those that are open past their deadline. Left out: by the contract's grounds, or no resolution time was promised. Percentiles in service hours, the nearest rank, of those resolved.",
			"Van wat in de periode is opgelost en wat na de deadline nog openstaat. Niet geteld: op gronden van het contract, of er is geen oplostijd afgesproken. Percentielen in diensttijd, dichtstbijzijnde rang, van wat is opgelost.")}
}

func (r Incidents) clockBlock(l statement.Language, title string, of func(Priority) contract.ClockFigure) statement.Block {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	t := &statement.Table{Columns: []statement.Column{{Name: say("Priority", "Prioriteit"), Width: .14}, {Name: say("Incidents", "Incidenten"), Number: true, Width: .09}, {Name: say("In time", "Op tijd"), Number: true, Width: .09},
		{Name: say("Ended", "Afgelopen"), Number: true, Width: .09}, {Name: say("All", "Alle"), Number: true, Width: .07}, {Name: say("% of ended", "% van afgelopen"), Number: true, Width: .14}, {Name: say("% of all", "% van alle"), Number: true, Width: .14},
		{Name: say("80th percentile", "80e percentiel"), Number: true, Width: .12}, {Name: say("95th percentile", "95e percentiel"), Number: true, Width: .12}}}
	for _, p := range r.Lines {
		f := of(p)
		name := map[string]string{"none": say("without", "zonder"), "all": say("all", "alle")}[p.Priority]
		if name == "" {
			name = p.Priority
		}
		p80, p95 := "-", "-"
		if f.Ended > 0 {
			p80, p95 = duration(f.P80), duration(f.P95)
		}
		t.Rows = append(t.Rows, statement.Row{Sum: p.Priority == "all", Cells: []string{name, num(p.Incidents), num(f.InTime), num(f.Ended), num(f.Of),
			dash(decimal(l, f.OfEnded.String())), dash(decimal(l, f.OfAll.String())), p80, p95}})
	}
	return statement.Block{Heading: title, Table: t, Note: say("Ended: the clock stopped in the period. All: it ran at some instant of the period, those that still run included. Without a promised time an incident is in neither.",
		"Afgelopen: de klok stopte in de periode. Alle: ze liep op enig moment in de periode, ook wat nog loopt. Zonder afgesproken tijd telt een incident in geen van beide.")}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (r Incidents) listBlock(l statement.Language) statement.Block {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	b := statement.Block{Heading: say("Incidents", "Incidenten")}
	if len(r.List) == 0 {
		b.Text = say("None.", "Geen.")
		return b
	}
	b.Table = &statement.Table{Columns: []statement.Column{{Name: "Incident", Width: .15}, {Name: say("Priority", "Prioriteit"), Width: .08}, {Name: say("From", "Van"), Width: .2}, {Name: say("To", "Tot"), Width: .2},
		{Name: say("Devices", "Apparaten"), Width: .15}, {Name: say("Reaction", "Reactie"), Number: true, Width: .11}, {Name: say("Resolution", "Oplossing"), Number: true, Width: .11}}}
	for n, i := range r.List {
		if n == maxListed {
			b.Note = fmt.Sprintf(say("and %d more; JSON and CSV have all.", "en nog %d; JSON en CSV hebben alles."), len(r.List)-n)
			break
		}
		to := moment(i.To)
		if to == "" {
			to = say("still open", "nog open")
		}
		p := i.Priority
		if p == "none" {
			p = "-"
		}
		b.Table.Rows = append(b.Table.Rows, statement.Row{Cells: []string{i.ID, p, moment(i.From), to, few(l, words(i.Devices)), i.Reaction.say(l), i.Resolution.say(l)}})
	}
	return b
}

// few prints the first of many names.
func few(l statement.Language, names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(pick(l, " and %d more", " en nog %d"), len(names)-most)
}

// say prints a clock: used of what was promised, and how it stands.
func (c Clock) say(l statement.Language) string {
	switch c.State {
	case ClockNone:
		return pick(l, "not started", "niet begonnen")
	case ClockUnasked:
		return pick(l, "no target", "geen doel")
	}
	word := map[ClockState]string{ClockInTime: pick(l, "in time", "op tijd"), ClockLate: pick(l, "late by ", "te laat: ") + duration(c.Exceeded),
		ClockRunning: pick(l, "running", "loopt"), ClockOverdue: pick(l, "running, late by ", "loopt, te laat: ") + duration(c.Exceeded)}[c.State]
	return duration(c.Used) + " / " + duration(c.Target) + "\n" + word
}
