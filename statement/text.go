// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
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
	p := &page{voice: newVoice(s, l)}
	p.head()
	p.summary()
	p.figures()
	p.incidents()
	p.unknown()
	p.exclusions()
	p.measuring()
	p.change()
	p.evidence()
	return []byte(strings.Map(printable, p.b.String()))
}

// printable keeps what a terminal or a reader's eye would be deceived by out of a
// text: control characters, and marks that turn the direction of writing.
func printable(r rune) rune {
	switch {
	case r == '\u00a0':
		return ' '
	case r != '\n' && unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return unicode.ReplacementChar
	}
	return r
}

// page is a plain text that is being written.
type page struct {
	voice
	b strings.Builder
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// section begins a section.
func (p *page) section(english, dutch string) {
	title := strings.ToUpper(p.pick(english, dutch))
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

func (p *page) head() {
	p.printf("%s\n", p.pick("AVAILABILITY STATEMENT", "BESCHIKBAARHEIDSVERKLARING"))
	p.wrap("", p.sprintf("%s, by %s", "%s, door %s", p.CustomerName, p.Provider))
	p.wrap("", p.period())
	about := p.terms() + ". " + p.sprintf("Time zone %s.", "Tijdzone %s.", p.Timezone)
	if p.Number != "" {
		about = p.sprintf("Number %s, version %d, %s.", "Nummer %s, versie %d, %s.", p.Number, p.Revision, p.l.state(p.State)) + " " + about
	}
	p.wrap("", about)
	p.wrap("", p.made())
	if p.Replaces != nil {
		p.wrap("", p.replacing())
	}
}

// summary says in words what the statement comes to.
func (p *page) summary() {
	p.printf("\n")
	p.wrap("", p.sentence())
	p.wrap("", p.standing())
}

// figures prints one row for each subject.
func (p *page) figures() {
	p.section("Figures", "Cijfers")
	head := []string{"", "available %", "coverage %", "agreed", "excluded", "down", "unknown"}
	if p.l == Dutch {
		head = []string{"", "beschikb. %", "dekking %", "afgespr.", "uitgesl.", "neer", "onbekend"}
	}
	p.row(head)
	p.subject(p.whole(), p.Body)
	for _, list := range []struct {
		title string
		of    []Subject
	}{{p.pick("Services", "Diensten"), p.Services}, {p.pick("Devices", "Apparaten"), p.Devices}} {
		if len(list.of) == 0 {
			continue
		}
		p.printf("%s\n", list.title)
		for _, s := range list.of {
			p.subject("  "+s.Name, s.Body)
		}
	}
	p.printf("\n")
	p.wrap("", p.formula())
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
	p.row([]string{name, p.l.figure(b.Headline), p.l.figure(b.Coverage), duration(b.Agreed), duration(b.Excluded), duration(b.Down), duration(b.Unknown)})
}

// remarks says of each subject with a target how it stands to it, and of each with
// unknown time what that could be.
func (p *page) remarks() {
	subjects := slices.Concat([]Subject{{Name: p.whole(), Body: p.Body}}, p.Services)
	for _, s := range subjects {
		var text []string
		if s.Target != nil {
			text = append(text, p.verdict(s.Body)+".")
			if s.OnlyIfNotDown {
				text = append(text, p.onlyIf())
			}
		}
		if s.Unknown > 0 {
			text = append(text, p.sprintf("Unknown taken for down: %s; for up: %s.", "Onbekend als neer: %s; als op: %s.",
				p.l.percent(s.IfUnknownDown), p.l.percent(s.IfUnknownUp)))
		}
		if s.Degraded > 0 {
			text = append(text, p.sprintf("Degraded while up: %s.", "Gedegradeerd terwijl op: %s.", duration(s.Degraded)))
		}
		if len(text) > 0 {
			p.wrap("", s.Name+": "+strings.Join(text, " "))
		}
	}
}
