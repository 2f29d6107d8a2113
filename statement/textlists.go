// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"strings"
)

// more says that a list goes on; it reports whether row i is still printed.
func (p *page) more(i, n int) bool {
	if i == maxRows {
		p.printf("%s\n", p.sprintf("  and %d more; the JSON of this statement has all.", "  en nog %d; de JSON van deze verklaring heeft alles.", n-i))
	}
	return i < maxRows
}

func (p *page) incidents() {
	p.section("Incidents", "Incidenten")
	if len(p.Incidents) == 0 {
		p.printf("%s\n", p.pick("None.", "Geen."))
	}
	for n, i := range p.Incidents {
		if !p.more(n, len(p.Incidents)) {
			break
		}
		p.wrap("", i.ID+pad(i.ID)+p.stretch(i.From, i.To))
		text := joined(deviceIDs(i))
		if i.CountedDown == 0 {
			text += p.pick("; none of it counted", "; telt niet mee")
		} else {
			text += p.sprintf("; %s counted", "; %s telt", duration(i.CountedDown))
		}
		if len(i.Witnesses) > 0 {
			text += p.sprintf("; down at %s", "; neer gezien vanuit %s", joined(i.Witnesses))
		}
		if i.Single {
			text += p.pick("; it rests on a single failing witness", "; berust op één getuige")
		}
		p.wrap("  ", text+".")
	}
	if p.Short.Count > 0 {
		p.wrap("", p.shorts())
	}
}

// pad separates a number from what follows it.
func pad(id string) string {
	if id == "" {
		return ""
	}
	return ": "
}

// unknown lists unknown time of the services, or of the devices where there is none.
func (p *page) unknown() {
	subjects := p.subjects()
	total, printed := 0, 0
	for _, s := range subjects {
		total += len(s.Unknowns)
	}
	if total == 0 {
		return
	}
	p.section("Unknown time", "Onbekende tijd")
	for _, s := range subjects {
		for _, u := range s.Unknowns {
			if !p.more(printed, total) {
				return
			}
			printed++
			p.wrap("", fmt.Sprintf("%s: %s", s.Name, p.stretch(u.From, &u.To)))
			text := fmt.Sprintf("%s; %s", duration(u.Seconds), p.l.reason(u.Reason))
			if len(u.Blind) > 0 {
				text += p.sprintf("; unknown at %s", "; onbekend vanuit %s", joined(u.Blind))
			}
			if len(u.Devices) > 0 {
				text += "; " + joined(u.Devices)
			}
			p.wrap("  ", text+".")
		}
	}
}

func (p *page) exclusions() {
	p.section("Exclusions", "Uitsluitingen")
	if len(p.Exclusions) == 0 {
		p.printf("%s\n", p.pick("None claimed.", "Geen opgevoerd."))
		return
	}
	for _, counted := range []bool{true, false} {
		n := 0
		for _, e := range p.Exclusions {
			if e.Counted != counted {
				continue
			}
			if n == 0 {
				p.printf("%s\n", p.granted(counted))
			}
			if n++; !p.more(n-1, len(p.Exclusions)) {
				break
			}
			p.exclusion(e)
		}
	}
	if p.Announced > 0 {
		p.wrap("", p.maintenance())
	}
}

func (p *page) exclusion(e Exclusion) {
	p.wrap("  ", fmt.Sprintf("%s, %s: %s", p.l.kind(e.Kind), e.ID, p.stretch(e.From, &e.To)))
	text := []string{joined(e.Devices)}
	if e.Reason != "" {
		text = append(text, e.Reason)
	}
	text = append(text, p.history(e)...)
	if e.Excluded > 0 {
		text = append(text, p.sprintf("%s excluded", "%s uitgesloten", duration(e.Excluded)))
	}
	if e.Down > 0 {
		text = append(text, p.sprintf("down in it %s", "daarin %s neer", duration(e.Down)))
	}
	p.wrap("    ", strings.Join(text, "; ")+".")
}

// measuring says by which terms the figures were made.
func (p *page) measuring() {
	p.section("How this was measured", "Hoe dit is gemeten")
	for _, v := range p.Versions {
		if len(p.Versions) > 1 {
			p.printf("%s\n", p.since(v))
		}
		for _, t := range p.plainly(v) {
			p.wrap(fmt.Sprintf("%-15s", t.Name), t.Text)
		}
	}
}

// change prints the difference to the version before, if there is one.
func (p *page) change() {
	if p.Replaces == nil {
		return
	}
	title := fmt.Sprintf(" %d", p.Replaces.Version)
	p.section("Difference to version"+title, "Verschil met versie"+title)
	if p.l == Dutch {
		p.moved("", "afgesproken", "uitgesloten", "op", "neer", "onbekend")
	} else {
		p.moved("", "agreed", "excluded", "up", "down", "unknown")
	}
	p.shift(p.whole(), p.Replaces.Difference.Shift)
	for n, d := range p.Replaces.Difference.Devices {
		if !p.more(n, len(p.Replaces.Difference.Devices)) {
			break
		}
		p.shift("  "+string(d.Device), d.Shift)
	}
}

func (p *page) shift(name string, s Shift) {
	p.moved(name, moved(s.Agreed), moved(s.Excluded), moved(s.Up), moved(s.Down), moved(s.Unknown))
}

func (p *page) moved(name string, agreed, excluded, up, down, unknown string) {
	if len([]rune(name)) > 19 {
		p.printf("%s\n", name)
		name = ""
	}
	p.printf("%-19s %11s %11s %11s %11s %11s\n", name, agreed, excluded, up, down, unknown)
}

// evidence prints what the statement rests on, for who wants to compare.
func (p *page) evidence() {
	if p.Checkpoint == nil && p.Manifest == "" && p.Replaces == nil {
		return
	}
	p.section("What it rests on", "Waar dit op rust")
	if c := p.Checkpoint; c != nil {
		p.printf("%s\n", p.pick("Checkpoint of the ledger: origin, size, root", "Checkpoint van het grootboek: herkomst, omvang, wortel"))
		p.printf("  %s\n  %d\n  %s\n", c.Origin, c.Size, c.Root)
	}
	if p.Manifest != "" {
		p.printf("%s\n  %s\n", p.pick("SHA-256 of the evidence manifest", "SHA-256 van het bewijsmanifest"), p.Manifest)
	}
	if p.Replaces != nil {
		p.printf("%s\n  %s\n", p.sprintf("SHA-256 of the JSON of version %d", "SHA-256 van de JSON van versie %d", p.Replaces.Version), p.Replaces.SHA256)
	}
	if p.Issued != nil {
		p.wrap("", p.check())
	}
}
