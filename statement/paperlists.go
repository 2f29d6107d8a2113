// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"strings"
)

// maxNames bounds the names in a cell of paper, where nothing can be folded.
const maxNames = 24

// names prints the names in a cell.
func names[T ~string](v voice, list []T) string {
	some, more := first(list, maxNames)
	text := joined(some)
	if more > 0 {
		text += " " + v.sprintf("and %d more", "en nog %d", more)
	}
	return text
}

// below puts what is not empty below a text.
func below(text, more string) string {
	if more == "" {
		return text
	}
	return text + "\n" + more
}

// cut is what follows a list that was cut.
func (v voice) cut(n int) []Block {
	if n == 0 {
		return nil
	}
	return []Block{{Note: v.more(n)}}
}

func (m *sheet) paperDevices() Section {
	v := m.voice
	t := &Table{Columns: []Column{{v.pick("Device", "Apparaat"), false, .28}, {v.pick("Available %", "Beschikbaar %"), true, .13}, {v.pick("Coverage %", "Dekking %"), true, .13},
		{v.pick("Agreed", "Afgesproken"), true, .11}, {v.pick("Excluded", "Uitgesloten"), true, .1}, {v.pick("Up", "Op"), true, .09}, {v.pick("Down", "Neer"), true, .07}, {v.pick("Unknown", "Onbekend"), true, .09}}}
	row := func(name string, b Body) Row {
		return Row{Cells: []string{name, v.l.figure(b.Headline), v.l.figure(b.Coverage), duration(b.Agreed), duration(b.Excluded), duration(b.Up), duration(b.Down), duration(b.Unknown)}}
	}
	if len(m.Troubled) > 0 {
		t.Axis = m.ticks()
	}
	for _, d := range m.Troubled {
		r := row(d.Name, d.Body)
		r.Lane = m.lane(d)
		t.Rows = append(t.Rows, r)
	}
	for _, c := range m.Calm {
		name := names(v, c.Names)
		if n := len(c.Names); n > 1 {
			name = v.pick("each of ", "elk van ") + v.l.count(n, "device", "devices", "apparaat", "apparaten") + ": " + name
		}
		t.Rows = append(t.Rows, row(name, c.Body))
	}
	sum := row(v.whole(), m.Body)
	sum.Sum = true
	t.Rows = append(t.Rows, sum)
	return Section{v.pick("Devices", "Apparaten"), append([]Block{{Table: t}}, v.cut(len(m.MoreRows))...)}
}

// start prints the beginning of a stretch in a column of its own.
func (v voice) start(i Instant) string {
	t := v.when(i)
	return strings.ReplaceAll(v.l.date(t, false)+" "+t.Format("15:04:05"), " ", hardSpace)
}

// finish prints the end of a stretch.
func (v voice) finish(from Instant, to *Instant) string {
	return strings.ReplaceAll(v.end(from, to), " ", hardSpace)
}

func (m *sheet) paperOutages() Section {
	v := m.voice
	out := Section{Title: v.pick("Outages and unknown time", "Storingen en onbekende tijd")}
	from, to, what := v.pick("From", "Van")+m.Abbr, v.pick("To", "Tot"), v.pick("Service or device", "Dienst of apparaat")
	outages := Block{Heading: v.pick("Outages", "Storingen"), Text: v.pick("No outage.", "Geen storing.")}
	if len(m.Outages) > 0 {
		t := &Table{Columns: []Column{{from, false, .16}, {to, false, .15}, {what, false, .22}, {v.pick("Seen by", "Gezien door"), false, .14}, {"Incident", false, .13},
			{v.pick("Lasted", "Duur"), true, .09}, {v.pick("Counts", "Telt"), true, .11}}}
		for _, o := range m.Outages {
			counts := v.pick("outside service hours", "buiten diensttijd")
			if o.Counted > 0 {
				counts = duration(o.Counted)
			} else if o.Excluded > 0 {
				counts = v.pick("excluded", "uitgesloten")
			}
			t.Rows = append(t.Rows, Row{Cells: []string{v.start(o.From), v.finish(o.From, o.End()), below(o.Name, names(v, o.Devices)), names(v, o.SeenBy), o.Incident, duration(o.Lasted), counts}})
		}
		outages.Text, outages.Table = "", t
	}
	unknowns := Block{Heading: v.pick("Unknown time", "Onbekende tijd"), Text: v.pick("No unknown time.", "Geen onbekende tijd.")}
	if len(m.Unknowns) > 0 {
		t := &Table{Columns: []Column{{from, false, .16}, {to, false, .15}, {what, false, .22}, {v.pick("Why, and unknown at", "Waarom, en onbekend vanuit"), false, .35}, {v.pick("Unknown", "Onbekend"), true, .12}}}
		for _, u := range m.Unknowns {
			why := v.l.reason(u.Reason)
			if len(u.Blind) > 0 {
				why += ": " + names(v, u.Blind)
			}
			t.Rows = append(t.Rows, Row{Cells: []string{v.start(u.From), v.finish(u.From, u.End()), below(u.Name, names(v, u.Devices)), why, duration(u.Seconds)}})
		}
		unknowns.Text, unknowns.Table = "", t
	}
	out.Blocks = append(append(append([]Block{outages}, v.cut(m.MoreOutages)...), unknowns), v.cut(m.MoreUnknowns)...)
	return out
}

func (m *sheet) paperExclusions() Section {
	v := m.voice
	out := Section{Title: v.pick("Exclusions", "Uitsluitingen")}
	for _, list := range []struct {
		counted bool
		of      []Exclusion
	}{{true, m.Granted}, {false, m.NotGranted}} {
		if len(list.of) == 0 {
			continue
		}
		t := &Table{Columns: []Column{{v.pick("What", "Wat"), false, .22}, {v.pick("When", "Wanneer"), false, .17}, {v.pick("Devices", "Apparaten"), false, .15},
			{v.pick("What is known of it", "Wat erover bekend is"), false, .25}, {v.pick("Excluded", "Uitgesloten"), true, .105}, {v.pick("Down in it", "Daarin neer"), true, .105}}}
		for _, e := range list.of {
			from, to, _ := strings.Cut(v.stretch(e.From, &e.To), " - ")
			when := strings.ReplaceAll(from, " ", hardSpace) + hardSpace + "- " + strings.ReplaceAll(to, " ", hardSpace)
			t.Rows = append(t.Rows, Row{Cells: []string{below(capital(v.l.kind(e.Kind))+", "+e.ID, e.Reason), when, names(v, e.Devices),
				strings.Join(v.history(e), "; "), duration(e.Excluded), duration(e.Down)}})
		}
		out.Blocks = append(out.Blocks, Block{Heading: v.granted(list.counted), Table: t})
	}
	if len(out.Blocks) == 0 {
		out.Blocks = []Block{{Text: v.pick("None claimed.", "Geen opgevoerd.")}}
	}
	out.Blocks = append(out.Blocks, v.cut(m.MoreExclusions)...)
	if m.Announced > 0 {
		out.Blocks = append(out.Blocks, Block{Note: v.maintenance()})
	}
	return out
}

func (m *sheet) paperIncidents() Section {
	v := m.voice
	out := Section{Title: v.pick("Incidents", "Incidenten")}
	if len(m.Listed) == 0 {
		out.Blocks = []Block{{Text: v.pick("None.", "Geen.")}}
	} else {
		t := &Table{Columns: []Column{{v.pick("From", "Van") + m.Abbr, false, .16}, {v.pick("To", "Tot"), false, .15}, {"Incident", false, .16}, {v.pick("Devices", "Apparaten"), false, .22},
			{v.pick("Down at", "Neer gezien vanuit"), false, .2}, {v.pick("Counted", "Telt"), true, .11}}}
		for _, i := range m.Listed {
			counted, seen := v.pick("none of it", "telt niet mee"), names(v, i.Witnesses)
			if i.CountedDown > 0 {
				counted = duration(i.CountedDown)
			}
			if i.Single {
				seen = below(seen, v.pick("rests on a single failing witness", "berust op één getuige"))
			}
			t.Rows = append(t.Rows, Row{Cells: []string{v.start(i.From), v.finish(i.From, i.To), i.ID, names(v, deviceIDs(i)), seen, counted}})
		}
		out.Blocks = append([]Block{{Table: t}}, v.cut(m.MoreListed)...)
	}
	if m.Short.Count > 0 {
		out.Blocks = append(out.Blocks, Block{Note: v.shorts()})
	}
	return out
}

func (m *sheet) paperMeasuring() Section {
	v := m.voice
	out := Section{Title: v.pick("How this was measured", "Hoe dit is gemeten")}
	for _, c := range m.Contracts {
		out.Blocks = append(out.Blocks, Block{Heading: c.Name, Terms: c.Terms})
	}
	if len(out.Blocks) == 0 {
		out.Blocks = []Block{{Text: m.Terms + "."}}
	}
	return out
}

func (m *sheet) paperChange() []Section {
	if m.Replaces == nil {
		return nil
	}
	v := m.voice
	t := &Table{Columns: []Column{{"", false, .35}, {v.pick("Agreed", "Afgesproken"), true, .13}, {v.pick("Excluded", "Uitgesloten"), true, .13},
		{v.pick("Up", "Op"), true, .13}, {v.pick("Down", "Neer"), true, .13}, {v.pick("Unknown", "Onbekend"), true, .13}}}
	row := func(name string, x Shift) {
		t.Rows = append(t.Rows, Row{Cells: []string{name, moved(x.Agreed), moved(x.Excluded), moved(x.Up), moved(x.Down), moved(x.Unknown)}})
	}
	row(v.whole(), m.Replaces.Difference.Shift)
	for _, d := range m.Moves {
		row(string(d.Device), d.Shift)
	}
	title := v.pick("Difference to version", "Verschil met versie") + fmt.Sprintf(" %d", m.Replaces.Version)
	blocks := append([]Block{{Text: v.replacing()}, {Table: t}}, v.cut(m.MoreMoves)...)
	return []Section{{title, append(blocks, Block{Note: v.pick("Nothing else moved.", "Verder verschoof er niets.")})}}
}

func (m *sheet) paperCheck() Section {
	v := m.voice
	out := Section{Title: v.pick("Check it yourself", "Controleer het zelf")}
	if m.Issued == nil {
		out.Blocks = []Block{{Text: v.pick("Only an issued statement has evidence that goes with it.", "Alleen bij een uitgegeven verklaring hoort een bundel met bewijs.")}}
	} else {
		out.Blocks = []Block{{Text: v.check()}, {Text: v.pick("What that proves:", "Wat dat bewijst:")}, {List: m.Proofs}}
		for _, x := range m.CannotProve {
			out.Blocks = append(out.Blocks, Block{Text: x})
		}
	}
	var prints []Term
	if c := m.Checkpoint; c != nil {
		prints = append(prints, Term{v.pick("Ledger", "Grootboek"), c.Origin}, Term{v.pick("Checkpoint, leaves", "Checkpoint, bladen"), fmt.Sprint(c.Size)}, Term{v.pick("Checkpoint, root", "Checkpoint, wortel"), c.Root})
	}
	if m.Manifest != "" {
		prints = append(prints, Term{v.pick("Evidence manifest, SHA-256", "Bewijsmanifest, SHA-256"), m.Manifest})
	}
	if r := m.Replaces; r != nil {
		prints = append(prints, Term{v.pick("JSON of version", "JSON van versie") + fmt.Sprintf(" %d, SHA-256", r.Version), r.SHA256})
	}
	if len(prints) > 0 {
		out.Blocks = append(out.Blocks, Block{Prints: prints})
	}
	return out
}
