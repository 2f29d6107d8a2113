// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

//go:embed sheet.html
var sheetHTML string

//go:embed sheet.css
var sheetCSS string

// SheetCSS is the style of what [Statement.Sheet] returns, and of the document around
// it that [Statement.HTML] makes.
func SheetCSS() string { return sheetCSS }

// HTML returns the statement as one document that needs nothing else: no script, no
// font, no image and no style but its own. It prints on A4.
func (s Statement) HTML(l Language) []byte { return s.execute("document", l, nil) }

// Sheet returns the statement as an element for a page that has [SheetCSS] and a
// language of its own. It has no style in it, so that the page may forbid that. The
// number of an incident leads where incident says; nil leads nowhere.
func (s Statement) Sheet(l Language, incident func(id string) string) template.HTML {
	return template.HTML(s.execute("sheet", l, incident))
}

func (s Statement) execute(name string, l Language, incident func(string) string) []byte {
	m := newSheet(s, l, incident)
	t := template.Must(template.New("").Funcs(m.words()).Parse(sheetHTML))
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, m); err != nil {
		panic("statement: write HTML: " + err.Error()) // every value is a text or a number
	}
	return b.Bytes()
}

// Bounds of the document; the JSON has everything.
const (
	maxHeads  = 12  // services at length, the others are folded
	maxDrawn  = 6   // services drawn day by day
	maxLines  = 120 // rows of a list of stretches
	openRows  = 40  // devices before the others are folded
	openNames = 8   // names in a cell before the others are folded
)

// sheet is what the template reads: the statement, and what is arranged for it.
type sheet struct {
	Statement
	voice    voice
	canvas   canvas // of the whole period, whatever of it is counted
	incident func(string) string

	Style               template.CSS
	Lang, Title         string
	Terms               string
	Abbr                string // of the zone, where it is the same throughout
	Heads, MoreHeads    []Subject
	Months              []monthChart
	Strips              []deviceRow // of services, where there is nothing to draw day by day
	Axis                []tick
	Served              []hours // service time that strips share
	Troubled, MoreRows  []deviceRow
	Calm                []calmRow
	Outages             []outageRow
	MoreOutages         int
	Unknowns            []unknownRow
	MoreUnknowns        int
	Granted, NotGranted []Exclusion
	MoreExclusions      int
	Listed              []Incident
	MoreListed          int
	Contracts           []contractRow
	Moves               []DeviceShift
	MoreMoves           int
	Proofs, CannotProve []string
}

func newSheet(s Statement, l Language, incident func(string) string) *sheet {
	v := newVoice(s, l)
	m := &sheet{Statement: s, voice: v, canvas: canvas{v, contract.Floor(s.From.Time()), contract.Floor(s.To.Time()), spansOf(s.Hours)}, incident: incident, Style: template.CSS(sheetCSS), Lang: string(l)}
	m.Terms = v.terms()
	m.Title = s.Title(l)
	if a, b := zoneMark(v.when(s.From)), zoneMark(v.when(s.To)); a == b {
		m.Abbr = " (" + a + ")"
	}
	heads := append([]Subject{{Name: v.whole(), Body: s.Body}}, s.Services...)
	m.Heads = heads[:min(len(heads), maxHeads)]
	m.MoreHeads = heads[len(m.Heads):]
	m.draw()
	m.rows()
	m.lists()
	for _, x := range s.Versions {
		m.Contracts = append(m.Contracts, contractRow{v.since(x), v.plainly(x)})
	}
	if s.Replaces != nil {
		m.Moves, m.MoreMoves = first(s.Replaces.Difference.Devices, maxLines)
	}
	m.Proofs, m.CannotProve = v.proofs()
	return m
}

// first returns at most n of a list and how many are left.
func first[T any](list []T, n int) ([]T, int) {
	if len(list) <= n {
		return list, 0
	}
	return list[:n], len(list) - n
}

// Title is what stands above a statement: "Availability statement, May 2026".
func (s Statement) Title(l Language) string {
	return l.pick("Availability statement", "Beschikbaarheidsverklaring") + newVoice(s, l).named()
}

// named names a period that is a whole month or year.
func (v voice) named() string {
	from, to := v.when(v.From), v.when(v.To)
	midnight := from.Day() == 1 && from.Hour() == 0 && from.Minute() == 0 && from.Second() == 0
	switch {
	case midnight && from.AddDate(0, 1, 0).Equal(to):
		return v.pick(", ", " ") + v.l.month(from.Month()) + from.Format(" 2006")
	case midnight && from.Month() == time.January && from.AddDate(1, 0, 0).Equal(to):
		return v.pick(", ", " ") + from.Format("2006")
	}
	return ""
}

// words are the functions that the template calls.
func (m *sheet) words() template.FuncMap {
	v := m.voice
	return template.FuncMap{
		"T":      v.pick,
		"pct":    v.l.percent,
		"num":    func(p contract.Percent) string { return v.l.figure(p) },
		"dur":    duration,
		"moved":  moved,
		"moment": v.moment,
		"start":  func(i Instant) string { t := v.when(i); return v.l.date(t, false) + " " + t.Format("15:04:05") },
		"until":  v.end,
		"stretch": func(from, to Instant) string { // broken only between the two ends
			a, b, _ := strings.Cut(v.stretch(from, &to), " - ")
			return strings.ReplaceAll(a, " ", hardSpace) + " - " + strings.ReplaceAll(b, " ", hardSpace)
		},
		"state":     v.l.state,
		"reason":    v.l.reason,
		"kind":      func(k contract.ExclusionKind) string { return capital(v.l.kind(k)) },
		"history":   v.history,
		"verdict":   v.verdict,
		"mood":      mood,
		"lead":      v.sentence,
		"standing":  v.standing,
		"made":      v.made,
		"replaces":  v.replacing,
		"period":    v.period,
		"formula":   v.formula,
		"onlyif":    v.onlyIf,
		"shorts":    v.shorts,
		"works":     v.maintenance,
		"check":     v.check,
		"granted":   v.granted,
		"since":     v.since,
		"more":      v.more,
		"devices":   func(n int) string { return v.l.count(n, "device", "devices", "apparaat", "apparaten") },
		"fold":      fold[vouch.DeviceID],
		"foldnames": fold[string],
		"places":    func(list []vouch.LocationID) string { return joined(list) },
		"concerned": deviceIDs,
		"href":      m.href,
		"differs":   func(b Body) bool { return b.Headline != b.Availability },
	}
}

// end prints the end of a stretch, with its date where that is another one.
func (v voice) end(from Instant, to *Instant) string {
	if to == nil {
		return v.pick("still open", "nog open")
	}
	a, b := v.when(from), v.when(*to)
	text := clock(b, a)
	if a.YearDay() != b.YearDay() || a.Year() != b.Year() {
		text = v.l.date(b, false) + " " + text
	}
	return text
}

// href is where the number of an incident leads, if anywhere.
func (m *sheet) href(id string) string {
	if m.incident == nil || id == "" {
		return ""
	}
	return m.incident(id)
}

// capital begins a cell.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// mood is the colour and sign of a result, which its words say as well.
func mood(b Body) string {
	switch b.Result {
	case ResultMet:
		return "met"
	case ResultNotMet:
		return "missed"
	case ResultUnclear:
		return "unclear"
	}
	return "none"
}

// proofs says what checking a bundle proves, and what it cannot.
func (v voice) proofs() (proves, cannot []string) {
	return []string{
			v.pick("The measurements are unchanged, as the agents signed them, and stand in the ledger at the checkpoint that is printed here.",
				"De metingen zijn ongewijzigd, zoals de meetposten ze hebben ondertekend, en staan in het grootboek bij het checkpoint dat hier is afgedrukt."),
			v.pick("The contract, the maintenance and the exclusions stand in the same ledger, with the time at which they came.",
				"Het contract, het onderhoud en de uitsluitingen staan in hetzelfde grootboek, met het moment waarop ze erin kwamen."),
			v.pick("Every figure follows from them: the statement is computed again and is the same, byte for byte.",
				"Elk cijfer volgt daaruit: de verklaring wordt opnieuw berekend en is dezelfde, byte voor byte."),
		}, []string{
			v.pick("It does not prove what nobody measured: that time is listed as unknown, with the reason. And it does not prove that a location saw what it says it saw: for that there are several.",
				"Het bewijst niet wat niemand heeft gemeten: die tijd staat hier als onbekend, met de reden. En het bewijst niet dat een locatie zag wat ze zegt te hebben gezien: daarvoor zijn er meerdere."),
		}
}

// contractRow is a contract version in plain words.
type contractRow struct {
	Name  string
	Terms []Term
}
