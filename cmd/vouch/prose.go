// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch/statement"
)

// proseWidth is the width of a terminal and of a printed page.
const proseWidth = 78

// prose is a text for people in one of two languages, built of sections, paragraphs,
// bullet points and tables. Words that go wrong in one language have to be seen beside
// those of the other, so both stand at each call.
type prose struct {
	strings.Builder
	lang statement.Language
}

// pick returns the words in the text's language.
func (p *prose) pick(en, nl string) string {
	if p.lang == statement.Dutch {
		return nl
	}
	return en
}

// title writes the heading of the whole text.
func (p *prose) title(en, nl string, args ...any) {
	p.underlined(fmt.Sprintf(p.pick(en, nl), args...), "=")
}

// section writes a heading.
func (p *prose) section(en, nl string) {
	p.WriteByte('\n')
	p.underlined(p.pick(en, nl), "-")
}

func (p *prose) underlined(s, with string) {
	fmt.Fprintf(p, "%s\n%s\n", s, strings.Repeat(with, len([]rune(s))))
}

// say writes a paragraph.
func (p *prose) say(en, nl string, args ...any) {
	p.WriteByte('\n')
	for _, line := range wrap(fmt.Sprintf(p.pick(en, nl), args...), proseWidth) {
		fmt.Fprintln(p, line)
	}
}

// point writes one bullet point.
func (p *prose) point(en, nl string, args ...any) {
	for i, line := range wrap(fmt.Sprintf(p.pick(en, nl), args...), proseWidth-4) {
		lead := "    "
		if i == 0 {
			lead = "  - "
		}
		fmt.Fprintln(p, lead+line)
	}
}

// table writes rows under a heading row. The last column takes what is left of the
// page and breaks between words; a line break in a cell is kept.
func (p *prose) table(rows [][]string) {
	if len(rows) < 2 {
		return // a heading alone
	}
	columns := len(rows[0])
	width := make([]int, columns)
	for _, row := range rows {
		for i, cell := range row {
			for line := range strings.SplitSeq(cell, "\n") {
				width[i] = max(width[i], len([]rune(line)))
			}
		}
	}
	used := 2
	for _, w := range width[:columns-1] {
		used += w + 2
	}
	width[columns-1] = min(width[columns-1], max(proseWidth-used, 12))
	p.WriteByte('\n')
	for i, row := range rows {
		p.row(row, width)
		if i == 0 {
			rule := make([]string, columns)
			for j := range rule {
				rule[j] = strings.Repeat("-", width[j])
			}
			p.row(rule, width)
		}
	}
}

func (p *prose) row(row []string, width []int) {
	cells := make([][]string, len(row))
	height := 1
	for i, cell := range row {
		cells[i] = strings.Split(cell, "\n")
		if i == len(row)-1 {
			cells[i] = wrap(cell, width[i])
		}
		height = max(height, len(cells[i]))
	}
	for n := range height {
		line := " "
		for i, c := range cells {
			text := ""
			if n < len(c) {
				text = c[n]
			}
			line += " " + text + strings.Repeat(" ", max(width[i]-len([]rune(text)), 0)+1)
		}
		fmt.Fprintln(p, strings.TrimRight(line, " "))
	}
}

// list joins words as people do: "a, b and c", or with another word before the last.
func list(words []string, last string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
}

// all joins words with "and".
func (p *prose) all(words []string) string { return list(words, p.pick("and", "en")) }

// either joins words with "or".
func (p *prose) either(words []string) string { return list(words, p.pick("or", "of")) }

// wrap breaks a text between words into lines of at most so many characters. A longer
// word stands on a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
