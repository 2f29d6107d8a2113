// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package report arranges what a customer is told beside his statement: how incidents
// were handled over a period, which credit follows, and which equipment the contract
// covers. Figures come from package contract; each report is a value whose JSON is what
// it says, and whose CSV, text and HTML show it, in Dutch or English. The package reads
// nothing and knows no time but what it is handed.
package report

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// Report is one of the reports of this package.
type Report interface {
	// Of is the customer that it is about.
	Of() vouch.CustomerID
	// Sheet arranges the report for people.
	Sheet(statement.Language) Sheet
	// Table is the report as rows under a row of names, for a spreadsheet.
	Table() [][]string
}

// Sheet is a report arranged for people, whatever shows it.
type Sheet struct {
	Language statement.Language
	Title    string
	For, By  string
	About    []statement.Term
	Lead     string
	Blocks   []statement.Block // headings, texts, notes, tables
}

// JSON returns a report as JSON of two spaces of indentation, with a newline at the end.
func JSON(r Report) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		panic("report: encode: " + err.Error()) // every field encodes
	}
	return b.Bytes()
}

// CSV returns a report as RFC 4180 text. A spreadsheet takes a cell that begins with
// one of = + - @, a tab or a carriage return for a formula: such a cell begins with an
// apostrophe instead. Durations are in seconds.
func CSV(r Report) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range r.Table() {
		for i, cell := range row {
			row[i] = inert(cell)
		}
		if err := w.Write(row); err != nil {
			panic("report: write CSV: " + err.Error()) // a buffer takes everything
		}
	}
	w.Flush()
	return b.Bytes()
}

// inert keeps a spreadsheet from taking a cell for a formula. Full-width forms count:
// some take them as well.
func inert(s string) string {
	if r, n := utf8.DecodeRuneInString(s); n > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) {
		return "'" + s
	}
	return s
}

//go:embed sheet.html
var sheetHTML string

// HTML returns a report as one document that needs nothing else. It prints on A4.
func HTML(r Report, l statement.Language) []byte { return execute("document", r.Sheet(l)) }

// Article returns a report as an element for a page that has [statement.SheetCSS].
func Article(r Report, l statement.Language) template.HTML {
	return template.HTML(execute("sheet", r.Sheet(l)))
}

func execute(name string, s Sheet) []byte {
	t := template.Must(template.New("").Funcs(template.FuncMap{
		"T":      func(english, dutch string) string { return pick(s.Language, english, dutch) },
		"style":  func() template.CSS { return template.CSS(statement.SheetCSS()) },
		"lines":  func(s string) []string { return strings.Split(s, "\n") },
		"column": func(t *statement.Table, i int) statement.Column { return t.Columns[i] },
	}).Parse(sheetHTML))
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, s); err != nil {
		panic("report: write HTML: " + err.Error()) // every value is a text
	}
	return b.Bytes()
}

// Text returns a report as plain text.
func Text(r Report, l statement.Language) []byte {
	s := r.Sheet(l)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", strings.ToUpper(s.Title), join(s.For, s.By))
	for _, t := range s.About {
		fmt.Fprintf(&b, "%s: %s\n", t.Name, t.Text)
	}
	fmt.Fprintf(&b, "\n%s\n", s.Lead)
	for _, x := range s.Blocks {
		if x.Heading != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", x.Heading, strings.Repeat("-", len([]rune(x.Heading))))
		}
		if x.Text != "" {
			fmt.Fprintln(&b, x.Text)
		}
		if x.Table != nil {
			columns(&b, *x.Table)
		}
		for _, t := range x.Terms {
			fmt.Fprintf(&b, "%s: %s\n", t.Name, strings.TrimSpace(t.Text))
		}
		if x.Note != "" {
			fmt.Fprintln(&b, x.Note)
		}
	}
	return []byte(strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0':
			return ' '
		case r == '\n' || unicode.IsPrint(r):
			return r
		}
		return -1
	}, b.String()))
}

// columns writes a table in columns that are as wide as they need.
func columns(b *strings.Builder, t statement.Table) {
	width := make([]int, len(t.Columns))
	rows := [][]string{{}}
	for _, c := range t.Columns {
		rows[0] = append(rows[0], c.Name)
	}
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = strings.ReplaceAll(c, "\n", "; ")
		}
		rows = append(rows, cells)
	}
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", width[i]-len([]rune(c)))
			if t.Columns[i].Number {
				line.WriteString(pad + c + "  ")
			} else {
				line.WriteString(c + pad + "  ")
			}
		}
		fmt.Fprintln(b, strings.TrimRight(line.String(), " "))
	}
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

func pick(l statement.Language, english, dutch string) string {
	if l == statement.Dutch {
		return dutch
	}
	return english
}

// duration prints seconds exactly, as h:mm:ss.
func duration(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }
