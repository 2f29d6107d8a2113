// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"slices"
	"strconv"
)

// Paper is a statement arranged for pages, in the order and in the words of its HTML,
// whatever draws it. Nothing in it is folded: what is too long is cut, and says so.
// A hard space (U+00A0) is one at which no line is broken; a newline begins what
// stands below in the same cell.
type Paper struct {
	Language Language
	Title    string // "Availability statement, May 2026"
	For, By  string // customer and provider; By may be empty
	About    []Term // number, state, period, terms, zone
	Lead     string // what it comes to, in a sentence
	Notice   string // what may still become of it, and how it came to be
	Heads    []Head
	Sections []Section
	Foot     []string // what every page says: which statement it is of, and what that rests on
}

// Head is the figure of a subject.
type Head struct {
	Name    string
	Figure  string // without its sign; empty where there is none
	Instead string // words where there is no figure
	Result  Result
	Verdict string
	But     string // what limits the verdict, or empty
	Details []Term
}

// Section is a part of a statement with a title.
type Section struct {
	Title  string
	Blocks []Block
}

// Block is one of its fields, behind a heading where there is one.
type Block struct {
	Heading string
	Text    string
	Note    string   // text beside the matter
	List    []string // points
	Terms   []Term
	Prints  []Term // hashes and the like, for a font of fixed width
	Table   *Table
	Days    *Days
	Lanes   []Lane // one below the other, over the same time
	Axis    []Tick // below lanes
	Legend  []Key
}

// Table has a row of names and rows of as many cells.
type Table struct {
	Columns []Column
	Axis    []Tick // of the lanes of its rows, above the first
	Rows    []Row
}

// Column is a column of a table.
type Column struct {
	Name   string
	Number bool    // on the right
	Width  float64 // share of the table; those of a table make 1 together
}

// Row is a row of a table.
type Row struct {
	Cells []string
	Lane  *Lane // drawn below it
	Sum   bool  // it stands for all the others
}

// Lane is time from left to right.
type Lane struct {
	Name   string
	Served []Bar // service time
	Marks  []Bar // what was not up, in the order in which it is drawn
}

// Bar is a stretch of a lane; X and Width are percent of it.
type Bar struct {
	Kind     Kind
	X, Width float64
}

// Kind says what a bar stands for.
type Kind string

const (
	KindServed   Kind = ""   // up in service time: a ground, and a line at the bottom
	KindExcluded Kind = "kx" // horizontal ruling, 72 % high, in the middle
	KindOutside  Kind = "kp" // down outside service time: pale
	KindUnknown  Kind = "ku" // diagonal hatching, 84 % high, in the middle
	KindDown     Kind = "kd" // solid
)

// Key is an entry of a legend.
type Key struct {
	Kind Kind
	Word string
}

// Tick is a time below lanes; X is in percent.
type Tick struct {
	X     float64
	Label string
}

// Days are subjects side by side, one row a day with its 24 hours across.
type Days struct {
	Labels  []DayLabel // of the rows
	Figures []DayFigure
}

// DayLabel names a day.
type DayLabel struct {
	Name   string
	Served bool // some subject has service time on it
}

// DayFigure is a subject; it has as many rows as there are labels.
type DayFigure struct {
	Name string
	Rows []Lane
}

// Paper arranges the statement for pages.
func (s Statement) Paper(l Language) Paper {
	m := newSheet(s, l, nil)
	v := m.voice
	p := Paper{Language: l, Title: m.Title, For: s.CustomerName, By: s.Provider, Lead: v.sentence(), Notice: v.standing() + " " + v.made()}
	if s.Replaces != nil {
		p.Notice += " " + v.replacing()
	}
	name := m.Title + " - " + s.CustomerName
	if s.Number != "" {
		number := v.sprintf("%s, version %d", "%s, versie %d", s.Number, s.Revision)
		p.About = append(p.About, Term{v.pick("Number", "Nummer"), number})
		name += " - " + number
	}
	p.About = append(p.About, Term{v.pick("State", "Status"), v.l.state(s.State)}, Term{v.pick("Period", "Periode"), v.period()},
		Term{v.pick("Agreement", "Overeenkomst"), v.terms()}, Term{v.pick("Time zone", "Tijdzone"), s.Timezone})
	p.Foot = []string{name + " (" + v.l.state(s.State) + ")"}
	if c := s.Checkpoint; c != nil {
		p.Foot = append(p.Foot, v.sprintf("Checkpoint %s, %d leaves, root %s", "Checkpoint %s, %d bladen, wortel %s", c.Origin, c.Size, c.Root))
	}
	if s.Manifest != "" {
		p.Foot = append(p.Foot, v.pick("Evidence manifest, SHA-256 ", "Bewijsmanifest, SHA-256 ")+s.Manifest)
	}
	for _, h := range m.Heads {
		p.Heads = append(p.Heads, m.head(h))
	}
	p.Sections = slices.Concat([]Section{m.paperFigures()}, m.paperPeriod(),
		[]Section{m.paperDevices(), m.paperOutages(), m.paperExclusions(), m.paperIncidents(), m.paperMeasuring()}, m.paperChange(), []Section{m.paperCheck()})
	return p
}

// head arranges the figure of a subject.
func (m *sheet) head(s Subject) Head {
	v, b := m.voice, s.Body
	h := Head{Name: s.Name, Result: b.Result, Verdict: v.verdict(b)}
	if b.Headline.Valid() {
		h.Figure = v.l.figure(b.Headline)
	} else {
		h.Instead = v.l.percent(b.Headline)
	}
	if b.OnlyIfNotDown {
		h.But = v.onlyIf()
	}
	if b.Headline != b.Availability {
		h.Details = append(h.Details, Term{v.pick("Unknown left out", "Zonder het onbekende"), v.l.percent(b.Availability)})
	}
	h.Details = append(h.Details,
		Term{v.pick("If unknown were down", "Onbekend als neer"), v.l.percent(b.IfUnknownDown)},
		Term{v.pick("If unknown were up", "Onbekend als op"), v.l.percent(b.IfUnknownUp)},
		Term{v.pick("Coverage", "Dekking"), v.l.percent(b.Coverage)},
		Term{v.pick("Agreed", "Afgesproken"), duration(b.Agreed)}, Term{v.pick("Excluded", "Uitgesloten"), duration(b.Excluded)},
		Term{v.pick("Up", "Op"), duration(b.Up)}, Term{v.pick("Down", "Neer"), duration(b.Down)}, Term{v.pick("Unknown", "Onbekend"), duration(b.Unknown)})
	if b.Degraded > 0 {
		h.Details = append(h.Details, Term{v.pick("Degraded while up", "Gedegradeerd terwijl op"), duration(b.Degraded)})
	}
	return h
}

// paperFigures follows the heads.
func (m *sheet) paperFigures() Section {
	v := m.voice
	out := Section{Title: v.pick("Figures", "Cijfers")}
	if n := len(m.MoreHeads); n > 0 {
		out.Blocks = append(out.Blocks, Block{Note: v.more(n)})
	}
	out.Blocks = append(out.Blocks, Block{Note: v.formula()})
	return out
}

// more says that a list goes on.
func (v voice) more(n int) string {
	return v.sprintf("and %d more; the JSON of this statement has all.", "en nog %d; de JSON van deze verklaring heeft alles.", n)
}

// paperPeriod draws the period.
func (m *sheet) paperPeriod() []Section {
	v := m.voice
	legend := Block{Legend: []Key{
		{KindServed, v.pick("up in service hours", "op in diensttijd")}, {KindDown, v.pick("down", "neer")},
		{KindOutside, v.pick("down outside service hours", "neer buiten diensttijd")}, {KindUnknown, v.pick("unknown", "onbekend")},
		{KindExcluded, v.pick("excluded", "uitgesloten")}}}
	switch {
	case len(m.Months) > 0:
		out := Section{Title: v.pick("The period, hour by hour", "De periode, uur voor uur")}
		for _, c := range m.Months {
			out.Blocks = append(out.Blocks, Block{Days: c.days()})
		}
		out.Blocks = append(out.Blocks, legend)
		return []Section{out}
	case len(m.Strips) > 0:
		b := Block{Axis: m.ticks()}
		for _, s := range m.Strips {
			b.Lanes = append(b.Lanes, *m.lane(s))
		}
		return []Section{{v.pick("The period", "De periode"), []Block{b, legend}}}
	}
	return nil
}

func (m *sheet) ticks() []Tick {
	var out []Tick
	for _, t := range m.Axis {
		out = append(out, Tick{percent(t.X), t.Label})
	}
	return out
}

// percent reads what percentage wrote.
func percent(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("statement: a drawing has the place " + s) // percentage wrote it
	}
	return f
}

func (m *sheet) lane(s deviceRow) *Lane {
	out := &Lane{Name: s.Name}
	for _, h := range m.Served {
		if h.ID == s.Hours {
			for _, b := range h.Slots {
				out.Served = append(out.Served, Bar{KindServed, percent(b.X), percent(b.W)})
			}
		}
	}
	for _, k := range s.Marks {
		out.Marks = append(out.Marks, Bar{Kind(k.Class), percent(k.X), percent(k.W)})
	}
	return out
}

// days turns what is drawn with one row a day into rows.
func (c monthChart) days() *Days {
	out := &Days{}
	for _, d := range c.Days {
		out.Labels = append(out.Labels, DayLabel{d.Label, d.Ink})
	}
	for _, f := range c.Charts {
		rows := make([]Lane, len(c.Days))
		for _, b := range f.Slots {
			r := &rows[(b.Y-1-monthTop)/monthRow]
			r.Served = append(r.Served, Bar{KindServed, percent(b.X), percent(b.W)})
		}
		for _, k := range f.Marks {
			r := &rows[(k.Y-monthTop)/monthRow]
			r.Marks = append(r.Marks, Bar{Kind(k.Class), percent(k.X), percent(k.W)})
		}
		out.Figures = append(out.Figures, DayFigure{f.Name, rows})
	}
	return out
}
