// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import "fmt"

// Format is one of the forms in which a statement can be had.
type Format string

const (
	FormatText Format = "text"
	FormatHTML Format = "html"
	FormatCSV  Format = "csv"
	FormatJSON Format = "json"
)

// ParseFormat reads "text", "html", "csv" or "json".
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case FormatText, FormatHTML, FormatCSV, FormatJSON:
		return f, nil
	}
	return FormatText, fmt.Errorf("format %.20q: allowed are text, html, csv and json", s)
}

// Render returns the statement in a form; CSV and JSON know no language.
func (s Statement) Render(f Format, l Language) []byte {
	switch f {
	case FormatHTML:
		return s.HTML(l)
	case FormatCSV:
		return s.CSV()
	case FormatJSON:
		return s.JSON()
	}
	return s.Text(l)
}

// Edition numbers how a statement is rendered for people. It is raised whenever the same
// statement is rendered otherwise, be it by a word: whoever holds a rendering against its
// statement then knows whether the two can be compared byte for byte.
const Edition = 1
