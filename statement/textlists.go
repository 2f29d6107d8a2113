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
		p.printf("%s\n", fmt.Sprintf(p.l.pick("  and %d more; the JSON of this statement has all.", "  en nog %d; de JSON van deze verklaring heeft alles."), n-i))
	}
	return i < maxRows
}

func (p *page) incidents() {
	p.section("Incidents", "Incidenten")
	if len(p.Incidents) == 0 {
		p.printf("%s\n", p.l.pick("None.", "Geen."))
	}
	for n, i := range p.Incidents {
		if !p.more(n, len(p.Incidents)) {
			break
		}
		p.wrap("", i.ID+pad(i.ID)+p.stretch(i.span, i.open))
		var who []string
		for _, d := range i.Devices {
			who = append(who, string(d.Device))
		}
		text := fmt.Sprintf(p.l.pick("%s; %s counted", "%s; %s telt"), strings.Join(who, ", "), duration(i.CountedDown))
		if i.CountedDown == 0 {
			text = strings.Join(who, ", ") + p.l.pick("; none of it counted", "; telt niet mee")
		}
		if len(i.Witnesses) > 0 {
			text += fmt.Sprintf(p.l.pick("; down at %s", "; neer gezien vanuit %s"), joined(i.Witnesses))
		}
		if i.Single {
			text += p.l.pick("; it rests on a single failing witness", "; berust op één getuige")
		}
		p.wrap("  ", text+".")
	}
	if p.Short.Count > 0 {
		p.wrap("", fmt.Sprintf(p.l.pick("Interruptions of the customer as a whole too short for an incident: %d, together %s.",
			"Onderbrekingen van de klant als geheel, te kort voor een incident: %d, samen %s."), p.Short.Count, p.l.spoken(p.Short.Down)))
	}
}

// pad separates a number from what follows it.
func pad(id string) string {
	if id == "" {
		return ""
	}
	return ": "
}

func joined[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = string(x)
	}
	return strings.Join(parts, ", ")
}

// unknown lists unknown time of the services, or of the devices where there is none.
func (p *page) unknown() {
	subjects := p.Services
	if len(subjects) == 0 {
		subjects = p.Devices
	}
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
			p.wrap("", fmt.Sprintf("%s: %s", s.Name, p.stretch(u.span, false)))
			text := fmt.Sprintf("%s; %s", duration(u.Seconds), p.l.reason(u.Reason))
			if len(u.Blind) > 0 {
				text += fmt.Sprintf(p.l.pick("; unknown at %s", "; onbekend vanuit %s"), joined(u.Blind))
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
		p.printf("%s\n", p.l.pick("None claimed.", "Geen opgevoerd."))
		return
	}
	for _, counted := range []bool{true, false} {
		n := 0
		for _, e := range p.Exclusions {
			if e.Counted != counted {
				continue
			}
			if n == 0 {
				p.printf("%s\n", p.l.pick(map[bool]string{true: "Counted", false: "Claimed, not counted"}[counted],
					map[bool]string{true: "Tellen mee", false: "Opgevoerd, tellen niet mee"}[counted]))
			}
			if n++; !p.more(n-1, len(p.Exclusions)) {
				break
			}
			p.exclusion(e)
		}
	}
	if f := p.Figures; f.Announced > 0 {
		p.wrap("", fmt.Sprintf(p.l.pick("Maintenance of the customer as a whole: %s announced in service time, %s excluded, %s down under it.",
			"Onderhoud van de klant als geheel: %s aangekondigd in diensttijd, %s uitgesloten, %s neer tijdens onderhoud."),
			duration(f.Announced), duration(f.ExcludedMaintenance), duration(f.DownUnderMaintenance)))
	}
}

func (p *page) exclusion(e Exclusion) {
	text := fmt.Sprintf("%s, %s: %s", p.l.Kind(e.Kind), e.ID, p.stretch(e.span, false))
	p.wrap("  ", text)
	text = joined(e.Devices)
	if e.Reason != "" {
		text += "; " + e.Reason
	}
	if e.Announced != nil {
		text += fmt.Sprintf(p.l.pick("; announced %s", "; aangekondigd %s"), p.l.moment(p.when(e.announced)))
	}
	if e.Cancelled != nil {
		text += fmt.Sprintf(p.l.pick("; cancelled %s", "; ingetrokken %s"), p.l.moment(p.when(e.cancelled)))
	}
	if e.Why != "" {
		text += "; " + p.l.Why(e.Why)
	}
	for _, n := range e.Notes {
		text += "; " + p.l.Note(n)
	}
	if e.Excluded > 0 {
		text += fmt.Sprintf(p.l.pick("; %s excluded", "; %s uitgesloten"), duration(e.Excluded))
	}
	if e.Down > 0 {
		text += fmt.Sprintf(p.l.pick("; down in it %s", "; daarin %s neer"), duration(e.Down))
	}
	p.wrap("    ", text+".")
}

// measuring says by which terms the figures were made.
func (p *page) measuring() {
	p.section("How this was measured", "Hoe dit is gemeten")
	for _, v := range p.Versions {
		if len(p.Versions) > 1 {
			p.printf("%s\n", fmt.Sprintf(p.l.pick("Version %d, from %s", "Versie %d, vanaf %s"), v.Number, p.l.moment(p.when(v.from))))
		}
		hours := WindowWords(v.Windows, p.l) + " (" + v.Timezone + ")"
		if len(v.Holidays) > 0 {
			var dates []string
			for _, h := range v.Holidays {
				dates = append(dates, h.String())
			}
			hours += p.l.pick("; not on ", "; niet op ") + strings.Join(dates, ", ")
		}
		p.wrap(p.l.pick("Service hours  ", "Diensttijd     "), hours+".")
		p.wrap(p.l.pick("A device is    ", "Apparaat is    "), QuorumWords(v.terms, p.l)+".")
		if v.FewWitnesses {
			p.wrap("               ", p.l.pick("With fewer than three witnesses, each can keep a verdict from being reached.",
				"Met minder dan drie getuigen kan elk een oordeel tegenhouden."))
		}
		p.wrap(p.l.pick("Incidents      ", "Incidenten     "), fmt.Sprintf(p.l.pick("open after %s down, close after %s up.", "openen na %s neer, sluiten na %s op."),
			p.l.spoken(v.Confirm), p.l.spoken(v.Clear)))
		p.wrap(p.l.pick("Resolution     ", "Nauwkeurigheid "), fmt.Sprintf(p.l.pick("edges within %s; shorter outages may go unseen.", "grenzen op %s na; kortere storingen kunnen onopgemerkt blijven."),
			p.l.spoken(v.Resolution)))
	}
	if p.Checkpoint != "" {
		p.printf("%s\n%s\n", p.l.pick("Checkpoint of the ledger:", "Controlepunt van het register:"), strings.TrimRight(p.Checkpoint, "\n"))
	}
	if p.Manifest != "" {
		p.printf("%s\n", p.l.pick("SHA-256 of the evidence manifest:", "SHA-256 van het bewijsmanifest:")+"\n"+p.Manifest)
	}
}
